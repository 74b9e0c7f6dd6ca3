package stat

import "math"

// GTestIndependence returns the likelihood-ratio statistic G² of a table
// against independence of its rows and columns, divided by Williams' correction
// (Williams, "Improved likelihood ratio tests for complete contingency tables",
// Biometrika 63, 1976), and its degrees of freedom.
//
// The far tail of Pearson's statistic alone is wrong when expected counts are
// small: for 18 persons where 5 are expected it gives 6e-9, the exact value is
// 5e-6, and G² gives 7e-6. A test must therefore fail by both.
func GTestIndependence(table []float64, columns int) (g, df float64) {
	rowSum, columnSum, n := sums(table, columns)
	r, c := float64(positive(rowSum)), float64(positive(columnSum))
	df = (r - 1) * (c - 1)
	if df <= 0 {
		return 0, 0
	}
	for i, o := range table {
		if o > 0 {
			g += 2 * o * math.Log(o/(rowSum[i/columns]*columnSum[i%columns]/n))
		}
	}
	q := 1 + float64((inverse(rowSum, n)-1)*(inverse(columnSum, n)-1))/(6*n*df)
	return max(0, g) / q, df
}

// inverse returns the sum of n / s over the sums above 0.
func inverse(sums []float64, n float64) float64 {
	t := 0.0
	for _, s := range sums {
		if s > 0 {
			t += n / s
		}
	}
	return t
}

// GTest returns G² of counts against expected counts, divided by Williams'
// correction (as GTestIndependence), and its degrees of freedom.
func GTest(observed, expected []float64) (g, df float64) {
	df = float64(len(expected) - 1)
	if df <= 0 {
		return 0, 0
	}
	n, t := 0.0, 0.0
	for _, e := range expected {
		n += e
	}
	for i, o := range observed {
		if o > 0 {
			g += 2 * o * math.Log(o/expected[i])
		}
		t += n / expected[i]
	}
	q := 1 + (t-1)/(6*n*df)
	return max(0, g) / q, df
}
