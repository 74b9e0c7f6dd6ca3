package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

var rowCellsCheck = definition{kind: KindColumn, compile: compileRowCells}

// rowCells: a column of a choice has the cell of the row that the person has drawn.
type rowCells struct {
	basis *basis
	of    []rowCell
}

type rowCell struct {
	column, when int
	field        *kind.Field
}

func compileRowCells(s *shared) check {
	c := &rowCells{basis: &s.basis}
	for i, f := range s.plan.Fields {
		if f.RowOf() != "" && s.measurable[f.Name] && s.measures(f.Inputs) {
			c.of = append(c.of, rowCell{i, s.coding.mask(f.When), f})
		}
	}
	if c.of == nil {
		return nil
	}
	return c
}

type rowCellsTally struct {
	*rowCells
	codes    *codes
	fillers  []kind.Filler
	expected []frame.Column
	found    []violations
}

func (c *rowCells) newTally(a *accumulators) tally {
	t := &rowCellsTally{rowCells: c, codes: a.codes, expected: make([]frame.Column, len(c.of)), found: make([]violations, len(c.of))}
	for _, x := range c.of {
		t.fillers = append(t.fillers, x.field.Program.Bind(&kind.Env{Fields: c.basis.plan.Fields, Field: x.field}))
	}
	return t
}

func (t *rowCellsTally) add(b *frame.Batch) {
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

func (t *rowCellsTally) merge(o tally) {
	for i := range t.found {
		t.found[i].merge(&o.(*rowCellsTally).found[i])
	}
}

func (c *rowCells) judge(_ *judging, t tally) (out []finding, _ error) {
	for i, x := range c.of {
		var f verdict
		f.add(&t.(*rowCellsTally).found[i], "whose value is not that of the row of "+x.field.RowOf())
		o := f.outcome(KindColumn, x.field.Name, "every value is that of the row of "+x.field.RowOf())
		o.Fields = slices.Concat(o.Fields, x.field.Inputs)
		out = append(out, only(o)...)
	}
	return out, nil
}
