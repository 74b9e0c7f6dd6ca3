package check

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/personagen/personagen/engine/internal/sketch"
	"github.com/personagen/personagen/engine/plan"
)

// With equal weights the test is Pearson's, and has as many degrees of freedom.
func TestWeightedSharesWithEqualWeights(t *testing.T) {
	e := &plan.Expected{Share: []float64{0.5, 0.3, 0.2}}
	counts := []float64{500, 300, 200}
	var w WeightedNumbers
	w.test(e, counts, counts, weighted{1000, 1000}, 1000)
	if w.DF != 2 || w.Effect != 1 || w.ChiSquare != 0 || w.P != 1 {
		t.Errorf("got %+v", w)
	}
}

// Under the design, the test of weighted shares rejects as often as it says, also where
// the design effects of the cells differ: the cells of one stratum are sampled ten times
// as often as those of the other, and one cell has persons of both.
func TestWeightedSharesRejectAsOftenAsTheySay(t *testing.T) {
	const n, runs = 2000, 4000
	share := []float64{0.05, 0.45, 0.5}
	// The cells by stratum, with their shares, and weights that have the mean 1.
	cells := []struct {
		cell  int
		share float64
		rate  float64
	}{{0, 0.05, 10}, {1, 0.05, 10}, {1, 0.4, 1}, {2, 0.5, 1}}
	total := 0.0
	for _, c := range cells {
		total += c.share * c.rate
	}
	source := rand.New(rand.NewPCG(1, 2))
	rejected := map[float64]int{}
	for range runs {
		sum, squares := make([]float64, 3), make([]float64, 3)
		var all weighted
		for range n {
			u, at := source.Float64()*total, 0
			for at < len(cells)-1 && u >= cells[at].share*cells[at].rate {
				u -= cells[at].share * cells[at].rate
				at++
			}
			w := total / cells[at].rate
			sum[cells[at].cell] += w
			squares[cells[at].cell] += w * w
			all.sum, all.squares = all.sum+w, all.squares+w*w
		}
		var w WeightedNumbers
		w.test(&plan.Expected{Share: share}, sum, squares, all, n)
		for _, level := range []float64{0.1, 0.01} {
			if w.P < level {
				rejected[level]++
			}
		}
	}
	for level, count := range rejected {
		got, err := float64(count)/runs, math.Sqrt(level*(1-level)/runs)
		if math.Abs(got-level) > 5*err+0.3*level {
			t.Errorf("level %g: %g are rejected", level, got)
		}
	}
	if len(rejected) < 2 {
		t.Error("the test never rejects")
	}
}

// Numbers with whole weights are summarised as if they were repeated.
func TestWeightedSummary(t *testing.T) {
	source := rand.New(rand.NewPCG(3, 4))
	one, three, repeated := &sketch.Numbers{}, &sketch.Numbers{}, &sketch.Numbers{}
	for range 500 {
		x, y := source.NormFloat64()*10, 20+source.NormFloat64()
		one.Add(x)
		three.Add(y)
		repeated.Add(x)
		for range 3 {
			repeated.Add(y)
		}
	}
	w := sketch.Weighted{Of: []*sketch.Numbers{one, three}, Weights: []float64{1, 3}}
	got, want := w.Describe(), repeated.Describe()
	if got.N != 1000 || got.Min != want.Min || got.Max != want.Max || got.P10 != want.P10 || got.P50 != want.P50 || got.P90 != want.P90 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if math.Abs(got.Mean-want.Mean) > 1e-6 || math.Abs(got.SD/want.SD-1) > 1e-3 {
		t.Errorf("got mean %g and sd %g, want %g and %g", got.Mean, got.SD, want.Mean, want.SD)
	}
}
