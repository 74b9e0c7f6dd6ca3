package rng

import "math/bits"

// Source is a sequential generator, SplitMix64 (Steele, Lea and Flood 2014), for
// work that is done once and in order, such as rounding a table. It is not safe for
// concurrent use.
type Source struct{ state uint64 }

// Source returns a sequential generator that starts at the stream's key.
func (s Stream) Source() *Source { return &Source{state: s.key} }

// Uint64 returns the next 64 random bits.
func (s *Source) Uint64() uint64 {
	s.state += weyl
	return Mix(s.state)
}

// Below returns the next number as a whole number from 0 to n-1. n must be above 0.
func (s *Source) Below(n int) int {
	hi, _ := bits.Mul64(s.Uint64(), uint64(n))
	return int(hi)
}

// Float64 returns the next number as a float above 0 and below 1.
func (s *Source) Float64() float64 { return Float64(s.Uint64()) }
