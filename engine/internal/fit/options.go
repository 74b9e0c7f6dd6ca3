package fit

import "math"

// Options steer a fit. The zero value is ready to use.
type Options struct {
	// Tolerance is the total variation distance to which every hard table is
	// met after reconciliation. 0 means 1e-9.
	Tolerance float64
	// MaxCells bounds the cells of all cliques together. 0 means 50 million.
	MaxCells int64
	// MaxSweeps bounds the tours of the tree. 0 means 20,000.
	MaxSweeps int
	// Progress, when set, is called at the start of every stage and from time
	// to time inside it.
	Progress func(Progress)
}

// Stage is a part of a fit.
type Stage string

// The stages of a fit in their order.
const (
	StageTree      Stage = "tree"      // triangulation
	StageSupport   Stage = "support"   // structural zeros
	StageReconcile Stage = "reconcile" // least change of the hard tables
	StagePattern   Stage = "pattern"   // the seed from the pattern tables
	StageFit       Stage = "fit"       // the hard fit
	StageDiagnose  Stage = "diagnose"  // why the hard fit stands still
	StageCertify   Stage = "certify"   // measuring every table
)

// Progress is one report on a running fit.
type Progress struct {
	Stage Stage
	Sweep int     // tours of the tree so far
	TVD   float64 // worst total variation distance of a hard table, 0 when not known
}

func (o Options) withDefaults() Options {
	if o.Tolerance <= 0 {
		o.Tolerance = 1e-9
	}
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
