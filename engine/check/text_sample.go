package check

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/rng"
	"github.com/personagen/personagen/engine/rules"
)

// lowest keeps the values of the persons with the smallest hashes: a sample
// that does not depend on who saw which person, in which order.
type lowest[T any] struct {
	keep  int
	below uint64 // hashes above this are out
	all   []ranked[T]
}

type ranked[T any] struct {
	hash  uint64
	row   int64
	value T
}

func (l *lowest[T]) add(hash uint64, row int64, value T) {
	if hash > l.below {
		return
	}
	l.all = append(l.all, ranked[T]{hash, row, value})
	if len(l.all) >= l.keep+l.keep/4 {
		l.trim()
	}
}

// trim leaves the smallest ones, in order.
func (l *lowest[T]) trim() {
	slices.SortFunc(l.all, func(a, b ranked[T]) int {
		if c := cmp.Compare(a.hash, b.hash); c != 0 {
			return c
		}
		return cmp.Compare(a.row, b.row)
	})
	if len(l.all) >= l.keep {
		clear(l.all[l.keep:])
		l.all = l.all[:l.keep]
		l.below = l.all[l.keep-1].hash
	}
}

func (l *lowest[T]) merge(o *lowest[T]) {
	l.all = append(l.all, o.all...)
	l.trim()
}

// Words of a sampled text are hashes whose lowest bit tells that the word is
// masked.
const maskedBit = 1

// wordMasker masks words that begin with a word of the person's names and
// places, and words with digits.
type wordMasker struct {
	batch *frame.Batch
	first int64
	row   int
	scan  rules.Scan
	parts [][]byte // words of the person's values, in lower case
	words []uint64
}

// leastMasked is the length in characters of the shortest word that is masked;
// shorter ones are articles and prepositions.
const leastMasked = 3

// load collects the words of a person's values.
func (m *wordMasker) load(b *frame.Batch, row int, columns []int) {
	m.batch, m.first, m.row, m.parts = b, b.First, row, m.parts[:0]
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
				m.parts = append(m.parts, bytes.Clone(low))
			}
		}
	}
}

// mask returns the words of a text; the slice is used again.
func (m *wordMasker) mask(s *rules.Scan) []uint64 {
	m.words = m.words[:0]
	for _, w := range s.Words {
		hash := w.Hash &^ maskedBit
		if w.Digit || m.masks(s.Lower[w.From:]) {
			hash |= maskedBit
		}
		m.words = append(m.words, hash)
	}
	return m.words
}

func (m *wordMasker) masks(text []byte) bool {
	for _, p := range m.parts {
		if text[0] == p[0] && bytes.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// textPrint is what remains of a text to compare it with others.
type textPrint struct {
	used    bool // there is a text with a word in it
	opening uint64
	minima  [bins]uint16
}

const (
	bins         = 128
	shingleWords = 5
	openingWords = 8
)

// printOf makes the print of a masked text: the opening, and the minima of one
// hash of its shingles in each of 128 bins (one permutation hashing), empty bins
// filled from others (Shrivastava, "Optimal densification for fast and accurate
// minwise hashing", ICML 2017). Of each minimum 16 bits are kept (Li and König,
// "b-bit minwise hashing", WWW 2010).
func printOf(words []uint64) textPrint {
	p := textPrint{used: true}
	var least [bins]uint64
	var run [shingleWords]uint64
	n, opening := 0, uint64(0)
	note := func() {
		h := uint64(0)
		for k := range min(n, shingleWords) {
			h = rng.Mix(h + run[(max(n, shingleWords)+k)%shingleWords])
		}
		bin, value := h>>57, h<<7>>7|1<<63 // never 0, which is an empty bin
		if least[bin] == 0 || value < least[bin] {
			least[bin] = value
		}
	}
	wasMasked := false
	for _, w := range words {
		masked := w&maskedBit != 0
		if masked {
			if wasMasked {
				continue // two names in a row are as one
			}
			w = maskedBit
		}
		wasMasked = masked
		if n < openingWords {
			opening = rng.Mix(opening + w)
		}
		run[n%shingleWords] = w
		if n++; n >= shingleWords {
			note()
		}
	}
	if n < shingleWords {
		note()
	}
	p.opening = opening
	for bin, value := range least {
		for attempt := uint64(0); value == 0; attempt++ {
			value = least[rng.Mix(uint64(bin)<<32|attempt)>>57]
		}
		p.minima[bin] = uint16(value)
	}
	return p
}

// agree counts the bins in which two prints are the same.
func (p *textPrint) agree(o *textPrint) int {
	n := 0
	for i, v := range p.minima {
		if v == o.minima[i] {
			n++
		}
	}
	return n
}

// band is a hash of the minima of a band.
func (p *textPrint) band(number int) uint64 {
	h := uint64(number)
	for _, v := range p.minima[number*bandRows : (number+1)*bandRows] {
		h = rng.Mix(h + uint64(v))
	}
	return h
}
