package compile

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// compileWriters compiles the endpoints, prices and limits of the spec.
func (c *compiler) compileWriters() {
	a := &c.writers
	*a = bundle.Writers{Repairs: 2, AskAbove: 5}
	if p := c.spec.Prices; p != nil {
		a.Prices = &bundle.Prices{Date: p.Date, Currency: p.Currency}
		for _, m := range p.Models {
			a.Prices.Models = append(a.Prices.Models, bundle.Price(m))
		}
	}
	if e := c.spec.Enrichment; e != nil {
		a.Repairs, a.AskAbove, c.plan.Quarantine = e.Repairs, e.AskAbove, e.Quarantine
	}
	for i := range c.spec.Endpoints {
		a.Endpoints = append(a.Endpoints, c.endpoint(&c.spec.Endpoints[i]))
	}
}

// keyHeader matches the names of headers that carry keys.
var keyHeader = regexp.MustCompile(`(?i)^(authorization|([a-z0-9]+-)*(key|token))$`)

// endpointSecret matches names of URL parameters that carry keys.
var endpointSecret = regexp.MustCompile(`(?i)(^|[^a-z])(key|token|secret|password|sig|signature|code|auth)([^a-z]|$)|apikey`)

// keyHeaders are headers that carry keys, which do not belong in a spec.
var keyHeaders = []string{"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"}

// endpoint compiles an endpoint.
func (c *compiler) endpoint(s *spec.Endpoint) bundle.Endpoint {
	e := bundle.Endpoint{
		Name: s.Name, Model: s.Model, Mode: s.Mode, TokensField: s.TokensField, Local: s.Local,
		Workers: s.Workers, MaxInFlight: s.MaxInFlight, Limits: bundle.Limits(s.Limits), Batch: bundle.Batch(s.Batch), Timeout: s.Timeout, CharsPerToken: s.CharsPerToken,
		Extra: map[string]json.RawMessage{}, Headers: map[string]string{}, Query: map[string]string{},
	}
	if s.Retries != nil {
		n := int(*s.Retries)
		e.Retries = &n
	}
	if s.BaseURL != nil {
		e.BaseURL = s.BaseURL.Value
		c.checkURL(s.BaseURL)
	}
	if s.KeyVar != nil {
		c.private(s.KeyVar.Place, "a spec does not choose the key that is sent: key_var is not allowed").
			WithHint("remove it, and name the variable with --key-var; a preset's key goes to the preset's host without a flag")
	}
	if s.KeyHeader != nil {
		if e.KeyHeader = s.KeyHeader.Value; !keyHeader.MatchString(e.KeyHeader) {
			c.private(s.KeyHeader.Place, "key_header must be the name of a header for keys, such as api-key or X-API-Key").WithHint("name the header that the server reads the key from; the key itself comes from --key-var or --key-file")
		}
	}
	for _, q := range s.Query {
		if endpointSecret.MatchString(q.Name) {
			c.private(q.Place, "the parameter %s carries a key, which does not belong in a spec", q.Name).WithHint("remove it; give the key with --key-var or --key-file")
			continue
		}
		e.Query[q.Name] = q.Value.String
	}
	if s.Workers > 0 && s.MaxInFlight > 0 && s.Workers > s.MaxInFlight {
		c.diags.Errorf(s.Place, "endpoint", "endpoint %q starts with %d calls at once, but its max_in_flight is %d", s.Name, s.Workers, s.MaxInFlight).WithHint("raise max_in_flight or lower workers")
	}
	for _, x := range s.Extra {
		if slices.Contains(bundle.OwnBodyFields, strings.ToLower(x.Name)) {
			c.diags.Errorf(x.Place, "endpoint", "the client sets the body field %q itself", x.Name).WithHint("%s", insteadOf(x.Name))
			continue
		}
		if slices.Contains(bundle.CostlyBodyFields, strings.ToLower(x.Name)) && x.Value.Kind != spec.NullNode {
			c.diags.Errorf(x.Place, "endpoint", "the body field %q changes what a call costs, so a budget could not hold", x.Name).WithHint("remove it")
			continue
		}
		e.Extra[x.Name] = x.Value.JSON()
	}
	for _, h := range s.Headers {
		if slices.Contains(keyHeaders, strings.ToLower(h.Name)) {
			c.private(h.Place, "the header %s carries a key, which does not belong in a spec", h.Name).WithHint("give the key with --key-var or --key-file; key_header names another header for it")
			continue
		}
		e.Headers[h.Name] = h.Value.String
	}
	return e
}

// private reports a fault without showing its line, which may hold a key.
func (c *compiler) private(at diag.Place, format string, args ...any) *diag.Diagnostic {
	d := c.diags.Errorf(at, "key-in-spec", format, args...)
	d.Private = true
	return d
}

// insteadOf says how to set a body field that the client sets.
func insteadOf(name string) string {
	switch name {
	case "model", "temperature", "max_tokens":
		return name + " is a setting of the call"
	case "response_format":
		return "set the endpoint's mode"
	case "max_completion_tokens":
		return "set the endpoint's tokens_field"
	}
	return "remove it"
}

// checkURL checks a base URL.
func (c *compiler) checkURL(t *spec.String) {
	u, err := url.Parse(t.Value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		c.private(t.Place, "the base URL is not of the form https://host/v1").WithHint("write the address of the server without /chat/completions")
	case u.User != nil || u.RawQuery != "":
		c.private(t.Place, "the base URL has a user, a password or a query").WithHint("remove it; keys come from the environment or a file")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
		c.diags.Errorf(t.Place, "endpoint", "the base URL ends in /chat/completions").WithHint("remove that part; the client appends it")
	}
}
