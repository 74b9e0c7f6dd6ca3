package stat

import (
	"math"
	"math/big"
	"testing"
)

// TestHypergeometricTail compares with sums of exact fractions.
func TestHypergeometricTail(t *testing.T) {
	for _, c := range [][4]int64{ // k, m, hits, n
		{1, 5, 3, 20}, {2, 5, 3, 20}, {3, 5, 3, 20}, {5, 5, 5, 1000}, {40, 41, 40, 1000}, {30, 50, 60, 1000}, {12, 100, 100, 2000}, {9, 9, 900, 1000},
		{3, 8, 3, 8}, {60, 100, 100, 150}, {0, 5, 3, 20}, {4, 5, 3, 20},
	} {
		k, m, hits, n := c[0], c[1], c[2], c[3]
		sum := new(big.Rat)
		all := new(big.Int).Binomial(n, hits)
		for x := k; x <= min(m, hits); x++ {
			ways := new(big.Int).Mul(new(big.Int).Binomial(m, x), new(big.Int).Binomial(n-m, hits-x))
			sum.Add(sum, new(big.Rat).SetFrac(ways, all))
		}
		want, _ := sum.Float64()
		got := HypergeometricTail(k, m, hits, n)
		if k*n <= hits*m {
			if got != 1 || want < 0.3 {
				t.Errorf("%v: got %g, exact value %g", c, got, want)
			}
			continue
		}
		if math.Abs(got-want) > 1e-9*want {
			t.Errorf("%v: got %g, want %g", c, got, want)
		}
	}
	if p := HypergeometricTail(1, 500_000, 100_000, 1_000_000); p != 1 {
		t.Errorf("far below the mean: got %g, want 1", p)
	}
}
