package rng

import (
	"math"
	"math/bits"
	"slices"
)

// weyl is 2^64 divided by the golden ratio, the increment of SplitMix64.
const weyl = 0x9E3779B97F4A7C15

// MaxPermutation is the size of the largest domain of a Permutation.
const MaxPermutation = 1 << 40

// Small is the size of the largest domain that is permuted by ranks of hashes. A
// Feistel network is visibly biased on small domains.
const Small = 32

// feistelRounds is the number of half-rounds of the Feistel network. Four are too
// few for small domains.
const feistelRounds = 8

// Permutation is a keyed pseudo-random bijection of 0 to n-1. It stores no table:
// each image is computed separately. Different keys give unrelated permutations.
//
// For up to 32 values the image is the rank of the value's hash among all hashes.
// For more it is a generalised Feistel network with cycle walking on a rectangle
// a x b with a*b just above n (Black and Rogaway 2002, "Ciphers with arbitrary
// finite domains").
type Permutation struct {
	n, a, b uint64 // a*b >= n, both about the square root of n; 0 when n is small
	key     uint64
}

// NewPermutation returns the permutation of 0 to n-1 with the given key. n must be
// from 1 to MaxPermutation.
func NewPermutation(n int64, key uint64) Permutation {
	p := Permutation{n: uint64(n), key: key}
	if n > Small {
		p.a = uint64(math.Sqrt(float64(n-1))) + 1
		p.b = p.a
		if p.a*(p.a-1) >= p.n {
			p.b--
		}
	}
	return p
}

// At returns the image of i. Both are from 0 to n-1.
func (p Permutation) At(i int64) int64 {
	if p.n <= Small {
		var hashes [Small]uint64
		return Rank(p.Hashes(hashes[:0]), int(i))
	}
	x := p.feistel(uint64(i))
	for x >= p.n {
		x = p.feistel(x)
	}
	return int64(x)
}

// Hashes appends the hashes of the values of a domain of at most Small. Rank then takes less
// time than At.
func (p Permutation) Hashes(dst []uint64) []uint64 {
	from := len(dst)
	dst = slices.Grow(dst, int(p.n))[:from+int(p.n)]
	x := p.key
	for i := from; i < len(dst); i++ {
		dst[i] = Mix(x)
		x += weyl
	}
	return dst
}

// Rank returns the image of i, given all hashes: the number of values whose hash is below
// that of i. Hashes differ, because Mix is a bijection.
func Rank(hashes []uint64, i int) int64 {
	var below uint64
	own := hashes[i]
	for _, hash := range hashes {
		_, borrow := bits.Sub64(hash, own, 0)
		below += borrow
	}
	return int64(below)
}

// feistel permutes 0 to a*b-1.
func (p Permutation) feistel(x uint64) uint64 {
	l, r := divide(x, p.b)
	k := p.key
	for range feistelRounds / 2 {
		l = addMod(l, scale(r+k, p.a), p.a)
		k += weyl
		r = addMod(r, scale(l+k, p.b), p.b)
		k += weyl
	}
	return l*p.b + r
}

// divide returns quotient and remainder. It divides 32-bit words where possible,
// because that is faster.
func divide(x, d uint64) (uint64, uint64) {
	if x>>32 == 0 {
		return uint64(uint32(x) / uint32(d)), uint64(uint32(x) % uint32(d))
	}
	return x / d, x % d
}

// addMod returns x+y modulo m for x, y < m.
func addMod(x, y, m uint64) uint64 {
	s := x + y
	if s >= m {
		s -= m
	}
	return s
}

// scale hashes x to a number from 0 to m-1.
func scale(x, m uint64) uint64 {
	hi, _ := bits.Mul64(Mix(x), m)
	return hi
}
