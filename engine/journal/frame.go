package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// A segment is a file: the magic, then frames end to end. A frame is
//
//	[crc32c u32][klen u16][vlen u32][key][value]
//
// in little-endian order; the checksum covers everything after itself.
const (
	magic      = "pgjrnl1\n"
	headerSize = 4 + 2 + 4
	// MaxValue is the size in bytes of the largest value. A damaged length is
	// likely to be above it.
	MaxValue = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendFrame appends the frame of a record.
func appendFrame(dst []byte, key *Key, value []byte) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(key)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(value)))
	dst = append(dst, key[:]...)
	dst = append(dst, value...)
	binary.LittleEndian.PutUint32(dst[start:], crc32.Checksum(dst[start+4:], castagnoli))
	return dst
}

// frameSize returns the size in bytes of a frame with a value of n bytes.
func frameSize(n int) int { return headerSize + len(Key{}) + n }

// Magic is what a segment begins with.
func Magic() []byte { return []byte(magic) }

// FirstSegment is the name of the first segment of a journal.
var FirstSegment = segmentName(1)

// verdict says what parse found at the start of some bytes.
type verdict int

const (
	whole  verdict = iota // a frame that matches its checksum
	short                 // possibly a frame, but the bytes end before it does
	broken                // not a frame
)

// parse checks the frame at the start of data and returns its size. For a short
// one that is the size it would need.
func parse(data []byte) (size int, v verdict) {
	if len(data) < headerSize {
		return headerSize, short
	}
	klen := int(binary.LittleEndian.Uint16(data[4:]))
	vlen := int64(binary.LittleEndian.Uint32(data[6:]))
	if klen != len(Key{}) || vlen > MaxValue {
		return 0, broken
	}
	size = frameSize(int(vlen))
	if len(data) < size {
		return size, short
	}
	if crc32.Checksum(data[4:size], castagnoli) != binary.LittleEndian.Uint32(data) {
		return 0, broken
	}
	return size, whole
}

// keyOf and valueOf return the parts of a whole frame.
func keyOf(frame []byte) Key      { return Key(frame[headerSize : headerSize+len(Key{})]) }
func valueOf(frame []byte) []byte { return frame[headerSize+len(Key{}):] }
func allZero(data []byte) bool    { return len(bytes.TrimLeft(data, "\x00")) == 0 }
func keyLenAt(data []byte) []byte { return data[4:6] }
