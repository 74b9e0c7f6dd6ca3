// Package sample makes persons from a fitted model. In quota mode it first
// allocates integer counts, so that the N persons meet every control, and then
// makes person i from the counts. In independent mode it draws person i alone. In
// both modes person i is a pure function of the model, the seed and i, in quota
// mode also of N, so that any range of persons can be made separately.
//
// Allocation rounds the expected counts by unbiased controlled rounding (Cox 1987;
// Gandhi et al. 2006) and repairs what remains with ejection chains (Glover 1996).
// Random numbers come from package rng by address: Philox (Salmon et al. 2011) and
// keyed permutations.
package sample

// Var is a categorical variable with values 0 to Card-1. Its name is the key of its
// random streams, so it must not change when other variables are added.
type Var struct {
	Name string `json:"name"`
	Card int    `json:"card"`
	// Ordered says that the values have an order, as ages have. The samplers do not
	// use it.
	Ordered bool `json:"ordered,omitempty"`
}

// Step places one variable given some that are placed before. The scope of a step
// is its Given followed by its Var. Given is a subset of the scope of one earlier
// step, so that the counts of every configuration of Given are known.
type Step struct {
	Var    int       `json:"var"`
	Given  []int     `json:"given"`
	Weight []float64 `json:"weight"` // joint probabilities, row-major over Given, then Var; they sum to 1
}

// Control is a table that a quota sample follows: its counts are within one person
// of N times Share wherever that is possible. Its scope is a subset of that of one
// step.
type Control struct {
	Name  string    `json:"name"`
	Scope []int     `json:"scope"`
	Cell  []int32   `json:"cell"`  // len: product of the cards of Scope, row-major; -1 is outside
	Share []float64 `json:"share"` // per cell: share of the whole population
	// Rank decides between controls that cannot all be met; a lower rank wins.
	// Rank 1 is for one-way margins, 2 for declared two-way tables, 3 for the rest.
	Rank int `json:"rank"`
}

// Model is a fitted population in the form that the samplers use.
type Model struct {
	Vars     []Var     `json:"vars"`
	Steps    []Step    `json:"steps"`
	Controls []Control `json:"controls"`
	Limits   []Limit   `json:"limits,omitempty"`
}
