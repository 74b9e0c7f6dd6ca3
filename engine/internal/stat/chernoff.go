package stat

import "math"

// Draws is N independent draws of a distribution with the values X and the
// probabilities W, which sum to 1.
type Draws struct {
	N    float64
	X, W []float64
}

// Mean returns the mean of the distribution.
func (d *Draws) Mean() float64 {
	m := 0.0
	for j, x := range d.X {
		m += float64(d.W[j] * x)
	}
	return m
}

// Variance returns the variance of the distribution.
func (d *Draws) Variance() float64 {
	m, v := d.Mean(), 0.0
	for j, x := range d.X {
		v += float64(d.W[j] * (x - m) * (x - m))
	}
	return v
}

// SumTail returns a p-value for the deviation of the sum of all draws from its
// expectation, two-sided. Up to three standard errors it is that of the normal
// distribution; beyond, it is Chernoff's bound (1952, "A measure of asymptotic
// efficiency for tests of a hypothesis based on the sum of observations"), because the
// normal tail is far too thin for sums of few skewed values. Sd is the standard
// deviation of the sum.
func SumTail(parts []Draws, deviation float64) (p, sd float64) {
	variance := 0.0
	for i := range parts {
		variance += float64(parts[i].N * parts[i].Variance())
	}
	sd = math.Sqrt(variance)
	if deviation == 0 {
		return 1, sd
	}
	if sd == 0 {
		return 0, 0
	}
	z := math.Abs(deviation) / sd
	p = math.Erfc(z / math.Sqrt2)
	if z <= 3 {
		return p, sd
	}
	return min(1, max(p, 2*chernoff(parts, deviation, variance))), sd
}

// chernoff bounds the probability that the sum deviates by as much in the same
// direction: the least exp(K(s) - s t) over s > 0, where K is the cumulant generating
// function of the centred sum. K(s) - s t is convex, so its derivative is bisected.
func chernoff(parts []Draws, deviation, variance float64) float64 {
	t, sign := math.Abs(deviation), math.Copysign(1, deviation)
	means := make([]float64, len(parts))
	for i := range parts {
		means[i] = parts[i].Mean()
	}
	at := func(s float64) (k, slope float64) {
		for i := range parts {
			d := &parts[i]
			largest := math.Inf(-1)
			for j, x := range d.X {
				if d.W[j] > 0 {
					largest = max(largest, sign*(x-means[i]))
				}
			}
			sum, moment := 0.0, 0.0
			for j, x := range d.X {
				y := sign * (x - means[i])
				e := d.W[j] * math.Exp(s*(y-largest))
				sum += e
				moment += e * y
			}
			k += d.N * (math.Log(sum) + s*largest)
			slope += d.N * moment / sum
		}
		return k - s*t, slope - t
	}
	low, high := 0.0, t/variance
	for range 60 {
		if _, slope := at(high); slope >= 0 {
			break
		}
		low, high = high, 2*high
	}
	for range 40 {
		middle := (low + high) / 2
		if _, slope := at(middle); slope < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	bound, _ := at(high)
	return math.Exp(min(bound, 0))
}
