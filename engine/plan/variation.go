package plan

import (
	"errors"
	"math"
)

// Variation says how the requests about different persons differ.
type Variation struct {
	Examples int          `json:"examples,omitempty"` // of each call that a person is shown; 0 for all
	Shares   []ModelShare `json:"shares,omitempty"`
	Avoid    *Avoid       `json:"avoid,omitempty"`
	Calls    []string     `json:"calls,omitempty"` // that vary; nil for all
}

// ModelShare is how a model is asked about a share of the persons. A zero setting is that of
// the call.
type ModelShare struct {
	Share       float64  `json:"share"` // of 1
	Model       string   `json:"model,omitempty"`
	Temperature *float64 `json:"temperature,omitempty"`
}

// Avoid says which phrases of earlier texts the prompts of later persons show.
type Avoid struct {
	After   int64    `json:"after"` // persons of the first window; each later one has as many as all before
	Most    int      `json:"most"`  // phrases of a field
	AtLeast float64  `json:"at_least"`
	Fields  []string `json:"fields"`
}

// validate checks the numbers of a variation, which may be nil.
func (v *Variation) validate() error {
	if v == nil {
		return nil
	}
	sum := 0.0
	for _, s := range v.Shares {
		if !(s.Share > 0) {
			return errors.New("a share is not above 0")
		}
		sum += s.Share
	}
	a := v.Avoid
	switch {
	case v.Examples < 0:
		return errors.New("the number of examples is below 0")
	case len(v.Shares) > 0 && math.Abs(sum-1) > 1e-9:
		return errors.New("the shares do not add up to 1")
	case a != nil && (a.After < 1 || a.After > 1<<40 || a.Most < 1 || a.Most > 1000 || !(a.AtLeast > 0)):
		return errors.New("the phrases to avoid have no window, number or share")
	}
	return nil
}
