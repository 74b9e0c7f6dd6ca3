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

// Sweeps of Interpolate: it stops when no share changes by more than settled.
const (
	interpolationSweeps = 1000
	settled             = 1e-7
)

// Interpolate makes the shares of neighbouring places differ as little as possible (least
// sum of squared differences), while the mean share of every value in every band, by
// weight, stays as it is and no share becomes negative. This is Tobler's smooth
// pycnophylactic interpolation (1979, "Smooth pycnophylactic interpolation for
// geographical regions", J. American Statistical Association 74) on a line. Every share
// in turn becomes the mean of its two neighbours', and bands get their mean back.
// The shares of a place add up to about 1; callers scale them.
func (c *Curve) Interpolate() {
	x := newInterpolation(c)
	for sweep := range interpolationSweeps {
		worst := 0.0
		for v := range x.values {
			worst = max(worst, x.sweep(v, sweep%2 == 1))
		}
		if worst <= settled {
			return
		}
	}
}

// interpolation is a curve with what does not change.
type interpolation struct {
	*Curve
	values        int
	places        []int // that are interpolated
	before, after []int // per place: its neighbours, -1 for none
	bands         int
	mean          [][]float64 // per value and band: weighted sum of the shares
	sum, free     []float64   // per band
	old           []float64   // per place
}

func newInterpolation(c *Curve) *interpolation {
	n := len(c.Weight)
	x := &interpolation{Curve: c, before: make([]int, n), after: make([]int, n), old: make([]float64, n)}
	last := -1
	for a := range n {
		x.before[a], x.after[a] = -1, -1
		if c.Band[a] < 0 || c.Weight[a] <= 0 {
			last = -1
			continue
		}
		if last >= 0 && !c.Edge[last] {
			x.before[a], x.after[last] = last, a
		}
		last = a
		x.places = append(x.places, a)
		x.values, x.bands = len(c.Share[a]), max(x.bands, int(c.Band[a])+1)
	}
	x.sum, x.free = make([]float64, x.bands), make([]float64, x.bands)
	for v := range x.values {
		x.mean = append(x.mean, make([]float64, x.bands))
		for _, a := range x.places {
			x.mean[v][c.Band[a]] += float64(c.Weight[a] * c.Share[a][v])
		}
	}
	return x
}

// sweep smooths the shares of a value once, from the first place to the last or back,
// and returns the largest change.
func (x *interpolation) sweep(v int, back bool) float64 {
	for i := range x.places {
		a := x.places[i]
		if back {
			a = x.places[len(x.places)-1-i]
		}
		x.old[a] = x.Share[a][v]
		if x.old[a] == 0 {
			continue
		}
		sum, n := 0.0, 0.0
		for _, b := range [2]int{x.before[a], x.after[a]} {
			if b >= 0 {
				sum += x.Share[b][v]
				n++
			}
		}
		if n > 0 {
			x.Share[a][v] = max(sum/n, least)
		}
	}
	x.restore(v)
	worst := 0.0
	for _, a := range x.places {
		worst = max(worst, math.Abs(x.Share[a][v]-x.old[a]))
	}
	return worst
}

// least is what is left of a share that would become 0 or less, so that it is known
// from one that must be 0.
const least = 1e-9

// restore gives the bands of a value their mean back: by the same amount at every place,
// and where that would be less than nothing, in proportion.
func (x *interpolation) restore(v int) {
	x.sums(v)
	for _, a := range x.places {
		b := x.Band[a]
		if s := x.Share[a][v]; s > 0 && x.free[b] > 0 {
			x.Share[a][v] = max(s+(x.mean[v][b]-x.sum[b])/x.free[b], least)
		}
	}
	x.sums(v)
	for _, a := range x.places {
		if b := x.Band[a]; x.sum[b] > 0 {
			x.Share[a][v] *= x.mean[v][b] / x.sum[b]
		}
	}
}

// sums computes, per band, the weighted sum of the shares of a value, and the weight of
// the places where it has one.
func (x *interpolation) sums(v int) {
	clear(x.sum)
	clear(x.free)
	for _, a := range x.places {
		if s := x.Share[a][v]; s > 0 {
			x.sum[x.Band[a]] += float64(x.Weight[a] * s)
			x.free[x.Band[a]] += x.Weight[a]
		}
	}
}
