package kind

import (
	"math"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
)

// Scorer computes where values are in their own distributions, for a test that
// they follow them (Kolmogorov-Smirnov), and counts the values of each
// distribution. It belongs to one goroutine; Merge joins those of one field.
type Scorer struct {
	filler *numberFiller
	counts []int64 // values scored, by distribution
}

// Scorer returns a scorer of a number field, nil for other fields. Of env it needs
// Fields and Field.
func (f *Field) Scorer(env *Env) *Scorer {
	if p, ok := f.Program.(interface{ scorer(env *Env) *Scorer }); ok {
		return p.scorer(env)
	}
	return nil
}

func (p *number) scorer(env *Env) *Scorer { return &Scorer{filler: p.bind(env)} }

// Score writes, for each row of the field's column c, the cumulative probabilities
// of the two ends of the interval that is rounded to its value, given the row's
// case, factors and limits. Without rounding the two are equal, unless float64
// itself rounds coarsely; where the value is
// null both are NaN. If the values follow their distributions, a point drawn
// uniformly between the two is uniform on (0, 1). low and high must have the
// batch's length.
func (s *Scorer) Score(b *frame.Batch, c *frame.Column, low, high []float64) {
	p := s.filler
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

// Code codes the counts.
func (s *Scorer) Code(c *wire.Coder) { wire.Optional(c, &s.counts, len(s.filler.dists), c.Counts) }

// Quantile returns the quantile at q in (0, 1) of the mixture of the distributions
// of all values scored, rounded as values are. It is NaN when no value was scored.
func (s *Scorer) Quantile(q float64) float64 {
	type part struct {
		*truncated
		n float64
	}
	var parts []part
	total, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for at, n := range s.counts {
		if n > 0 {
			d := s.filler.dist(int32(at))
			parts, total = append(parts, part{d, float64(n)}), total+float64(n)
			x := d.quantile(q)
			low, high = min(low, x), max(high, x)
		}
	}
	if total == 0 {
		return math.NaN()
	}
	// The quantile of a mixture is between the least and the greatest quantile of
	// its parts; 60 bisections find it to the last bits.
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
	return s.filler.round(high)
}

// NormalScore returns the standard normal quantile of a probability, which is
// clamped to 2^-53 and 1-2^-53. The result has the same bits on every machine.
func NormalScore(p float64) float64 {
	const least = 1.0 / (1 << 53)
	return normalQuantile(min(max(p, least), 1-least))
}

// Counts returns how many values of each distribution were scored; nil before any was.
func (s *Scorer) Counts() []int64 { return s.counts }

// Positions returns the distribution of each row of the last batch that was scored.
// Rows whose value is null may have any.
func (s *Scorer) Positions() []int32 { return s.filler.index }

// Distributions returns how many distributions the field has.
func (s *Scorer) Distributions() int { return len(s.filler.dists) }

// Mean returns the mean of the values that a distribution gives.
func (s *Scorer) Mean(position int32) float64 {
	return s.filler.dist(position).mean(s.filler.p.Limits)
}

// Below returns the probability that a value of a distribution is at most x.
func (s *Scorer) Below(position int32, x float64) float64 {
	return s.filler.dist(position).writtenBelow(x, s.filler.p.Limits)
}

// Points approximates a distribution by values at equally spaced normal scores and
// their probabilities. They sum to 1.
func (s *Scorer) Points(position int32) (x, weight []float64) {
	const most, step = 7.5, 0.1
	d := s.filler.dist(position)
	total := 0.0
	for z := -most; z <= most; z += step {
		x = append(x, s.filler.round(d.fromScore(z)))
		weight = append(weight, normalDensity(z))
		total += weight[len(weight)-1]
	}
	for i := range weight {
		weight[i] /= total
	}
	return x, weight
}
