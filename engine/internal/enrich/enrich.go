// Package enrich has a model write the text fields of persons. A person's calls
// are made in the order of the plan, each for the fields still missing; every
// answer is taken apart, mended where its form is wrong, and held to the rules
// field by field. A field that passes is in the journal before anybody uses it;
// one that does not is asked for again, with the reason, and set aside as
// quarantined when it fails too often. So a run that was stopped goes on where
// it was, by being run again.
//
// In goes a range of persons, out come journal records and counts; Reader fills
// the texts of a batch from the journal alone.
//
// The trap: a field's record is found by everything that had a part in it (see
// field.key). What is not in the key may change without a new answer; what is
// in it must never be taken out lightly, for that buys every text again.
package enrich

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Options say who writes, and for whom.
type Options struct {
	// Model goes before what the calls name; it is also what text_source says.
	Model string
	// Population identifies the persons behind the numbers: structure, seed and
	// size.
	Population string
	// Tries is how often a field is asked for before it is set aside; 3.
	Tries int
	// Refill asks again for what earlier runs have set aside.
	Refill bool
	// Watch, when set, hears of the persons and of what becomes of their texts.
	Watch Watch
}

// Watch is who may end a run early; its errors do.
type Watch interface {
	// Made hears of all persons in their order, from one goroutine, before their
	// texts are asked for.
	Made(b *frame.Batch) error
	// Ended hears what became of a person's texts, in the order of Counts.Fields,
	// from any goroutine.
	Ended(b *frame.Batch, row int, fates []Fate) error
}

// Fate is what became of a text.
type Fate uint8

const (
	NotApplicable Fate = iota // the person has no such field
	Good                      // accepted, now or earlier
	Bad                       // set aside, or not answered
)

// Enricher knows a plan's calls. It may be used by several goroutines.
type Enricher struct {
	options Options
	env     *kind.Env
	schema  frame.Schema
	rules   *rules.Set
	journal *journal.Journal
	calls   []call
	sources []source
}

// call is a plan's call, ready to be made.
type call struct {
	*plan.Call
	model    string
	template *prompt.Template
	sees     []seen
	fields   []field
	says     bool // the prompt says itself what was wrong with the last answer
}

// seen is a field that a prompt names; column is -1 for a text that an earlier
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
	number   int      // position in Counts.Fields
	common   [32]byte // hash of what its records have in common
	compared []int    // columns with which rules compare its text
	mentions []int    // columns that it must mention
}

// source is a column that tells who wrote the texts of a person.
type source struct {
	column int
	when   *kind.Selector
}

// New readies the calls of a plan. It reads, and Run writes, the journal; nil
// is an empty one, enough for Pending.
func New(p *plan.Plan, j *journal.Journal, o Options) (*Enricher, error) {
	if o.Tries <= 0 {
		o.Tries = 3
	}
	set, err := rules.Compile(p)
	if err != nil {
		return nil, err
	}
	e := &Enricher{options: o, env: &kind.Env{Fields: p.Fields}, schema: p.Schema(), rules: set, journal: j}
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
	for i, f := range p.Fields {
		if f.Class == kind.Written && f.Text == nil {
			e.sources = append(e.sources, source{i, f.When})
		}
	}
	return e, nil
}

func (e *Enricher) newCall(p *plan.Plan, from *plan.Call) (call, error) {
	c := call{Call: from, model: e.options.Model}
	if c.model == "" {
		c.model = from.Model
	}
	if c.model == "" {
		return c, fmt.Errorf("no model is named")
	}
	var faults []prompt.Fault
	if c.template, faults = prompt.Parse(from.Name, from.Prompt, nil); len(faults) > 0 {
		return c, &faults[0]
	}
	c.says = slices.Contains(c.template.Fields(), plan.ToWrite+".fault")
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
	return c, nil
}

func (e *Enricher) newField(p *plan.Plan, c *call, column int) field {
	f := field{Field: p.Fields[column], column: column}
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
	f.common = identityOf(p, c, f.Field, e.options.Population).Hash()
	return f
}

// Empty reports whether the plan has no call, so that there is nothing to do.
func (e *Enricher) Empty() bool { return len(e.calls) == 0 }

// MaxTokens is the largest bound on an answer.
func (e *Enricher) MaxTokens() int {
	most := 0
	for _, c := range e.calls {
		most = max(most, c.MaxTokens)
	}
	return most
}
