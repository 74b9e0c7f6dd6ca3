package run

import (
	"context"
	"fmt"
	"sync"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
)

// otherClients returns the clients of the models that shares of persons have beside the
// first. They have the same endpoint and budget, and prices, limits and abilities of their
// own.
func (r *run) otherClients(m *modelWriter) (map[string]*endpoint.Client, error) {
	out := map[string]*endpoint.Client{}
	for _, model := range r.shareModels(m.name) {
		cfg, price, err := r.configure(model)
		if err != nil {
			return nil, err
		}
		if !price.known && r.Writer.Budget > 0 {
			return nil, fmt.Errorf("%w: a budget needs the price of %q, which is neither in the table of %s nor in the spec; add it to the spec's prices", ErrUsage, model, endpoint.Prices().Date)
		}
		m.price.known = m.price.known && price.known
		cfg.Retrying = r.waiting()
		if out[model], err = endpoint.New(cfg, m.budget); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	return out, nil
}

// shareModels lists the models that shares of persons have beside one.
func (r *run) shareModels(beside string) []string {
	var names []string
	if r.plan.Variation == nil || r.chosenModel() != "" {
		return nil
	}
	seen := map[string]bool{"": true, beside: true}
	for _, s := range r.plan.Variation.Shares {
		if !seen[s.Model] {
			seen[s.Model] = true
			names = append(names, s.Model)
		}
	}
	return names
}

// clients are the clients of all models, each probed before its first request.
type clients struct {
	first    *probedClient
	others   map[string]*probedClient
	announce func()
	once     sync.Once
}

// probed returns the clients of a run.
func (r *run) probed() *clients {
	announce := func() { r.announce(r.model.endpoint, r.model.enricher.Models()...) }
	c := &clients{first: &probedClient{Client: r.model.client, probe: r.probeMain}, others: map[string]*probedClient{}, announce: announce}
	for model, client := range r.model.others {
		c.others[model] = &probedClient{Client: client, probe: r.probeMain}
	}
	return c
}

var _ enrich.Model = (*clients)(nil)

// Width is that of one client: what the endpoint is asked at once does not depend on the
// number of models.
func (c *clients) Width() int { return c.first.Width() }

// Do sends a request to its model.
func (c *clients) Do(ctx context.Context, req endpoint.Request) (endpoint.Answer, error) {
	c.once.Do(c.announce)
	if other := c.others[req.Model]; other != nil {
		return other.Do(ctx, req)
	}
	return c.first.Do(ctx, req)
}

// incapable returns the error of a model that cannot do what the calls need.
func (c *clients) incapable() error {
	for _, p := range c.others {
		if endpoint.KindOf(p.err) == endpoint.Incapable {
			return p.err
		}
	}
	if endpoint.KindOf(c.first.err) == endpoint.Incapable {
		return c.first.err
	}
	return nil
}

// misreported is how many replies of all models reported numbers of tokens that cannot be.
func (m *modelWriter) misreported() int64 {
	n := m.client.Stats().Misreported
	for _, c := range m.others {
		n += c.Stats().Misreported
	}
	for _, a := range m.own {
		n += a.client.Stats().Misreported
	}
	return n
}
