package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

// rowCellsCheck: a column of a choice has the cell of the row that the person has drawn.
var rowCellsCheck = definition{kind: KindColumn, compile: func(s *shared) check {
	return compileRefilled(s, KindColumn, "that of the row of ", (*kind.Field).RowOf)
}}

// recordCountsCheck: a count of records that are drawn is their number.
var recordCountsCheck = definition{kind: KindRecords, compile: func(s *shared) check {
	return compileRefilled(s, KindRecords, "the number of records of ", (*kind.Field).Counts)
}}

// refilled: fields have the values that their programs give again from what was read.
type refilled struct {
	basis *basis
	kind  string // of outcomes
	value string // what the value is, followed by the field that it is of
	of    []refilledField
}

type refilledField struct {
	column, when int
	field        *kind.Field
	from         string // the field from which the value is taken
}

// compileRefilled compiles the check of the fields for which from names a field.
func compileRefilled(s *shared, outcomes, value string, from func(*kind.Field) string) check {
	c := &refilled{basis: &s.basis, kind: outcomes, value: value}
	for i, f := range s.plan.Fields {
		if of := from(f); of != "" && s.measurable[f.Name] && s.measures(f.Inputs) {
			c.of = append(c.of, refilledField{i, s.coding.mask(f.When), f, of})
		}
	}
	if c.of == nil {
		return nil
	}
	return c
}

type refilledTally struct {
	*refilled
	codes    *codes
	fillers  []kind.Filler
	expected []frame.Column
	found    []violations
}

func (c *refilled) newTally(a *accumulators) tally {
	t := &refilledTally{refilled: c, codes: a.codes, expected: make([]frame.Column, len(c.of)), found: make([]violations, len(c.of))}
	for _, x := range c.of {
		t.fillers = append(t.fillers, x.field.Program.Bind(c.basis.env(x.field)))
	}
	return t
}

func (t *refilledTally) add(b *frame.Batch) {
	for i, x := range t.of {
		want, got := &t.expected[i], &b.Columns[x.column]
		want.Resize(x.field.Type, b.N)
		t.fillers[i].Fill(b, want)
		has := t.codes.taken(x.when)
		for r := range b.N {
			if has != nil && !has[r] {
				want.SetNull(x.field.Type, r, b.N)
			}
			if !got.Equal(x.field.Type, r, want, r) {
				t.found[i].add(b.First + int64(r))
			}
		}
	}
}

func (t *refilledTally) merge(o tally) {
	for i := range t.found {
		t.found[i].merge(&o.(*refilledTally).found[i])
	}
}

func (t *refilledTally) code(c *wire.Coder) { codeViolations(c, t.found) }

func (c *refilled) judge(_ *judging, t tally) (out []finding, _ error) {
	for i, x := range c.of {
		var f verdict
		f.add(&t.(*refilledTally).found[i], "whose value is not "+c.value+x.from)
		o := f.outcome(c.kind, x.field.Name, "every value is "+c.value+x.from)
		o.Fields = slices.Concat(o.Fields, x.field.Inputs)
		out = append(out, only(o)...)
	}
	return out, nil
}
