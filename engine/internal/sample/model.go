// Package sample makes persons from a fitted model. In quota mode integer
// counts are allocated first, so that every controlled margin of the N persons
// is met, and person i is then read off the counts; in independent mode person
// i is drawn by itself. Either way person i is a pure function of the model,
// the seed, i (and N in quota mode): any range can be made alone.
package sample

// Var is a categorical variable with values 0 to Card-1. Name keys its random
// streams, so it must not change when other variables are added.
type Var struct {
	Name string `json:"name"`
	Card int    `json:"card"`
	// Ordered says that the values are ordered (ages), so that intervals of
	// them are controlled together.
	Ordered bool `json:"ordered,omitempty"`
}

// Step places one variable given some that are placed already. Given lies
// inside the scope of one earlier step (its Given and Var together), so that
// the integer counts of every configuration of Given are known.
type Step struct {
	Var    int       `json:"var"`
	Given  []int     `json:"given"`
	Weight []float64 `json:"weight"` // joint probability, row-major over Given, then Var; sums to 1
}

// Control is a table that a quota sample must follow: its counts stay within
// one person of N times Share wherever that is possible. Its Scope need not lie
// in a single step.
type Control struct {
	Name  string    `json:"name"`
	Scope []int     `json:"scope"`
	Cell  []int32   `json:"cell"`  // len: product of the cards of Scope, row-major; -1 is outside
	Share []float64 `json:"share"` // per cell, as a share of the whole population of the model
	// Rank orders controls that cannot all be met: 1 are one-way margins, 2
	// are declared two-way tables, 3 the rest. Lower ranks win.
	Rank int `json:"rank"`
}

// Model is the fitted population in the form that the sampler reads.
type Model struct {
	Vars     []Var     `json:"vars"`
	Steps    []Step    `json:"steps"`
	Controls []Control `json:"controls"`
	Limits   []Limit   `json:"limits,omitempty"`
}
