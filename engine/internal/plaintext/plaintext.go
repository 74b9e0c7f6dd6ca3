// Package plaintext makes text from strangers harmless: from specs, files, releases
// and servers. Characters that a reader cannot see, or that steer a terminal, are
// found or written as \uXXXX, and equal texts get one Unicode form.
package plaintext

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFC returns the composed form of a text, in which all texts are compared.
func NFC(s string) string {
	if composed(s) {
		return s
	}
	return norm.NFC.String(s)
}

// NFCBytes is NFC for bytes.
func NFCBytes(b []byte) []byte {
	if norm.NFC.IsNormal(b) {
		return b
	}
	return norm.NFC.Bytes(b)
}

// composed reports whether a text has only characters that are composed whatever
// follows them: Latin letters up to U+02FF, Cyrillic up to U+047F and general
// punctuation. For other texts it returns false. It spares most texts the look-ups of
// package norm, one per character.
func composed(s string) bool {
	for i := 0; i < len(s); {
		if i+8 <= len(s) {
			others := beyond(binary.LittleEndian.Uint64([]byte(s[i : i+8])))
			if others == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(others) / 8
		}
		switch c := s[i]; {
		case c < 0xcc, c == 0xd0, c == 0xd1:
			i++
		case c == 0xe2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2] >= 0x82: // U+2002 to U+203F
			i += 3
		default:
			return false
		}
	}
	return true
}

// beyond sets the highest bit of each of eight bytes from CC on, except D0 and D1. The other
// bytes are ASCII, continuation bytes, and the first bytes of U+0080 to U+02FF and U+0400 to
// U+047F.
func beyond(v uint64) uint64 {
	const every, high = 0x0101010101010101, 0x8080808080808080
	cyrillic := (v | every) ^ 0xd1*every // 0 where it is
	return v & (v&^high + 0x34*every) & (cyrillic&^high + 0x7f*every | cyrillic) & high
}

// Steers reports whether a character controls a terminal or the direction of a text:
// C0 except tab and line breaks, DEL, C1, and the marks of Unicode's bidirectional
// algorithm.
func Steers(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t' && r != '\n' && r != '\r'
	case r < 0x7f:
		return false
	case r < 0xa0:
		return true
	}
	return r == 0x61c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// Steering returns the first character of a text that steers.
func Steering(s string) (at int, r rune, found bool) {
	for i, r := range s {
		if Steers(r) {
			return i, r, true
		}
	}
	return 0, 0, false
}

// Invisible returns the first character of a label that a reader cannot see, or that
// breaks a line. The joiners of some scripts are allowed between letters, where they
// change the shape of these.
func Invisible(s string) (r rune, found bool) {
	var before rune
	for i, r := range s {
		switch {
		case r >= ' ' && r < 0x7f:
		case r == 0x200c || r == 0x200d:
			after, size := utf8.DecodeRuneInString(s[i+3:])
			if !joined(before) || size == 0 || !joined(after) {
				return r, true
			}
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, blank):
			return r, true
		}
		before = r
	}
	return 0, false
}

func joined(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.So) }

// blank are characters outside Unicode's classes of invisible ones that are not seen.
var blank = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x34f, Hi: 0x34f, Stride: 1}, {Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
	{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
}}

// Folded returns the form in which labels that look the same are equal: NFC,
// without blanks around it, with single spaces within.
func Folded(s string) string {
	return strings.Join(strings.Fields(NFC(s)), " ")
}

// Visible writes every character that steers as \uXXXX, and every byte that is not
// UTF-8 as \xXX.
func Visible(s string) string {
	if !unsafe(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case Steers(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func unsafe(s string) bool {
	_, _, steers := Steering(s)
	return steers || !utf8.ValidString(s)
}
