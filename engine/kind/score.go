package kind

import (
	"math"

	"github.com/personagen/personagen/engine/frame"
)

// Scorer tells where values lie in their own distribution, for a test that
// they follow it (Kolmogorov-Smirnov), and counts which distributions they
// come from. It belongs to one goroutine; those of one field can be merged.
type Scorer struct {
	numberFiller *numberFiller
	counts       []int64 // rows with a value by distribution
}

// Scorer returns the scorer of a number field, nil for other kinds.
func (f *Field) Scorer(env *Env) *Scorer {
	if p, ok := f.Program.(*number); ok {
		return &Scorer{numberFiller: p.bind(env)}
	}
	return nil
}

// Score writes, for each row of the field's column c, the cumulative
// probabilities of the two ends of the interval that is rounded to its value,
// given the row's case, factors and limits; both are equal without rounding, unless
// float64 itself rounds coarsely, and NaN where the value is null. A point taken uniformly between the two is
// uniform over all rows. low and high have the batch's length.
func (s *Scorer) Score(b *frame.Batch, c *frame.Column, low, high []float64) {
	p := s.numberFiller
	if s.counts == nil {
		s.counts = make([]int64, len(p.dists))
	}
	half := p.p.Limits.Round / 2
	for r, at := range p.indexes(b) {
		d := p.dist(at)
		if d == nil || c.Null != nil && c.Null[r] {
			low[r], high[r] = math.NaN(), math.NaN()
			continue
		}
		s.counts[at]++
		x := c.Floats[r]
		low[r], high[r] = d.cdf(x-half), d.cdf(x+half)
		if half == 0 && d.coarse(x) {
			low[r], high[r] = d.neighbourhood(x)
		}
		if half > 0 && x <= p.lowest {
			low[r] = 0
		}
		if half > 0 && x >= p.highest {
			high[r] = 1
		}
	}
}

// Merge adds the counts of another scorer of the same field.
func (s *Scorer) Merge(o *Scorer) {
	if s.counts == nil {
		s.counts = o.counts
		return
	}
	for at, n := range o.counts {
		s.counts[at] += n
	}
}

// Quantile is the value that a share q (in (0, 1)) of the rows scored should
// not exceed: that of the mixture of their distributions, rounded as the values
// are. It is NaN when no row had a value.
func (s *Scorer) Quantile(q float64) float64 {
	type part struct {
		*truncated
		n float64
	}
	var parts []part
	total, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for at, n := range s.counts {
		if n > 0 {
			d := s.numberFiller.dist(int32(at))
			parts, total = append(parts, part{d, float64(n)}), total+float64(n)
			x := d.quantile(q)
			low, high = min(low, x), max(high, x)
		}
	}
	if total == 0 {
		return math.NaN()
	}
	// The mixture's quantile lies between the least and the greatest of its
	// parts'; 60 halvings find it to the last bits.
	for range 60 {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			break
		}
		below := 0.0
		for _, p := range parts {
			below += float64(p.n * p.cdf(middle))
		}
		if below < q*total {
			low = middle
		} else {
			high = middle
		}
	}
	return s.numberFiller.round(high)
}

// NormalScore is the standard normal quantile of a probability, which is kept
// away from 0 and 1 by 2^-53; the same bits on every machine.
func NormalScore(p float64) float64 {
	const least = 1.0 / (1 << 53)
	return normalQuantile(min(max(p, least), 1-least))
}
