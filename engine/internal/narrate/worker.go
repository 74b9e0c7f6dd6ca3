package narrate

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// Worker fills batches for one goroutine.
type Worker struct {
	*Narrator
	conditions []condition
	forms      []*kind.BoundSelector
	passed     [][]uint8 // per test and row, 1 if the row passes
	formOf     [][]int32 // per axis and row, from 1; 0 for none

	batch    *frame.Batch
	row      int
	expected int64 // the person whose predecessors in the hundred have been met

	draws
	openings
	page             // all texts of the batch
	raw, best []byte // phrases before they are written; the best draft so far
	kept      []draw // of the best draft
	top       *tags  // of the last phrase that was expanded
	closing   []closing
	outline   int       // of the text that is being written
	tells     [][]int32 // per text, the facts that it tells of this person
	turns     []int     // per relation, the person's next connective
	listSpans [][]span  // per list, the items of all rows
	listEnds  [][]int32
	textSpans [][]span // per text and row
}

// span is a part of the page.
type span struct{ from, to int }

// condition is a condition with its result for every row.
type condition struct {
	selector *kind.BoundSelector
	holds    []int32 // 0 where it does not hold
}

// Worker returns a new worker.
func (n *Narrator) Worker() *Worker {
	w := &Worker{Narrator: n, passed: make([][]uint8, len(n.tests))}
	for _, s := range n.conditions {
		w.conditions = append(w.conditions, condition{selector: s.Bind(n.env)})
	}
	for _, a := range n.forms {
		w.forms = append(w.forms, a.of.Bind(n.env))
	}
	w.formOf = make([][]int32, len(n.forms))
	w.drawers = make([]drawer, len(n.banks))
	for i := range n.banks {
		w.drawers[i].init(&n.banks[i], n.spread)
	}
	w.listSpans, w.listEnds = make([][]span, len(n.lists)), make([][]int32, len(n.lists))
	w.textSpans = make([][]span, len(n.texts))
	w.tells, w.turns, w.known = make([][]int32, len(n.texts)), make([]int, len(n.relations)), make([]uint8, n.facts)
	w.taken, w.exhausted = make([][]uint64, len(n.texts)), make([]bool, len(n.texts))
	return w
}

// load finds, column by column, the conditions that every row meets and the
// phrases of every bank that are open to it.
func (w *Worker) load(b *frame.Batch) {
	w.batch = b
	for i := range w.conditions {
		c := &w.conditions[i]
		c.holds = c.selector.Cases(b, c.holds)
	}
	for i, t := range w.tests {
		w.passed[i] = frame.Grow(w.passed[i], b.N)
		w.evaluate(t, w.passed[i])
	}
	for i, f := range w.forms {
		w.formOf[i] = f.Cases(b, w.formOf[i])
	}
	for i := range w.drawers {
		w.drawers[i].choose(w.passed, b.N)
	}
}

// evaluate evaluates a test for every row.
func (w *Worker) evaluate(t test, passed []uint8) {
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
