package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/plan"
)

// poseProblem states the problem of the fit: variables, tables, structural zeros,
// and what must be readable together.
func (c *compiler) poseProblem() {
	for v, f := range c.space.fields {
		c.problem.Vars = append(c.problem.Vars, fit.Var{Name: f.Name, Card: f.Slots()})
		c.plan.Variables = append(c.plan.Variables, plan.Variable{Name: f.Name, Field: f.Name, Card: f.Slots(), Codes: c.space.codes[v]})
	}
	c.splitFields()
	for i := range c.tables {
		c.problem.Tables = append(c.problem.Tables, c.tableProblem(&c.tables[i]))
	}
	for _, of := range c.zeros {
		z := c.onVariables(of.constraint)
		s := fit.Support{Name: of.text, Scope: z.scope, Allowed: make([]bool, len(z.cell))}
		for k, cell := range z.cell {
			s.Allowed[k] = cell != 0
		}
		c.problem.Supports = append(c.problem.Supports, s)
	}
	for _, s := range c.space.splits {
		c.problem.Supports = append(c.problem.Supports, s.support(c.problem.Vars))
	}
	for _, x := range c.readTogether() {
		c.problem.Together = append(c.problem.Together, c.onVariables(x).scope)
	}
	c.poseMeans()
	// The order of the spec must not matter; version 1 of the identity had it.
	c.together = slices.Clone(c.problem.Together)
	slices.SortFunc(c.problem.Together, slices.Compare)
	c.problem.Together = slices.CompactFunc(c.problem.Together, slices.Equal)
}

// tableProblem states a table for the fit, without its rows that have no figures.
func (c *compiler) tableProblem(f *figures) fit.Table {
	part := c.withBands(c.onVariables(f.part))
	t := fit.Table{Name: f.spec.Name, Role: fitRole(f.spec.Role), Scope: part.scope, Rho: f.spec.Weight, Cell: make([]int32, len(part.cell))}
	t.Variance = f.variance()
	cell, row := make([]int32, len(f.share)), make([]int32, f.rows) // numbers in the fit, from 1
	number := func(k int) int32 {
		r := k / f.inRow
		if row[r] == 0 {
			f.fitRow = append(f.fitRow, r)
			row[r] = int32(len(f.fitRow))
		}
		if cell[k] == 0 {
			f.fitCell = append(f.fitCell, k)
			t.Share, t.Row = append(t.Share, f.share[k]), append(t.Row, row[r]-1)
			cell[k] = int32(len(f.fitCell))
		}
		return cell[k] - 1
	}
	for k, at := range part.cell {
		t.Cell[k] = -1
		if at >= 0 {
			t.Cell[k] = number(int(at))
		}
	}
	for k := range f.share { // cells without a configuration: the fit reports those with a figure
		if f.filled[k/f.inRow] {
			number(k)
		}
	}
	f.boundMoves(&t)
	return t
}

func fitRole(role string) fit.Role {
	switch role {
	case "pattern":
		return fit.Pattern
	case "soft":
		return fit.Soft
	}
	return fit.Hard
}

// variance returns how readily a table yields when tables disagree; only ratios matter.
func (f *figures) variance() float64 {
	v := 10.0
	switch f.spec.Status {
	case "official":
		v = 1
	case "derived":
		v = 30
	case "modelled":
		v = 100
	case "assumed":
		v = 1000
	}
	if whole(f.spec.Measure) > 0 && f.spec.Rounded > 0 {
		v *= 3
	}
	return v
}

// boundMoves says in the fit how far a table may move: by the tolerance of the spec, or
// else as far as its figures are rounded.
func (f *figures) boundMoves(t *fit.Table) {
	if f.spec.Tolerance >= 0 {
		t.Tolerance = f.spec.Tolerance
		return
	}
	if t.Role != fit.Hard {
		return
	}
	inRow := make([]float64, f.rows)
	for k := range t.Share {
		cell := f.fitCell[k]
		t.Low, t.High = append(t.Low, f.low[cell]), append(t.High, f.high[cell])
		inRow[t.Row[k]] += max(f.high[cell]-f.share[cell], f.share[cell]-f.low[cell]) / 2
	}
	t.Tolerance = min(1, slices.Max(inRow))
}

func (c *compiler) variableNames(vars []int) []string {
	var names []string
	for _, v := range vars {
		names = append(names, c.plan.Variables[v].Name)
	}
	return names
}
