package fit_test

import (
	"context"
	"fmt"
	"log"

	"github.com/personagen/personagen/engine/internal/fit"
)

// Two published tables, and an older cross-table whose odds ratios are kept.
func ExampleFit() {
	p := &fit.Problem{
		Vars: []fit.Var{{Name: "hue", Card: 2}, {Name: "zone", Card: 2}},
		Tables: []fit.Table{
			{Name: "hue", Role: fit.Hard, Scope: []int{0}, Cell: []int32{0, 1}, Row: []int32{0, 0}, Share: []float64{0.3, 0.7}},
			{Name: "zone", Role: fit.Hard, Scope: []int{1}, Cell: []int32{0, 1}, Row: []int32{0, 0}, Share: []float64{0.6, 0.4}},
			{Name: "old", Role: fit.Pattern, Scope: []int{0, 1}, Cell: []int32{0, 1, 2, 3}, Row: []int32{0, 0, 0, 0},
				Share: []float64{0.4, 0.1, 0.1, 0.4}},
		},
	}
	r, err := fit.Fit(context.Background(), p, fit.Options{})
	if err != nil {
		log.Fatal(err)
	}
	joint, err := r.Marginal([]int{0, 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("joint %.3f\n", joint)
	fmt.Printf("zone off by less than 1e-9: %v\n", r.Certificates[1].TVD < 1e-9)
	// Output:
	// joint [0.279 0.021 0.321 0.379]
	// zone off by less than 1e-9: true
}

// The adults of a fitted population.
func ExampleResult_Slice() {
	p := &fit.Problem{
		Vars: []fit.Var{{Name: "band", Card: 3}, {Name: "hue", Card: 2}},
		Tables: []fit.Table{{Name: "band x hue", Role: fit.Hard, Scope: []int{0, 1},
			Cell: []int32{0, 1, 2, 3, 4, 5}, Row: make([]int32, 6), Share: []float64{0.1, 0.1, 0.3, 0.2, 0.1, 0.2}}},
	}
	r, err := fit.Fit(context.Background(), p, fit.Options{})
	if err != nil {
		log.Fatal(err)
	}
	adults, mass, err := r.Slice(fit.Support{Name: "adults", Scope: []int{0}, Allowed: []bool{false, true, true}})
	if err != nil {
		log.Fatal(err)
	}
	hue, err := adults.Marginal([]int{1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.1f of the population, hue %.2f\n", mass, hue)
	// Output:
	// 0.8 of the population, hue [0.50 0.50]
}
