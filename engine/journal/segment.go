package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// segment is one open file of a journal.
type segment struct {
	number int
	name   string
	file   file
	size   int64 // bytes that count; bytes after these are not accepted yet
}

func segmentName(number int) string { return fmt.Sprintf("%06d.log", number) }

// segmentNumbers lists the segments of a folder in order.
func segmentNumbers(fs fileSystem, dir string) ([]int, error) {
	names, err := fs.list(dir)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, name := range names {
		var n int
		if _, err := fmt.Sscanf(name, "%d.log", &n); err == nil && n > 0 && name == segmentName(n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// dropTemporary removes the unfinished file of a compaction that was killed.
func dropTemporary(fs fileSystem, dir string) error {
	names, err := fs.list(dir)
	for _, name := range names {
		if strings.HasSuffix(name, ".log"+temporary) {
			err = errors.Join(err, fs.remove(filepath.Join(dir, name)))
		}
	}
	return err
}

// openSegment opens an existing segment.
func openSegment(fs fileSystem, dir string, number int, readOnly bool) (*segment, error) {
	flag := os.O_RDWR
	if readOnly {
		flag = os.O_RDONLY
	}
	name := segmentName(number)
	f, err := fs.open(filepath.Join(dir, name), flag)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &segment{number, name, f, size}, nil
}

// createSegment starts a new segment and makes its name durable. Its content,
// the magic, becomes durable with the first records.
func createSegment(fs fileSystem, dir string, number int) (*segment, error) {
	name := segmentName(number)
	f, err := fs.open(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	s := &segment{number: number, name: name, file: f}
	if err = s.begin(); err == nil {
		err = fs.syncDir(dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// begin writes the magic.
func (s *segment) begin() error {
	if _, err := s.file.WriteAt([]byte(magic), 0); err != nil {
		return err
	}
	s.size = int64(len(magic))
	return nil
}

// add appends frames to the file and makes them durable; the caller then moves
// size past them. After an error the file again ends at size, if possible, so
// that a reader does not take frames that may never reach the disk for accepted
// ones.
func (s *segment) add(frames []byte) error {
	_, err := s.file.WriteAt(frames, s.size)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return errors.Join(err, s.file.Truncate(s.size))
	}
	return nil
}

// cut ends the segment at size, which may be before the end of its magic, and
// makes what is left durable.
func (s *segment) cut(size int64) error {
	if err := s.file.Truncate(size); err != nil {
		return err
	}
	s.size = size
	if size < int64(len(magic)) {
		if err := s.begin(); err != nil {
			return err
		}
	}
	return s.file.Sync()
}

// key reads the key of the frame at offset.
func (s *segment) key(offset int64) (k Key, err error) {
	if _, err = s.file.ReadAt(k[:], offset+headerSize); err != nil {
		err = fmt.Errorf("read %s at %d: %w", s.name, offset, err)
	}
	return k, err
}

// frame reads the frame at offset and checks its checksum.
func (s *segment) frame(offset int64) ([]byte, error) {
	// One read is enough for most answers: frames of up to 4 KiB.
	data := make([]byte, 4096)
	n, err := s.file.ReadAt(data, offset)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read %s at %d: %w", s.name, offset, err)
	}
	size, v := parse(data[:n])
	if v == short && offset+int64(size) <= s.size {
		data = make([]byte, size)
		if n, err = s.file.ReadAt(data, offset); err != nil && err != io.EOF {
			return nil, fmt.Errorf("read %s at %d: %w", s.name, offset, err)
		}
		size, v = parse(data[:n])
	}
	if v != whole {
		return nil, fmt.Errorf("%s at %d: the record was damaged after it was written", s.name, offset)
	}
	return data[:size], nil
}
