package compile

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/kind"
)

// joint returns the joint distribution in a result of some fields, finite ones or drawn
// from lists given finite ones, of those persons who meet a condition (nil for all). It
// works on the variables of the fit, with the bands of a split field in place of its
// values where they are fine enough for a field: the scope can be much smaller.
func (c *compiler) joint(names []string, when *kind.Selector, r *fit.Result) (*kind.Joint, error) {
	size := 1
	for _, name := range names {
		if size *= c.kinds.Fields[name].Slots(); size > maxConfigurations {
			return nil, c.tooWide(names)
		}
	}
	d := c.kinds.NewDrawing(slices.Clone(names))
	var fns []function
	var scope []int
	add := func(fn function) {
		x := c.onVariables(constraint{scope: fn.scope, cell: fn.code, cells: fn.slots})
		fns, scope = append(fns, function{scope: x.scope, code: x.cell}), c.space.union(scope, x.scope)
	}
	for _, name := range d.Basis {
		add(c.space.resolve(name, c.kinds.Fields))
	}
	if when != nil {
		add(c.space.compose(when, c.kinds.Fields))
	}
	if c.space.size(scope) < 0 {
		return nil, c.tooWide(d.Basis)
	}
	marginal, err := r.Marginal(scope)
	if err != nil {
		return nil, err
	}
	var read []func(k int) int32
	for _, fn := range fns {
		read = append(read, c.space.reader(scope, fn))
	}
	codes := make([]int32, len(d.Basis))
	for k, p := range marginal {
		if p <= 0 || when != nil && read[len(d.Basis)](k) == 0 {
			continue
		}
		for i := range codes {
			codes[i] = read[i](k)
		}
		d.Add(codes, p)
	}
	return d.Joint, nil
}

func (c *compiler) tooWide(names []string) error {
	return fmt.Errorf("fields %v together depend on more than %d combinations of fitted values", names, maxConfigurations)
}
