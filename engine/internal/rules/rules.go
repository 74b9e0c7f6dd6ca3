// Package rules holds texts to what a plan demands of them: that there is
// something in them, lengths, items, what must be mentioned and must not be
// said. The same demands judge a population when it is checked and a model's
// answer before it is accepted.
//
// In goes a text with the person it is about, out come faults, each with a
// reason that can be told to whoever wrote the text. Words are compared without
// regard to case, and only whole ones.
package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Kinds of demands.
const (
	Empty       = "empty"       // a text without a letter or digit
	Length      = "length"      // characters of a text or item
	Items       = "items"       // how many a list has
	Repeated    = "repeated"    // an item that occurs twice
	Unprintable = "unprintable" // control characters, invalid UTF-8
	Mark        = "mark"        // of a template: {, <name>
	Mention     = "mention"     // a field's value that is missing
	Language    = "language"    // letters and words of another language
	Rule        = "rule"        // a rule of the spec
)

// Demand is one thing that is demanded of a text field.
type Demand struct {
	Column   int // of the text field, in the plan's schema
	Kind     string
	Name     string // of the field to be mentioned, or of the rule
	Severity string
}

// Fault is a demand that a text does not meet.
type Fault struct {
	Demand  int    // position in Set.Demands
	Reason  string // a sentence
	Snippet string // what is wrong, in its context, at most MostSnippet characters; "" where there is nothing to show
}

// MostSnippet is the length in characters of the longest snippet.
const MostSnippet = 120

// Set is a plan's demands, compiled. It may be shared by goroutines: what it
// learns about texts changes nothing that it says of them.
type Set struct {
	Demands []Demand

	env    *kind.Env
	labels [][]string // per field, its labels in lower case; nil when it has none
	texts  []*textField
	whens  []*kind.Selector
	rules  []rule
	// Expressions of the rules, each perProgram of them also as one automaton,
	// and a bit for each that holds a number.
	languages   map[string]*language
	expressions []*expression
	automata    []*automaton
	wanted      []uint64
	filter      [1 << 10]uint64     // bits of the keys of first
	first       map[uint64][]phrase // by their first word, or a key of the first two
	known       pieces
}

// anyone is the code of a phrase that is forbidden to everyone.
const anyone = -1

// textField is what is demanded of one field.
type textField struct {
	column   int
	text     *kind.Text
	language *language      // nil when nothing is known of it
	demand   map[string]int // by kind
	mentions []mention
	rules    []bound // those with a number or a pattern
	demandOf []int   // per rule, -1 when it does not concern the field
}

// bound is a rule as it concerns a field.
type bound struct{ rule, demand int }

type mention struct {
	column, demand int
	name           string
}

// rule is a plan.Rule without its words.
type rule struct {
	*plan.Rule
	when   int // position in Set.whens, -1 for everyone
	never  int // position in Set.expressions, -1 for none
	number int // likewise
	column int // that number's first group must equal
	by     *byValue
}

// phrase is a forbidden phrase: hashes of the words after the first.
type phrase struct {
	rule int
	rest []uint64
	text string
	code int     // of the value that it tells, anyone for none
	said *saying // what follows tells a value; nil when nothing needs to
}

// Compile readies a plan's demands on its text fields. The error names a rule
// that cannot be used.
func Compile(p *plan.Plan) (*Set, error) {
	s := &Set{languages: map[string]*language{}, env: &kind.Env{Fields: p.Fields}, first: map[uint64][]phrase{}, texts: make([]*textField, len(p.Fields)), labels: make([][]string, len(p.Fields))}
	for i := range p.Languages {
		l := newLanguage(&p.Languages[i])
		l.salt = rng.Mix(uint64(i + 1))
		s.languages[l.Name] = l
	}
	for i := range p.Rules {
		if err := s.addRule(&p.Rules[i]); err != nil {
			return nil, fmt.Errorf("rule %q: %w", p.Rules[i].Name, err)
		}
	}
	s.assemble()
	for i, f := range p.Fields {
		if f.Text != nil {
			s.addField(i, f)
		}
		if f.Type == frame.Category && f.Domain != nil {
			for _, label := range f.Domain.Labels {
				s.labels[i] = append(s.labels[i], lowered(label))
			}
		}
	}
	return s, nil
}

func (s *Set) addRule(r *plan.Rule) error {
	c := rule{Rule: r, when: -1, never: -1, number: -1, column: -1}
	if r.When != nil {
		c.when = len(s.whens)
		s.whens = append(s.whens, r.When)
	}
	var err error
	if r.NeverMatch != "" {
		if c.never, err = s.expression(r.NeverMatch); err != nil {
			return err
		}
	}
	if r.Number != "" {
		if c.number, err = s.expression(r.Number); err != nil {
			return err
		}
		s.wanted[c.number/perProgram] |= 1 << (c.number % perProgram)
		if s.expressions[c.number].NumSubexp() == 0 {
			return fmt.Errorf("the expression %q has no group that holds the number; put the number in ( )", r.Number)
		}
		if c.column = s.column(r.Field); c.column < 0 {
			return fmt.Errorf("no field is called %q", r.Field)
		}
	}
	for _, never := range r.Never {
		words := hashesOf(never)
		if len(words) == 0 {
			return fmt.Errorf("%q has no word in it; use never_match for signs", never)
		}
		s.addPhrase(words[0], phrase{rule: len(s.rules), rest: words[1:], text: never, code: anyone})
	}
	if r.By != nil {
		if c.by, err = s.addBy(r.By); err != nil {
			return err
		}
	}
	s.rules = append(s.rules, c)
	return nil
}

// expression compiles an expression and returns its position.
func (s *Set) expression(text string) (int, error) {
	e, err := newExpression(text)
	if err != nil {
		return -1, err
	}
	if len(s.expressions)%perProgram == 0 {
		s.wanted = append(s.wanted, 0)
	}
	s.expressions = append(s.expressions, e)
	return len(s.expressions) - 1, nil
}

// assemble makes the automata of all expressions.
func (s *Set) assemble() {
	for group := range slices.Chunk(s.expressions, perProgram) {
		s.automata = append(s.automata, newAutomaton(assemble(group)))
	}
}

func (s *Set) addField(column int, f *kind.Field) {
	t := &textField{column: column, text: f.Text, demand: map[string]int{}}
	add := func(kind, name, severity string) int {
		s.Demands = append(s.Demands, Demand{column, kind, name, severity})
		return len(s.Demands) - 1
	}
	kinds := []string{Empty, Length, Unprintable, Mark}
	if f.Text.Items == nil { // items are too short to tell
		t.language = s.languages[f.Text.Language]
	}
	if t.language != nil {
		kinds = append(kinds, Language)
	}
	if f.Text.Items != nil {
		kinds = append(kinds, Items, Repeated)
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
		if len(r.Fields) > 0 && !slices.Contains(r.Fields, f.Name) || slices.Contains(f.Text.Except, r.Name) {
			continue
		}
		t.demandOf[i] = add(Rule, r.Name, r.Severity)
		if r.never >= 0 || r.number >= 0 {
			t.rules = append(t.rules, bound{i, t.demandOf[i]})
		}
	}
	s.texts[column] = t
}

// severe is the severity of what every text must meet.
const severe = "fail"

// Column returns the position of the named text field in the plan's schema, -1
// when it is none.
func (s *Set) Column(name string) int {
	if i := s.column(name); i >= 0 && s.texts[i] != nil {
		return i
	}
	return -1
}

func (s *Set) column(name string) int {
	return slices.IndexFunc(s.env.Fields, func(f *kind.Field) bool { return f.Name == name })
}

// lowered is a text in lower case as Scan.Read makes it.
func lowered(text string) string { return strings.Map(lowerRune, text) }
