package fit

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func mustFit(t testing.TB, p *Problem) *Result {
	t.Helper()
	r, err := Fit(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func marginal(t testing.TB, r *Result, scope ...int) []float64 {
	t.Helper()
	x, err := r.Marginal(scope)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func near(t testing.TB, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d entries, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tolerance) {
			t.Fatalf("%s: entry %d is %.12g, want %.12g", what, i, got[i], want[i])
		}
	}
}

// chain returns a problem over three variables in two cliques, with a pattern.
func chain() *Problem {
	return &Problem{
		Vars: []Var{{"hue", 2}, {"zone", 3}, {"guild", 2}},
		Tables: []Table{
			full("hue x zone", Hard, []int{0, 1}, []float64{1, 2, 3, 4, 5, 6}),
			full("guild", Hard, []int{2}, []float64{2, 1}),
			full("zone x guild", Pattern, []int{1, 2}, []float64{5, 1, 1, 1, 1, 7}),
		},
	}
}

// TestReorder checks that the distribution does not depend on the order of
// variables, axes, categories or tables.
func TestReorder(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for seed := range uint64(40) {
		p, _ := randomProblem(rand.New(rand.NewPCG(seed, 2)))
		r, err := Fit(context.Background(), p, Options{Tolerance: 1e-12})
		if emptyUniverse(err) {
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		q, place, value := shuffled(p, rng)
		s, err := Fit(context.Background(), q, Options{Tolerance: 1e-12})
		if err != nil {
			t.Fatalf("seed %d, shuffled: %v", seed, err)
		}
		d, e := newDense(p), newDense(q)
		want, got := marginal(t, r, d.all...), marginal(t, s, e.all...)
		for k := range want {
			v := unravel(p.Vars, d.all, k)
			pos := 0
			for i := range q.Vars {
				old := slices.Index(place, i)
				pos = pos*q.Vars[i].Card + value[old][v[old]]
			}
			if math.Abs(got[pos]-want[k]) > 1e-9 {
				t.Fatalf("seed %d: cell %d is %g, shuffled %g", seed, k, want[k], got[pos])
			}
		}
	}
}

// shuffled returns the same problem in another order: variable i of p becomes
// variable place[i], its value x becomes value[i][x].
func shuffled(p *Problem, rng *rand.Rand) (q *Problem, place []int, value [][]int) {
	place = rng.Perm(len(p.Vars))
	q = &Problem{Vars: make([]Var, len(p.Vars))}
	for i, v := range p.Vars {
		q.Vars[place[i]] = v
		value = append(value, rng.Perm(v.Card))
	}
	// move returns the configuration of the new scope for configuration k of the old.
	move := func(old, scope []int, k int) int {
		v := unravel(p.Vars, old, k)
		pos := 0
		for _, s := range scope {
			o := slices.Index(place, s)
			pos = pos*p.Vars[o].Card + value[o][v[slices.Index(old, o)]]
		}
		return pos
	}
	turn := func(old []int) []int {
		scope := make([]int, len(old))
		for i, j := range rng.Perm(len(old)) {
			scope[i] = place[old[j]]
		}
		return scope
	}
	for _, i := range rng.Perm(len(p.Tables)) {
		t := p.Tables[i]
		scope := turn(t.Scope)
		cell := make([]int32, len(t.Cell))
		for k, c := range t.Cell {
			cell[move(t.Scope, scope, k)] = c
		}
		t.Scope, t.Cell = scope, cell
		q.Tables = append(q.Tables, t)
	}
	for _, s := range p.Supports {
		scope := turn(s.Scope)
		allowed := make([]bool, len(s.Allowed))
		for k, ok := range s.Allowed {
			allowed[move(s.Scope, scope, k)] = ok
		}
		q.Supports = append(q.Supports, Support{s.Name, scope, allowed})
	}
	return q, place, value
}

// TestImplied checks that a table which the others imply changes nothing.
func TestImplied(t *testing.T) {
	p := chain()
	want := marginal(t, mustFit(t, p), 0, 1, 2)
	p.Tables = append(p.Tables, full("zone", Hard, []int{1}, []float64{5, 7, 9}))
	conditional := full("hue given zone", Hard, []int{0, 1}, []float64{1, 2, 3, 4, 5, 6})
	for c := range conditional.Row {
		conditional.Row[c] = int32(c % 3)
		conditional.Share[c] = []float64{1. / 5, 2. / 7, 3. / 9, 4. / 5, 5. / 7, 6. / 9}[c]
	}
	p.Tables = append(p.Tables, conditional)
	near(t, "joint", marginal(t, mustFit(t, p), 0, 1, 2), want, 1e-9)
}

// TestSameBytes checks that two fits of one problem are equal to the last bit.
func TestSameBytes(t *testing.T) {
	p, _ := randomProblem(rand.New(rand.NewPCG(11, 1)))
	a, err := json.Marshal(mustFit(t, p))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(mustFit(t, p))
	if string(a) != string(b) {
		t.Error("two fits of the same problem differ")
	}
}

// TestReconcile has results calculated by hand. The share of hue 0 is 0.6 in table
// a and 0.5 in table b. Moving mass between the two regions has the variance
// V0 V1/(V0+V1) = 0.6 x 0.4 in a and 0.5 x 0.5 in b, each times the table's
// variance: with equal ones the difference of 0.1 is divided as 0.24 to 0.25.
func TestReconcile(t *testing.T) {
	cases := []struct {
		name       string
		varA, varB float64
		hue        float64 // reconciled share of hue 0
	}{
		{"equal variances", 1, 1, 0.6 - 0.1*0.24/0.49},
		{"no variances", 0, 0, 0.6 - 0.1*0.24/0.49},
		{"ten to one", 10, 1, 0.6 - 0.1*2.4/2.65},
		{"only the second moves", 0, 1, 0.6},
		{"only the first moves", 1, 0, 0.5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := &Problem{Vars: []Var{{"hue", 2}, {"zone", 2}, {"guild", 2}}, Tables: []Table{
				full("a", Hard, []int{0, 1}, []float64{0.3, 0.3, 0.2, 0.2}),
				full("b", Hard, []int{0, 2}, []float64{0.25, 0.25, 0.25, 0.25}),
			}}
			p.Tables[0].Variance, p.Tables[1].Variance = c.varA, c.varB
			p.Tables[0].Tolerance, p.Tables[1].Tolerance = 1, 1
			r := mustFit(t, p)
			near(t, "hue", marginal(t, r, 0), []float64{c.hue, 1 - c.hue}, 1e-9)
			near(t, "moved", []float64{r.Certificates[0].Moved, r.Certificates[1].Moved}, []float64{0.6 - c.hue, c.hue - 0.5}, 1e-9)
			if r.Elastic {
				t.Error("reconciled tables needed an elastic change")
			}
		})
	}
}

// TestReconcileEases checks that a table which the variances alone would move
// beyond its tolerance makes the other table move more.
func TestReconcileEases(t *testing.T) {
	p := &Problem{Vars: []Var{{"hue", 2}, {"zone", 2}, {"guild", 2}}, Tables: []Table{
		full("firm", Hard, []int{0, 1}, []float64{0.3, 0.3, 0.2, 0.2}),
		full("loose", Hard, []int{0, 2}, []float64{0.25, 0.25, 0.25, 0.25}),
	}}
	p.Tables[0].Tolerance, p.Tables[1].Tolerance = 0.001, 0.2
	r := mustFit(t, p)
	if m := r.Certificates[0].Moved; m > 0.001+1e-9 {
		t.Errorf("the firm table moved by %g", m)
	}
	if m := r.Certificates[1].Moved; m < 0.098 {
		t.Errorf("the loose table moved by %g only", m)
	}
}

// TestUniverse fits shares of a universe whose size is free, and then of one whose
// size another table gives.
func TestUniverse(t *testing.T) {
	inside := Table{Name: "guild in zone 0", Role: Hard, Scope: []int{1, 0}, Cell: []int32{0, 1, -1, -1},
		Row: []int32{0, 0}, Share: []float64{0.25, 0.75}, Variance: 1}
	p := &Problem{Vars: []Var{{"guild", 2}, {"zone", 2}}, Tables: []Table{inside}}
	// With a free size the result is the I-projection of the uniform distribution:
	// where D is the divergence of (1/4, 3/4) from uniform, the universe gets
	// exp(-D)/(1+exp(-D)).
	d := 0.25*math.Log(0.5) + 0.75*math.Log(1.5)
	w := math.Exp(-d) / (1 + math.Exp(-d))
	near(t, "free", marginal(t, mustFit(t, p), 1, 0), []float64{w / 4, w * 3 / 4, (1 - w) / 2, (1 - w) / 2}, 1e-10)

	p.Tables = append(p.Tables, full("zone", Hard, []int{1}, []float64{0.2, 0.8}))
	r := mustFit(t, p)
	near(t, "given", marginal(t, r, 1, 0), []float64{0.05, 0.15, 0.4, 0.4}, 1e-10)
	near(t, "mass", r.Certificates[0].Mass, []float64{0.2}, 1e-10)
	near(t, "fitted", r.Certificates[0].Fitted, []float64{0.25, 0.75}, 1e-10)
	share, mass, err := r.TableShares(&inside)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "shares", share, []float64{0.25, 0.75}, 1e-10)
	near(t, "masses", mass, []float64{0.2}, 1e-10)
}

// TestSoft has a closed form: on a uniform seed the logarithms of a soft table's
// shares go rho/(1+rho) of the way to the target. A hard table in the same problem is met.
func TestSoft(t *testing.T) {
	for _, rho := range []float64{0.1, 1, 30} {
		p := &Problem{Vars: []Var{{"hue", 3}, {"zone", 2}}, Tables: []Table{
			full("hue", Soft, []int{0}, []float64{1, 2, 7}),
			full("zone", Hard, []int{1}, []float64{1, 3}),
		}}
		p.Tables[0].Rho = rho
		want := []float64{math.Pow(0.1, rho/(1+rho)), math.Pow(0.2, rho/(1+rho)), math.Pow(0.7, rho/(1+rho))}
		normalise(want)
		r := mustFit(t, p)
		near(t, "hue", marginal(t, r, 0), want, 1e-8)
		near(t, "zone", marginal(t, r, 1), []float64{0.25, 0.75}, 1e-9)
	}
}

// TestSoftConditional checks the stationary point p/q = (target row/p)^rho of a soft
// table whose rows and universe have free masses, cell by cell.
func TestSoftConditional(t *testing.T) {
	share := []float64{0.1, 0.9, 0.6, 0.4}
	p := &Problem{Vars: []Var{{"hue", 3}, {"zone", 2}}, Tables: []Table{{Name: "zone given hue", Role: Soft,
		Scope: []int{0, 1}, Cell: []int32{0, 1, 2, 3, -1, -1}, Row: []int32{0, 0, 1, 1}, Share: share, Rho: 2}}}
	x := marginal(t, mustFit(t, p), 0, 1)
	for c, s := range share {
		row := x[c&^1] + x[c|1]
		if got, want := x[c]/x[4], math.Pow(s*row/x[c], 2); math.Abs(got-want) > 1e-7 {
			t.Errorf("cell %d: factor %g, want %g", c, got, want)
		}
	}
}

// TestPatternKeepsOddsRatio checks that a pattern gives the odds ratio and not the
// levels.
func TestPatternKeepsOddsRatio(t *testing.T) {
	p := &Problem{Vars: []Var{{"hue", 2}, {"zone", 2}}, Tables: []Table{
		full("shape", Pattern, []int{0, 1}, []float64{6, 1, 1, 2}),
		full("hue", Hard, []int{0}, []float64{1, 4}),
		full("zone", Hard, []int{1}, []float64{3, 2}),
	}}
	x := marginal(t, mustFit(t, p), 0, 1)
	if or := x[0] * x[3] / (x[1] * x[2]); math.Abs(or-12) > 1e-6 {
		t.Errorf("odds ratio %g, want 12", or)
	}
}

// TestLadder checks the error of every kind of impossible problem, with its indices.
func TestLadder(t *testing.T) {
	t.Run("inconsistent", func(t *testing.T) {
		p := &Problem{Vars: []Var{{"hue", 2}, {"zone", 2}, {"guild", 3}}, Tables: []Table{
			full("fine", Hard, []int{2}, []float64{1, 1, 1}),
			full("a", Hard, []int{0, 1}, []float64{0.3, 0.3, 0.2, 0.2}),
			full("b", Hard, []int{2, 0}, []float64{1, 1, 1, 1, 1, 1}),
		}}
		_, err := Fit(context.Background(), p, Options{})
		var e *InconsistentError
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		d := e.Disagreements[0]
		if len(e.Disagreements) != 1 || d.A != 1 || d.B != 2 || !slices.Equal(d.CellsA, []int{0, 1}) ||
			!slices.Equal(d.CellsB, []int{0, 2, 4}) || math.Abs(d.MassA-0.6) > 1e-12 || math.Abs(d.MassB-0.5) > 1e-12 ||
			math.Abs(d.TVD-0.1) > 1e-12 {
			t.Errorf("disagreements %+v", e.Disagreements)
		}
		if !strings.Contains(err.Error(), "tables a and b disagree") {
			t.Errorf("message %q", err)
		}
	})
	t.Run("margin against conditional", func(t *testing.T) {
		cond := full("zone given hue", Hard, []int{0, 1}, []float64{1, 1, 1, 1})
		cond.Row, cond.Share = []int32{0, 0, 1, 1}, []float64{0.5, 0.5, 0.1, 0.9}
		p := &Problem{Vars: []Var{{"hue", 2}, {"zone", 2}}, Tables: []Table{
			full("hue", Hard, []int{0}, []float64{1, 1}), full("zone", Hard, []int{1}, []float64{1, 1}), cond}}
		_, err := Fit(context.Background(), p, Options{})
		var e *InconsistentError
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		if d := e.Disagreements[0]; d.A != 1 || d.B != 2 || math.Abs(d.MassA-0.5) > 1e-12 || math.Abs(d.MassB-0.3) > 1e-12 {
			t.Errorf("disagreement %+v", d)
		}
	})
	t.Run("no support", func(t *testing.T) {
		p := &Problem{Vars: []Var{{"hue", 2}, {"zone", 2}}, Tables: []Table{
			full("hue", Hard, []int{0}, []float64{1, 1}), full("zone", Hard, []int{1}, []float64{1, 0})},
			Supports: []Support{
				{"harmless", []int{0}, []bool{true, true}},
				{"no hue 1 in zone 0", []int{0, 1}, []bool{true, true, false, true}},
			}}
		_, err := Fit(context.Background(), p, Options{})
		var e *NoSupportError
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		if e.Table != 0 || !slices.Equal(e.Cells, []int{1}) || !slices.Equal(e.Supports, []int{1}) || !slices.Equal(e.Tables, []int{1}) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("too large", func(t *testing.T) {
		p := &Problem{Vars: []Var{{"a", 100}, {"b", 100}, {"c", 100}}, Together: [][]int{{0, 1}},
			Tables: []Table{full("bc", Hard, []int{1, 2}, ones(10000)), full("ac", Hard, []int{0, 2}, ones(10000))}}
		_, err := Fit(context.Background(), p, Options{MaxCells: 50000})
		var e *TooLargeError
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		if e.Largest != 1e6 || e.Total != 1e6 || len(e.Remove)+len(e.Apart) != 1 || e.Without != 20000 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("far too large", func(t *testing.T) { // all 45 pairs of ten fields
		p := &Problem{}
		for i := range 10 {
			p.Vars = append(p.Vars, Var{string(rune('a' + i)), 5})
			for j := range i {
				p.Tables = append(p.Tables, full("pair", Hard, []int{j, i}, ones(25)))
			}
		}
		_, err := Fit(context.Background(), p, Options{MaxCells: 20000})
		var e *TooLargeError
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		rest := &Problem{Vars: p.Vars}
		for i := range p.Tables {
			if !slices.Contains(e.Remove, i) {
				rest.Tables = append(rest.Tables, p.Tables[i])
			}
		}
		if _, err := Fit(context.Background(), rest, Options{MaxCells: 20000}); err != nil {
			t.Errorf("without %d of the 45 tables: %v", len(e.Remove), err)
		}
		for _, i := range e.Remove {
			more := *rest
			more.Tables = append(slices.Clone(rest.Tables), p.Tables[i])
			if _, err := Fit(context.Background(), &more, Options{MaxCells: 20000}); err == nil {
				t.Errorf("table %d need not go", i)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := Fit(ctx, chain(), Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func ones(n int) []float64 {
	x := make([]float64, n)
	fill(x, 1)
	return x
}

// triangle returns a problem with three binary variables any two of which differ
// with probability d. It is possible up to d = 2/3. A fourth variable and its table
// are not involved.
func triangle(d float64) *Problem {
	p := &Problem{Vars: []Var{{"a", 2}, {"b", 2}, {"c", 2}, {"z", 3}}}
	p.Tables = append(p.Tables, full("az", Hard, []int{0, 3}, []float64{1, 2, 3, 1, 2, 3}))
	for _, s := range [][]int{{0, 1}, {2, 1}, {0, 2}} {
		p.Tables = append(p.Tables, full("pair", Hard, s, []float64{(1 - d) / 2, d / 2, d / 2, (1 - d) / 2}))
	}
	return p
}

// TestTriangle fits triangles that are possible, on the boundary, impossible, and
// repaired within tolerances.
func TestTriangle(t *testing.T) {
	if r := mustFit(t, triangle(0.6)); len(r.ForcedZeros) > 0 {
		t.Errorf("got forced zeros %v at 0.6, want none", r.ForcedZeros)
	}
	r := mustFit(t, triangle(2./3))
	near(t, "boundary", marginal(t, r, 0, 1, 2), []float64{0, 1. / 6, 1. / 6, 1. / 6, 1. / 6, 1. / 6, 1. / 6, 0}, 1e-9)
	if len(r.ForcedZeros) != 2 || r.Elastic {
		t.Errorf("got forced zeros %v, elastic %v; want the two corners, not elastic", r.ForcedZeros, r.Elastic)
	}
	_, err := Fit(context.Background(), triangle(0.7), Options{})
	var e *ImpossibleError
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if !slices.Equal(e.Tables, []int{1, 2, 3}) || !e.Irreducible || !e.Exact || math.Abs(e.Repair-0.2) > 1e-9 {
		t.Errorf("%+v", e)
	}
	p := triangle(0.67)
	for i := range p.Tables {
		p.Tables[i].Tolerance = 0.01
	}
	r = mustFit(t, p)
	if !r.Elastic {
		t.Error("got Elastic false, want true")
	}
	for _, c := range r.Certificates {
		if c.Moved > 0.01 || c.TVD > 1e-9 {
			t.Errorf("table %s moved by %g, TVD %g", c.Table, c.Moved, c.TVD)
		}
	}
}

// TestSlice compares Slice with conditioning a dense table.
func TestSlice(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		p, _ := randomProblem(rng)
		s := Support{Name: "slice", Scope: rng.Perm(len(p.Vars))[:2]}
		for range int(cells(p.Vars, s.Scope)) {
			s.Allowed = append(s.Allowed, rng.IntN(2) > 0)
		}
		s.Allowed[0] = true
		p.Together = [][]int{s.Scope}
		r, err := Fit(context.Background(), p, Options{})
		if emptyUniverse(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		d := newDense(p)
		copy(d.x, marginal(t, r, d.all...))
		for k := range d.x {
			if !s.Allowed[d.at(k, s.Scope)] {
				d.x[k] = 0
			}
		}
		want := normalise(d.x)
		cut, mass, err := r.Slice(s)
		if want == 0 {
			if err == nil {
				t.Fatal("an empty slice: got no error")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(mass-want) > 1e-12 {
			t.Fatalf("seed %d: mass %g, want %g", seed, mass, want)
		}
		near(t, "slice", marginal(t, cut, d.all...), d.x, 1e-12)
		for _, v := range d.all {
			if x := marginal(t, cut, v); math.Abs(sum(x)-1) > 1e-12 {
				t.Fatalf("margin of %d sums to %g, want 1", v, sum(x))
			}
		}
	}
	r := mustFit(t, chain())
	if _, _, err := r.Slice(Support{Name: "apart", Scope: []int{0, 2}, Allowed: make([]bool, 4)}); err == nil {
		t.Error("a slice across cliques: got no error")
	}
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// TestMarginalAcrossCliques compares marginals of several scopes with sums over the
// dense joint distribution.
func TestMarginalAcrossCliques(t *testing.T) {
	p := &Problem{Vars: []Var{{"a", 2}, {"b", 3}, {"c", 2}, {"d", 2}, {"e", 3}}}
	rng := rand.New(rand.NewPCG(5, 5))
	for _, s := range [][]int{{0, 1}, {1, 2}, {2, 3}} {
		var x []float64
		for range int(cells(p.Vars, s)) {
			x = append(x, 0.2+rng.Float64())
		}
		p.Tables = append(p.Tables, full("t", Pattern, s, x))
	}
	r := mustFit(t, p)
	d := newDense(p)
	copy(d.x, marginal(t, r, d.all...))
	for _, s := range [][]int{{0, 3}, {3, 0}, {4, 0}, {0, 2, 4}, {3, 1}, {2}} {
		want := make([]float64, int(cells(p.Vars, s)))
		for k, x := range d.x {
			want[d.at(k, s)] += x
		}
		near(t, "margin", marginal(t, r, s...), want, 1e-12)
	}
	ab, b, bc := marginal(t, r, 0, 1), marginal(t, r, 1), marginal(t, r, 1, 2)
	abc := marginal(t, r, 0, 1, 2)
	for k, x := range abc {
		v := unravel(p.Vars, []int{0, 1, 2}, k)
		if w := ab[v[0]*3+v[1]] * bc[v[1]*2+v[2]] / b[v[1]]; math.Abs(x-w) > 1e-12 {
			t.Fatalf("cell %v: %g, want %g", v, x, w)
		}
	}
}

// TestRealistic checks the certificates of the problem of the benchmark.
func TestRealistic(t *testing.T) {
	p := loadProblem(t, "realistic.json")
	r := mustFit(t, p)
	for i, c := range r.Certificates {
		if c.TVD > 1e-9 {
			t.Errorf("table %s: TVD %g", c.Table, c.TVD)
		}
		if c.Moved > p.Tables[i].Tolerance+1e-9 {
			t.Errorf("table %s moved by %g, more than %g", c.Table, c.Moved, p.Tables[i].Tolerance)
		}
		share, mass, err := r.TableShares(&p.Tables[i])
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.Table, share, c.Fitted, 1e-9)
		near(t, c.Table, mass, c.Mass, 1e-9)
	}
}
