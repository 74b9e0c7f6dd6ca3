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
	wide     []uint64 // a bit for each byte: it is not ASCII
	edges    []int32  // where words begin and end, by turns
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
	s.findEdges()
	if most := len(s.edges) / 2; cap(s.Words) < most {
		s.Words = make([]Word, most+most/2)
	}
	words := s.Words[:len(s.edges)/2]
	end, joined := 0, false // of the word before
	for i := range words {
		from, to := int(s.edges[2*i]), int(s.edges[2*i+1])
		joined = joined && from == end+1 && text[end] == ' ' || s.gap(text, end, from) && joined
		hash, digit := hashOf(s.Lower[from:to:cap(s.Lower)])
		w := &words[i]
		w.Hash, w.From, w.To, w.Digit, w.Joined = hash, int32(from), int32(to), digit, joined
		end, joined = to, true
	}
	s.Words = words
	s.gap(text, end, len(text))
}

// findEdges finds where words begin and end.
func (s *Scan) findEdges() {
	s.edges = s.edges[:0]
	edges, last := s.edges, uint64(0)
	for k, mask := range s.masks {
		for bit := mask ^ (mask<<1 | last); bit != 0; bit &= bit - 1 {
			edges = append(edges, int32(k<<6+bits.TrailingZeros64(bit)))
		}
		last = mask >> 63
	}
	s.edges = edges
}

// padding after the lower-case text lets it be written eight bytes at a time, and
// words be read sixteen.
const padding = 16

// characters fills Lower and masks, and counts the characters: first as if all
// were ASCII, eight at a time and without branches, then those that are not.
func (s *Scan) characters(text string) {
	if cap(s.Lower) < len(text)+padding {
		s.Lower = make([]byte, len(text)+len(text)/2+padding)
	}
	lower := s.Lower[:len(text)+padding]
	s.masks, s.wide = s.masks[:0], s.wide[:0]
	for base := 0; base < len(text); base += 64 {
		mask, wide := uint64(0), uint64(0)
		for i := base; i < min(base+64, len(text)); i += 8 {
			v := load(text, i)
			low, words := plain(v)
			binary.LittleEndian.PutUint64(lower[i:], low)
			mask |= words << (i - base)
			wide |= gathered(v&high) << (i - base)
		}
		s.masks, s.wide = append(s.masks, mask), append(s.wide, wide)
	}
	s.masks = append(s.masks, 0) // where the last word ends
	s.Lower, s.Chars = lower[:len(text)], len(text)
	end := 0 // of the rune before
	for k, wide := range s.wide {
		for ; wide != 0; wide &= wide - 1 {
			if i := k<<6 + bits.TrailingZeros64(wide); i >= end {
				end = i + s.rune(text, i, lower)
			}
		}
	}
}

// rune writes the rune at i, which is not ASCII, to lower in lower case, and
// returns its size.
func (s *Scan) rune(text string, i int, lower []byte) (size int) {
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
	s.Chars -= size - 1
	if known.class != word {
		return size
	}
	for at := i; at < i+size; at++ {
		s.masks[at>>6] |= 1 << (at & 63)
	}
	if s.language != nil {
		if s.language.has(known.low) {
			s.Home++
		} else {
			s.Foreign++
		}
	}
	return size
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
// are letters or digits. Other bytes stay as they are.
func plain(v uint64) (low, words uint64) {
	low = v | between(v, 'A', 'Z')>>2
	return low, gathered(between(low, 'a', 'z') | between(v, '0', '9'))
}

// gathered puts the highest bits of eight bytes, all other bits of which are 0,
// side by side.
func gathered(v uint64) uint64 { return v >> 7 * 0x0102040810204080 >> 56 }

// between marks with its highest bit each of eight bytes that is an ASCII
// character from a to b.
func between(v, a, b uint64) uint64 {
	seven := v &^ high
	return (seven + (0x80-a)*every) &^ (seven + (0x7f-b)*every) &^ v & high
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

// hashOf hashes a word, eight bytes at a time and sixteen at least, and tells
// whether it has a digit. Its capacity reaches at least sixteen bytes beyond it.
func hashOf(word []byte) (hash uint64, digit bool) {
	const times = 0x9e3779b97f4a7c15
	hash = uint64(len(word))
	digits := uint64(0)
	for n, rest := len(word), word[:len(word)+padding]; ; n, rest = n-16, rest[16:] {
		v, w := binary.LittleEndian.Uint64(rest), binary.LittleEndian.Uint64(rest[8:])
		v &= 1<<(8*uint(n)) - 1
		w &= 1<<(8*uint(max(n-8, 0))) - 1
		hash = (hash ^ v) * times
		hash = (hash ^ hash>>32 ^ w) * times
		hash ^= hash >> 32
		digits |= digitsOf(v) | digitsOf(w)
		if n <= 16 {
			return hash * times, digits != 0
		}
	}
}

// digitsOf marks bytes below ten once '0' is taken off (Anderson, "Bit twiddling
// hacks").
func digitsOf(v uint64) uint64 {
	v ^= every * '0'
	return (v - 10*every) &^ v & high
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
