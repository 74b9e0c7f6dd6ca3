package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// slice takes the persons wanted out of everyone.
func (c *compiler) slice() {
	c.wanted = c.whole
	if c.where == nil {
		return
	}
	where := c.onVariables(*c.where)
	s := fit.Support{Name: "where", Scope: where.scope, Allowed: make([]bool, len(where.cell))}
	for k, cell := range where.cell {
		s.Allowed[k] = cell != 0
	}
	wanted, mass, err := c.whole.Slice(s)
	if err != nil || mass <= 0 {
		c.diags.Errorf(c.spec.Population.Where.Place, "nobody-wanted", "the tables leave nobody who meets the population's where: %s", c.plan.Population.Where).WithHint("widen it")
		return
	}
	c.wanted, c.plan.Population.Wanted = wanted, mass
}

// reportTables says of each table, in the order of the spec, what was published
// and what became of it.
func (c *compiler) reportTables() {
	for i := range c.spec.Tables {
		at := c.tableNamed(c.spec.Tables[i].Name)
		c.plan.Tables = append(c.plan.Tables, c.reportTable(&c.tables[at], &c.whole.Certificates[at]))
	}
}

func (c *compiler) tableNamed(name string) int {
	return slices.IndexFunc(c.tables, func(f figures) bool { return f.spec.Name == name })
}

func (c *compiler) reportTable(f *figures, cert *fit.Certificate) Table {
	t := Table{
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
	if f.spec.CSV != nil {
		t.File = c.spec.FileName(f.spec.CSV.Path)
	}
	for _, field := range f.fields {
		t.Fields, t.Labels = append(t.Fields, field.Name), append(t.Labels, field.Domain.AllLabels())
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

// expect lists every distribution that the persons wanted follow: the margin
// of each finite field, each table, each joint.
func (c *compiler) expect() {
	for _, f := range c.plan.Fields {
		if f.Finite() && f.Kind != "constant" {
			c.expected(Expected{Name: f.Name, Origin: "margin", Fields: []string{f.Name}}, nil, f.Place)
		}
	}
	for i := range c.plan.Tables {
		t := &c.spec.Tables[i]
		e := Expected{Name: t.Name, Origin: "table", Table: t.Name, Fields: c.plan.Tables[i].Fields}
		c.plan.Tables[i].Expected = c.expected(e, t.Where, t.Place)
	}
	for _, j := range c.spec.Joints {
		var fields []string
		for _, t := range j.Fields {
			fields = append(fields, t.Value)
		}
		c.expected(Expected{Name: jointName(j), Origin: "joint", Fields: fields}, nil, j.Place)
	}
}

// jointName names a joint by its fields, as in "sex x age".
func jointName(j spec.Joint) string {
	name := ""
	for i, t := range j.Fields {
		if i > 0 {
			name += " x "
		}
		name += t.Value
	}
	return name
}

// expected fills in and adds one distribution, and returns its position; a
// distribution over the same fields and universe is not added twice.
func (c *compiler) expected(e Expected, where *spec.Condition, at diag.Place) int {
	part, ok := c.mustJoin(e.Fields, at)
	if !ok {
		return -1
	}
	if where != nil {
		e.Universe = c.kinds.Select([]*spec.Condition{where})
		part = c.space.restrict(part, c.space.compose(e.Universe, c.kinds.Fields))
	}
	part = c.onVariables(part)
	marginal, err := c.wanted.Marginal(part.scope)
	if err != nil {
		c.diags.Errorf(at, "marginal", "cannot read the joint of %v off the fit: %v", e.Fields, err).WithHint("use groups with fewer values")
		return -1
	}
	e.Share = make([]float64, part.cells)
	inside, outside := 0.0, 0.0
	for k, p := range marginal {
		if cell := part.cell[k]; cell >= 0 {
			e.Share[cell] += p
			inside += p
		} else {
			outside += p
		}
	}
	if inside == 0 {
		return -1
	}
	if outside == 0 {
		e.Universe = nil
	}
	for _, name := range e.Fields {
		e.Slots = append(e.Slots, c.kinds.Fields[name].Slots())
	}
	for i, old := range c.plan.Expected {
		if slices.Equal(old.Fields, e.Fields) && (old.Universe == nil) == (e.Universe == nil) &&
			(e.Universe == nil || slices.Equal(old.Universe.Fields, e.Universe.Fields) && slices.Equal(old.Universe.Case, e.Universe.Case)) {
			return i
		}
	}
	e.Rank = min(len(e.Fields), 3)
	if e.Universe != nil {
		e.Rank = min(e.Rank+1, 3)
	}
	c.plan.Expected = append(c.plan.Expected, e)
	c.controls = append(c.controls, newControl(len(c.plan.Expected)-1, &e, part))
	return len(c.plan.Expected) - 1
}

// control is what the sampler follows of one of plan.Expected. Its cells are
// numbered in the order of the space and it is named by what it is about, so
// that the spec's order of axes, labels and tables does not reach the sampler.
type control struct {
	sample.Control
	ref ControlRef
}

func newControl(expected int, e *Expected, part constraint) control {
	axes := slices.Sorted(slices.Values(e.Fields))
	name := strings.Join(axes, " x ")
	if e.Universe != nil {
		name += " within " + strings.Join(e.Universe.Fields, " x ")
	}
	x := control{sample.Control{Name: name, Scope: part.scope, Cell: make([]int32, len(part.cell)), Rank: e.Rank}, ControlRef{Expected: expected}}
	number := make([]int32, part.cells)
	for k, cell := range part.cell {
		if cell < 0 {
			x.Cell[k] = -1
			continue
		}
		if number[cell] == 0 {
			x.Share, x.ref.Cell = append(x.Share, e.Share[cell]), append(x.ref.Cell, cell)
			number[cell] = int32(len(x.Share))
		}
		x.Cell[k] = number[cell] - 1
	}
	return x
}

// uncovered is a drawn field that has no entry for some configurations of the
// fields it is given.
type uncovered interface {
	Uncovered() (fields []string, configs []int)
}

// checkCoverage reports a drawn field without an entry for somebody who can
// occur.
func (c *compiler) checkCoverage() {
	for _, f := range c.plan.Fields {
		u, ok := f.Program.(uncovered)
		if !ok {
			continue
		}
		given, missing := u.Uncovered()
		if len(missing) == 0 || !c.fits(given, f.Place) {
			continue
		}
		c.checkCovered(f, given, missing)
	}
}

func (c *compiler) checkCovered(f *kind.Field, given []string, missing []int) {
	names := given
	if f.When != nil {
		for _, name := range f.When.Fields {
			if !slices.Contains(names, name) {
				names = append(slices.Clip(names), name)
			}
		}
	}
	if !c.fits(names, f.Place) {
		return
	}
	part := c.space.join(given, c.kinds.Fields)
	if f.When != nil {
		part = c.space.restrict(part, c.space.compose(f.When, c.kinds.Fields))
	}
	part = c.onVariables(part)
	marginal, err := c.wanted.Marginal(part.scope)
	if err != nil {
		c.diags.Errorf(f.Place, "marginal", "cannot tell whether field %q has an entry for everybody: %v", f.Name, err).WithHint("give it fewer fields")
		return
	}
	mass := make([]float64, part.cells)
	for k, p := range marginal {
		if cell := part.cell[k]; cell >= 0 {
			mass[cell] += p
		}
	}
	head := &figures{}
	for _, name := range given {
		head.fields = append(head.fields, c.kinds.Fields[name])
	}
	var worst []int
	total := 0.0
	for _, k := range missing {
		if mass[k] > 0 {
			worst, total = append(worst, k), total+mass[k]
		}
	}
	if len(worst) == 0 {
		return
	}
	slices.SortStableFunc(worst, func(a, b int) int { return -compare(mass[a], mass[b]) })
	d := c.diags.Errorf(f.Place, "no-entry", "field %q has no entry for %d combinations that occur, %.3g %% of persons", f.Name, len(worst), 100*total).
		WithHint("add entries for them, an entry for any value, or declare the combinations impossible")
	for i, k := range worst {
		if i == 5 {
			d.Note("and %d more", len(worst)-i)
			break
		}
		d.Note("%s: %.3g %% of persons", head.describeSlot(k), 100*mass[k])
	}
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// describeSlot names a configuration numbered over slots (null last).
func (f *figures) describeSlot(slot int) string {
	text := ""
	for i := len(f.fields) - 1; i >= 0; i-- {
		field := f.fields[i]
		value := "null"
		if v := slot % field.Slots(); v < field.Domain.Size() {
			value = fmt.Sprintf("%q", field.Domain.Label(v))
		}
		slot /= field.Slots()
		if text != "" {
			text = ", " + text
		}
		text = field.Name + " " + value + text
	}
	return text
}
