package check

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// heights is the hall with published means and quantiles of height by hue and a fitted
// mean.
func heights(t testing.TB) *plan.Plan {
	p := hall(t)
	of := &kind.Selector{Fields: []string{"hue"}, Slots: []int{2}, Nullable: []bool{false}, Min: []int64{0}, Case: []int32{1, 2}}
	means := &kind.Statistic{
		Name: "mean_by_hue", Measure: kind.Mean, By: []string{"hue"}, Of: of, Groups: []string{"h0", "h1"}, Published: []float64{170, 182}, Rounded: []float64{1, 1},
		Role: []string{kind.Location, kind.Location}, Mass: []float64{2. / 3, 1. / 3}, Reached: make([]float64, 2), Expected: make([]float64, 2),
	}
	scorer := p.Fields[gHeight].Scorer(&kind.Env{Fields: p.Fields, Field: p.Fields[gHeight]})
	means.Expected = []float64{scorer.Mean(1), scorer.Mean(2)}
	median := *means
	median.Name, median.Measure, median.P, median.Published = "median_by_hue", kind.Median, 0.5, []float64{170, 182}
	p.Fields[gHeight].Statistics = []*kind.Statistic{means, &median}
	hue := *means
	hue.Name, hue.By, hue.Groups, hue.Published, hue.Expected = "mean", nil, []string{""}, []float64{2}, []float64{4. / 3}
	hue.Of = &kind.Selector{Case: []int32{1}}
	p.Fields[gHue].Scores, p.Fields[gHue].Statistics = []float64{1, 2}, []*kind.Statistic{&hue}
	return p
}

// TestStatisticMutations makes the values of a group wrong in one way at a time.
func TestStatisticMutations(t *testing.T) {
	p := heights(t)
	const n = 3000
	for _, test := range []struct {
		name  string
		spoil func(b *frame.Batch)
		want  []string
	}{
		{"right", func(*frame.Batch) {}, nil},
		{"a third is 3 cm larger", func(b *frame.Batch) {
			for r := range b.N {
				b.Columns[gHeight].Floats[r] += 3 * float64(b.Columns[gHue].Codes[r])
			}
		}, []string{"statistic.height.mean_by_hue", "statistic.height.median_by_hue"}},
		{"a few giants", func(b *frame.Batch) {
			for r := 0; r < b.N; r += 100 {
				b.Columns[gHeight].Floats[r] += 400
			}
		}, []string{"statistic.height.mean_by_hue"}},
		{"the groups have other shares", func(b *frame.Batch) {
			for r := range b.N {
				b.Columns[gHue].Codes[r] = int32(r % 2)
			}
			p.Fields[gHeight].Program.Bind(&kind.Env{Fields: p.Fields, Field: p.Fields[gHeight], Seed: 7}).Fill(b, &b.Columns[gHeight])
		}, []string{"statistic.hue.mean"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := members(p, 7, n)
			test.spoil(b)
			if d := cmp.Diff(test.want, failed(judge(t, p, Options{Kinds: []string{KindStatistic}}, 1, []*frame.Batch{b}))); d != "" {
				t.Error(d)
			}
		})
	}
}

// 300 correct populations of different sizes raise no alarm.
func TestStatisticFalseAlarms(t *testing.T) {
	p := heights(t)
	for seed := range uint64(300) {
		b := members(p, 1000+seed, 30+10*int(seed))
		for _, sampling := range []string{Quota, Independent} {
			if f := failed(judgeOnce(t, p, Options{Sampling: sampling, Kinds: []string{KindStatistic}}, []*frame.Batch{b})); f != nil {
				t.Errorf("seed %d, %s: %v failed", seed, sampling, f)
			}
		}
	}
}

// A mean across units is on the published scale, and its error is the standard
// deviation of what populations reach, within 10 %.
func TestStatisticAcrossUnits(t *testing.T) {
	p := heights(t)
	s := p.Fields[gHue].Statistics[0]
	s.Name, s.Across = "mean_across_units", kind.AcrossUnits
	s.Expected = []float64{1 / (2./3 + 1./3/2)} // of scores 1 and 2
	id := "statistic.hue.mean_across_units"
	const n, rounds = 400, 500
	var sum, squares, reported float64
	for seed := range uint64(rounds) {
		b := members(p, 3000+seed, n)
		random := rand.New(rand.NewPCG(seed, 1))
		for r := range b.N { // the members have a quota of hues
			b.Columns[gHue].Codes[r] = int32(random.IntN(3) / 2)
		}
		r := judgeOnce(t, p, Options{Kinds: []string{KindStatistic}}, []*frame.Batch{b})
		if f := failed(r); slices.Contains(f, id) {
			t.Fatalf("seed %d: %v failed", seed, f)
		}
		for _, o := range r.Outcomes {
			if o.ID == id {
				g := o.Statistics[0]
				sum, squares, reported = sum+g.Reached, squares+g.Reached*g.Reached, reported+g.Error/rounds
			}
		}
	}
	mean := sum / rounds
	if sd := math.Sqrt(squares/rounds - mean*mean); math.Abs(mean-s.Expected[0]) > 4*sd/math.Sqrt(rounds) || math.Abs(reported-sd) > 0.1*sd {
		t.Errorf("mean %g ± %g, reported error %g, want a mean of %g", mean, sd, reported, s.Expected[0])
	}
	b := members(p, 7, 3000)
	for r := range b.N {
		b.Columns[gHue].Codes[r] = int32(r % 2)
	}
	if f := failed(judge(t, p, Options{Kinds: []string{KindStatistic}}, 1, []*frame.Batch{b})); !slices.Contains(f, id) {
		t.Errorf("with other shares %v failed, want %s", f, id)
	}
}
