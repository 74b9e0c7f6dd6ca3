package fit

import (
	"fmt"
	"testing"
)

// TestOtherRoots checks that a joint distribution is the same from every root of the
// junction tree.
func TestOtherRoots(t *testing.T) {
	p := chain()
	p.Vars = append(p.Vars, Var{"craft", 3})
	p.Tables = append(p.Tables, full("guild x craft", Pattern, []int{2, 3}, []float64{3, 1, 2, 1, 5, 1}))
	r := mustFit(t, p)
	if len(r.Cliques) < 3 {
		t.Fatalf("the tree has %d cliques, and the test needs 3", len(r.Cliques))
	}
	for set := 1; set < 1<<len(p.Vars); set++ {
		var query []int
		for v := range p.Vars {
			if set>>v&1 == 1 {
				query = append(query, v)
			}
		}
		got, err := r.fromOtherRoots(query)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Cliques {
			one, err := r.around(i, -1, nil, query)
			if err != nil {
				t.Fatal(err)
			}
			near(t, fmt.Sprintf("joint of %v from root %d", query, i), one.p, marginal(t, r, query...), 1e-12)
		}
		near(t, fmt.Sprintf("joint of %v", query), got.p, marginal(t, r, query...), 1e-12)
	}
}
