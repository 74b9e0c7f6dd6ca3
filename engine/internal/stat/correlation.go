package stat

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// CorrelationTest tests the correlation r of n pairs against the expected one by
// Fisher's transformation (Fisher, "On the probable error of a coefficient of
// correlation deduced from a small sample", Metron 1, 1921). It returns the
// difference in standard errors, after slack (in units of the correlation) is
// taken off it, and the two-sided p-value. r must be between -1 and 1.
func CorrelationTest(r, expected, slack float64, n int64) (z, p float64) {
	d := math.Abs(math.Atanh(r)-math.Atanh(expected)) - slack/(1-float64(expected*expected))
	z = max(0, d) * math.Sqrt(float64(n-3))
	return z, math.Erfc(z / math.Sqrt2)
}

// AgreementFactor returns how much likelier it is that two persons agree in
// all of several correlated normal scores than in as many independent ones: the
// inverse root of the determinant of the correlation matrix, which is the ratio
// of the integrals of both squared densities.
func AgreementFactor(matrix [][]float64) float64 {
	if len(matrix) < 2 {
		return 1
	}
	m := mat.NewSymDense(len(matrix), nil)
	for i, row := range matrix {
		for k := range i + 1 {
			m.SetSym(i, k, row[k])
		}
	}
	return 1 / math.Sqrt(max(mat.Det(m), 1e-12))
}
