package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// answerer is an endpoint that answers some calls in place of that of the run, such as a
// judge that is another model than the writer.
type answerer struct {
	calls  []string // of the plan
	config endpoint.Config
	price  pricing
	client *endpoint.Client // nil when nothing is asked
	asked  *clients
}

// answersAlone reports whether a call has an endpoint of its own.
func (r *run) answersAlone(c *plan.Call) bool { return c.Endpoint != "" && c.Endpoint != r.Provider }

// ownEndpoints configures the endpoints of calls that have their own, one for each
// endpoint and model. Flags of the command line are about the endpoint of the run.
func (r *run) ownEndpoints() (all []*answerer, err error) {
	for i := range r.plan.Calls {
		c := &r.plan.Calls[i]
		if !r.answersAlone(c) {
			continue
		}
		model := c.Model
		if e := r.bundle.Writers.Endpoint(c.Endpoint); model == "" && e != nil {
			model = e.Model
		}
		if model == "" {
			return nil, fmt.Errorf("%w: neither call %q nor its endpoint %s names a model; add one to the spec", ErrUsage, c.Name, c.Endpoint)
		}
		at := slices.IndexFunc(all, func(a *answerer) bool { return a.config.Provider == c.Endpoint && a.config.Model == model })
		if at < 0 {
			a := &answerer{}
			if a.config, a.price, err = r.configureAs(c.Endpoint, model, endpoint.Config{}); err != nil {
				return nil, err
			}
			at, all = len(all), append(all, a)
		}
		all[at].calls = append(all[at].calls, c.Name)
	}
	return all, nil
}

// openOwn makes the clients of the calls' own endpoints. They share the budget of the run.
func (m *modelWriter) openOwn(r *run) error {
	for _, a := range m.own {
		if !a.price.known && r.Writer.Budget > 0 {
			return fmt.Errorf("%w: a budget needs the price of %q, which is neither in the table of %s nor in the spec; add it to the spec's prices", ErrUsage, a.config.Model, endpoint.Prices().Date)
		}
		a.config.Retrying = r.waiting()
		client, err := endpoint.New(a.config, m.budget)
		if err != nil {
			return fmt.Errorf("%w: %v", ErrUsage, err)
		}
		a.client = client
		probe := func(ctx context.Context, c *endpoint.Client) error { return r.probe(ctx, c, a.calls) }
		a.asked = &clients{first: &probedClient{Client: client, probe: probe}, announce: func() { r.announce(a.config, a.config.Model) }}
	}
	return nil
}

// model returns what answers the calls, nil when nothing is asked.
func (a *answerer) model() enrich.Model {
	if a.asked == nil {
		return nil
	}
	return a.asked
}

func (a *answerer) close() {
	if a.client != nil {
		a.client.Close()
	}
}

// ownIncapable returns the error of a model of single calls that cannot do what they need.
func (m *modelWriter) ownIncapable() error {
	for _, a := range m.own {
		if err := a.asked.incapable(); err != nil {
			return err
		}
	}
	return nil
}

// keyless returns why an endpoint cannot be asked, nil if all can.
func (m *modelWriter) keyless() error {
	err := m.client.Keyless()
	for _, a := range m.own {
		if err == nil {
			err = a.client.Keyless()
		}
	}
	return err
}

// readSource returns the persons as prompts show them: with the narrator's texts where a
// judge reads them.
func (r *run) readSource() enrich.Source {
	if r.narrator != nil && slices.ContainsFunc(r.plan.Calls, func(c plan.Call) bool {
		return slices.ContainsFunc(c.Sees, func(name string) bool {
			f := r.plan.Field(name)
			return f.Class == kind.Written && f.Call() == ""
		})
	}) {
		return &source{generator: r.generator.Worker(), narrator: r.narrator.Worker()}
	}
	return r.generator.Worker()
}
