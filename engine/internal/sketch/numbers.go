// Package sketch holds what large data leaves behind in memory that does not
// grow: sums, quantiles and samples that do not depend on the order in which
// values are added or merged.
package sketch

import (
	"math"
	"math/big"
)

// Numbers describes numbers in memory that does not grow: their exact sum, the
// sum of their rounded squares, and a histogram with buckets of a fixed ratio.
// It does not depend on the order in which numbers are added or merged.
type Numbers struct {
	N         int64
	low, high float64
	sum, sq   *exactSum
	zero      int64
	pos, neg  ladder // by absolute value
}

// bucketBits of the mantissa tell buckets apart: 512 to each doubling, so that
// a quantile is right to one part in a thousand.
const bucketBits = 9

// Buckets below 2^-40 count as zero, those above 2^63 as the last one.
const (
	lowestBucket  = (1023 - 40) << bucketBits
	highestBucket = (1023+63)<<bucketBits - 1
)

// Add takes one more number in.
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

// Merge adds what o has gathered; o must not be used any more.
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

// Moments returns the mean and the standard deviation (with n-1).
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

// Quantile returns the value below which a share q of the numbers lies, right
// to one part in a thousand.
func (s *Numbers) Quantile(q float64) float64 {
	rank := int64(math.Ceil(q*float64(s.N))) - 1 // 0-based, of the sorted numbers
	rank = max(0, min(rank, s.N-1))
	x := s.at(rank)
	return max(s.low, min(s.high, x))
}

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

// Agreement estimates the chance that two of the numbers, written with the
// given number of decimals, are the same.
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

// middle represents a bucket. A bucket that holds one whole number, as those
// of lengths and counts do, is that number.
func middle(bucket int) float64 {
	a, b := lower(bucket), upper(bucket)
	if whole := math.Ceil(a); whole < b && b-a <= 1 {
		return whole
	}
	return a + (b-a)/2
}

// ladder counts buckets in one stretch that grows as needed.
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

// exactSum adds floating-point numbers without rounding, so that the order
// does not matter: limb i weighs 2^(32i-1075) (the small superaccumulator of
// Neal, "Fast exact summation using small and large superaccumulators", 2015).
type exactSum struct {
	limbs [67]int64
	adds  int // since the last carry
}

// precision in bits suffices for the sum and for its square.
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

// value returns the sum, rounded only to the precision.
func (s *exactSum) value() *big.Float {
	total := new(big.Int)
	for i := len(s.limbs) - 1; i >= 0; i-- {
		total.Lsh(total, 32)
		total.Add(total, big.NewInt(s.limbs[i]))
	}
	f := new(big.Float).SetPrec(precision).SetInt(total)
	return f.SetMantExp(f, -1075)
}
