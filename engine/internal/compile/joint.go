package compile

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/kind"
)

// joint returns the joint distribution in a result of some fields, finite ones or drawn
// from lists given finite ones, of those persons who meet a condition (nil for all).
func (c *compiler) joint(names []string, when *kind.Selector, r *fit.Result) (*kind.Joint, error) {
	names = slices.Clone(names)
	basis := c.kinds.FiniteBasis(names)
	part, err := c.joinVariables(basis, when)
	if err != nil {
		return nil, err
	}
	marginal, err := r.Marginal(part.scope)
	if err != nil {
		return nil, err
	}
	j := &kind.Joint{Fields: basis, Mass: make([]float64, part.cells)}
	for _, name := range basis {
		j.Slots = append(j.Slots, c.kinds.Fields[name].Slots())
	}
	for k, p := range marginal {
		if cell := part.cell[k]; cell >= 0 {
			j.Mass[cell] += p
		}
	}
	if slices.Equal(basis, names) {
		return j, nil
	}
	return c.kinds.Draw(names, j), nil
}

// joinVariables is join on the variables of the fit, with the bands of a split field in
// place of its values where they are fine enough for the field: its scope can be much
// smaller. Configurations that do not meet the condition have no cell.
func (c *compiler) joinVariables(names []string, when *kind.Selector) (constraint, error) {
	joint := constraint{cells: 1}
	var fns []function
	add := func(fn function) function {
		x := c.onVariables(constraint{scope: fn.scope, cell: fn.code, cells: fn.slots})
		joint.scope = c.space.union(joint.scope, x.scope)
		return function{scope: x.scope, code: x.cell, slots: fn.slots}
	}
	for _, name := range names {
		fns = append(fns, add(c.space.resolve(name, c.kinds.Fields)))
		joint.cells *= fns[len(fns)-1].slots
	}
	var inside function
	if when != nil {
		inside = add(c.space.compose(when, c.kinds.Fields))
	}
	size := c.space.size(joint.scope)
	if size < 0 || joint.cells > maxConfigurations {
		return joint, fmt.Errorf("fields %v together depend on more than %d combinations of fitted values", names, maxConfigurations)
	}
	joint.cell = make([]int32, size)
	for _, fn := range fns {
		value := c.space.along(joint.scope, fn)
		for k := range joint.cell {
			joint.cell[k] = joint.cell[k]*int32(fn.slots) + value(int32(k))
		}
	}
	if when != nil {
		in := c.space.along(joint.scope, inside)
		for k := range joint.cell {
			if in(int32(k)) == 0 {
				joint.cell[k] = -1
			}
		}
	}
	return joint, nil
}
