// Package tokenize splits a text into words. One pass finds the words with
// their hashes, the text in lower case, the number of characters, the letters
// that are foreign to an alphabet, and characters that no text should have.
// All code that compares words, such as rules and measures of similarity, reads
// texts through this package, so that all agree on what a word is.
package tokenize

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Word is a run of letters, marks and digits in a text.
type Word struct {
	Hash     uint64 // of the word in lower case
	From, To int32  // position in bytes, in the text and in Tokenizer.Lower
	Digit    bool   // the word has one of the digits 0 to 9
	Joined   bool   // only spaces, hyphens and quotes are between it and the previous word
}

// Tokenizer splits texts into words. It reuses its memory: its fields
// are valid until the next Read. It serves one goroutine.
type Tokenizer struct {
	Alphabet *Alphabet // of the texts; nil to count no letters

	Words []Word
	// Lower is the text in lower case and has the length of the text in bytes:
	// the few characters whose lower case has another length are unchanged.
	Lower []byte
	Chars int // characters (runes)
	// Unprintable and Mark are the positions in bytes of the first character
	// that is invalid or cannot be printed, and of the first remains of a
	// template: {, } or <name>. They are -1 when there is none.
	Unprintable, Mark int
	// Home counts the letters that belong to the alphabet, a to z aside, and
	// Foreign the letters outside the alphabet. Both are 0 without an alphabet.
	Home, Foreign int

	inWord   []uint64 // one bit per byte: it is part of a word
	nonASCII []uint64 // one bit per byte
	edges    []int32  // positions where words begin and end, alternating
}

// Hashes returns the hashes of the words of a text.
func Hashes(text string) []uint64 {
	var t Tokenizer
	t.Read(text)
	var out []uint64
	for _, w := range t.Words {
		out = append(out, w.Hash)
	}
	return out
}

// Lower returns a text in lower case, as Tokenizer.Lower has it.
func Lower(text string) string { return strings.Map(lowerRune, text) }

// Read splits a text: first into characters, almost without branches, then into
// words.
func (t *Tokenizer) Read(text string) {
	t.Words, t.Unprintable, t.Mark, t.Home, t.Foreign = t.Words[:0], -1, -1, 0, 0
	t.readASCII(text)
	t.readRest(text)
	t.findEdges()
	if most := len(t.edges) / 2; cap(t.Words) < most {
		t.Words = make([]Word, most+most/2)
	}
	words := t.Words[:len(t.edges)/2]
	end, joined := 0, false // of the previous word
	for i := range words {
		from, to := int(t.edges[2*i]), int(t.edges[2*i+1])
		joined = joined && from == end+1 && text[end] == ' ' || t.readGap(text, end, from) && joined
		hash, digit := hashOf(t.Lower[from:to:cap(t.Lower)])
		w := &words[i]
		w.Hash, w.From, w.To, w.Digit, w.Joined = hash, int32(from), int32(to), digit, joined
		end, joined = to, true
	}
	t.Words = words
	t.readGap(text, end, len(text))
}

// readASCII fills Lower, inWord and nonASCII as if every byte were an ASCII
// character, eight bytes at a time.
func (t *Tokenizer) readASCII(text string) {
	if cap(t.Lower) < len(text)+padding {
		t.Lower = make([]byte, len(text)+len(text)/2+padding)
	}
	lower := t.Lower[:len(text)+padding]
	t.inWord, t.nonASCII = t.inWord[:0], t.nonASCII[:0]
	for base := 0; base < len(text); base += 64 {
		inWord, nonASCII := uint64(0), uint64(0)
		for i := base; i < min(base+64, len(text)); i += 8 {
			v := load(text, i)
			low, words := lowerASCII(v)
			binary.LittleEndian.PutUint64(lower[i:], low)
			inWord |= words << (i - base)
			nonASCII |= gather(v&high) << (i - base)
		}
		t.inWord, t.nonASCII = append(t.inWord, inWord), append(t.nonASCII, nonASCII)
	}
	t.inWord = append(t.inWord, 0) // ends the last word
	t.Lower, t.Chars = lower[:len(text)], len(text)
	if t.Alphabet != nil && !t.Alphabet.latin {
		t.Foreign = countLatin(t.Lower)
	}
}

// readRest corrects the results of readASCII for characters beyond ASCII.
func (t *Tokenizer) readRest(text string) {
	end := 0 // of the previous rune
	for k, nonASCII := range t.nonASCII {
		for ; nonASCII != 0; nonASCII &= nonASCII - 1 {
			if i := k<<6 + bits.TrailingZeros64(nonASCII); i >= end {
				end = i + t.readRune(text, i)
			}
		}
	}
}

// readRune reads the rune at position i, which is not ASCII, and returns its
// size in bytes.
func (t *Tokenizer) readRune(text string, i int) (size int) {
	r, size := Decode(text, i)
	known, lower := lookUp(r), t.Lower[:len(text)+padding]
	switch {
	case r == utf8.RuneError:
		copy(lower[i:], text[i:i+size]) // an invalid byte has size 1
	case size == 2:
		lower[i], lower[i+1] = 0xc0|byte(known.lower>>6), 0x80|byte(known.lower)&0x3f
	default:
		utf8.EncodeRune(lower[i:], known.lower)
	}
	t.Chars -= size - 1
	if known.class != wordChar {
		return size
	}
	for at := i; at < i+size; at++ {
		t.inWord[at>>6] |= 1 << (at & 63)
	}
	if t.Alphabet != nil {
		if t.Alphabet.has(known.lower) {
			t.Home++
		} else {
			t.Foreign++
		}
	}
	return size
}

// findEdges finds where words begin and end.
func (t *Tokenizer) findEdges() {
	t.edges = t.edges[:0]
	edges, last := t.edges, uint64(0)
	for k, mask := range t.inWord {
		for bit := mask ^ (mask<<1 | last); bit != 0; bit &= bit - 1 {
			edges = append(edges, int32(k<<6+bits.TrailingZeros64(bit)))
		}
		last = mask >> 63
	}
	t.edges = edges
}

// readGap reads what is between two words, notes the flaws in it, and reports
// whether the words may belong to one phrase.
func (t *Tokenizer) readGap(text string, from, to int) (joined bool) {
	joined = true
	for i := from; i < to; {
		r, size := Decode(text, i)
		class := lookUp(r).class
		joined = joined && class == joiner
		if class == flaw {
			t.noteFlaw(text, i, r)
		}
		i += size
	}
	return joined
}

// noteFlaw keeps the position of the first flaw of each kind.
func (t *Tokenizer) noteFlaw(text string, i int, r rune) {
	isMark := r == '{' || r == '}' || r == '<' && isTag(text[i+1:])
	switch {
	case isMark && t.Mark < 0:
		t.Mark = i
	case !isMark && r != '<' && t.Unprintable < 0:
		t.Unprintable = i
	}
}

// longestTag bounds what may be between < and > in a tag, in bytes.
const longestTag = 40

// isTag reports whether the text after a < is a name and a >, as in <no value>,
// and the < is not a less-than sign.
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
