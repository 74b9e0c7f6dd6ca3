package fit

import "math"

// forcedZeros looks for cells that must be empty in the way the duals moved
// during the last Newton steps: the last one, the last few, all. It returns the
// cells per node, or nil.
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

// A long run of Newton steps is the mark of a dual that runs away; some more
// steps then tell forced zeros from cells that are merely small.
const (
	runAway   = 10
	moreSteps = 6
)

// pursue takes more Newton steps after a fit that needed many, and looks for
// forced zeros again. Without any the fit is left as it was.
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

// forcedBy finds clique cells that no distribution meeting the hard tables can
// give any mass, in the direction d of the duals since start. Since the sum of
// target x d is E_p[d] for every such p, and d is nowhere above its maximum,
//
//	p(cell) <= (max of d - sum of target x d) / (max of d - max of d over the cell)
//
// (Markov's inequality; complementary slackness in the limit). Where tables lie
// on the boundary of what is possible the dual runs away in a direction for
// which the numerator vanishes. Cells bounded by forcedMass or the
// tolerance are returned.
func (s *solver) forcedBy(start [][]float64) [][]int {
	dir, expected := s.drift(start)
	score, most := s.maxMarginals(dir)
	// Below zero beyond rounding the tables contradict each other, and nothing
	// can be learnt about cells.
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

// forcedMass is the mass below which a bounded cell counts as empty.
const forcedMass = 1e-9

// forcedGap keeps rounding errors from counting as a run-away: a cell that runs
// away loses about a factor e in every Newton step.
const forcedGap = 0.1

// maxMarginals is, per clique cell, the largest sum of d over the possible
// configurations in it; and the largest of all.
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
		fill(n.news, math.Inf(-1))
		n.up.maximum(score[i], n.news)
		above[i] = append([]float64(nil), n.news...)
		n.down.add(score[n.parent], n.news)
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
		fill(n.news, math.Inf(-1))
		n.down.maximum(score[n.parent], n.news)
		for k, x := range above[i] {
			if !math.IsInf(x, -1) {
				n.news[k] -= x
			}
		}
		n.up.add(score[i], n.news)
	}
	// The components of a forest add up: what the others reach at most.
	for i := range score {
		for k := range score[i] {
			score[i][k] += total - best[i]
		}
	}
	return score, total
}

// forbidForced removes forced zeros from the support and records them.
func (f *fitting) forbidForced(cells [][]int) {
	for i, ks := range cells {
		for _, k := range ks {
			f.possible[i][k] = false
			f.zeros = append(f.zeros, ForcedZero{Clique: i, Values: unravel(f.p.Vars, f.cliques[i].Vars, k)})
		}
	}
}

// unravel is the values of a clique's variables in one of its cells.
func unravel(all []Var, vars []int, cell int) []int {
	out := make([]int, len(vars))
	for i := len(vars) - 1; i >= 0; i-- {
		out[i] = cell % all[vars[i]].Card
		cell /= all[vars[i]].Card
	}
	return out
}
