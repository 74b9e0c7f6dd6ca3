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

// compileWriters checks how the spec wants models to be asked.
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

// variable is the form of an environment variable's name. Keys have small
// letters or signs in them.
var variable = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,63}$`)

// keyHeaders carry keys, which have no place in a spec.
var keyHeaders = []string{"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"}

func (c *compiler) endpoint(s *spec.Endpoint) bundle.Endpoint {
	e := bundle.Endpoint{
		Name: s.Name, Model: s.Model, Mode: s.Mode, TokensField: s.TokensField, Local: s.Local,
		Workers: s.Workers, MaxInFlight: s.MaxInFlight, Limits: bundle.Limits(s.Limits), Batch: bundle.Batch(s.Batch), Timeout: s.Timeout, CharsPerToken: s.CharsPerToken,
		Extra: map[string]json.RawMessage{}, Headers: map[string]string{},
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
		e.KeyVar, e.NoKey = s.KeyVar.Value, s.KeyVar.Value == ""
		if !e.NoKey && !variable.MatchString(e.KeyVar) {
			c.private(s.KeyVar.Place, "key_var is the name of an environment variable in capital letters, and this is none").
				WithHint("put the key into a variable such as MODEL_API_KEY and name that here; a key itself has no place in a specification")
		}
	}
	if s.Workers > 0 && s.MaxInFlight > 0 && s.Workers > s.MaxInFlight {
		c.diags.Errorf(s.Place, "endpoint", "endpoint %q begins with %d calls at once and may have %d", s.Name, s.Workers, s.MaxInFlight).WithHint("raise max_in_flight or lower workers")
	}
	for _, x := range s.Extra {
		if slices.Contains(bundle.OwnBodyFields, x.Name) {
			c.diags.Errorf(x.Place, "endpoint", "the body field %q is not an extra one: the client sets it itself", x.Name).WithHint("%s", insteadOf(x.Name))
			continue
		}
		e.Extra[x.Name] = x.Value.JSON()
	}
	for _, h := range s.Headers {
		if slices.Contains(keyHeaders, strings.ToLower(h.Name)) {
			c.private(h.Place, "the header %s carries a key, which has no place in a specification", h.Name).WithHint("name the key's environment variable as key_var, or its file with --key-file")
			continue
		}
		e.Headers[h.Name] = h.Value.String
	}
	return e
}

// private reports a fault on a line that may hold a key.
func (c *compiler) private(at diag.Place, format string, args ...any) *diag.Diagnostic {
	d := c.diags.Errorf(at, "key-in-spec", format, args...)
	d.Private = true
	return d
}

// insteadOf says where a body field that is none of the extra ones is set.
func insteadOf(name string) string {
	switch name {
	case "model", "temperature", "max_tokens":
		return name + " is a setting of the call"
	case "response_format":
		return "set the endpoint's mode"
	case "max_completion_tokens":
		return "set the endpoint's tokens_field"
	}
	return "take it away"
}

func (c *compiler) checkURL(t *spec.String) {
	u, err := url.Parse(t.Value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		c.private(t.Place, "the base URL is not of the form https://host/v1").WithHint("write the address of the server, without /chat/completions")
	case u.User != nil || u.RawQuery != "":
		c.private(t.Place, "the base URL carries a user, a password or a query").WithHint("take it away: keys come from the environment or a file")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
		c.diags.Errorf(t.Place, "endpoint", "the base URL ends in /chat/completions").WithHint("leave that away: it is put behind the base URL")
	}
}
