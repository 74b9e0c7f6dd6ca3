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
		expected := make([]float64, len(c.P))
		for i, p := range c.P {
			expected[i] = p * float64(c.N)
		}
		if got := LargestRemainder(expected, c.N); fmt.Sprint(got) != fmt.Sprint(c.Counts) {
			t.Errorf("n = %d, shares %v: got %v, want %v", c.N, c.P, got, c.Counts)
		}
	}
}

// Systematic rounding gives every run of neighbouring cells its floor or ceiling.
// Over many draws, the mean of every cell is within 4.5 standard errors of its
// expectation.
func TestRoundSystematic(t *testing.T) {
	source := rng.New(5, "rounding").Source()
	expected := []float64{0.3, 0, 1.7, 0.05, 2.5, 0.45, 0, 3}
	const size, draws = 8, 4000
	mean := make([]float64, len(expected))
	count := make([]int32, len(expected))
	for range draws {
		roundSystematic(expected, size, count, source)
		for from := range expected {
			got, want := 0.0, 0.0
			for to := from; to < len(expected); to++ {
				got += float64(count[to])
				want += expected[to]
				if math.Abs(got-want) > 1-1e-9 {
					t.Fatalf("cells %d to %d have %v persons, want the floor or ceiling of %v", from, to, got, want)
				}
			}
		}
		for c, n := range count {
			mean[c] += float64(n) / draws
		}
	}
	checkMeans(t, mean, expected, draws)
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

// randomTable returns a table with integer row sums, in which some cells are zeros
// or integers.
func randomTable(rows, columns int, source *rng.Source) (expected []float64, size []int32) {
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
		expected, size = append(expected, row...), append(size, n)
	}
	return expected, size
}

func TestRoundTableKeepsSums(t *testing.T) {
	source := rng.New(6, "rounding").Source()
	for trial := range 300 {
		rows, columns := 1+source.Below(12), 1+source.Below(9)
		expected, size := randomTable(rows, columns, source)
		count := make([]int32, len(expected))
		roundTable(expected, columns, size, count, source)
		sums := make([]float64, columns)
		for r, n := range size {
			for c := range columns {
				i := r*columns + c
				if math.Abs(float64(count[i])-expected[i]) > 1-1e-9 {
					t.Fatalf("trial %d: cell %d is %d, want the floor or ceiling of %v", trial, i, count[i], expected[i])
				}
				n -= count[i]
				sums[c] += float64(count[i]) - expected[i]
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
	expected, size := randomTable(6, 5, source)
	const draws = 5000
	mean := make([]float64, len(expected))
	count := make([]int32, len(expected))
	for range draws {
		roundTable(expected, 5, size, count, source)
		for c, n := range count {
			mean[c] += float64(n) / draws
		}
	}
	checkMeans(t, mean, expected, draws)
}

func TestRepairRowRestoresTheSum(t *testing.T) {
	count := []int32{5, 0, 9}
	repairRow([]float64{1.2, 0, 2.8}, 4, count)
	if fmt.Sprint(count) != "[1 0 3]" {
		t.Errorf("got %v, want [1 0 3]", count)
	}
}
