package stat

import "gonum.org/v1/gonum/mathext"

// PoissonTail returns the chance that a Poisson variable with the given mean is
// at least k, which must be above 0 and need not be whole.
func PoissonTail(k, mean float64) float64 { return mathext.GammaIncReg(k, mean) }
