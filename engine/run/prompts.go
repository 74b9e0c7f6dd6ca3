package run

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
)

// Prompt is a request to a model about a person.
type Prompt struct {
	Person      int64           `json:"person"` // number, from 0
	Call        string          `json:"call"`
	Model       string          `json:"model,omitempty"` // empty if neither the spec nor the request names one
	Temperature *float64        `json:"temperature,omitempty"`
	System      string          `json:"system,omitempty"`
	Examples    []Exchange      `json:"examples,omitempty"`
	Prompt      string          `json:"prompt"`
	Schema      json.RawMessage `json:"schema"` // JSON Schema of the answer
	MaxTokens   int             `json:"max_tokens"`
}

// Exchange is an example that a request shows.
type Exchange struct {
	Prompt string `json:"prompt"`
	Answer string `json:"answer"`
}

// Prompts returns the requests that Run would send to a model about the first n persons, if
// nothing were answered yet, person by person. A text that a later prompt shows is the title
// of its field in brackets. Nothing is sent. Errors are as with Run.
func Prompts(ctx context.Context, cfg Config, n int) ([]Prompt, error) {
	if n < 1 || n > generate.BatchRows {
		return nil, fmt.Errorf("%w: a preview shows 1 to %d persons, not %d", ErrUsage, generate.BatchRows, n)
	}
	cfg.Provider = cmp.Or(cfg.Provider, Offline) // the plan with its texts
	r, err := allocated(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if len(r.plan.Calls) == 0 {
		return nil, fmt.Errorf("%w: the spec has no calls, so it has no prompts", ErrUsage)
	}
	const unnamed = "\x00"
	model, err := r.chooseModel()
	if err != nil {
		model = unnamed
	}
	own, err := r.ownEndpoints()
	if err != nil {
		own = nil // a call names no model
	}
	options := r.enrichOptions(model, own)
	if model == unnamed {
		options.Model = unnamed
	}
	e, err := enrich.New(r.plan, nil, options)
	if err != nil {
		return nil, err
	}
	var out []Prompt
	err = e.Requests(ctx, r.readSource(), r.persons.First, min(int64(n), r.persons.Count), func(person int64, call string, req endpoint.Request) error {
		p := Prompt{Person: person, Call: call, Model: req.Model, Temperature: req.Temperature, System: req.System, Prompt: req.User, Schema: req.Schema, MaxTokens: req.MaxTokens}
		if p.Model == unnamed {
			p.Model = ""
		}
		for _, t := range req.Examples {
			p.Examples = append(p.Examples, Exchange{t.User, t.Answer})
		}
		out = append(out, p)
		return nil
	})
	return out, err
}
