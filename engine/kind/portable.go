package kind

import "math"

// The functions below return the same bits on every machine. Go's exp, log and
// erfc are assembly on some processors, and the compiler may fuse x*y+z on others.
// Note: a product that is added to something must be converted with float64, which
// forbids the fusion.

// horner evaluates a polynomial, given its coefficients from the highest power
// down.
func horner(x float64, coefficients []float64) float64 {
	sum := coefficients[0]
	for _, c := range coefficients[1:] {
		sum = float64(sum*x) + c
	}
	return sum
}

const (
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

var (
	expPoly  = []float64{4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03, 1.66666666666666657415e-01}
	logPoly1 = []float64{1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01}
	logPoly2 = []float64{1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01}
)

// exp returns e^x (FreeBSD's e_exp.c).
func exp(x float64) float64 {
	switch {
	case x > 709.7:
		return math.Inf(1)
	case x < -745:
		return 0
	}
	k := math.Floor(float64(math.Log2E*x) + 0.5)
	high, low := x-float64(k*ln2High), k*ln2Low
	r := high - low
	t := float64(r * r)
	c := r - float64(t*horner(t, expPoly))
	y := 1 - ((low - float64(r*c)/(2-c)) - high)
	return math.Ldexp(y, int(k))
}

// log returns the natural logarithm of a positive finite number (FreeBSD's e_log.c).
func log(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	f, k := m-1, float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	rest := float64(s2*horner(s4, logPoly1)) + float64(s4*horner(s4, logPoly2))
	square := float64(0.5 * f * f)
	return float64(k*ln2High) - ((square - (float64(s*(square+rest)) + float64(k*ln2Low))) - f)
}

var (
	centralTop    = []float64{2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080}
	centralBottom = []float64{5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1}
	middleTop     = []float64{7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550, 4.63033784615654529590, 1.42343711074968357734}
	middleBottom  = []float64{1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940, 2.05319162663775882187, 1}
	tailTop       = []float64{2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720}
	tailBottom    = []float64{2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1}
)

// normalQuantile returns the standard normal quantile of p in (0, 1) (Wichura, "The
// percentage points of the normal distribution", algorithm AS 241, Applied
// Statistics 37, 1988).
func normalQuantile(p float64) float64 {
	q := p - 0.5
	if math.Abs(q) <= 0.425 {
		r := 0.180625 - float64(q*q)
		return q * horner(r, centralTop) / horner(r, centralBottom)
	}
	r := math.Sqrt(-log(min(p, 1-p)))
	var z float64
	if r <= 5 {
		z = horner(r-1.6, middleTop) / horner(r-1.6, middleBottom)
	} else {
		z = horner(r-5, tailTop) / horner(r-5, tailBottom)
	}
	return math.Copysign(z, q)
}

var (
	cdfTop    = []float64{3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931, 220.206867912376}
	cdfBottom = []float64{8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752}
)

// normalCDF returns the standard normal distribution function at z: no. 5666 of
// Hart et al., Computer Approximations, 1968, as given by West, "Better
// approximations to cumulative normal functions", Wilmott, 2005; from 4 on, the
// continued fraction 26.2.14 of Abramowitz and Stegun.
func normalCDF(z float64) float64 {
	x := math.Abs(z)
	var tail float64
	switch density := exp(-float64(x*x) / 2); {
	case x > 38:
		tail = 0
	case x < 4:
		tail = density * horner(x, cdfTop) / horner(x, cdfBottom)
	default:
		fraction := x
		for k := 30.0; k > 0; k-- { // 30 terms give full precision from 4 on
			fraction = x + k/fraction
		}
		tail = density / fraction / math.Sqrt(2*math.Pi)
	}
	if z > 0 {
		return 1 - tail
	}
	return tail
}
