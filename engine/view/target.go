package view

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/view/store"
)

// targets are the distributions that the plan demands of everyone, from which the
// target of a field, of two fields, or of persons with some values follows.
type targets struct {
	plan     *plan.Plan
	table    *store.Table
	expected []*plan.Expected // for everyone, those with the fewest cells first
	bases    selections
}

func newTargets(p *plan.Plan, t *store.Table) *targets {
	out := &targets{plan: p, table: t, bases: selections{most: 4096}}
	for i := range p.Expected {
		if e := &p.Expected[i]; e.Universe == nil {
			out.expected = append(out.expected, e)
		}
	}
	slices.SortStableFunc(out.expected, func(a, b *plan.Expected) int { return len(a.Share) - len(b.Share) })
	return out
}

// fieldView is how a field is known from a field of a distribution: as itself, or as a function
// of it that the rows show, such as an age group of the age.
type fieldView struct {
	field string // of the distribution
	value []any  // per slot, what the field has there; unknown where no row has it
}

// unknown is the value of a slot that no row shows.
type unknown struct{}

// base returns the field of which another, with a column, is a function by the plan, and
// what it has for each of its slots; false if it is not such a function.
func (t *targets) base(name string) (fieldView, bool) {
	f := t.plan.Field(name)
	if f == nil || f.Class != kind.Derived || !f.Finite() || len(f.Inputs) != 1 {
		return fieldView{}, false
	}
	of := t.plan.Field(f.Inputs[0])
	to, from := t.table.Column(name), t.table.Column(f.Inputs[0])
	if of == nil || !of.Finite() || to == nil || from == nil || !to.Coded() || !from.Coded() {
		return fieldView{}, false
	}
	found, err := remember(&t.bases, name, func() ([]any, error) {
		codes := make([]int, from.Slots())
		for row := range t.table.Rows {
			codes[from.Code(row)] = to.Code(row) + 1
		}
		byValue := map[any]any{}
		for code, x := range codes {
			if x > 0 && code <= from.NullCode() {
				byValue[from.Value(code)] = to.Value(x - 1)
			}
		}
		values := make([]any, of.Slots())
		for slot := range values {
			v, ok := byValue[t.value(of.Name, slot)]
			if values[slot] = v; !ok {
				values[slot] = unknown{}
			}
		}
		return values, nil
	})
	return fieldView{of.Name, found}, err == nil
}

// views returns how fields are known from a distribution; false if one is not.
func (t *targets) views(e *plan.Expected, fields []string) (map[string]fieldView, bool) {
	out := map[string]fieldView{}
	for _, name := range fields {
		if at := slices.Index(e.Fields, name); at >= 0 {
			values := make([]any, e.Slots[at])
			for slot := range values {
				values[slot] = t.value(name, slot)
			}
			out[name] = fieldView{name, values}
			continue
		}
		v, ok := t.base(name)
		if !ok || !slices.Contains(e.Fields, v.field) {
			return nil, false
		}
		out[name] = v
	}
	return out, true
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
		if views, ok := t.views(e, fields); ok {
			return sum(e, views, axes, terms)
		}
	}
	return nil
}

// sum adds the shares of a distribution over the bins, and divides them by the share of
// the persons selected.
func sum(e *plan.Expected, views map[string]fieldView, axes []*store.Axis, terms []Term) []float64 {
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
		v := views[a.Column.Field.Name]
		at := slices.Index(e.Fields, v.field)
		if bins[at] == nil {
			bins[at] = make([]int, e.Slots[at])
		}
		for slot := range bins[at] {
			if bin := binOf(a, v.value[slot]); bin < 0 || bins[at][slot] < 0 {
				bins[at][slot] = -1
			} else {
				bins[at][slot] += bin * stride
			}
		}
	}
	accepted := make([][]bool, len(e.Fields))
	for _, x := range terms {
		v := views[x.Field]
		at := slices.Index(e.Fields, v.field)
		if accepted[at] == nil {
			accepted[at] = slices.Repeat([]bool{true}, e.Slots[at])
		}
		for slot := range accepted[at] {
			_, lost := v.value[slot].(unknown)
			accepted[at][slot] = accepted[at][slot] && !lost && x.filter.Accept(v.value[slot])
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

// binOf returns the bin of a value, -1 for none. A value that nobody has is in no bin of
// single values, and in the interval that holds it.
func binOf(a *store.Axis, value any) int {
	switch x := value.(type) {
	case nil:
		return a.NullBin()
	case int64:
		return a.BinOf(float64(x))
	case float64:
		return a.BinOf(x)
	case unknown:
		return -1
	}
	return a.BinOfValue(value)
}
