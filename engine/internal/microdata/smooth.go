package microdata

import (
	"math"
	"slices"
)

// Smoothing says how counts are smoothed.
type Smoothing struct {
	// Strength is the number of records that the prior counts as; NaN to estimate it.
	Strength float64
	// Least is the number of records below which a cell does not keep its own figure.
	Least int64
}

// Smoothed is the result of Smooth.
type Smoothed struct {
	Share     []float64 // per cell; 0 where Open
	Open      []bool    // per cell: nothing is known, because no record has one of its values; nil if there is none
	Effective float64   // size of the sample, see Counts.Effective
	Strength  float64   // in records, as Effective
	// Moved is the total variation distance from the weighted shares to Share.
	Moved float64
	// Small is the number of cells with records, but fewer than Least; SmallShare is their
	// weighted share. Pooled cells do not have their own figure.
	Small, Pooled int
	SmallShare    float64
	// Empty is the number of possible cells without records, and EmptyShare their share.
	Empty      int
	EmptyShare float64
	// Impossible are records in cells that cannot occur; they are left out.
	Impossible int64
	Prior      []float64 // per cell: its share if the variables were independent
}

// Smooth makes shares of counts. It draws them towards the product of their margins, which
// is the prior: a cell with the weighted share p and the prior share q gets
// (n p + K q)/(n + K), where n is the effective size of the sample and K the strength. This
// is the pseudo-Bayes estimator of Fienberg and Holland (1973, JASA 68, 683-691); the
// default of K is theirs, (1 - Σp²)/Σ(p - q)², which minimises the expected squared error.
// The margins of the counts are kept. Counts over one variable are drawn towards equal
// shares. Where cells are impossible, the prior is the distribution with the same margins
// on the other cells that is closest to their product (quasi-independence, by iterative
// proportional fitting).
//
// Before that, cells with records, but fewer than Least, lose their own figures: together
// they keep their weight, which they divide as the prior does. If they have fewer than
// Least records together, the next larger cells join them. So no figure is that of a few
// records.
func Smooth(c *Counts, possible []bool, o Smoothing) *Smoothed {
	s := &Smoothed{Share: make([]float64, len(c.Weight)), Effective: c.Effective()}
	total := 0.0
	for k, w := range c.Weight {
		if possible != nil && !possible[k] {
			s.Impossible += c.Records[k]
			continue
		}
		s.Share[k] = w
		total += w
	}
	if total <= 0 {
		return s
	}
	for k := range s.Share {
		s.Share[k] /= total
	}
	raw := slices.Clone(s.Share)
	s.findOpen(c.Sizes)
	usable := func(k int) bool { return (possible == nil || possible[k]) && (s.Open == nil || !s.Open[k]) }
	s.Prior = prior(s.Share, c.Sizes, usable)
	s.pool(c.Records, usable, o.Least)
	s.shrink(o.Strength)
	for k := range s.Share {
		s.Moved += math.Abs(s.Share[k]-raw[k]) / 2
		if usable(k) && c.Records[k] == 0 {
			s.Empty++
			s.EmptyShare += s.Share[k]
		}
	}
	return s
}

// findOpen opens the cells of values that no record has.
func (s *Smoothed) findOpen(sizes []int) {
	inner := 1
	for v := len(sizes) - 1; v >= 0; v-- {
		m := margin(s.Share, sizes, v)
		if slices.Contains(m, 0) {
			if s.Open == nil {
				s.Open = make([]bool, len(s.Share))
			}
			for k := range s.Open {
				s.Open[k] = s.Open[k] || m[k/inner%sizes[v]] == 0
			}
		}
		inner *= sizes[v]
	}
}

// prior returns the shares that the margins imply if the variables are independent.
func prior(share []float64, sizes []int, usable func(k int) bool) []float64 {
	q := make([]float64, len(share))
	n := 0
	for k := range q {
		if usable(k) {
			q[k] = 1
			n++
		}
	}
	if len(sizes) == 1 {
		for k := range q {
			q[k] /= float64(n)
		}
		return q
	}
	var want [][]float64
	for v := range sizes {
		want = append(want, margin(share, sizes, v))
	}
	const sweeps = 500
	for range sweeps {
		worst := 0.0
		inner := len(q)
		for v, size := range sizes {
			inner /= size
			have := margin(q, sizes, v)
			for i := range have {
				if have[i] > 0 {
					worst = max(worst, math.Abs(have[i]-want[v][i]))
					have[i] = want[v][i] / have[i]
				}
			}
			for k := range q {
				q[k] *= have[k/inner%size]
			}
		}
		if worst < 1e-12 {
			break
		}
	}
	return q
}

// pool makes small cells divide their weight as the prior does.
func (s *Smoothed) pool(records []int64, usable func(k int) bool, least int64) {
	var small []int
	together := int64(0)
	for k, n := range records {
		if usable(k) && n > 0 && n < least {
			small = append(small, k)
			together += n
			s.SmallShare += s.Share[k]
		}
	}
	if s.Small = len(small); s.Small == 0 {
		return
	}
	if together < least || len(small) == 1 {
		var others []int
		for k, n := range records {
			if usable(k) && n >= least {
				others = append(others, k)
			}
		}
		slices.SortStableFunc(others, func(a, b int) int { return int(min(1, max(-1, records[a]-records[b]))) })
		for _, k := range others {
			if together >= least && len(small) > 1 {
				break
			}
			small = append(small, k)
			together += records[k]
		}
	}
	weight, q := 0.0, 0.0
	for _, k := range small {
		weight += s.Share[k]
		q += s.Prior[k]
	}
	if q <= 0 {
		return
	}
	s.Pooled = len(small)
	for _, k := range small {
		s.Share[k] = weight * s.Prior[k] / q
	}
}

// shrink draws the shares towards the prior.
func (s *Smoothed) shrink(strength float64) {
	if math.IsNaN(strength) {
		squares, apart := 0.0, 0.0
		for k, p := range s.Share {
			d := p - s.Prior[k]
			squares += float64(p * p)
			apart += float64(d * d)
		}
		strength = math.Max(0, 1-squares) / math.Max(apart, 1e-12)
	}
	s.Strength = strength
	data := s.Effective / (s.Effective + strength)
	for k, p := range s.Share {
		s.Share[k] = float64(data*p) + float64((1-data)*s.Prior[k])
	}
}
