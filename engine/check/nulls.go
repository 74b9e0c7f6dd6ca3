package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/kind"
)

var nullsCheck = definition{kind: KindNulls, compile: func(s *shared) check { return nulls{s.askColumns()} }}

// nulls: a field has a value exactly where its condition says so.
type nulls struct{ columns *columnsPlan }

func (nulls) newTally(a *accumulators) tally { return a.columns }

func (n nulls) judge(j *judging, t tally) (out []finding, _ error) {
	for i, c := range n.columns.fields {
		if c.when == everyone && c.field.Nullable || c.field.Class == kind.Written || !j.measurable[c.field.Name] {
			continue // any row may be null, a group's base fields decide, or no release has it
		}
		x := &t.(*columns).of[i]
		var f verdict
		f.add(&x.missing, "without a required value")
		f.add(&x.extra, "with a value where null is required")
		fine := "every person has a value"
		if c.when != everyone {
			fine = "a value where the condition holds, null elsewhere"
			if c.field.WhenText != "" {
				fine = fmt.Sprintf("a value where %s, null elsewhere", c.field.WhenText)
			}
		}
		out = append(out, only(f.outcome(KindNulls, c.field.Name, fine))...)
	}
	return out, nil
}
