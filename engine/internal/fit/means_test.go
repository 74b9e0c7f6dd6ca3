package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// sizes is a problem over sizes 1 to 5 and three regions, whose margin is fixed.
func sizes(means ...Mean) *Problem {
	return &Problem{
		Vars: []Var{{"size", 5}, {"region", 3}},
		Tables: []Table{
			full("region", Hard, []int{1}, []float64{5, 3, 2}),
			full("size", Pattern, []int{0}, []float64{3, 3, 2, 1, 1}),
		},
		Together: [][]int{{0, 1}},
		Means:    means,
	}
}

// byRegion demands means of size in the first regions.
func byRegion(half float64, targets ...float64) Mean {
	m := Mean{Name: "size by region", Scope: []int{0, 1}, Target: targets}
	for k := range 15 {
		m.Group, m.Score = append(m.Group, int32(k%3)), append(m.Score, float64(1+k/3))
		if k%3 >= len(targets) {
			m.Group[k] = -1
		}
	}
	for range targets {
		m.Below, m.Above = append(m.Below, half), append(m.Above, half)
	}
	return m
}

func overall(half, target float64) Mean {
	return Mean{Name: "size", Scope: []int{0}, Group: make([]int32, 5), Score: []float64{1, 2, 3, 4, 5}, Target: []float64{target}, Below: []float64{half}, Above: []float64{half}}
}

func meanSize(p []float64, region int) float64 {
	sum, mass := 0.0, 0.0
	for k, x := range p {
		if k%3 == region || region < 0 {
			sum += x * float64(1+k/3)
			mass += x
		}
	}
	return sum / mass
}

// Means are met to 1e-6 beside the tables, and the distribution in each region is an
// exponential tilt of the pattern: the logarithms of the ratios are linear in the size.
func TestMeansTilt(t *testing.T) {
	r := mustFit(t, sizes(byRegion(0, 2.9, 2.2), overall(0, 2.6)))
	p := marginal(t, r, 0, 1)
	near(t, "means", []float64{meanSize(p, 0), meanSize(p, 1), meanSize(p, -1)}, []float64{2.9, 2.2, 2.6}, 1e-6)
	near(t, "regions", marginal(t, r, 1), []float64{0.5, 0.3, 0.2}, 1e-9)
	pattern := []float64{3, 3, 2, 1, 1}
	for region := range 3 {
		var logs []float64
		for size := range 5 {
			logs = append(logs, math.Log(p[size*3+region]/pattern[size]))
		}
		for size := range 3 {
			if bend := logs[size] - 2*logs[size+1] + logs[size+2]; math.Abs(bend) > 1e-6 {
				t.Errorf("region %d: the tilt is not exponential: second difference %g", region, bend)
			}
		}
	}
	if err := r.Verify(sizes(byRegion(0, 2.9, 2.2), overall(0, 2.6))); err != nil {
		t.Error(err)
	}
	if err := r.Verify(sizes(byRegion(0, 2.9, 2.3))); err == nil {
		t.Error("a result without the mean was verified")
	}
}

// Means that contradict each other are met within their rounding, or refused and named.
func TestMeansContradict(t *testing.T) {
	r := mustFit(t, sizes(byRegion(0.05, 2.9, 2.2, 2.4), overall(0.05, 2.68)))
	p := marginal(t, r, 0, 1) // the regions imply 2.59
	for i, want := range []float64{2.68, 2.9, 2.2, 2.4} {
		if got := meanSize(p, i-1); math.Abs(got-want) > 0.05+1e-6 {
			t.Errorf("group %d: mean %g, want %g within 0.05", i-1, got, want)
		}
	}
	for name, c := range map[string]struct {
		p      *Problem
		missed int
		lone   bool
	}{
		"each other":   {sizes(byRegion(0.005, 2.9, 2.2, 2.4), overall(0.005, 2.68)), 4, false},
		"a hard table": {&Problem{Vars: []Var{{"size", 5}}, Tables: []Table{full("size", Hard, []int{0}, []float64{3, 3, 2, 1, 1})}, Means: []Mean{overall(0.01, 3)}}, 1, false},
		"the range":    {sizes(overall(0, 5)), 1, true},
	} {
		_, err := Fit(context.Background(), c.p, Options{})
		e, ok := errors.AsType[*MeansError](err)
		if !ok || len(e.Missed) == 0 || len(e.Missed) > c.missed || e.Missed[0].Lone != c.lone {
			t.Errorf("%s: got %v, want at most %d missed means", name, err, c.missed)
		}
	}
}

// A table of sizes and means by region are met together.
func TestMeansBesideTable(t *testing.T) {
	p := sizes(byRegion(0, 2.5, 2.2))
	p.Tables = append(p.Tables, full("sizes", Hard, []int{0}, []float64{2, 3, 3, 1, 1}))
	r := mustFit(t, p)
	near(t, "sizes", marginal(t, r, 0), []float64{0.2, 0.3, 0.3, 0.1, 0.1}, 1e-9)
	q := marginal(t, r, 0, 1)
	near(t, "means", []float64{meanSize(q, 0), meanSize(q, 1)}, []float64{2.5, 2.2}, 1e-6)
}

// A total is the mean times the mass of the group, whether a table fixes the mass or not.
func TestMeansTotals(t *testing.T) {
	for _, fixed := range []bool{true, false} {
		m := byRegion(0, 1.6, 0.5)
		m.Total = true
		p := sizes(m)
		if !fixed {
			p.Tables[0].Role = Pattern
		}
		r := mustFit(t, p)
		q := marginal(t, r, 0, 1)
		totals, masses := make([]float64, 3), make([]float64, 3)
		for k, x := range q {
			totals[k%3] += x * float64(1+k/3)
			masses[k%3] += x
		}
		near(t, "totals", totals[:2], []float64{1.6, 0.5}, 1e-6)
		if fixed {
			near(t, "masses", masses, []float64{0.5, 0.3, 0.2}, 1e-9)
		}
		if err := r.Verify(p); err != nil {
			t.Error(err)
		}
	}
}

// A free mean changes nothing where the distribution is within its bounds, and is brought
// to its target where it is not.
func TestMeansFree(t *testing.T) {
	free := func(target, below, above float64) Mean {
		m := overall(0, target)
		m.Free, m.Below, m.Above = true, []float64{below}, []float64{above}
		return m
	}
	alone := mustFit(t, sizes())
	bare := meanSize(marginal(t, alone, 0, 1), -1) // 2.4
	for _, c := range []struct{ target, below, above, want float64 }{
		{2.2, 0.1, 9, bare}, {2.6, 0.3, 0, bare}, {2.6, 0.1, 9, 2.6}, {2.2, 9, 0.1, 2.2},
	} {
		r := mustFit(t, sizes(free(c.target, c.below, c.above)))
		if got := meanSize(marginal(t, r, 0, 1), -1); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("target %g, -%g +%g: got %.9g, want %.9g", c.target, c.below, c.above, got, c.want)
		}
	}
}

// A target at the least score is met within its tolerance.
func TestMeansAtTheEdge(t *testing.T) {
	r := mustFit(t, sizes(overall(0.05, 1)))
	if got := meanSize(marginal(t, r, 0, 1), -1); got > 1.05 {
		t.Errorf("got %g, want at most 1.05", got)
	}
}

// While means move, tables are met roughly; in the end they are met as ever, after fewer
// sweeps than rounds of exact tables take.
func TestMeansSweeps(t *testing.T) {
	p := &Problem{Vars: []Var{{"a", 6}, {"b", 6}, {"c", 6}}, Together: [][]int{{0, 1}, {1, 2}, {0, 2}}}
	random := rand.New(rand.NewPCG(1, 2))
	q := make([]float64, 216)
	total := 0.0
	for k := range q {
		q[k] = random.Float64() * random.Float64()
		total += q[k]
	}
	joint := func(of func(k int) int, n int) []float64 {
		out := make([]float64, n)
		for k, x := range q {
			out[of(k)] += x / total
		}
		return out
	}
	p.Tables = append(p.Tables,
		full("ab", Hard, []int{0, 1}, joint(func(k int) int { return k / 6 }, 36)),
		full("bc", Hard, []int{1, 2}, joint(func(k int) int { return k % 36 }, 36)))
	m := Mean{Name: "c by a", Scope: []int{0, 2}, Target: make([]float64, 6), Below: make([]float64, 6), Above: make([]float64, 6)}
	mass := make([]float64, 6)
	for k, x := range joint(func(k int) int { return k/36*6 + k%6 }, 36) {
		m.Group, m.Score = append(m.Group, int32(k/6)), append(m.Score, float64(k%6))
		m.Target[k/6] += x * float64(k%6)
		mass[k/6] += x
	}
	for g := range m.Target {
		m.Target[g] /= mass[g]
	}
	p.Means = []Mean{m}
	r := mustFit(t, p)
	near(t, "ab", marginal(t, r, 0, 1), p.Tables[0].Share, 1e-9)
	near(t, "bc", marginal(t, r, 1, 2), p.Tables[1].Share, 1e-9)
	sum, n := make([]float64, 6), make([]float64, 6)
	for k, x := range marginal(t, r, 0, 2) {
		sum[k/6] += x * float64(k%6)
		n[k/6] += x
	}
	for g := range sum {
		sum[g] /= n[g]
	}
	near(t, "means", sum, m.Target, 1e-6)
	if r.Sweeps > 25 { // 18 where this was written, and 38 with tables met exactly in every round
		t.Errorf("the fit took %d sweeps", r.Sweeps)
	}
}

func TestMeansMalformed(t *testing.T) {
	for _, m := range []Mean{
		{Scope: []int{9}},
		{Scope: []int{0}, Group: []int32{0}, Score: []float64{1}},
		{Scope: []int{0}, Group: []int32{0, 0, 0, 0, 1}, Score: make([]float64, 5), Target: []float64{1}, Below: []float64{0}, Above: []float64{0}},
		{Scope: []int{0}, Group: make([]int32, 5), Score: []float64{1, 2, 3, 4, math.NaN()}, Target: []float64{1}, Below: []float64{0}, Above: []float64{0}},
		{Scope: []int{0}, Group: make([]int32, 5), Score: make([]float64, 5), Target: []float64{math.Inf(1)}, Below: []float64{0}, Above: []float64{0}},
	} {
		if _, err := Fit(context.Background(), sizes(m), Options{}); err == nil {
			t.Errorf("%+v was accepted", m)
		}
	}
}

// A mean may miss its target by Below on one side and by Above on the other.
func TestMeansOneSided(t *testing.T) {
	for name, c := range map[string]struct {
		target, below, above float64
		met                  bool
	}{
		"below": {2.7, 0.2, 0, true}, "not above": {2.7, 0, 0.2, false},
		"above": {2.5, 0, 0.2, true}, "not below": {2.5, 0.2, 0, false},
	} {
		m := overall(0, c.target)
		m.Below, m.Above = []float64{c.below}, []float64{c.above}
		p := sizes(m)
		p.Tables[1] = full("size", Hard, []int{0}, []float64{3, 2, 2, 2, 1}) // the mean is 2.6
		r, err := Fit(context.Background(), p, Options{})
		if (err == nil) != c.met {
			t.Errorf("%s: got %v, want met %t", name, err, c.met)
		}
		if err == nil && r.Verify(p) != nil {
			t.Errorf("%s: %v", name, r.Verify(p))
		}
	}
}

// Means that agree only within a coarse rounding leave every size some persons: the
// search for exact means, which empties sizes, is undone.
func TestMeansCoarse(t *testing.T) {
	m := Mean{Name: "reciprocal size", Scope: []int{0}, Group: make([]int32, 5), Target: []float64{1. / 3}, Below: []float64{1./3 - 1/3.5}, Above: []float64{1/2.5 - 1./3}}
	for size := range 5 {
		m.Score = append(m.Score, 1/float64(1+size))
	}
	p := sizes(m, byRegion(0.05, 2.8, 2.6, 2.7))
	r := mustFit(t, p)
	if err := r.Verify(p); err != nil {
		t.Error(err)
	}
	for size, share := range marginal(t, r, 0) {
		if share < 1e-4 {
			t.Errorf("size %d has a share of %g", 1+size, share)
		}
	}
}
