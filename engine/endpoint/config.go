package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Config says which endpoint to ask and how. Start from a Preset and apply what
// the user chose with Over. It holds no key, only where to find one. Zero fields
// have the default that is given after the semicolon.
type Config struct {
	Provider string // name of the preset, for messages
	BaseURL  string // without "/chat/completions"
	Model    string
	KeyVar   string // environment variable with the API key; "" for none
	KeyFile  string // file with the API key; takes precedence over KeyVar
	// KeyHeader is the header of the key; "" for Authorization, as a bearer token.
	KeyHeader string
	Query     map[string]string // parameters of the address of every request
	Local     bool              // the endpoint is the user's own and free of charge

	Mode        Mode                       // "" for Probe to find
	TokensField string                     // body field that limits the answer: "max_tokens" (default) or "max_completion_tokens"
	Extra       map[string]json.RawMessage // further fields of the request body
	Headers     map[string]string          // further headers

	Workers     int // calls in flight at the start; 10
	MaxInFlight int // calls in flight at most; Workers
	Limits      Limits

	Timeout    time.Duration // for one attempt; 5 min
	Retries    int           // further attempts at most; 6; negative for none
	Backoff    time.Duration // before the first retry, doubling, with jitter; 1 s
	MaxBackoff time.Duration // before any retry; 1 min
	MaxWait    time.Duration // a server that asks for a longer pause stops the client; 5 min
	BreakAfter int           // requests failed in a row that stop the client; 5
	Seed       uint64        // of the jitter

	CharsPerToken float64 // in the language of the texts, for estimates; 3
	Price         *Price  // overrides the price table

	Batch BatchConfig // how the endpoint takes files of requests

	// Retrying, when set, is called before the wait for another attempt, from any
	// goroutine.
	Retrying func(failed *Error, wait time.Duration)

	Transport http.RoundTripper // for tests; nil for the network
}

// Limits of an account, 0 for none. Each is spread evenly over time, because
// services enforce a sixtieth of a minute's limit every second.
type Limits struct {
	RequestsPerSecond float64
	RequestsPerMinute float64
	TokensPerSecond   float64
	TokensPerMinute   float64
}

// presets are the known properties of each kind of endpoint. Rate limits of
// hosted services are per account and model; those of dashscope are for its flash
// model. Both hosted services take larger batch files than the default of
// BatchConfig.Bytes: 200 MB and 500 MB.
var presets = map[string]Config{
	"openai": {
		BaseURL: "https://api.openai.com/v1", KeyVar: "OPENAI_API_KEY",
		TokensField: "max_completion_tokens",
		Batch:       BatchConfig{Requests: 50_000, Tag: "personagen"},
	},
	"dashscope": {
		BaseURL: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", KeyVar: "DASHSCOPE_API_KEY",
		Extra:  map[string]json.RawMessage{"enable_thinking": json.RawMessage("false")},
		Limits: Limits{RequestsPerMinute: 15_000, TokensPerMinute: 10_000_000},
		Batch:  BatchConfig{Requests: 50_000, Tag: "ds_name"},
	},
	"mistral":    {BaseURL: "https://api.mistral.ai/v1", KeyVar: "MISTRAL_API_KEY"},
	"gemini":     {BaseURL: "https://generativelanguage.googleapis.com/v1beta/openai", KeyVar: "GEMINI_API_KEY"},
	"openrouter": {BaseURL: "https://openrouter.ai/api/v1", KeyVar: "OPENROUTER_API_KEY"},
	// Anthropic's compatible mode ignores response formats.
	"anthropic": {BaseURL: "https://api.anthropic.com/v1", KeyVar: "ANTHROPIC_API_KEY"},
	// Azure gives each customer a host: the base URL is the user's.
	"azure": {
		KeyVar: "AZURE_OPENAI_API_KEY", KeyHeader: "api-key", Query: map[string]string{"api-version": "preview"},
		TokensField: "max_completion_tokens",
	},
	"lmstudio": {BaseURL: "http://localhost:1234/v1", Local: true, MaxInFlight: 4},
	// Ollama answers OLLAMA_NUM_PARALLEL calls at once, by default 4.
	"ollama": {BaseURL: "http://localhost:11434/v1", Local: true, MaxInFlight: 4},
	"vllm":   {BaseURL: "http://localhost:8000/v1", Local: true, MaxInFlight: 256},
	// llama-server has 4 slots by default.
	"llama.cpp": {BaseURL: "http://localhost:8080/v1", Local: true, MaxInFlight: 4},
}

// Providers lists the names of the presets.
func Providers() []string { return slices.Sorted(maps.Keys(presets)) }

// Preset returns the config of a provider's endpoint.
func Preset(provider string) (Config, error) {
	c, ok := presets[provider]
	if !ok {
		return c, fmt.Errorf("unknown provider %q: choose one of %s, or give a base URL without a provider", provider, strings.Join(Providers(), ", "))
	}
	c.Provider, c.Extra, c.Query = provider, maps.Clone(c.Extra), maps.Clone(c.Query)
	return c, nil
}

// Over returns base with the fields replaced that are set in c. Extra fields,
// headers and parameters are merged by name; an extra field that is null in c is
// removed.
func (c Config) Over(base Config) Config {
	extra, headers, query := merge(base.Extra, c.Extra), merge(base.Headers, c.Headers), merge(base.Query, c.Query)
	maps.DeleteFunc(extra, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	overlay(reflect.ValueOf(&base).Elem(), reflect.ValueOf(c))
	base.Extra, base.Headers, base.Query = extra, headers, query
	return base
}

// overlay copies the fields that are set in from to to, recursively in structs.
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

func merge[V any](base, over map[string]V) map[string]V {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, over)
	return all
}

// withDefaults sets the fields that are zero.
func (c Config) withDefaults() Config {
	defaults := Config{
		TokensField: "max_tokens", Workers: 10,
		Timeout: 5 * time.Minute, Retries: 6, Backoff: time.Second, MaxBackoff: time.Minute,
		MaxWait: 5 * time.Minute, BreakAfter: 5, CharsPerToken: 3,
		Batch: BatchConfig{Bytes: 64_000_000, Window: "24h", Tag: "personagen", Poll: 30 * time.Second, MaxPoll: 5 * time.Minute},
	}
	c = c.Over(defaults)
	if c.MaxInFlight == 0 {
		c.MaxInFlight = c.Workers
	}
	c.Workers = min(c.Workers, c.MaxInFlight)
	return c
}

// Share returns the config of one of n clients that ask an endpoint at the same time, whose
// calls in flight and rates are together no more than c's.
func (c Config) Share(n int) (Config, error) {
	all := c.withDefaults()
	if all.MaxInFlight < n {
		return c, fmt.Errorf("%d calls in flight cannot be divided among %d; allow more, or fewer at once", all.MaxInFlight, n)
	}
	c.MaxInFlight = all.MaxInFlight / n
	c.Workers = max(1, all.Workers/n)
	for _, rate := range []*float64{&c.Limits.RequestsPerSecond, &c.Limits.RequestsPerMinute, &c.Limits.TokensPerSecond, &c.Limits.TokensPerMinute} {
		*rate /= float64(n)
	}
	return c, nil
}

// ownFields are the body fields that the client sets; Extra must not have them.
var ownFields = []string{"model", "messages", "response_format", "stream", "temperature", "seed", "n", "max_tokens", "max_completion_tokens"}

// costlyFields are body fields that multiply the cost of a call, or choose another
// price or model; Extra must not have them.
var costlyFields = []string{
	"best_of", "num_return_sequences", "candidate_count", "service_tier", "models", "fallbacks", "plugins", "tools", "functions",
	"web_search_options", "modalities", "audio", "background", "max_output_tokens", "max_new_tokens", "num_predict", "n_predict", "stream_options",
}

var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	// keyHeader matches the names of headers that carry keys.
	keyHeader = regexp.MustCompile(`(?i)^(authorization|([a-z0-9]+-)*(key|token))$`)
	// secretParameter matches the names of URL parameters that carry keys.
	secretParameter = regexp.MustCompile(`(?i)(^|[^a-z])(key|token|secret|password|sig|signature|code|auth)([^a-z]|$)|apikey`)
)

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// OwnNetwork reports whether the host of the base URL is this machine or one of a
// private network, which no provider bills for.
func (c Config) OwnNetwork() bool {
	u, err := url.Parse(c.BaseURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return loopback(u.Hostname()) || ip != nil && (ip.IsPrivate() || ip.IsLinkLocalUnicast())
}

// Host returns the host that requests go to, with the port unless it is that of
// the scheme, in lower case; "" if there is no base URL.
func (c Config) Host() string { return hostOf(c.BaseURL) }

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	return host
}

// KeySource names where the key comes from, "" if requests carry none. It does not
// show the key.
func (c Config) KeySource() string {
	switch {
	case c.KeyFile != "":
		return c.KeyFile
	case c.KeyVar != "":
		return c.KeyVar
	}
	return ""
}

// PresetHost reports whether a base URL is at the host of the provider's preset,
// which may get the preset's key.
func PresetHost(provider, baseURL string) bool {
	preset, ok := presets[provider]
	return ok && preset.BaseURL != "" && hostOf(preset.BaseURL) == hostOf(baseURL)
}

// PresetDomain reports whether a base URL that the user chose is at one of the
// hosts that the provider gives its customers, such as NAME.openai.azure.com.
func PresetDomain(provider, baseURL string) bool {
	for _, domain := range domains[provider] {
		if strings.HasSuffix(hostOf(baseURL), domain) {
			return true
		}
	}
	return false
}

// domains end the names of the hosts that a provider gives its customers.
var domains = map[string][]string{"azure": {".openai.azure.com", ".services.ai.azure.com"}}

// check returns every fault of a config with defaults.
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
		fault("the base URL must have no user, password or query: keys come from the environment or a file")
	}
	if c.KeyVar != "" && !variableName.MatchString(c.KeyVar) {
		fault("the key variable must be the name of an environment variable, such as MODEL_API_KEY, not the key itself")
	}
	if err == nil && u.Scheme == "http" && (c.KeyVar != "" || c.KeyFile != "") && !loopback(u.Hostname()) {
		fault("a key is not sent over http to %s, where others can read it: use https, or leave out the key", u.Host)
	}
	if c.KeyHeader != "" && !keyHeader.MatchString(c.KeyHeader) {
		fault("the key header must be the name of a header for keys, such as api-key")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Query)) {
		if secretParameter.MatchString(name) {
			fault("the parameter %s must not be configured: keys come from the environment or a file", name)
		}
	}
	if c.Mode != "" && !slices.Contains(modes, c.Mode) {
		fault("unknown schema mode %q: use json_schema, json_object_schema, json_object or prompt", c.Mode)
	}
	if c.TokensField != "max_tokens" && c.TokensField != "max_completion_tokens" {
		fault("unknown tokens field %q: use max_tokens or max_completion_tokens", c.TokensField)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		if slices.Contains(ownFields, strings.ToLower(name)) {
			fault("extra body field %q is set by the client itself", name)
		} else if slices.Contains(costlyFields, strings.ToLower(name)) {
			fault("extra body field %q changes what a call costs, so a budget could not hold", name)
		} else if !json.Valid(c.Extra[name]) {
			fault("extra body field %q is not JSON", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		switch strings.ToLower(name) {
		case "authorization", "proxy-authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie":
			fault("header %s must not be configured: keys come from the environment or a file", name)
		}
	}
	for name, n := range map[string]float64{
		"workers": float64(c.Workers), "max in flight": float64(c.MaxInFlight), "timeout": float64(c.Timeout),
		"backoff": float64(c.Backoff), "max backoff": float64(c.MaxBackoff), "break after": float64(c.BreakAfter), "characters per token": c.CharsPerToken,
	} {
		if !(n > 0) {
			fault("%s must be greater than 0", name)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
