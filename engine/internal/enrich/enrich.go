// Package enrich has a model write the text fields of persons. A person's calls
// are made in the order of the plan, each for the fields still missing. Every
// answer is parsed leniently and checked against the rules, field by field. A
// field that passes is in the journal before it is used. A field that does not is
// asked for again, with the reason, and is quarantined if it fails too often. A
// run that was stopped continues when it is run again.
//
// Run and RunBatches write journal records for a range of persons and return
// counts. Reader fills the texts of a batch from the journal alone.
//
// Note: the key of a field's record depends on everything that affects its text
// (see field.key). What is not in the key can change without a new answer;
// changing what is in the key means that every text is bought again.
package enrich

import (
	"fmt"
	"slices"
	"unicode"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Options configure an Enricher.
type Options struct {
	// Model overrides the models that the calls and the shares of persons name. The model
	// that wrote a text is the value of text_source.
	Model string
	// Population identifies the population that persons are numbered in: its
	// structure, seed and size.
	Population string
	// Seed is that of the population, from which the variation of requests is drawn.
	Seed uint64
	// Former identifies the population as an earlier version did, in every way that it
	// may have: records of a person are also found under its keys. They are used when
	// the facts that the key has are still those of the person.
	Former []string
	// Tries is how often a field is asked for before it is quarantined; 3.
	Tries int
	// Refill asks again for fields that earlier runs quarantined.
	Refill bool
	// Watch, when set, observes the run.
	Watch Watch
	// Refused, when set, receives every answer of which a field was refused, with the
	// faults by field, from any goroutine.
	Refused func(person int64, call, answer string, faults map[string]string)
}

// Watch observes a run and stops it by returning an error.
type Watch interface {
	// Made receives all persons in order, from one goroutine, before their texts
	// are asked for.
	Made(b *frame.Batch) error
	// Ended receives the outcome of a person's texts, in the order of
	// Counts.Fields, from any goroutine.
	Ended(b *frame.Batch, row int, fates []Fate) error
}

// Fate is the outcome of a text.
type Fate uint8

const (
	NotApplicable Fate = iota // the person has no such field
	Good                      // accepted, now or earlier
	Bad                       // quarantined or unanswered
)

// Enricher makes a plan's calls. It is safe for concurrent use.
type Enricher struct {
	options Options
	env     *kind.Env
	schema  frame.Schema
	rules   *rules.Set
	journal *journal.Journal
	calls   []call
	sources []source
	variety *variety
	avoid   *avoidance // nil if nothing is to be avoided

	rubbishSeen *rubbish
}

// call is a plan's call with its parsed prompt.
type call struct {
	*plan.Call
	examples    []example
	draws       []rng.Stream // of the examples; nil if everyone is shown the same
	variants    [][]*variant // by share and by the example that is shown first
	template    *prompt.Template
	sees        []seen
	fields      []field
	showsFaults bool // the prompt itself shows what was wrong with the last answer
}

// seen is a field that a prompt shows; column is -1 for a text that an earlier
// call writes.
type seen struct {
	name   string
	column int
	list   bool
}

// field is a text field that a call writes.
type field struct {
	*kind.Field
	column   int
	at       int   // position in the call
	number   int   // position in Counts.Fields
	compared []int // columns that rules compare its text with
	mentions []int // columns that its text must mention
	// language is the scripts of the field's language, nil if not known.
	language []*unicode.RangeTable
}

// source is a column of kind text_source.
type source struct {
	column int
	when   *kind.Selector
}

// New returns an Enricher for the calls of a plan. A nil journal counts as empty,
// which is enough for Pending.
func New(p *plan.Plan, j *journal.Journal, o Options) (*Enricher, error) {
	if o.Tries <= 0 {
		o.Tries = 3
	}
	set, err := rules.Compile(p)
	if err != nil {
		return nil, err
	}
	e := &Enricher{options: o, env: &kind.Env{Fields: p.Fields}, schema: p.Schema(), rules: set, journal: j, variety: newVariety(p, o.Seed), rubbishSeen: newRubbish()}
	number := 0
	for i := range p.Calls {
		c, err := e.newCall(p, &p.Calls[i])
		if err != nil {
			return nil, fmt.Errorf("call %q: %w", p.Calls[i].Name, err)
		}
		for k := range c.fields {
			c.fields[k].number = number
			number++
		}
		e.calls = append(e.calls, c)
	}
	e.avoid = e.newAvoidance(p)
	for i, f := range p.Fields {
		if f.Meaning() == kind.Provenance {
			e.sources = append(e.sources, source{i, f.When})
		}
	}
	return e, nil
}

func (e *Enricher) newCall(p *plan.Plan, from *plan.Call) (call, error) {
	c := call{Call: from, draws: e.draws(from, e.options.Seed)}
	var err error
	if c.examples, err = parseExamples(from); err != nil {
		return c, err
	}
	c.variants = e.variants(&c)
	for _, share := range c.variants {
		if share[0].model == "" {
			return c, fmt.Errorf("no model is named")
		}
	}
	var faults []prompt.Fault
	if c.template, faults = prompt.Parse(from.Name, from.Prompt, nil); len(faults) > 0 {
		return c, &faults[0]
	}
	c.showsFaults = slices.Contains(c.template.Fields(), plan.ToWrite+".fault")
	for _, name := range from.Sees {
		s := seen{name: name, column: e.schema.Index(name)}
		if s.column < 0 {
			return c, fmt.Errorf("no field is called %q", name)
		}
		if f := p.Fields[s.column]; f.Class == kind.Written {
			s.column, s.list = -1, f.Text.Items != nil
		}
		c.sees = append(c.sees, s)
	}
	for _, name := range from.Fields {
		column := e.schema.Index(name)
		if column < 0 || p.Fields[column].Text == nil {
			return c, fmt.Errorf("no text field is called %q", name)
		}
		c.fields = append(c.fields, e.newField(p, &c, column))
	}
	for _, v := range slices.Concat(c.variants...) {
		e.identify(p, &c, v)
	}
	return c, nil
}

func (e *Enricher) newField(p *plan.Plan, c *call, column int) field {
	f := field{Field: p.Fields[column], column: column, at: len(c.fields)}
	for _, name := range f.Text.Mentions {
		f.mentions = append(f.mentions, e.schema.Index(name))
	}
	for _, r := range p.Rules {
		if !slices.Contains(r.Fields, f.Name) {
			continue
		}
		if r.Field != "" {
			f.compared = append(f.compared, e.schema.Index(r.Field))
		}
		if r.By != nil {
			f.compared = append(f.compared, e.schema.Index(r.By.Field))
		}
	}
	tag := f.Text.Language
	if tag == "" {
		tag = p.Language
	}
	f.language = scriptsOf(tag)
	return f
}

// identify hashes what the records of each field have in common in a variant.
func (e *Enricher) identify(p *plan.Plan, c *call, v *variant) {
	for i := range c.fields {
		f := c.fields[i].Field
		var former [][32]byte
		for _, population := range e.options.Former {
			former = append(former, identityOf(p, c, v, f, population).Hash())
		}
		v.common, v.former = append(v.common, identityOf(p, c, v, f, e.options.Population).Hash()), append(v.former, former)
	}
}

// Empty reports whether the plan has no calls.
func (e *Enricher) Empty() bool { return len(e.calls) == 0 }

// MaxTokens is the largest token limit of a call.
func (e *Enricher) MaxTokens() int {
	most := 0
	for _, c := range e.calls {
		most = max(most, c.MaxTokens)
	}
	return most
}
