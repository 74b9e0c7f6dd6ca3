package sample

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

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

// Systematic rounding gives every run of neighbouring cells its floor or
// ceiling, and over many draws every cell its expectation within 4.5 standard
// errors.
func TestRoundSystematic(t *testing.T) {
	source := rng.New(5, "rounding").Source()
	want := []float64{0.3, 0, 1.7, 0.05, 2.5, 0.45, 0, 3}
	const size, draws = 8, 4000
	mean := make([]float64, len(want))
	have := make([]int32, len(want))
	for range draws {
		roundSystematic(want, size, have, source)
		for from := range want {
			sum, expected := 0.0, 0.0
			for to := from; to < len(want); to++ {
				sum += float64(have[to])
				expected += want[to]
				if math.Abs(sum-expected) > 1-1e-9 {
					t.Fatalf("cells %d to %d have %v of %v", from, to, sum, expected)
				}
			}
		}
		for c, n := range have {
			mean[c] += float64(n) / draws
		}
	}
	checkMeans(t, mean, want, draws)
}

func checkMeans(t *testing.T, mean, want []float64, draws float64) {
	t.Helper()
	for c := range want {
		up := want[c] - math.Floor(want[c])
		if math.Abs(mean[c]-want[c]) > 4.5*math.Sqrt(up*(1-up)/draws)+1e-9 {
			t.Errorf("cell %d has %.4f on average, want %.4f", c, mean[c], want[c])
		}
	}
}

// randomTable returns a table with integer row sums, zeros and integers in it.
func randomTable(rows, columns int, source *rng.Source) (want []float64, size []int32) {
	for range rows {
		sum := 0.0
		row := make([]float64, columns)
		for c := range row {
			switch source.Below(4) {
			case 0:
			case 1:
				row[c] = float64(source.Below(3))
			default:
				row[c] = 3 * source.Float64()
			}
			sum += row[c]
		}
		n := int32(math.Ceil(sum))
		row[source.Below(columns)] += float64(n) - sum
		want, size = append(want, row...), append(size, n)
	}
	return want, size
}

func TestRoundTableKeepsSums(t *testing.T) {
	source := rng.New(6, "rounding").Source()
	for trial := range 300 {
		rows, columns := 1+source.Below(12), 1+source.Below(9)
		want, size := randomTable(rows, columns, source)
		have := make([]int32, len(want))
		roundTable(want, columns, size, have, source)
		sums := make([]float64, columns)
		for r, n := range size {
			for c := range columns {
				i := r*columns + c
				if math.Abs(float64(have[i])-want[i]) > 1-1e-9 {
					t.Fatalf("trial %d: cell %d is %d of %v", trial, i, have[i], want[i])
				}
				n -= have[i]
				sums[c] += float64(have[i]) - want[i]
			}
			if n != 0 {
				t.Fatalf("trial %d: row %d is off by %d", trial, r, n)
			}
		}
		for c, off := range sums {
			if math.Abs(off) > 1-1e-6 {
				t.Errorf("trial %d: column %d is off by %v", trial, c, off)
			}
		}
	}
}

func TestRoundTableIsUnbiased(t *testing.T) {
	source := rng.New(7, "rounding").Source()
	want, size := randomTable(6, 5, source)
	const draws = 5000
	mean := make([]float64, len(want))
	have := make([]int32, len(want))
	for range draws {
		roundTable(want, 5, size, have, source)
		for c, n := range have {
			mean[c] += float64(n) / draws
		}
	}
	checkMeans(t, mean, want, draws)
}

func TestRepairRowRestoresTheSum(t *testing.T) {
	have := []int32{5, 0, 9}
	repairRow([]float64{1.2, 0, 2.8}, 4, have)
	if fmt.Sprint(have) != "[1 0 3]" {
		t.Errorf("repaired to %v, want [1 0 3]", have)
	}
}
