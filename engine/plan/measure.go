package plan

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// Measure is something that the checks measure and a check of the spec may
// limit; the schema lists the same ones.
type Measure struct {
	Name string
	Of   string // what it is of, "" for the population as a whole
	// Most says that a larger value is worse; else a smaller one is.
	Most bool
	// Share says that it lies between 0 and 1.
	Share bool
}

// What measures are of.
const (
	OfText   = "text field"
	OfRule   = "rule"
	OfTable  = "table, field or joint"
	OfNumber = "number field"
)

// Measures lists them in the order of the schema.
func Measures() []Measure {
	return []Measure{
		{"missing_texts", OfText, true, true},
		{"near_duplicates", OfText, true, true},
		{"repeated_openings", OfText, true, true},
		{"model_written", OfText, false, true},
		{"rule_breaks", OfRule, true, true},
		{"deviation_persons", OfTable, true, false},
		{"deviation_points", OfTable, true, false},
		{"table_p", OfTable, false, true},
		{"number_p", OfNumber, false, true},
		{"duplicate_persons", "", true, true},
		{"near_duplicate_persons", "", true, true},
	}
}

// MeasureNamed finds a measure.
func MeasureNamed(name string) (Measure, bool) {
	all := Measures()
	i := slices.IndexFunc(all, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		return Measure{}, false
	}
	return all[i], true
}

// compileMeasure resolves a limit on what the checks measure.
func (c *compiler) compileMeasure(x spec.Check, limit *Limit) {
	m, ok := MeasureNamed(x.Measure.Value)
	if !ok {
		return // the schema has reported it
	}
	limit.Measure, limit.Text = m.Name, m.Name
	if x.Within != nil {
		c.diags.Errorf(x.Within.Place, "within", "check %q measures %s, which is not a share of persons: within has no meaning", x.Name, m.Name).WithHint("remove it")
	}
	if x.Of == nil {
		return
	}
	limit.Of = x.Of.Value
	limit.Text += " of " + limit.Of
	var names []string
	switch m.Of {
	case OfText:
		for _, f := range c.plan.Fields {
			if f.Text != nil {
				names = append(names, f.Name)
			}
		}
	case OfRule:
		for _, r := range c.spec.Rules {
			names = append(names, r.Name)
		}
	case OfNumber:
		for _, f := range c.plan.Fields {
			if f.Type == frame.Number {
				names = append(names, f.Name)
			}
		}
	case OfTable:
		for _, f := range c.plan.Fields {
			if f.Finite() {
				names = append(names, f.Name)
			}
		}
		for _, t := range c.spec.Tables {
			names = append(names, t.Name)
		}
		for _, j := range c.spec.Joints {
			names = append(names, jointName(j))
		}
	default:
		c.diags.Errorf(x.Of.Place, "of", "%s is of everyone", m.Name).WithHint("remove of")
		return
	}
	c.mustBeOneOf(*x.Of, m.Of, "unknown-measured", names)
}

// checkShare reports limits of a share that no share can have.
func (c *compiler) checkShare(x spec.Check) {
	if x.Measure != nil {
		if m, _ := MeasureNamed(x.Measure.Value); !m.Share {
			return
		}
	}
	for _, v := range []*float64{x.AtLeast, x.AtMost} {
		if v != nil && *v > 1 {
			c.diags.Errorf(x.Place, "not-a-share", "check %q limits a share to %g", x.Name, *v).WithHint("write a share from 0 to 1, such as 0.05 for 5 %%")
		}
	}
}
