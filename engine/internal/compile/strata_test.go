package compile

import (
	"math"
	"testing"
)

// Rates of disjoint and overlapping strata: the shares of the sample are those asked for,
// and no rate is higher than needed.
func TestRates(t *testing.T) {
	for _, c := range []struct {
		name    string
		members []uint64
		mass    []float64
		size    float64
		atLeast []float64
		rate    []float64
		want    []float64 // rates; nil if there are none
	}{
		{"one", []uint64{0, 1}, []float64{0.96, 0.04}, 1000, []float64{500}, []float64{1}, []float64{24}},
		{"enough anyway", []uint64{0, 1}, []float64{0.4, 0.6}, 1000, []float64{500}, []float64{1}, []float64{1}},
		{"exactly as many anyway", []uint64{0, 1}, []float64{0.5, 0.5}, 1000, []float64{500}, []float64{1}, []float64{1}},
		{"beside another rate", []uint64{0, 1, 2}, []float64{0.9, 0.04, 0.06}, 1000, []float64{500, 0}, []float64{1, 10}, []float64{1.5 / 0.04, 10}},
		{"fewer of others", []uint64{0, 1, 2}, []float64{0.5, 0.1, 0.4}, 1000, []float64{200, 0}, []float64{1, 0.5}, []float64{0.25 * 0.7 / 0.1, 0.5}},
		{"two", []uint64{0, 1, 2}, []float64{0.8, 0.1, 0.1}, 1000, []float64{250, 250}, []float64{1, 1}, []float64{4, 4}},
		// Half of the first stratum are in the second, whose rate is higher.
		{"overlap", []uint64{0, 1, 3}, []float64{0.8, 0.1, 0.1}, 1000, []float64{600, 0}, []float64{1, 10}, []float64{2, 10}},
		{"overlap is enough", []uint64{0, 1, 3}, []float64{0.8, 0.1, 0.1}, 1000, []float64{500, 0}, []float64{1, 10}, []float64{1, 10}},
		{"everyone", []uint64{1}, []float64{1}, 1000, []float64{1000}, []float64{1}, []float64{1}},
		{"too many together", []uint64{0, 1, 2}, []float64{0.8, 0.1, 0.1}, 1000, []float64{500, 500}, []float64{1, 1}, nil},
		{"too many", []uint64{0, 1}, []float64{0.8, 0.2}, 1000, []float64{1000}, []float64{1}, nil},
	} {
		r := rates{size: c.size, members: c.members, mass: c.mass, atLeast: c.atLeast, rate: c.rate}
		if ok := r.solve(); ok != (c.want != nil) {
			t.Errorf("%s: solved %v, rates %v", c.name, ok, r.rate)
			continue
		}
		for k, want := range c.want {
			if math.Abs(r.rate[k]-want) > 1e-9*want {
				t.Errorf("%s: got rates %v, want %v", c.name, r.rate, c.want)
			}
			if n := r.sampled(k) * c.size; n < c.atLeast[k]-1e-6 {
				t.Errorf("%s: stratum %d has %g persons, want %g", c.name, k, n, c.atLeast[k])
			}
		}
	}
}
