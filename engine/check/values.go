package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

var valuesCheck = definition{kind: KindValues, compile: func(s *shared) check { return values{s.askColumns()} }}

// values: every value is one that its field allows.
type values struct{ columns *columnsPlan }

func (values) newTally(a *accumulators) tally { return a.columns }

func (v values) judge(j *judging, t tally) (out []finding, _ error) {
	for i, c := range v.columns.fields {
		name := c.field.Name
		if c.field.Class == kind.Written || !j.measurable[name] {
			continue // covered by the checks of texts, or not in a release
		}
		x := &t.(*columns).of[i]
		var f verdict
		f.add(&x.unknown, "with "+notOf(c.field))
		f.add(&x.outside, "outside "+c.bounds())
		f.add(&x.empty, "with an empty text")
		out = append(out, only(f.outcome(KindValues, name, "every value is "+c.allowed()))...)
	}
	return out, nil
}

// bounds describes the range of a bounded column.
func (c *columnPlan) bounds() string {
	if c.field.Type == frame.Date {
		return fmt.Sprintf("%s to %s", kind.Day(c.low), kind.Day(c.high))
	}
	return fmt.Sprintf("%g to %g", c.low, c.high)
}

// allowed describes the values that a column may hold.
func (c *columnPlan) allowed() string {
	switch d := c.field.Domain; {
	case d != nil && d.Integer:
		return fmt.Sprintf("a whole number from %d to %d", d.Min, d.Max)
	case d != nil:
		return fmt.Sprintf("one of %d labels", d.Size())
	case c.field.Type == frame.Date:
		return "a date from " + c.bounds()
	case c.bounded:
		return fmt.Sprintf("a number from %g to %g", c.low, c.high)
	case c.field.Type == frame.Integer:
		return "a whole number"
	case c.field.Type == frame.Number:
		return "a finite number"
	}
	return "text"
}

// notOf describes a value that a field does not have.
func notOf(f *kind.Field) string {
	switch d := f.Domain; {
	case d != nil && d.Integer:
		return fmt.Sprintf("a number outside %d to %d", d.Min, d.Max)
	case d != nil:
		return "a label that the field does not have"
	case f.Type == frame.Date:
		return "a date outside the years 1 to 9999"
	}
	return "a number that is not finite"
}
