package narrate

import (
	"strconv"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/phrase"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
)

// Worker fills batches for one goroutine.
type Worker struct {
	*Narrator
	conditions []condition
	forms      *kind.BoundSelector
	passed     [][]uint8 // per test, per row: 1 when it is passed
	formOf     []int32   // per row, from 1; 0 for none
	drawers    []drawer  // per bank

	batch *frame.Batch
	row   int
	stamp int64 // counts the draws of all persons
	since int64 // stamp before the first draw of this text
	draws []draw
	told  []ref // numbered phrases of this text

	openings
	page               // all texts of the batch
	raw, best []byte   // a phrase before it is set; the best text so far
	kept      []draw   // of the best text
	ends      []int    // of close phrases in raw
	listSpans [][]span // per list: its items, all rows
	listEnds  [][]int32
	textSpans [][]span // per text, per row
}

// span is a part of the page.
type span struct{ from, to int }

// condition is a condition with its outcome for every row.
type condition struct {
	selector *kind.BoundSelector
	holds    []int32 // 0 where it does not hold
}

// Worker returns a worker of its own for one goroutine.
func (n *Narrator) Worker() *Worker {
	w := &Worker{Narrator: n, passed: make([][]uint8, len(n.tests)), drawers: make([]drawer, len(n.banks))}
	for _, s := range n.conditions {
		w.conditions = append(w.conditions, condition{selector: s.Bind(n.env)})
	}
	if n.forms != nil {
		w.forms = n.forms.Bind(n.env)
	}
	for i := range n.banks {
		w.drawers[i].init(&n.banks[i])
	}
	w.listSpans, w.listEnds = make([][]span, len(n.lists)), make([][]int32, len(n.lists))
	w.textSpans = make([][]span, len(n.texts))
	w.taken, w.poor = make([][]uint64, len(n.texts)), make([]bool, len(n.texts))
	return w
}

// Fill writes the columns of texts, lists of texts and sources of a batch whose
// other columns are filled. The texts of a batch share one string. Trap: when
// the batch begins inside a hundred, the worker must have met those before; see
// From.
func (w *Worker) Fill(b *frame.Batch) {
	w.write(b)
	w.store()
}

// write writes the texts of a batch on the page.
func (w *Worker) write(b *frame.Batch) {
	w.batch = b
	w.decide()
	w.out = w.out[:0]
	for i := range w.listSpans {
		w.listSpans[i], w.listEnds[i] = w.listSpans[i][:0], w.listEnds[i][:0]
	}
	for i := range w.textSpans {
		w.textSpans[i] = w.textSpans[i][:0]
	}
	if b.First != w.expected {
		w.forget()
	}
	w.expected = b.First + int64(b.N)
	for w.row = range b.N {
		w.person()
	}
}

// decide finds, column by column, which conditions every row meets and which
// phrases of every bank are open to it.
func (w *Worker) decide() {
	n := w.batch.N
	for i := range w.conditions {
		c := &w.conditions[i]
		c.holds = c.selector.Cases(w.batch, c.holds)
	}
	for i, t := range w.tests {
		w.passed[i] = frame.Grow(w.passed[i], n)
		w.try(t, w.passed[i])
	}
	if w.forms != nil {
		w.formOf = w.forms.Cases(w.batch, w.formOf)
	}
	for i := range w.drawers {
		w.drawers[i].choose(w.passed, n)
	}
}

// try evaluates a test for every row.
func (w *Worker) try(t test, passed []uint8) {
	for r := range passed {
		passed[r] = 1
	}
	for _, c := range t.conditions {
		for r, holds := range w.conditions[c].holds {
			if holds == 0 {
				passed[r] = 0
			}
		}
	}
	for _, column := range t.columns {
		c, typ := &w.batch.Columns[column], w.batch.Schema[column].Type
		for r := range passed {
			if c.IsNull(typ, r) {
				passed[r] = 0
			}
		}
	}
}

// applies reports whether the row meets a condition.
func (w *Worker) applies(condition int) bool {
	return condition < 0 || w.conditions[condition].holds[w.row] != 0
}

// person writes the texts of the row.
func (w *Worker) person() {
	w.stamp++
	person := w.batch.First + int64(w.row)
	if person%similarity.Hundred == 0 {
		w.forget()
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
	for i := range w.texts {
		at := span{-1, -1}
		if w.applies(w.texts[i].when) {
			at = w.writeText(i)
		}
		w.textSpans[i] = append(w.textSpans[i], at)
	}
}

// store turns the page into the batch's columns.
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
		w.nullify(c, l.when)
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
		w.nullify(c, t.when)
	}
	for _, s := range w.sources {
		w.storeSource(s)
	}
}

// nullify marks the rows that a field does not apply to.
func (w *Worker) nullify(c *frame.Column, when int) {
	if when < 0 {
		return
	}
	c.Null = make([]bool, w.batch.N)
	for r, holds := range w.conditions[when].holds {
		c.Null[r] = holds == 0
	}
}

// storeSource says who wrote a person's texts; null when there are none.
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

// appendPhrase appends the phrase that a reference is to, as it is written. It
// reports whether there was one; a fresh one has not come in this text.
func (w *Worker) appendPhrase(dst []byte, r ref, fresh bool) ([]byte, bool) {
	var p int32
	var ok bool
	if r.number > 0 {
		p, ok = w.numbered(r, fresh)
	} else {
		p, ok = w.next(r.bank, fresh)
	}
	if !ok {
		return dst, false
	}
	b := w.drawers[r.bank].bank
	parts := b.phrases[p]
	if r.facet >= 0 {
		parts = b.facets[r.facet].phrases[p]
	}
	for i := range parts {
		switch x := &parts[i]; x.kind {
		case phrase.Literal:
			dst = append(dst, x.text...)
		case phrase.Field:
			dst = w.appendValue(dst, x)
		case phrase.Forms:
			if form := w.formOf[w.row]; form > 0 {
				dst = append(dst, x.forms[form-1]...)
			}
		case phrase.Bank:
			dst, _ = w.appendPhrase(dst, x.ref, false)
		}
	}
	return dst, true
}

const listSeparator = ", "

// appendValue appends the value of a field.
func (w *Worker) appendValue(dst []byte, x *part) []byte {
	if x.list {
		return w.appendList(dst, x.at)
	}
	c, f, r := &w.batch.Columns[x.at], &w.batch.Schema[x.at], w.row
	if c.IsNull(f.Type, r) {
		return dst
	}
	switch f.Type {
	case frame.Category:
		return append(dst, f.Labels[c.Codes[r]]...)
	case frame.Integer:
		return strconv.AppendInt(dst, c.Ints[r], 10)
	case frame.Number:
		return strconv.AppendFloat(dst, c.Floats[r]+0, 'f', f.Decimals, 64) // -0 + 0 is 0
	case frame.Text:
		return append(dst, c.Texts[r]...)
	}
	for i, k := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
		if i > 0 {
			dst = append(dst, listSeparator...)
		}
		dst = append(dst, f.Labels[k]...)
	}
	return dst
}

// appendList appends the items of a list that this person has been given.
func (w *Worker) appendList(dst []byte, list int) []byte {
	from := int32(0)
	if w.row > 0 {
		from = w.listEnds[list][w.row-1]
	}
	for i, s := range w.listSpans[list][from:w.listEnds[list][w.row]] {
		if i > 0 {
			dst = append(dst, listSeparator...)
		}
		dst = append(dst, w.out[s.from:s.to]...)
	}
	return dst
}

// writeList draws the items of a list: its banks give one in turn until there
// are enough.
func (w *Worker) writeList(i int, person int64) {
	l := &w.lists[i]
	w.since, w.draws, w.told = w.stamp+1, w.draws[:0], w.told[:0]
	want := l.items.Min + int(rng.Float64(l.count.Uint64(person))*float64(l.items.Max-l.items.Min+1))
	first := len(w.listSpans[i])
	for try := 0; len(w.listSpans[i])-first < want && try < want+drafts; try++ {
		var ok bool
		if w.raw, ok = w.appendPhrase(w.raw[:0], l.parts[try%len(l.parts)], true); !ok {
			continue
		}
		from := len(w.out)
		length := w.setItem(w.raw)
		item := span{from, len(w.out)}
		if length < l.chars.Min || length > l.chars.Max || w.among(w.listSpans[i][first:], item) {
			w.out = w.out[:from]
			continue
		}
		w.listSpans[i] = append(w.listSpans[i], item)
	}
}

// among reports whether an item reads like one of others.
func (w *Worker) among(others []span, item span) bool {
	for _, o := range others {
		if string(w.out[o.from:o.to]) == string(w.out[item.from:item.to]) {
			return true
		}
	}
	return false
}
