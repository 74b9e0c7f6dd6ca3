package fit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// Mean demands that the mean of a score has given values in groups of the population. A
// configuration of Scope (row-major, the last variable fastest) belongs to the group
// Group[configuration], or to none (-1). The masses of groups are free.
type Mean struct {
	Name   string    `json:"name"`
	Scope  []int     `json:"scope"` // variables, distinct; they must share a clique (list them in Together)
	Group  []int32   `json:"group"` // len: product of the cards of Scope
	Score  []float64 `json:"score"` // len: that of Group
	Target []float64 `json:"target"`
	Below  []float64 `json:"below"` // by how much a mean may be below its target if targets disagree
	Above  []float64 `json:"above"` // by how much it may be above
	// Total says that the figures are of the sum of score times share, not of the mean.
	Total bool `json:"total,omitempty"`
	// Free says that every mean within Below and Above is as good as the target, which
	// is aimed at only from outside.
	Free bool `json:"free,omitempty"`
}

// demand returns the target of a group's mean, and how far it may be below and above,
// given the group's mass.
func (m *Mean) demand(g int, mass float64) (target, below, above float64) {
	target, below, above = m.Target[g], m.Below[g], m.Above[g]
	if m.Total {
		return target / mass, below / mass, above / mass
	}
	return target, below, above
}

// MeansError says that some means cannot be met beside the hard tables and the other
// means, the furthest first.
type MeansError struct{ Missed []MissedMean }

// MissedMean is a mean that was not met.
type MissedMean struct {
	Mean, Group int
	Reached     float64
	Off         float64 // distance from what is allowed, as a share of the range of the scores
	// Least and Greatest are the scores that persons of the group can have.
	Least, Greatest float64
	// Lone says that no distribution of the group's possible scores has this mean, or
	// one as far from it as allowed, whatever the other figures are.
	Lone bool

	name   string
	beyond bool // the mean that is aimed at is not between Least and Greatest
}

func (e *MeansError) Error() string {
	m := e.Missed[0]
	return fmt.Sprintf("fit: group %d of mean %s comes to %.9g", m.Group, m.name, m.Reached)
}

// mean is a Mean in working form.
type mean struct {
	def     *Mean
	scope   []int // ascending
	group   []int32
	score   []float64
	members [][]int32 // per group, its configurations
	node    *node
	m       *margin
	mass    []float64 // per configuration
	factor  []float64
}

func (f *fitting) placeMeans() []*mean {
	var out []*mean
	for i := range f.p.Means {
		d := &f.p.Means[i]
		x := &mean{def: d, scope: sorted(d.Scope)}
		x.group, x.score = reorder(f.p.Vars, d.Scope, x.scope, d.Group), reorder(f.p.Vars, d.Scope, x.scope, d.Score)
		x.members = make([][]int32, len(d.Target))
		for k, g := range x.group {
			if g >= 0 {
				x.members[g] = append(x.members[g], int32(k))
			}
		}
		h := f.tree.host(x.scope)
		x.node, x.m = f.tree.nodes[h], f.tree.margin(h, x.scope, nil, 0)
		x.mass, x.factor = make([]float64, x.m.size), make([]float64, x.m.size)
		out = append(out, x)
	}
	return out
}

// Constants of meetMeans: rounds, the distance of a mean from its target, as a share
// of the range of scores, that ends them, how many rounds without halving the
// largest distance end the search for exact means, and to which share of that distance
// the tables are met meanwhile, since the next round moves them again.
const (
	meanRounds    = 1000
	meanTolerance = 1e-8
	meanPatience  = 40
	settleShare   = 0.1
)

// meetMeans continues from a fit of the tables to one that has the demanded means too.
// Every round projects the distribution onto the means of each Mean in turn, by an
// exponential tilt of the score, and then onto the tables: cyclic I-projections
// (Csiszar 1975), whose limit is the distribution closest to the fit of the tables.
// When the means turn out to disagree with each other or with the tables, it begins again
// and brings each only within Below and Above of its target. Soft tables act through the
// fit that it starts from.
func (f *fitting) meetMeans(ctx context.Context) error {
	if len(f.p.Means) == 0 {
		return nil
	}
	f.o.Progress(Progress{Stage: StageMeans, Sweep: f.sweeps})
	f.tree.calibrate()
	means := f.placeMeans()
	var start snapshot
	f.tree.save(&start)
	best, since, exact := math.Inf(1), 0, true
	last := 0.0 // worst of the round before
	var missed []MissedMean
	for round := range meanRounds {
		worst, apart := 0.0, false
		missed = missed[:0]
		for i, x := range means {
			far, off := x.project(exact)
			worst = max(worst, far)
			for _, m := range off {
				m.Mean, m.name = i, x.def.Name
				apart = apart || m.beyond
				m.Lone = m.Lone && round == 0 // later, other means may have emptied the group
				missed = append(missed, m)
				if m.Lone {
					return &MeansError{[]MissedMean{m}}
				}
			}
			f.tree.calibrate()
		}
		if max(worst, last) <= meanTolerance {
			return f.settle(ctx, 0)
		}
		last = worst
		if err := f.settle(ctx, worst*settleShare); err != nil {
			if ctx.Err() != nil {
				return err
			}
			break
		}
		if since++; worst < best/2 {
			best, since = worst, 0
		}
		if (since >= meanPatience || apart) && exact {
			exact, best, since = false, math.Inf(1), 0
			f.tree.restore(&start)
		} else if since >= 4*meanPatience {
			break
		}
	}
	slices.SortStableFunc(missed, func(a, b MissedMean) int { return cmp.Compare(b.Off, a.Off) })
	return &MeansError{missed}
}

// settle fits the hard tables again, from the present distribution, to the tolerance of
// the fit or a larger one.
func (f *fitting) settle(ctx context.Context, tolerance float64) error {
	hard := f.withRole(Hard)
	if len(hard) == 0 {
		f.tree.calibrate()
		return nil
	}
	s := f.solver(StageMeans, hard)
	s.tolerance, s.stop = max(s.tolerance, tolerance), max(s.stop, tolerance)
	end, err := s.run(ctx, f.o.MaxSweeps)
	f.sweeps = s.sweeps
	if err == nil && end != converged {
		err = &StalledError{Sweeps: f.sweeps, name: hard[0].def.Name}
	}
	return err
}

// project tilts the distribution of the scores in every group so that their mean is the
// target, or, unless exact, within Below and Above of it. It returns the largest distance before
// that, as a share of the range of the scores, and the groups that were off.
func (x *mean) project(exact bool) (far float64, missed []MissedMean) {
	x.m.sum(x.node.belief, x.mass)
	n := len(x.def.Target)
	sum, mass := make([]float64, n), make([]float64, n)
	least, greatest := make([]float64, n), make([]float64, n)
	for g := range n {
		least[g], greatest[g] = math.Inf(1), math.Inf(-1)
	}
	for k, g := range x.group {
		x.factor[k] = 1
		if g < 0 || x.mass[k] <= 0 {
			continue
		}
		sum[g] += float64(x.mass[k] * x.score[k])
		mass[g] += x.mass[k]
		least[g], greatest[g] = min(least[g], x.score[k]), max(greatest[g], x.score[k])
	}
	for g := range n {
		if mass[g] == 0 {
			continue
		}
		reached := sum[g] / mass[g]
		scale := max(greatest[g]-least[g], 1e-12)
		target, below, above := x.def.demand(g, mass[g])
		lone := target+above <= least[g] || target-below >= greatest[g]
		if !exact || x.def.Free {
			slack := 0.0
			if exact {
				slack = meanTolerance / 10 * scale
			}
			if within(reached, target, below, above, slack) {
				continue
			}
		}
		if !exact {
			target = min(max(reached, target-0.98*below), target+0.98*above)
		}
		d := abs(reached-target) / scale
		if d <= meanTolerance/10 {
			continue
		}
		far = max(far, d)
		beyond := target <= least[g] || target >= greatest[g]
		missed = append(missed, MissedMean{Group: g, Reached: reached, Off: d, Least: least[g], Greatest: greatest[g], Lone: lone, beyond: beyond})
		if beyond {
			continue
		}
		theta := x.exponent(x.members[g], target, scale)
		for _, k := range x.members[g] {
			if x.mass[k] > 0 {
				x.factor[k] = math.Exp(theta * (x.score[k] - target))
			}
		}
	}
	total, before := 0.0, 0.0
	for k, m := range x.mass {
		total += float64(m * x.factor[k])
		before += m
	}
	for k := range x.factor {
		x.factor[k] *= before / total
	}
	x.m.scale(x.node.belief, x.factor)
	return far, missed
}

// within reports whether a mean is no further from its target than allowed, apart from a
// slack.
func within(mean, target, below, above, slack float64) bool {
	d := mean - target
	return -d <= below+slack && d <= above+slack
}

// exponent returns the tilt that gives some configurations a mean score of target,
// which is between their least and greatest scores. The mean rises with the tilt, so
// Newton's method is kept within the bounds that it has found.
func (x *mean) exponent(members []int32, target, scale float64) float64 {
	low, high := math.Inf(-1), math.Inf(1)
	theta, step := 0.0, 1/scale
	for range 200 {
		mass, gap, square := 0.0, 0.0, 0.0 // of the tilted distribution
		for _, k := range members {
			d, w := x.score[k]-target, x.mass[k]
			if theta != 0 {
				w *= math.Exp(min(max(theta*d, -700), 700))
			}
			mass += w
			gap += float64(w * d)
			square += float64(w * d * d)
		}
		gap /= mass
		if abs(gap) <= 1e-13*scale {
			break
		}
		if gap < 0 {
			low = theta
		} else {
			high = theta
		}
		next := theta - gap/(square/mass-float64(gap*gap))
		switch bounded := !math.IsInf(low, 0) && !math.IsInf(high, 0); {
		case next > low && next < high && (bounded || abs(next-theta) <= 8*step):
		case bounded:
			next = low + (high-low)/2
		case gap < 0:
			next, step = theta+step, 2*step
		default:
			next, step = theta-step, 2*step
		}
		if abs(next) > 700/scale || abs(next-theta) <= 1e-15*abs(theta) {
			break
		}
		theta = next
	}
	return theta
}

// checkMean checks the lengths and numbers of a Mean.
func (p *Problem) checkMean(m *Mean) error {
	n, err := p.configurations(m.Scope)
	if err != nil {
		return err
	}
	if len(m.Group) != n || len(m.Score) != n || len(m.Target) != len(m.Below) || len(m.Target) != len(m.Above) {
		return fmt.Errorf("it has %d groups, %d scores, %d targets and %d and %d tolerances; its scope has %d configurations", len(m.Group), len(m.Score), len(m.Target), len(m.Below), len(m.Above), n)
	}
	for k, g := range m.Group {
		if g < -1 || int(g) >= len(m.Target) {
			return fmt.Errorf("configuration %d has group %d, want -1 to %d", k, g, len(m.Target)-1)
		}
		if math.IsNaN(m.Score[k]) || math.IsInf(m.Score[k], 0) {
			return fmt.Errorf("configuration %d has score %g", k, m.Score[k])
		}
	}
	for g, t := range m.Target {
		if math.IsNaN(t) || math.IsInf(t, 0) || bad(m.Below[g]) || bad(m.Above[g]) {
			return fmt.Errorf("group %d has target %g and tolerances %g and %g", g, t, m.Below[g], m.Above[g])
		}
	}
	return nil
}

// verifyMean checks that a stored distribution has the means.
func (r *Result) verifyMean(m *Mean) error {
	p, err := r.Marginal(m.Scope)
	if err != nil {
		return err
	}
	sum, mass := make([]float64, len(m.Target)), make([]float64, len(m.Target))
	least, greatest := math.Inf(1), math.Inf(-1)
	for k, g := range m.Group {
		if g >= 0 {
			sum[g] += float64(p[k] * m.Score[k])
			mass[g] += p[k]
			least, greatest = min(least, m.Score[k]), max(greatest, m.Score[k])
		}
	}
	for g := range m.Target {
		if mass[g] == 0 {
			continue
		}
		reached := sum[g] / mass[g]
		if target, below, above := m.demand(g, mass[g]); !within(reached, target, below, above, verifySlack*(greatest-least)) {
			return fmt.Errorf("group %d has %.9g, want %.9g", g, reached, target)
		}
	}
	return nil
}
