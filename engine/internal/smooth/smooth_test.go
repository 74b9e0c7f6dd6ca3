package smooth

import (
	"math"
	"testing"
)

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// Class totals are exact to 1e-9 and no value is negative, whatever the classes are.
func TestSpreadKeepsClassTotals(t *testing.T) {
	for name, c := range map[string]struct {
		starts []int
		end    int
		counts []float64
		open   *Open
	}{
		"one class":      {[]int{0}, 10, []float64{50}, nil},
		"two classes":    {[]int{0, 3}, 10, []float64{50, 0}, nil},
		"a jump":         {[]int{0, 5, 10, 15, 20}, 30, []float64{100, 0, 0, 1000, 1}, nil},
		"single values":  {[]int{3, 4, 5, 6}, 7, []float64{5, 7, 1, 9}, nil},
		"open":           {[]int{0, 10, 20, 60, 80}, 110, []float64{10, 12, 45, 9, 3}, &Open{Slope: 0.1}},
		"open, too many": {[]int{0, 10}, 20, []float64{1, 1000}, &Open{Slope: 0.1}},
		"open, all":      {[]int{0}, 100, []float64{7}, &Open{Slope: 0.1}},
		"open, empty":    {[]int{0, 50}, 100, []float64{7, 0}, &Open{Slope: 0.1}},
		"survivors":      {[]int{0, 80}, 83, []float64{70, 6}, &Open{Survivors: []float64{8, 4, 2, 0}}},
	} {
		got := Spread(c.starts, c.end, c.counts, c.open)
		for i, n := range c.counts {
			to := c.end
			if i+1 < len(c.starts) {
				to = c.starts[i+1]
			}
			class := got[c.starts[i]-c.starts[0] : to-c.starts[0]]
			if math.Abs(sum(class)-n) > 1e-9*(1+n) {
				t.Errorf("%s: class %d has %v, want %v", name, i, sum(class), n)
			}
		}
		for i, v := range got {
			if !(v >= 0) {
				t.Errorf("%s: value %d is %v", name, i, v)
			}
		}
	}
}

// Counts of a smooth function are recovered from their ten-year classes to within 1 %,
// and within 10 % in the first and the last classes, where the slope at the end is a
// guess.
func TestSpreadRecoversSmoothCounts(t *testing.T) {
	truth := make([]float64, 100)
	for a := range truth {
		truth[a] = 1000 * math.Exp(-math.Pow(float64(a-35)/30, 2))
	}
	var starts []int
	var counts []float64
	for a := 0; a < 100; a += 10 {
		starts = append(starts, a)
		counts = append(counts, sum(truth[a:a+10]))
	}
	got := Spread(starts, 100, counts, nil)
	for a, want := range truth[:90] {
		within := 0.01
		if a < 15 || a >= 75 {
			within = 0.1
		}
		if math.Abs(got[a]-want) > within*want {
			t.Errorf("age %d: got %.2f, want %.2f within %g", a, got[a], want, within)
		}
	}
}

// An open class of a population with Gompertz's mortality is recovered within 4 % of
// each age up to 95, and its oldest are rare.
func TestSpreadOpenClass(t *testing.T) {
	const slope, hazard = 0.1, 0.05 // at 80
	truth := make([]float64, 110)
	for a := range truth {
		x := float64(a) + 0.5 - 80
		truth[a] = 1000 * math.Exp(-hazard/slope*(math.Exp(slope*x)-math.Exp(-8)))
	}
	var starts []int
	var counts []float64
	for a := 0; a < 80; a += 5 {
		starts = append(starts, a)
		counts = append(counts, sum(truth[a:a+5]))
	}
	starts, counts = append(starts, 80), append(counts, sum(truth[80:]))
	got := Spread(starts, 110, counts, &Open{Slope: slope})
	for a := 80; a <= 95; a++ {
		if math.Abs(got[a]-truth[a]) > 0.04*truth[a] {
			t.Errorf("age %d: got %.2f, want %.2f within 4 %%", a, got[a], truth[a])
		}
	}
	if got[109] > got[100]/20 {
		t.Errorf("got %g of age 109 and %g of age 100, want at most a twentieth", got[109], got[100])
	}
	if jump := got[80] / got[79]; jump < 0.85 || jump > 1.02 {
		t.Errorf("from age 79 to 80 the count changes by a factor of %g, want 0.85 to 1.02", jump)
	}
}

// The curve of an open class is the declared one.
func TestSpreadSurvivors(t *testing.T) {
	got := Spread([]int{0, 80}, 83, []float64{70, 70}, &Open{Survivors: []float64{8, 4, 2, 0}})
	for k, want := range []float64{42, 21, 7} {
		if math.Abs(got[80+k]-want) > 1e-9 {
			t.Errorf("value %d: got %v, want %v", 80+k, got[80+k], want)
		}
	}
}
