package tokenize

import (
	"unicode"
	"unicode/utf8"
)

// Classes of runes.
const (
	other    = iota // ends a phrase
	wordChar        // letters, marks and digits
	joiner          // may be between the words of a phrase
	flaw            // no text should have it; a < may be a less-than sign
)

// runeInfo is what the tokenizer knows of a rune.
type runeInfo struct {
	lower rune
	class uint8
}

// Tabled is the first rune with an encoding of three bytes. Runes below it
// cover most alphabets; packages that classify runes keep a table of them.
const Tabled = 0x800

var runeInfos = func() (t [Tabled]runeInfo) {
	for r := range rune(Tabled) {
		t[r] = runeInfo{lowerRune(r), classOf(r)}
	}
	return t
}()

func lookUp(r rune) runeInfo {
	if r < Tabled {
		return runeInfos[r]
	}
	return runeInfo{lowerRune(r), classOf(r)}
}

// lowerRune returns the lower case of a rune if its encoding has the same
// length, otherwise the rune.
func lowerRune(r rune) rune {
	if low := unicode.ToLower(r); utf8.RuneLen(low) == utf8.RuneLen(r) {
		return low
	}
	return r
}

func classOf(r rune) uint8 {
	switch {
	case IsWord(r):
		return wordChar
	case r == '{' || r == '}' || r == '<' || r == utf8.RuneError || r != '\n' && unicode.IsControl(r) || r == '\ufeff':
		return flaw
	case r == '-' || r == '\'' || r == '"' || unicode.IsSpace(r) && r != '\n' || unicode.In(r, unicode.Pd, unicode.Pi, unicode.Pf):
		return joiner
	}
	return other
}

// IsWord reports whether a rune may be part of a word.
func IsWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) }

// Decode returns the rune at position i and its size in bytes, as
// utf8.DecodeRuneInString does; runes of one or two bytes take less time.
func Decode(text string, i int) (rune, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return rune(c), 1
	} else if c >= 0xc2 && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80 {
		return rune(c&0x1f)<<6 | rune(text[i+1]&0x3f), 2
	}
	return utf8.DecodeRuneInString(text[i:])
}
