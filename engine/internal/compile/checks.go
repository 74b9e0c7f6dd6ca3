package compile

import (
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileChecks compiles the checks of the spec.
func (c *compiler) compileChecks() {
	for _, x := range c.spec.Checks {
		c.compileLimit(x)
	}
}

// compileLimit compiles a check of the spec.
func (c *compiler) compileLimit(x spec.Check) {
	limit := plan.Limit{Name: x.Name, About: x.About, Severity: x.Severity, AtLeast: x.AtLeast, AtMost: x.AtMost}
	if x.Score != nil {
		if limit.Score = c.scoreOf(x.Score); limit.Score != nil {
			limit.Text = limit.Score.String()
		}
		c.checkScoreLimits(x.Score, limit.Score, x.AtLeast, x.AtMost)
	} else if x.Measure != nil {
		c.compileMeasure(x, &limit)
	} else if x.Where != nil {
		limit.Text, limit.Where = x.Where.Text, c.kinds.SelectDrawn([]*spec.Condition{x.Where})
	}
	if x.Within != nil {
		limit.WithinText, limit.Within = x.Within.Text, c.kinds.SelectDrawn([]*spec.Condition{x.Within})
	}
	if x.Score == nil {
		c.checkShare(x)
	}
	if x.AtLeast == nil && x.AtMost == nil {
		c.diags.Errorf(x.Place, "no-limit", "check %q sets no limit", x.Name).WithHint("give at_least, at_most, or both")
	}
	c.plan.Checks = append(c.plan.Checks, limit)
	c.limits = append(c.limits, c.shareLimited(&limit))
}

// shareLimited separates the persons that a check counts (cell 1) from those that
// it counts them among (cell 0). It is empty when there are too many combinations, or a
// field is drawn after the fit.
func (c *compiler) shareLimited(l *plan.Limit) constraint {
	if l.Where == nil || l.WithinText != "" && l.Within == nil {
		return constraint{}
	}
	names := l.Where.Fields
	if l.Within != nil {
		names = slices.Concat(names, l.Within.Fields)
	}
	if c.isDrawn(l.Where) || l.Within != nil && c.isDrawn(l.Within) || c.space.size(c.space.scopeOf(names, c.kinds.Fields)) < 0 {
		return constraint{}
	}
	x := allowedWhere(c.space.compose(l.Where, c.kinds.Fields), func(code int32) bool { return code != 0 })
	if l.Within != nil {
		x = c.space.restrict(x, c.space.compose(l.Within, c.kinds.Fields))
	}
	return x
}

// compileMeasure resolves a limit on what the checks measure.
func (c *compiler) compileMeasure(x spec.Check, limit *plan.Limit) {
	m, ok := plan.MeasureNamed(x.Measure.Value)
	if !ok {
		return // reported by the schema
	}
	limit.Measure, limit.Text = m.Name, m.Name
	if x.Within != nil {
		c.diags.Errorf(x.Within.Place, "within", "check %q measures %s, which is not a share of persons, so it cannot have within", x.Name, m.Name).WithHint("remove it")
	}
	if x.Of == nil {
		return
	}
	limit.Of = x.Of.Value
	limit.Text += " of " + limit.Of
	var names []string
	switch m.Of {
	case plan.OfText:
		for _, f := range c.plan.Fields {
			if f.Text != nil {
				names = append(names, f.Name)
			}
		}
	case plan.OfRule:
		for _, r := range c.spec.Rules {
			names = append(names, r.Name)
		}
	case plan.OfNumber:
		for _, f := range c.plan.Fields {
			if f.Type == frame.Number {
				names = append(names, f.Name)
			}
		}
	case plan.OfTable:
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
	case plan.OfLanguage:
		names = c.textLanguages()
		if base, _, _ := strings.Cut(c.plan.Language, "-"); x.Of.Value == c.plan.Language || x.Of.Value == base {
			limit.Of, limit.Text = "", m.Name // as if it were left out
		}
	default:
		c.diags.Errorf(x.Of.Place, "of", "%s is measured for all persons together, so it cannot have of", m.Name).WithHint("remove of")
		return
	}
	c.mustBeOneOf(*x.Of, m.Of, "unknown-measured", names)
}

// textLanguages lists the languages of texts.
func (c *compiler) textLanguages() []string {
	base, _, _ := strings.Cut(c.plan.Language, "-")
	names := []string{c.plan.Language, base}
	for _, f := range c.plan.Fields {
		if f.Text != nil && f.Text.Language != "" && !slices.Contains(names, f.Text.Language) {
			names = append(names, f.Text.Language)
		}
	}
	return names
}

// checkShare reports limits of a share that are more than 1, and limits that exclude
// each other.
func (c *compiler) checkShare(x spec.Check) {
	if x.AtLeast != nil && x.AtMost != nil && *x.AtLeast > *x.AtMost {
		c.diags.Errorf(x.Place, "no-limit", "check %q is never met: at_least %g is above at_most %g", x.Name, *x.AtLeast, *x.AtMost).WithHint("swap them")
	}
	if x.Measure != nil {
		if m, _ := plan.MeasureNamed(x.Measure.Value); !m.Share {
			return
		}
	}
	for _, v := range []*float64{x.AtLeast, x.AtMost} {
		if v != nil && *v > 1 {
			c.diags.Errorf(x.Place, "not-a-share", "check %q limits a share to %g", x.Name, *v).WithHint("write a share from 0 to 1, such as 0.05 for 5 %%")
		}
	}
}
