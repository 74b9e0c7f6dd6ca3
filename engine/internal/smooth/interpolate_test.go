package smooth

import (
	"math"
	"testing"
)

// Bands keep their means, shares stay between 0 and 1, a share of 0 stays 0, and steps are
// as small as a line between the middles of the bands has them.
func TestInterpolate(t *testing.T) {
	level := []float64{0.1, 0.3, 0.8, 0.8, 0}
	c := Curve{Edge: make([]bool, 50)}
	for a := range 50 {
		x := level[a/10]
		c.Weight = append(c.Weight, 1+float64(a%3))
		c.Band = append(c.Band, int32(a/10))
		c.Share = append(c.Share, []float64{x, 1 - x})
	}
	c.Edge[39] = true
	before := means(&c)
	c.Interpolate()
	for b, x := range means(&c) {
		for v := range x {
			if math.Abs(x[v]-before[b][v]) > 1e-12 {
				t.Errorf("band %d has the mean %v, had %v", b, x[v], before[b][v])
			}
		}
	}
	for a, s := range c.Share {
		if math.Abs(s[0]+s[1]-1) > 0.02 || s[0] < 0 || s[1] < 0 {
			t.Errorf("the shares at %d are %v", a, s)
		}
		if a >= 40 && (s[0] != 0 || s[1] != 1) {
			t.Errorf("behind the edge, the shares at %d are %v", a, s)
		}
		if step := s[0] - c.Share[max(a-1, 0)][0]; a < 40 && math.Abs(step) > 0.08 {
			t.Errorf("the step to %d is %v", a, step)
		}
	}
}

func means(c *Curve) [][]float64 {
	out, weight := make([][]float64, 5), make([]float64, 5)
	for a, b := range c.Band {
		weight[b] += c.Weight[a]
		if out[b] == nil {
			out[b] = make([]float64, len(c.Share[a]))
		}
		for v, s := range c.Share[a] {
			out[b][v] += c.Weight[a] * s
		}
	}
	for b := range out {
		for v := range out[b] {
			out[b][v] /= weight[b]
		}
	}
	return out
}
