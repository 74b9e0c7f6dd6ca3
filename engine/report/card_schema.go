package report

import (
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// mostNamed is the number of values of a column that the card lists by name.
const mostNamed = 12

func (r *Release) cardSchema(d *document) {
	d.line("## Schema\n")
	d.line("Empty is how many persons have no value; where a condition stands, it says who has one. The status is that of the values, or of the table that gives their shares.\n")
	var rows [][]string
	for _, c := range r.columns() {
		empty := ""
		if c.Nulls > 0 || c.When != "" {
			empty = humanize.Thousands(c.Nulls)
			if c.When != "" {
				empty += ", has one: `" + c.When + "`"
			}
		}
		about := sentences(c.Title, c.plan.About, c.Note)
		rows = append(rows, []string{"`" + c.name() + "`", r.typeName(c), c.describeValues(), Escape(c.Unit), empty, Escape(r.statusOf(c)), Escape(about)})
	}
	d.table([]string{"column", "type", "values", "unit", "empty", "status", "what it is"}, rows)
}

// statusOf is the status of a column's values, else of its published margin.
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

// typeName is the type of a column in the data files.
func (r *Release) typeName(c column) string {
	if r.lists(c) {
		return "list of " + featureType(c.Type)
	}
	return featureType(c.Type)
}

// describeValues tells the values of a column in few words.
func (c column) describeValues() string {
	switch {
	case c.Type == frame.Integer || c.Type == frame.Number:
		if n := c.Numbers; n != nil && n.N > 0 {
			return number(n.Min) + " to " + number(n.Max)
		}
	case len(c.Values) > 0 && len(c.Values) <= mostNamed:
		var labels []string
		for _, v := range c.Values {
			labels = append(labels, Escape(v.Label))
		}
		return strings.Join(labels, "; ")
	case len(c.Values) > 0:
		return humanize.Thousands(int64(len(c.Values))) + " labels"
	case c.Class == kind.Written && c.plan.Text != nil:
		return "prose, see below"
	}
	return ""
}

// sentences joins what is said, each with a full stop.
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
