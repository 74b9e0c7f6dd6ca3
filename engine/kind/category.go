package kind

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// maxLabels is the largest size of a category's domain, all of which is fitted.
const maxLabels = 10_000

var categoryKind = Kind{
	Name: "category",
	Uses: func(*spec.Field) []spec.String { return nil },
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Fitted, frame.Category
		f.Nullable = s.When != nil
		f.Domain = &Domain{Labels: c.readLabels(s.Body.Get("values"))}
	},
}

// readLabels reads the labels of a category: those the spec lists, or the distinct
// values of a CSV column in the order of the file.
func (c *Compiler) readLabels(n *spec.Node) []string {
	if n.Kind == spec.ListNode {
		seen := map[string]bool{}
		var labels []string
		for _, item := range n.Items {
			label := item.String // the exact digits of a number
			if item.Kind != spec.StringNode && item.Kind != spec.NumberNode {
				c.Diags.Errorf(item.Place, "bad-label", "a label is text or a number").WithHint("put quotation marks around the label")
			} else if label == "" {
				c.Diags.Errorf(item.Place, "empty-label", "a label is empty").WithHint("write a label")
			} else if seen[label] {
				c.Diags.Errorf(item.Place, "duplicate-label", "label %q appears twice", label).WithHint("remove one")
			}
			seen[label] = true
			labels = append(labels, label)
		}
		return labels
	}
	file := c.CSV(n.Get("csv").Path, n.Get("csv").Place)
	if file == nil {
		return nil
	}
	column, ok := c.CSVColumn(file, spec.String{Value: n.Get("column").String, Place: n.Get("column").Place})
	if !ok {
		return nil
	}
	var where *spec.Condition
	if w := n.Get("where"); w != nil {
		where = w.Cond
	}
	rows, ok := c.selectRows(file, where)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	var labels []string
	for _, r := range rows {
		label := file.Rows[r][column]
		switch {
		case label == "":
			c.Diags.Errorf(file.Place(r, column), "empty-label", "the label in column %q is empty", file.Header[column]).WithHint("write a label, or exclude the row with where")
		case !seen[label]:
			labels = append(labels, label)
		}
		seen[label] = true
	}
	switch {
	case len(labels) == 0:
		c.Diags.Errorf(n.Place, "no-labels", "no row of %s gives a label", file.Path).WithHint("check column and where")
	case len(labels) > maxLabels:
		c.Diags.Errorf(n.Place, "too-many-labels", "%d labels; a fitted category can have at most %d", len(labels), maxLabels).
			WithHint("make it a choice, which is not fitted but drawn given other fields")
	}
	return labels
}
