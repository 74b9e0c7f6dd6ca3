// Package smooth spreads counts by classes of a whole number, such as age groups, over
// the single values: smoothly, never below zero, and with the totals of the classes
// unchanged.
//
// The cumulative counts at the borders of the classes are interpolated by a cubic
// spline whose slopes are filtered so that it rises everywhere (Hyman 1983, "Accurate
// monotonicity preserving cubic interpolation", SIAM J. Sci. Stat. Comput. 4), as is
// usual for populations (Smith, Hyndman and Wood 2004, "Spline interpolation for
// demographic variables: the monotonicity problem", J. Population Research 21). An
// open last class has no border to interpolate to, and follows a survival curve.
package smooth

import "math"

// Open is the survival curve of an open last class.
type Open struct {
	// Slope is how fast the hazard rises per year, by Gompertz's law (1825): the
	// share of those of age t who live to t+1 is exp(-h exp(Slope t)). The level h is
	// the one that gives the class its total.
	Slope float64
	// Survivors, if not nil, has the survivors to each value of the class and to the
	// value after it, in place of Gompertz's law.
	Survivors []float64
}

// Spread returns the counts of the single values, given the first value of each class,
// ascending, the value after the last class, and the counts of the classes, none of
// which is negative. Open is nil when the last class is closed.
func Spread(starts []int, end int, counts []float64, open *Open) []float64 {
	borders := append(append([]int{}, starts...), end)
	out := make([]float64, end-starts[0])
	closed := len(counts)
	if open != nil {
		closed--
	}
	last := -1.0 // the density at the last closed border, if the open class sets it
	if open != nil && open.Survivors == nil {
		last = density(borders, counts, closed, open.Slope)
	}
	if closed > 0 {
		x, y := make([]float64, closed+1), make([]float64, closed+1)
		for i := range x {
			x[i] = float64(borders[i])
			if i > 0 {
				y[i] = y[i-1] + counts[i-1]
			}
		}
		slopes := hyman(x, y, last)
		if open != nil && open.Survivors == nil {
			last = slopes[closed]
		}
		for i := range closed {
			before := y[i]
			for v := borders[i]; v < borders[i+1]; v++ {
				at := y[i+1]
				if v+1 < borders[i+1] {
					at = hermite(x, y, slopes, i, float64(v+1))
				}
				out[v-starts[0]] = math.Max(0, at-before)
				before = math.Max(before, at)
			}
			rescale(out[borders[i]-starts[0]:borders[i+1]-starts[0]], counts[i])
		}
	}
	if open == nil {
		return out
	}
	tail := out[borders[closed]-starts[0]:]
	if open.Survivors != nil {
		for k := range tail {
			tail[k] = (open.Survivors[k] + open.Survivors[k+1]) / 2
		}
	} else {
		gompertz(tail, open.Slope, last, counts[closed])
	}
	rescale(tail, counts[closed])
	return out
}

// density returns the density where the open class begins. It is the one with which
// Gompertz's law holds on both sides: the hazard that gives the open class its total is
// the one by which the density falls from the middle of the last closed class.
func density(borders []int, counts []float64, closed int, slope float64) float64 {
	if closed == 0 {
		return 0
	}
	width := float64(borders[closed] - borders[closed-1])
	before, total := counts[closed-1]/width, counts[closed]
	if before == 0 || total == 0 {
		return 0
	}
	tail := make([]float64, borders[closed+1]-borders[closed])
	low, high := math.Log(before/1000), math.Log(before*1.2)
	for range 60 {
		middle := (low + high) / 2
		d := math.Exp(middle)
		falls := math.Log(before/d) * slope / -math.Expm1(-slope*width/2)
		if gompertz(tail, slope, d, total) < falls {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp(low)
}

// gompertz fills the single values of an open class with the survivors of a population
// whose density is first at its border, by the hazard that gives the total, which it
// returns. Where even no deaths give too few, the hazard is that of almost no deaths,
// and the caller scales the values.
func gompertz(out []float64, slope, first, total float64) float64 {
	if total <= 0 {
		return 0
	}
	if first <= 0 {
		first = total // only the shape counts
	}
	fill := func(h float64) float64 {
		sum := 0.0
		at := func(t float64) float64 { return first * math.Exp(-h/slope*math.Expm1(slope*t)) }
		begin := first
		for k := range out {
			t := float64(k) // Simpson's rule over a year
			end := at(t + 1)
			out[k] = (begin + 4*at(t+0.5) + end) / 6
			sum += out[k]
			begin = end
		}
		return sum
	}
	low, high := math.Log(1e-6), math.Log(20)
	for range 60 {
		middle := (low + high) / 2
		if fill(math.Exp(middle)) > total {
			low = middle
		} else {
			high = middle
		}
	}
	fill(math.Exp(low))
	return math.Exp(low)
}

// rescale makes values add up to a total. If they are all 0, they become equal.
func rescale(x []float64, total float64) {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	for i := range x {
		if sum > 0 {
			x[i] *= total / sum
		} else {
			x[i] = total / float64(len(x))
		}
	}
}

// hyman returns the slopes at x of a cubic spline through y, filtered so that it is
// monotone. Last, if it is not negative, is the slope at the last x; the other end
// slopes are those of the cubic through the nearest points.
func hyman(x, y []float64, last float64) []float64 {
	n := len(x)
	secant := make([]float64, n-1)
	for i := range secant {
		secant[i] = (y[i+1] - y[i]) / (x[i+1] - x[i])
	}
	m := make([]float64, n)
	m[0] = endSlope(x, y)
	if m[n-1] = last; last < 0 {
		m[n-1] = endSlope(reversed(x), reversed(y))
	}
	// The inner slopes make the second derivative continuous (Thomas's algorithm for
	// the tridiagonal system).
	if n > 2 {
		upper, right := make([]float64, n), make([]float64, n)
		for i := 1; i < n-1; i++ {
			h, k := x[i]-x[i-1], x[i+1]-x[i]
			a, b, c := 1/h, 2*(1/h+1/k), 1/k
			d := 3 * (secant[i-1]/h + secant[i]/k)
			if i == 1 {
				d -= a * m[0]
				a = 0
			}
			if i == n-2 {
				d -= c * m[n-1]
				c = 0
			}
			w := b - a*upper[i-1]
			upper[i], right[i] = c/w, (d-a*right[i-1])/w
		}
		for i := n - 2; i >= 1; i-- {
			m[i] = right[i]
			if i < n-2 {
				m[i] -= upper[i] * m[i+1]
			}
		}
	}
	for i := range m {
		most := math.Inf(1)
		if i > 0 {
			most = min(most, 3*secant[i-1])
		}
		if i < n-1 {
			most = min(most, 3*secant[i])
		}
		m[i] = min(max(m[i], 0), most)
	}
	return m
}

func reversed(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[len(x)-1-i] = v
	}
	return out
}

// endSlope returns the derivative at x[0] of the polynomial through the first points,
// at most four, by Newton's divided differences.
func endSlope(x, y []float64) float64 {
	n := min(len(x), 4)
	d := append([]float64{}, y[:n]...)
	slope, product := 0.0, 1.0
	for k := 1; k < n; k++ {
		for i := n - 1; i >= k; i-- {
			d[i] = (d[i] - d[i-1]) / (x[i] - x[i-k])
		}
		if k > 1 {
			product *= x[0] - x[k-1]
		}
		slope += d[k] * product
	}
	return slope
}

// hermite returns the value at v of the cubic between x[i] and x[i+1].
func hermite(x, y, m []float64, i int, v float64) float64 {
	h := x[i+1] - x[i]
	t := (v - x[i]) / h
	return y[i]*(1+2*t)*(1-t)*(1-t) + h*m[i]*t*(1-t)*(1-t) + y[i+1]*t*t*(3-2*t) + h*m[i+1]*t*t*(t-1)
}
