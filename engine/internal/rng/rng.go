// Package rng computes random numbers from counters: every draw is a pure function
// of seed, stream name, person number and draw number. Any person can therefore be
// made separately, in any order and on any machine, and a new stream changes no
// other stream.
//
// The generator is Philox2x64-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel
// random numbers: as easy as 1, 2, 3").
package rng

import (
	"hash/fnv"
	"math/bits"
)

// Stream is a family of random numbers for one purpose, addressed by person and
// draw. It is immutable.
type Stream struct{ key uint64 }

// New returns the stream with the given seed and name.
func New(seed uint64, name string) Stream {
	h := fnv.New64a()
	h.Write([]byte(name))
	return Stream{key: Mix(seed ^ Mix(h.Sum64()))}
}

// At returns two independent uniform 64-bit words for a person and a draw number.
func (s Stream) At(person int64, draw uint64) (uint64, uint64) {
	return Philox2x64(uint64(person), draw, s.key)
}

// Uint64 returns the first word of At(person, 0).
func (s Stream) Uint64(person int64) uint64 {
	u, _ := Philox2x64(uint64(person), 0, s.key)
	return u
}

// Key returns the stream's key, for use as the key of a Permutation.
func (s Stream) Key() uint64 { return s.key }

// Float64 converts 64 random bits to a number above 0 and below 1.
func Float64(u uint64) float64 {
	return (float64(u>>12) + 0.5) * (1.0 / (1 << 52))
}

// Mix applies the finaliser of SplitMix64, a bijection on 64-bit words (Steele, Lea
// and Flood 2014, "Fast splittable pseudorandom number generators").
func Mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// Philox2x64 applies the Philox-2x64 block function with ten rounds, section 4.3 of
// the paper, to the counter c0, c1.
func Philox2x64(c0, c1, key uint64) (uint64, uint64) {
	const multiplier = 0xD2B74407B1CE6E93
	for range 10 {
		hi, lo := bits.Mul64(multiplier, c0)
		c0, c1 = hi^key^c1, lo
		key += weyl
	}
	return c0, c1
}
