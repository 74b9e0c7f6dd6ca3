package sketch

import "math"

// Summary describes numbers. Quantiles of fields with a domain are exact; others are
// accurate to one part in a thousand.
type Summary struct {
	Of   string  `json:"of"` // "values", "characters" or "items"
	N    int64   `json:"n"`
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"`
	Min  float64 `json:"min"`
	P10  float64 `json:"p10"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	Max  float64 `json:"max"`
}

// Describe returns the summary of the numbers; nil when there are none.
func (s *Numbers) Describe() *Summary {
	if s.N == 0 {
		return nil
	}
	mean, sd := s.Moments()
	return &Summary{
		Of: "values", N: s.N, Mean: Tidy(mean), SD: Tidy(sd), Min: s.low, Max: s.high,
		P10: s.Quantile(0.1), P50: s.Quantile(0.5), P90: s.Quantile(0.9),
	}
}

// Exact returns the summary of whole numbers, given the counts of low, low+1 and so on and
// the sums of their weights, which are the counts if weights are equal; nil when there
// are none.
func Exact(counts []int64, weights []float64, low int64) *Summary {
	var n int64
	var total, sum float64
	for i, w := range weights {
		n += counts[i]
		total += w
		sum += float64(w * float64(low+int64(i)))
	}
	if n == 0 {
		return nil
	}
	mean := sum / total
	squares := 0.0
	for i, w := range weights {
		d := float64(low+int64(i)) - mean
		squares += float64(w * d * d)
	}
	at := func(q float64) float64 {
		rest := q * total * (1 - 1e-12) // so that sums of floats do not skip a number
		for i, w := range weights {
			if rest -= w; rest <= 0 && w > 0 {
				return float64(low + int64(i))
			}
		}
		return float64(low)
	}
	s := &Summary{Of: "values", N: n, Mean: Tidy(mean), Min: at(0), P10: at(0.1), P50: at(0.5), P90: at(0.9), Max: at(1)}
	if n > 1 {
		s.SD = Tidy(math.Sqrt(squares / total * float64(n) / float64(n-1)))
	}
	return s
}

// Tidy rounds to nine significant digits, so that last bits that differ between
// machines do not reach a file. Infinities and NaN become 0.
func Tidy(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	scale := math.Pow(10, 8-math.Floor(math.Log10(math.Abs(x))))
	if math.IsInf(scale, 0) {
		return x
	}
	return math.Round(x*scale) / scale
}
