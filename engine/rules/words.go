package rules

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

// Word is a run of letters, marks and digits in a text.
type Word struct {
	Hash     uint64 // of its lower-case form
	From, To int32  // bytes of the text, and of Scan.Lower
	Digit    bool   // it has one of the digits 0 to 9
	Joined   bool   // only spaces, hyphens and quotes stand before it since the word before
}

// Scan is a text taken apart. Its memory is used again by the next Read.
type Scan struct {
	Words []Word
	// Lower is the text in lower case, byte for byte: the few characters whose
	// lower-case form has another length stay as they are.
	Lower []byte
	Chars int // characters (runes)
	// Where (in bytes) there is what no text should have, -1 for nowhere:
	// a character that cannot be read or printed, a mark of a template.
	Unprintable, Mark int
	// Letters beyond a to z that belong to the language of the text, and those
	// that do not; 0 when nothing is known of it.
	Home, Foreign int

	language *language
	masks    []uint64 // a bit for each byte: it is part of a word
}

// Classes of characters.
const (
	other   = iota // ends a clause
	word           // letters, marks and digits
	joiner         // may stand between the words of a phrase
	special        // may be a flaw
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
		t[r] = character{lowerRune(r), classOf(r)}
	}
	return t
}()

// lowerRune is the lower-case form of a rune if it takes as many bytes.
func lowerRune(r rune) rune {
	if low := unicode.ToLower(r); utf8.RuneLen(low) == utf8.RuneLen(r) {
		return low
	}
	return r
}

func classOf(r rune) uint8 {
	switch {
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		return word
	case r == '{' || r == '}' || r == '<' || r == utf8.RuneError || r != '\n' && unicode.IsControl(r) || r == '\ufeff':
		return special
	case r == '-' || r == '\'' || r == '"' || unicode.IsSpace(r) && r != '\n' || unicode.In(r, unicode.Pd, unicode.Pi, unicode.Pf):
		return joiner
	}
	return other
}

// lookUp classifies a rune.
func lookUp(r rune) character {
	if r < tabled {
		return table[r]
	}
	return character{lowerRune(r), classOf(r)}
}

// Read takes a text apart: first the characters, almost without branches, then
// the words. This is most of what checking a text costs.
func (s *Scan) Read(text string) {
	s.Words, s.Unprintable, s.Mark, s.Home, s.Foreign = s.Words[:0], -1, -1, 0, 0
	s.characters(text)
	end, joined := 0, false // of the word before
	for {
		from := s.next(end, 0)
		if from >= len(text) {
			break
		}
		joined = joined && from == end+1 && text[end] == ' ' || s.gap(text, end, from) && joined
		end = s.next(from, ^uint64(0))
		hash, digit := hashOf(s.Lower[from:end:cap(s.Lower)])
		s.Words = append(s.Words, Word{Hash: hash, From: int32(from), To: int32(end), Digit: digit, Joined: joined})
		joined = true
	}
	s.gap(text, end, len(text))
}

// padding after the lower-case text lets words be read eight bytes at a time.
const padding = 8

// characters fills Lower and masks, and counts the characters: stretches of
// ASCII eight at a time, the others one by one.
func (s *Scan) characters(text string) {
	if cap(s.Lower) < len(text)+padding {
		s.Lower = make([]byte, len(text)+len(text)/2+padding)
	}
	lower := s.Lower[:len(text)+padding]
	s.masks = s.masks[:0]
	continued, i, carry := 0, 0, uint64(0)
	for base := 0; base < len(text); base += 64 {
		mask := carry
		carry = 0
		for end := min(base+64, len(text)); i < end; {
			v := load(text, i)
			n := bits.TrailingZeros64(v&high) / 8 // ASCII characters before any other
			low, words := plain(v)
			binary.LittleEndian.PutUint64(lower[i:], low)
			words &= 1<<n - 1
			mask |= words << (i - base)
			if i-base > 56 {
				carry = words >> (64 - (i - base))
			}
			i += n
			if n == 8 || i >= end {
				continue
			}
			size, inWord := s.rune(text, i, lower)
			if inWord {
				mask |= (1<<size - 1) << (i - base)
				if over := i + size - base - 64; over > 0 {
					carry = 1<<over - 1
				}
			}
			i += size
			continued += size - 1
		}
		s.masks = append(s.masks, mask)
	}
	s.masks = append(s.masks, 0) // where the last word ends
	s.Lower, s.Chars = lower[:len(text)], len(text)-continued
}

// rune writes the rune at i to lower in lower case.
func (s *Scan) rune(text string, i int, lower []byte) (size int, inWord bool) {
	r, size := decode(text, i)
	known := lookUp(r)
	switch {
	case r == utf8.RuneError:
		copy(lower[i:], text[i:i+size]) // an invalid byte takes one
	case size == 2:
		lower[i], lower[i+1] = 0xc0|byte(known.low>>6), 0x80|byte(known.low)&0x3f
	default:
		utf8.EncodeRune(lower[i:], known.low)
	}
	if s.language != nil && known.class == word {
		if s.language.has(known.low) {
			s.Home++
		} else {
			s.Foreign++
		}
	}
	return size, known.class == word
}

// Eight bytes at a time: a one in each byte, and the highest bit of each.
const (
	every = 0x0101010101010101
	high  = 0x80 * every
)

// load reads the eight bytes from i on, zeros beyond the end.
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

// plain puts ASCII characters into lower case and tells, a bit for each, which
// are letters or digits. What it makes of those after one that is not ASCII, is
// of no use.
func plain(v uint64) (low, words uint64) {
	low = v | between(v, 'A', 'Z')>>2
	marks := between(low, 'a', 'z') | between(v, '0', '9')
	return low, marks >> 7 * 0x0102040810204080 >> 56
}

// between marks with its highest bit each of eight ASCII characters from a to b.
func between(v, a, b uint64) uint64 {
	return (v + (0x80-a)*every) &^ (v + (0x7f-b)*every) & high
}

// next returns the first byte from the given one on that is part of a word, or
// with all bits flipped, that is not; the end of the masks when there is none.
func (s *Scan) next(from int, flip uint64) int {
	k := from >> 6
	mask := (s.masks[k] ^ flip) >> (from & 63) << (from & 63)
	for mask == 0 {
		if k++; k == len(s.masks) {
			return k << 6
		}
		mask = s.masks[k] ^ flip
	}
	return k<<6 + bits.TrailingZeros64(mask)
}

// gap looks at what stands between words and reports whether the words may
// belong to one phrase.
func (s *Scan) gap(text string, from, to int) bool {
	joined := true
	for i := from; i < to; {
		r, size := decode(text, i)
		class := lookUp(r).class
		joined = joined && class == joiner
		if class == special {
			s.flaw(text, i, r)
		}
		i += size
	}
	return joined
}

// hashOf hashes a word, eight bytes at a time, and tells whether it has a digit.
// Its capacity reaches at least eight bytes beyond it.
func hashOf(word []byte) (hash uint64, digit bool) {
	const times = 0x9e3779b97f4a7c15
	n := len(word)
	hash = uint64(n)
	digits := uint64(0)
	for rest := word[:n+padding]; n > 0; rest, n = rest[8:], n-8 {
		v := binary.LittleEndian.Uint64(rest)
		if n < 8 {
			v &= 1<<(8*n) - 1
		}
		hash = (hash ^ v) * times
		hash ^= hash >> 32
		// A byte below ten once '0' is taken off (Anderson, "Bit twiddling hacks").
		v ^= every * '0'
		digits |= (v - 10*every) &^ v & high
		if n <= 8 {
			break
		}
	}
	return hash * times, digits != 0
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
