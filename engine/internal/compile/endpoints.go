package plan

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// DefaultQuarantine is the share of a field's texts that may be set aside.
const DefaultQuarantine = 0.001

// MostQuarantined is the share of a field's texts that may be set aside.
func (p *Plan) MostQuarantined() float64 {
	if p.Quarantine == nil {
		return DefaultQuarantine
	}
	return *p.Quarantine
}

// Authors says how models are asked for texts, and what they cost.
type Authors struct {
	Endpoints []Endpoint
	Prices    *spec.Prices // nil when the spec has none
	Repairs   int          // how often a refused text is asked for again
	AskAbove  float64      // cost above which a person is asked first, in the currency of the prices
}

// Endpoint says how to ask a model server; zero values are not given.
type Endpoint struct {
	Name    string
	BaseURL string
	// KeyVar names the variable of the key; NoKey says that there is none.
	KeyVar      string
	NoKey       bool
	Model       string
	Mode        string
	TokensField string
	Extra       map[string]json.RawMessage
	Headers     map[string]string
	Local       *bool
	Workers     int
	MaxInFlight int
	Limits      spec.Limits
	Batch       spec.Batch
	Timeout     float64 // seconds
	Retries     *int
	// CharsPerToken of the language written.
	CharsPerToken float64
}

// Endpoint returns the named endpoint of the spec, or nil.
func (a *Authors) Endpoint(name string) *Endpoint {
	for i := range a.Endpoints {
		if a.Endpoints[i].Name == name {
			return &a.Endpoints[i]
		}
	}
	return nil
}

// compileAuthors checks how the spec wants models to be asked.
func (c *compiler) compileAuthors() {
	a := &c.plan.Authors
	*a = Authors{Prices: c.spec.Prices, Repairs: 2, AskAbove: 5}
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

// OwnBodyFields of a request are set by the client; extra fields are others.
var OwnBodyFields = []string{"model", "messages", "response_format", "stream", "temperature", "seed", "n", "max_tokens", "max_completion_tokens"}

// keyHeaders carry keys, which have no place in a spec.
var keyHeaders = []string{"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"}

func (c *compiler) endpoint(s *spec.Endpoint) Endpoint {
	e := Endpoint{
		Name: s.Name, Model: s.Model, Mode: s.Mode, TokensField: s.TokensField, Local: s.Local,
		Workers: s.Workers, MaxInFlight: s.MaxInFlight, Limits: s.Limits, Batch: s.Batch, Timeout: s.Timeout, CharsPerToken: s.CharsPerToken,
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
		if slices.Contains(OwnBodyFields, x.Name) {
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
