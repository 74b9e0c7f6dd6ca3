package kind

import "math"

// mean returns the mean of the values that are written: within the limits, and rounded
// as l says. Up to exactSteps multiples of the step are summed exactly. Beyond, the
// density is smooth within a step, so that rounding moves the mean at the limits only;
// the correction there is that of Euler and Maclaurin to the second order.
func (t *truncated) mean(l Limits) float64 {
	if !(t.mass > 0) {
		return t.nearest()
	}
	if l.Round == 0 {
		return t.plainMean()
	}
	const tail = 1e-13
	low, high := math.Round(t.quantile(tail)/l.Round), math.Round(t.quantile(1-tail)/l.Round)
	if high-low <= exactSteps {
		sum := low
		for m := low; m < high; m++ {
			sum += 1 - t.cdf((m+0.5)*l.Round)
		}
		return min(max(sum*l.Round, l.lowest()), l.highest())
	}
	h, mean := l.Round, t.plainMean()
	edge := func(at, nearest, inside float64) float64 {
		d := nearest - at
		density := math.Abs(t.cdf(inside)-t.cdf(at)) / h
		return density * ((float64(d*d)-h*h/4)/2 + h*h/12)
	}
	if !math.IsInf(t.min, 0) {
		mean += edge(t.min, l.lowest(), t.min+h)
	}
	if !math.IsInf(t.max, 0) {
		mean -= edge(t.max, l.highest(), t.max-h)
	}
	return mean
}

// exactSteps is the largest number of steps that mean sums.
const exactSteps = 256

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
