package stat

import "math"

// Half-widths of an interval in standard errors.
const (
	Z95      = 1.959963984540054 // 5 % of shares are outside by chance
	ZCertain = 4.891638475698591 // one in a million is
)

// Wilson returns the interval of a share, z standard errors wide to each side
// (Wilson, "Probable inference, the law of succession, and statistical
// inference", Journal of the American Statistical Association 22, 1927).
func Wilson(hits, n int64, z float64) (low, high float64) {
	return WilsonShare(float64(hits)/float64(n), float64(n), z)
}

// WilsonShare is Wilson for a share p of a sample with the effective size m.
func WilsonShare(p, m, z float64) (low, high float64) {
	if m == 0 {
		return 0, 1
	}
	centre := p + z*z/(2*m)
	half := z * math.Sqrt(float64(p*(1-p)/m)+float64(z*z)/(4*m*m))
	scale := 1 + z*z/m
	return max(0, (centre-half)/scale), min(1, (centre+half)/scale)
}
