package similarity

import (
	"bytes"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// Masked is the lowest bit of the hash of a word: it is set if the word is
// masked.
const Masked = 1

// Masker masks words that begin with a word of the person's names and places,
// and words with digits. It serves one goroutine.
type Masker struct {
	tokens tokenize.Tokenizer
	words  []uint64
}

// Masks are the words of a person's names and places, in lower case. Load reuses
// their memory.
type Masks struct {
	words   [][]byte
	firsts  [256]bool // by prefixHash of their first bytes
	letters []byte    // memory of words
}

// MaskRoles are the roles whose values are masked before texts are compared, so
// that texts that differ only in a name are the same.
var MaskRoles = []string{"name", "given_name", "surname", "place", "area", "region"}

// leastMasked is the length in characters of the shortest word that is masked;
// shorter words are articles and prepositions.
const leastMasked = 3

// Load sets masks to the words that a person has in some columns.
func (m *Masker) Load(masks *Masks, b *frame.Batch, row int, columns []int) {
	masks.words, masks.firsts, masks.letters = masks.words[:0], [256]bool{}, masks.letters[:0]
	for _, column := range columns {
		c, f := &b.Columns[column], &b.Schema[column]
		value := ""
		switch {
		case c.IsNull(f.Type, row):
		case f.Type == frame.Text:
			value = c.Texts[row]
		case f.Type == frame.Category && int(c.Codes[row]) < len(f.Labels):
			value = f.Labels[c.Codes[row]]
		}
		m.tokens.Read(value)
		for _, w := range m.tokens.Words {
			low := m.tokens.Lower[w.From:w.To]
			if utf8.RuneCount(low) >= leastMasked {
				from := len(masks.letters)
				masks.letters = append(masks.letters, low...)
				masks.words = append(masks.words, masks.letters[from:])
				masks.firsts[prefixHash(low)] = true
			}
		}
	}
}

// Mask returns the hashes of the words of a text, with the bit Masked set in
// those that are masked and clear in the others. The slice is valid until the
// next call.
func (m *Masker) Mask(t *tokenize.Tokenizer, masks *Masks) []uint64 {
	m.words = m.words[:0]
	for _, w := range t.Words {
		hash := w.Hash &^ Masked
		if w.Digit || w.To-w.From >= leastMasked && masks.firsts[prefixHash(t.Lower[w.From:])] && masks.match(t.Lower[w.From:]) {
			hash |= Masked
		}
		m.words = append(m.words, hash)
	}
	return m.words
}

// prefixHash is a small hash of the first three bytes of a word.
func prefixHash(word []byte) uint8 { return word[0] ^ word[1]<<3 ^ word[2]<<5 ^ word[2]>>3 }

// match reports whether a text begins with one of the words.
func (m *Masks) match(text []byte) bool {
	for _, p := range m.words {
		if bytes.HasPrefix(text, p) {
			return true
		}
	}
	return false
}
