package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileConditions tries the conditions of the spec on every value of their
// fields: who is wanted, which combinations are impossible, and who has a value. It
// also compiles the joints.
func (c *compiler) compileConditions() {
	if w := c.spec.Population.Where; w != nil {
		if sel, fn, ok := c.condition(w); ok {
			c.plan.Population.Where, c.plan.Population.Selector = w.Text, sel
			c.where = &constraint{scope: fn.scope, cell: fn.code, cells: 2}
			if !holdsSomewhere(fn) {
				c.diags.Errorf(w.Place, "nobody-wanted", "no combination of values meets the population's where: %s", w.Text).WithHint("widen the condition")
			}
		}
	}
	for _, w := range c.spec.Impossible {
		if sel, fn, ok := c.condition(w); ok {
			c.plan.Impossible = append(c.plan.Impossible, plan.Impossible{Text: w.Text, Selector: sel})
			c.zeros = append(c.zeros, zero{"impossible: " + w.Text, allowedWhere(fn, func(code int32) bool { return code == 0 })})
		}
	}
	for i, f := range c.space.fields {
		if f.When != nil {
			c.zeros = append(c.zeros, zero{fmt.Sprintf("field %q has a value only when %s", f.Name, f.WhenText), c.nullExactlyUnless(i, f)})
		}
	}
	slices.SortStableFunc(c.zeros, func(a, b zero) int { return strings.Compare(a.text, b.text) })
	for _, j := range c.spec.Joints {
		c.compileJoint(j)
	}
}

// zero is a structural zero: no person has a combination of cell 0. The text names
// the support of the fit, so it is part of every person's identity and must not
// be reworded: see package identity.
type zero struct {
	text string // as the user wrote it
	constraint
}

// condition compiles a condition to a selector and to a function of the fitted
// fields.
func (c *compiler) condition(w *spec.Condition) (*kind.Selector, function, bool) {
	sel := c.kinds.Select([]*spec.Condition{w})
	if sel == nil || !c.fits(sel.Fields, w.Place) {
		return nil, function{}, false
	}
	return sel, c.space.compose(sel, c.kinds.Fields), true
}

// holdsSomewhere reports whether some configuration meets a condition.
func holdsSomewhere(fn function) bool {
	for _, code := range fn.code {
		if code != 0 {
			return true
		}
	}
	return false
}

// allowedWhere makes a constraint of a function: cell 1 where a code is allowed, 0
// where it is not.
func allowedWhere(fn function, allowed func(code int32) bool) constraint {
	x := constraint{scope: fn.scope, cell: make([]int32, len(fn.code)), cells: 2}
	for k, code := range fn.code {
		if allowed(code) {
			x.cell[k] = 1
		}
	}
	return x
}

// nullExactlyUnless allows null of a fitted field where its when does not hold,
// and only there.
func (c *compiler) nullExactlyUnless(variable int, f *kind.Field) constraint {
	own := c.space.resolve(f.Name, c.kinds.Fields)
	when := c.space.compose(f.When, c.kinds.Fields)
	scope := c.space.union(own.scope, when.scope)
	x := constraint{scope: scope, cell: make([]int32, c.space.size(scope)), cells: 2}
	value, holds := c.space.reader(scope, own), c.space.reader(scope, when)
	null := int32(f.Domain.Size())
	for k := range x.cell {
		if (holds(k) != 0) == (value(k) != null) {
			x.cell[k] = 1
		}
	}
	return x
}

// compileJoint checks that the fields of a joint are finite, and has them share a
// clique.
func (c *compiler) compileJoint(j spec.Joint) {
	names, ok := c.finite(j.Fields)
	if !ok {
		return
	}
	if joint, ok := c.mustJoin(names, j.Place); ok {
		c.joints = append(c.joints, joint)
	}
}

// finite checks that every named field is finite.
func (c *compiler) finite(fields []spec.String) (names []string, ok bool) {
	ok = true
	for _, t := range fields {
		if c.kinds.FiniteField(t.Value, t.Place) == nil {
			ok = false
		}
		names = append(names, t.Value)
	}
	return names, ok
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
