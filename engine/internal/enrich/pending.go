package enrich

import (
	"context"
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
	// that all prompts share. A provider may charge less for them.
	Prefix int64 `json:"prefix"`

	shared string // the beginning that all prompts share
}

// Pending returns what Run would ask for and estimates its tokens, without
// asking. A missing text that a later prompt shows is assumed to have its target
// length.
func (e *Enricher) Pending(ctx context.Context, s Source, first, count int64, charsPerToken float64) ([]Pending, error) {
	b := e.newBlock(s)
	out := make([]Pending, len(e.calls))
	for i := range e.calls {
		out[i] = Pending{Call: e.calls[i].Name, Fields: map[string]int64{}, Stale: map[string]int64{}}
	}
	existing, err := e.answered(first, count)
	if err != nil {
		return nil, err
	}
	p := person{runner: &runner{Enricher: e, counts: e.newCounts()}, block: b}
	for at := first; at < first+count; at += blockRows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := b.load(at, int(min(blockRows, first+count-at))); err != nil {
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
		out[i].Prefix += out[i].Persons * endpoint.EstimateTokens(out[i].shared, charsPerToken)
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
	if to.Persons++; to.Persons == 1 {
		to.shared = strings.Clone(req.User)
	} else {
		to.shared = commonPrefix(to.shared, req.User)
	}
	prefix := []string{req.System, string(req.Schema)}
	for _, t := range req.Examples {
		prefix = append(prefix, t.User, t.Answer)
	}
	for _, text := range prefix {
		to.Prefix += endpoint.EstimateTokens(text, charsPerToken)
		to.Estimate.Prompt += endpoint.EstimateTokens(text, charsPerToken)
	}
	to.Estimate.Prompt += endpoint.EstimateTokens(req.User, charsPerToken)
	for _, t := range tasks {
		to.Fields[t.field.Name]++
		if existing.has(t.field.Name, p.number()) {
			to.Stale[t.field.Name]++
		}
		text := t.field.placeholder()
		to.Estimate.Completion += endpoint.EstimateTokens(text, charsPerToken)
		p.values[t.field.Name] = (&record{Text: text, Items: []string{text}}).value(t.field)
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
		if chars = length.Target; chars == 0 {
			chars = (length.Min + length.Max) / 2
		}
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

// ProbeCalls lists how the named calls ask for complete answers, for endpoint.Probe.
func (e *Enricher) ProbeCalls(names ...string) []endpoint.Call {
	var all []endpoint.Call
	for _, c := range e.calls {
		if !slices.Contains(names, c.Name) {
			continue
		}
		var tasks []task
		for k := range c.fields {
			tasks = append(tasks, task{field: &c.fields[k]})
		}
		all = append(all, endpoint.Call{Schema: schemaOf(tasks), Temperature: c.Temperature, MaxTokens: c.MaxTokens})
	}
	return all
}
