package stat

import "math"

// UniformDistance returns the largest distance between the cumulative
// distribution of n values, counted in equal bins from 0 to 1, and the uniform
// one, at the borders of bins (Massey, "The Kolmogorov-Smirnov test for goodness
// of fit", Journal of the American Statistical Association 46, 1951). It is too
// small by at most the width of a bin.
func UniformDistance(bins []int64, n int64) float64 {
	most, below := 0.0, int64(0)
	for i, c := range bins {
		below += c
		most = max(most, math.Abs(float64(below)/float64(n)-float64(i+1)/float64(len(bins))))
	}
	return most
}

// KolmogorovTail returns the chance that n independent values are at least d
// away from their distribution: Kolmogorov's limit at a corrected argument
// (Vrbik, "Small-sample corrections to Kolmogorov-Smirnov test statistic",
// Pioneer Journal of Theoretical and Applied Statistics 15, 2018).
func KolmogorovTail(d, n float64) float64 {
	x := math.Sqrt(n) * d
	if x += 1/(6*math.Sqrt(n)) + (x-1)/(4*n); x < 0.2 {
		return 1 // within 1e-13
	}
	total, sign := 0.0, 1.0
	for k := 1.0; k <= 100; k++ {
		term := math.Exp(-2 * k * k * x * x)
		total += sign * term
		sign = -sign
		if term < 1e-18*total {
			break
		}
	}
	return min(1, max(0, 2*total))
}
