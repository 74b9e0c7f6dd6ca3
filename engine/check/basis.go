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

// identifies reports whether a column identifies a person, or another thing that no
// two persons share.
func (b *basis) identifies(column int) bool {
	f := b.plan.Fields[column]
	return f.Meaning() == kind.Identifier || f.Unique > 0 || b.plan.Roles["id"] == f.Name
}
