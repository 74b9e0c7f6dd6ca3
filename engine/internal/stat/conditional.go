package stat

// Conditional returns Pearson's statistic of a table of more than three persons
// with its exact mean and variance given the sums of rows and columns, when rows
// and columns are independent (Dawson, "A simplified expression for the variance
// of the χ² function on a contingency table", Biometrika 41, 1954). The mean,
// df·n/(n-1), matters in sums over many small tables: at eight persons it is 14 %
// above df.
func Conditional(table []float64, columns int) (x, mean, variance float64) {
	x, df, _ := Association(table, columns)
	rowSum, columnSum, n := sums(table, columns)
	terms := func(sums []float64) (v, w float64) {
		k := float64(positive(sums))
		return (k - 1) * (n - k) / (n - 1), (inverse(sums, n) - float64(k*k)) / (n - 2)
	}
	v1, w1 := terms(rowSum)
	v2, w2 := terms(columnSum)
	mean = df * n / (n - 1)
	variance = float64(2*n/(n-3)*(v1-w1)*(v2-w2)) + n*n/(n-1)*w1*w2
	return x, mean, variance
}
