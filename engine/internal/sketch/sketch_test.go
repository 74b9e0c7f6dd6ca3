package sketch

import (
	"math"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

// TestExactSum: the order of numbers does not matter, to the last bit.
func TestExactSum(t *testing.T) {
	values := []float64{1e300, 1, -1e300, 1e-300, 3.5, -0.1, math.SmallestNonzeroFloat64, 2e17, -7}
	var forward, backward, left, right exactSum
	for i, v := range values {
		forward.add(v)
		if i < 4 {
			left.add(v)
		} else {
			right.add(v)
		}
	}
	for _, v := range slices.Backward(values) {
		backward.add(v)
	}
	left.merge(&right)
	want, _ := forward.value().Float64()
	for _, s := range []*exactSum{&backward, &left} {
		if got, _ := s.value().Float64(); got != want || got != 2e17-3 { // 2e17 + 1 + 3.5 - 0.1 - 7, to the nearest float
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestTidy(t *testing.T) {
	for x, want := range map[float64]float64{0: 0, 0.1 + 0.2: 0.3, 123456789.4: 123456789, 1.23456789012e-60: 1.23456789e-60, math.Inf(1): 0} {
		if got := Tidy(x); math.Abs(got-want) > 1e-15*want {
			t.Errorf("Tidy(%v): got %v, want %v", x, got, want)
		}
	}
}

// TestLowest: the smallest hashes are kept, whatever the order and the parts.
func TestLowest(t *testing.T) {
	const n, keep = 5000, 100
	var all []uint64
	parts := make([]Lowest[int], 3)
	for i := range parts {
		parts[i] = Lowest[int]{Keep: keep, Below: math.MaxUint64}
	}
	for i := range n {
		hash := rng.Mix(uint64(i))
		all = append(all, hash)
		parts[i%3].Add(hash, int64(i), i)
		if len(parts[i%3].All) > 2*keep {
			t.Fatal("the sample grows")
		}
	}
	parts[0].Merge(&parts[1])
	parts[0].Merge(&parts[2])
	slices.Sort(all)
	for i, x := range parts[0].All {
		if x.Hash != all[i] || rng.Mix(uint64(x.Value)) != x.Hash {
			t.Fatalf("value %d: got hash %x, want %x", i, x.Hash, all[i])
		}
	}
	if len(parts[0].All) != keep {
		t.Errorf("got %d values, want %d", len(parts[0].All), keep)
	}
}

// TestCertainBound: the bound keeps enough for the sample and little more.
func TestCertainBound(t *testing.T) {
	for _, c := range []struct {
		k, n int64
		want float64
	}{{10_000, 0, 1}, {10_000, 10_000, 1}, {10_000, 1_000_000, 0.0106}, {1000, 100_000, 0.011897}} {
		if got := float64(CertainBound(c.k, c.n)) / (1 << 63) / 2; math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%d of %d: got %g, want %g", c.k, c.n, got, c.want)
		}
	}
}
