package report

import (
	"math"

	"github.com/personagen/personagen/engine/humanize"
)

func sum[N int64 | float64](counts []N) (n N) {
	for _, c := range counts {
		n += c
	}
	return n
}

// share returns c/n, 0 if n is 0.
func share[N int64 | float64](c, n N) float64 {
	if n == 0 {
		return 0
	}
	return digits(float64(c) / float64(n))
}

// digits rounds to nine significant digits.
func digits(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	scale := math.Pow(10, 8-math.Floor(math.Log10(math.Abs(x))))
	if math.IsInf(scale, 0) {
		return 0
	}
	return math.Round(x*scale) / scale
}

// places rounds to a number of decimal places.
func places(x float64, decimals int) float64 {
	scale := math.Pow(10, float64(decimals))
	return math.Round(x*scale) / scale
}

// countOf writes a number of persons, which has decimals if it is a sum of weights.
func countOf(x float64) string {
	if x == math.Trunc(x) {
		return humanize.Thousands(int64(x))
	}
	return humanize.Number(math.Round(10*x) / 10)
}
