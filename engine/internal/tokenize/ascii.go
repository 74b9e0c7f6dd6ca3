package tokenize

import "encoding/binary"

// Eight bytes are read at a time, as one integer: the techniques are those of
// Anderson, "Bit Twiddling Hacks". every has a one in each byte, high the
// highest bit of each.
const (
	every = 0x0101010101010101
	high  = 0x80 * every
)

// padding is room after Tokenizer.Lower, so that it can be written eight bytes
// at a time and its words read sixteen bytes at a time.
const padding = 16

// load returns the eight bytes from position i, with zeros after the end.
func load(text string, i int) uint64 {
	if i+8 <= len(text) {
		t := text[i : i+8]
		return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
	}
	var last [8]byte
	copy(last[:], text[i:])
	return binary.LittleEndian.Uint64(last[:])
}

// lowerASCII converts eight characters to lower case, and returns one bit for
// each: whether it is a letter or digit. Bytes beyond ASCII are unchanged.
func lowerASCII(v uint64) (low, words uint64) {
	low = v | between(v, 'A', 'Z')>>2
	return low, gather(between(low, 'a', 'z') | between(v, '0', '9'))
}

// gather moves the highest bits of eight bytes into one byte. All other bits
// must be 0.
func gather(v uint64) uint64 { return v >> 7 * 0x0102040810204080 >> 56 }

// between sets the highest bit of each of eight bytes that is an ASCII
// character from a to b.
func between(v, a, b uint64) uint64 {
	seven := v &^ high
	return (seven + (0x80-a)*every) &^ (seven + (0x7f-b)*every) &^ v & high
}

// digits sets the highest bit of each of eight bytes that is a digit.
func digits(v uint64) uint64 {
	v ^= every * '0'
	return (v - 10*every) &^ v & high
}

// hashOf returns the hash of a word, and whether it has a digit. The capacity
// of the slice must exceed its length by padding.
func hashOf(word []byte) (hash uint64, digit bool) {
	const times = 0x9e3779b97f4a7c15
	hash = uint64(len(word))
	found := uint64(0)
	for n, rest := len(word), word[:len(word)+padding]; ; n, rest = n-16, rest[16:] {
		v, w := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])
		v &= 1<<(8*uint(n)) - 1
		w &= 1<<(8*uint(max(n-8, 0))) - 1
		hash = (hash ^ v) * times
		hash = (hash ^ hash>>32 ^ w) * times
		hash ^= hash >> 32
		found |= digits(v) | digits(w)
		if n <= 16 {
			return hash * times, found != 0
		}
	}
}
