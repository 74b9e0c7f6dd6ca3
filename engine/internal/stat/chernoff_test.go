package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Sums of a few skewed draws deviate by six standard errors far more often than normal
// sums do, and SumTail allows for it: among 200,000 samples no p-value is below 1e-6,
// and no more are below a limit than the limit says.
func TestSumTailOfSkewedDraws(t *testing.T) {
	points, weights := []float64{0, 1, 5, 200}, []float64{0.5, 0.4, 0.095, 0.005}
	r := rand.New(rand.NewPCG(1, 2))
	const samples, n = 200_000, 40
	below := map[float64]int{1e-2: 0, 1e-3: 0, 1e-4: 0}
	beyond := 0
	d := Draws{N: n, X: points, W: weights}
	for range samples {
		sum := 0.0
		for range n {
			u := r.Float64()
			for j, w := range weights {
				if u -= w; u < 0 || j == len(weights)-1 {
					sum += points[j]
					break
				}
			}
		}
		p, sd := SumTail([]Draws{d}, sum-n*d.Mean())
		if math.Abs(sum-n*d.Mean()) > 5*sd {
			beyond++
		}
		if p < 1e-6 {
			t.Fatalf("sum %v: p is %g", sum, p)
		}
		for limit := range below {
			if p < limit {
				below[limit]++
			}
		}
	}
	if beyond < 10 {
		t.Fatalf("%d sums beyond five standard errors: the draws are not skewed enough to test anything", beyond)
	}
	for _, limit := range []float64{1e-3, 1e-4} { // up to three standard errors p is that of the normal distribution
		if got := float64(below[limit]) / samples; got > 1.5*limit {
			t.Errorf("p below %g in %g of the samples", limit, got)
		}
	}
}

// A wrong mean of many draws is found.
func TestSumTailFindsWrongMeans(t *testing.T) {
	d := Draws{N: 10000, X: []float64{0, 1}, W: []float64{0.5, 0.5}}
	if p, sd := SumTail([]Draws{d}, 400); p > 1e-12 || math.Abs(sd-50) > 1e-9 {
		t.Errorf("eight standard errors: p %g, sd %g, want at most 1e-12 and 50", p, sd)
	}
	if p, _ := SumTail([]Draws{d}, 50); math.Abs(p-0.3173) > 0.0001 {
		t.Errorf("one standard error: p %g, want 0.3173", p)
	}
	if p, _ := SumTail([]Draws{{N: 5, X: []float64{3}, W: []float64{1}}}, 1); p != 0 {
		t.Errorf("a constant that deviates: p %g, want 0", p)
	}
}
