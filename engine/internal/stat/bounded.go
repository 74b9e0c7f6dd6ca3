package stat

import "math"

// BoundedMean returns the interval of the mean of values between low and high, z standard
// errors wide to each side, from the mean and the mean of the squares of a sample of the
// effective size m. Two more values are counted at each end of the range, which makes it
// the interval of Agresti and Coull (1998, "Approximate is better than exact for interval
// estimation of binomial proportions", The American Statistician 52) where all values are
// at the ends, and keeps it open where all are equal.
func BoundedMean(mean, squares, m, low, high, z float64) (from, to float64) {
	if m == 0 {
		return low, high
	}
	n := m + 4
	centre := (float64(m*mean) + 2*(low+high)) / n
	variance := (float64(m*squares)+2*(float64(low*low)+float64(high*high)))/n - float64(centre*centre)
	half := z * math.Sqrt(max(0, variance)/n)
	return max(low, centre-half), min(high, centre+half)
}
