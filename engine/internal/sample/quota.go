package sample

import (
	"fmt"
	"sync"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Quota makes the persons of an allocation. It is safe for concurrent use.
//
// A person has a rank within its group at every step; the group is the people with
// the same configuration of Given. A permutation keyed by the variable and the
// group shuffles the ranks. The person's value is the cell in whose interval of the
// group's cumulative counts the shuffled rank falls, and the offset in that interval
// is the person's rank among the people of the cell, with which later steps go on.
type Quota struct {
	persons int64
	steps   []thread
	scratch sync.Pool // of *places
}

// thread is one step of a Quota. Only cells that have people are numbered, in the
// order of the step's table.
type thread struct {
	variable int
	parent   int // step whose cells give the groups, -1 for a root
	key      uint64
	enter    []entry // per cell of the parent
	group    []group
	value    []int32 // per cell
	below    []int32 // per cell: people of its group in earlier cells
}

// entry says where the people of a parent's cell are in a step: their group, and
// the rank of the first of them in it.
type entry struct{ group, rank int32 }

// group is the people of one configuration of Given.
type group struct {
	size        int32
	first, last int32 // its cells
}

// place is a person's cell after a step, and its rank in the cell.
type place struct{ cell, rank int32 }

// block is the number of persons that are processed at a time.
const block = 1024

type places [][block]place

// NewQuota returns a sampler of an allocation of the model. The error is that of
// Model.Validate, or says why the allocation is not one of the model.
func NewQuota(m *Model, a *Allocation) (*Quota, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if err := a.Validate(m); err != nil {
		return nil, fmt.Errorf("the allocation does not fit the model: %w", err)
	}
	q := &Quota{persons: a.N}
	for i := range m.Steps {
		q.steps = append(q.steps, m.thread(i, a))
	}
	q.scratch.New = func() any {
		p := make(places, len(q.steps))
		return &p
	}
	return q, nil
}

// Validate checks that the counts are possible in a valid model: cells without
// weight are empty, every group has the size that the earlier steps give it, and
// exceptions are about cells of the model's controls.
func (a *Allocation) Validate(m *Model) error {
	if a.N < 1 || a.N > MaxPersons {
		return fmt.Errorf("it has %d persons, want 1 to %d", a.N, MaxPersons)
	}
	if len(a.Steps) != len(m.Steps) {
		return fmt.Errorf("it has %d steps, the model has %d", len(a.Steps), len(m.Steps))
	}
	for i := range m.Steps {
		if err := m.checkCounts(i, a); err != nil {
			return fmt.Errorf("step of %q: %w", m.Vars[m.Steps[i].Var].Name, err)
		}
	}
	for _, x := range a.Exceptions {
		if x.Control < 0 || x.Control >= len(m.Controls) || x.Cell < 0 || x.Cell >= len(m.Controls[x.Control].Share) {
			return fmt.Errorf("cell %d of control %d is not in the model", x.Cell, x.Control)
		}
	}
	return nil
}

func (m *Model) checkCounts(i int, a *Allocation) error {
	s, counts := &m.Steps[i], &a.Steps[i]
	if len(counts.Cell) != len(counts.Count) {
		return fmt.Errorf("%d cells and %d counts, want as many", len(counts.Cell), len(counts.Count))
	}
	left := m.groups(i, a)
	card := m.Vars[s.Var].Card
	for k, cell := range counts.Cell {
		switch n := counts.Count[k]; {
		case int(cell) >= len(s.Weight) || cell < 0 || k > 0 && cell <= counts.Cell[k-1]:
			return fmt.Errorf("cell %d is outside the table or not in ascending order", cell)
		case s.Weight[cell] == 0:
			return fmt.Errorf("cell %d has people but no weight", cell)
		case n < 1 || n > left[int(cell)/card]:
			return fmt.Errorf("the count %d of cell %d does not agree with the earlier steps", n, cell)
		default:
			left[int(cell)/card] -= n
		}
	}
	for g, n := range left {
		if n != 0 {
			return fmt.Errorf("%d persons of group %d have no value", n, g)
		}
	}
	return nil
}

// thread returns the look-up tables of step i.
func (m *Model) thread(i int, a *Allocation) thread {
	s, counts := &m.Steps[i], &a.Steps[i]
	card := m.Vars[s.Var].Card
	t := thread{variable: s.Var, parent: -1, key: rng.New(a.Seed, m.Vars[s.Var].Name).Key()}
	number := make([]int32, len(s.Weight)/card) // of the groups that have people
	before := -1
	for k, cell := range counts.Cell {
		g := int(cell) / card
		if g != before {
			number[g] = int32(len(t.group))
			t.group = append(t.group, group{first: int32(k)})
			before = g
		}
		at := &t.group[len(t.group)-1]
		t.value = append(t.value, cell%int32(card))
		t.below = append(t.below, at.size)
		at.size += counts.Count[k]
		at.last = int32(k)
	}
	if len(s.Given) == 0 {
		return t
	}
	t.parent = m.host(s.Given)
	to := m.project(m.Steps[t.parent].scope(), s.Given)
	taken := make([]int32, len(t.group))
	parent := &a.Steps[t.parent]
	for k, cell := range parent.Cell {
		g := number[to.at(int(cell))]
		t.enter = append(t.enter, entry{g, taken[g]})
		taken[g] += parent.Count[k]
	}
	return t
}

// Persons returns the size of the population.
func (q *Quota) Persons() int64 { return q.persons }

// Fill sets codes[v][j] to the value of variable v of person first+j. codes has a
// slice for every variable of the model, all of the same length. The persons must
// be within the population: first >= 0 and first+len(codes[0]) <= Persons().
func (q *Quota) Fill(first int64, codes [][]int32) {
	p := q.scratch.Get().(*places)
	defer q.scratch.Put(p)
	n := len(codes[0])
	for from := 0; from < n; from += block {
		to := min(from+block, n)
		for i := range q.steps {
			out := codes[q.steps[i].variable][from:to]
			q.steps[i].fill(first+int64(from), *p, i, out)
		}
	}
}

// fill takes a block of persons through one step.
func (t *thread) fill(first int64, p places, step int, out []int32) {
	own := p[step][:len(out)]
	if t.parent < 0 {
		for j := range own {
			own[j] = t.draw(entry{0, int32(first + int64(j))})
		}
	} else {
		for j, at := range p[t.parent][:len(out)] {
			in := t.enter[at.cell]
			own[j] = t.draw(entry{in.group, in.rank + at.rank})
		}
	}
	for j, at := range own {
		out[j] = t.value[at.cell]
	}
}

// draw shuffles a person's rank within its group and returns its place. A group
// with a single cell needs no shuffling, because the next step shuffles too.
func (t *thread) draw(at entry) place {
	g := &t.group[at.group]
	if g.first == g.last {
		return place{g.first, at.rank}
	}
	key := rng.Mix(t.key + uint64(at.group)*groupStride)
	rank := int32(rng.NewPermutation(int64(g.size), key).At(int64(at.rank)))
	cell, last := g.first, g.last
	for cell < last { // the last cell that starts at or before rank
		middle := (cell + last + 1) / 2
		if t.below[middle] <= rank {
			cell = middle
		} else {
			last = middle - 1
		}
	}
	return place{cell, rank - t.below[cell]}
}

// groupStride is the distance between the keys of a step's groups; any odd number
// works.
const groupStride = 0xD1B54A32D192ED03
