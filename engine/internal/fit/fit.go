package fit

import (
	"context"
	"errors"
	"math"
	"slices"
)

// patternSweeps bounds the sweeps over the pattern tables. Pattern tables need not
// agree with each other exactly, since only their shape is used.
const patternSweeps = 50

// Fit finds, among the distributions that meet every hard table, the one that is
// closest to the pattern tables in Kullback-Leibler divergence, plus the penalties
// of the soft tables. Hard tables that disagree are first reconciled by the least
// change within their tolerances. The result depends on the problem, Options.Tolerance
// and Options.Stop only.
//
// The error is one or more plain errors, joined, for a malformed problem, or a
// *TooLargeError, *NoSupportError, *InconsistentError, *ImpossibleError,
// *StalledError, *MeansError, or that of ctx. With a nil error every hard table was measured
// to be within Options.Tolerance of its reconciled shares.
func Fit(ctx context.Context, p *Problem, o Options) (*Result, error) {
	o = o.withDefaults()
	if err := p.validate(); err != nil {
		return nil, err
	}
	o.Progress(Progress{Stage: StageTree})
	cliques, err := buildTree(p, o.MaxCells)
	if err != nil {
		return nil, err
	}
	f := &fitting{p: p, o: o, cliques: cliques}
	for i := range p.Tables {
		f.tables = append(f.tables, newTable(p.Vars, i, &p.Tables[i]))
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	if err := f.fit(ctx); err != nil {
		return nil, err
	}
	if err := f.meetMeans(ctx); err != nil {
		return nil, err
	}
	o.Progress(Progress{Stage: StageCertify, Sweep: f.sweeps})
	return f.result(), nil
}

// fitting is the state of one call of Fit.
type fitting struct {
	p       *Problem
	o       Options
	cliques []Clique
	tables  []*table

	tree     *tree
	possible [][]bool
	sweeps   int
	elastic  bool
	zeros    []ForcedZero
}

// prepare finds the support and reconciles the hard tables.
func (f *fitting) prepare() error {
	f.o.Progress(Progress{Stage: StageSupport})
	if _, err := support(f.p, f.cliques, f.tables); err != nil {
		return err
	}
	f.o.Progress(Progress{Stage: StageReconcile})
	makeAllAbsolute(f.tables, f.p.Vars)
	if err := reconcile(f.tables, f.p.Vars, f.o.Tolerance); err != nil {
		if e, ok := errors.AsType[*InconsistentError](err); ok {
			f.blameSupports(e)
		}
		return err
	}
	// Reconciliation and absolute targets can add zeros.
	mask, err := support(f.p, f.cliques, f.tables)
	if err != nil {
		return err
	}
	absorb(f.tables, f.p.Vars)
	for _, t := range f.tables {
		if t.def.Role != Hard {
			t.forgetDead()
		}
	}
	f.tree = mask
	f.possible = possibleCells(mask)
	return nil
}

// forgetDead sets the targets of impossible cells to zero. It is called for soft
// and pattern tables, which need not be met.
func (t *table) forgetDead() {
	alive := make([]bool, t.size)
	for i, ok := range t.live {
		if ok {
			alive[t.cell[i]] = true
		}
	}
	for c, ok := range alive {
		if !ok {
			t.target[c] = 0
		}
	}
}

func possibleCells(mask *tree) [][]bool {
	out := make([][]bool, len(mask.nodes))
	for i, n := range mask.nodes {
		out[i] = make([]bool, len(n.belief))
		for k, b := range n.belief {
			out[i][k] = b > 0
		}
	}
	return out
}

// reset makes the beliefs uniform on the support, without normalising them.
func (f *fitting) reset() {
	for i, n := range f.tree.nodes {
		for k, ok := range f.possible[i] {
			n.belief[k] = 0
			if ok {
				n.belief[k] = 1
			}
		}
		fill(n.sep, 1)
	}
}

// solver returns a solver for some tables that starts at the tree's current
// beliefs.
func (f *fitting) solver(stage Stage, tables []*table) *solver {
	s := &solver{tree: f.tree, possible: f.possible, tables: tables, tolerance: f.o.Tolerance, stop: f.o.Stop, newton: true, damping: startDamping, patience: patience, repair: math.Inf(1), sweeps: f.sweeps}
	s.report = func(sweep int, tvd float64) { f.o.Progress(Progress{Stage: stage, Sweep: sweep, TVD: tvd}) }
	s.place()
	return s
}

// withRole lists the tables of the given roles that need fitting.
func (f *fitting) withRole(roles ...Role) []*table {
	var out []*table
	for _, t := range f.tables {
		if slices.Contains(roles, t.def.Role) && !t.absorbed {
			out = append(out, t)
		}
	}
	return out
}

// seed fits the pattern tables, starting from the uniform distribution on the
// support.
func (f *fitting) seed(ctx context.Context) error {
	f.reset()
	f.tree.calibrate()
	patterns := f.withRole(Pattern)
	if len(patterns) == 0 {
		return nil
	}
	f.o.Progress(Progress{Stage: StagePattern, Sweep: f.sweeps})
	s := f.solver(StagePattern, patterns)
	s.newton = false
	_, err := s.run(ctx, patternSweeps)
	f.sweeps = s.sweeps
	return err
}

// fit fits the hard and soft tables, starting from the seed. When it finds cells
// that must be empty, it removes them from the support and starts again: with such
// cells in the support the duals would have to grow without bound. When the fit
// makes no progress, diagnose decides what that means.
func (f *fitting) fit(ctx context.Context) error {
	for {
		if err := f.seed(ctx); err != nil {
			return err
		}
		f.o.Progress(Progress{Stage: StageFit, Sweep: f.sweeps})
		s := f.solver(StageFit, f.withRole(Hard, Soft))
		end, err := s.run(ctx, f.o.MaxSweeps)
		f.sweeps = s.sweeps
		if err != nil {
			return err
		}
		zeros := s.forcedZeros()
		if zeros == nil && end == converged {
			zeros = s.pursue()
		}
		if zeros != nil {
			f.forbidForced(zeros)
			continue
		}
		if end == converged {
			return nil
		}
		f.o.Progress(Progress{Stage: StageDiagnose, Sweep: f.sweeps})
		return f.diagnose(ctx, s)
	}
}
