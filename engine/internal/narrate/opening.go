package narrate

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// openings are how the texts of the persons before in the same hundred open.
type openings struct {
	taken    [][]uint64 // per text
	poor     []bool     // per text: there were not enough of them
	opening  uint64     // of the draft
	stuck    bool       // the text may open like another
	turned   []draw     // the first draws of banks for phrases that were put back
	expected int64      // the person whose predecessors in the hundred have been met

	tokens tokenize.Tokenizer
	masker similarity.Masker
	masks  similarity.Masks
}

// From tells from which person on a worker must meet persons before it fills a
// batch from person first on; first itself when it has met them.
func (w *Worker) From(first int64) int64 {
	if first == w.expected {
		return first
	}
	return first - first%similarity.Hundred
}

// Meet takes in the persons before a batch, so that no text of it opens like
// one of theirs. The persons are left as they are.
func (w *Worker) Meet(b *frame.Batch) { w.write(b) }

// forget begins another hundred.
func (w *Worker) forget() {
	for i := range w.taken {
		w.taken[i], w.poor[i] = w.taken[i][:0], false
	}
}

// open appends the first phrase of text i to raw: it is drawn until it opens the
// text like none before in the hundred. Where all do, any will do.
func (w *Worker) open(i int) {
	from, drawn, told := len(w.raw), len(w.draws), len(w.told)
	w.turned = w.turned[:0]
	for try := 1; ; try++ {
		w.raw, _ = w.appendPhrase(w.raw, w.texts[i].parts[0], false)
		w.opening = w.openingOf(w.raw[from:])
		if w.stuck || !slices.Contains(w.taken[i], w.opening) {
			break
		}
		if try == w.tries(i) {
			w.stuck, w.poor[i] = true, true
			break
		}
		w.turned = append(w.turned, w.draws[drawn:]...)
		w.undo(drawn)
		w.raw, w.told = w.raw[:from], w.told[:told]
	}
	for _, x := range slices.Backward(w.turned) { // what was put back comes next
		w.drawers[x.bank].cursor = x.cursor
	}
}

// openingOf is how a text opens that begins with these words.
func (w *Worker) openingOf(words []byte) uint64 {
	opening, n := similarity.Opening(w.mask(words[:firstWords(words, openingWords)]))
	if n < similarity.OpeningWords { // names in a row are as one
		opening, _ = similarity.Opening(w.mask(words))
	}
	return opening
}

// openingWords are nearly always enough to see how a text opens.
const openingWords = 9

// firstWords is where the first n words end, at most.
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

func (w *Worker) mask(words []byte) []uint64 {
	w.tokens.Read(string(words))
	return w.masker.Mask(&w.tokens, &w.masks)
}

// How often a first phrase is drawn before it may open a text like another, and
// how often when that has come to pass in the hundred.
const (
	mostTries = 100
	poorTries = 4
)

// tries is how often the first phrase of text i may be drawn: phrases with a
// number are for those who ask for it.
func (w *Worker) tries(i int) int {
	most := mostTries
	if w.poor[i] {
		most = poorTries
	}
	if d := &w.drawers[w.texts[i].parts[0].bank]; d.bank.numbers > 0 {
		most = max(1, min(most, len(d.open)-d.bank.numbers))
	}
	return most
}
