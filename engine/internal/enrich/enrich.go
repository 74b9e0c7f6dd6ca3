// Package enrich has a model write the text fields of persons, and judge the persons of a
// sample. A person's calls are made in the order of the plan, each for the fields still
// missing. Every answer is parsed leniently and checked against the rules, field by field. A
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
	// Seed and Size are those of the population, from which the variation of requests and
	// the samples of calls are drawn.
	Seed uint64
	Size int64
	// Former identifies the population as an earlier version did, in every way that it
	// may have: records of a person are also found under its keys. They are used when
	// the facts that the key has are still those of the person.
	Former []string
	// Own are the models of calls that have an endpoint of their own, by call.
	Own map[string]Own
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

// Own is the name of a model, and how it is asked; nil if nothing is asked.
type Own struct {
	Name  string
	Model Model
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
	ownName     string // of the model that answers it in place of the run's, "" for none
	own         Model  // that model; nil if nothing is asked
	examples    []example
	draws       []rng.Stream // of the examples; nil if everyone is shown the same
	variants    [][]*variant // by share and by the example that is shown first
	template    *prompt.Template
	sees        []seen
	fields      []field
	showsFaults bool // the prompt itself shows what was wrong with the last answer

	sample *kind.Sampled // the persons who are judged; nil for everyone
	reads  []read        // texts by other calls without which nobody is judged; nil of calls that write texts
}

// read is a text that a judge reads.
type read struct {
	name   string
	column int
}

// seen is a field that a prompt shows; column is -1 for a text that an earlier
// call writes.
type seen struct {
	name   string
	column int
	list   bool
}

// field is a text or score that a call gives.
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
	if own, ok := e.options.Own[from.Name]; ok {
		c.ownName, c.own = own.Name, own.Model
	}
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
		if f := p.Fields[s.column]; f.Call() != "" {
			c.reads = append(c.reads, read{name, s.column})
			s.column, s.list = -1, listed(f)
		}
		c.sees = append(c.sees, s)
	}
	for _, name := range from.Fields {
		column := e.schema.Index(name)
		if column < 0 || p.Fields[column].Text == nil && p.Fields[column].Judged == nil {
			return c, fmt.Errorf("no text field or score is called %q", name)
		}
		c.fields = append(c.fields, e.newField(p, &c, column))
	}
	for _, v := range slices.Concat(c.variants...) {
		e.identify(p, &c, v)
	}
	if !e.judges(from) {
		c.reads = nil
		return c, nil
	}
	if s := c.fields[0].Judged.Sample; s != nil {
		if e.options.Size <= 0 {
			return c, fmt.Errorf("it is made for a sample of a population whose size is not known")
		}
		sampled := s.Persons(e.options.Seed, e.options.Size)
		c.sample = &sampled
	}
	return c, nil
}

// judges reports whether a call gives scores.
func (e *Enricher) judges(c *plan.Call) bool {
	return len(c.Fields) > 0 && e.env.Fields[e.schema.Index(c.Fields[0])].Judged != nil
}

// listed reports whether a field is a list of texts.
func listed(f *kind.Field) bool { return f.Text != nil && f.Text.Items != nil }

func (e *Enricher) newField(p *plan.Plan, c *call, column int) field {
	f := field{Field: p.Fields[column], column: column, at: len(c.fields)}
	if f.Text == nil {
		return f
	}
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
