package sample

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// filler is the interface of both samplers.
type filler interface {
	Fill(first int64, codes [][]int32)
}

func quota(t testing.TB, m *Model, n int64, seed uint64) *Quota {
	t.Helper()
	q, err := NewQuota(m, allocate(t, m, n, seed))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func independent(t testing.TB, m *Model, seed uint64) *Independent {
	t.Helper()
	q, err := NewIndependent(m, seed)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func columns(m *Model, n int) [][]int32 {
	out := make([][]int32, len(m.Vars))
	for v := range out {
		out[v] = make([]int32, n)
	}
	return out
}

func fill(m *Model, f filler, first int64, n int) [][]int32 {
	codes := columns(m, n)
	f.Fill(first, codes)
	return codes
}

// tabulate counts persons by configuration of a scope.
func tabulate(m *Model, codes [][]int32, scope []int) []int32 {
	cards := m.cards(scope)
	out := make([]int32, product(cards))
	to := strides(cards)
	for i := range codes[0] {
		c := 0
		for k, v := range scope {
			c += int(codes[v][i]) * to[k]
		}
		out[c]++
	}
	return out
}

// family returns a builder of a small population: two independent parts, and in the
// first, two variables that are independent given a third.
func family() *builder {
	b := newBuilder(3)
	b.step("guild", 4, nil, b.skewed(0.5, 0))
	b.step("hue", 3, []string{"guild"}, b.skewed(0.7, 0))
	b.step("tune", 3, []string{"guild"}, b.skewed(0.7, 0))
	b.step("craft", 5, []string{"hue", "guild"}, b.skewed(1, 0.3))
	b.step("star", 6, nil, b.skewed(0.5, 0))
	b.step("moon", 4, []string{"star"}, b.skewed(1, 0.2))
	for _, v := range b.model.Vars {
		b.control(1, of(v.Name))
	}
	b.control(2, of("guild"), of("hue"))
	b.control(2, of("craft"), of("hue"))
	return b
}

// withLeaves adds steps at the end that are in no control.
func withLeaves(b *builder) *Model {
	b.step("leaf", 40, []string{"guild"}, b.skewed(2, 0.5))
	b.step("twig", 7, []string{"leaf", "guild"}, b.skewed(1, 0.5))
	b.step("seed", 7, nil, b.skewed(1, 0))
	return &b.model
}

func TestQuotaIsTheAllocation(t *testing.T) {
	m := realistic()
	for _, n := range []int64{1, 2, 33, 5000} {
		a := allocate(t, m, n, 4)
		q, err := NewQuota(m, a)
		if err != nil {
			t.Fatal(err)
		}
		codes := fill(m, q, 0, int(n))
		for i := range m.Steps {
			want := make([]int32, len(m.Steps[i].Weight))
			for k, cell := range a.Steps[i].Cell {
				want[cell] = a.Steps[i].Count[k]
			}
			if !slices.Equal(tabulate(m, codes, m.Steps[i].scope()), want) {
				t.Errorf("n = %d: the persons' table of %q differs from its counts", n, m.Vars[m.Steps[i].Var].Name)
			}
		}
	}
}

func TestZeroCellsAreNeverUsed(t *testing.T) {
	m := realistic()
	const n = 20_000
	for name, f := range map[string]filler{"quota": quota(t, m, n, 1), "independent": independent(t, m, 1)} {
		codes := fill(m, f, 0, n)
		for i := range m.Steps {
			for c, k := range tabulate(m, codes, m.Steps[i].scope()) {
				if k > 0 && m.Steps[i].Weight[c] == 0 {
					t.Errorf("%s: %d persons in cell %d of %q, which has no weight", name, k, c, m.Vars[m.Steps[i].Var].Name)
				}
			}
		}
	}
}

// The last persons of a very large population are possible ones: no cell has more
// of them than persons were allocated.
func TestLastPersonsOfABillion(t *testing.T) {
	m := realistic()
	const n, part = 1_000_000_000, 3000
	a := allocate(t, m, n, 1)
	q, err := NewQuota(m, a)
	if err != nil {
		t.Fatal(err)
	}
	if q.Persons() != n {
		t.Errorf("Persons() = %d, want %d", q.Persons(), n)
	}
	codes := fill(m, q, n-part, part)
	for i := range m.Steps {
		got := tabulate(m, codes, m.Steps[i].scope())
		for k, cell := range a.Steps[i].Cell {
			got[cell] = max(got[cell]-a.Steps[i].Count[k], 0)
		}
		if left := slices.Max(got); left > 0 {
			t.Errorf("a cell of %q has %d more persons than were allocated", m.Vars[m.Steps[i].Var].Name, left)
		}
	}
}

// Any range of persons made separately, by several goroutines, equals that range of
// the whole population.
func TestRangesAgree(t *testing.T) {
	m := realistic()
	const n = 7000
	for name, f := range map[string]filler{"quota": quota(t, m, n, 9), "independent": independent(t, m, 9)} {
		whole := fill(m, f, 0, n)
		var wait sync.WaitGroup
		for _, r := range [][2]int{{0, 1}, {n - 1, 1}, {1000, 1100}, {4321, 7}, {2047, 2500}, {17, 1024}} {
			wait.Go(func() {
				part := fill(m, f, int64(r[0]), r[1])
				for v := range part {
					if !slices.Equal(part[v], whole[v][r[0]:r[0]+r[1]]) {
						t.Errorf("%s: %d persons from %d: %q differs from the whole", name, r[1], r[0], m.Vars[v].Name)
					}
				}
			})
		}
		wait.Wait()
	}
}

func TestLeavesChangeNothing(t *testing.T) {
	plain, leafy := &family().model, withLeaves(family())
	const n = 3000
	for _, seed := range []uint64{1, 2, 3} {
		before, after := allocate(t, plain, n, seed), allocate(t, leafy, n, seed)
		for i := range before.Steps {
			if !slices.Equal(before.Steps[i].Cell, after.Steps[i].Cell) || !slices.Equal(before.Steps[i].Count, after.Steps[i].Count) {
				t.Errorf("seed %d: leaves change the counts of %q", seed, plain.Vars[i].Name)
			}
		}
		samePrefix(t, plain, fill(plain, quota(t, plain, n, seed), 0, n), fill(leafy, quota(t, leafy, n, seed), 0, n))
		samePrefix(t, plain, fill(plain, independent(t, plain, seed), 0, n), fill(leafy, independent(t, leafy, seed), 0, n))
	}
}

func samePrefix(t *testing.T, m *Model, before, after [][]int32) {
	t.Helper()
	for v := range before {
		if !slices.Equal(before[v], after[v]) {
			t.Errorf("leaves change column %q", m.Vars[v].Name)
		}
	}
}

// A further step anywhere changes no other column of independent draws.
func TestIndependentStepsChangeNothing(t *testing.T) {
	b := family()
	plain := b.model
	b.step("leaf", 9, nil, b.skewed(1, 0))
	more := b.model
	more.Steps = slices.Concat(more.Steps[len(more.Steps)-1:], more.Steps[:len(more.Steps)-1])
	samePrefix(t, &plain, fill(&plain, independent(t, &plain, 1), 0, 500), fill(&more, independent(t, &more, 1), 0, 500))
}

// Variables that are independent in the model are independent in the sample. Within
// a configuration of the given variables, the values of two others are matched at
// random in a quota sample: Pearson's statistic of a table of n persons has the
// mean df*n/(n-1). The sum over seeds must be within 4.5 standard deviations.
func TestConditionalIndependence(t *testing.T) {
	m := withLeaves(family())
	b := &builder{model: *m}
	const n, seeds = 1500, 40
	for _, c := range []struct {
		left, right string
		given       []string
	}{
		{"hue", "tune", []string{"guild"}},
		{"craft", "tune", []string{"guild"}},
		{"leaf", "tune", []string{"guild"}},
		{"guild", "star", nil},
		{"craft", "moon", nil},
		{"seed", "guild", nil},
		{"seed", "star", nil},
		{"leaf", "moon", nil},
	} {
		var sum, mean, variance float64
		for seed := range uint64(seeds) {
			codes := fill(m, quota(t, m, n, seed), 0, n)
			x, df, expected := pearson(m, codes, b.variable(c.left), b.variable(c.right), b.scope(c.given))
			sum, mean, variance = sum+x, mean+expected, variance+2*df
		}
		if z := (sum - mean) / math.Sqrt(variance); math.Abs(z) > 4.5 {
			t.Errorf("%s and %s given %v: chi-square is %.1f standard deviations off", c.left, c.right, c.given, z)
		}
	}
}

// pearson returns Pearson's statistic for the independence of two variables within
// the configurations of others, its degrees of freedom, and its mean for random
// matching.
func pearson(m *Model, codes [][]int32, left, right int, given []int) (x, df, mean float64) {
	scope := append(slices.Clone(given), left, right)
	table := tabulate(m, codes, scope)
	l, r := m.Vars[left].Card, m.Vars[right].Card
	for g := 0; g < len(table); g += l * r {
		slice := table[g : g+l*r]
		rows, cols, n := make([]float64, l), make([]float64, r), 0.0
		for i, k := range slice {
			rows[i/r] += float64(k)
			cols[i%r] += float64(k)
			n += float64(k)
		}
		if n < 2 {
			continue
		}
		for i, k := range slice {
			if e := rows[i/r] * cols[i%r] / n; e > 0 {
				x += (float64(k) - e) * (float64(k) - e) / e
			}
		}
		d := float64((used(rows) - 1) * (used(cols) - 1))
		df += d
		mean += d * n / (n - 1)
	}
	return x, df, mean
}

func used(counts []float64) int {
	n := 0
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

// The first k of n persons are a sample without replacement: over many seeds counts
// have the hypergeometric mean and variance.
func TestPrefixIsASampleWithoutReplacement(t *testing.T) {
	m := &family().model
	const n, k, seeds = 400, 100, 1500
	var sum, square [4]float64
	var share [4]float64
	for seed := range uint64(seeds) {
		q := quota(t, m, n, seed)
		for c, x := range tabulate(m, fill(m, q, 0, k), []int{0}) {
			share[c] = math.Round(m.Controls[0].Share[c]*n) / n
			off := float64(x) - m.Controls[0].Share[c]*k
			sum[c] += off
			square[c] += off * off
		}
	}
	for c, p := range share {
		variance := k * p * (1 - p) * (n - k) / (n - 1)
		if z := sum[c] / math.Sqrt(seeds*variance); math.Abs(z) > 4.5 {
			t.Errorf("value %d: the mean is %.1f standard deviations off", c, z)
		}
		if ratio := square[c] / seeds / variance; ratio < 0.8 || ratio > 1.25 {
			t.Errorf("value %d: variance is %.2f of the hypergeometric", c, ratio)
		}
	}
}

// Independent draws follow the weights: Pearson's statistic of every step, with
// cells of fewer than five expected persons pooled, is below its mean plus 5
// standard deviations.
func TestIndependentFollowsTheWeights(t *testing.T) {
	m := realistic()
	const n = 100_000
	codes := fill(m, independent(t, m, 11), 0, n)
	for i := range m.Steps {
		x, df := 0.0, -1.0
		var restCount, restExpected float64
		for c, k := range tabulate(m, codes, m.Steps[i].scope()) {
			e := m.Steps[i].Weight[c] * n
			if e < 5 {
				restCount, restExpected = restCount+float64(k), restExpected+e
				continue
			}
			x += (float64(k) - e) * (float64(k) - e) / e
			df++
		}
		if restExpected > 0 {
			x += (restCount - restExpected) * (restCount - restExpected) / restExpected
			df++
		}
		if x > df+5*math.Sqrt(2*df) {
			t.Errorf("%q: chi-square %.0f at %.0f degrees of freedom", m.Vars[m.Steps[i].Var].Name, x, df)
		}
	}
}

// A few persons must be the same on every machine and in every later version.
func TestPinnedPersons(t *testing.T) {
	m := &Model{
		Vars: []Var{{Name: "hue", Card: 3}, {Name: "age", Card: 4, Ordered: true}},
		Steps: []Step{
			{Var: 0, Weight: []float64{0.5, 0.25, 0.25}},
			{Var: 1, Given: []int{0}, Weight: []float64{0.25, 0.125, 0.125, 0, 0.0625, 0.0625, 0.0625, 0.0625, 0, 0, 0.125, 0.125}},
		},
		Controls: []Control{
			{Name: "hue", Rank: 1, Scope: []int{0}, Cell: []int32{0, 1, 2}, Share: []float64{0.5, 0.25, 0.25}},
			{Name: "age", Rank: 1, Scope: []int{1}, Cell: []int32{0, 1, 2, 3}, Share: []float64{0.3125, 0.1875, 0.3125, 0.1875}},
		},
	}
	check := func(name string, f filler, want [2][]int32) {
		codes := fill(m, f, 0, 12)
		for v := range want {
			if !slices.Equal(codes[v], want[v]) {
				t.Errorf("%s: %s is %v, want %v", name, m.Vars[v].Name, codes[v], want[v])
			}
		}
	}
	check("quota", quota(t, m, 50, 2024), [2][]int32{
		{1, 0, 1, 2, 0, 0, 0, 0, 0, 2, 1, 1},
		{3, 0, 3, 3, 0, 2, 2, 0, 0, 2, 0, 1},
	})
	check("independent", independent(t, m, 2024), [2][]int32{
		{0, 0, 2, 2, 0, 2, 2, 1, 0, 2, 2, 2},
		{0, 0, 3, 3, 0, 3, 3, 2, 0, 2, 3, 2},
	})
}

func BenchmarkQuotaFill(b *testing.B) {
	m := realistic()
	const n = 100_000
	benchmarkFill(b, m, n, quota(b, m, n, 1))
}

func BenchmarkIndependentFill(b *testing.B) {
	m := realistic()
	benchmarkFill(b, m, 100_000, independent(b, m, 1))
}

// benchmarkFill fills n persons in batches, as a run does.
func benchmarkFill(b *testing.B, m *Model, n int, f filler) {
	const batch = 4000
	codes := columns(m, batch)
	for b.Loop() {
		for first := 0; first < n; first += batch {
			f.Fill(int64(first), codes)
		}
	}
}
