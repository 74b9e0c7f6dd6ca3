package fit

import (
	"context"
	"math"
)

// outcome is how a run of the solver ended.
type outcome int

const (
	converged  outcome = iota
	impossible         // proven: no distribution meets the tables within the tolerance
	stalled            // no progress, or out of sweeps
)

// solver fits tables on a tree. Its state is the tree's beliefs and the duals of
// every table. Both describe one distribution: the seed times the exponentials of
// the duals.
type solver struct {
	tree      *tree
	possible  [][]bool // per node and clique cell: in the support
	tables    []*table // to fit
	tolerance float64
	stop      float64 // at most tolerance
	newton    bool    // allow Newton steps
	report    func(sweep int, tvd float64)

	sweeps   int
	patience int           // Newton steps without halving the distance that end a run
	damping  float64       // of Newton steps
	trail    [][][]float64 // duals before every Newton step of the run, per table and cell
	products int           // Hessian products so far
	repair   float64       // least total absolute change of an elastic fit so far
	atLeast  float64       // with a proof: lower bound of the total change needed
	proof    [][]float64   // direction of the duals that proves it, per table and cell; nil without one
	saved    snapshot
}

// place assigns the tables to nodes of the tree and sets their duals to zero.
func (s *solver) place() {
	for _, n := range s.tree.nodes {
		n.tables = nil
	}
	for _, t := range s.tables {
		t.place(s.tree)
		t.node.tables = append(t.node.tables, t)
		clear(t.dual)
	}
}

// Constants of a run.
const (
	window      = 20  // tours between two estimates of the rate of convergence
	slowTours   = 200 // more tours than that still to go call for Newton steps
	localRounds = 4   // rounds over the tables of one clique
)

// run fits until every table is met, by iterative proportional fitting (Deming and
// Stephan 1940, "On a least squares adjustment of a sampled frequency table when
// the expected marginal totals are known") on a junction tree (Jirousek and
// Preucil 1995, "On the effective implementation of the iterative proportional
// fitting procedure"). When the rate of convergence predicts many more tours it
// changes to Newton steps. It ends when all tables were measured within the stop, or
// within the tolerance and no longer closer; with a proof that they cannot be; when it
// makes no progress; or with the error of ctx.
func (s *solver) run(ctx context.Context, maxSweeps int) (outcome, error) {
	s.tree.calibrate()
	start := s.duals()
	last, before := math.Inf(1), math.Inf(1)
	for tours := 1; tours <= maxSweeps; tours++ {
		if err := ctx.Err(); err != nil {
			return stalled, err
		}
		worst := s.tour()
		s.sweeps++
		enough := s.stop
		if worst >= before {
			enough = s.tolerance // rounding, or tables that agree only so far, keep it from the stop
		}
		before = worst
		if worst <= enough {
			if worst = s.worst(); worst <= enough {
				s.report(s.sweeps, worst)
				return converged, nil
			}
		}
		if tours == 1 {
			last = worst
		}
		if tours%window != 0 {
			continue
		}
		s.report(s.sweeps, worst)
		left := window * math.Log(worst/s.stop) / math.Log(last/worst)
		quick := worst < last && left <= slowTours
		last = worst
		if quick {
			continue
		}
		if s.newton {
			return s.runNewton(ctx)
		}
		if s.contradiction(start) {
			return impossible, nil
		}
		start = s.duals()
	}
	return stalled, nil
}

// runNewton takes Newton steps until the tables are met, or until patience steps, or
// one step within the tolerance, have not halved the distance.
func (s *solver) runNewton(ctx context.Context) (outcome, error) {
	best, since := math.Inf(1), 0
	s.trail = nil
	for since < s.patience {
		if err := ctx.Err(); err != nil {
			return stalled, err
		}
		if !s.newtonStep() {
			return stalled, nil
		}
		worst := s.worst()
		s.report(s.sweeps, worst)
		if worst <= s.stop || worst <= s.tolerance && worst >= best/2 {
			return converged, nil
		}
		since++
		if worst < best/2 {
			best, since = worst, 0
		}
	}
	return stalled, nil
}

// tour visits the tree depth-first from every root, fits the tables of each clique
// that it enters, and leaves the tree calibrated. It returns the largest distance
// of a table, measured before that table was fitted.
func (s *solver) tour() float64 {
	worst := 0.0
	for i, n := range s.tree.nodes {
		if n.parent < 0 {
			worst = max(worst, s.visit(i))
		}
	}
	s.tree.distribute()
	return worst
}

func (s *solver) visit(i int) float64 {
	n := s.tree.nodes[i]
	worst := s.fitNode(n)
	for _, c := range n.children {
		child := s.tree.nodes[c]
		s.tree.sendToChild(child)
		worst = max(worst, s.visit(c))
		s.tree.sendToParent(child)
	}
	return worst
}

// fitNode fits the tables of one clique and returns the largest distance in the
// first round. With several tables it takes up to localRounds rounds, because a
// round costs less than the messages to the clique's neighbours.
func (s *solver) fitNode(n *node) float64 {
	first := 0.0
	rounds := 1
	if len(n.tables) > 1 && len(s.tree.nodes) > 1 {
		rounds = localRounds
	}
	for round := range rounds {
		worst := 0.0
		for _, t := range n.tables {
			worst = max(worst, t.update())
		}
		if round == 0 {
			first = worst
		}
		if worst <= max(first/10, s.stop/2) {
			break
		}
	}
	return first
}

// worst measures every table in the calibrated tree and returns the largest
// distance.
func (s *solver) worst() float64 {
	worst := 0.0
	for _, t := range s.tables {
		worst = max(worst, t.measure())
	}
	return worst
}

func (t *table) soft() bool { return t.rho > 0 }

// update projects the clique's belief onto the table. It returns the distance
// before that.
func (t *table) update() float64 {
	d := t.measure()
	switch {
	case t.soft():
		t.softFactors()
	case t.absolute:
		t.marginFactors()
	default:
		t.conditionalFactors()
	}
	t.apply()
	return d
}

// apply multiplies the belief by the factors in work, keeps its total, and adds
// the logarithms of the factors to the duals.
func (t *table) apply() {
	total, before := 0.0, 0.0
	for c, x := range t.work {
		if x != 1 {
			t.dual[c] += math.Log(x)
		}
		total += float64(x * t.mass[c])
		before += t.mass[c]
	}
	for c := range t.work {
		t.work[c] *= before / total
	}
	t.m.scale(t.node.belief, t.work)
}

// marginFactors sets work to the factors of iterative proportional fitting: target
// over mass, and one for an empty cell.
func (t *table) marginFactors() {
	for c, m := range t.mass {
		t.work[c] = 1
		if m > 0 && t.target[c] > 0 {
			t.work[c] = t.target[c] / m
		}
	}
}

// conditionalFactors sets work to the factors of the I-projection onto
// p(c) = t_c p(row), where the mass of the row is free: t_c p(row)/p(c) times
// exp(-KL_row), where KL_row is the divergence of the target from the fitted shares
// in the row (Csiszar 1975, "I-divergence geometry of probability distributions and
// minimization problems", section 3).
func (t *table) conditionalFactors() {
	fill(t.work, 1)
	clear(t.rowSum)
	for c, r := range t.row {
		if t.mass[c] > 0 && t.target[c] > 0 {
			t.work[c] = float64(t.target[c]*t.rowMass[r]) / t.mass[c]
			t.rowSum[r] += float64(t.target[c] * math.Log(t.work[c]))
		}
	}
	for c, r := range t.row {
		if t.mass[c] > 0 && t.target[c] > 0 {
			t.work[c] *= math.Exp(-t.rowSum[r])
		}
	}
}

// softFactors sets work to the factors of the exact step for the penalty of a soft
// table. With m0 the mass of a cell without the table's own factor and
// a = rho/(1+rho), the cell's new factor is (target/m0)^a; for a table that is not
// absolute, times (sum of target^a m0^(1-a) in the row)^rho. Dividing by the old
// factor keeps repeated steps from drifting towards the target.
func (t *table) softFactors() {
	a := t.rho / (1 + t.rho)
	clear(t.rowSum)
	for c, m := range t.mass {
		t.work[c] = 1
		if m > 0 && t.target[c] > 0 && t.rowOf(c) < t.rows {
			m0 := m * math.Exp(-t.dual[c])
			t.work[c] = math.Pow(t.target[c]/m0, a)
			t.rowSum[t.rowOf(c)] += t.work[c] * m0
		}
	}
	for c, m := range t.mass {
		if m > 0 && t.target[c] > 0 && t.rowOf(c) < t.rows {
			if !t.absolute {
				t.work[c] *= math.Pow(t.rowSum[t.rowOf(c)], t.rho)
			}
			t.work[c] *= math.Exp(-t.dual[c])
		}
	}
}

// duals returns a copy of the duals, per table and cell.
func (s *solver) duals() [][]float64 {
	out := make([][]float64, len(s.tables))
	for i, t := range s.tables {
		out[i] = append([]float64(nil), t.dual...)
	}
	return out
}

// contradiction looks for a proof that the tables cannot be met, in the direction d
// in which the duals changed since start. Any distribution p that meets the tables
// has
//
//	sum of target x d = E_p[d] <= max of d over the possible configurations
//
// If that fails, no such p exists (Farkas' lemma), and the difference over half the
// largest range of d in a table is a lower bound of the total absolute change that
// the tables need (linear programming duality). The maximum is found by one
// max-sum pass on the tree.
//
// Every table may deviate by the tolerance, which is half of a total change. A
// bound within the sum of these deviations proves nothing.
func (s *solver) contradiction(start [][]float64) bool {
	dir, expected := s.drift(start)
	width := 0.0
	for i, t := range s.tables {
		if t.def.Role == Hard {
			width = max(width, t.halfRange(dir[i]))
		}
	}
	if width == 0 {
		return false
	}
	bound := (expected - s.largestScore(dir)) / width
	if bound <= 2*s.tolerance*float64(len(s.tables)) {
		return false
	}
	s.atLeast, s.proof = bound, dir
	return true
}

// runningAway looks for a contradiction in the last Newton steps of a run that made
// no progress: when tables are only just impossible, the duals grow slowly and
// without bound in one direction.
func (s *solver) runningAway() bool {
	for _, back := range []int{1, 4, 12, len(s.trail)} {
		if back >= 1 && back <= len(s.trail) && s.contradiction(s.trail[len(s.trail)-back]) {
			return true
		}
	}
	return false
}

// drift returns how the duals of the hard tables changed since start, centred, and
// the expectation of that direction under any distribution that meets the tables.
func (s *solver) drift(start [][]float64) (dir [][]float64, expected float64) {
	dir = s.duals()
	for i, t := range s.tables {
		if t.def.Role != Hard {
			clear(dir[i])
			continue
		}
		for c := range dir[i] {
			dir[i][c] -= start[i][c]
		}
		t.centre(dir[i], t.target)
		if t.absolute {
			for c, x := range t.target {
				expected += float64(x * dir[i][c])
			}
		}
	}
	return dir, expected
}

// centre subtracts from a direction, in every row of a table that is not absolute,
// its expectation under the shares w. Such a table constrains nothing else.
func (t *table) centre(d, w []float64) {
	if t.absolute {
		return
	}
	clear(t.rowSum)
	for c := range d {
		t.rowSum[t.rowOf(c)] += float64(w[c] * d[c])
	}
	for c := range d {
		d[c] -= t.rowSum[t.rowOf(c)]
	}
}

// halfRange returns half the range of a direction over the cells with a positive
// target.
func (t *table) halfRange(d []float64) float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for c, x := range d {
		if t.target[c] > 0 {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	return (hi - lo) / 2
}

// largestScore returns the largest sum of d over the possible configurations.
func (s *solver) largestScore(d [][]float64) float64 {
	score := s.scores(d)
	total := 0.0
	for i := len(s.tree.nodes) - 1; i >= 0; i-- {
		n := s.tree.nodes[i]
		if n.parent < 0 {
			most := math.Inf(-1)
			for _, x := range score[i] {
				most = max(most, x)
			}
			total += most
			continue
		}
		fill(n.message, math.Inf(-1))
		n.up.maximum(score[i], n.message)
		n.down.add(score[n.parent], n.message)
	}
	return total
}

// scores returns, per clique cell, the sum of d over the tables hosted there, and
// -Inf where the cell is impossible.
func (s *solver) scores(d [][]float64) [][]float64 {
	score := s.tree.scratch()
	for i, n := range s.tree.nodes {
		for k := range n.belief {
			score[i][k] = 0
			if !s.possible[i][k] {
				score[i][k] = math.Inf(-1)
			}
		}
	}
	for i, t := range s.tables {
		if t.def.Role == Hard {
			t.m.add(score[t.at], d[i])
		}
	}
	return score
}
