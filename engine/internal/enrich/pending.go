package enrich

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// Pending is what remains to be asked of a call for a range of persons.
type Pending struct {
	Call string `json:"call"`
	// Endpoint and Model answer the call, "" for those of the run.
	Endpoint string           `json:"endpoint,omitempty"`
	Model    string           `json:"model,omitempty"`
	Persons  int64            `json:"persons"` // also requests, if every answer is good
	Fields   map[string]int64 `json:"fields"`  // persons per missing field
	// Stale counts those of Fields that have a text under an older key, because
	// the stanza, the prompt or the person has changed since.
	Stale    map[string]int64 `json:"stale,omitempty"`
	Estimate endpoint.Usage   `json:"estimate"` // tokens, at the given characters per token
	// Prefix is how many of the tokens of the prompts stand at their beginning and are
	// the same for everyone: the system text, the schema, the examples, and the beginning
	// that all prompts share. A provider may charge less for them. With variation, it is the
	// same for those with the same model and examples and the same phrases to avoid.
	Prefix int64 `json:"prefix"`
	// Beginnings is how many such beginnings there are.
	Beginnings int `json:"beginnings"`
	// Shares are the parts of Persons, Estimate and Prefix that shares of the persons have, in
	// the order of the spec; nil if it has none.
	Shares []PendingShare `json:"shares,omitempty"`

	groups map[prefixGroup]*sharedPrefix
}

// PendingShare is what remains to be asked about a share of the persons.
type PendingShare struct {
	Model       string         `json:"model"`
	Temperature *float64       `json:"temperature,omitempty"`
	Persons     int64          `json:"persons"`
	Estimate    endpoint.Usage `json:"estimate"`
	Prefix      int64          `json:"prefix"`
}

// prefixGroup names prompts that may share a beginning.
type prefixGroup struct {
	variant *variant
	window  int64
}

// sharedPrefix is the beginning that the prompts of some persons share.
type sharedPrefix struct {
	persons int64
	text    string
}

// Pending returns what Run would ask for and estimates its tokens, without
// asking. A missing text that a later prompt shows is assumed to have its target
// length.
func (e *Enricher) Pending(ctx context.Context, s Source, first, count int64, charsPerToken float64) ([]Pending, error) {
	b := e.newBlock(s)
	out := make([]Pending, len(e.calls))
	for i := range e.calls {
		out[i] = Pending{Call: e.calls[i].Name, Fields: map[string]int64{}, Stale: map[string]int64{}, groups: map[prefixGroup]*sharedPrefix{}}
		if len(e.variety.Shares) > 0 {
			for _, share := range e.calls[i].variants {
				out[i].Shares = append(out[i].Shares, PendingShare{Model: share[0].model, Temperature: share[0].temperature})
			}
		}
	}
	existing, err := e.answered(first, count)
	if err != nil {
		return nil, err
	}
	p := person{runner: &runner{Enricher: e, counts: e.newCounts()}, block: b}
	for at, n := first, int64(0); at < first+count; at += n {
		n = e.portion(at, first+count-at)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := b.load(at, int(n)); err != nil {
			return nil, err
		}
		for p.row = range b.batch.N {
			p.values = e.facts(b.batch, p.row)
			for i := range e.calls {
				if err := p.estimate(ctx, &e.calls[i], &out[i], existing, charsPerToken); err != nil {
					return nil, err
				}
			}
		}
	}
	for i := range out {
		to := &out[i]
		to.Beginnings = len(to.groups)
		for g, shared := range to.groups {
			tokens := shared.persons * endpoint.EstimateTokens(shared.text, charsPerToken)
			to.Prefix += tokens
			if to.Shares != nil {
				to.Shares[g.variant.share].Prefix += tokens
			}
		}
	}
	return out, nil
}

// commonPrefix returns the longest beginning of whole characters that two texts share.
func commonPrefix(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return a[:n]
}

// estimate adds what a person's call would take.
func (p *person) estimate(ctx context.Context, c *call, to *Pending, existing *answered, charsPerToken float64) error {
	tasks, err := p.missing(c)
	if err != nil || len(tasks) == 0 {
		return err
	}
	req, err := p.request(ctx, c, tasks)
	if err != nil {
		return err
	}
	to.Persons++
	g := prefixGroup{p.variant(c, p.number()), p.window(p.number())}
	if shared := to.groups[g]; shared == nil {
		to.groups[g] = &sharedPrefix{1, strings.Clone(req.User)}
	} else {
		shared.persons, shared.text = shared.persons+1, commonPrefix(shared.text, req.User)
	}
	tokens := func(text string) int64 { return endpoint.EstimateTokens(text, charsPerToken) }
	prefix := tokens(req.System) + tokens(string(req.Schema))
	for _, t := range req.Examples {
		prefix += tokens(t.User) + tokens(t.Answer)
	}
	used := endpoint.Usage{Prompt: prefix + tokens(req.User)}
	for _, t := range tasks {
		to.Fields[t.field.Name]++
		if existing.has(t.field.Name, p.number()) {
			to.Stale[t.field.Name]++
		}
		text := t.field.placeholder()
		used.Completion += tokens(text)
		p.values[t.field.Name] = (&record{Text: text, Items: []string{text}}).value(t.field)
	}
	to.Prefix, to.Estimate = to.Prefix+prefix, addUsage(to.Estimate, used)
	if to.Shares != nil {
		s := &to.Shares[g.variant.share]
		s.Persons, s.Prefix, s.Estimate = s.Persons+1, s.Prefix+prefix, addUsage(s.Estimate, used)
	}
	return nil
}

// answered is the set of persons, counted from first on, that have an accepted
// text under any key, by field.
type answered struct {
	first  int64
	fields map[string]bitset
}

// answered reads the whole journal.
func (e *Enricher) answered(first, count int64) (*answered, error) {
	a := &answered{first, map[string]bitset{}}
	if e.journal == nil {
		return a, nil
	}
	return a, e.journal.Range(func(key journal.Key, value []byte) error {
		person, name := key.Person()-first, fieldOf(value)
		if name == "" || person < 0 || person >= count {
			return nil
		}
		if a.fields[name] == nil {
			a.fields[name] = newBitset(count)
		}
		a.fields[name].set(person, true)
		return nil
	})
}

func (a *answered) has(field string, person int64) bool {
	persons := a.fields[field]
	return persons != nil && persons.has(person-a.first)
}

// placeholder is a text of the field's expected length.
func (f *field) placeholder() string {
	chars := 0
	if length := f.Chars(); length != nil {
		chars = length.Aim()
	}
	chars += 4
	if listed(f.Field) {
		chars *= (f.Text.Items.Min + f.Text.Items.Max + 1) / 2
	}
	text := make([]byte, chars+len(f.Name)+6)
	for i := range text {
		text[i] = 'x'
	}
	return string(text)
}

// ProbeCalls lists how the named calls ask for complete answers, for endpoint.Probe. Of calls
// whose answers differ in nothing but names, such as those that ask for one text each, it has
// one.
func (e *Enricher) ProbeCalls(names ...string) []endpoint.Call {
	var all []endpoint.Call
	seen := map[string]int{}
	for _, c := range e.calls {
		if !slices.Contains(names, c.Name) {
			continue
		}
		var tasks []task
		form := ""
		for k := range c.fields {
			tasks = append(tasks, task{field: &c.fields[k]})
			form += answerType(&c.fields[k]) + " "
		}
		if c.Temperature != nil {
			form += fmt.Sprint(*c.Temperature)
		}
		if at, ok := seen[form]; ok {
			all[at].MaxTokens = min(all[at].MaxTokens, c.MaxTokens)
			continue
		}
		seen[form] = len(all)
		all = append(all, endpoint.Call{Schema: schemaOf(tasks), Temperature: c.Temperature, MaxTokens: c.MaxTokens})
	}
	return all
}
