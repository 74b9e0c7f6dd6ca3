package fit

import "math"

// forcedZeros looks for cells that must be empty in how the duals changed over the
// last Newton steps: the last one, the last few, all of them. It returns the cells
// per node, or nil.
func (s *solver) forcedZeros() [][]int {
	for _, back := range []int{1, 4, 12, len(s.trail)} {
		if back < 1 || back > len(s.trail) {
			continue
		}
		if found := s.forcedBy(s.trail[len(s.trail)-back]); found != nil {
			return found
		}
	}
	return nil
}

// Duals that grow without bound take many Newton steps. After so many steps, some
// more tell forced zeros from cells that are merely small.
const (
	runAway   = 10
	moreSteps = 6
)

// pursue takes more Newton steps after a fit that needed many, and looks for
// forced zeros again. When it finds none, it restores the fit.
func (s *solver) pursue() [][]int {
	if len(s.trail) < runAway {
		return nil
	}
	var reached snapshot
	s.tree.save(&reached)
	for range moreSteps {
		if !s.newtonStep() {
			break
		}
		if zeros := s.forcedZeros(); zeros != nil {
			return zeros
		}
	}
	s.tree.restore(&reached)
	return nil
}

// forcedBy finds clique cells that have no mass in any distribution p that meets
// the hard tables, from the direction d in which the duals changed since start.
// For every such p the sum of target x d equals E_p[d], and d is nowhere above its
// maximum, so that
//
//	p(cell) <= (max of d - sum of target x d) / (max of d - max of d over the cell)
//
// (Markov's inequality; complementary slackness in the limit). When tables lie on
// the boundary of what is possible, the duals grow without bound in a direction
// for which the numerator vanishes. forcedBy returns the cells whose bound is at
// most forcedMass or the tolerance, per node; nil when there are none.
func (s *solver) forcedBy(start [][]float64) [][]int {
	dir, expected := s.drift(start)
	score, most := s.maxMarginals(dir)
	// When the difference is negative by more than rounding, the tables contradict
	// each other and say nothing about cells.
	slack := abs(most - expected)
	out := make([][]int, len(score))
	found := false
	for i := range score {
		for k, x := range score[i] {
			if s.possible[i][k] && most-x > forcedGap && slack <= float64(max(s.tolerance, forcedMass)*(most-x)) {
				out[i] = append(out[i], k)
				found = true
			}
		}
	}
	if !found {
		return nil
	}
	return out
}

// forcedMass is the upper bound of a cell's mass at which it counts as empty.
const forcedMass = 1e-9

// forcedGap keeps rounding errors from looking like growth: a cell that must be
// empty loses about a factor e in every Newton step.
const forcedGap = 0.1

// maxMarginals returns, per clique cell, the largest sum of d over the possible
// configurations in it, and the largest of all: max-sum message passing on the
// tree.
func (s *solver) maxMarginals(d [][]float64) ([][]float64, float64) {
	score := s.scores(d)
	nodes := s.tree.nodes
	above := make([][]float64, len(nodes))
	total := 0.0
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if n.parent < 0 {
			continue
		}
		fill(n.message, math.Inf(-1))
		n.up.maximum(score[i], n.message)
		above[i] = append([]float64(nil), n.message...)
		n.down.add(score[n.parent], n.message)
	}
	best := make([]float64, len(nodes))
	for i, n := range nodes {
		if n.parent < 0 {
			best[i] = math.Inf(-1)
			for _, x := range score[i] {
				best[i] = max(best[i], x)
			}
			total += best[i]
			continue
		}
		best[i] = best[n.parent]
		fill(n.message, math.Inf(-1))
		n.down.maximum(score[n.parent], n.message)
		for k, x := range above[i] {
			if !math.IsInf(x, -1) {
				n.message[k] -= x
			}
		}
		n.up.add(score[i], n.message)
	}
	// Components of a forest are independent: add the maxima of the others.
	for i := range score {
		for k := range score[i] {
			score[i][k] += total - best[i]
		}
	}
	return score, total
}

// forbidForced removes forced zeros from the support and adds them to f.zeros.
func (f *fitting) forbidForced(cells [][]int) {
	for i, ks := range cells {
		for _, k := range ks {
			f.possible[i][k] = false
			f.zeros = append(f.zeros, ForcedZero{Clique: i, Values: unravel(f.p.Vars, f.cliques[i].Vars, k)})
		}
	}
}

// unravel returns the values of a clique's variables in one of its cells.
func unravel(all []Var, vars []int, cell int) []int {
	out := make([]int, len(vars))
	for i := len(vars) - 1; i >= 0; i-- {
		out[i] = cell % all[vars[i]].Card
		cell /= all[vars[i]].Card
	}
	return out
}
