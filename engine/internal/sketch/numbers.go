// Package sketch summarises large data in memory that does not grow: sums, quantiles
// and samples that do not depend on the order in which values are added or merged.
package sketch

import (
	"math"
	"math/big"

	"github.com/personagen/personagen/engine/internal/wire"
)

// Numbers summarises numbers by their exact sum, the sum of their rounded squares, and
// a histogram whose buckets have a fixed ratio.
type Numbers struct {
	N         int64
	low, high float64
	sum, sq   *exactSum
	zero      int64
	pos, neg  ladder // by absolute value
}

// bucketBits is how many bits of the mantissa choose the bucket: there are 512 buckets
// to each doubling, so that a quantile is accurate to one part in a thousand.
const bucketBits = 9

// Numbers below 2^-40 count as zero; those of 2^63 and above are in the last bucket.
const (
	lowestBucket  = (1023 - 40) << bucketBits
	highestBucket = (1023+63)<<bucketBits - 1
)

// Add adds a number.
func (s *Numbers) Add(x float64) {
	if s.N == 0 {
		s.sum, s.sq = &exactSum{}, &exactSum{}
		s.low, s.high = x, x
	}
	s.N++
	s.low, s.high = min(s.low, x), max(s.high, x)
	s.sum.add(x)
	s.sq.add(x * x)
	bucket := int(math.Float64bits(math.Abs(x)) >> (52 - bucketBits))
	switch {
	case bucket < lowestBucket:
		s.zero++
	case x > 0:
		s.pos.add(min(bucket, highestBucket), 1)
	default:
		s.neg.add(min(bucket, highestBucket), 1)
	}
}

// Merge adds the numbers of o, which must not be used any more.
func (s *Numbers) Merge(o *Numbers) {
	if o.N == 0 {
		return
	}
	if s.N == 0 {
		*s = *o
		return
	}
	s.N += o.N
	s.low, s.high = min(s.low, o.low), max(s.high, o.high)
	s.sum.merge(o.sum)
	s.sq.merge(o.sq)
	s.zero += o.zero
	s.pos.merge(&o.pos)
	s.neg.merge(&o.neg)
}

// Code codes the summary, or reads one into an empty one.
func (s *Numbers) Code(c *wire.Coder) {
	c.Count(&s.N)
	if s.N == 0 {
		return
	}
	if c.Reading() {
		s.sum, s.sq = &exactSum{}, &exactSum{}
	}
	c.Float(&s.low)
	c.Float(&s.high)
	s.sum.code(c)
	s.sq.code(c)
	c.Count(&s.zero)
	s.pos.code(c)
	s.neg.code(c)
}

// Moments returns the mean and the standard deviation (of a sample, with n-1). There
// must be at least one number.
func (s *Numbers) Moments() (mean, sd float64) {
	n := new(big.Float).SetPrec(precision).SetInt64(s.N)
	m := s.sum.value()
	m.Quo(m, n)
	mean, _ = m.Float64()
	if s.N < 2 {
		return mean, 0
	}
	v := s.sq.value()
	v.Sub(v, m.Mul(m, m).Mul(m, n))
	variance, _ := v.Float64()
	return mean, math.Sqrt(max(0, variance/float64(s.N-1)))
}

// Quantile returns the value that a share q of the numbers does not exceed, accurate to
// one part in a thousand. There must be at least one number.
func (s *Numbers) Quantile(q float64) float64 {
	rank := int64(math.Ceil(q*float64(s.N))) - 1 // 0-based, of the sorted numbers
	rank = max(0, min(rank, s.N-1))
	x := s.at(rank)
	return max(s.low, min(s.high, x))
}

// at returns the number of a rank, from 0 for the smallest.
func (s *Numbers) at(rank int64) float64 {
	for i := len(s.neg.counts) - 1; i >= 0; i-- {
		if rank -= s.neg.counts[i]; rank < 0 {
			return -middle(s.neg.first + i)
		}
	}
	if rank -= s.zero; rank < 0 {
		return 0
	}
	for i, c := range s.pos.counts {
		if rank -= c; rank < 0 {
			return middle(s.pos.first + i)
		}
	}
	return s.high
}

// Agreement estimates the chance that two of the numbers are the same when they are
// written with the given number of decimals; -1 means all decimals.
func (s *Numbers) Agreement(decimals int) float64 {
	step := math.Pow(10, -float64(max(decimals, 0)))
	if decimals < 0 {
		step = 0
	}
	total := square(s.zero, s.N)
	for _, l := range []*ladder{&s.neg, &s.pos} {
		for i, c := range l.counts {
			width := upper(l.first+i) - lower(l.first+i)
			if width <= step || step == 0 && c == 1 {
				total += square(c, s.N)
			} else {
				total += square(c, s.N) * max(step/width, 0x1p-40)
			}
		}
	}
	return total
}

func square(c, n int64) float64 {
	p := float64(c) / float64(n)
	return p * p
}

// lower and upper bound a bucket.
func lower(bucket int) float64 { return math.Float64frombits(uint64(bucket) << (52 - bucketBits)) }
func upper(bucket int) float64 { return lower(bucket + 1) }

// middle returns the number that represents a bucket: its middle, or the whole number
// in it when it has just one, so that lengths and counts are exact.
func middle(bucket int) float64 {
	a, b := lower(bucket), upper(bucket)
	if whole := math.Ceil(a); whole < b && b-a <= 1 {
		return whole
	}
	return a + (b-a)/2
}

// ladder is a range of buckets that grows as needed.
type ladder struct {
	first  int
	counts []int64
}

func (l *ladder) add(bucket int, n int64) {
	switch {
	case len(l.counts) == 0:
		l.first, l.counts = bucket, make([]int64, 1, 64)
	case bucket < l.first:
		l.counts = append(make([]int64, l.first-bucket, l.first-bucket+len(l.counts)), l.counts...)
		l.first = bucket
	}
	for bucket >= l.first+len(l.counts) {
		l.counts = append(l.counts, 0)
	}
	l.counts[bucket-l.first] += n
}

func (l *ladder) merge(o *ladder) {
	for i, c := range o.counts {
		if c > 0 {
			l.add(o.first+i, c)
		}
	}
}

func (l *ladder) code(c *wire.Coder) {
	n := len(l.counts)
	wire.Within(c, &n, 0, highestBucket-lowestBucket+1)
	if n == 0 {
		return
	}
	wire.Within(c, &l.first, lowestBucket, highestBucket+1-n)
	if c.Reading() {
		l.counts = make([]int64, n)
	}
	c.Counts(l.counts)
}

// exactSum adds floating-point numbers without rounding, so that their order does not
// matter: limb i has the weight 2^(32i-1075) (the small superaccumulator of Neal,
// "Fast exact summation using small and large superaccumulators", 2015).
type exactSum struct {
	limbs [67]int64
	adds  int // numbers added since the last carry
}

// precision, in bits, is enough for the sum and for its square.
const precision = 512

func (s *exactSum) add(x float64) {
	bits := math.Float64bits(x)
	exponent, mantissa := int(bits>>52)&0x7ff, bits&(1<<52-1)
	if exponent == 0 {
		exponent = 1
	} else {
		mantissa |= 1 << 52
	}
	at, shift := exponent>>5, uint(exponent&31)
	const low = 1<<32 - 1
	a, b, c := int64(mantissa<<shift&low), int64(mantissa>>(32-shift)&low), int64(mantissa>>(64-shift))
	if bits>>63 == 1 {
		a, b, c = -a, -b, -c
	}
	s.limbs[at] += a
	s.limbs[at+1] += b
	s.limbs[at+2] += c
	if s.adds++; s.adds == 1<<30 {
		s.carry()
	}
}

// carry moves what exceeds 32 bits of a limb to the next one.
func (s *exactSum) carry() {
	for i := range len(s.limbs) - 1 {
		s.limbs[i+1] += s.limbs[i] >> 32
		s.limbs[i] &= 1<<32 - 1
	}
	s.adds = 1
}

func (s *exactSum) merge(o *exactSum) {
	s.carry()
	o.carry()
	for i, v := range o.limbs {
		s.limbs[i] += v
	}
	s.adds = 2
}

func (s *exactSum) code(c *wire.Coder) {
	s.carry() // the same limbs for the same sum
	wire.Sparse(c, s.limbs[:], func(limb *int64) { wire.Within(c, limb, -1<<40, 1<<40) })
}

// value returns the sum, rounded to precision.
func (s *exactSum) value() *big.Float {
	total := new(big.Int)
	for i := len(s.limbs) - 1; i >= 0; i-- {
		total.Lsh(total, 32)
		total.Add(total, big.NewInt(s.limbs[i]))
	}
	f := new(big.Float).SetPrec(precision).SetInt(total)
	return f.SetMantExp(f, -1075)
}
