package store

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Folding writes letters in lower case and without their marks, so that a search for
// "iasi" finds Iași. Letters that Unicode does not decompose and that keyboards lack are
// written as their likeness: ø as o, ß as ss.

// alike are letters with a stroke or bar, and ligatures.
var alike = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'ł': "l", 'ı': "i", 'ħ': "h", 'ŧ': "t", 'ŋ': "n", 'ĸ': "k", 'ſ': "s",
	'’': "'", '‘': "'", 'ʼ': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '–': "-", '—': "-", '\u00a0': " ", '\u202f': " ",
}

// folded is a letter in UTF-8.
type folded struct {
	size  uint8
	bytes [7]byte
}

// tabled is the number of characters that are folded by a table.
const tabled = 0x2100

var foldTable = sync.OnceValue(func() *[tabled]folded {
	t := new([tabled]folded)
	for r := range rune(tabled) {
		t[r].size = uint8(copy(t[r].bytes[:], foldRune(r)))
	}
	return t
})

func foldRune(r rune) string {
	var b strings.Builder
	for _, part := range norm.NFD.String(string(unicode.ToLower(r))) {
		part = unicode.ToLower(part)
		switch text, known := alike[part]; {
		case known:
			b.WriteString(text)
		case unicode.Is(unicode.Mn, part):
		default:
			b.WriteRune(part)
		}
	}
	return b.String()
}

// appendFolded appends a text in its folded form. If at is not nil, it also appends for
// each byte the position in the text of the character from which it is.
func appendFolded(dst []byte, text string, at *[]int) []byte {
	t := foldTable()
	w := len(dst)
	for i := 0; i < len(text); {
		if cap(dst)-w < 64 {
			dst = slices.Grow(dst[:w], len(text)-i+len(text)/4+64)
		}
		dst = dst[:cap(dst)]
		size := 1
		if c := text[i]; c < utf8.RuneSelf {
			end := min(len(text), i+cap(dst)-w-32)
			if at != nil {
				end = i + 1
			}
			size = 0
			for ; i+size+8 <= end; size += 8 { // a run of letters without marks, eight at once
				x := eight(text[i+size:])
				if x&(0x80*ones) != 0 {
					break
				}
				big := (x + (0x80-'A')*ones) ^ (x + (0x7f-'Z')*ones) // the high bit of each byte from A to Z
				binary.LittleEndian.PutUint64(dst[w:], x|big&(0x80*ones)>>2)
				w += 8
			}
			for ; i+size < end; size++ {
				c := text[i+size]
				if c >= utf8.RuneSelf {
					break
				}
				dst[w] = lower[c]
				w++
			}
		} else {
			var r rune
			if i+1 < len(text) && c >= 0xc2 && c < 0xe0 && text[i+1]&0xc0 == 0x80 {
				r, size = rune(c&0x1f)<<6|rune(text[i+1]&0x3f), 2
			} else {
				r, size = utf8.DecodeRuneInString(text[i:])
			}
			switch {
			case r < tabled:
				f := &t[r]
				w += copy(dst[w:], f.bytes[:f.size])
			case r == utf8.RuneError && size == 1 || quiet(r):
				w += copy(dst[w:], text[i:i+size])
			default:
				w += copy(dst[w:], foldRune(r))
			}
		}
		if at != nil {
			for len(*at) < w {
				*at = append(*at, i)
			}
		}
		i += size
	}
	return dst[:w]
}

// ones has a one in each byte.
const ones = 0x0101010101010101

func eight(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lower has the small letters of ASCII.
var lower = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		t[c] = byte(unicode.ToLower(rune(c)))
	}
	return t
}()

// quiet reports whether a character, of the scripts without case and marks that most
// texts with such characters are in, is its own folded form.
func quiet(r rune) bool { return r >= 0x3400 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3 }

// Fold returns the folded form of a text.
func Fold(text string) string { return string(appendFolded(nil, text, nil)) }
