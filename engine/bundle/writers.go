package bundle

import "encoding/json"

// Writers says how models are asked for texts, and what they cost. It holds no
// secrets and does not say which key is sent.
type Writers struct {
	Endpoints []Endpoint `json:"endpoints,omitempty"`
	// Prices is nil when the spec has none.
	Prices *Prices `json:"prices,omitempty"`
	// Repairs is how often a refused text is asked for again.
	Repairs int `json:"repairs"`
	// AskAbove is the cost, in the currency of the prices, above which a person
	// is asked first.
	AskAbove float64 `json:"ask_above"`
}

// Endpoint says how to ask a model server. Zero values are not given.
type Endpoint struct {
	Name    string `json:"name"`
	BaseURL string `json:"base_url,omitempty"`
	// KeyHeader is the header of the key, "" for Authorization.
	KeyHeader   string                     `json:"key_header,omitempty"`
	Query       map[string]string          `json:"query,omitempty"`
	Model       string                     `json:"model,omitempty"`
	Mode        string                     `json:"mode,omitempty"`
	TokensField string                     `json:"tokens_field,omitempty"`
	Extra       map[string]json.RawMessage `json:"extra,omitempty"`
	Headers     map[string]string          `json:"headers,omitempty"`
	Local       *bool                      `json:"local,omitempty"`
	Workers     int                        `json:"workers,omitempty"`
	MaxInFlight int                        `json:"max_in_flight,omitempty"`
	Limits      Limits                     `json:"limits,omitzero"`
	Batch       Batch                      `json:"batch,omitzero"`
	Timeout     float64                    `json:"timeout,omitempty"` // seconds
	Retries     *int                       `json:"retries,omitempty"`
	// CharsPerToken is that of the language written.
	CharsPerToken float64 `json:"chars_per_token,omitempty"`
}

// Limits are those of an account, 0 for none.
type Limits struct {
	RequestsPerSecond float64 `json:"requests_per_second,omitempty"`
	RequestsPerMinute float64 `json:"requests_per_minute,omitempty"`
	TokensPerSecond   float64 `json:"tokens_per_second,omitempty"`
	TokensPerMinute   float64 `json:"tokens_per_minute,omitempty"`
}

// Batch says what files of requests an endpoint takes. Zero values are not
// given.
type Batch struct {
	Requests int    `json:"requests,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	Window   string `json:"window,omitempty"`
}

// Prices are the prices of models, as of a date.
type Prices struct {
	Date     string  `json:"date"`
	Currency string  `json:"currency"`
	Models   []Price `json:"models"`
}

// Price is a model's price per million tokens. A zero Cached or Batch means no
// discount.
type Price struct {
	Model  string  `json:"model"`
	Input  float64 `json:"input"`
	Output float64 `json:"output"`
	Cached float64 `json:"cached,omitempty"`
	Batch  float64 `json:"batch,omitempty"`
}

// OwnBodyFields are the fields of a request's body that the client sets itself;
// Endpoint.Extra has none of them.
var OwnBodyFields = []string{"model", "messages", "response_format", "stream", "temperature", "seed", "n", "max_tokens", "max_completion_tokens"}

// CostlyBodyFields are fields of a request's body that multiply the cost of a
// call, or choose another price or model; Endpoint.Extra has none of them.
var CostlyBodyFields = []string{
	"best_of", "num_return_sequences", "candidate_count", "service_tier", "models", "fallbacks", "plugins", "tools", "functions",
	"web_search_options", "modalities", "audio", "background", "max_output_tokens", "max_new_tokens", "num_predict", "n_predict", "stream_options",
}

// Endpoint returns the named endpoint, or nil.
func (w *Writers) Endpoint(name string) *Endpoint {
	for i := range w.Endpoints {
		if w.Endpoints[i].Name == name {
			return &w.Endpoints[i]
		}
	}
	return nil
}
