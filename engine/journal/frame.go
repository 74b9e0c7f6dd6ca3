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
// in little-endian order; the checksum covers everything behind it.
const (
	magic      = "pgjrnl1\n"
	headerSize = 4 + 2 + 4
	// MaxValue is the largest value in bytes. The bound keeps a damaged length
	// from being believed.
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

// frameSize is the size in bytes of a frame with a value of n bytes.
func frameSize(n int) int { return headerSize + len(Key{}) + n }

// verdict is what parse found at the start of some bytes.
type verdict int

const (
	whole  verdict = iota // a frame that holds
	short                 // may be a frame, but the bytes end before it does
	broken                // no frame
)

// parse reads the frame at the start of data and returns its size. For a short
// one the size is what the frame would need.
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

// keyOf and valueOf take a whole frame apart.
func keyOf(frame []byte) Key      { return Key(frame[headerSize : headerSize+len(Key{})]) }
func valueOf(frame []byte) []byte { return frame[headerSize+len(Key{}):] }
func allZero(data []byte) bool    { return len(bytes.TrimLeft(data, "\x00")) == 0 }
func keyLenAt(data []byte) []byte { return data[4:6] }
