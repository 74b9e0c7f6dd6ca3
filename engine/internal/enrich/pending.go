package enrich

import (
	"context"
	"encoding/json"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// Pending is what a call of the plan still has to do for a range of persons.
type Pending struct {
	Call    string           `json:"call"`
	Persons int64            `json:"persons"` // requests, when every answer is good
	Fields  map[string]int64 `json:"fields"`  // persons per field that is missing
	// Stale are those of Fields that have a text already, which was accepted for
	// something that has changed since: the stanza, the prompt, the person.
	Stale    map[string]int64 `json:"stale,omitempty"`
	Estimate endpoint.Usage   `json:"estimate"` // tokens, at the given characters a token
}

// Pending finds what Run would ask for, without asking, and estimates its
// tokens. A text that is missing is taken to be as long as its target where a
// later prompt shows it.
func (e *Enricher) Pending(ctx context.Context, s Source, first, count int64, charsPerToken float64) ([]Pending, error) {
	b := e.newBlock(s)
	out := make([]Pending, len(e.calls))
	for i := range e.calls {
		out[i] = Pending{Call: e.calls[i].Name, Fields: map[string]int64{}, Stale: map[string]int64{}}
	}
	have, err := e.answered(first, count)
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
				if err := p.foresee(&e.calls[i], &out[i], have, charsPerToken); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

// foresee adds what a person's call would take.
func (p *person) foresee(c *call, to *Pending, have *answered, charsPerToken float64) error {
	tasks, err := p.missing(c)
	if err != nil || len(tasks) == 0 {
		return err
	}
	req, err := p.request(c, tasks)
	if err != nil {
		return err
	}
	to.Persons++
	said := []string{req.System, req.User, string(req.Schema)}
	for _, t := range req.Examples {
		said = append(said, t.User, t.Answer)
	}
	for _, text := range said {
		to.Estimate.Prompt += endpoint.EstimateTokens(text, charsPerToken)
	}
	for _, t := range tasks {
		to.Fields[t.field.Name]++
		if have.has(t.field.Name, p.block.batch.First+int64(p.row)) {
			to.Stale[t.field.Name]++
		}
		text := t.field.likely()
		to.Estimate.Completion += endpoint.EstimateTokens(text, charsPerToken)
		p.values[t.field.Name] = (&record{Text: text, Items: []string{text}}).value(t.field.Text.Items != nil)
	}
	return nil
}

// answered tells which fields of which persons have an accepted text of
// whatever key: a bit each.
type answered struct {
	first, count int64
	fields       map[string][]uint64
}

// answered reads the journal through once.
func (e *Enricher) answered(first, count int64) (*answered, error) {
	a := &answered{first, count, map[string][]uint64{}}
	if e.journal == nil {
		return a, nil
	}
	return a, e.journal.Range(func(key journal.Key, value []byte) error {
		person, name := key.Person()-first, fieldOf(value)
		if name == "" || person < 0 || person >= count {
			return nil
		}
		if a.fields[name] == nil {
			a.fields[name] = make([]uint64, (count+63)/64)
		}
		a.fields[name][person/64] |= 1 << (person % 64)
		return nil
	})
}

func (a *answered) has(field string, person int64) bool {
	bits, at := a.fields[field], person-a.first
	return bits != nil && bits[at/64]>>(at%64)&1 == 1
}

// likely is a text as long as the field's is to be expected.
func (f *field) likely() string {
	chars := f.Text.Chars.Target
	if chars == 0 {
		chars = (f.Text.Chars.Min + f.Text.Chars.Max) / 2
	}
	chars += 4
	if f.Text.Items != nil {
		chars *= (f.Text.Items.Min + f.Text.Items.Max + 1) / 2
	}
	text := make([]byte, chars+len(f.Name)+6)
	for i := range text {
		text[i] = 'x'
	}
	return string(text)
}

// Schemas lists the schema of each call's whole answer, for endpoint.Probe.
func (e *Enricher) Schemas() []json.RawMessage {
	var all []json.RawMessage
	for _, c := range e.calls {
		var tasks []task
		for k := range c.fields {
			tasks = append(tasks, task{field: &c.fields[k]})
		}
		all = append(all, schemaOf(tasks))
	}
	return all
}
