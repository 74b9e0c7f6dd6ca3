package similarity

import (
	"bytes"
	"math"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/rules"
)

// Masked is the lowest bit of the hash of a word: it tells that the word is
// masked.
const Masked = 1

// Masker masks words that begin with a word of the person's names and
// places, and words with digits. It serves one goroutine.
type Masker struct {
	scan  rules.Scan
	words []uint64
}

// Masks are the words of a person's names and places, in lower case. Their memory
// is used again.
type Masks struct {
	words  [][]byte
	firsts [256]bool // of their first bytes: see mark
	low    []byte    // where the words stand
}

// MaskRoles are the roles whose values are masked before texts are compared: a
// text that differs from another by a name only is the same text.
var MaskRoles = []string{"name", "given_name", "surname", "place", "area", "region"}

// leastMasked is the length in characters of the shortest word that is masked;
// shorter ones are articles and prepositions.
const leastMasked = 3

// Load makes the masks those of a person: the words of some columns.
func (m *Masker) Load(masks *Masks, b *frame.Batch, row int, columns []int) {
	masks.words, masks.firsts, masks.low = masks.words[:0], [256]bool{}, masks.low[:0]
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
		m.scan.Read(value)
		for _, w := range m.scan.Words {
			low := m.scan.Lower[w.From:w.To]
			if utf8.RuneCount(low) >= leastMasked {
				from := len(masks.low)
				masks.low = append(masks.low, low...)
				masks.words = append(masks.words, masks.low[from:])
				masks.firsts[mark(low)] = true
			}
		}
	}
}

// Mask returns the words of a text; the slice is used again.
func (m *Masker) Mask(s *rules.Scan, masks *Masks) []uint64 {
	m.words = m.words[:0]
	for _, w := range s.Words {
		hash := w.Hash &^ Masked
		if w.Digit || w.To-w.From >= leastMasked && masks.firsts[mark(s.Lower[w.From:])] && masks.begin(s.Lower[w.From:]) {
			hash |= Masked
		}
		m.words = append(m.words, hash)
	}
	return m.words
}

// mark is a small hash of the first three bytes of a word.
func mark(word []byte) uint8 { return word[0] ^ word[1]<<3 ^ word[2]<<5 ^ word[2]>>3 }

// begin reports whether a text begins with one of the words.
func (m *Masks) begin(text []byte) bool {
	for _, p := range m.words {
		if bytes.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// Print is what remains of a text to compare it with others.
type Print struct {
	Used    bool // there is a text with a word in it
	opening uint64
	minima  [bins]uint16
}

const (
	bins         = 128
	shingleWords = 5
	// OpeningWords are the words that a text opens with.
	OpeningWords = 8
)

// Runs of words are hashed as polynomials; oldest is the power that goes with the
// first word of a shingle.
const (
	base   = 0x9e3779b97f4a7c15
	oldest = base * base % (1 << 64) * base % (1 << 64) * base % (1 << 64)
)

// PrintOf makes the print of a masked text: the opening, and the minima of one
// hash of its shingles in each of 128 bins (one permutation hashing), empty bins
// filled from others (Shrivastava, "Optimal densification for fast and accurate
// minwise hashing", ICML 2017). Of each minimum 16 bits are kept (Li and König,
// "b-bit minwise hashing", WWW 2010).
func PrintOf(words []uint64) Print {
	p := Print{Used: true}
	var least [bins]uint64
	for bin := range least {
		least[bin] = empty
	}
	var a, b, c, d, e uint64 // the words of the shingle
	n, shingle, wasMasked := 0, uint64(0), false
	for _, w := range words {
		masked := w&Masked != 0
		if masked {
			if wasMasked {
				continue // two names in a row are as one
			}
			w = Masked
		}
		wasMasked = masked
		a, b, c, d, e = b, c, d, e, rng.Mix(w)
		shingle = shingle*base + e
		if n++; n < shingleWords {
			continue
		}
		bin, value := binOf(shingle)
		least[bin] = min(least[bin], value)
		shingle -= a * oldest
	}
	if n < shingleWords {
		bin, value := binOf(shingle)
		least[bin] = value
	}
	p.opening, _ = OpeningOf(words)
	for bin, value := range least {
		for attempt := uint64(0); value == empty; attempt++ {
			value = least[rng.Mix(uint64(bin)<<32|attempt)>>57]
		}
		p.minima[bin] = uint16(value)
	}
	return p
}

// empty is the minimum of a bin without shingles: more than any value.
const empty = math.MaxUint64

// binOf is the bin of a shingle, and its value there.
func binOf(shingle uint64) (bin, value uint64) {
	h := rng.Mix(shingle)
	return h >> 57, h << 7 >> 7
}

// OpeningOf is a hash of how a masked text opens: its first eight words, of which
// names in a row count as one. It returns how many there are.
func OpeningOf(words []uint64) (opening uint64, n int) {
	last := uint64(0)
	for _, w := range words {
		if w&Masked != 0 {
			w = Masked
		}
		if w == Masked && last == Masked {
			continue
		}
		opening, last = rng.Mix(opening+w), w
		if n++; n == OpeningWords {
			break
		}
	}
	return opening, n
}

// Agree counts the bins in which two prints are the same.
func (p *Print) Agree(o *Print) int {
	n := 0
	for i, v := range p.minima {
		if v == o.minima[i] {
			n++
		}
	}
	return n
}

// band is a hash of the minima of a band.
func (p *Print) band(number int) uint64 {
	h, four := uint64(number), uint64(0)
	for i, v := range p.minima[number*bandRows : (number+1)*bandRows] {
		if four = four<<16 | uint64(v); i%4 == 3 {
			h, four = rng.Mix(h+four), 0
		}
	}
	return rng.Mix(h + four)
}
