package narrate

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/rng"
)

// drawer draws the phrases of a bank for one person after the other.
type drawer struct {
	bank *bank
	last []int64 // per phrase: the stamp of its last draw

	nodes []node
	lists [][]int32 // of open phrases; nodes at the end of the groups point here
	list  []int32   // per row

	person int64
	row    int
	ready  bool  // the fields below are this person's
	since  int64 // phrases drawn at this stamp or later are taken
	open   []int32
	order  rng.Permutation
	cursor int
}

// node is a state of the automaton that reads, group by group, whether a row
// passes the group's test. What a row is given depends on the state at the end,
// which few rows do not share with others.
type node struct {
	next   [2]int32 // 0 when not made yet
	parent int32
	passed uint8
	list   int32 // -1 when not made yet
}

func (d *drawer) init(b *bank) {
	d.bank, d.last = b, make([]int64, len(b.phrases))
	d.nodes = []node{{list: -1}}
}

// choose finds the open phrases of n rows.
func (d *drawer) choose(passed [][]uint8, n int) {
	if cap(d.list) < n {
		d.list = make([]int32, n)
	}
	d.list = d.list[:n]
	clear(d.list)
	for _, g := range d.bank.groups {
		if g.test < 0 {
			continue
		}
		for r, yes := range passed[g.test][:n] {
			next := d.nodes[d.list[r]].next[yes]
			if next == 0 {
				next = d.grow(d.list[r], yes)
			}
			d.list[r] = next
		}
	}
	for r, at := range d.list {
		if d.nodes[at].list < 0 {
			d.collect(at)
		}
		d.list[r] = d.nodes[at].list
	}
}

// grow makes the state behind another.
func (d *drawer) grow(from int32, passed uint8) int32 {
	at := int32(len(d.nodes))
	d.nodes = append(d.nodes, node{parent: from, passed: passed, list: -1})
	d.nodes[from].next[passed] = at
	return at
}

// collect lists the phrases that are open in a state, in the order of the
// files.
func (d *drawer) collect(at int32) {
	var passed []uint8 // last group first
	for k := at; k != 0; k = d.nodes[k].parent {
		passed = append(passed, d.nodes[k].passed)
	}
	open := []int32{}
	for _, g := range d.bank.groups {
		if g.test >= 0 {
			yes := passed[len(passed)-1]
			passed = passed[:len(passed)-1]
			if yes == 0 {
				continue
			}
		}
		for p := g.from; p < g.to; p++ {
			open = append(open, p)
		}
	}
	d.nodes[at].list = int32(len(d.lists))
	d.lists = append(d.lists, open)
}

// meet turns to another person.
func (d *drawer) meet(person int64, row int, stamp int64) {
	d.person, d.row, d.since, d.ready = person, row, stamp, false
}

// prepare readies the draws for the person.
func (d *drawer) prepare() {
	d.open, d.cursor, d.ready = d.lists[d.list[d.row]], 0, true
	if n := len(d.open); n > 0 {
		d.order = rng.NewPermutation(int64(n), d.bank.stream.Uint64(d.person))
		d.cursor = d.bank.numbers % n
	}
}

// numbered is the person's phrase of a number from 1. The numbers begin again
// where fewer phrases are open, which the compiler refuses.
func (w *Worker) numbered(r ref, fresh bool) (int32, bool) {
	d := &w.drawers[r.bank]
	if !d.ready {
		d.prepare()
	}
	if len(d.open) == 0 || fresh && slices.Contains(w.told, r) {
		return 0, false
	}
	w.told = append(w.told, r)
	return d.open[d.order.At(int64((r.number-1)%len(d.open)))], true
}

// draw is one phrase drawn, when it was drawn before, and where the bank's cursor
// stood.
type draw struct {
	bank   int
	phrase int32
	before int64
	cursor int
}

// next draws a phrase from a bank: the next one of the person's permutation
// that this person has not had. When all are taken, those of the person's
// earlier texts come again; when this text has them all, any comes again, or
// none when it must be fresh.
func (w *Worker) next(bank int, fresh bool) (int32, bool) {
	d := &w.drawers[bank]
	if !d.ready {
		d.prepare()
	}
	if len(d.open) == 0 {
		return 0, false
	}
	cursor := d.cursor
	for {
		for range d.open {
			p := d.open[d.order.At(int64(d.cursor))]
			if d.cursor++; d.cursor == len(d.open) {
				d.cursor = 0
			}
			if d.last[p] < d.since {
				w.stamp++
				w.draws = append(w.draws, draw{bank, p, d.last[p], cursor})
				d.last[p] = w.stamp
				return p, true
			}
		}
		switch {
		case d.since < w.since:
			d.since = w.since
		case fresh:
			return 0, false
		default:
			w.stamp++
			d.since = w.stamp
		}
	}
}

// undo puts the draws from a position on back. The permutation is not turned
// back: the next draws are others.
func (w *Worker) undo(from int) {
	for i := len(w.draws) - 1; i >= from; i-- {
		x := w.draws[i]
		w.drawers[x.bank].last[x.phrase] = x.before
	}
	w.draws = w.draws[:from]
}

// redo takes the phrases of kept draws again.
func (w *Worker) redo(kept []draw) {
	w.stamp++
	for _, x := range kept {
		w.drawers[x.bank].last[x.phrase] = w.stamp
	}
}
