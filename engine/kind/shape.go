package kind

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// The kinds of Shape.
const (
	Normal    = "normal"
	Lognormal = "lognormal"
	Beta      = "beta"
	Uniform   = "uniform"
)

var shapeKinds = []string{Normal, Lognormal, Beta, Uniform}

// Shape is a distribution of a number before limits and rounding.
type Shape struct {
	Kind string `json:"kind,omitempty"`
	// A and B are mean and standard deviation (normal), those of the logarithm
	// (lognormal), alpha and beta (beta), low and high (uniform).
	A float64 `json:"a"`
	B float64 `json:"b"`
	// A beta distribution is stretched to Low and High.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
}

// scaled multiplies the mean: a normal keeps its standard deviation, all
// others are stretched.
func (s Shape) scaled(factor float64) Shape {
	switch s.Kind {
	case Normal:
		s.A *= factor
	case Lognormal:
		s.A += log(factor)
	case Beta:
		s.Low, s.High = s.Low*factor, s.High*factor
	case Uniform:
		s.A, s.B = s.A*factor, s.B*factor
	}
	return s
}

// gaussian says that the shape is a function of a normal score.
func (s Shape) gaussian() bool { return s.Kind == Normal || s.Kind == Lognormal }

// score turns a value into its normal score.
func (s Shape) score(x float64) float64 {
	if s.Kind == Lognormal {
		if x <= 0 {
			return math.Inf(-1)
		}
		if math.IsInf(x, 1) {
			return x
		}
		x = log(x)
	}
	return (x - s.A) / s.B
}

// atScore turns a normal score into a value.
func (s Shape) atScore(z float64) float64 {
	x := s.A + float64(s.B*z)
	if s.Kind == Lognormal {
		return exp(x)
	}
	return x
}

// CDF is the probability of a value up to x.
func (s Shape) CDF(x float64) float64 {
	switch s.Kind {
	case Beta:
		t := min(max((x-s.Low)/(s.High-s.Low), 0), 1)
		return mathext.RegIncBeta(s.A, s.B, t)
	case Uniform:
		return min(max((x-s.A)/(s.B-s.A), 0), 1)
	}
	return normalCDF(s.score(x))
}

// Quantile is the value that is not exceeded with probability p in (0, 1).
func (s Shape) Quantile(p float64) float64 {
	switch s.Kind {
	case Beta:
		return s.Low + float64((s.High-s.Low)*mathext.InvRegIncBeta(s.A, s.B, p))
	case Uniform:
		return s.A + float64((s.B-s.A)*p)
	}
	return s.atScore(normalQuantile(p))
}

// Limits are what holds for every value of a number.
type Limits struct {
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Round    float64  `json:"round,omitempty"` // values are multiples of it; 0 for none
	Decimals int      `json:"decimals"`        // of Round, -1 for none
}

// multiple returns m times Round, without the noise of binary fractions.
func (l Limits) multiple(m float64) float64 {
	x := m * l.Round
	if l.Decimals <= 0 {
		return x
	}
	power := math.Pow10(l.Decimals)
	return math.Round(x*power) / power
}

// lowest is the least multiple of Round inside the limits.
func (l Limits) lowest() float64 {
	if l.Min == nil {
		return math.Inf(-1)
	}
	m := math.Round(*l.Min / l.Round)
	if l.multiple(m) < *l.Min {
		m++
	}
	return l.multiple(m)
}

// highest is the greatest multiple of Round inside the limits.
func (l Limits) highest() float64 {
	if l.Max == nil {
		return math.Inf(1)
	}
	m := math.Round(*l.Max / l.Round)
	if l.multiple(m) > *l.Max {
		m--
	}
	return l.multiple(m)
}

// truncated is a shape cut off at limits.
type truncated struct {
	shape    Shape
	min, max float64 // infinite where there is no limit
	from     float64 // probability below min, above max when mirrored
	mass     float64 // probability between the limits
	// mirrored says that both limits lie in the upper tail, where
	// probabilities near 1 would lose their digits: there one counts from the
	// other end.
	mirrored bool
	whole    bool // no limit cuts anything off
}

func newTruncated(s Shape, l Limits) truncated {
	t := truncated{shape: s, min: math.Inf(-1), max: math.Inf(1)}
	if l.Min != nil {
		t.min = *l.Min
	}
	if l.Max != nil {
		t.max = *l.Max
	}
	if s.gaussian() && s.score(t.min) > 0 {
		t.mirrored = true
		t.from = normalCDF(-s.score(t.max))
		t.mass = normalCDF(-s.score(t.min)) - t.from
		return t
	}
	t.from = s.CDF(t.min)
	t.mass = s.CDF(t.max) - t.from
	t.whole = t.from == 0 && t.mass == 1
	return t
}

// quantile is the truncated shape's, for u in (0, 1).
func (t *truncated) quantile(u float64) float64 {
	var x float64
	switch {
	case t.whole:
		x = t.shape.Quantile(u)
	case t.mirrored:
		x = t.shape.atScore(-normalQuantile(t.from + float64((1-u)*t.mass)))
	default:
		x = t.shape.Quantile(t.from + float64(u*t.mass))
	}
	return min(max(x, t.min), t.max)
}

// fromScore is quantile at the probability of a normal score.
func (t *truncated) fromScore(z float64) float64 {
	switch {
	case t.whole && t.shape.gaussian():
		return min(max(t.shape.atScore(z), t.min), t.max)
	case z > 0 && t.mirrored:
		// 1-u is exact in the upper tail.
		x := t.shape.atScore(-normalQuantile(t.from + float64(normalCDF(-z)*t.mass)))
		return min(max(x, t.min), t.max)
	}
	const least = 1.0 / (1 << 53)
	return t.quantile(min(max(normalCDF(z), least), 1-least))
}

// cdf is the truncated shape's.
func (t *truncated) cdf(x float64) float64 {
	x = min(max(x, t.min), t.max)
	if t.mirrored {
		return min(max(1-(normalCDF(-t.shape.score(x))-t.from)/t.mass, 0), 1)
	}
	return min(max((t.shape.CDF(x)-t.from)/t.mass, 0), 1)
}

// coarse reports whether many different values of the distribution have the float64
// x: at the ends of a beta distribution with small parameters, and where a
// distribution is narrow for its distance from 0.
func (t *truncated) coarse(x float64) bool {
	const share = 1e-6
	s := &t.shape
	switch {
	case x <= t.min || x >= t.max:
		return true
	case s.Kind == Beta:
		return x-s.Low <= share*(s.High-s.Low) || s.High-x <= share*(s.High-s.Low)
	case s.Kind == Uniform:
		return s.B-s.A <= share*math.Abs(x)
	case s.Kind == Normal:
		return s.B <= share*math.Abs(x)
	}
	return s.B <= share
}

// neighbourhood returns the cumulative probabilities of the two ends of the interval
// whose nearest float64 is x.
func (t *truncated) neighbourhood(x float64) (low, high float64) {
	at := t.cdf(x)
	low = (at + t.cdf(math.Nextafter(x, math.Inf(-1)))) / 2
	high = (at + t.cdf(math.Nextafter(x, math.Inf(1)))) / 2
	if x <= t.min || t.shape.Kind == Beta && x <= t.shape.Low {
		low = 0
	}
	if x >= t.max || t.shape.Kind == Beta && math.Nextafter(x, math.Inf(1)) >= t.shape.High {
		high = 1 // the quantile function stops one float64 before the end
	}
	return low, high
}
