package fit

import (
	"context"
	"math"
	"slices"
)

// patternSweeps bounds the tours over the pattern tables. Older tables that do
// not quite agree with each other need not: only their shape is wanted.
const patternSweeps = 50

// Fit finds the distribution closest, in Kullback-Leibler divergence, to the
// pattern tables among those that meet every hard table, pulled towards the
// soft tables. Hard tables that disagree are reconciled first, by the least
// change within their tolerances.
//
// Errors: a plain error for a malformed problem, *TooLargeError,
// *NoSupportError, *InconsistentError, *ImpossibleError, *StalledError, or the
// context's. A result is returned only when every hard table was measured
// within Options.Tolerance of its reconciled shares.
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
	absolutise(f.tables, f.p.Vars)
	if err := reconcile(f.tables, f.p.Vars, f.o.Tolerance); err != nil {
		return err
	}
	// Reconciliation and absolute targets can bring new zeros.
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

// forgetDead drops the demands of a table that may be missed on cells where
// nobody can be.
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

// reset makes the beliefs uniform on the support.
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

// solver makes a solver over some tables, at the tree's present beliefs.
func (f *fitting) solver(stage Stage, tables []*table) *solver {
	s := &solver{tree: f.tree, possible: f.possible, tables: tables, tolerance: f.o.Tolerance, newton: true, damping: startDamping, patience: patience, repair: math.Inf(1), sweeps: f.sweeps}
	s.report = func(sweep int, tvd float64) { f.o.Progress(Progress{Stage: stage, Sweep: sweep, TVD: tvd}) }
	s.place()
	return s
}

// withRole lists the tables of some roles that need fitting.
func (f *fitting) withRole(roles ...Role) []*table {
	var out []*table
	for _, t := range f.tables {
		if slices.Contains(roles, t.def.Role) && !t.absorbed {
			out = append(out, t)
		}
	}
	return out
}

// seed makes the beliefs the distribution closest to uniform on the support
// with the levels of the pattern tables.
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

// fit runs the hard fit from the seed. Cells that it finds must be empty are
// taken out of the support and the fit starts again, which it then reaches
// without running to infinity. When it stands still the ladder decides.
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
