// Package rules judges texts by what a plan demands of them: that they are not
// empty, their length and number of items, their language, what they must
// mention and what they must not say. The same demands judge a population when
// it is checked and a model's answer before it is accepted.
//
// A Checker judges a text together with the person it is about and returns
// faults; each has a reason that is written for the text's author. Words are
// compared in lower case, and only whole words.
package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Kinds of demands.
const (
	Empty       = "empty"       // the text has a letter or digit
	Length      = "length"      // characters of a text or item
	Items       = "items"       // number of items of a list
	Repeated    = "repeated"    // no item occurs twice
	Unprintable = "unprintable" // no control characters, valid UTF-8
	Mark        = "mark"        // no remains of a template: {, <name>
	Mention     = "mention"     // the text has the value of a field
	Language    = "language"    // letters and words are those of the language
	Rule        = "rule"        // a rule of the spec
	Original    = "original"    // the text that a translation translates is there
	Translated  = "translated"  // a translation is not its original
	Ratio       = "ratio"       // characters of a translation per character of its original
	Numbers     = "numbers"     // a translation has the numbers of its original
)

// TranslationKinds are the kinds of demands on a translation and its original together.
var TranslationKinds = []string{Original, Translated, Ratio, Numbers}

// Demand is one requirement on a text field.
type Demand struct {
	Column   int // of the text field, in the plan's schema
	Kind     string
	Name     string // of the field to mention, or of the rule
	Severity string
}

// Fault is a demand that a text does not meet.
type Fault struct {
	Demand  int    // index in Set.Demands
	Reason  string // a clause
	Snippet string // the faulty part in its context, at most MostSnippet characters; "" if there is nothing to show
}

// MostSnippet is the length in characters of the longest snippet.
const MostSnippet = 120

// Set is the demands of a plan, compiled. It may be shared by goroutines.
type Set struct {
	Demands []Demand

	fields      []*kind.Field
	labels      [][]string // per field, its labels in lower case; nil if it has none
	texts       []*textField
	languages   map[string]*language
	rules       []rule
	expressions expressions
	phrases     *phraseIndex
}

// textField is the demands on one text field.
type textField struct {
	text     *kind.TextSpec
	language *language      // nil if the text is not judged by language
	demand   map[string]int // by kind
	mentions []mention
	rules    []boundRule // rules with an expression
	demandOf []int       // per rule, -1 if it does not concern the field
	original int         // column of the text that it translates, -1 for none
}

// boundRule is a rule as it concerns a field.
type boundRule struct{ rule, demand int }

// mention is a field whose value a text must have.
type mention struct {
	column, demand int
	name           string
}

// rule is a plan.Rule, compiled.
type rule struct {
	*plan.Rule
	never  int // number of an expression that must not match, -1 for none
	number int // number of an expression whose first group must equal column, -1 for none
	column int
}

// Compile compiles the demands of a plan on its text fields. The error names a
// rule that cannot be used.
func Compile(p *plan.Plan) (*Set, error) {
	s := &Set{
		fields: p.Fields, labels: make([][]string, len(p.Fields)), texts: make([]*textField, len(p.Fields)),
		languages: map[string]*language{}, phrases: newPhraseIndex(),
	}
	for i := range p.Languages {
		l := newLanguage(&p.Languages[i])
		s.languages[l.Name] = l
	}
	for i := range p.Rules {
		if err := s.addRule(&p.Rules[i]); err != nil {
			return nil, fmt.Errorf("rule %q: %w", p.Rules[i].Name, err)
		}
	}
	s.expressions.build()
	for i, f := range p.Fields {
		if f.Text != nil {
			s.addField(i, f)
		}
		if f.Type == frame.Category && f.Domain != nil {
			for _, label := range f.Domain.Labels {
				s.labels[i] = append(s.labels[i], tokenize.Lower(label))
			}
		}
	}
	return s, nil
}

func (s *Set) addRule(r *plan.Rule) (err error) {
	c := rule{Rule: r, never: -1, number: -1, column: -1}
	if r.NeverMatch != "" {
		if c.never, err = s.expressions.add(r.NeverMatch, false); err != nil {
			return err
		}
	}
	if r.Number != "" {
		if c.number, err = s.expressions.add(r.Number, true); err != nil {
			return err
		}
		if s.expressions.all[c.number].NumSubexp() == 0 {
			return fmt.Errorf("the expression %q has no group for the number; put the number in ( )", r.Number)
		}
		if c.column, err = s.mustColumn(r.Field); err != nil {
			return err
		}
	}
	for _, never := range r.Never {
		hashes := tokenize.Hashes(never)
		if len(hashes) == 0 {
			return fmt.Errorf("%q has no word in it; use never_match for punctuation", never)
		}
		s.phrases.add(phrase{rule: len(s.rules), hashes: hashes, text: never})
	}
	if r.By != nil {
		if err := s.addByValue(r.By); err != nil {
			return err
		}
	}
	s.rules = append(s.rules, c)
	return nil
}

// addByValue adds the phrases of the rule that is being added.
func (s *Set) addByValue(r *plan.ByValue) error {
	column, err := s.mustColumn(r.Field)
	if err != nil {
		return err
	}
	domain := s.fields[column].Domain
	if domain == nil {
		return fmt.Errorf("field %q has no list of values; use a field with values", r.Field)
	}
	b, err := newByValue(r, column, domain)
	if err != nil {
		return err
	}
	s.phrases.addByValue(len(s.rules), b)
	return nil
}

func (s *Set) addField(column int, f *kind.Field) {
	t := &textField{text: f.Text, demand: map[string]int{}, original: -1}
	add := func(kind, name, severity string) int {
		s.Demands = append(s.Demands, Demand{column, kind, name, severity})
		return len(s.Demands) - 1
	}
	kinds := []string{Empty, Length, Unprintable, Mark}
	if f.Text.Items == nil { // items are too short to recognize their language
		t.language = s.languages[f.Text.Language]
	}
	if t.language != nil {
		kinds = append(kinds, Language)
	}
	if f.Text.Items != nil {
		kinds = append(kinds, Items, Repeated)
	}
	if f.Text.Of != "" {
		t.original = s.column(f.Text.Of)
		kinds = append(kinds, TranslationKinds...)
	}
	for _, k := range kinds {
		t.demand[k] = add(k, "", severe)
	}
	for _, name := range f.Text.Mentions {
		if c := s.column(name); c >= 0 {
			t.mentions = append(t.mentions, mention{c, add(Mention, name, severe), name})
		}
	}
	for i, r := range s.rules {
		t.demandOf = append(t.demandOf, -1)
		if (len(r.Fields) > 0 || f.Text.Of != "") && !slices.Contains(r.Fields, f.Name) || slices.Contains(f.Text.Except, r.Name) {
			continue
		}
		t.demandOf[i] = add(Rule, r.Name, r.Severity)
		if r.never >= 0 || r.number >= 0 {
			t.rules = append(t.rules, boundRule{i, t.demandOf[i]})
		}
	}
	s.texts[column] = t
}

// severe is the severity of the demands that are not rules.
const severe = "fail"

// Column returns the position of the named text field in the plan's schema, -1
// if there is no such text field.
func (s *Set) Column(name string) int {
	if i := s.column(name); i >= 0 && s.texts[i] != nil {
		return i
	}
	return -1
}

func (s *Set) column(name string) int {
	return slices.IndexFunc(s.fields, func(f *kind.Field) bool { return f.Name == name })
}

func (s *Set) mustColumn(name string) (int, error) {
	i := s.column(name)
	if i < 0 {
		return i, fmt.Errorf("no field is called %q", name)
	}
	return i, nil
}

// snippet returns a part of a text with a little context, at most MostSnippet
// characters, cut between characters.
func snippet(text string, from, to int) string {
	const around = 30
	start, end := max(0, from-around), min(len(text), to+around)
	if end-start > MostSnippet {
		start, end = from, min(len(text), from+MostSnippet)
	}
	for start > 0 && start < len(text) && !utf8.RuneStart(text[start]) {
		start++
	}
	for end > start && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.ToValidUTF8(text[start:end], "\ufffd")
}
