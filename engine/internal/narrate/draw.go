package narrate

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
)

// drawer draws the phrases of a bank for one person after another.
type drawer struct {
	bank    *bank
	phrases []drawable

	nodes []node
	lists [][]int32 // of open phrases; final nodes refer to them
	list  []int32   // per row, an index in lists

	person int64
	row    int
	ready  bool  // the fields below are this person's
	since  int64 // phrases drawn at this stamp or later are used
	open   []int32
	order  rng.Permutation
	hashes []uint64 // of the order, if few are open
	known  []int32  // one more than the phrases at the first positions of the order; 0 if not looked up yet
	cursor int

	spread // nothing unless phrases are spread
}

// drawable is what draws need of a phrase, in one place: most phrases that are looked at are
// not drawn.
type drawable struct {
	last int64 // the stamp of the last draw
	used int32 // how often the earlier persons of the hundred took it, if phrases are spread
	fact int32 // the only fact that it tells, noFact, or manyFacts for what its tags say
}

const (
	noFact    = -1
	manyFacts = -2
)

// node is a state of the automaton that reads, group by group, whether a row
// passes the group's test. The phrases that are open to a row depend on the final
// state, which many rows share.
type node struct {
	next   [2]int32 // 0 if not made yet
	parent int32
	passed uint8
	list   int32 // -1 if not made yet
}

func (d *drawer) init(b *bank, spread bool) {
	d.bank, d.phrases, d.on = b, make([]drawable, len(b.phrases)), spread
	d.nodes = []node{{list: -1}}
	for p := range d.phrases {
		x := &d.phrases[p]
		x.fact = noFact
		if b.tags == nil {
			continue
		}
		switch t := &b.tags[p]; {
		case t.after != nil || len(t.facts) > 1:
			x.fact = manyFacts
		case len(t.facts) == 1:
			x.fact = t.facts[0]
		}
	}
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

// grow makes the node that follows another.
func (d *drawer) grow(from int32, passed uint8) int32 {
	at := int32(len(d.nodes))
	d.nodes = append(d.nodes, node{parent: from, passed: passed, list: -1})
	d.nodes[from].next[passed] = at
	return at
}

// collect lists the phrases that are open in a final node, in the order of the
// bank.
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

// meet begins another person.
func (d *drawer) meet(person int64, row int, stamp int64) {
	d.person, d.row, d.since, d.ready = person, row, stamp, false
}

// prepare prepares the draws for the person, the first time there is one.
func (d *drawer) prepare() {
	if d.ready {
		return
	}
	d.open, d.head, d.cursor, d.ready = d.lists[d.list[d.row]], d.head[:0], 0, true
	if n := len(d.open); n > 0 {
		d.order = rng.NewPermutation(int64(n), d.bank.stream.Uint64(d.person))
		if d.hashes = d.hashes[:0]; n <= rng.Small {
			d.hashes = d.order.Hashes(d.hashes)
		}
		d.known = frame.Grow(d.known, min(n, mostKnown))
		clear(d.known)
		d.cursor = d.bank.numbers % n
		d.spreadNumbers()
	}
}

// mostKnown is the most positions of an order that are remembered: few phrases of a bank are
// looked at for a person, but these several times.
const mostKnown = 256

// at returns the phrase at a position of the person's order.
func (d *drawer) at(i int) int32 {
	switch {
	case i < len(d.head):
		return d.head[i]
	case i >= len(d.known):
		return d.ordered(i)
	case d.known[i] == 0:
		d.known[i] = d.ordered(i) + 1
	}
	return d.known[i] - 1
}

// ordered returns the phrase at a position of the permutation.
func (d *drawer) ordered(i int) int32 {
	if len(d.hashes) > 0 {
		return d.open[rng.Rank(d.hashes, i)]
	}
	return d.open[d.order.At(int64(i))]
}

// draws draws phrases from all banks for the texts of one person after another.
type draws struct {
	drawers []drawer // per bank
	stamp   int64    // counts the draws of all persons
	since   int64    // draws of this text have this stamp or a later one
	drawn   []draw   // phrases of this text that were drawn without a number
	asked   []ref    // phrases of this text that were asked for by number
	strict  bool     // the next phrases are drawn in their order, whatever others took
	letters
	telling
}

// draw is a phrase that was drawn, the stamp of its previous draw, and the cursor
// of the bank before it.
type draw struct {
	bank     int
	phrase   int32
	previous int64
	cursor   int
}

// begin begins a text, whose draws have a stamp of since or later.
func (d *draws) begin(since int64) {
	d.since, d.drawn, d.asked = since, d.drawn[:0], d.asked[:0]
	d.letters = letters{d.capitals[:0], d.small[:0], 0}
	d.telling.begin()
}

// numbered returns the person's phrase of a number from 1, false if there is none;
// a fresh one has not been asked for in this text. With fewer open phrases than
// numbers, which the compiler of plans rejects, the numbers wrap around.
func (d *draws) numbered(r ref, fresh bool) (int32, bool) {
	x := &d.drawers[r.bank]
	x.prepare()
	if len(x.open) == 0 || fresh && slices.Contains(d.asked, r) {
		return 0, false
	}
	d.asked = append(d.asked, r)
	return x.at((r.number - 1) % len(x.open)), true
}

// next draws a phrase from a bank: the next one of the person's permutation that
// this person has not had and whose facts this text has not told. Once all are used, those
// of the person's earlier texts repeat; once this text has them all, any of them repeats,
// unless it must be fresh or phrases of the bank tell facts. Among the next ones, those that
// follow from the last phrase are preferred if it is wanted.
func (d *draws) next(bank int, fresh, wanted bool) (int32, bool) {
	x := &d.drawers[bank]
	x.prepare()
	if len(x.open) == 0 {
		return 0, false
	}
	cursor := x.cursor
	for {
		if p, ok := d.pick(x, wanted && x.bank.relates); ok {
			d.stamp++
			d.drawn = append(d.drawn, draw{bank, p, x.phrases[p].last, cursor})
			x.phrases[p].last = d.stamp
			x.count(p, 1)
			return p, true
		}
		switch {
		case x.since < d.since:
			x.since = d.since
		case fresh || x.bank.tags != nil:
			return 0, false
		default:
			d.stamp++
			x.since = d.stamp
		}
	}
}

// lookAhead is the most phrases among which the best one is drawn.
const lookAhead = 8

// pick moves the cursor past the phrase to draw next, false if there is none.
func (d *draws) pick(x *drawer, wanted bool) (int32, bool) {
	best, after, looked := int32(-1), 0, 0
	var related, rare bool
	for range x.open {
		p := x.at(x.cursor)
		if x.cursor++; x.cursor == len(x.open) {
			x.cursor = 0
		}
		if y := &x.phrases[p]; y.last >= x.since || y.fact >= 0 && d.known[y.fact] != untold || y.fact == manyFacts && !d.mayTell(&x.bank.tags[p]) {
			continue
		}
		follows, seldom := !wanted || d.related(&x.bank.tags[p]), x.seldom(p)
		better := best < 0
		switch {
		case better:
		case seldom != rare:
			better = seldom
		case follows != related:
			better = follows
		case !seldom:
			better = x.phrases[p].used < x.phrases[best].used
		}
		if better {
			best, after, related, rare = p, x.cursor, follows, seldom
		}
		if looked++; related && rare || looked == lookAhead || d.strict {
			break
		}
	}
	if best < 0 {
		return 0, false
	}
	x.cursor = after
	return best, true
}

// mark is a position in the draws of a text.
type mark struct{ drawn, asked, capitals, small, told, mentions int }

// mark notes the position. It is written in place, because a copy would have to wait for it.
func (d *draws) mark(m *mark) {
	m.drawn, m.asked, m.capitals, m.small, m.told, m.mentions = len(d.drawn), len(d.asked), len(d.capitals), len(d.small), len(d.log), len(d.mentions)
}

// undo puts the phrases back that were drawn after a mark. It does not move the
// cursors back: later draws get other phrases.
func (d *draws) undo(m *mark) {
	for _, x := range slices.Backward(d.drawn[m.drawn:]) {
		d.drawers[x.bank].phrases[x.phrase].last = x.previous
		d.drawers[x.bank].count(x.phrase, -1)
	}
	d.drawn, d.asked = d.drawn[:m.drawn], d.asked[:m.asked]
	d.capitals, d.small = d.capitals[:m.capitals], d.small[:m.small]
	d.telling.undo(m.told)
	d.mentions = d.mentions[:m.mentions]
}

// redo marks the phrases of draws that were put back as used.
func (d *draws) redo(kept []draw) {
	d.stamp++
	for _, x := range kept {
		d.drawers[x.bank].phrases[x.phrase].last = d.stamp
		d.drawers[x.bank].count(x.phrase, 1)
	}
}
