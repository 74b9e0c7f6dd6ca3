package plan

import (
	"regexp"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// compileRules resolves what texts must not say.
func (n *narrator) compileRules() {
	var texts, rules []string
	for _, w := range n.written {
		texts = append(texts, w.Name)
	}
	for _, r := range n.spec.Rules {
		rules = append(rules, r.Name)
	}
	for _, w := range n.written {
		for _, t := range items(w.stanza.Body, "except") {
			n.mustBeOneOf(t, "rule", "unknown-rule", rules)
		}
	}
	for i := range n.spec.Rules {
		n.plan.Rules = append(n.plan.Rules, n.compileRule(&n.spec.Rules[i], texts))
	}
}

func (n *narrator) compileRule(s *spec.Rule, texts []string) Rule {
	r := Rule{Name: s.Name, About: s.About, Severity: s.Severity}
	if s.When != nil {
		r.When, r.WhenText = n.kinds.Select([]*spec.Condition{s.When}), s.When.Text
	}
	for _, t := range s.Never {
		r.Never = append(r.Never, t.Value)
	}
	if s.NeverMatch != nil {
		n.expression(*s.NeverMatch)
		r.NeverMatch = s.NeverMatch.Value
	}
	if s.Number != nil {
		r.Number, r.Field = s.Number.Match.Value, s.Number.Field.Value
		n.checkNumber(s.Number)
	}
	if len(r.Never) == 0 && s.NeverMatch == nil && s.Number == nil {
		n.diags.Errorf(s.Place, "empty-rule", "rule %q forbids nothing", s.Name).Do("give it never, never_match or number")
	}
	for _, t := range s.Fields {
		n.mustBeOneOf(t, "text field", "unknown-field", texts)
	}
	for _, w := range n.written {
		named := len(s.Fields) == 0 || slices.ContainsFunc(s.Fields, func(t spec.Text) bool { return t.Value == w.Name })
		if named && !slices.Contains(w.Text.Except, s.Name) {
			r.Fields = append(r.Fields, w.Name)
		}
	}
	return r
}

// expression compiles a regular expression, or reports why it cannot.
func (n *narrator) expression(t spec.Text) *regexp.Regexp {
	x, err := regexp.Compile(t.Value)
	if err != nil {
		n.diags.Errorf(t.Place, "expression", "not a regular expression: %v", err).Do("see RE2's syntax; a \\ in a CUE string is written \\\\, or the string #\"…\"#")
		return nil
	}
	return x
}

// checkNumber makes sure that a rule's number can be compared with a field.
func (n *narrator) checkNumber(s *spec.NumberRule) {
	if x := n.expression(s.Match); x != nil && x.NumSubexp() == 0 {
		n.diags.Errorf(s.Match.Place, "expression", "the expression has no group").Do("put the number in parentheses: (\\d+)")
	}
	var names []string
	for _, f := range n.plan.Fields {
		names = append(names, f.Name)
	}
	if !n.mustBeOneOf(s.Field, "field", "unknown-field", names) {
		return
	}
	if f := n.kinds.Fields[s.Field.Value]; f.Type != frame.Integer && f.Type != frame.Number {
		n.diags.Errorf(s.Field.Place, "not-a-number", "field %q is a %s, and a number in a text can equal only a number", f.Name, f.Kind).Do("name an integer or number field")
	}
}
