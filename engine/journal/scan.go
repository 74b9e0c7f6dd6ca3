package journal

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Damage is a range of a segment that contains no whole frame although frames
// follow it, or a frame at the end that is complete and does not match its
// checksum. It is skipped and left in place.
type Damage struct {
	Segment string // file name
	Offset  int64
	Bytes   int64
}

func (d Damage) String() string {
	return fmt.Sprintf("%s: %d bytes at offset %d are damaged", d.Segment, d.Bytes, d.Offset)
}

// scanned is the result of a scan.
type scanned struct {
	end     int64 // where the last whole frame or damage ends
	torn    int64 // bytes after end: an unfinished write
	damages []Damage
}

const scanBuffer = 1 << 20

// scan visits the whole frames of a segment of the given size in order. After a
// broken frame it searches the next one byte by byte, so that damage costs only
// the frames that it touches. The frame is valid only during visit. The error is
// that of visit, of reading, or that the file is not a segment.
func scan(name string, r io.ReaderAt, size int64, visit func(offset int64, frame []byte) error) (scanned, error) {
	s := scanner{name: name, r: r, size: size}
	return s.run(visit)
}

// scanner reads a segment through a window: the bytes that start at offset base.
type scanner struct {
	name   string
	r      io.ReaderAt
	size   int64
	base   int64
	window []byte
}

func (s *scanner) run(visit func(int64, []byte) error) (out scanned, err error) {
	head, err := s.at(0, len(magic))
	if err != nil {
		return out, err
	}
	if string(head) != magic {
		if s.size < int64(len(magic)) && magic[:len(head)] == string(head) {
			return scanned{torn: s.size}, nil
		}
		if torn, err := s.isTorn(0, broken); err != nil || torn {
			return scanned{torn: s.size}, err
		}
		return out, fmt.Errorf("%s is not a journal segment: it does not start with %q", s.name, magic)
	}
	out.end = int64(len(magic))
	for out.end < s.size {
		frame, v, err := s.frame(out.end)
		if err != nil {
			return out, err
		}
		if v == whole {
			if err := visit(out.end, frame); err != nil {
				return out, err
			}
			out.end += int64(len(frame))
			continue
		}
		next, err := s.resync(out.end + 1)
		if err != nil {
			return out, err
		}
		if next == s.size {
			if torn, err := s.isTorn(out.end, v); err != nil || torn {
				out.torn = s.size - out.end
				return out, err
			}
		}
		out.damages = append(out.damages, Damage{s.name, out.end, next - out.end})
		out.end = next
	}
	return out, nil
}

// frame returns the frame at offset when the verdict is whole.
func (s *scanner) frame(offset int64) ([]byte, verdict, error) {
	data, err := s.at(offset, headerSize)
	if err != nil {
		return nil, broken, err
	}
	size, v := parse(data)
	if v == short && offset+int64(size) <= s.size {
		if data, err = s.at(offset, size); err != nil {
			return nil, broken, err
		}
		size, v = parse(data)
	}
	if v != whole {
		return nil, v, nil
	}
	return data[:size], whole, nil
}

// resync returns the offset of the first whole frame at or after offset, or the
// size of the segment.
func (s *scanner) resync(offset int64) (int64, error) {
	keyLen := binary.LittleEndian.AppendUint16(nil, uint16(len(Key{})))
	for ; offset+int64(frameSize(0)) <= s.size; offset++ {
		data, err := s.at(offset, headerSize)
		if err != nil {
			return 0, err
		}
		if string(keyLenAt(data)) != string(keyLen) {
			continue
		}
		if _, v, err := s.frame(offset); err != nil || v == whole {
			return offset, err
		}
	}
	return s.size, nil
}

// isTorn reports whether the bytes from offset on, after which no whole frame
// follows, are an unfinished write and not damage: a frame that runs past the
// end, or zeros, which some file systems leave when a crash comes after the
// file's size was stored and before its data.
func (s *scanner) isTorn(offset int64, v verdict) (bool, error) {
	if v == short {
		return true, nil
	}
	for offset < s.size {
		data, err := s.at(offset, int(min(scanBuffer, s.size-offset)))
		if err != nil || !allZero(data) {
			return false, err
		}
		offset += int64(len(data))
	}
	return true, nil
}

// at returns n bytes at offset, or fewer at the end of the segment. They are
// valid until the next call.
func (s *scanner) at(offset int64, n int) ([]byte, error) {
	n = int(min(int64(n), s.size-offset))
	if offset < s.base || offset+int64(n) > s.base+int64(len(s.window)) {
		if err := s.fill(offset, n); err != nil {
			return nil, err
		}
	}
	return s.window[offset-s.base:][:n:n], nil
}

// fill moves the window to offset and reads at least n bytes.
func (s *scanner) fill(offset int64, n int) error {
	n = int(min(int64(max(n, scanBuffer)), s.size-offset))
	if cap(s.window) < n {
		s.window = make([]byte, n)
	}
	s.window, s.base = s.window[:n], offset
	if _, err := s.r.ReadAt(s.window, offset); err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", s.name, err)
	} else if err == io.EOF {
		return fmt.Errorf("read %s: the file became shorter", s.name)
	}
	return nil
}
