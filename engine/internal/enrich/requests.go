package enrich

import (
	"cmp"
	"context"

	"github.com/personagen/personagen/engine/endpoint"
)

// Requests visits what Run would ask about count persons from first on, without asking, if
// nothing were answered yet: each person's calls in order. Texts that a prompt shows are the
// titles of their fields in brackets.
func (e *Enricher) Requests(ctx context.Context, s Source, first, count int64, visit func(person int64, call string, req endpoint.Request) error) error {
	b := e.newBlock(s)
	p := person{runner: &runner{Enricher: e, counts: e.newCounts()}, block: b}
	for at, n := first, int64(0); at < first+count; at += n {
		n = e.portion(at, first+count-at)
		if err := b.load(at, int(n)); err != nil {
			return err
		}
		for p.row = range b.batch.N {
			p.values = e.facts(b.batch, p.row)
			for i := range e.calls {
				req, err := p.preview(ctx, &e.calls[i])
				if err != nil {
					return err
				}
				if req.User == "" {
					continue
				}
				if err := visit(p.number(), e.calls[i].Name, req); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// preview returns the request for the texts that a person can have; it is empty if there are
// none.
func (p *person) preview(ctx context.Context, c *call) (endpoint.Request, error) {
	var tasks []task
	for k := range c.fields {
		if f := &c.fields[k]; p.block.applies(c, f, p.row) {
			tasks = append(tasks, task{field: f})
		}
	}
	if len(tasks) == 0 {
		return endpoint.Request{}, nil
	}
	req, err := p.request(ctx, c, tasks)
	for _, t := range tasks {
		title := "[" + cmp.Or(t.field.Title, t.field.Name) + "]"
		p.values[t.field.Name] = (&record{Text: title, Items: []string{title}}).value(t.field)
	}
	return req, err
}
