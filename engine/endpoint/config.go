package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Config says which endpoint to ask and how. Start from a Preset and lay what
// the user chose over it with Over. It holds no key, only where to find one.
type Config struct {
	Provider string // name of the preset, for messages
	BaseURL  string // without "/chat/completions"
	Model    string
	KeyVar   string // environment variable with the API key; "" for none
	KeyFile  string // file with the API key; goes before KeyVar
	Local    bool   // the endpoint is the user's own and costs nothing

	Mode        Mode                       // "" to be found by Probe
	TokensField string                     // body field that bounds the answer: "max_tokens" or "max_completion_tokens"
	Extra       map[string]json.RawMessage // further fields of the request body
	Headers     map[string]string          // further headers

	Workers     int // calls in flight at the start; 10
	MaxInFlight int // calls in flight at most; Workers
	Limits      Limits

	Timeout    time.Duration // for one attempt; 5 min
	Retries    int           // further attempts at most; 6; negative for none
	Backoff    time.Duration // before the first retry, doubling, with jitter; 1 s
	MaxBackoff time.Duration // 1 min
	MaxWait    time.Duration // a server that asks for a longer pause stops the client; 5 min
	BreakAfter int           // requests failed in a row that stop the client; 5
	Seed       uint64        // of the jitter

	CharsPerToken float64 // of the language written, for estimates; 3
	Price         *Price  // overrides the price table

	Batch BatchConfig // how files of requests are taken

	Transport http.RoundTripper // for tests; nil for the network
}

// Limits of an account, 0 for none. All are spread evenly over time, because
// services enforce a sixtieth of a minute's limit every second.
type Limits struct {
	RequestsPerSecond float64
	RequestsPerMinute float64
	TokensPerSecond   float64
	TokensPerMinute   float64
}

// presets: what is known of each kind of endpoint. Limits of hosted services
// are per account and model; those of dashscope are its flash model's.
var presets = map[string]Config{
	"openai": {
		BaseURL: "https://api.openai.com/v1", KeyVar: "OPENAI_API_KEY",
		TokensField: "max_completion_tokens",
		Batch:       BatchConfig{Requests: 50_000, Bytes: 200_000_000, Tag: "personagen"},
	},
	"dashscope": {
		BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", KeyVar: "DASHSCOPE_API_KEY",
		Extra:  map[string]json.RawMessage{"enable_thinking": json.RawMessage("false")},
		Limits: Limits{RequestsPerMinute: 15_000, TokensPerMinute: 10_000_000},
		Batch:  BatchConfig{Requests: 50_000, Bytes: 500_000_000, Tag: "ds_name"},
	},
	// Ollama answers as many calls at once as OLLAMA_NUM_PARALLEL says, 4 by default.
	"ollama": {BaseURL: "http://localhost:11434/v1", Local: true, MaxInFlight: 4},
	"vllm":   {BaseURL: "http://localhost:8000/v1", Local: true, MaxInFlight: 256},
	// llama-server has 4 slots unless told otherwise.
	"llama.cpp": {BaseURL: "http://localhost:8080/v1", Local: true, MaxInFlight: 4},
}

// Providers lists the names of the presets.
func Providers() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns what is known of a provider's endpoint.
func Preset(provider string) (Config, error) {
	c, ok := presets[provider]
	if !ok {
		return c, fmt.Errorf("unknown provider %q: choose one of %s, or give a base URL without a provider", provider, strings.Join(Providers(), ", "))
	}
	c.Provider, c.Extra = provider, maps.Clone(c.Extra)
	return c, nil
}

// Over lays the fields of c that are set over those of base. Extra fields and
// headers are joined; an extra field that is null in c is not sent.
func (c Config) Over(base Config) Config {
	extra, headers := join(base.Extra, c.Extra), join(base.Headers, c.Headers)
	maps.DeleteFunc(extra, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	overlay(reflect.ValueOf(&base).Elem(), reflect.ValueOf(c))
	base.Extra, base.Headers = extra, headers
	return base
}

// overlay sets the fields of a struct to those of another that are set, and so
// in structs within it.
func overlay(to, from reflect.Value) {
	for i := range from.NumField() {
		switch x := from.Field(i); {
		case x.Kind() == reflect.Struct:
			overlay(to.Field(i), x)
		case !x.IsZero():
			to.Field(i).Set(x)
		}
	}
}

func join[V any](base, over map[string]V) map[string]V {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, over)
	return all
}

// withDefaults fills what is not set.
func (c Config) withDefaults() Config {
	defaults := Config{
		TokensField: "max_tokens", Workers: 10,
		Timeout: 5 * time.Minute, Retries: 6, Backoff: time.Second, MaxBackoff: time.Minute,
		MaxWait: 5 * time.Minute, BreakAfter: 5, CharsPerToken: 3,
		Batch: BatchConfig{Window: "24h", Tag: "personagen", Poll: 30 * time.Second, MaxPoll: 5 * time.Minute},
	}
	c = c.Over(defaults)
	if c.MaxInFlight == 0 {
		c.MaxInFlight = c.Workers
	}
	c.Workers = min(c.Workers, c.MaxInFlight)
	return c
}

// ownFields of the body are set by the client; an extra field must not repeat one.
var ownFields = []string{"model", "messages", "response_format", "stream", "temperature", "seed", "n", "max_tokens", "max_completion_tokens"}

// check returns every fault of a config that has its defaults.
func (c Config) check() error {
	var errs []error
	fault := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Model == "" {
		fault("no model is named")
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case c.BaseURL == "":
		fault("no base URL is given; choose a provider (%s) or give one", strings.Join(Providers(), ", "))
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		fault("the base URL is not of the form https://host/v1")
	case u.User != nil || u.RawQuery != "":
		fault("the base URL must carry no user, password or query: keys come from the environment or a file")
	}
	if c.Mode != "" && !slices.Contains(modes, c.Mode) {
		fault("unknown schema mode %q: use json_schema, json_object_schema, json_object or prompt", c.Mode)
	}
	if c.TokensField != "max_tokens" && c.TokensField != "max_completion_tokens" {
		fault("unknown tokens field %q: use max_tokens or max_completion_tokens", c.TokensField)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		if slices.Contains(ownFields, name) {
			fault("extra body field %q is set by the client itself", name)
		} else if !json.Valid(c.Extra[name]) {
			fault("extra body field %q is not JSON", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		switch strings.ToLower(name) {
		case "authorization", "api-key", "x-api-key", "cookie":
			fault("header %s must not be configured: keys come from the environment or a file", name)
		}
	}
	for name, n := range map[string]float64{
		"workers": float64(c.Workers), "max in flight": float64(c.MaxInFlight), "timeout": float64(c.Timeout),
		"backoff": float64(c.Backoff), "max backoff": float64(c.MaxBackoff), "break after": float64(c.BreakAfter), "characters per token": c.CharsPerToken,
	} {
		if !(n > 0) {
			fault("%s must be more than 0", name)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
