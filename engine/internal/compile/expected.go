package compile

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// expect lists every distribution that the persons wanted follow: the margin of each
// finite field, each table, each joint, and the sub-margins of these.
func (c *compiler) expect() {
	for _, f := range c.plan.Fields {
		if f.Finite() && f.Meaning() != kind.Constant {
			c.expected(plan.Expected{Name: f.Name, Origin: "margin", Fields: []string{f.Name}}, nil, f.Place)
		}
	}
	for i := range c.plan.Tables {
		t := &c.spec.Tables[i]
		e := plan.Expected{Name: t.Name, Origin: "table", Table: t.Name, Fields: c.plan.Tables[i].Fields}
		c.plan.Tables[i].Expected = c.expected(e, t.Where, t.Place)
	}
	for _, j := range c.spec.Joints {
		var fields []string
		for _, t := range j.Fields {
			fields = append(fields, t.Value)
		}
		c.expected(plan.Expected{Name: jointName(j), Origin: "joint", Fields: fields}, nil, j.Place)
	}
	c.expectSmoothed()
	c.expectSubMargins()
}

// expected computes and adds a distribution, and returns its position, -1 when it is
// about nobody. A distribution over the same fields and universe is added once.
func (c *compiler) expected(e plan.Expected, where *spec.Condition, at diag.Place) int {
	part, ok := c.distribution(&e, where, at)
	if !ok {
		return -1
	}
	for i := range c.plan.Expected {
		if old := &c.plan.Expected[i]; slices.Equal(old.Fields, e.Fields) && sameUniverse(old, &e) {
			return i
		}
	}
	return c.addExpected(&e, part)
}

// distribution fills in the shares and the universe of a distribution, and returns the
// partition that it counts; ok is false when it is about nobody.
func (c *compiler) distribution(e *plan.Expected, where *spec.Condition, at diag.Place) (part constraint, ok bool) {
	if part, ok = c.mustJoin(e.Fields, at); !ok {
		return part, false
	}
	if where != nil {
		e.Universe = c.kinds.Select([]*spec.Condition{where})
		part = c.space.restrict(part, c.space.compose(e.Universe, c.kinds.Fields))
	}
	part = c.onVariables(part)
	marginal, err := c.wanted.Marginal(part.scope)
	var drawn []float64
	if err == nil && c.strata != nil {
		drawn, err = c.drawn.Marginal(part.scope)
		e.Sample = make([]float64, part.cells)
	}
	if err != nil {
		c.diags.Errorf(at, "marginal", "the joint of %v cannot be read from the fit: %v", e.Fields, err).WithHint("use groups with fewer values")
		return part, false
	}
	e.Share = make([]float64, part.cells)
	inside, outside := 0.0, 0.0
	for k, p := range marginal {
		if cell := part.cell[k]; cell >= 0 {
			e.Share[cell] += p
			inside += p
			if drawn != nil {
				e.Sample[cell] += drawn[k]
			}
		} else {
			outside += p
		}
	}
	if outside == 0 {
		e.Universe = nil
	}
	for _, name := range e.Fields {
		e.Slots = append(e.Slots, c.kinds.Fields[name].Slots())
	}
	return part, inside > 0
}

// addExpected adds a distribution to the plan and to the sampler's controls.
func (c *compiler) addExpected(e *plan.Expected, part constraint) int {
	e.Rank = min(len(e.Fields), 3)
	if e.Universe != nil {
		e.Rank = min(e.Rank+1, 3)
	}
	c.plan.Expected = append(c.plan.Expected, *e)
	c.controls = append(c.controls, newControl(len(c.plan.Expected)-1, e, part))
	return len(c.plan.Expected) - 1
}

func sameUniverse(a, b *plan.Expected) bool {
	if a.Universe == nil || b.Universe == nil {
		return a.Universe == b.Universe
	}
	return slices.Equal(a.Universe.Fields, b.Universe.Fields) && slices.Equal(a.Universe.Case, b.Universe.Case)
}

// control is the sampler's form of one of plan.Expected. Its cells are numbered in
// the order of the space, and it is named by its fields, so that the sample does not
// depend on the spec's order of axes, labels and tables.
type control struct {
	sample.Control
	ref bundle.Control
}

func newControl(expected int, e *plan.Expected, part constraint) control {
	axes := slices.Sorted(slices.Values(e.Fields))
	name := strings.Join(axes, " x ")
	if e.Universe != nil {
		name += " within " + strings.Join(e.Universe.Fields, " x ")
	}
	x := control{sample.Control{Name: name, Scope: part.scope, Cell: make([]int32, len(part.cell)), Rank: e.Rank}, bundle.Control{Expected: expected}}
	number := make([]int32, part.cells)
	for k, cell := range part.cell {
		if cell < 0 {
			x.Cell[k] = -1
			continue
		}
		if number[cell] == 0 {
			x.Share, x.ref.Cell = append(x.Share, e.Sampled()[cell]), append(x.ref.Cell, cell)
			number[cell] = int32(len(x.Share))
		}
		x.Cell[k] = number[cell] - 1
	}
	return x
}
