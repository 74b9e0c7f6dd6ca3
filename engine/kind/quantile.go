package kind

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/spec"
)

// Interpolations: what a quantile of whole numbers is.
const (
	// NotInterpolated is a value such that at most P of the persons have less, and at
	// least P have it or less.
	NotInterpolated = "no"
	// Completed interpolates within a value, which stands for everything up to the next
	// whole number, as ages in completed years do.
	Completed = "completed"
	// Centred interpolates within a value, which stands for everything from a half below
	// to a half above.
	Centred = "centred"
)

// Points returns the numbers that the values of a finite field are in quantiles: the
// whole numbers themselves, or the scores of labels.
func (f *Field) Points() []float64 {
	if f.Domain == nil || !f.Domain.Integer {
		return f.Scores
	}
	points := make([]float64, f.Domain.Size())
	for i := range points {
		points[i] = float64(f.Domain.Min + int64(i))
	}
	return points
}

// class returns the ends of what a value stands for.
func (s *Statistic) class(v float64) (low, high float64) {
	switch s.Interpolate {
	case Completed:
		return v, v + 1
	case Centred:
		return v - 0.5, v + 0.5
	}
	return v, v
}

// Upto returns which share of the persons with value v counts as at most x: 0, 1, or in
// between where x is within what v stands for.
func (s *Statistic) Upto(v, x float64) float64 {
	low, high := s.class(v)
	if low == high {
		if v <= x {
			return 1
		}
		return 0
	}
	return min(max(x-low, 0), 1)
}

// Before returns which share of the persons with value v counts as less than x.
func (s *Statistic) Before(v, x float64) float64 {
	if s.Interpolate == NotInterpolated {
		if v < x {
			return 1
		}
		return 0
	}
	return s.Upto(v, x)
}

// Range returns the numbers that are rounded to the figure of a group.
func (s *Statistic) Range(group int) (low, high float64) {
	half := s.Rounded[group] / 2
	return s.Published[group] - half, s.Published[group] + half
}

// QuantileOf returns the quantile of a group of persons, given the shares or counts of
// them by the ascending points. Where every number of an interval is one, as between two
// values that share the persons equally, it is the one closest to the published figure.
func (s *Statistic) QuantileOf(points, weights []float64, group int) float64 {
	const slack = 1e-9 // of all weights, for what floating point loses
	total := sum(weights)
	aim := s.P * total
	least, most := aim-slack*total, aim+slack*total
	low, high := math.NaN(), math.NaN()
	before := 0.0
	for i, w := range weights {
		if w <= 0 {
			continue
		}
		from, to := s.class(points[i])
		at := from + float64(min(max((aim-before)/w, 0), 1)*(to-from))
		if math.IsNaN(low) && before+w >= least {
			low = at
		}
		if before <= most {
			high = at
		}
		before += w
	}
	return min(max(s.Published[group], low), high)
}

// readInterpolation sets what the quantiles of whole numbers are: as the stanza says, or
// interpolated if a figure has decimal places.
func (s *Statistic) readInterpolation(n *spec.Node) {
	if said := n.Get("interpolate"); said != nil {
		s.Interpolate = said.String
		return
	}
	s.Interpolate = NotInterpolated
	for i, v := range s.Published {
		if v != math.Trunc(v) || s.Rounded[i] > 0 && s.Rounded[i] < 1 {
			s.Interpolate = Completed
			return
		}
	}
}

// checkQuantile reports quantiles that no persons can have, given the points of a field.
func (c *Compiler) checkQuantile(s *spec.Field, x *Statistic, points []float64) bool {
	at := x.Places[0]
	if !slices.IsSorted(points) {
		c.Diags.Errorf(at, "not-ascending", "the values of %q are not in ascending order, so they have no %s", s.Name, x.Measure).WithHint("list the values from the least to the greatest, or correct the scores")
		return false
	}
	for i, v := range points {
		if i > 0 && x.Interpolate != NotInterpolated && v < points[i-1]+1 {
			c.Diags.Errorf(at, "overlap", "the %s of %q cannot be interpolated: its values %g and %g are less than 1 apart", x.Title(), s.Name, points[i-1], v).
				WithHint(`say interpolate: "no", or correct the scores`)
			return false
		}
	}
	least, _ := x.class(points[0])
	_, greatest := x.class(points[len(points)-1])
	ok := true
	for g := range x.Published {
		low, high := x.Range(g)
		if high < least || low > greatest || x.Interpolate != NotInterpolated && (high == least || low == greatest) {
			c.outside(s, x, g, least, greatest)
			ok = false
		} else if x.Interpolate == NotInterpolated && !slices.ContainsFunc(points, func(v float64) bool { return low <= v && v <= high }) {
			c.Diags.Errorf(x.Places[g], "not-a-value", "the %s of %s is %v, which is not a value of %q", x.Title(), x.GroupName(g), x.Published[g], s.Name).
				WithHint(`correct the figure, or interpolate it: interpolate: "completed" or "centred"`)
			ok = false
		}
	}
	return ok
}

// outside reports a figure that is not between the least and the greatest possible one.
func (c *Compiler) outside(s *spec.Field, x *Statistic, group int, least, greatest float64) {
	c.Diags.Errorf(x.Places[group], "outside-limits", "the %s of %s is %v, and the values of %q are from %s to %s", x.Title(), x.GroupName(group), x.Published[group], s.Name, limitText(least), limitText(greatest)).
		WithHint("correct the figure, or min and max")
}
