package stat

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// MonteCarlo draws at most maxDraws samples and stops after enoughHits that are
// at least as extreme (Besag and Clifford, "Sequential Monte Carlo p-values",
// Biometrika 78, 1991).
const (
	maxDraws   = 1999
	enoughHits = 20
)

// MonteCarlo returns the share of random samples of n persons whose ChiSquare
// against expected is at least x, and how many samples it drew. A sample is a
// multinomial draw made of binomial ones.
func MonteCarlo(x float64, expected []float64, n int64, source rand.Source) (p float64, draws int) {
	total := 0.0
	for _, e := range expected {
		total += e
	}
	counts := make([]float64, len(expected))
	hits := 0
	for draws < maxDraws {
		draws++
		left, rest := n, total
		for i, e := range expected {
			k := left
			if i < len(expected)-1 {
				k = binomial(left, e/rest, source)
			}
			counts[i] = float64(k)
			left, rest = left-k, rest-e
		}
		if ChiSquare(counts, expected) >= x {
			if hits++; hits == enoughHits {
				return float64(hits) / float64(draws), draws
			}
		}
	}
	return float64(hits+1) / float64(draws+1), draws
}

func binomial(n int64, p float64, source rand.Source) int64 {
	if n == 0 || p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	return int64(distuv.Binomial{N: float64(n), P: p, Src: source}.Rand())
}
