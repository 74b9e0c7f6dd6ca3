package check

import (
	"math"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
)

// sampleRows is how many of the first persons are sampled: for independence, and
// for the chances of duplicates.
const sampleRows = 20_000

// sampled returns where in a sample of the first persons the first rows of a
// batch belong, and how many rows; 0 rows when none does.
func (o *Options) sampled(b *frame.Batch) (at, n int) {
	from := b.First - o.First
	if from < 0 || from >= sampleRows {
		return 0, 0
	}
	return int(from), min(b.N, int(sampleRows-from))
}

// addAll adds values up by position.
func addAll[T int64 | int32 | uint64 | uint32 | float32](to, from []T) {
	for i, v := range from {
		to[i] += v
	}
}

// union joins two samples of the first persons. Each person is in at most one of
// them and is 0 in the other.
func union[T int32 | uint64 | uint32 | float32](to, from []T) []T {
	if to == nil {
		return from
	}
	addAll(to, from)
	return to
}

// unionOf joins samples that record which rows were seen.
func unionOf(to, from []bool) []bool {
	if to == nil {
		return from
	}
	for i, seen := range from {
		to[i] = to[i] || seen
	}
	return to
}

// codeChances codes the chances of the first persons.
func codeChances(c *wire.Coder, chances *[]float32) {
	wire.Optional(c, chances, sampleRows, func(all []float32) {
		wire.Sparse(c, all, func(chance *float32) {
			bits := math.Float32bits(*chance)
			wire.Within(c, &bits, 0, math.Float32bits(1)) // from 0 to 1
			*chance = math.Float32frombits(bits)
		})
	})
}

// codeSeen codes which of the first persons were seen, and reports whether any was.
func codeSeen(c *wire.Coder, seen *[]bool) bool {
	wire.Optional(c, seen, sampleRows, func(all []bool) { wire.Sparse(c, all, c.Bool) })
	return *seen != nil
}
