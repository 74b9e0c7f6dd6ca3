// Package bundle is the sealed form of a plan: everything that a run needs, in
// one value and in one file, so that a run does not need the spec or its
// tables.
//
// The file is a zip archive. Its first part, bundle.json, lists the others with
// their sizes and SHA-256 sums and names the plan by its hash; the archive's
// comment holds the SHA-256 sum of everything before it. A bundle with a
// changed bit is refused: it is never read as another population.
package bundle

import (
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/plan"
)

// Bundle is a plan with everything else that a run needs.
type Bundle struct {
	Plan *plan.Plan
	// Model is the fitted joint distribution in the sampler's form. Plan.Variables
	// describes its variables.
	Model *sample.Model
	// Controls says, per control of the model, which of Plan.Expected it is.
	Controls []Control
	Writers  Writers
	// Warnings are the warnings about the spec.
	Warnings []diag.Diagnostic

	// Request is the population that the bundle was made for, nil for the plan's
	// own size and seed.
	Request *Request
	// Allocation holds the counts of that population, nil when none were
	// allocated.
	Allocation *sample.Allocation
}

// NoExpected is the Expected of a control that is none of Plan.Expected: one of strata.
const NoExpected = -1

// Control links a control of the model to Plan.Expected.
type Control struct {
	Expected int     `json:"expected"`
	Cell     []int32 `json:"cells"` // position in Expected.Share of each of the control's cells
}

// Request says how many persons are made, from which seed, and how they are
// sampled.
type Request struct {
	Size     int64  `json:"size"`
	Seed     uint64 `json:"seed"`
	Sampling string `json:"sampling"`
}

// WithoutTexts returns the bundle of the plan without its texts: see
// plan.Plan.WithoutTexts.
func (b *Bundle) WithoutTexts() *Bundle {
	out := *b
	out.Plan = b.Plan.WithoutTexts()
	return &out
}

// OnlyCalls returns the bundle of the plan with some of its calls: see
// plan.Plan.OnlyCalls.
func (b *Bundle) OnlyCalls(names []string) (*Bundle, error) {
	out := *b
	var err error
	out.Plan, err = b.Plan.OnlyCalls(names)
	return &out, err
}

// As returns the bundle of the plan under a set of aliases: see plan.Plan.As.
func (b *Bundle) As(set string) *Bundle {
	out := *b
	out.Plan = b.Plan.As(set)
	return &out
}
