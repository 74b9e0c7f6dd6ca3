package compile

import (
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// compileRules compiles the rules about texts, with languages and groups.
func (n *narrator) compileRules() {
	var texts, rules []string
	for _, w := range n.written {
		texts = append(texts, w.Name)
	}
	for _, r := range n.spec.Rules {
		rules = append(rules, r.Name)
	}
	for _, w := range n.written {
		for _, t := range w.stanza.Body.Get("except").AsStrings() {
			n.mustBeOneOf(t, "rule", "unknown-rule", rules)
		}
	}
	n.compileLanguages()
	n.compileGroups()
	for i := range n.spec.Rules {
		n.plan.Rules = append(n.plan.Rules, n.compileRule(&n.spec.Rules[i], texts))
	}
}

// compileRule compiles a rule. Texts are the names of all text fields.
func (n *narrator) compileRule(s *spec.Rule, texts []string) plan.Rule {
	r := plan.Rule{Name: s.Name, About: s.About, Severity: s.Severity}
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
	if s.By != nil {
		r.By = n.compileBy(s.By)
	}
	if len(r.Never) == 0 && s.NeverMatch == nil && s.Number == nil && s.By == nil {
		n.diags.Errorf(s.Place, "empty-rule", "rule %q forbids nothing", s.Name).WithHint("give it never, never_match, number or by")
	}
	for _, t := range s.Fields {
		n.mustBeOneOf(t, "text field", "unknown-field", texts)
	}
	for _, w := range n.written {
		named := len(s.Fields) == 0 && w.Text.Of == "" || slices.ContainsFunc(s.Fields, func(t spec.String) bool { return t.Value == w.Name })
		if named && !slices.Contains(w.Text.Except, s.Name) {
			r.Fields = append(r.Fields, w.Name)
		}
	}
	return r
}

// expression compiles a regular expression, or reports its fault.
func (n *narrator) expression(t spec.String) *regexp.Regexp {
	x, err := regexp.Compile(t.Value)
	if err != nil {
		n.diags.Errorf(t.Place, "expression", "not a regular expression: %v", err).WithHint("the syntax is that of RE2; write a \\ in a CUE string as \\\\, or write the string as #\"…\"#")
		return nil
	}
	return x
}

// checkNumber checks that the number of a rule can be compared with its field.
func (n *narrator) checkNumber(s *spec.NumberRule) {
	if x := n.expression(s.Match); x != nil && x.NumSubexp() == 0 {
		n.diags.Errorf(s.Match.Place, "expression", "the expression has no group").WithHint("put the number in parentheses: (\\d+)")
	}
	var names []string
	for _, f := range n.plan.Fields {
		names = append(names, f.Name)
	}
	if !n.mustBeOneOf(s.Field, "field", "unknown-field", names) {
		return
	}
	if f := n.kinds.Fields[s.Field.Value]; f.Type != frame.Integer && f.Type != frame.Number {
		n.diags.Errorf(s.Field.Place, "not-a-number", "field %q is a %s, and a number in a text can only be compared with a number", f.Name, f.Kind).WithHint("name an integer or number field")
	}
}

// compileBy lists the words of each value of the rule's field; nil after a fault.
func (n *narrator) compileBy(s *spec.ByValue) *plan.ByValue {
	b := &plan.ByValue{Field: s.Field.Value, Opening: s.Opening}
	var names []string
	for _, f := range n.plan.Fields {
		names = append(names, f.Name)
	}
	if !n.mustBeOneOf(s.Field, "field", "unknown-field", names) {
		return nil
	}
	f := n.kinds.Fields[s.Field.Value]
	if f == nil {
		return nil // reported
	}
	if f.Domain == nil || f.Type != frame.Category && f.Type != frame.Integer {
		n.diags.Errorf(s.Field.Place, "not-finite", "field %q is a %s: it has no list of values that could have words", f.Name, f.Kind).
			WithHint("name a category, integer, group or choice")
		return nil
	}
	for _, said := range s.Said {
		if strings.Count(said.Value, "{}") != 1 {
			n.diags.Errorf(said.Place, "said", "%q needs exactly one {} for the words", said.Value).WithHint("write it like \"lives in {}\"")
		}
		b.Said = append(b.Said, said.Value)
	}
	for _, t := range s.Unless {
		b.Unless = append(b.Unless, t.Value)
	}
	if s.Words == nil {
		return b
	}
	b.Words = make([][]string, f.Domain.Size())
	for _, v := range s.Words {
		at, ok := f.Domain.Index(v.Value.Value)
		if !ok {
			n.unknownLabel(f, v.Value.Value, v.Value.Place)
			continue
		}
		for _, w := range v.Words {
			b.Words[at] = append(b.Words[at], w.Value)
		}
	}
	return b
}

// compileLanguages finds the description of the language of every text field.
func (n *narrator) compileLanguages() {
	var known []string
	for i := range n.spec.Languages {
		known = append(known, n.spec.Languages[i].Name)
	}
	for _, w := range n.written {
		tag := w.Text.Language
		if tag == "" {
			// A stanza for "ro" is good for "ro-MD".
			if tag = n.plan.Language; !slices.Contains(known, tag) {
				tag, _, _ = strings.Cut(tag, "-")
			}
			if !slices.Contains(known, tag) {
				continue
			}
			w.Text.Language = tag
		} else if !n.mustBeOneOf(spec.String{Value: tag, Place: w.stanza.Body.Get("language").Place}, "language of languages", "unknown-language", known) {
			continue
		}
		if slices.ContainsFunc(n.plan.Languages, func(l plan.Language) bool { return l.Name == tag }) {
			continue
		}
		s := &n.spec.Languages[slices.Index(known, tag)]
		n.plan.Languages = append(n.plan.Languages, plan.Language{
			Name: s.Name, Letters: s.Letters, Own: s.Own, Foreign: s.Foreign, Accented: s.Accented, Words: s.Words, Common: s.Common, Least: s.Least,
		})
	}
}

// compileGroups finds the fields by whose values the words of texts are compared.
func (n *narrator) compileGroups() {
	if len(n.written) == 0 {
		return
	}
	if n.spec.Groups == nil {
		for _, role := range []string{"sex", "region"} {
			if f := n.kinds.Fields[n.plan.Roles[role]]; f != nil && f.Finite() && f.Type == frame.Category {
				n.plan.Groups = append(n.plan.Groups, f.Name)
			}
		}
		return
	}
	for _, t := range n.spec.Groups {
		f := n.kinds.FiniteField(t.Value, t.Place)
		if f != nil && f.Type != frame.Category {
			n.diags.Errorf(t.Place, "not-a-group", "field %q is a %s, which has too many values to compare", f.Name, f.Kind).WithHint("name a category or group")
			continue
		}
		n.plan.Groups = append(n.plan.Groups, t.Value)
	}
}
