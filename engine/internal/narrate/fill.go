package narrate

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/similarity"
)

// From returns the first person that a worker must meet before it fills a batch
// that starts at person first: first itself if it has met those before.
func (w *Worker) From(first int64) int64 {
	if first == w.expected {
		return first
	}
	return first - first%similarity.Hundred
}

// Meet writes the texts of the persons before a batch, so that texts of the batch
// do not repeat their openings. It does not change the persons.
func (w *Worker) Meet(b *frame.Batch) { w.writeBatch(b) }

// Fill writes the columns of texts, lists of texts and sources of a batch whose
// other columns are filled. The texts of a batch share one string. If the batch
// starts inside a hundred, the worker must have met the persons before it; see
// From.
func (w *Worker) Fill(b *frame.Batch) {
	w.writeBatch(b)
	w.store()
}

// writeBatch writes the texts of a batch on the page.
func (w *Worker) writeBatch(b *frame.Batch) {
	w.load(b)
	w.out = w.out[:0]
	for i := range w.listSpans {
		w.listSpans[i], w.listEnds[i] = w.listSpans[i][:0], w.listEnds[i][:0]
	}
	for i := range w.textSpans {
		w.textSpans[i] = w.textSpans[i][:0]
	}
	if b.First != w.expected {
		w.forgetHundred()
	}
	w.expected = b.First + int64(b.N)
	for w.row = range b.N {
		w.writePerson()
	}
}

// writePerson writes the texts of the row.
func (w *Worker) writePerson() {
	w.stamp++
	person := w.batch.First + int64(w.row)
	if person%similarity.Hundred == 0 {
		w.forgetHundred()
	}
	for i := range w.drawers {
		w.drawers[i].meet(person, w.row, w.stamp)
	}
	for i := range w.lists {
		if w.applies(w.lists[i].when) {
			w.writeList(i, person)
		}
		w.listEnds[i] = append(w.listEnds[i], int32(len(w.listSpans[i])))
	}
	w.masker.Load(&w.masks, w.batch, w.row, w.masked)
	for i := range w.turns {
		w.turns[i] = int(w.relations[i].stream.Uint64(person) % uint64(len(w.relations[i].words)))
	}
	for i := range w.texts {
		at := span{-1, -1}
		w.tells[i] = w.tells[i][:0]
		if w.applies(w.texts[i].when) {
			at = w.writeText(i)
		}
		w.textSpans[i] = append(w.textSpans[i], at)
	}
}

// forgetHundred begins another hundred persons.
func (w *Worker) forgetHundred() {
	w.openings.forget()
	for i := range w.drawers {
		w.drawers[i].forget()
	}
}

// store sets the batch's columns to the texts on the page.
func (w *Worker) store() {
	b, page := w.batch, string(w.out)
	for i := range w.lists {
		l := &w.lists[i]
		c := &b.Columns[l.column]
		c.Resize(frame.TextList, b.N)
		for _, s := range w.listSpans[i] {
			c.Texts = append(c.Texts, page[s.from:s.to])
		}
		copy(c.Offsets[1:], w.listEnds[i])
		w.storeNulls(c, l.when)
	}
	for i := range w.texts {
		t := &w.texts[i]
		c := &b.Columns[t.column]
		c.Resize(frame.Text, b.N)
		for r, s := range w.textSpans[i] {
			c.Texts[r] = ""
			if s.from >= 0 {
				c.Texts[r] = page[s.from:s.to]
			}
		}
		w.storeNulls(c, t.when)
	}
	for _, s := range w.sources {
		w.storeSource(s)
	}
}

// storeNulls marks the rows that a field does not apply to.
func (w *Worker) storeNulls(c *frame.Column, when int) {
	if when < 0 {
		return
	}
	c.Null = make([]bool, w.batch.N)
	for r, holds := range w.conditions[when].holds {
		c.Null[r] = holds == 0
	}
}

// storeSource sets the source of a person's texts, null if the person has none.
func (w *Worker) storeSource(s source) {
	c := &w.batch.Columns[s.column]
	c.Resize(frame.Text, w.batch.N)
	c.Null = make([]bool, w.batch.N)
	for w.row = range w.batch.N {
		c.Texts[w.row], c.Null[w.row] = Source, false
		if !w.applies(s.when) || !w.anyApplies() {
			c.Texts[w.row], c.Null[w.row] = "", true
		}
	}
}

// anyApplies reports whether the person in the row has a text or list.
func (w *Worker) anyApplies() bool {
	for i := range w.lists {
		if w.applies(w.lists[i].when) {
			return true
		}
	}
	for i := range w.texts {
		if w.applies(w.texts[i].when) {
			return true
		}
	}
	return false
}
