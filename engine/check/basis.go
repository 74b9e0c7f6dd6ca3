package check

import (
	"slices"

	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// basis is what checks and accumulators are compiled from.
type basis struct {
	plan       *plan.Plan
	options    Options
	measurable map[string]bool // fields that can be derived from what a release publishes
}

// column returns the position of a field, -1 when there is none of that name.
func (b *basis) column(name string) int {
	return slices.IndexFunc(b.plan.Fields, func(f *kind.Field) bool { return f.Name == name })
}

// measures reports whether all the named fields are measurable.
func (b *basis) measures(fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool { return !b.measurable[name] })
}

// env is what the programs of a field of a release may depend on.
func (b *basis) env(f *kind.Field) *kind.Env { return &kind.Env{Fields: b.plan.Fields, Field: f} }

// identifies reports whether a column identifies a person, or another thing that no
// two persons share.
func (b *basis) identifies(column int) bool {
	return b.constructed(column) || b.plan.Roles["id"] == b.plan.Fields[column].Name
}

// constructed reports whether the values of a column are unique by construction: they
// are images of the persons' numbers under a permutation.
func (b *basis) constructed(column int) bool {
	f := b.plan.Fields[column]
	return f.Meaning() == kind.Identifier || f.Unique > 0
}

// when returns the condition for having a value of a field, nil if there is none. It
// is unknown, and nil, if it is about fields that are not measurable, so that nobody
// can tell who meets it: then any person may have null.
func (b *basis) when(f *kind.Field) (condition *kind.Selector, unknown bool) {
	if f.When != nil && !b.measures(f.When.Fields) {
		return nil, true
	}
	return f.When, false
}

// ruled returns the plan with the demands on texts that can be judged from what a
// release publishes: those on visible texts, by measurable fields.
func (b *basis) ruled() *plan.Plan {
	out := *b.plan
	out.Fields, out.Rules = slices.Clone(b.plan.Fields), nil
	unknown := func(name string) bool { return !b.measurable[name] }
	for i, f := range b.plan.Fields {
		if f.Text == nil {
			continue
		}
		judged, text := *f, *f.Text
		judged.Text = &text
		if f.Hidden {
			judged.Text = nil
		}
		text.Mentions = slices.DeleteFunc(slices.Clone(text.Mentions), unknown)
		if unknown(text.Of) {
			text.Of = ""
		}
		out.Fields[i] = &judged
	}
	for _, r := range b.plan.Rules {
		about := slices.DeleteFunc(slices.Clone(r.Fields), unknown)
		if b.measures(r.Compared()) && len(about) == 0 == (len(r.Fields) == 0) {
			r.Fields = about
			out.Rules = append(out.Rules, r)
		}
	}
	return &out
}
