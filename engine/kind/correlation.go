package kind

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// CheckCorrelations reports the faults of the spec's correlations. Whoever compiles
// a spec calls it once; compiling a number field ignores a faulty correlation.
func (c *Compiler) CheckCorrelations() {
	taken := map[string]string{} // correlation of each field
	for i := range c.Spec.Correlations {
		corr := &c.Spec.Correlations[i]
		c.checkFields(corr, taken)
		if !checkMatrix(corr, c.Diags) {
			continue
		}
		if _, ok := cholesky(corr.Matrix); !ok {
			least := leastEigenvalue(corr.Matrix)
			d := c.Diags.Errorf(corr.Place, "not-positive-definite",
				"the matrix of correlation %q is not positive definite: no numbers can have these correlations (least eigenvalue %.3g)", corr.Name, least)
			// (1-t) times the matrix plus t times the identity has least
			// eigenvalue (1-t)*least + t.
			const target = 0.001
			d.WithHint("the coefficients contradict each other; multiplying those off the diagonal by %.2f would make it positive definite", math.Floor(100*(1-target)/(1-least))/100)
		}
	}
}

// checkFields checks that the fields of a correlation are numbers and in no other
// correlation.
func (c *Compiler) checkFields(corr *spec.Correlation, taken map[string]string) {
	var numbers []string
	for _, f := range c.Spec.Fields {
		if f.Kind == numberKind.Name {
			numbers = append(numbers, f.Name)
		}
	}
	for _, name := range corr.Fields {
		if !slices.Contains(numbers, name.Value) {
			d := c.Diags.Errorf(name.Place, "not-a-number", "correlation %q: %q is not a number field", corr.Name, name.Value)
			if g := diag.Guess(name.Value, numbers); g != "" {
				d.WithHint("did you mean %q?", g)
			} else {
				d.WithHint("the number fields are %v", numbers)
			}
			continue
		}
		if other, ok := taken[name.Value]; ok {
			c.Diags.Errorf(name.Place, "correlated-twice", "%q is already in correlation %q", name.Value, other).WithHint("use one matrix for the fields of both")
		}
		taken[name.Value] = corr.Name
	}
}

// checkMatrix checks that a matrix is square, has 1 on the diagonal and no value
// outside -1 to 1, and is symmetric. It reports the first fault.
func checkMatrix(corr *spec.Correlation, diags *diag.List) bool {
	const tolerance = 1e-9
	n := len(corr.Fields)
	fault := func(format string, args ...any) *diag.Diagnostic {
		return diags.Errorf(corr.Place, "bad-matrix", "the matrix of correlation %q "+format, append([]any{corr.Name}, args...)...)
	}
	if len(corr.Matrix) != n {
		fault("has %d rows for %d fields", len(corr.Matrix), n).WithHint("give one row per field")
		return false
	}
	for i, row := range corr.Matrix {
		if len(row) != n {
			fault("has %d values in row %d for %d fields", len(row), i+1, n).WithHint("give one value per field")
			return false
		}
	}
	for i, row := range corr.Matrix {
		for j, v := range row {
			switch {
			case i == j && math.Abs(v-1) > tolerance:
				fault("has %v for %s with itself", v, corr.Fields[i].Value).WithHint("write 1")
			case math.Abs(v) > 1+tolerance:
				fault("has %v for %s with %s, but correlations are between -1 and 1", v, corr.Fields[i].Value, corr.Fields[j].Value).WithHint("correct it")
			case j < i && math.Abs(v-corr.Matrix[j][i]) > tolerance:
				fault("has %v for %s with %s, but %v in the opposite cell", v, corr.Fields[i].Value, corr.Fields[j].Value, corr.Matrix[j][i]).WithHint("make the two equal")
			default:
				continue
			}
			return false
		}
	}
	return true
}

// cholesky returns the lower Cholesky factor of a correlation matrix; row i has
// i+1 entries. ok is false when the matrix is not positive definite.
func cholesky(m [][]float64) (factor [][]float64, ok bool) {
	const least = 1e-10 // pivot; its square root is the weight of the field's own score
	for i := range m {
		row := make([]float64, i+1)
		for j := range row {
			sum := m[i][j]
			for k := range j {
				other := row
				if j < i {
					other = factor[j]
				}
				sum -= float64(row[k] * other[k])
			}
			switch {
			case j < i:
				row[j] = sum / factor[j][j]
			case sum < least:
				return nil, false
			default:
				row[j] = math.Sqrt(sum)
			}
		}
		factor = append(factor, row)
	}
	return factor, true
}

// leastEigenvalue returns the least eigenvalue of a symmetric matrix, NaN when the
// decomposition fails.
func leastEigenvalue(m [][]float64) float64 {
	sym := mat.NewSymDense(len(m), nil)
	for i, row := range m {
		for j := range i + 1 {
			sym.SetSym(i, j, row[j])
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(sym, false) {
		return math.NaN()
	}
	return slices.Min(eigen.Values(nil))
}
