package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/spec"
)

// Once reports the names of a list that stand in it before.
func (c *Compiler) Once(names []spec.String) {
	for i, name := range names {
		if slices.ContainsFunc(names[:i], func(other spec.String) bool { return other.Value == name.Value }) {
			c.Diags.Errorf(name.Place, "twice", "%q is named twice", name.Value).WithHint("remove one")
		}
	}
}
