package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/spec"
)

// notes returns what readers need to know in addition to the tables.
func (c *Comparison) notes() []string {
	var out []string
	for i := range c.Sets {
		s := &c.Sets[i]
		if len(s.Only) > 0 {
			out = append(out, fmt.Sprintf("Columns that only %s has: %s.", s.Name, strings.Join(s.Only, ", ")))
		}
		if s.Note != "" {
			out = append(out, fmt.Sprintf("%s: %s", s.Name, s.Note))
		}
		if s.Known == nil {
			continue
		}
		var missing []string
		for _, f := range s.Known.Fields {
			if f.Absent {
				missing = append(missing, f.Field)
			}
		}
		if missing != nil {
			out = append(out, fmt.Sprintf("%s lacks %s.", s.Name, strings.Join(missing, ", ")))
		}
		for _, o := range origins(s.Known) {
			out = append(out, fmt.Sprintf("Figures of %s: %s", s.Name, o))
		}
	}
	return out
}

// origins lists where the figures of a reference come from, grouped by origin.
func origins(r *spec.Reference) []string {
	type origin struct{ status, text string }
	var order []origin
	about := map[origin][]string{}
	take := func(what string, k *spec.KnownFigure) {
		if k == nil {
			return
		}
		o := origin{k.Status, k.Origin}
		if about[o] == nil {
			order = append(order, o)
		}
		if !slices.Contains(about[o], what) {
			about[o] = append(about[o], what)
		}
	}
	take("rows", r.Rows)
	take("characters per row", r.RowChars)
	for _, f := range r.Fields {
		take("mean lengths of texts", f.Chars)
		take("lengths of one text", f.ExampleChars)
		take("items per list", f.Items)
		take("numbers of values", f.Values)
	}
	var out []string
	for _, o := range order {
		out = append(out, fmt.Sprintf("%s (%s): %s.", strings.Join(about[o], ", "), o.status, o.text))
	}
	return out
}
