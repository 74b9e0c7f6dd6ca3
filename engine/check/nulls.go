package check

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/kind"
)

var nullsCheck = definition{kind: KindNulls, compile: func(s *shared) check { return nulls{s.askColumns()} }}

// nulls: a field has a value exactly where its condition says so.
type nulls struct{ columns *columnsPlan }

func (nulls) newTally(a *accumulators) tally { return a.columns }

func (n nulls) judge(j *judging, t tally) (out []finding, _ error) {
	for i, c := range n.columns.fields {
		if c.anyone() && c.field.Nullable || c.field.Class == kind.Written || !j.measurable[c.field.Name] {
			continue // any row may be null, a group's base fields decide, or no release has it
		}
		x := &t.(*columns).of[i]
		var f verdict
		f.add(&x.missing, "without a required value")
		f.add(&x.extra, "with a value where null is required")
		fine := "every person has a value"
		if !c.anyone() {
			var where []string
			switch {
			case c.when == everyone:
			case c.field.WhenText != "":
				where = append(where, c.field.WhenText)
			default:
				where = append(where, "the condition holds")
			}
			if c.covered != everyone {
				where = append(where, "one of its cases holds")
			}
			fine = fmt.Sprintf("a value where %s, null elsewhere", strings.Join(where, " and "))
		}
		out = append(out, only(f.outcome(KindNulls, c.field.Name, fine))...)
	}
	return out, nil
}
