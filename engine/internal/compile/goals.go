package compile

import (
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileGoals compiles the goals of the spec.
func (c *compiler) compileGoals() {
	for i := range c.spec.Goals {
		c.compileGoal(&c.spec.Goals[i])
	}
}

// compileGoal resolves the names of a goal and reports a goal that no release can
// meet.
func (c *compiler) compileGoal(s *spec.Goal) {
	g := plan.Goal{Name: s.Name, About: s.About, Kind: s.Kind, Percent: s.Percent, Points: s.Points, Above: s.Above, Margins: s.Margins, AtLeast: s.AtLeast}
	switch s.Kind {
	case spec.GoalShare:
		g.Where, g.Text = c.kinds.SelectDrawn([]*spec.Condition{s.Where}), s.Where.Text
		c.mustBeMeasurable(g.Where, s.Where.Place)
		if s.Within != nil {
			g.Within, g.WithinText = c.kinds.SelectDrawn([]*spec.Condition{s.Within}), s.Within.Text
			c.mustBeMeasurable(g.Within, s.Within.Place)
		}
	case spec.GoalValues:
		c.compileValuesGoal(s, &g)
	case spec.GoalPValue:
		for _, j := range s.Joints {
			c.compileGoalJoint(j, &g)
		}
		if !s.Margins && len(s.Joints) == 0 {
			c.diags.Errorf(s.Place, "empty-goal", "goal %q names no p-value", s.Name).WithHint("add margins: true, joints, or both")
		}
	case spec.GoalChars:
		g.Field = s.Field.Value
		if f := c.textField(s.Field); f != nil && f.Type != frame.Text {
			c.diags.Errorf(s.Field.Place, "not-a-text", "field %q is a list, and the goal is about the length of a text", f.Name).WithHint("name a field of kind text")
		}
	case spec.GoalScore:
		g.Score, g.Least, g.Most = c.scoreOf(s.Score), s.Least, s.Most
		c.checkScoreLimits(s.Score, g.Score, s.Least, s.Most)
	case spec.GoalWritten, spec.GoalModel:
		c.compileTextGoal(s, &g)
	}
	c.plan.Goals = append(c.plan.Goals, g)
}

// compileValuesGoal compiles the expected shares of a field's values.
func (c *compiler) compileValuesGoal(s *spec.Goal, g *plan.Goal) {
	g.Field = s.Field.Value
	f := c.kinds.FiniteField(s.Field.Value, s.Field.Place)
	if f == nil {
		return
	}
	c.mustBeMeasurable(&kind.Selector{Fields: []string{f.Name}}, s.Field.Place)
	if s.Figures == nil {
		return
	}
	g.Percents = make([]float64, f.Domain.Size())
	for i := range g.Percents {
		g.Percents[i] = -1
	}
	total := 0.0
	for _, x := range s.Figures {
		code, ok := f.Domain.Index(x.Label.Value)
		if !ok {
			d := c.diags.Errorf(x.Label.Place, "unknown-label", "field %q has no value %q", f.Name, x.Label.Value)
			if near := diag.Guess(x.Label.Value, f.Domain.AllLabels()); near != "" {
				d.WithHint("did you mean %q?", near)
			}
			continue
		}
		g.Percents[code] = x.Value
		total += x.Value
	}
	if total > 100+float64(len(s.Figures))*math.Max(s.Points, 0.1) {
		c.diags.Errorf(s.Place, "sum", "the expected shares of field %q add up to %.4g %%", f.Name, total).WithHint("correct them; they are percentages of all persons")
	}
}

// compileGoalJoint checks that the joint is one of the spec, which the checks test.
func (c *compiler) compileGoalJoint(j spec.Joint, g *plan.Goal) {
	names, ok := c.finite(j.Fields)
	if !ok {
		return
	}
	c.mustBeMeasurable(&kind.Selector{Fields: names}, j.Place)
	for _, known := range c.spec.Joints {
		var fields []string
		for _, t := range known.Fields {
			fields = append(fields, t.Value)
		}
		if slices.Equal(slices.Sorted(slices.Values(fields)), slices.Sorted(slices.Values(names))) {
			g.Joints = append(g.Joints, fields)
			return
		}
	}
	c.diags.Errorf(j.Place, "unknown-joint", "the joint of %s is not tested", strings.Join(names, " and ")).WithHint("add it to the joints of the spec")
}

// compileTextGoal finds the text fields that a goal is about.
func (c *compiler) compileTextGoal(s *spec.Goal, g *plan.Goal) {
	for _, t := range s.Fields {
		if c.textField(t) != nil {
			g.Fields = append(g.Fields, t.Value)
		}
	}
	source := false
	for _, f := range c.plan.Fields {
		if f.Text != nil && !f.Hidden && s.Fields == nil {
			g.Fields = append(g.Fields, f.Name)
		}
		source = source || f.Meaning() == kind.Provenance && !f.Hidden
	}
	if len(g.Fields) == 0 && s.Fields == nil {
		c.diags.Errorf(s.Place, "no-texts", "goal %q is about texts, but the spec has no text field that is not hidden", s.Name).WithHint("declare one of kind text or text_list")
	}
	if s.Kind == spec.GoalModel && !source {
		c.diags.Errorf(s.Place, "no-source", "goal %q is about who wrote the texts, but no field says that", s.Name).WithHint(`add a field of kind "text_source"`)
	}
}

// textField returns the named text field, or reports that there is none.
func (c *compiler) textField(t spec.String) *kind.Field {
	var names []string
	for _, f := range c.plan.Fields {
		if f.Text != nil && !f.Hidden {
			names = append(names, f.Name)
		}
	}
	if !c.mustBeOneOf(t, "text field", "unknown-field", names) {
		return nil
	}
	return c.plan.Field(t.Value)
}

// mustBeMeasurable reports fields whose values cannot be found in a release.
func (c *compiler) mustBeMeasurable(s *kind.Selector, at diag.Place) {
	if s == nil {
		return // reported
	}
	measurable := c.plan.Measurable()
	for _, name := range s.Fields {
		if !measurable[name] {
			c.diags.Errorf(at, "hidden", "field %q is hidden and not a function of visible fields, so a release cannot show whether the goal is met", name).WithHint("name a visible field")
		}
	}
}
