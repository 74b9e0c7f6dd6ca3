package kind

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A quantile of random counts has P of the persons before it and P up to it: exactly,
// when it is interpolated, and on either side of P, when it is a value.
func TestQuantileOf(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	for range 2000 {
		n := 1 + random.IntN(8)
		points, weights := make([]float64, n), make([]float64, n)
		total := 0.0
		for i := range points {
			points[i] = float64(i - 2)
			if random.IntN(3) > 0 {
				weights[i] = float64(random.IntN(20))
			}
			total += weights[i]
		}
		if total == 0 {
			continue
		}
		for _, interpolate := range []string{NotInterpolated, Completed, Centred} {
			s := &Statistic{Measure: Quantile, P: 0.05 + 0.9*random.Float64(), Interpolate: interpolate, Published: []float64{20 * (random.Float64() - 0.5)}}
			if random.IntN(2) == 0 {
				s.P = 0.5
			}
			x := s.QuantileOf(points, weights, 0)
			before, upto := 0.0, 0.0
			for i, w := range weights {
				before += w * s.Before(points[i], x) / total
				upto += w * s.Upto(points[i], x) / total
			}
			if !(before <= s.P+1e-9) || !(upto >= s.P-1e-9) || interpolate != NotInterpolated && math.Abs(upto-s.P) > 1e-9 {
				t.Fatalf("%s: the %g quantile of %v is %g, with %g before it and %g up to it", interpolate, s.P, weights, x, before, upto)
			}
		}
	}
}

// Between two values that share the persons equally, the quantile is the published one if
// it is between them too.
func TestQuantileBetween(t *testing.T) {
	points, weights := []float64{1, 2, 3, 4}, []float64{0, 5, 0, 5}
	for _, c := range []struct {
		interpolate     string
		published, want float64
	}{
		{NotInterpolated, 1, 2}, {NotInterpolated, 3, 3}, {NotInterpolated, 9, 4},
		{Completed, 1, 3}, {Completed, 3.7, 3.7}, {Completed, 9, 4},
		{Centred, 1, 2.5}, {Centred, 3, 3}, {Centred, 9, 3.5},
	} {
		s := &Statistic{Measure: Median, P: 0.5, Interpolate: c.interpolate, Published: []float64{c.published}}
		if got := s.QuantileOf(points, weights, 0); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s, published %g: got %g, want %g", c.interpolate, c.published, got, c.want)
		}
	}
}
