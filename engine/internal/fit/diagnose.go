package fit

import (
	"context"
	"math"
	"slices"
)

// The elastic fit treats hard tables as soft ones with growing weights.
const (
	elasticFirst  = 1e3
	elasticLast   = 1e9
	elasticGrowth = 10
	elasticTours  = 40 // sweeps per weight
	// elasticFine is the smallest weight whose fit is accepted. A larger weight
	// would reduce the change by no more than about 1/weight.
	elasticFine = 1e5
	// elasticSlack is the tolerance of an elastic fit. A coarse one is enough: the
	// margins of any state can be met together.
	elasticSlack = 1e-6
)

// diagnose decides why a hard fit makes no progress: the tables can be met
// together within their tolerances (the elastic fit is kept and the error is nil),
// they cannot (*ImpossibleError), or neither was shown (*StalledError).
func (f *fitting) diagnose(ctx context.Context, s *solver) error {
	s.report = func(sweep int, tvd float64) { f.o.Progress(Progress{Stage: StageDiagnose, Sweep: sweep, TVD: tvd}) }
	s.runningAway()
	s.tree.calibrate()
	s.repair, _ = f.change()
	within, err := f.stretch(ctx, s)
	switch {
	case err != nil:
		return err
	case within:
		f.adopt()
		return nil
	case s.proof != nil:
		return f.impossibleSet(ctx, s)
	}
	s.patience = longPatience
	if end, err := s.run(ctx, f.o.MaxSweeps); err != nil || end == converged {
		return err
	}
	if s.runningAway() {
		return f.impossibleSet(ctx, s)
	}
	return f.furthest(s)
}

// furthest returns an error that names the hard table that is furthest off.
func (f *fitting) furthest(s *solver) *StalledError {
	e := &StalledError{Sweeps: s.sweeps, Table: -1, TVD: -1}
	for _, t := range s.tables {
		if t.soft() {
			continue
		}
		if d := t.measure(); d > e.TVD {
			e.Table, e.TVD, e.name = t.src, d, t.def.Name
		}
	}
	return e
}

// stretch fits the hard tables softly with growing weights; each fit starts where
// the previous one ended. The margins of such a fit can be met together, since
// they are those of a distribution.
//
// stretch ends when every table is within its tolerance at a fine weight, or when
// it has a proof that the tables are impossible. The direction of the proof is the
// logarithm of target over fitted mass, to which dual/rho tends. When the tables
// are only just impossible, the duals from before the weights grew hide that
// direction; the change of the duals from one weight to the next still shows it.
func (f *fitting) stretch(ctx context.Context, s *solver) (within bool, err error) {
	exact, stop := s.tolerance, s.stop
	s.tolerance, s.patience = max(exact, elasticSlack), fewPatience
	s.stop = s.tolerance
	defer func() {
		s.tolerance, s.stop, s.patience = exact, stop, patience
		for _, t := range s.tables {
			if t.def.Role == Hard {
				t.rho = 0
			}
		}
	}()
	zero := s.duals()
	for i := range zero {
		clear(zero[i])
	}
	last := zero
	mixed := mixedTables(s.tables)
	for weight := elasticFirst; weight <= elasticLast; weight *= elasticGrowth {
		for _, t := range s.tables {
			if t.def.Role == Hard {
				t.rho = weight / t.def.scale()
				if mixed && !t.stiff() {
					t.rho = min(weight, elasticFine) / t.def.scale()
				}
			}
		}
		s.damping = startDamping
		if _, err := s.run(ctx, elasticTours); err != nil {
			return false, err
		}
		f.sweeps = s.sweeps
		var total float64
		total, within = f.change()
		s.repair = min(s.repair, total)
		if within && weight >= elasticFine {
			return true, nil
		}
		if !within && weight >= elasticFine && (!mixed || weight*elasticGrowth > elasticLast) {
			if s.contradiction(zero) {
				return false, nil
			}
			if s.contradiction(last); f.beyond(s) {
				return false, nil // otherwise a larger weight may still bring them within
			}
		}
		last = s.duals()
	}
	return within, nil
}

// stiff reports whether the table may move no further than its rounding, if at all.
func (t *table) stiff() bool { return t.bounded() || t.def.Tolerance == 0 }

// mixedTables reports whether some hard tables are stiff and others are not. The weights of the
// stiff ones then go on growing, so that the others move instead.
func mixedTables(tables []*table) bool {
	stiff, loose := false, false
	for _, t := range tables {
		if t.def.Role == Hard {
			stiff, loose = stiff || t.stiff(), loose || !t.stiff()
		}
	}
	return stiff && loose
}

// beyond reports whether the solver has a proof that its tables need a larger
// total change than their tolerances allow. A table may end up to its tolerance
// away from the published shares, and the reconciled shares, from which the change
// is counted, may already be that far away on the other side.
func (f *fitting) beyond(s *solver) bool {
	if s.proof == nil {
		return false
	}
	allowed := 0.0
	for _, t := range s.tables {
		if t.def.Role == Hard {
			allowed += 4 * (t.def.Tolerance + f.o.Tolerance) // two distances; a total change is twice a distance
		}
	}
	return s.atLeast > allowed
}

// scale returns how easily a table moves, relative to other tables.
func (t *Table) scale() float64 {
	if t.Variance > 0 {
		return t.Variance
	}
	return 1
}

// change returns the total absolute change of the hard tables from their targets
// to the current masses, and whether all are within their tolerances of the
// published shares.
func (f *fitting) change() (total float64, within bool) {
	within = true
	for _, t := range f.tables {
		if t.def.Role != Hard {
			continue
		}
		if t.absorbed {
			t.place(f.tree)
		}
		t.measure()
		for c, m := range t.mass {
			if t.absolute {
				total += abs(m - t.target[c])
			} else if c < t.n {
				total += abs(m - float64(t.target[c]*t.rowMass[t.row[c]]))
			}
		}
		within = within && !t.tooFar(t.mass, f.o.Tolerance)
	}
	return total, within
}

// adopt makes the current masses the targets of the hard tables.
func (f *fitting) adopt() {
	for _, t := range f.tables {
		if t.def.Role != Hard {
			continue
		}
		for c, m := range t.mass {
			switch {
			case t.absolute:
				t.target[c] = m
			case c < t.n && t.rowMass[t.row[c]] > 0:
				t.target[c] = m / t.rowMass[t.row[c]]
			}
		}
	}
	f.elastic = true
}

// involved is how wide the range of a table's direction must be, relative to that
// of the widest table, for the table to count as part of a contradiction.
const involved = 1e-4

// impossibleSet turns the proof of a contradiction into an *ImpossibleError with
// the tables and cells that take part, reduced by a deletion filter (Chinneck and
// Dravnieks 1991, "Locating minimal infeasible constraint sets in linear
// programs"). Another error is that of ctx.
func (f *fitting) impossibleSet(ctx context.Context, s *solver) error {
	e := &ImpossibleError{Repair: s.repair}
	set, proof := proofSet(s.tables, s.proof)
	set, proof, irreducible, atLeast, err := f.filter(ctx, set, proof, s.atLeast)
	if err != nil {
		return err
	}
	if e.Supports, err = f.supportsOf(ctx, set); err != nil {
		return err
	}
	e.Irreducible = irreducible
	e.AtLeast = atLeast
	// The programme has the zeros of the set only; a result below what is proven shows
	// that zeros of other tables take part.
	if least, ok := leastRepair(f.p, set); ok && least >= 0.999*atLeast {
		e.Repair, e.Exact = least, true
	}
	for i, t := range set {
		e.Tables = append(e.Tables, t.src)
		e.names = append(e.names, t.def.Name)
		e.Cells = append(e.Cells, cellsOfProof(t, proof[i]))
	}
	return e
}

// proofSet returns the tables whose direction is not constant, and the directions.
func proofSet(tables []*table, proof [][]float64) ([]*table, [][]float64) {
	widest := 0.0
	width := make([]float64, len(tables))
	for i, t := range tables {
		if t.def.Role == Hard {
			width[i] = t.halfRange(proof[i])
			widest = max(widest, width[i])
		}
	}
	var set []*table
	var dirs [][]float64
	for i, t := range tables {
		if width[i] > involved*widest {
			set = append(set, t)
			dirs = append(dirs, proof[i])
		}
	}
	return set, dirs
}

// cellsOfProof lists the cells whose direction is in the highest or the lowest
// quarter of the table's range; -1 is the outside of the universe.
func cellsOfProof(t *table, d []float64) []int {
	lo, hi := math.Inf(1), math.Inf(-1)
	for c, x := range d {
		if t.target[c] > 0 {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	var out []int
	for c, x := range d {
		if t.target[c] > 0 && abs(x-(lo+hi)/2) >= (hi-lo)/4 {
			if c == t.n {
				c = -1
			}
			out = append(out, c)
		}
	}
	return out
}

// Bounds of the deletion filter.
const (
	filterSweeps = 1500
	// filterWork is how many cells all of its fits together may visit, which takes
	// some tens of seconds. Work is counted, not timed, so that every machine
	// finds the same set.
	filterWork = 4e9
)

// filter removes one table after the other while the rest stays impossible.
// bound is a proven lower bound of the change that the set needs. It returns the
// reduced set with its proof, whether it is irreducible, and its bound.
func (f *fitting) filter(ctx context.Context, set []*table, proof [][]float64, bound float64) ([]*table, [][]float64, bool, float64, error) {
	cells := 0
	for _, n := range f.tree.nodes {
		cells += len(n.belief)
	}
	irreducible := true
	work := 0.0
	for i := 0; i < len(set); {
		if work > filterWork {
			return set, proof, false, bound, nil
		}
		rest := slices.Delete(slices.Clone(set), i, i+1)
		end, s, err := f.test(ctx, rest)
		if err != nil {
			return nil, nil, false, 0, err
		}
		if s != nil {
			work += float64(cells) * float64(s.sweeps*(len(rest)+1)+2*s.products)
		}
		if end != impossible {
			irreducible = irreducible && end == converged
			i++
			continue
		}
		set, proof = proofSet(rest, s.proof)
		bound, i = s.atLeast, 0
	}
	return set, proof, irreducible, bound, nil
}

// test decides whether some of the tables can be met without the others. The
// solver is nil when the tables' zeros already exclude each other.
func (f *fitting) test(ctx context.Context, tables []*table) (outcome, *solver, error) {
	return f.testWith(ctx, f.p, tables)
}

// testWith is test for a problem with fewer supports.
func (f *fitting) testWith(ctx context.Context, p *Problem, tables []*table) (outcome, *solver, error) {
	mask, err := support(p, f.cliques, tables)
	if err != nil {
		return stalled, nil, nil // a matter of zeros, not of shares
	}
	sub := &fitting{p: p, o: f.o, cliques: f.cliques, tables: tables, tree: mask, possible: possibleCells(mask)}
	sub.o.Progress = func(Progress) {}
	s := sub.solver(StageDiagnose, tables)
	end, err := s.run(ctx, filterSweeps)
	if err != nil || end != stalled {
		return end, s, err
	}
	if s.runningAway(); sub.beyond(s) {
		return impossible, s, nil
	}
	within, err := sub.stretch(ctx, s)
	if err == nil && !within && s.proof != nil {
		end = impossible
	}
	return end, s, err
}
