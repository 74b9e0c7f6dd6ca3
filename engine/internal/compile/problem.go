package compile

import (
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
}

// tableProblem states a table for the fit, without its rows that have no figures.
func (c *compiler) tableProblem(f *figures) fit.Table {
	part := c.withBands(c.onVariables(f.part))
	t := fit.Table{Name: f.spec.Name, Role: fitRole(f.spec.Role), Scope: part.scope, Rho: f.spec.Weight, Cell: make([]int32, len(part.cell))}
	t.Variance, t.Tolerance = trust(f)
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

// trust returns how readily a table yields when tables disagree (a variance; only
// ratios matter) and how far (a share of persons). Both follow from the table's
// status and rounding; a tolerance in the spec takes precedence.
func trust(f *figures) (variance, tolerance float64) {
	switch f.spec.Status {
	case "official":
		variance, tolerance = 1, 0.001
	case "secondary":
		variance, tolerance = 10, 0.005
	case "derived":
		variance, tolerance = 30, 0.01
	case "modelled":
		variance, tolerance = 100, 0.02
	case "assumed":
		variance, tolerance = 1000, 0.05
	default:
		variance, tolerance = 10, 0.001
	}
	if w := whole(f.spec.Measure); w > 0 && f.spec.Rounded > 0 {
		tolerance += f.spec.Rounded / w / 2 * float64(len(f.share)) / 2
		variance *= 3
	}
	if f.spec.Tolerance >= 0 {
		tolerance = f.spec.Tolerance
	}
	return variance, tolerance
}

func (c *compiler) variableNames(vars []int) []string {
	var names []string
	for _, v := range vars {
		names = append(names, c.plan.Variables[v].Name)
	}
	return names
}
