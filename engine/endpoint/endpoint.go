// Package endpoint asks models for text: chat completions against servers that
// speak OpenAI's protocol. A Client sends one Request at a time per caller and
// looks after everything between: rate limits, retries, the number of calls in
// flight, the budget, and an endpoint that is down. It ends every request in an
// Answer or in an *Error whose Kind says what to do.
//
// The client knows nothing of what the texts are about, and does not check the
// answer against the schema: that is the caller's part, in every mode.
//
// The trap: a request may be paid for although it ended in an error. What an
// attempt with an unknown outcome may have cost counts as spent.
package endpoint

import (
	"encoding/json"
	"net/http"
)

// Mode is how an endpoint is made to answer with JSON.
type Mode string

const (
	Strict Mode = "json_schema" // the server constrains the answer to the schema
	// ObjectSchema is Strict in the words of llama.cpp's servers and of some
	// hosts of open models: JSON mode with a schema beside it.
	ObjectSchema Mode = "json_object_schema"
	JSONObject   Mode = "json_object" // the server constrains the answer to JSON; the schema is in the prompt
	Prompted     Mode = "prompt"      // the prompt alone asks for JSON
)

// modes in order of preference.
var modes = []Mode{Strict, ObjectSchema, JSONObject, Prompted}

// keeps reports whether the server itself is to keep to the schema.
func (m Mode) keeps() bool { return m == Strict || m == ObjectSchema }

// Request is one question. The system text and the schema should be the same
// for many requests, so that the server's prefix cache applies; what differs
// belongs into the user text.
type Request struct {
	System      string
	Examples    []Turn // questions before this one, with their answers
	User        string
	Schema      json.RawMessage // a flat JSON Schema of an object, every property required; nil for free text
	Temperature *float64        // nil for the server's default; 0 is sent as 0
	MaxTokens   int             // bound on the answer in tokens; 0 for the server's default
	Seed        *int
}

// Turn is a question and its answer.
type Turn struct{ User, Answer string }

// Usage counts tokens as the server reports them.
type Usage struct {
	Prompt     int64 // tokens of the prompt, the cached ones included
	Completion int64 // tokens of the answer, the reasoning ones included
	Cached     int64 // prompt tokens that came from the prefix cache
	Reasoning  int64 // tokens of the answer that nobody sees
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
	Header       http.Header
}
