package fit

import (
	"context"
	"math"
	"testing"
)

// A tilted distribution is every probability times its factor, over the sum.
func TestTilt(t *testing.T) {
	p := &Problem{
		Vars: []Var{{Name: "a", Card: 2}, {Name: "b", Card: 3}, {Name: "c", Card: 2}, {Name: "d", Card: 2}},
		Tables: []Table{
			{Name: "ab", Role: Hard, Scope: []int{0, 1}, Cell: []int32{0, 1, 2, 3, 4, 5}, Row: make([]int32, 6), Share: []float64{0.1, 0.2, 0.1, 0.3, 0.1, 0.2}, Variance: 1},
			{Name: "bc", Role: Hard, Scope: []int{1, 2}, Cell: []int32{0, 1, 2, 3, 4, 5}, Row: make([]int32, 6), Share: []float64{0.3, 0.1, 0.1, 0.2, 0.05, 0.25}, Variance: 1},
			{Name: "d", Role: Hard, Scope: []int{3}, Cell: []int32{0, 1}, Row: make([]int32, 2), Share: []float64{0.25, 0.75}, Variance: 1},
		},
	}
	r, err := Fit(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	factor := []float64{1, 5, 0, 2, 1, 3} // over b and a, in this order
	tilted, err := r.Tilt([]int{1, 0}, factor)
	if err != nil {
		t.Fatal(err)
	}
	all := []int{0, 1, 2, 3}
	before, _ := r.Marginal(all)
	got, err := tilted.Marginal(all)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for k := range before {
		before[k] *= factor[k/4%3*2+k/12]
		sum += before[k]
	}
	for k, x := range before {
		if math.Abs(got[k]-x/sum) > 1e-12 {
			t.Errorf("configuration %d: got %g, want %g", k, got[k], x/sum)
		}
	}
	if _, err := r.Tilt([]int{0, 3}, make([]float64, 4)); err == nil {
		t.Error("no clique has both variables")
	}
	if _, err := r.Tilt([]int{0}, []float64{0, 0}); err == nil {
		t.Error("nothing has a factor")
	}
}
