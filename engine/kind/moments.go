package kind

import "math"

// mean returns the mean of the values that are written: within the limits, and rounded
// as l says. Up to exactSteps multiples of the step are summed exactly. Of more, those
// at the ends are; between them the density is smooth within a step, so that rounding
// moves the mean by what Euler and Maclaurin's formula gives for the two borders.
func (t *truncated) mean(l Limits) float64 {
	if !(t.mass > 0) {
		return t.nearest()
	}
	if l.Round == 0 {
		return t.plainMean()
	}
	const tail = 1e-13
	h := l.Round
	low, high := math.Round(t.quantile(tail)/h), math.Round(t.quantile(1-tail)/h)
	if high-low <= exactSteps {
		sum := low
		for m := low; m < high; m++ {
			sum += 1 - t.cdf((m+0.5)*h)
		}
		return min(max(sum*h, l.lowest()), l.highest())
	}
	from, to := t.min, t.max // of the values between the ends
	sum := 0.0
	if kind := t.shape.Kind; kind != Normal || !math.IsInf(t.min, 0) {
		before := 0.0
		for m := low; m < low+endSteps; m++ {
			from = (m + 0.5) * h
			at := t.cdf(from)
			sum += float64(max(m*h, l.lowest()) * (at - before))
			before = at
		}
	}
	const negligible = 1e-11 // probability
	if 1-t.cdf((high-endSteps)*h) > negligible && (t.shape.Kind == Beta || t.shape.Kind == Uniform || !math.IsInf(t.max, 0)) {
		before := 1.0
		for m := high; m > high-endSteps; m-- {
			to = (m - 0.5) * h
			at := t.cdf(to)
			sum += float64(min(m*h, l.highest()) * (before - at))
			before = at
		}
	}
	between := newTruncated(t.shape, Limits{Min: &from, Max: &to})
	share := t.cdf(to) - t.cdf(from)
	if !(share > 0 && between.mass > 0) {
		return sum
	}
	density := func(x float64) float64 {
		if math.IsInf(x, 0) {
			return 0
		}
		return (t.cdf(x+h/2) - t.cdf(x-h/2)) / h
	}
	return sum + float64(share*between.plainMean()) + float64(h*h/12*(density(from)-density(to)))
}

// exactSteps is the largest number of steps that mean sums, endSteps the number at each
// end that it sums otherwise.
const (
	exactSteps = 256
	endSteps   = 16
)

// nearest returns the limit to which a distribution without probability between the
// limits is closest.
func (t *truncated) nearest() float64 {
	if t.shape.Quantile(0.5) > t.max {
		return t.max
	}
	return t.min
}

// plainMean returns the mean within the limits, before rounding.
func (t *truncated) plainMean() float64 {
	s := t.shape
	switch s.Kind {
	case Uniform:
		return (max(s.A, t.min) + min(s.B, t.max)) / 2
	case Beta:
		// x times the density of beta(a, b) is a/(a+b) times that of beta(a+1, b).
		up := Shape{Kind: Beta, A: s.A + 1, B: s.B, Low: s.Low, High: s.High}
		part := (up.CDF(t.max) - up.CDF(t.min)) / t.mass
		return s.Low + float64((s.High-s.Low)*s.A/(s.A+s.B)*part)
	case Lognormal:
		// x times the density with (A, B) is exp(A+B²/2) times that with (A+B², B).
		low, high := s.score(t.min)-s.B, s.score(t.max)-s.B
		var part float64
		if low > 0 {
			part = normalCDF(-low) - normalCDF(-high)
		} else {
			part = normalCDF(high) - normalCDF(low)
		}
		return min(max(exp(s.A+float64(s.B*s.B)/2)*part/t.mass, t.min), t.max)
	}
	low, high := s.score(t.min), s.score(t.max)
	return min(max(s.A+float64(s.B*(normalDensity(low)-normalDensity(high))/t.mass), t.min), t.max)
}

func normalDensity(z float64) float64 {
	if math.IsInf(z, 0) {
		return 0
	}
	return exp(-float64(z*z)/2) / math.Sqrt(2*math.Pi)
}

// below returns the probability of values up to x before rounding.
func (t *truncated) below(x float64) float64 {
	if !(t.mass > 0) {
		if t.nearest() <= x {
			return 1
		}
		return 0
	}
	return t.cdf(x)
}

// writtenBelow returns the probability that the value that is written is at most x.
func (t *truncated) writtenBelow(x float64, l Limits) float64 {
	if l.Round == 0 {
		return t.cdf(x)
	}
	switch m := l.multiple(math.Floor(x/l.Round*(1+1e-14) + 1e-9)); {
	case m < l.lowest():
		return 0
	case m >= l.highest():
		return 1
	default:
		return t.cdf(m + l.Round/2)
	}
}
