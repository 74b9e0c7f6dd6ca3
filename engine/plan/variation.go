package plan

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
