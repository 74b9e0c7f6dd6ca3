package rules

import (
	"unicode"
	"unicode/utf8"
)

// Word is a run of letters, marks and digits in a text.
type Word struct {
	Hash     uint64 // of its lower-case form
	From, To int32  // bytes of the text
	Low      int32  // where its lower-case form begins in Scan.Lower
	Digit    bool   // it has a digit
	Joined   bool   // only spaces, hyphens and quotes stand before it since the word before
}

// Scan is a text taken apart. Its memory is used again by the next Read.
type Scan struct {
	Words []Word
	Lower []byte // the text in lower case
	Chars int    // characters (runes)
	// Where (in bytes) there is what no text should have, -1 for nowhere:
	// a character that cannot be read or printed, a mark of a template.
	Unprintable, Mark int
}

// Classes of characters.
const (
	other  = iota // ends a clause
	letter        // with marks
	digit
	joiner  // may stand between the words of a phrase
	special // may be a flaw
)

// character is what the scanner knows of a rune.
type character struct {
	low   uint16
	class uint8
}

// tabled is the end of the runes that are looked up in a table: those of one
// or two bytes, which cover most alphabets.
const tabled = 0x800

var table = func() (t [tabled]character) {
	for r := range rune(tabled) {
		t[r] = character{uint16(unicode.ToLower(r)), classOf(r)}
	}
	return t
}()

func classOf(r rune) uint8 {
	switch {
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return letter
	case unicode.IsDigit(r):
		return digit
	case r == '{' || r == '}' || r == '<' || r == utf8.RuneError || r != '\n' && unicode.IsControl(r) || r == '\ufeff':
		return special
	case r == '-' || r == '\'' || r == '"' || unicode.IsSpace(r) && r != '\n' || unicode.In(r, unicode.Pd, unicode.Pi, unicode.Pf):
		return joiner
	}
	return other
}

// FNV-1a, a rune at a time.
const (
	hashStart = 0xcbf29ce484222325
	hashTimes = 0x100000001b3
)

// Read takes a text apart in one pass.
func (s *Scan) Read(text string) {
	s.Words, s.Lower, s.Chars, s.Unprintable, s.Mark = s.Words[:0], s.Lower[:0], 0, -1, -1
	lower := s.Lower
	word := Word{From: -1}
	hash, joined, chars := uint64(hashStart), false, 0
	for i := 0; i < len(text); chars++ {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = decode(text, i)
		}
		var low rune
		var class uint8
		if r < tabled {
			low, class = rune(table[r].low), table[r].class
		} else {
			low, class = unicode.ToLower(r), classOf(r)
		}
		if class == letter || class == digit {
			if word.From < 0 {
				word, hash = Word{From: int32(i), Low: int32(len(lower)), Joined: joined}, hashStart
			}
			hash = (hash ^ uint64(low)) * hashTimes
			word.Digit = word.Digit || class == digit
		} else {
			if word.From >= 0 {
				word.Hash, word.To = hash, int32(i)
				s.Words = append(s.Words, word)
				word.From, joined = -1, true
			}
			joined = joined && class == joiner
			if class == special {
				s.flaw(text, i, r)
			}
		}
		if low < utf8.RuneSelf {
			lower = append(lower, byte(low))
		} else {
			lower = utf8.AppendRune(lower, low)
		}
		i += size
	}
	if word.From >= 0 {
		word.Hash, word.To = hash, int32(len(text))
		s.Words = append(s.Words, word)
	}
	s.Lower, s.Chars = lower, chars
}

// decode reads the rune at i; those of two bytes are most of what is not ASCII.
func decode(text string, i int) (rune, int) {
	if c := text[i]; c >= 0xc2 && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80 {
		return rune(c&0x1f)<<6 | rune(text[i+1]&0x3f), 2
	}
	return utf8.DecodeRuneInString(text[i:])
}

// longestTag bounds what is taken for the name between < and >.
const longestTag = 40

// flaw notes the first flaw of each sort.
func (s *Scan) flaw(text string, i int, r rune) {
	switch {
	case r == '{' || r == '}':
	case r == '<':
		if !isTag(text[i+1:]) {
			return
		}
	default:
		if s.Unprintable < 0 {
			s.Unprintable = i
		}
		return
	}
	if s.Mark < 0 {
		s.Mark = i
	}
}

// isTag reports whether what follows a < is a name with its >, as in <no
// value>, and not a comparison.
func isTag(rest string) bool {
	for i, r := range rest {
		switch {
		case i == 0 && r != '/' && !unicode.IsLetter(r) || i > longestTag:
			return false
		case r == '>':
			return true
		case r != ' ' && r != '_' && r != '/' && r != '.' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return false
		}
	}
	return false
}

// Lowered is the lower-case form of one of the text's words, until the next
// Read.
func (s *Scan) Lowered(w Word) []byte {
	rest := s.Lower[w.Low:]
	for i := 0; i < len(rest); {
		r, size := utf8.DecodeRune(rest[i:])
		if class := classOf(r); class != letter && class != digit {
			return rest[:i]
		}
		i += size
	}
	return rest
}
