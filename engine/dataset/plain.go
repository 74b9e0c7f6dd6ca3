package dataset

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// every has a one in each of eight bytes, high the highest bit of each.
const (
	every = 0x0101010101010101
	high  = 0x80 * every
)

// plainRun returns a position from i on before which all characters are plain: ASCII from the
// blank on, other than " and \, or of two bytes. It reads eight bytes as one integer, as in
// Anderson, "Bit Twiddling Hacks", so the last seven bytes are never in the run. A character
// begins at i.
func plainRun(s string, i int) int {
	for i+8 <= len(s) {
		v := binary.LittleEndian.Uint64([]byte(s[i : i+8]))
		seven := v &^ high
		first, second := v&(v<<1)&^(v<<2)&high, v&^(v<<1)&high        // bytes of two
		odd := (v & high &^ (first | second)) | (second ^ first<<8) | // of three bytes or more; the second byte is missing
			first&^(v&(0x1e*every)+0x7f*every) | // C0 and C1 are in no character
			high&^(seven+0x60*every|v) | equal(v, '"') | equal(v, '\\')
		if odd == 0 {
			i += 8 - int(first>>63) // the second byte may be the ninth
			continue
		}
		at := i + bits.TrailingZeros64(odd)/8
		if at > i && s[at-1] >= 0xc0 {
			at-- // it is the second byte that is missing
		}
		return at
	}
	return i
}

// equal sets the highest bit of each of eight bytes that is c.
func equal(v uint64, c byte) uint64 {
	v ^= uint64(c) * every
	return high &^ (v&^high + 0x7f*every | v)
}

// validText replaces every invalid byte by U+FFFD, as encoding/json does.
func validText(s string) string {
	for i := plainRun(s, 0); i < len(s); i = plainRun(s, i) {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return string([]rune(s))
		}
		i += n
	}
	return s
}
