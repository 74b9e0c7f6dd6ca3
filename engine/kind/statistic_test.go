package kind

import (
	"fmt"
	"math"
	"testing"

	"github.com/personagen/personagen/engine/diag"
)

// The mean of the values as written is the numerical integral of the rounded quantile
// function, to 2e-5 of the range of the middle 98 % and one misplaced point of the integral.
func TestMeanOfWrittenValues(t *testing.T) {
	limits := func(low, high, round float64) Limits {
		l := Limits{Round: round, Decimals: decimals(round)}
		if !math.IsInf(low, 0) {
			l.Min = &low
		}
		if !math.IsInf(high, 0) {
			l.Max = &high
		}
		return l
	}
	inf := math.Inf(1)
	for _, shape := range []Shape{
		{Kind: Normal, A: 10, B: 4},
		{Kind: Normal, A: -3, B: 2},
		{Kind: Lognormal, A: 2, B: 0.8},
		{Kind: Lognormal, A: 1, B: 0.1},
		{Kind: Beta, A: 2, B: 5, Low: 0, High: 30},
		{Kind: Uniform, A: -2, B: 17},
	} {
		for _, l := range []Limits{
			limits(-inf, inf, 0), limits(-inf, inf, 1), limits(-inf, inf, 0.01), limits(0, 12, 0), limits(0, 12, 5),
			limits(0.3, 12.2, 0.01), limits(1.5, inf, 1), limits(2, 9.99, 0.01), limits(-inf, 3, 0.5), limits(-4, 14, 10),
		} {
			d := newTruncated(shape, l)
			if d.mass < leastMass {
				continue
			}
			b := &numberFiller{p: &number{Limits: l}}
			if l.Round > 0 {
				b.lowest, b.highest = l.lowest(), l.highest()
			}
			const n = 50_000
			sum := 0.0
			for i := range n {
				sum += b.round(d.quantile((float64(i) + 0.5) / n))
			}
			spread := d.quantile(0.99) - d.quantile(0.01)
			if got, want := d.mean(l), sum/n; math.Abs(got-want) > 2e-5*spread+l.Round/n {
				t.Errorf("%v within %s: mean is %.9g, want %.9g", shape, limitsText(l), got, want)
			}
		}
	}
}

func limitsText(l Limits) string {
	text := fmt.Sprintf("round %g", l.Round)
	if l.Min != nil {
		text += fmt.Sprintf(" min %g", *l.Min)
	}
	if l.Max != nil {
		text += fmt.Sprintf(" max %g", *l.Max)
	}
	return text
}

// axis is a field with so many labels in a test.
func axis(name string, n int) *Field {
	f := &Field{Name: name, Class: Fitted, Domain: &Domain{}}
	for i := range n {
		f.Domain.Labels = append(f.Domain.Labels, fmt.Sprintf("%s%d", name, i))
	}
	return f
}

// statisticBy is a statistic of all groups of one field.
func statisticBy(measure string, f *Field, p, rounded float64, figures ...float64) *Statistic {
	n := len(figures)
	s := &Statistic{
		Measure: measure, P: p, By: []string{f.Name}, Of: newSelector(f), Published: figures, Role: make([]string, n),
		Mass: make([]float64, n), Reached: make([]float64, n), Expected: make([]float64, n), Places: make([]diag.Place, n),
	}
	for i := range figures {
		s.Groups, s.Rounded = append(s.Groups, f.Domain.Label(i)), append(s.Rounded, rounded)
		s.Of.Case[i] = int32(i + 1)
	}
	return s
}

// calibrated calibrates a number over the joint of some fields.
func calibrated(shape Shape, l Limits, j *Joint, statistics ...*Statistic) (*Field, *diag.List) {
	p := &number{Shapes: []Shape{shape}, Cases: newSelector(), Limits: l}
	f := &Field{Name: "pay", Class: Drawn, Program: p, Statistics: statistics}
	c := &Compiler{Diags: &diag.List{}}
	if c.addStatistics(p, f) {
		c.Calibrate(f, j, j, 1000)
	}
	return f, c.Diags
}

// Four tables of means over 490 cells, 66 of them empty, whose figures come from a
// common mean per cell, are all met to 1e-7.
func TestCalibrateSeveralTables(t *testing.T) {
	a, b, d := axis("a", 7), axis("b", 10), axis("d", 7)
	j := &Joint{Fields: []string{"a", "b", "d"}, Slots: []int{7, 10, 7}, Mass: make([]float64, 490)}
	total, empty := 0.0, 0
	truth := make([]float64, 490)
	for k := range j.Mass {
		if k*37%490 >= 66 {
			j.Mass[k] = 1 + float64(k*k%17)
		} else {
			empty++
		}
		total += j.Mass[k]
		truth[k] = 800 * math.Exp(0.3*math.Sin(float64(k))) * (1 + 0.1*float64(k/70))
	}
	if empty != 66 {
		t.Fatalf("%d cells are empty, want 66", empty)
	}
	means := func(of func(k int) int, n int) []float64 {
		sum, mass := make([]float64, n), make([]float64, n)
		for k, m := range j.Mass {
			sum[of(k)] += m * truth[k]
			mass[of(k)] += m
		}
		for i := range sum {
			sum[i] /= mass[i]
		}
		return sum
	}
	for k := range j.Mass {
		j.Mass[k] /= total
	}
	low := 0.0
	f, diags := calibrated(Shape{Kind: Lognormal, A: 6, B: 0.7}, Limits{Min: &low, Round: 10}, j,
		statisticBy(Mean, a, 0, 0.01, means(func(k int) int { return k / 70 }, 7)...),
		statisticBy(Mean, b, 0, 0.01, means(func(k int) int { return k / 7 % 10 }, 10)...),
		statisticBy(Mean, d, 0, 0.01, means(func(k int) int { return k % 7 }, 7)...))
	if len(diags.Items) > 0 {
		t.Fatal(diags.Items)
	}
	for _, s := range f.Statistics {
		for i, want := range s.Published {
			within(t, s.Title()+" "+s.Groups[i], s.Reached[i], want, 1e-7)
		}
	}
	// Figures rounded to 100 contradict each other, and are met within the rounding.
	round := func(x []float64) []float64 {
		for i := range x {
			x[i] = math.Round(x[i]/100) * 100
		}
		return x
	}
	f, diags = calibrated(Shape{Kind: Lognormal, A: 6, B: 0.7}, Limits{Min: &low, Round: 10}, j,
		statisticBy(Mean, a, 0, 100, round(means(func(k int) int { return k / 70 }, 7))...),
		statisticBy(Mean, b, 0, 100, round(means(func(k int) int { return k / 7 % 10 }, 10))...),
		statisticBy(Mean, d, 0, 100, round(means(func(k int) int { return k % 7 }, 7))...))
	if len(diags.Items) > 0 {
		t.Fatal(diags.Items)
	}
	for _, s := range f.Statistics {
		for i, want := range s.Published {
			if math.Abs(s.Reached[i]-want) > 50.001 {
				t.Errorf("%s %s: got %v, want %v within 50", s.Title(), s.Groups[i], s.Reached[i], want)
			}
		}
	}
}

// A quantile beside a mean decides the spread; a further one is tested only.
func TestCalibrateSpread(t *testing.T) {
	a := axis("a", 2)
	j := &Joint{Fields: []string{"a"}, Slots: []int{2}, Mass: []float64{0.3, 0.7}}
	low, high := 0.0, 50000.0
	f, diags := calibrated(Shape{Kind: Lognormal, A: 7, B: 0.5}, Limits{Min: &low, Max: &high, Round: 1}, j,
		statisticBy(Mean, a, 0, 1, 3000, 2000), statisticBy(Quantile, a, 0.9, 1, 5800, 3300), statisticBy(Median, a, 0.5, 1, 100, 200))
	for i := range 2 {
		within(t, "mean", f.Statistics[0].Reached[i], f.Statistics[0].Published[i], 1e-6)
		within(t, "quantile", f.Statistics[1].Reached[i], f.Statistics[1].Published[i], 1e-6)
		if f.Statistics[1].Role[i] != Spread || f.Statistics[2].Role[i] != Tested {
			t.Errorf("roles are %q and %q, want spread and tested", f.Statistics[1].Role[i], f.Statistics[2].Role[i])
		}
	}
	if len(diags.Items) != 1 || diags.Items[0].Code != "off" {
		t.Errorf("got %v, want a warning that the median is off", diags.Items)
	}
	if _, diags = calibrated(Shape{Kind: Lognormal, A: 7, B: 0.5}, Limits{}, j,
		statisticBy(Mean, a, 0, 1, 3000, 2000), statisticBy(Median, a, 0.5, 1, 3500, 1000)); len(diags.Items) != 1 || diags.Items[0].Code != "unreachable" {
		t.Errorf("a lognormal median above the mean: got %v", diags.Items)
	}
}

// Each fault of the figures is one error with its code.
func TestCalibrateRefuses(t *testing.T) {
	a, b := axis("a", 2), axis("b", 3)
	j := &Joint{Fields: []string{"a", "b"}, Slots: []int{2, 3}, Mass: []float64{0.2, 0.1, 0.2, 0.2, 0.1, 0.2}}
	diagonal := &Joint{Fields: []string{"a", "b"}, Slots: []int{2, 3}, Mass: []float64{0.5, 0, 0, 0, 0, 0.5}}
	low := 0.0
	pay := Shape{Kind: Lognormal, A: 6, B: 0.7}
	for name, c := range map[string]struct {
		shape      Shape
		joint      *Joint
		statistics []*Statistic
		code       string
	}{
		"disagree":       {pay, j, []*Statistic{statisticBy(Mean, a, 0, 1, 1000, 1000), statisticBy(Mean, b, 0, 1, 1010, 1010, 1010)}, "disagree"},
		"agree within":   {pay, j, []*Statistic{statisticBy(Mean, a, 0, 1, 1000, 1000), statisticBy(Mean, b, 0, 20, 1009, 1009, 1009)}, ""},
		"total and mean": {pay, j, []*Statistic{statisticBy(Mean, a, 0, 1, 1000, 1000), statisticBy(Total, a, 0, 1, 510000, 500000)}, "disagree"},
		"part":           {pay, diagonal, []*Statistic{statisticBy(Mean, a, 0, 1, 1000, 3000), statisticBy(Mean, b, 0, 1, 1100, 5, 2900)}, "disagree"},
		"zero mean":      {Shape{Kind: Normal, B: 2}, j, []*Statistic{statisticBy(Mean, a, 0, 1, 5, 5)}, "unreachable"},
		"negative":       {pay, j, []*Statistic{statisticBy(Mean, a, 0, 1, -5, 5)}, "unreachable"},
		"nobody":         {pay, diagonal, []*Statistic{statisticBy(Mean, b, 0, 1, 1000, 1000, 1000)}, "nobody"},
	} {
		_, diags := calibrated(c.shape, Limits{Min: &low}, c.joint, c.statistics...)
		code := ""
		for _, d := range diags.Items { // the error rather than a warning
			if code == "" || d.Severity == diag.Error {
				code = d.Code
			}
		}
		if code != c.code {
			t.Errorf("%s: got %v, want code %q", name, diags.Items, c.code)
		}
	}
}
