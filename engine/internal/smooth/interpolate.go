package smooth

import "math"

// Curve are the shares of some values, such as marital statuses, at each place of an
// ordered axis, such as age in years, before and after interpolation.
type Curve struct {
	Weight []float64 // per place: its persons; 0 where there are none
	// Band is, per place, the band whose shares stay what they are, -1 for a place that
	// is not interpolated.
	Band []int32
	// Edge says, per place, that there may be a step to the next place.
	Edge []bool
	// Share has, per place and value, the share. A share of 0 stays 0.
	Share [][]float64
}

// Interpolate ends after so many steps, or when a step changes no share by more than
// settled.
const (
	interpolationSteps = 500
	settled            = 2e-6
)

// flat is the part of every share that is not interpolated.
const flat = 0.01

// Interpolate makes the shares of neighbouring places differ as little as possible (least
// sum of squared differences), while the mean share of every value in every band, by
// weight, stays as it is and no share becomes negative. This is Tobler's smooth
// pycnophylactic interpolation (1979, "Smooth pycnophylactic interpolation for
// geographical regions", J. American Statistical Association 74) on a line. The minimum is
// found by projected gradient steps with momentum (Nesterov 1983) and restarts
// (O'Donoghue and Candès 2015, "Adaptive restart for accelerated gradient schemes").
// The shares of a place add up to about 1; callers scale them.
func (c *Curve) Interpolate() {
	x := newInterpolation(c)
	for v := range x.values {
		if x.read(v) {
			x.minimise()
			x.write(v)
		}
	}
}

// interpolation is a curve without the places that are not interpolated, and one value of
// it at a time.
type interpolation struct {
	*Curve
	values int
	place  []int // in the curve
	band   []int32
	weight []float64
	joined []bool // with the place before

	free             []bool // the share may change
	at, before, next []float64
	mean             []float64 // per band: weighted sum of the shares
	sum, squares     []float64 // per band: of the shares as they are; of the weights
}

func newInterpolation(c *Curve) *interpolation {
	x := &interpolation{Curve: c}
	bands := 0
	for a, b := range c.Band {
		if b < 0 || c.Weight[a] <= 0 {
			continue
		}
		n := len(x.place)
		x.joined = append(x.joined, n > 0 && x.place[n-1] == a-1 && !c.Edge[a-1])
		x.place, x.band, x.weight = append(x.place, a), append(x.band, b), append(x.weight, c.Weight[a])
		x.values, bands = len(c.Share[a]), max(bands, int(b)+1)
	}
	n := len(x.place)
	x.free = make([]bool, n)
	x.at, x.before, x.next = make([]float64, n), make([]float64, n), make([]float64, n)
	x.mean, x.sum, x.squares = make([]float64, bands), make([]float64, bands), make([]float64, bands)
	return x
}

// read takes the shares of a value. It is false where nothing can change.
func (x *interpolation) read(v int) (some bool) {
	clear(x.mean)
	clear(x.squares)
	for i, a := range x.place {
		s, b := x.Share[a][v], x.band[i]
		x.at[i], x.before[i], x.free[i] = s, s, s > 0
		if s > 0 {
			x.mean[b] += float64(x.weight[i] * s)
			x.squares[b] += float64(x.weight[i] * x.weight[i])
			some = true
		}
	}
	return some
}

// write sets the shares of a value. A part of each is its old one, so that no share above
// 0 becomes 0.
func (x *interpolation) write(v int) {
	for i, a := range x.place {
		x.Share[a][v] = float64((1-flat)*x.at[i]) + float64(flat*x.Share[a][v])
	}
}

// minimise takes gradient steps. Without momentum, a step makes half of each share that
// of itself and half the mean of its neighbours.
func (x *interpolation) minimise() {
	momentum := 0.0
	for range interpolationSteps {
		beta := momentum / (momentum + 3)
		for i := range x.next { // until the step, next is where momentum leads
			x.next[i] = x.at[i] + float64(beta*(x.at[i]-x.before[i]))
		}
		copy(x.before, x.next)
		for i := range x.next {
			if !x.free[i] {
				continue
			}
			if x.joined[i] {
				x.next[i] += (x.before[i-1] - x.before[i]) / 4
			}
			if i+1 < len(x.next) && x.joined[i+1] {
				x.next[i] += (x.before[i+1] - x.before[i]) / 4
			}
		}
		x.restore()
		worst, along := 0.0, 0.0
		for i, s := range x.next {
			worst = max(worst, math.Abs(s-x.at[i]))
			along += float64((x.before[i] - s) * (s - x.at[i]))
		}
		x.before, x.at, x.next = x.at, x.next, x.before
		if momentum++; along > 0 {
			momentum = 0 // it leads away from the minimum
		}
		if worst <= settled {
			return
		}
	}
}

// restore gives every band its mean back by the least change, and where a share would be
// less than nothing, in proportion.
func (x *interpolation) restore() {
	x.sums()
	negative := false
	for i := range x.next {
		if b := x.band[i]; x.free[i] {
			x.next[i] += float64(x.weight[i] * ((x.mean[b] - x.sum[b]) / x.squares[b]))
			negative = negative || x.next[i] < 0
		}
	}
	if !negative {
		return
	}
	for i := range x.next {
		x.next[i] = max(x.next[i], 0)
	}
	x.sums()
	for i := range x.next {
		if b := x.band[i]; x.sum[b] > 0 {
			x.next[i] *= x.mean[b] / x.sum[b]
		}
	}
}

// sums sums the shares of each band by weight.
func (x *interpolation) sums() {
	clear(x.sum)
	for i, s := range x.next {
		x.sum[x.band[i]] += float64(x.weight[i] * s)
	}
}
