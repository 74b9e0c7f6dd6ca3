package sample

import (
	"context"
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Allocation holds the integer counts of a population of N persons: everything
// that Quota needs beside the model. It is plain data and does not grow with N.
type Allocation struct {
	N    int64  `json:"n"`
	Seed uint64 `json:"seed"`
	// Steps holds the counts of each step of the model.
	Steps []Counts `json:"steps"`
	// Deviations says, per control of the model, how well it was met.
	Deviations []Deviation `json:"deviations"`
	// Exceptions lists every controlled cell that is more than one person away
	// from its target.
	Exceptions []Exception `json:"exceptions,omitempty"`
}

// Counts lists the cells of a step that have people, ascending.
type Counts struct {
	Cell  []int32 `json:"cell"`
	Count []int32 `json:"count"` // persons, > 0
}

// Deviation sums up one control, in persons.
type Deviation struct {
	Worst  float64 `json:"worst"`  // largest |count - target|
	Cell   int     `json:"cell"`   // where
	Beyond int     `json:"beyond"` // cells listed as exceptions
}

// Exception is a controlled cell that could not be met, in persons.
type Exception struct {
	Control int     `json:"control"` // index into Model.Controls
	Cell    int     `json:"cell"`
	Count   int64   `json:"count"`
	Target  float64 `json:"target"`
}

// Allocate finds the counts of n persons, 1 to MaxPersons. Step by step the
// expected table is rounded without bias to integers that keep the counts of
// the earlier steps, and then people are moved within it until every control is
// at its floor or its ceiling and every limit holds. What cannot be met is listed
// in Exceptions.
//
// The result depends on the model, n and the seed only. A step at the end of
// the model that no control knows changes none of the earlier counts.
//
// Errors are those of Model.Validate, a size out of range, and ctx's.
func Allocate(ctx context.Context, m *Model, n int64, seed uint64) (*Allocation, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if n < 1 || n > MaxPersons {
		return nil, fmt.Errorf("cannot allocate %d persons, want 1 to %d", n, MaxPersons)
	}
	a := &Allocation{N: n, Seed: seed}
	limits := m.held()
	targets := m.targets(limits)
	for i := range m.Steps {
		b := m.newBoard(i, a)
		b.bind(m, &m.Steps[i], append(targets[i], m.limitsAt(i, limits, a)...), n)
		if err := b.solve(ctx); err != nil {
			return nil, err
		}
		a.Steps = append(a.Steps, b.counts())
	}
	m.review(a)
	return a, nil
}

// newBoard lays out the table of step i over the rows that have people.
func (m *Model) newBoard(i int, a *Allocation) *board {
	s := &m.Steps[i]
	b := &board{card: m.Vars[s.Var].Card, source: rng.New(a.Seed, "allocate "+m.Vars[s.Var].Name).Source()}
	for row, n := range m.groups(i, a) {
		if n == 0 {
			continue
		}
		weight := s.Weight[row*b.card : (row+1)*b.card]
		sum := 0.0
		for _, w := range weight {
			sum += w
		}
		for _, w := range weight {
			b.want = append(b.want, float64(w/sum*float64(n)))
		}
		b.row = append(b.row, int32(row))
		b.size = append(b.size, n)
	}
	b.have = make([]int32, len(b.want))
	return b
}

// groups returns the number of persons per configuration of step i's Given.
func (m *Model) groups(i int, a *Allocation) []int32 {
	s := &m.Steps[i]
	if len(s.Given) == 0 {
		return []int32{int32(a.N)}
	}
	return m.marginal(m.host(s.Given), s.Given, a)
}

// marginal sums the counts of a step over all but the variables of part.
func (m *Model) marginal(step int, part []int, a *Allocation) []int32 {
	to := m.project(m.Steps[step].scope(), part)
	out := make([]int32, product(m.cards(part)))
	counts := &a.Steps[step]
	for k, cell := range counts.Cell {
		out[to.at(int(cell))] += counts.Count[k]
	}
	return out
}

// widest is the largest number of columns for which two-way rounding pays.
const widest = 256

// solve finds the counts of the board.
func (b *board) solve(ctx context.Context) error {
	b.rake()
	if len(b.limits) > 0 && len(b.row) > 1 && b.card <= widest {
		roundTable(b.want, b.card, b.size, b.have, b.source)
	} else {
		for r, n := range b.size {
			roundSystematic(b.want[r*b.card:(r+1)*b.card], n, b.have[r*b.card:(r+1)*b.card], b.source)
		}
	}
	b.count()
	return b.repair(ctx)
}

// counts returns the cells that have people.
func (b *board) counts() Counts {
	var out Counts
	for i, n := range b.have {
		if n > 0 {
			row := int(b.row[i/b.card])
			out.Cell = append(out.Cell, int32(row*b.card+i%b.card))
			out.Count = append(out.Count, n)
		}
	}
	return out
}

// review compares the counts with every control.
func (m *Model) review(a *Allocation) {
	for i := range m.Controls {
		c := &m.Controls[i]
		d := Deviation{}
		for cell, count := range m.tally(c, a) {
			target := float64(c.Share[cell] * float64(a.N))
			off := math.Abs(float64(count) - target)
			if off > d.Worst {
				d.Worst, d.Cell = off, cell
			}
			if off > 1+whole {
				d.Beyond++
				a.Exceptions = append(a.Exceptions, Exception{i, cell, count, target})
			}
		}
		a.Deviations = append(a.Deviations, d)
	}
}

// tally returns the persons in each cell of a control.
func (m *Model) tally(c *Control, a *Allocation) []int64 {
	out := make([]int64, len(c.Share))
	for configuration, n := range m.marginal(m.host(c.Scope), c.Scope, a) {
		if cell := c.Cell[configuration]; cell >= 0 {
			out[cell] += int64(n)
		}
	}
	return out
}
