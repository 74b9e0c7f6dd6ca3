package kind

import (
	"strconv"

	"github.com/personagen/personagen/engine/spec"
)

// labelText returns a label as text: the exact digits of a number, "true" or "false"
// for a truth value.
func labelText(n *spec.Node) string {
	if n.Kind == spec.BoolNode {
		return strconv.FormatBool(n.Bool)
	}
	return n.String
}

// markBoolean makes the labels of a field truth values if they are written as such. It
// reports truth values among other labels.
func (c *Compiler) markBoolean(f *Field, labels []*spec.Node) {
	var truth, other *spec.Node
	for _, n := range labels {
		if n.Kind == spec.BoolNode {
			truth = n
		} else {
			other = n
		}
	}
	switch {
	case truth == nil:
	case other != nil:
		c.Diags.Errorf(truth.Place, "bad-label", "%t is a truth value, but %q is not", truth.Bool, labelText(other)).
			WithHint("write all labels as true or false, or all in quotation marks")
	default:
		f.Domain.Boolean = true
	}
}
