package check

import "slices"

// Ways of sampling.
const (
	Quota       = "quota"
	Independent = "independent"
)

// Options describe the rows and how strict the suite is. Every zero value is a
// default.
type Options struct {
	Sampling string // Quota (the default) or Independent
	// First is the number of the first person, Total how many persons the quota
	// population has that the rows are part of; 0 when the rows are all of it.
	First, Total int64
	// Seed and Size are those of the whole population, which decide who is in a sample
	// that is judged; Size is 0 if they are not known.
	Seed uint64
	Size int64
	// Rows is the expected number of rows; 0 allows any.
	Rows int64
	// Parts is how many parts of the population are tested in all (shards,
	// checkpoints): they share the budget. It is at least Total/rows.
	Parts int
	// Budget is the probability that a correct population fails any statistical test
	// of the run; 0 means DefaultBudget.
	Budget float64
	// Exceptions are cells that the allocation could not bring within limits.
	Exceptions []Exception
	// Kinds are the checks to run, by the Kind of their outcomes; nil for all.
	Kinds []string
	// Constructed says that the rows are made by the engine, not read, so that values
	// that are unique by construction need not be compared with each other.
	Constructed bool
	// Spill is how many persons a tally remembers in memory before it writes
	// their fingerprints to TempDir ("" is the system's); 0 is DefaultSpill.
	Spill   int
	TempDir string
}

// DefaultBudget is the chance of a false alarm in a whole run.
const DefaultBudget = 1e-6

// DefaultSpill keeps 16 bytes for each of so many persons, per tally and kind
// of fingerprint: 2 MiB.
const DefaultSpill = 1 << 17

// Exception is a cell of Plan.Expected whose allocated count is further from its
// target than its limit, as the allocation reported.
type Exception struct {
	Expected int     `json:"expected"` // position in Plan.Expected
	Cell     int     `json:"cell"`     // row-major over its fields
	Persons  float64 `json:"persons"`  // allocated minus target
	Reason   string  `json:"reason,omitempty"`
}

// runs reports whether the checks of a kind run.
func (o *Options) runs(kind string) bool {
	return o.Kinds == nil || slices.Contains(o.Kinds, kind)
}
