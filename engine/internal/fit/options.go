package fit

import "math"

// Options control a fit. The zero value is ready to use.
type Options struct {
	// Tolerance is the largest total variation distance, as a share of the whole
	// population, between a hard table's reconciled and fitted shares, and what
	// reconciliation takes for agreement. 0 means 1e-9.
	Tolerance float64
	// Stop is that distance at which the fit ends, at most Tolerance. Rounding can keep a
	// fit from it; it then ends once it makes no more progress. 0 means DefaultStop.
	Stop float64
	// MaxCells bounds the cells of all cliques together, 8 bytes each and several
	// times that in scratch space. 0 means 50 million.
	MaxCells int64
	// MaxSweeps bounds the sweeps over the tree. 0 means 20,000.
	MaxSweeps int
	// Progress, when set, is called at the start of every stage and from time
	// to time during it, from the goroutine that called Fit.
	Progress func(Progress)
}

// DefaultStop is the zero value of Options.Stop.
const DefaultStop = 1e-12

// Stage names a part of a fit.
type Stage string

// The stages of a fit in their order.
const (
	StageTree      Stage = "tree"      // triangulation
	StageSupport   Stage = "support"   // structural zeros
	StageReconcile Stage = "reconcile" // least change that makes the hard tables agree
	StagePattern   Stage = "pattern"   // fit of the pattern tables, the seed of the next stage
	StageFit       Stage = "fit"       // fit of the hard and soft tables
	StageMeans     Stage = "means"     // tilts that give the demanded means
	StageDiagnose  Stage = "diagnose"  // why that fit makes no progress
	StageCertify   Stage = "certify"   // measurement of every table
)

// Progress reports on a running fit.
type Progress struct {
	Stage Stage
	Sweep int     // sweeps over the tree so far
	TVD   float64 // largest total variation distance of a table, 0 when not known
}

func (o Options) withDefaults() Options {
	if o.Tolerance <= 0 {
		o.Tolerance = 1e-9
	}
	if o.Stop <= 0 {
		o.Stop = DefaultStop
	}
	o.Stop = min(o.Stop, o.Tolerance)
	if o.MaxCells <= 0 {
		o.MaxCells = 50e6
	}
	o.MaxCells = min(o.MaxCells, math.MaxInt32) // positions are 32 bits wide
	if o.MaxSweeps <= 0 {
		o.MaxSweeps = 20000
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	return o
}
