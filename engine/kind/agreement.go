package kind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/disjoint"
)

// agreement compares statistics that describe the same persons: means and totals with
// each other, and quantiles with those of the same P.
type agreement struct {
	diags           *diag.List
	field           string
	least, greatest float64   // of the field's values
	leastUnit       float64   // of the values above 0
	weights         []float64 // shares of persons, per cell
	groups          [][]int   // per statistic and cell: its group, -1 for none
	persons         float64
}

// Disagree reports statistics of a fitted field that disagree, given the joint
// distribution of the fields of their groups. It returns whether it found any.
func (c *Compiler) Disagree(f *Field, j *Joint) bool {
	scores := f.Scores
	if scores == nil {
		scores = f.Points()
	}
	a := agreement{diags: c.Diags, field: f.Name, least: slices.Min(scores), greatest: slices.Max(scores), leastUnit: leastUnit(scores), weights: j.Mass, persons: float64(c.Spec.Population.Persons)}
	for _, s := range f.Statistics {
		read := j.reader(s.Of)
		groups := make([]int, len(j.Mass))
		for k := range groups {
			groups[k] = int(read(k)) - 1
		}
		a.groups = append(a.groups, groups)
	}
	return !a.check(f.Statistics)
}

// agree compares the statistics of a number.
func (x *calibration) agree(persons float64) bool {
	least, greatest := x.f.Bounds()
	a := agreement{diags: x.diags, field: x.f.Name, least: max(least, x.p.support()), greatest: greatest, persons: persons}
	for _, q := range x.cells {
		a.weights = append(a.weights, q.weight)
	}
	for _, s := range x.f.Statistics {
		at := map[[2]int]int{}
		for i := range s.Groups {
			at[[2]int{s.scale[i], int(s.position[i])}] = i
		}
		scales := slices.Compact(slices.Sorted(slices.Values(s.scale)))
		groups := make([]int, len(x.cells))
		for k, q := range x.cells {
			groups[k] = -1
			for _, scale := range scales {
				if i, ok := at[[2]int{scale, q.positions[scale]}]; ok {
					groups[k] = i
				}
			}
		}
		a.groups = append(a.groups, groups)
	}
	return a.check(x.f.Statistics)
}

// support returns the least value that some distribution has before the limits.
func (p *number) support() float64 {
	least := math.Inf(1)
	for _, s := range p.Shapes {
		switch s.Kind {
		case Lognormal:
			least = min(least, 0)
		case Normal:
			return math.Inf(-1)
		case Beta:
			least = min(least, 0, s.Low)
		case Uniform:
			least = min(least, 0, s.A)
		}
	}
	return least
}

// check compares every two statistics where both describe the same persons: everyone,
// or the persons of some groups of the one who are those of some groups of the other.
// Each implies an interval there, from the rounding of its figures and, for persons
// without a figure, the limits of the field. It reports intervals that do not meet.
func (a *agreement) check(statistics []*Statistic) bool {
	ok := true
	for i, s := range statistics {
		for j, t := range statistics[:i] {
			if t.comparable(s) && !a.pair(t, s, a.groups[j], a.groups[i]) {
				ok = false
			}
		}
	}
	return ok
}

// comparable reports whether two statistics imply the same of the same persons. Quantiles
// that are only tested imply nothing.
func (s *Statistic) comparable(t *Statistic) bool {
	if !s.IsQuantile() {
		return !t.IsQuantile()
	}
	return t.IsQuantile() && s.P == t.P && s.Interpolate == t.Interpolate && !slices.Contains(s.Role, Tested) && !slices.Contains(t.Role, Tested)
}

// implied is an interval of a mean of the persons of some groups, times their share, or
// of a quantile of them.
type implied struct {
	low, high float64
	groups    []int
	open      bool // some of the persons have no figure
	between   bool // it is a quantile
}

// meet adds the figures of a group to what a quantile of several groups can be: it is
// between the least and the greatest of theirs.
func (x *implied) meet(low, high float64) {
	if x.between = true; len(x.groups) == 1 {
		x.low, x.high = low, high
	}
	x.low, x.high = min(x.low, low), max(x.high, high)
}

// pair compares two statistics. Groups that share persons are joined; so are the
// persons for whom a statistic has no figure, as one further group.
func (a *agreement) pair(s, t *Statistic, ofS, ofT []int) bool {
	n, m := len(s.Groups)+1, len(t.Groups)+1
	sets := disjoint.New(n + m)
	none := func(group, n int) int {
		if group < 0 {
			return n - 1
		}
		return group
	}
	share := make([]float64, n+m)
	for k, w := range a.weights {
		if ofS[k] < 0 && ofT[k] < 0 {
			continue
		}
		g, h := none(ofS[k], n), n+none(ofT[k], m)
		sets.Join(g, h)
		share[g] += w
		share[h] += w
	}
	total := map[int][2]implied{}
	mass := map[int]float64{}
	add := func(side, node, group int, x *Statistic) {
		w := share[node]
		if w == 0 {
			return
		}
		root := sets.Find(node)
		sides := total[root]
		if side == 0 {
			mass[root] += w
		}
		if group == len(x.Groups) {
			sides[side].open = true
		}
		if x.IsQuantile() {
			if group < len(x.Groups) {
				sides[side].groups = append(sides[side].groups, group)
				sides[side].meet(x.Range(group))
			}
			total[root] = sides
			return
		}
		low, high := a.limits(x)
		if group < len(x.Groups) {
			low, high = x.Interval(group)
			if x.Measure == Total {
				v, half := x.Published[group]/(a.persons*w), x.Rounded[group]/2/(a.persons*w)
				low, high = v-half, v+half
			}
			sides[side].groups = append(sides[side].groups, group)
		}
		sides[side].low += w * low
		sides[side].high += w * high
		total[root] = sides
	}
	for g := range n {
		add(0, g, g, s)
	}
	for h := range m {
		add(1, n+h, h, t)
	}
	for root := range n + m {
		sides, found := total[root]
		if !found {
			continue
		}
		x, y, w := sides[0], sides[1], mass[root]
		everyone := len(total) == 1 && w >= sum(a.weights)*(1-1e-9)
		what := "mean"
		if s.IsQuantile() {
			if x.open || y.open {
				continue // whose figure may be anything
			}
			w, what = 1, (&Statistic{Measure: s.Measure, P: s.P, Interpolate: s.Interpolate}).Title()
		}
		if s.Across != t.Across {
			what = "mean across persons"
			if s.Across == AcrossUnits {
				x = a.ofPersons(x, w)
			} else {
				y = a.ofPersons(y, w)
			}
		}
		slack := 1e-9 * w * max(math.Abs(x.low/w), math.Abs(y.low/w), 1e-300)
		if !(x.low > y.high+slack || y.low > x.high+slack) {
			continue
		}
		if s.Across == AcrossUnits && t.Across == AcrossUnits {
			x, y, what = x.ofUnits(w), y.ofUnits(w), "mean across units"
		}
		at := t.Places[0]
		if len(y.groups) > 0 {
			at = t.Places[y.groups[0]]
		}
		whom := "everyone"
		if !everyone {
			whom = "the same persons"
		}
		a.diags.Errorf(at, "disagree", "the statistics of %q disagree: the %s of %s is %s%s, and %s%s", a.field, what, whom, x.text(w), s.according(x, what), y.text(w), t.according(y, what)).
			WithHint("correct a figure, or say how the figures are rounded (rounded: …)").
			Note("the other statistic is at %s", s.Places[0])
		return false
	}
	return true
}

// according names the statistic by which a figure is what it is, unless the figure is its
// own.
func (s *Statistic) according(x implied, what string) string {
	if s.Title() == what && !x.open {
		return ""
	}
	return " according to the " + s.among(x.groups)
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// text writes an interval as "1,000 ± 0.5".
func (x implied) text(mass float64) string {
	low, high := x.low/mass, x.high/mass
	switch {
	case math.IsInf(low, 0) || math.IsInf(high, 0) || high-low > 0.2*math.Abs(high+low) || x.between && len(x.groups) > 1:
		return fmt.Sprintf("%s to %s", limitText(TenDigits(low)), limitText(TenDigits(high)))
	case high-low < 1e-9*math.Abs(high):
		return strconv.FormatFloat(low, 'g', 6, 64)
	}
	half := (high - low) / 2
	decimals := max(0, 1-int(math.Floor(math.Log10(half))))
	return fmt.Sprintf("%.*f ± %.2g", decimals, (low+high)/2, half)
}

// among names a statistic, with its groups where they are not all.
func (s *Statistic) among(groups []int) string {
	if len(groups) == len(s.Groups) || len(groups) == 0 {
		return s.Title()
	}
	var names []string
	for _, g := range groups[:min(3, len(groups))] {
		names = append(names, s.Groups[g])
	}
	if n := len(groups) - len(names); n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return s.Title() + " (" + strings.Join(names, ", ") + ")"
}
