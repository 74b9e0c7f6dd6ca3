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
	letter  = iota // and marks
	digit          // the last class of what words are made of
	joiner         // may stand between the words of a phrase
	special        // may be a flaw
	other          // ends a clause
)

// character is what the scanner knows of a rune.
type character struct {
	low   rune // in lower case
	class uint8
}

// tabled is the end of the runes that are looked up in a table: those of one
// or two bytes, which cover most alphabets.
const tabled = 0x800

var table = func() (t [tabled]character) {
	for r := range rune(tabled) {
		t[r] = character{unicode.ToLower(r), classOf(r)}
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
	s.Words, s.Chars, s.Unprintable, s.Mark = s.Words[:0], 0, -1, -1
	// Lower case takes at most three bytes for two, or for one that is invalid.
	if room := 3*len(text) + utf8.UTFMax; cap(s.Lower) < room {
		s.Lower = make([]byte, room)
	}
	lower := s.Lower[:cap(s.Lower)]
	n, joined, continued := 0, false, 0
	for i := 0; i < len(text); {
		// A word, if there is one here.
		from, low, hash, digits := i, n, uint64(hashStart), uint8(0)
		for i < len(text) {
			c := text[i]
			if c < utf8.RuneSelf {
				known := &table[c]
				if known.class > digit {
					break
				}
				digits |= known.class
				hash = (hash ^ uint64(known.low)) * hashTimes
				lower[n] = byte(known.low)
				i++
				n++
				continue
			}
			r, size := decode(text, i)
			known := lookUp(r)
			if known.class > digit {
				break
			}
			digits |= known.class
			hash = (hash ^ uint64(known.low)) * hashTimes
			n += utf8.EncodeRune(lower[n:], known.low)
			i += size
			continued += size - 1
		}
		if i > from {
			s.Words = append(s.Words, Word{Hash: hash, From: int32(from), To: int32(i), Low: int32(low), Digit: digits&digit != 0, Joined: joined})
			joined = true
		}
		// What stands before the next one.
		for i < len(text) {
			r, size := decode(text, i)
			known := lookUp(r)
			if known.class <= digit {
				break
			}
			joined = joined && known.class == joiner
			if known.class == special {
				s.flaw(text, i, r)
			}
			n += utf8.EncodeRune(lower[n:], known.low)
			i += size
			continued += size - 1
		}
	}
	s.Lower, s.Chars = lower[:n], len(text)-continued
}

// lookUp classifies a rune.
func lookUp(r rune) character {
	if r < tabled {
		return table[r]
	}
	return character{unicode.ToLower(r), classOf(r)}
}

// decode reads the rune at i; those of two bytes are most of what is not ASCII.
func decode(text string, i int) (rune, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return rune(c), 1
	} else if c >= 0xc2 && c < 0xe0 && i+1 < len(text) && text[i+1]&0xc0 == 0x80 {
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
