package narrate

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// openings are the openings of the texts of the earlier persons in the hundred.
type openings struct {
	taken     [][]uint64 // per text
	exhausted []bool     // per text: phrases for new openings have run out
	opening   uint64     // of the draft
	anyWill   bool       // the text may repeat an opening
	rejected  []draw     // the draws of first phrases that were put back

	tokens tokenize.Tokenizer
	masker similarity.Masker
	masks  similarity.Masks
}

// forget begins another hundred.
func (o *openings) forget() {
	for i := range o.taken {
		o.taken[i], o.exhausted[i] = o.taken[i][:0], false
	}
}

// openingOf returns a hash of the opening of a text that begins with some words.
func (o *openings) openingOf(words []byte) uint64 {
	opening, n := similarity.Opening(o.mask(words[:firstWords(words, openingWords)]))
	if n < similarity.OpeningWords { // consecutive names count as one word
		opening, _ = similarity.Opening(o.mask(words))
	}
	return opening
}

func (o *openings) mask(words []byte) []uint64 {
	o.tokens.Read(string(words))
	return o.masker.Mask(&o.tokens, &o.masks)
}

// openingWords is nearly always enough for the opening of a text.
const openingWords = 9

// firstWords returns where the first n words end, or the length of words.
func firstWords(words []byte, n int) int {
	for i, b := range words {
		if b == ' ' {
			if n--; n == 0 {
				return i
			}
		}
	}
	return len(words)
}

// appendFirst appends the first phrase of text i to w.raw. It draws until the
// opening is new in the hundred, or there have been enough tries. It reports whether there is a
// phrase.
func (w *Worker) appendFirst(i int, r ref) bool {
	from, before := len(w.raw), mark{}
	w.mark(&before)
	w.rejected = w.rejected[:0]
	defer func() { w.strict = false }()
	for try := 1; ; try++ {
		w.strict = try > 1 // else the phrase that was put back would be the best one again
		var ok bool
		if w.raw, ok = w.appendPhrase(w.raw, r, false); !ok {
			return false
		}
		w.opening = w.openingOf(w.raw[from:])
		if w.anyWill || !slices.Contains(w.taken[i], w.opening) {
			break
		}
		if try == w.tries(i, r) {
			w.anyWill, w.exhausted[i] = true, true
			break
		}
		w.rejected = append(w.rejected, w.drawn[before.drawn:]...)
		w.undo(&before)
		w.raw = w.raw[:from]
	}
	for _, x := range slices.Backward(w.rejected) { // phrases that were put back are drawn next
		w.drawers[x.bank].cursor = x.cursor
	}
	return true
}

// The most tries for a new opening, and the most after phrases for a text have run
// out in the hundred.
const (
	mostTries      = 100
	exhaustedTries = 4
)

// tries returns the most draws of the first phrase of text i, from a bank: phrases with a number
// are left for those who ask for them.
func (w *Worker) tries(i int, r ref) int {
	most := mostTries
	if w.exhausted[i] {
		most = exhaustedTries
	}
	if d := &w.drawers[r.bank]; d.bank.numbers > 0 {
		most = max(1, min(most, len(d.open)-d.bank.numbers))
	}
	return most
}
