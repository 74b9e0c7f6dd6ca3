package sample

import (
	"context"
	"testing"
)

func columns(m *Model, n int) [][]int32 {
	out := make([][]int32, len(m.Vars))
	for v := range out {
		out[v] = make([]int32, n)
	}
	return out
}

func BenchmarkQuotaFill(b *testing.B) {
	m := realistic()
	const n = 100_000
	a, err := Allocate(context.Background(), m, n, 1)
	if err != nil {
		b.Fatal(err)
	}
	q, err := NewQuota(m, a)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkFill(b, m, n, q.Fill)
}

func BenchmarkIndependentFill(b *testing.B) {
	m := realistic()
	q, err := NewIndependent(m, 1)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkFill(b, m, 100_000, q.Fill)
}

// benchmarkFill fills n persons in batches, as a run does.
func benchmarkFill(b *testing.B, m *Model, n int, fill func(int64, [][]int32)) {
	const batch = 4000
	codes := columns(m, batch)
	for b.Loop() {
		for first := 0; first < n; first += batch {
			fill(int64(first), codes)
		}
	}
}
