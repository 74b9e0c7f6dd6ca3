package stat

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

// reference holds published and recomputed figures; each case names its source.
type reference struct {
	Cases []struct {
		ID, Kind      string
		Observed      []float64
		Counts        []float64 `json:"expected_counts"`
		Probabilities []float64 `json:"expected_probs"`
		Expected      struct {
			X2, G2, P float64
			PG2       float64 `json:"p_G2"`
			DF        float64
		}
		Items     json.RawMessage
		Quantiles map[string]float64 `json:"quantiles_95"`
		RelTol    float64            `json:"rel_tol"`
		AbsTol    float64            `json:"abs_tol"`
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Max(1e-300, math.Abs(want)) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestReference(t *testing.T) {
	data, err := os.ReadFile("testdata/statistics.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cases) != 7 {
		t.Fatalf("%d cases", len(r.Cases))
	}
	for _, c := range r.Cases {
		t.Run(c.ID, func(t *testing.T) {
			switch c.Kind {
			case "gof":
				expected := c.Counts
				if expected == nil {
					n := 0.0
					for _, o := range c.Observed {
						n += o
					}
					for _, p := range c.Probabilities {
						expected = append(expected, n*p)
					}
				}
				x := ChiSquare(c.Observed, expected)
				near(t, "X²", x, c.Expected.X2, 1e-12)
				near(t, "df", float64(len(expected)-1), c.Expected.DF, 0)
				if c.Expected.P > 0 {
					near(t, "p", ChiSquareTail(x, c.Expected.DF), c.Expected.P, 1e-10)
				}
				if c.Expected.G2 > 0 { // GTest divides by Williams' correction
					g, df := GTest(c.Observed, expected)
					n, inverse := 0.0, 0.0
					for _, e := range expected {
						n += e
					}
					for _, e := range expected {
						inverse += n / e
					}
					g *= 1 + (inverse-1)/(6*n*df)
					near(t, "G²", g, c.Expected.G2, 1e-10)
					near(t, "p of G²", ChiSquareTail(g, df), c.Expected.PG2, 1e-10)
				}
			case "association":
				var items []struct {
					Table     [][]float64
					X2, DF, P float64
					G2        float64
					CramersV  float64 `json:"cramers_v"`
					Tschuprow float64
				}
				if err := json.Unmarshal(c.Items, &items); err != nil {
					t.Fatal(err)
				}
				for _, it := range items {
					table := slices.Concat(it.Table...)
					x, df, v := Association(table, len(it.Table[0]))
					if it.X2 > 0 {
						near(t, "X²", x, it.X2, 1e-12)
						near(t, "df", df, it.DF, 0)
						near(t, "p", ChiSquareTail(x, df), it.P, 1e-10)
					}
					if it.CramersV > 0 {
						near(t, "V", v, it.CramersV, 1e-10)
					}
					if it.G2 > 0 {
						g, _ := GTestIndependence(table, len(it.Table[0]))
						rows, columns, n := sums(table, len(it.Table[0]))
						g *= 1 + (inverse(rows, n)-1)*(inverse(columns, n)-1)/(6*n*df)
						near(t, "G²", g, it.G2, 1e-10)
					}
				}
			case "chi2_sf":
				var items [][3]float64
				if err := json.Unmarshal(c.Items, &items); err != nil {
					t.Fatal(err)
				}
				for _, it := range items {
					near(t, "tail", ChiSquareTail(it[1], it[0]), it[2], c.RelTol)
				}
				for df, q := range c.Quantiles {
					n, _ := strconv.ParseFloat(df, 64)
					near(t, "95 % of "+df, ChiSquareTail(q, n), 0.05, 1e-10)
				}
			case "p_adjust_holm":
				var items []struct{ P, Adjusted []float64 }
				if err := json.Unmarshal(c.Items, &items); err != nil {
					t.Fatal(err)
				}
				for _, it := range items {
					for i, p := range Holm(it.P) {
						if math.Abs(p-it.Adjusted[i]) > c.AbsTol {
							t.Errorf("%v: got %v, want %v", it.P[i], p, it.Adjusted[i])
						}
					}
				}
			}
		})
	}
}

// TestFarTail: G² is accurate in the far tail, where Pearson's statistic is not. A count
// of Poisson(5) is 18 or more with chance 5.4e-6.
func TestFarTail(t *testing.T) {
	const n = 1e7
	observed, expected := []float64{18, n - 18}, []float64{5, n - 5}
	g, df := GTest(observed, expected)
	if p := ChiSquareTail(g, df); p < 2e-6 || p > 2e-5 {
		t.Errorf("G²: got p %g, want about 5e-6", p)
	}
	if p := ChiSquareTail(ChiSquare(observed, expected), df); p > 1e-7 {
		t.Errorf("Pearson: got p %g; if it is right, tests need it only", p)
	}
}

func TestPool(t *testing.T) {
	for _, c := range []struct {
		weight        []float64
		of            []int
		pools, joined int
	}{
		{[]float64{5, 6, 7}, []int{0, 1, 2}, 3, 0},
		{[]float64{0.5, 9, 0.25, 0.3}, []int{0, 1, 0, 0}, 2, 3},
		{[]float64{0.5, 0, 9}, []int{0, -1, 0}, 1, 2},
		{[]float64{0.2, 0.2, 0.2}, []int{0, 0, 0}, 1, 3},
		{nil, []int{}, 0, 0},
	} {
		of, pools, joined := Pool(c.weight)
		if !slices.Equal(of, c.of) || pools != c.pools || joined != c.joined {
			t.Errorf("%v: got %v, %d pools, %d joined, want %v, %d, %d", c.weight, of, pools, joined, c.of, c.pools, c.joined)
		}
	}
}

// TestMonteCarlo agrees with the chi-square distribution where that is accurate,
// and stops early where the answer is clear.
func TestMonteCarlo(t *testing.T) {
	expected := []float64{200, 300, 500}
	for _, x := range []float64{0.5, 2, 6} {
		p, draws := MonteCarlo(x, expected, 1000, rng.New(1, "monte carlo").Source())
		want := ChiSquareTail(x, 2)
		if math.Abs(p-want) > 5*math.Sqrt(want*(1-want)/float64(draws))+0.01 {
			t.Errorf("x %g: got p %g after %d draws, want about %g", x, p, draws, want)
		}
		if x < 3 && draws > 200 {
			t.Errorf("x %g: %d draws", x, draws)
		}
	}
	if p, draws := MonteCarlo(1e6, expected, 1000, rng.New(1, "monte carlo").Source()); p != 1.0/2000 || draws != maxDraws {
		t.Errorf("beyond reach: p %g after %d draws", p, draws)
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		hits, n   int64
		low, high float64
	}{ // Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I
		{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718},
	} {
		low, high := Wilson(c.hits, c.n, Z95)
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("%d of %d: got %.4f to %.4f, want %.4f to %.4f", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}

// TestConditional compares the exact moments with those of shuffled columns.
func TestConditional(t *testing.T) {
	source := rng.New(5, "shuffle").Source()
	for _, c := range []struct{ rows, columns []int }{
		{[]int{3, 5}, []int{4, 4}}, {[]int{3, 3, 4}, []int{3, 3, 4}}, {[]int{3, 7, 20}, []int{6, 8, 16}},
	} {
		var a, b []int
		for i, n := range c.rows {
			a = append(a, slices.Repeat([]int{i}, n)...)
		}
		for i, n := range c.columns {
			b = append(b, slices.Repeat([]int{i}, n)...)
		}
		const draws = 20000
		var sum, squares, mean, variance float64
		for range draws {
			for i := len(b) - 1; i > 0; i-- {
				k := source.Below(i + 1)
				b[i], b[k] = b[k], b[i]
			}
			table := make([]float64, len(c.rows)*len(c.columns))
			for i := range a {
				table[a[i]*len(c.columns)+b[i]]++
			}
			var x float64
			x, mean, variance = Conditional(table, len(c.columns))
			sum += x
			squares += x * x
		}
		sum /= draws
		near(t, "mean", mean, sum, 0.03)
		near(t, "variance", variance, squares/draws-sum*sum, 0.06)
	}
}
