package kind

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// The persons of random households have, on the scale of Linear, the mean size of the
// households; and the mean of the persons' sizes is in the interval that it implies.
func TestMeanAcrossUnits(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 7))
	s := &Statistic{Measure: Mean, Across: AcrossUnits}
	scores := []float64{1, 2, 3, 4, 5, 6, 7.6}
	a := agreement{least: 1, greatest: 7.6, leastUnit: leastUnit(append([]float64{0}, scores...))}
	for range 500 {
		var households, persons, reciprocals, sizes float64
		for _, x := range scores {
			n := math.Floor(math.Pow(random.Float64(), 3) * 100)
			households += n
			persons += n * x
			reciprocals += n * x * s.Linear(x)
			sizes += n * x * x
		}
		across := s.Linear(reciprocals / persons)
		if want := persons / households; math.Abs(across-want) > 1e-9 {
			t.Fatalf("mean across units is %g, want %g", across, want)
		}
		const share = 0.3
		r := share / across
		in := a.ofPersons(implied{low: r * (1 - 1e-9), high: r * (1 + 1e-9)}, share)
		if mean := sizes / persons; mean < in.low/share || mean > in.high/share {
			t.Errorf("a mean of %g across units implies %g to %g persons, and the persons have %g", across, in.low/share, in.high/share, mean)
		}
	}
}

// The ends of the intervals are those of the published figure, turned round.
func TestIntervalAcrossUnits(t *testing.T) {
	s := &Statistic{Measure: Mean, Across: AcrossUnits, Published: []float64{2.79, 1}, Rounded: []float64{0.02, 2}}
	if low, high := s.Interval(0); math.Abs(1/low-2.80) > 1e-12 || math.Abs(1/high-2.78) > 1e-12 {
		t.Errorf("got 1/%g to 1/%g, want 1/2.80 to 1/2.78", 1/low, 1/high)
	}
	if low, high := s.Interval(1); low != 0.5 || !math.IsInf(high, 1) {
		t.Errorf("got %g to %g, want 0.5 and no limit", low, high)
	}
}

// Statistics of fitted values agree or disagree on the published scale.
func TestDisagreeAcrossUnits(t *testing.T) {
	of := axis("a", 2)
	units := func(s *Statistic) *Statistic {
		s.Across = AcrossUnits
		return s
	}
	all := func(step, value float64) *Statistic { return statisticBy(Mean, axis("a", 1), 0, step, value) }
	j := &Joint{Fields: []string{"a"}, Slots: []int{2}, Mass: []float64{0.5, 0.5}}
	for name, c := range map[string]struct {
		first, second *Statistic
		agree         bool
	}{
		"harmonic":                {units(statisticBy(Mean, of, 0, 0.01, 2, 3)), units(all(0.01, 2.4)), true},
		"arithmetic":              {units(statisticBy(Mean, of, 0, 0.01, 2, 3)), units(all(0.01, 2.5)), false},
		"fewer persons than size": {units(statisticBy(Mean, of, 0, 0.01, 2, 3)), all(0.01, 2.3), false},
		"as many":                 {all(0.01, 2.41), units(statisticBy(Mean, of, 0, 0.01, 2, 3)), true},
		"more than the limits":    {all(0.01, 3.5), units(statisticBy(Mean, of, 0, 0.01, 2, 2)), false},
		"up to the limits":        {all(0.01, 2.99), units(statisticBy(Mean, of, 0, 0.01, 2, 2)), true},
	} {
		for _, s := range []*Statistic{c.first, c.second} {
			if len(s.Groups) == 1 {
				s.Of = &Selector{Case: []int32{1}}
			}
		}
		f := &Field{Name: "size", Scores: []float64{1, 2, 3, 4}, Statistics: []*Statistic{c.first, c.second}}
		compiler := &Compiler{Spec: &spec.Spec{}, Diags: &diag.List{}}
		if got := !compiler.Disagree(f, j); got != c.agree {
			t.Errorf("%s: agreement is %t, want %t: %v", name, got, c.agree, compiler.Diags.Items)
		}
	}
}
