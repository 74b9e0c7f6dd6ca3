package microdata

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawn counts so many draws of three variables: y follows x with a chance, and z
// follows y with another.
func drawn(n int, follow float64, interact bool, source uint64) *Counts {
	r := rand.New(rand.NewPCG(source, 1))
	c := NewCounts(3, 3, 3)
	for range n {
		x, y, z := r.IntN(3), r.IntN(3), r.IntN(3)
		if r.Float64() < follow {
			y = x
		}
		if r.Float64() < follow {
			if z = y; interact {
				z = (x + y) % 3
			}
		}
		c.Add((x*3+y)*3+z, 0.5+r.Float64())
	}
	return c
}

// of returns the counts of two of three variables.
func (c *Counts) of(a, b int) *Counts {
	out := NewCounts(c.Sizes[a], c.Sizes[b])
	out.total, out.square, out.all = c.total, c.square, c.all
	out.Weight = pairs(c.Weight, c.Sizes, a, b)
	return out
}

func TestDependence(t *testing.T) {
	// By hand: p = .4 .1 .1 .4, I = .8 ln 1.6 + .2 ln .4, n = 100, df = 1.
	m := Dependence(counted([]int{2, 2}, 40, 10, 10, 40))
	want := 0.8*math.Log(1.6) + 0.2*math.Log(0.4)
	if math.Abs(m.Information-(want-1.0/200)) > 1e-12 {
		t.Errorf("got %v nats, want %v", m.Information, want-1.0/200)
	}
	if m.P > 1e-8 || m.P < 1e-10 {
		t.Errorf("got p %v", m.P)
	}
	if chance := 4 * math.Sqrt(2*0.25*0.75/(math.Pi*100)) / 2; math.Abs(m.Persons-(0.3-chance)) > 1e-12 {
		t.Errorf("got %v of persons, want %v", m.Persons, 0.3-chance)
	}
}

// Independent variables are not found to depend on each other more often than stated,
// with unequal weights and few records too.
func TestIndependentVariables(t *testing.T) {
	for _, n := range []int{60, 400, 4000} {
		below, biased := 0, 0.0
		const tries = 400
		for i := range tries {
			m := Dependence(drawn(n, 0, false, uint64(i)).of(0, 1))
			biased += m.Information
			if m.P < 0.05 {
				below++
			}
		}
		if below > tries*9/100 {
			t.Errorf("%d records: %d of %d p-values are below 0.05", n, below, tries)
		}
		if mean := biased / tries; mean > 2.0/float64(n) {
			t.Errorf("%d records: the mean information is %v nats", n, mean)
		}
	}
}

// A pair that a third variable explains is dropped, and an interaction is found.
func TestExplainAndTrios(t *testing.T) {
	for _, interact := range []bool{false, true} {
		c := drawn(4000, 0.6, interact, 7)
		edges := Edges(3, c.of)
		candidates := Candidates(edges)
		of := func([3]int) *Counts { return c }
		Explain(edges, of)
		trios := Trios(candidates, edges, of)
		explained := 0
		for _, e := range edges {
			if e.A == 0 && e.B == 2 && e.Explained == 1 {
				explained++
			}
		}
		if !interact && (explained != 1 || len(trios) != 1 || trios[0].Worth()) {
			t.Errorf("chain: got %d explained edges and %+v", explained, trios)
		}
		if interact && (len(trios) != 1 || !trios[0].Worth()) {
			t.Errorf("interaction: got %+v of %v", trios, candidates)
		}
	}
}
