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
// Anderson, "Bit Twiddling Hacks", so the run may lack the last eight bytes of the text. A
// character begins at i.
func plainRun(s string, i int) int {
	start, pending := i, uint64(0) // pending: a second byte must come next
	for ; i+8 <= len(s); i += 8 {
		v := binary.LittleEndian.Uint64([]byte(s[i : i+8]))
		first := v & (v << 1) & high // bytes of characters
		later := (v & high) ^ first
		odd := (later ^ (first<<8 | pending)) | first&(v<<2|^(v&(0x3f*every)+0x7e*every)) // first bytes are C2 to DF
		quote, escape := v^'"'*every, v^'\\'*every
		odd |= ((quote-every)&^quote | (escape-every)&^escape | (v-' '*every)&^v) & high // the lowest bit is right
		if odd != 0 {
			i += bits.TrailingZeros64(odd) / 8
			break
		}
		pending = first >> 56
	}
	if i > start && s[i-1] >= 0xc0 {
		i-- // its second byte is missing, or not read yet
	}
	return i
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
