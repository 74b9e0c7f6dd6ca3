package store

import (
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
	for i := 0; i < len(text); {
		size := 1
		if c := text[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
		} else {
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r < tabled {
				f := &t[r]
				dst = append(dst, f.bytes[:f.size]...)
			} else if r == utf8.RuneError && size == 1 {
				dst = append(dst, c)
			} else if quiet(r) {
				dst = append(dst, text[i:i+size]...)
			} else {
				dst = append(dst, foldRune(r)...)
			}
		}
		if at != nil {
			for len(*at) < len(dst) {
				*at = append(*at, i)
			}
		}
		i += size
	}
	return dst
}

// quiet reports whether a character, of the scripts without case and marks that most
// texts with such characters are in, is its own folded form.
func quiet(r rune) bool { return r >= 0x3400 && r <= 0x9fff || r >= 0xac00 && r <= 0xd7a3 }

// Fold returns the folded form of a text.
func Fold(text string) string { return string(appendFolded(nil, text, nil)) }
