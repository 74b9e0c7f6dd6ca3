// Package endpoint requests chat completions from servers that speak OpenAI's
// protocol. A Client sends one Request per call of Do and handles rate limits,
// retries, the number of calls in flight, the budget, and an endpoint that is
// down. Do returns an Answer, or an *Error whose Kind says what to do.
//
// The client does not check answers against the schema, in any mode; callers do.
//
// Note: a request may be paid for even if it ends in an error. The most that an
// attempt with an unknown outcome can cost counts as spent.
package endpoint

import "encoding/json"

// Mode is a way to make an endpoint answer with JSON.
type Mode string

const (
	Strict Mode = "json_schema" // the server constrains the answer to the schema
	// ObjectSchema is Strict as llama.cpp's servers and some hosts of open models
	// express it: JSON mode with a schema.
	ObjectSchema Mode = "json_object_schema"
	JSONObject   Mode = "json_object" // the server constrains the answer to JSON; the schema is in the prompt
	Prompted     Mode = "prompt"      // the prompt alone asks for JSON
)

// modes in order of preference.
var modes = []Mode{Strict, ObjectSchema, JSONObject, Prompted}

// enforced reports whether the server constrains the answer to the schema.
func (m Mode) enforced() bool { return m == Strict || m == ObjectSchema }

// Request is one question. The system text and the schema should be the same
// for many requests, so that the server's prefix cache applies; what differs
// belongs in the user text.
type Request struct {
	Model       string // for callers that have a client for each model; a Client does not read it
	System      string
	Examples    []Turn // earlier questions with their answers
	User        string
	Schema      json.RawMessage // a flat JSON Schema of an object, every property required; nil for free text
	Temperature *float64        // nil for the server's default; 0 is sent as 0
	MaxTokens   int             // most tokens of the answer; 0 for the server's default
	Seed        *int
}

// Turn is a question and its answer.
type Turn struct{ User, Answer string }

// Usage counts tokens as the server reports them.
type Usage struct {
	Prompt     int64 // tokens of the prompt, including cached ones
	Completion int64 // tokens of the answer, including reasoning tokens
	Cached     int64 // prompt tokens that came from the prefix cache
	Reasoning  int64 // reasoning tokens, which are not in the text
}

func (u Usage) plus(v Usage) Usage {
	return Usage{u.Prompt + v.Prompt, u.Completion + v.Completion, u.Cached + v.Cached, u.Reasoning + v.Reasoning}
}

// Answer is what a model wrote.
type Answer struct {
	Text         string
	FinishReason string
	Usage        Usage
	Model        string // as the server names it
	Reasoned     bool   // the reply had thoughts beside the text
}
