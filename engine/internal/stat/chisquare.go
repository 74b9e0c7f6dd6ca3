// Package stat has the statistical tests that checks use. Its functions take
// counts, shares and p-values and know nothing of plans or persons.
//
// Tables of counts are row-major slices, passed with their number of columns.
// Every sum is added up in a fixed order and products are rounded before they
// are added, so that results are the same on every machine.
package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ChiSquareTail returns the chance that a chi-square variable with df degrees
// of freedom is at least x. It computes the regularised upper incomplete gamma
// function itself, not one minus the lower, so that the far tail is accurate.
func ChiSquareTail(x, df float64) float64 {
	if df <= 0 || x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(df/2, x/2)
}

// ChiSquare returns Pearson's statistic of counts against expected counts, all
// of which must be above 0 (Pearson, "On the criterion that a given system of
// deviations ... can be reasonably supposed to have arisen from random sampling",
// Philosophical Magazine 50, 1900).
func ChiSquare(observed, expected []float64) float64 {
	x := 0.0
	for i, e := range expected {
		d := observed[i] - e
		x += float64(d*d) / e
	}
	return x
}

// Association returns Pearson's statistic of a table against independence of
// its rows and columns, its degrees of freedom, and Cramér's V (Cramér,
// "Mathematical Methods of Statistics", 1946, section 21.9). Empty rows and
// columns are left out.
func Association(table []float64, columns int) (x, df, v float64) {
	rowSum, columnSum, n := sums(table, columns)
	if n == 0 {
		return 0, 0, 0
	}
	for i, rs := range rowSum {
		for j, cs := range columnSum {
			if e := rs * cs / n; e > 0 {
				d := table[i*columns+j] - e
				x += float64(d*d) / e
			}
		}
	}
	r, c := float64(positive(rowSum)), float64(positive(columnSum))
	df = (r - 1) * (c - 1)
	if k := min(r, c) - 1; k > 0 {
		v = math.Sqrt(x / n / k)
	}
	return x, df, v
}

// sums returns the sums of the rows and columns of a table and of all of it.
func sums(table []float64, columns int) (rowSum, columnSum []float64, n float64) {
	rowSum, columnSum = make([]float64, len(table)/columns), make([]float64, columns)
	for i, v := range table {
		rowSum[i/columns] += v
		columnSum[i%columns] += v
		n += v
	}
	return rowSum, columnSum, n
}

// positive counts the values above 0.
func positive(v []float64) int {
	n := 0
	for _, x := range v {
		if x > 0 {
			n++
		}
	}
	return n
}
