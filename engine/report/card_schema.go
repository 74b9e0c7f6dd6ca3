package report

import (
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// mostNamed is the largest number of values of a column that the card lists.
const mostNamed = 12

func (r *Release) cardSchema(d *document) {
	d.line("## Schema\n")
	d.line("*Null* counts the persons without a value; *only if* gives the condition for having one. *Status* is that of the values, or of the published table of their shares.\n")
	var rows [][]string
	for _, c := range r.columns() {
		nulls := ""
		if c.Nulls > 0 || c.When != "" {
			nulls = humanize.Thousands(c.Nulls)
			if c.When != "" {
				nulls += ", only if `" + c.When + "`"
			}
		}
		about := sentences(c.Title, c.plan.About, c.Note)
		if c.plan.Unique > 0 {
			about = sentences(about, "No two persons have the same")
		}
		rows = append(rows, []string{"`" + c.name() + "`", r.typeName(c), c.describeValues(), Escape(c.Unit), nulls, Escape(r.statusOf(c)), Escape(about)})
	}
	d.table([]string{"column", "type", "values", "unit", "null", "status", "description"}, rows)
}

// statusOf returns the status of a column's values, or else of its published
// margin.
func (r *Release) statusOf(c column) string {
	if c.Status != "" {
		return c.Status
	}
	for _, t := range r.Stats.Published {
		if t.Name == c.Published {
			return t.Status
		}
	}
	return ""
}

// typeName returns the type of a column in the data files.
func (r *Release) typeName(c column) string {
	switch {
	case r.lists(c) && c.Type == frame.Records:
		return "list of records"
	case r.lists(c):
		return "list of " + featureType(c)
	}
	return featureType(c)
}

// describeValues summarises the values of a column: a range or a list of labels.
func (c column) describeValues() string {
	switch {
	case c.Type == frame.Records:
		var columns []string
		for _, x := range c.plan.Records {
			columns = append(columns, "`"+x.Name+"`")
		}
		return strings.Join(columns, ", ")
	case c.file.Type == plan.AsJSON:
		return "a list in JSON"
	case c.file.Type == plan.AsPython:
		return "a list as Python writes it"
	case c.Kind == "constant" && c.file.Value != nil:
		return Escape(*c.file.Value)
	case c.Type == frame.Integer || c.Type == frame.Number:
		if n := c.Numbers; n != nil && n.N > 0 {
			return number(n.Min) + " to " + number(n.Max)
		}
	case c.Dates != nil:
		return c.Dates.Period()
	case len(c.Values) > 0 && len(c.Values) <= mostNamed:
		var labels []string
		for _, v := range c.Values {
			labels = append(labels, Escape(c.file.Label(v.Label)))
		}
		return strings.Join(labels, "; ")
	case len(c.Values) > 0:
		return humanize.Thousands(int64(len(c.Values))) + " labels"
	case c.Class == kind.Written && c.plan.Text != nil:
		return "text, see below"
	}
	return ""
}

// sentences joins texts and ends each with a full stop.
func sentences(parts ...string) string {
	var b strings.Builder
	for _, s := range parts {
		s = strings.Join(strings.Fields(s), " ")
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		if !strings.ContainsAny(s[len(s)-1:], ".!?:;") {
			b.WriteByte('.')
		}
	}
	return b.String()
}
