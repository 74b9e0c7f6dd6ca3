package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/plan"
)

// checkProvider refuses a provider that neither the program nor the spec defines.
func (r *run) checkProvider(b *bundle.Bundle) error {
	known := Providers()
	for _, e := range b.Writers.Endpoints {
		if !slices.Contains(known, e.Name) {
			known = append(known, e.Name)
		}
	}
	if r.Provider == "" || slices.Contains(known, r.Provider) {
		return nil
	}
	hint := ""
	if g := diag.Guess(r.Provider, known); g != "" {
		hint = fmt.Sprintf("; did you mean %s?", g)
	}
	return fmt.Errorf("%w: the provider must be one of %s, or an endpoint of the spec, not %q%s", ErrUsage, strings.Join(known, ", "), r.Provider, hint)
}

// chooseModel returns the model that writes: that of the request, else that of
// the spec's endpoint, else the one that all calls name.
func (r *run) chooseModel() (string, error) {
	if len(r.plan.Calls) == 0 {
		return "", fmt.Errorf("%w: the spec has no calls, so a model has nothing to write; add calls, or choose --provider %s", ErrUsage, Offline)
	}
	if m := r.chosenModel(); m != "" {
		return m, nil
	}
	var named []string
	for i := range r.plan.Calls {
		if c := &r.plan.Calls[i]; !r.answersAlone(c) && !slices.Contains(named, c.Model) {
			named = append(named, c.Model)
		}
	}
	if len(named) == 0 {
		return "", fmt.Errorf("%w: every call of the spec has an endpoint of its own, so %s has nothing to answer; name one of these endpoints with --provider", ErrUsage, r.Provider)
	}
	if v := r.plan.Variation; v != nil && len(named) == 1 && named[0] == "" && v.Calls == nil && len(v.Shares) > 0 &&
		!slices.ContainsFunc(v.Shares, func(s plan.ModelShare) bool { return s.Model == "" }) {
		return v.Shares[0].Model, nil
	}
	if len(named) > 1 || named[0] == "" {
		return "", fmt.Errorf("%w: the spec's calls do not all name the same model; choose one with --model", ErrUsage)
	}
	return named[0], nil
}

// chosenModel returns the model that writes in place of those that calls and shares of
// persons name: that of the request, else that of the spec's endpoint; "" for none.
func (r *run) chosenModel() string {
	if m := r.Writer.Endpoint.Model; m != "" {
		return m
	}
	if e := r.bundle.Writers.Endpoint(r.Provider); e != nil {
		return e.Model
	}
	return ""
}

// pricing is the price of a model, with the currency and date of its table.
type pricing struct {
	price          endpoint.Price
	known          bool
	currency, date string
}

// configure returns how the endpoint of the run is asked, and its price. The request takes
// precedence over the spec, and the spec over the preset.
func (r *run) configure(model string) (endpoint.Config, pricing, error) {
	return r.configureAs(r.Provider, model, r.Writer.Endpoint)
}

// configureAs is configure for any provider, with what the user says of it.
func (r *run) configureAs(provider, model string, user endpoint.Config) (endpoint.Config, pricing, error) {
	cfg, err := endpoint.Preset(provider)
	if err != nil { // an endpoint that only the spec defines
		cfg = endpoint.Config{Provider: provider}
	}
	if e := r.bundle.Writers.Endpoint(provider); e != nil {
		cfg = fromSpec(e).Over(cfg)
		if e.Workers > 0 && e.MaxInFlight == 0 {
			cfg.MaxInFlight = e.Workers
		}
		if e.Local != nil {
			cfg.Local = *e.Local
		}
	}
	cfg = user.Over(cfg)
	cfg.Model = model
	if err := r.restrictKey(&cfg, provider, user); err != nil {
		return cfg, pricing{}, err
	}
	if r.Writer.AtOnce > 1 && !r.inBatches() {
		var err error
		if cfg, err = cfg.Share(r.Writer.AtOnce); err != nil {
			return cfg, pricing{}, fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	p := r.price(&cfg, user)
	if cfg.Price == nil && (p.known || r.bundle.Writers.Prices != nil) {
		cfg.Price = &p.price // otherwise the client would use its own table
	}
	return cfg, p, nil
}

// restrictKey keeps the key from hosts that neither the provider's preset nor the
// user names: a spec can come from anybody.
func (r *run) restrictKey(cfg *endpoint.Config, provider string, user endpoint.Config) error {
	host := cfg.Host()
	chosen := user.KeyVar != "" || user.KeyFile != ""
	whose := "the spec"
	if r.Writer.Sealed {
		user.BaseURL, whose = "", "the job"
	}
	name, _, _ := strings.Cut(host, ":")
	switch {
	case slices.ContainsFunc(r.Writer.Trust, func(t string) bool { return strings.EqualFold(t, host) || strings.EqualFold(t, name) }):
	case endpoint.PresetHost(provider, cfg.BaseURL):
	case user.BaseURL != "" && (chosen || endpoint.PresetDomain(provider, cfg.BaseURL)):
	case chosen:
		return fmt.Errorf("%w: %s sends requests to %s; add --trust %s if this host may have the key%s", ErrUsage, whose, host, host, map[bool]string{false: ", or choose another with --base-url"}[r.Writer.Sealed])
	default:
		cfg.KeyVar, cfg.KeyFile = "", ""
	}
	return nil
}

// asked says where requests go and with which key.
func asked(cfg endpoint.Config) string {
	if key := cfg.KeySource(); key != "" {
		return cfg.Host() + " with the key in " + key
	}
	return cfg.Host() + " without a key"
}

func fromSpec(e *bundle.Endpoint) endpoint.Config {
	c := endpoint.Config{
		BaseURL: e.BaseURL, KeyHeader: e.KeyHeader, Query: e.Query, Mode: endpoint.Mode(e.Mode), TokensField: e.TokensField,
		Extra: e.Extra, Headers: e.Headers, Workers: e.Workers, MaxInFlight: e.MaxInFlight, Limits: endpoint.Limits(e.Limits),
		Batch:   endpoint.BatchConfig{Requests: e.Batch.Requests, Bytes: e.Batch.Bytes, Window: e.Batch.Window},
		Timeout: time.Duration(e.Timeout * float64(time.Second)), CharsPerToken: e.CharsPerToken,
	}
	if e.Retries != nil {
		if c.Retries = *e.Retries; c.Retries == 0 {
			c.Retries = -1
		}
	}
	return c
}

// price finds what the model costs: the spec's price, else nothing at a local
// endpoint, else the price of the program's table if it is in the same currency.
// With a budget, a spec cannot lower a price that the program knows: neither in its
// prices, whatever their currency, nor by calling a host local that is not of the
// user's own network or choice.
func (r *run) price(cfg *endpoint.Config, user endpoint.Config) pricing {
	table := endpoint.Prices()
	p := pricing{currency: table.Currency, date: table.Date}
	own := r.bundle.Writers.Prices
	if own != nil {
		p.currency = own.Currency
	}
	if cfg.Price != nil {
		p.price, p.known = *cfg.Price, true
		return p
	}
	known, listed := table.Find(cfg.Model)
	binding := r.Writer.Budget > 0 && listed
	if cfg.Local && binding && user.BaseURL == "" && !cfg.OwnNetwork() {
		cfg.Local = false
	}
	if own != nil {
		if p.price, p.known = specTable(own).Find(cfg.Model); p.known {
			if p.date = own.Date; binding && !cfg.Local {
				p.price = p.price.AtLeast(known)
			}
			return p
		}
	}
	switch {
	case cfg.Local:
		p.known = true
	case p.currency == table.Currency:
		p.price, p.known = table.Find(cfg.Model)
	}
	return p
}

func specTable(p *bundle.Prices) endpoint.PriceTable {
	t := endpoint.PriceTable{Date: p.Date, Currency: p.Currency}
	for _, m := range p.Models {
		t.Models = append(t.Models, endpoint.ModelPrice{Model: m.Model, Price: endpoint.Price{Input: m.Input, Output: m.Output, Cached: m.Cached, Batch: m.Batch}})
	}
	return t
}
