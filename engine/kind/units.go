package kind

import (
	"math"
	"slices"
)

// A unit of n persons is counted n times among persons, so the mean number of persons
// over units is the harmonic mean over persons: 1/E[1/n]. It is linear in the persons'
// distribution on the scale of reciprocals.

// Linear converts a value or a figure to the scale on which the statistic is a mean
// over persons, and back: it is the reciprocal for a mean across units.
func (s *Statistic) Linear(x float64) float64 {
	if s.Across == AcrossUnits {
		return 1 / x
	}
	return x
}

// Interval returns the numbers that are rounded to the figure of a group, on the scale
// of Linear. The upper end is infinite for a mean across units that may be 0.
func (s *Statistic) Interval(group int) (low, high float64) {
	v, half := s.Published[group], s.Rounded[group]/2
	if s.Across == AcrossUnits {
		return 1 / (v + half), 1 / max(v-half, 0)
	}
	return v - half, v + half
}

// limits returns the least and the greatest mean of persons without a figure, on the
// scale of the statistic's Linear.
func (a *agreement) limits(s *Statistic) (low, high float64) {
	switch {
	case s.Across != AcrossUnits:
		return a.least, a.greatest
	case a.least <= 0:
		return math.Inf(-1), math.Inf(1)
	}
	return 1 / a.greatest, 1 / a.least
}

// leastUnit returns the least value that can be a number of persons.
func leastUnit(scores []float64) float64 {
	positive := slices.DeleteFunc(slices.Clone(scores), func(x float64) bool { return x <= 0 })
	if len(positive) == 0 {
		return math.Inf(1)
	}
	return slices.Min(positive)
}

// ofPersons returns what an interval of the mean of reciprocals implies for the mean of
// the values of the same persons, whose share is given. Jensen's inequality gives the
// lower end, and the chord of 1/x between the least and the greatest value the upper.
func (a *agreement) ofPersons(x implied, share float64) implied {
	low, high := x.low/share, x.high/share
	out := implied{low: math.Inf(-1), high: math.Inf(1), groups: x.groups}
	if low > 0 {
		low = max(low, 1/a.greatest)
		out.low = share / high
		out.high = share * (a.leastUnit + a.greatest - float64(a.leastUnit*a.greatest*low))
	}
	return out
}

// ofUnits converts an interval of the mean of reciprocals of persons, whose share is
// given, to one of the mean across units.
func (x implied) ofUnits(share float64) implied {
	return implied{low: share / (x.high / share), high: share / (x.low / share), groups: x.groups}
}
