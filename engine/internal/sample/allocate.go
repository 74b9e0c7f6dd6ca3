package sample

import (
	"context"
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
)

// Allocation holds the integer counts of a population of N persons: what Quota
// needs besides the model. Its size does not grow with N.
type Allocation struct {
	N    int64  `json:"n"`
	Seed uint64 `json:"seed"`
	// Steps holds the counts of each step of the model.
	Steps []Counts `json:"steps"`
	// Deviations says how well each control of the model was met.
	Deviations []Deviation `json:"deviations"`
	// Exceptions lists every cell of a control that is more than one person away
	// from its target.
	Exceptions []Exception `json:"exceptions,omitempty"`
}

// Counts lists the cells of a step that have people, in ascending order.
type Counts struct {
	Cell  []int32 `json:"cell"`
	Count []int32 `json:"count"` // persons, > 0
}

// Deviation summarises how well one control was met, in persons.
type Deviation struct {
	Worst  float64 `json:"worst"`  // largest |count - target|
	Cell   int     `json:"cell"`   // the cell with the largest deviation
	Beyond int     `json:"beyond"` // number of cells listed as exceptions
}

// Exception is a cell of a control that could not be met. Count and Target are in
// persons.
type Exception struct {
	Control int     `json:"control"` // index into Model.Controls
	Cell    int     `json:"cell"`
	Count   int64   `json:"count"`
	Target  float64 `json:"target"`
}

// Allocate finds the counts of n persons, 1 to MaxPersons. Step by step it rounds
// the expected table without bias to integers that keep the counts of the earlier
// steps, and then moves people within the table until every control is at its
// floor or ceiling and every limit is met. Exceptions lists what cannot be met.
//
// The result depends only on the model, n and the seed. A step at the end of the
// model that is in no control does not change the counts of the earlier steps.
//
// The error is that of Model.Validate, a size out of range, or that of ctx.
func Allocate(ctx context.Context, m *Model, n int64, seed uint64) (*Allocation, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if n < 1 || n > MaxPersons {
		return nil, fmt.Errorf("cannot allocate %d persons, want 1 to %d", n, MaxPersons)
	}
	a := &Allocation{N: n, Seed: seed}
	limits := m.enforcedLimits()
	targets := m.targets(limits)
	for i := range m.Steps {
		b := m.newStepTable(i, a)
		b.bind(m, &m.Steps[i], append(targets[i], m.limitsAt(i, limits, a)...), n)
		if err := b.solve(ctx); err != nil {
			return nil, err
		}
		a.Steps = append(a.Steps, b.counts())
	}
	m.review(a)
	return a, nil
}

// newStepTable makes the table of step i, with a row for every configuration of
// Given that has people.
func (m *Model) newStepTable(i int, a *Allocation) *stepTable {
	s := &m.Steps[i]
	b := &stepTable{card: m.Vars[s.Var].Card, source: rng.New(a.Seed, "allocate "+m.Vars[s.Var].Name).Source()}
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
			b.expected = append(b.expected, float64(w/sum*float64(n)))
		}
		b.row = append(b.row, int32(row))
		b.size = append(b.size, n)
	}
	b.count = make([]int32, len(b.expected))
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

// marginal sums the counts of a step over all variables except those of part.
func (m *Model) marginal(step int, part []int, a *Allocation) []int32 {
	to := m.project(m.Steps[step].scope(), part)
	out := make([]int32, product(m.cards(part)))
	counts := &a.Steps[step]
	for k, cell := range counts.Cell {
		out[to.at(int(cell))] += counts.Count[k]
	}
	return out
}

// widest is the largest number of columns for which two-way rounding is used.
const widest = 256

// solve finds the counts.
func (b *stepTable) solve(ctx context.Context) error {
	b.rake()
	if len(b.constraints) > 0 && len(b.row) > 1 && b.card <= widest {
		roundTable(b.expected, b.card, b.size, b.count, b.source)
	} else {
		for r, n := range b.size {
			roundSystematic(b.expected[r*b.card:(r+1)*b.card], n, b.count[r*b.card:(r+1)*b.card], b.source)
		}
	}
	b.recount()
	return b.repair(ctx)
}

// counts returns the cells that have people, with their counts.
func (b *stepTable) counts() Counts {
	var out Counts
	for i, n := range b.count {
		if n > 0 {
			row := int(b.row[i/b.card])
			out.Cell = append(out.Cell, int32(row*b.card+i%b.card))
			out.Count = append(out.Count, n)
		}
	}
	return out
}

// review fills Deviations and Exceptions.
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

// tally returns the number of persons in each cell of a control.
func (m *Model) tally(c *Control, a *Allocation) []int64 {
	out := make([]int64, len(c.Share))
	for configuration, n := range m.marginal(m.host(c.Scope), c.Scope, a) {
		if cell := c.Cell[configuration]; cell >= 0 {
			out[cell] += int64(n)
		}
	}
	return out
}
