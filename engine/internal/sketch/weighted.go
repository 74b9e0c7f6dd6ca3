package sketch

import (
	"cmp"
	"math"
	"slices"
)

// Weighted is numbers with weights: those of Of[i] have the weight Weights[i].
type Weighted struct {
	Of      []*Numbers
	Weights []float64
}

// total returns the sum of the weights and how many numbers there are.
func (s *Weighted) total() (weight float64, n int64) {
	for i, x := range s.Of {
		weight += float64(x.N) * s.Weights[i]
		n += x.N
	}
	return weight, n
}

// Moments returns the weighted mean and standard deviation. There must be at least one
// number.
func (s *Weighted) Moments() (mean, sd float64) {
	if len(s.Of) == 1 {
		return s.Of[0].Moments()
	}
	total, n := s.total()
	means, spreads := make([]float64, len(s.Of)), make([]float64, len(s.Of))
	for i, x := range s.Of {
		if x.N > 0 {
			means[i], spreads[i] = x.Moments()
			mean += float64(float64(x.N) * s.Weights[i] * means[i])
		}
	}
	mean /= total
	if n < 2 {
		return mean, 0
	}
	squares := 0.0
	for i, x := range s.Of {
		if x.N > 0 {
			d := means[i] - mean
			squares += s.Weights[i] * (float64(float64(x.N-1)*spreads[i]*spreads[i]) + float64(float64(x.N)*d*d))
		}
	}
	return mean, math.Sqrt(squares / total * float64(n) / float64(n-1))
}

// Quantile returns the value that numbers with a share q of the weight do not exceed,
// accurate to one part in a thousand. There must be at least one number.
func (s *Weighted) Quantile(q float64) float64 {
	if len(s.Of) == 1 {
		return s.Of[0].Quantile(q)
	}
	type step struct{ x, weight float64 }
	var steps []step
	low, high := math.Inf(1), math.Inf(-1)
	for i, x := range s.Of {
		if x.N == 0 {
			continue
		}
		low, high = min(low, x.low), max(high, x.high)
		steps = append(steps, step{0, float64(x.zero) * s.Weights[i]})
		for k, n := range x.neg.counts {
			steps = append(steps, step{-middle(x.neg.first + k), float64(n) * s.Weights[i]})
		}
		for k, n := range x.pos.counts {
			steps = append(steps, step{middle(x.pos.first + k), float64(n) * s.Weights[i]})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.x, b.x) })
	total, _ := s.total()
	rest := q * total * (1 - 1e-12) // so that sums of floats do not skip a number
	for _, x := range steps {
		if rest -= x.weight; rest <= 0 && x.weight > 0 {
			return max(low, min(high, x.x))
		}
	}
	return high
}

// Describe returns the weighted summary; nil when there are no numbers. N is their number.
func (s *Weighted) Describe() *Summary {
	if len(s.Of) == 1 {
		return s.Of[0].Describe()
	}
	_, n := s.total()
	if n == 0 {
		return nil
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range s.Of {
		if x.N > 0 {
			low, high = min(low, x.low), max(high, x.high)
		}
	}
	mean, sd := s.Moments()
	return &Summary{
		Of: "values", N: n, Mean: Tidy(mean), SD: Tidy(sd), Min: low, Max: high,
		P10: s.Quantile(0.1), P50: s.Quantile(0.5), P90: s.Quantile(0.9),
	}
}
