package stat

import "math"

// HypergeometricTail returns the chance that at least k of hits fall in a group
// of m of n persons when hits and group are independent, as in Fisher's exact
// test (Fisher, "The logic of inductive inference", Journal of the Royal
// Statistical Society 98, 1935). It is accurate in the far tail, where chi-square
// is not. For k up to the mean it returns the bound 1.
func HypergeometricTail(k, m, hits, n int64) float64 {
	low, high := max(0, hits+m-n), min(hits, m)
	if k <= low || float64(k)*float64(n) <= float64(hits)*float64(m) {
		return 1
	}
	if k > high {
		return 0
	}
	// From here on terms fall, each by a known ratio.
	term := math.Exp(logChoose(m, k) + logChoose(n-m, hits-k) - logChoose(n, hits))
	sum := 0.0
	for x := k; x <= high && term > 0; x++ {
		sum += term
		term *= float64(m-x) / float64(x+1) * (float64(hits-x) / float64(n-m-hits+x+1))
	}
	return min(1, sum)
}

func logChoose(n, k int64) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
