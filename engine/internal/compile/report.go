package compile

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/plan"
)

// slice restricts the fit to the persons wanted.
func (c *compiler) slice() {
	wanted, mass, err := c.sliced(c.whole)
	if err != nil || mass <= 0 {
		c.diags.Errorf(c.spec.Population.Where.Place, "nobody-wanted", "according to the tables, nobody meets the population's where: %s", c.plan.Population.Where).WithHint("widen the condition")
		return
	}
	c.wanted, c.plan.Population.Wanted = wanted, mass
}

// sliced returns the distribution of the persons wanted, and their share of everyone.
func (c *compiler) sliced(whole *fit.Result) (*fit.Result, float64, error) {
	if c.where == nil {
		return whole, 1, nil
	}
	where := c.onVariables(*c.where)
	s := fit.Support{Name: "where", Scope: where.scope, Allowed: make([]bool, len(where.cell))}
	for k, cell := range where.cell {
		s.Allowed[k] = cell != 0
	}
	return whole.Slice(s)
}

// reportTables describes each table in the plan, in the order of the spec: its
// published, reconciled and fitted shares.
func (c *compiler) reportTables() {
	for i := range c.spec.Tables {
		at := c.tableNamed(c.spec.Tables[i].Name)
		c.plan.Tables = append(c.plan.Tables, c.reportTable(&c.tables[at], &c.whole.Certificates[at]))
	}
}

func (c *compiler) tableNamed(name string) int {
	return slices.IndexFunc(c.tables, func(f figures) bool { return f.spec.Name == name })
}

func (c *compiler) reportTable(f *figures, cert *fit.Certificate) (t plan.Table) {
	t = plan.Table{
		Name: f.spec.Name, Title: f.spec.Title, Role: f.spec.Role, Given: f.given,
		Source: f.spec.Source, Year: f.spec.Year, Status: f.spec.Status, Note: f.spec.Note,
		Published: f.share, Reconciled: make([]float64, len(f.share)), Fitted: make([]float64, len(f.share)), Mass: make([]float64, f.rows),
		Moved: cert.Moved, TVD: cert.TVD, Expected: -1,
	}
	if f.given > 0 && t.Role == "margin" {
		t.Role = "conditional"
	}
	if f.spec.Where != nil {
		t.Where = f.spec.Where.Text
	}
	if f.spec.Rows != nil {
		t.File = c.spec.FileName(f.spec.Rows.Path)
	}
	if f.spec.Microdata != nil {
		t.File, t.Microdata = c.spec.FileName(f.spec.Microdata.Path), f.microdata
	}
	for _, field := range f.fields {
		t.Fields, t.Labels = append(t.Fields, field.Name), append(t.Labels, field.Domain.AllLabels())
	}
	if f.open != nil {
		defer c.reportOpen(f, &t)
	}
	persons := math.Max(1, float64(c.plan.Population.Persons))
	for row, r := range f.fitRow {
		t.Mass[r] = cert.Mass[row]
	}
	for cell, k := range f.fitCell {
		t.Reconciled[k], t.Fitted[k] = cert.Reconciled[cell], cert.Fitted[cell]
		if moved := math.Abs(t.Reconciled[k]-t.Published[k]) * t.Mass[k/f.inRow] * persons; moved > t.MovedPersons {
			t.MovedPersons, t.WorstCell = moved, f.describe(k)
		}
	}
	return t
}

// reportOpen gives the cells of a table that it leaves open their share in the fitted
// model, and the others their part of what is left, so that the figures are about the
// same persons as the data.
func (c *compiler) reportOpen(f *figures, t *plan.Table) {
	part := c.onVariables(f.all)
	marginal, err := c.whole.Marginal(part.scope)
	if err != nil {
		return // the table is in a clique of the fit
	}
	mass := make([]float64, len(f.share))
	for k, cell := range part.cell {
		if cell >= 0 {
			mass[cell] += marginal[k]
		}
	}
	t.Published = slices.Clone(t.Published) // f.share is not changed
	for r := range f.rows {
		from, to := r*f.inRow, (r+1)*f.inRow
		all, open := sum(mass[from:to]), 0.0
		for k := from; k < to; k++ {
			if f.open[k] {
				open += mass[k]
			}
		}
		if all <= 0 || open <= 0 {
			continue
		}
		first, merged := f.merged[r]
		for _, share := range [][]float64{t.Published, t.Reconciled, t.Fitted} {
			left, scale := open/all, 1-open/all // of the open cells, and of the others
			if merged {
				left, scale = share[first], 1
			}
			for k := from; k < to; k++ {
				if f.open[k] {
					share[k] = left * mass[k] / open
				} else {
					share[k] *= scale
				}
			}
		}
		t.Mass[r] = all
	}
}
