package kind

import (
	"slices"

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
	source := n.FileRows()
	if source == nil { // a dictionary from labels in files to those of the field
		return c.dictionaryLabels(n.Get("map"))
	}
	file := c.Table(source)
	if file == nil {
		return nil
	}
	name := n.Get("column")
	if name == nil {
		c.Diags.Errorf(n.Place, "missing", "the column of the labels is not named").WithHint("name it, for example column: %q", file.Header[0])
		return nil
	}
	column, ok := c.Column(file, name.AsString())
	if !ok {
		return nil
	}
	where := source.Where
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
		if to := n.Get("map").Get(label); to != nil {
			label = to.String
		}
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

// dictionaryLabels returns the distinct values of a dictionary, in its order.
func (c *Compiler) dictionaryLabels(n *spec.Node) []string {
	var labels []string
	for _, e := range n.Fields {
		switch {
		case e.Value.Kind != spec.StringNode || e.Value.String == "":
			c.Diags.Errorf(e.Value.Place, "empty-label", "the label of %q is not a text", e.Name).WithHint("write a label")
		case !slices.Contains(labels, e.Value.String):
			labels = append(labels, e.Value.String)
		}
	}
	if len(labels) == 0 {
		c.Diags.Errorf(n.Place, "no-labels", "the dictionary has no label").WithHint("list the labels")
	}
	return labels
}
