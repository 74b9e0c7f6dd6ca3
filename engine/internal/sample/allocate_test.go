package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

func allocate(t testing.TB, m *Model, n int64, seed uint64) *Allocation {
	t.Helper()
	a, err := Allocate(context.Background(), m, n, seed)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Controls of rank 1 are met within one person and those of rank 2 within two, at
// any size.
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

// checkExceptions recounts every control and compares with what is listed.
func checkExceptions(t *testing.T, m *Model, a *Allocation) {
	t.Helper()
	listed := map[[2]int]bool{}
	for _, e := range a.Exceptions {
		listed[[2]int{e.Control, e.Cell}] = true
	}
	for i := range m.Controls {
		c := &m.Controls[i]
		worst, beyond := 0.0, 0
		for cell, count := range m.tally(c, a) {
			off := math.Abs(float64(count) - c.Share[cell]*float64(a.N))
			worst = max(worst, off)
			if off > 1+whole {
				beyond++
			}
			if (off > 1+whole) != listed[[2]int{i, cell}] {
				t.Errorf("control %s cell %d is off by %.3f, listed: %v", c.Name, cell, off, listed[[2]int{i, cell}])
			}
		}
		if d := a.Deviations[i]; math.Abs(d.Worst-worst) > 1e-9*float64(a.N) || d.Beyond != beyond {
			t.Errorf("control %s: summary %+v, want %v and %d", c.Name, d, worst, beyond)
		}
	}
}

// Over many seeds counts have the expectation of the model, also in tables without
// a control: no cell is off by more than 0.3 persons, and cells on average by no
// more than 0.1, plus the sampling error of the means (for a cell 4.5 standard
// errors of a Poisson count, which is an upper bound; for the average 0.8, its
// mean).
func TestAllocateIsUnbiased(t *testing.T) {
	b := family()
	m := b.model
	b.control(3, of("craft"), of("guild"))
	b.control(3, of("craft"), of("hue"), of("guild"))
	b.control(3, of("tune"), of("guild"))
	b.control(3, of("star"), of("moon"))
	for _, n := range []int64{5, 60, 1000} {
		const seeds = 1000
		sums := make([][]float64, len(b.model.Controls))
		for k := range sums {
			sums[k] = make([]float64, len(b.model.Controls[k].Share))
		}
		for seed := range uint64(seeds) {
			a := allocate(t, &m, n, seed)
			for k := range sums {
				for cell, x := range m.tally(&b.model.Controls[k], a) {
					sums[k][cell] += float64(x)
				}
			}
		}
		for k := range sums {
			c := &b.model.Controls[k]
			off, noise := 0.0, 0.0
			for cell, p := range c.Share {
				e := p * float64(n)
				bias, se := math.Abs(sums[k][cell]/seeds-e), math.Sqrt(e/seeds)
				if bias > 0.3+4.5*se {
					t.Errorf("n = %d: cell %d of %q has %.2f persons on average, want %.2f", n, cell, c.Name, sums[k][cell]/seeds, e)
				}
				off, noise = off+bias, noise+0.8*se
			}
			if cells := float64(len(c.Share)); off > 0.1*cells+noise {
				t.Errorf("n = %d: the cells of %q are off by %.2f persons on average", n, c.Name, off/cells)
			}
		}
	}
}

// A control that contradicts the model cannot be met: its cells are listed, and a
// margin of rank 1 takes precedence over it.
func TestWhatCannotBeMetIsListed(t *testing.T) {
	b := newBuilder(1)
	b.step("guild", 2, nil, func(_ []int, v int) float64 { return 1 })
	b.step("hue", 2, []string{"guild"}, func(given []int, v int) float64 {
		if v == 1 && given[0] == 1 {
			return 0
		}
		return 1
	})
	m := &b.model
	m.Controls = []Control{
		{Name: "hue", Rank: 1, Scope: []int{1}, Cell: []int32{0, 1}, Share: []float64{0.75, 0.25}},
		{Name: "guild by hue", Rank: 2, Scope: []int{0, 1}, Cell: []int32{0, 1, 2, 3}, Share: []float64{0.25, 0.25, 0.25, 0.25}},
	}
	a := allocate(t, m, 100, 1)
	checkExceptions(t, m, a)
	if d := a.Deviations[0]; d.Worst > 1 {
		t.Errorf("hue is off by %v persons, want at most 1: rank 1 takes precedence over rank 2", d.Worst)
	}
	want := []Exception{{1, 2, 50, 25}, {1, 3, 0, 25}}
	if !slices.Equal(a.Exceptions, want) {
		t.Errorf("exceptions %v, want %v", a.Exceptions, want)
	}
}

// A control on single ages also constrains the bands that are placed before them.
func TestControlsReachEarlierSteps(t *testing.T) {
	b := newBuilder(2)
	b.step("sex", 2, nil, b.skewed(0.1, 0))
	b.step("band", 12, []string{"sex"}, b.skewed(0.3, 0))
	b.step("age", 60, []string{"band", "sex"}, func(given []int, v int) float64 {
		if v/5 != given[0] {
			return 0
		}
		return 1 + b.source.Float64()
	})
	b.control(1, grouped("age", cuts(20, 45)))
	b.control(1, grouped("age", cuts(18, 33)))
	b.control(2, of("age"), of("sex"))
	for seed := range uint64(20) {
		if a := allocate(t, &b.model, 700, seed); len(a.Exceptions) > 0 {
			t.Errorf("seed %d: exceptions %v", seed, a.Exceptions)
		}
	}
	settled := b.model.targets(b.model.enforcedLimits())
	if !slices.ContainsFunc(settled[1], func(t target) bool { return slices.Equal(t.scope, []int{1}) && len(t.share) == 3 }) {
		t.Error("the control on ages implies no target for the bands")
	}
}

// In random models the allocation belongs to its model, one-way margins are met
// within one person, and every exception is listed.
func TestAllocateRandomModels(t *testing.T) {
	for seed := range uint64(60) {
		m := randomModel(seed)
		n := int64(1) << (seed % 12)
		a := allocate(t, m, n+int64(seed), seed)
		if _, err := NewQuota(m, a); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		checkExceptions(t, m, a)
		for i, d := range a.Deviations {
			if m.Controls[i].Rank == 1 && d.Worst > 1+whole {
				t.Errorf("seed %d, n = %d: margin %s is off by %.2f", seed, a.N, m.Controls[i].Name, d.Worst)
			}
		}
	}
}

// randomModel returns a model of three to seven variables, each given a random part
// of an earlier step's scope, with all one-way margins and some tables as controls.
func randomModel(seed uint64) *Model {
	b := newBuilder(seed)
	for v := range 3 + b.source.Below(5) {
		var given []string
		if v > 0 && b.source.Below(5) > 0 {
			for _, w := range b.model.Steps[b.source.Below(v)].scope() {
				if b.source.Below(3) > 0 && len(given) < 3 {
					given = append(given, b.model.Vars[w].Name)
				}
			}
		}
		b.step(fmt.Sprint("v", v), 1+b.source.Below(6), given, b.skewed(1.5*b.source.Float64(), 0.3*b.source.Float64()))
	}
	for v := range b.model.Steps {
		scope := b.model.names(b.model.Steps[v].scope())
		b.control(1, of(scope[len(scope)-1]))
		if len(scope) > 1 {
			b.control(2, of(scope[len(scope)-1]), of(scope[b.source.Below(len(scope)-1)]))
			b.control(3, grouped(scope[len(scope)-1], modulo(2)), grouped(scope[0], from(1)))
		}
	}
	return &b.model
}

func TestAllocateIsReproducible(t *testing.T) {
	m := realistic()
	first, _ := allocate(t, m, 800, 5).MarshalBinary()
	again, _ := allocate(t, m, 800, 5).MarshalBinary()
	other, _ := allocate(t, m, 800, 6).MarshalBinary()
	if !bytes.Equal(first, again) {
		t.Error("the same input gave different allocations")
	}
	if bytes.Equal(first, other) {
		t.Error("different seeds gave the same allocation")
	}
}

func TestAllocateStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Allocate(ctx, realistic(), 500, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	for _, n := range []int64{-1, 0, MaxPersons + 1} {
		if _, err := Allocate(context.Background(), realistic(), n, 1); err == nil {
			t.Errorf("%d persons: got no error", n)
		}
	}
}

func ExampleAllocate() {
	m := &Model{
		Vars: []Var{{Name: "hue", Card: 2}, {Name: "tune", Card: 2}},
		Steps: []Step{
			{Var: 0, Weight: []float64{0.7, 0.3}},
			{Var: 1, Given: []int{0}, Weight: []float64{0.5, 0.2, 0, 0.3}},
		},
		Controls: []Control{{Name: "tune", Rank: 1, Scope: []int{1}, Cell: []int32{0, 1}, Share: []float64{0.5, 0.5}}},
	}
	a, err := Allocate(context.Background(), m, 10, 2024)
	if err != nil {
		fmt.Println(err)
		return
	}
	q, err := NewQuota(m, a)
	if err != nil {
		fmt.Println(err)
		return
	}
	codes := [][]int32{make([]int32, 10), make([]int32, 10)}
	q.Fill(0, codes)
	count := [2]int{}
	for _, tune := range codes[1] {
		count[tune]++
	}
	fmt.Println(count, len(a.Exceptions))
	// Output: [5 5] 0
}

func ExampleNewIndependent() {
	m := &Model{
		Vars:  []Var{{Name: "hue", Card: 2}},
		Steps: []Step{{Var: 0, Weight: []float64{0.7, 0.3}}},
	}
	q, err := NewIndependent(m, 2024)
	if err != nil {
		fmt.Println(err)
		return
	}
	whole, alone := [][]int32{make([]int32, 100)}, [][]int32{make([]int32, 1)}
	q.Fill(0, whole)
	q.Fill(42, alone)
	fmt.Println(whole[0][42] == alone[0][0])
	// Output: true
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

func BenchmarkRoundTable(b *testing.B) {
	source := rng.New(1, "rounding").Source()
	expected, size := randomTable(1260, 22, source)
	count := make([]int32, len(expected))
	for b.Loop() {
		roundTable(expected, 22, size, count, source)
	}
}
