package sample

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

func allocate(t testing.TB, m *Model, n int64, seed uint64) *Allocation {
	t.Helper()
	a, err := Allocate(context.Background(), m, n, seed)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLargestRemainder(t *testing.T) {
	raw, err := os.ReadFile("testdata/largest_remainder.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Items []struct {
			P      []float64
			N      int64
			Counts []int64
		}
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Items) < 4 {
		t.Fatalf("%d cases, want at least 4", len(cases.Items))
	}
	for _, c := range cases.Items {
		want := make([]float64, len(c.P))
		for i, p := range c.P {
			want[i] = p * float64(c.N)
		}
		if got := LargestRemainder(want, c.N); fmt.Sprint(got) != fmt.Sprint(c.Counts) {
			t.Errorf("n = %d of %v: %v, want %v", c.N, c.P, got, c.Counts)
		}
	}
}

// Rank 1 within one person always, rank 2 within two.
func TestAllocateMeetsTheControls(t *testing.T) {
	m := realistic()
	for _, n := range []int64{1, 2, 17, 500, 1000, 10_000, 100_000, 1_000_000_000} {
		for seed := range uint64(2) {
			a := allocate(t, m, n, seed)
			for i, d := range a.Deviations {
				limit := 1.0
				if m.Controls[i].Rank > 1 {
					limit = 2
				}
				if d.Worst > limit+1e-6 {
					t.Errorf("n = %d, seed %d: control %s is off by %.2f persons", n, seed, m.Controls[i].Name, d.Worst)
				}
			}
			checkExceptions(t, m, a)
		}
	}
}

// checkExceptions recounts every control from the last steps' counts.
func checkExceptions(t *testing.T, m *Model, a *Allocation) {
	t.Helper()
	listed := map[[2]int]bool{}
	for _, e := range a.Exceptions {
		listed[[2]int{e.Control, e.Cell}] = true
	}
	for i := range m.Controls {
		c := &m.Controls[i]
		for cell, count := range m.tally(c, a) {
			off := math.Abs(float64(count) - c.Share[cell]*float64(a.N))
			if beyond := off > 1+whole; beyond != listed[[2]int{i, cell}] {
				t.Errorf("control %s cell %d is off by %.3f, listed: %v", c.Name, cell, off, !beyond)
			}
		}
	}
}

func BenchmarkAllocate(b *testing.B) {
	m := realistic()
	for _, n := range []int64{500, 100_000, 1_000_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var seed uint64
			for b.Loop() {
				allocate(b, m, n, seed)
				seed++
			}
		})
	}
}
