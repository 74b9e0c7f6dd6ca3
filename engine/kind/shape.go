package kind

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Kinds of Shape.
const (
	Normal    = "normal"
	Lognormal = "lognormal"
	Beta      = "beta"
	Uniform   = "uniform"
)

var shapeKinds = []string{Normal, Lognormal, Beta, Uniform}

// Shape is a distribution of numbers before limits and rounding.
type Shape struct {
	Kind string `json:"kind,omitempty"`
	// A and B are mean and standard deviation (normal), those of the logarithm
	// (lognormal), alpha and beta (beta), low and high (uniform).
	A float64 `json:"a"`
	B float64 `json:"b"`
	// Low and High are the range of a beta distribution.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
}

// scaled returns the shape with its mean multiplied by a factor: a normal keeps its
// standard deviation, all others are stretched.
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

// gaussian reports whether values are a monotone function of a normal score in
// closed form.
func (s Shape) gaussian() bool { return s.Kind == Normal || s.Kind == Lognormal }

// score returns the normal score of a value of a gaussian shape.
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

// atScore returns the value of a gaussian shape at a normal score.
func (s Shape) atScore(z float64) float64 {
	x := s.A + float64(s.B*z)
	if s.Kind == Lognormal {
		return exp(x)
	}
	return x
}

// CDF returns the probability of values up to x.
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

// Quantile returns the value that is not exceeded with probability p in (0, 1).
func (s Shape) Quantile(p float64) float64 {
	switch s.Kind {
	case Beta:
		return s.Low + float64((s.High-s.Low)*mathext.InvRegIncBeta(s.A, s.B, p))
	case Uniform:
		return s.A + float64((s.B-s.A)*p)
	}
	return s.atScore(normalQuantile(p))
}

// Limits restrict the values of a number field. A nil limit does not restrict.
type Limits struct {
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	Round    float64  `json:"round,omitempty"` // step; values are multiples of it, 0 for any value
	Decimals int      `json:"decimals"`        // decimal places of Round, -1 for as many as needed
}

// multiple returns the float nearest to the decimal number m times Round.
func (l Limits) multiple(m float64) float64 {
	x := m * l.Round
	if l.Decimals <= 0 {
		return x
	}
	power := math.Pow10(l.Decimals)
	return math.Round(x*power) / power
}

// lowest returns the least multiple of Round within the limits.
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

// highest returns the greatest multiple of Round within the limits.
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

// truncated is the distribution of a shape given that values are within limits.
type truncated struct {
	shape    Shape
	min, max float64 // infinite where there is no limit
	from     float64 // probability below min, or above max when mirrored
	mass     float64 // probability within the limits
	// mirrored says that the limits are above the median of a gaussian shape.
	// Probabilities near 1 would lose their digits there, so they are counted
	// from the upper end.
	mirrored bool
	whole    bool // the limits exclude no probability
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

// quantile returns the value that is not exceeded with probability u in (0, 1).
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

// fromScore returns the quantile at the probability of a normal score.
func (t *truncated) fromScore(z float64) float64 {
	switch {
	case t.whole && t.shape.gaussian():
		return min(max(t.shape.atScore(z), t.min), t.max)
	case z > 0 && t.mirrored:
		// normalCDF(-z) is 1-u without loss of digits.
		x := t.shape.atScore(-normalQuantile(t.from + float64(normalCDF(-z)*t.mass)))
		return min(max(x, t.min), t.max)
	}
	const least = 1.0 / (1 << 53)
	return t.quantile(min(max(normalCDF(z), least), 1-least))
}

// cdf returns the probability of values up to x.
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
