package view

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/view/store"
)

// targets are the distributions that the plan demands of everyone, from which the
// target of a field, of two fields, or of persons with some values follows.
type targets struct {
	plan     *plan.Plan
	table    *store.Table
	expected []*plan.Expected // for everyone, those with the fewest cells first
}

func newTargets(p *plan.Plan, t *store.Table) *targets {
	out := &targets{plan: p, table: t}
	for i := range p.Expected {
		if e := &p.Expected[i]; e.Universe == nil {
			out.expected = append(out.expected, e)
		}
	}
	slices.SortStableFunc(out.expected, func(a, b *plan.Expected) int { return len(a.Share) - len(b.Share) })
	return out
}

// of returns the shares that the bins of one or two axes, row-major, should have among the
// persons whom the terms select; nil if the plan does not say.
func (t *targets) of(axes []*store.Axis, terms []Term) []float64 {
	if t == nil {
		return nil
	}
	var fields []string
	for _, a := range axes {
		fields = append(fields, a.Column.Field.Name)
	}
	for _, x := range terms {
		fields = append(fields, x.Field)
	}
	for _, e := range t.expected {
		if !slices.ContainsFunc(fields, func(name string) bool { return !slices.Contains(e.Fields, name) }) {
			return t.sum(e, axes, terms)
		}
	}
	return nil
}

// sum adds the shares of a distribution over the bins, and divides them by the share of
// the persons selected.
func (t *targets) sum(e *plan.Expected, axes []*store.Axis, terms []Term) []float64 {
	size := 1
	for _, a := range axes {
		size *= len(a.Bins)
	}
	bins := make([][]int, len(e.Fields)) // of the result, per field and slot; nil for other fields
	for k, a := range axes {
		stride := 1
		for _, next := range axes[k+1:] {
			stride *= len(next.Bins)
		}
		at := slices.Index(e.Fields, a.Column.Field.Name)
		of := t.bins(a, e, at)
		if of == nil {
			return nil
		}
		if bins[at] == nil {
			bins[at] = make([]int, e.Slots[at])
		}
		for slot, bin := range of {
			if bin < 0 || bins[at][slot] < 0 {
				bins[at][slot] = -1
			} else {
				bins[at][slot] += bin * stride
			}
		}
	}
	accepted := make([][]bool, len(e.Fields))
	for _, x := range terms {
		at := slices.Index(e.Fields, x.Field)
		if accepted[at] == nil {
			accepted[at] = slices.Repeat([]bool{true}, e.Slots[at])
		}
		for slot := range accepted[at] {
			accepted[at][slot] = accepted[at][slot] && x.filter.Accept(t.value(e.Fields[at], slot))
		}
	}
	out, total := make([]float64, size), 0.0
	codes := make([]int, len(e.Fields))
	for _, share := range e.Share {
		cell, in := 0, true
		for k, slot := range codes {
			if accepted[k] != nil && !accepted[k][slot] {
				in = false
			}
			if bins[k] != nil {
				if bins[k][slot] < 0 {
					cell = -1
				} else if cell >= 0 {
					cell += bins[k][slot]
				}
			}
		}
		if in {
			total += share
			if cell >= 0 {
				out[cell] += share
			}
		}
		for k := len(codes) - 1; k >= 0; k-- {
			if codes[k]++; codes[k] < e.Slots[k] {
				break
			}
			codes[k] = 0
		}
	}
	if total <= 0 {
		return nil
	}
	for i := range out {
		out[i] /= total
	}
	return out
}

// value returns the value of a slot of a field, nil for null. Labels are those of the
// files, which aliases may change.
func (t *targets) value(field string, slot int) any {
	if c := t.table.Column(field); c != nil && c.Field.Type == frame.Category && slot < c.Values() {
		return c.Value(slot)
	}
	if d := t.plan.Field(field).Domain; slot < d.Size() {
		return d.Value(slot)
	}
	return nil
}

// bins returns the bin of each slot of a field, -1 for none. A value that nobody has is in
// no bin of single values, and in the interval that holds it.
func (t *targets) bins(a *store.Axis, e *plan.Expected, at int) []int {
	of := make([]int, e.Slots[at])
	null := a.NullBin()
	for slot := range of {
		switch v := t.value(e.Fields[at], slot); x := v.(type) {
		case nil:
			of[slot] = null
		case int64:
			of[slot] = a.BinOf(float64(x))
		default:
			of[slot] = a.BinOfCode(slot)
		}
	}
	return of
}
