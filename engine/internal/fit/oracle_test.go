package fit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// dense is a brute-force fit: one table over all variables.
type dense struct {
	p   *Problem
	all []int
	x   []float64
}

func newDense(p *Problem) *dense {
	d := &dense{p: p}
	for i := range p.Vars {
		d.all = append(d.all, i)
	}
	d.x = make([]float64, int(cells(p.Vars, d.all)))
	fill(d.x, 1)
	for _, s := range p.Supports {
		for k := range d.x {
			if !s.Allowed[d.at(k, s.Scope)] {
				d.x[k] = 0
			}
		}
	}
	normalise(d.x)
	return d
}

// at returns the position of dense cell k in a scope, in the scope's order.
func (d *dense) at(k int, scope []int) int {
	v := unravel(d.p.Vars, d.all, k)
	pos := 0
	for _, s := range scope {
		pos = pos*d.p.Vars[s].Card + v[s]
	}
	return pos
}

func (d *dense) cells(t *Table) []int {
	out := make([]int, len(d.x))
	for k := range out {
		out[k] = int(t.Cell[d.at(k, t.Scope)])
	}
	return out
}

// project is the I-projection onto one table, written from its definition. It
// returns the largest deviation of a cell before it.
func (d *dense) project(t *Table, cell []int) float64 {
	mass := make([]float64, len(t.Share))
	row := make([]float64, len(t.Share))
	for k, c := range cell {
		if c >= 0 {
			mass[c] += d.x[k]
			row[t.Row[c]] += d.x[k]
		}
	}
	off := 0.0
	kl := make([]float64, len(t.Share))
	for c, r := range t.Row {
		off = max(off, math.Abs(mass[c]-t.Share[c]*row[r]))
		if t.Share[c] > 0 && mass[c] > 0 {
			kl[r] += t.Share[c] * math.Log(t.Share[c]*row[r]/mass[c])
		}
	}
	for k, c := range cell {
		if c < 0 || d.x[k] == 0 {
			continue
		}
		r := t.Row[c]
		d.x[k] *= t.Share[c] * row[r] / mass[c] * math.Exp(-kl[r])
	}
	normalise(d.x)
	return off
}

// fit is cyclic fitting. It returns false when it does not converge.
func (d *dense) fit(role Role) bool {
	var tables []*Table
	var cell [][]int
	for i := range d.p.Tables {
		if t := &d.p.Tables[i]; t.Role == role {
			tables = append(tables, t)
			cell = append(cell, d.cells(t))
		}
	}
	for range 20000 {
		off := 0.0
		for i, t := range tables {
			off = max(off, d.project(t, cell[i]))
		}
		if off < 1e-14 {
			return true
		}
	}
	return false
}

// randomProblem returns a problem whose hard tables are those of a random
// distribution, which it returns too: margins, groupings, universes and
// conditionals over random scopes, perhaps a pattern and a support.
func randomProblem(rng *rand.Rand) (*Problem, []float64) {
	p := &Problem{}
	for i := range 3 + rng.IntN(3) {
		p.Vars = append(p.Vars, Var{Name: fmt.Sprintf("v%d", i), Card: 1 + rng.IntN(4)})
	}
	if rng.IntN(2) == 0 {
		s := Support{Name: "s", Scope: rng.Perm(len(p.Vars))[:2]}
		for range int(cells(p.Vars, s.Scope)) {
			s.Allowed = append(s.Allowed, rng.IntN(5) > 0)
		}
		s.Allowed[0] = true
		p.Supports = append(p.Supports, s)
	}
	d := newDense(p)
	truth := slices.Clone(d.x)
	for k := range truth {
		truth[k] *= 0.05 + rng.ExpFloat64()
	}
	normalise(truth)
	for i := range 2 + rng.IntN(4) {
		t := randomTable(p, rng, i)
		readOff(d, &t, truth)
		p.Tables = append(p.Tables, t)
	}
	if rng.IntN(2) == 0 {
		scope := rng.Perm(len(p.Vars))[:2]
		var x []float64
		for range int(cells(p.Vars, scope)) {
			x = append(x, 0.1+rng.ExpFloat64())
		}
		p.Tables = append(p.Tables, full("pattern", Pattern, scope, x))
	}
	return p, truth
}

// randomTable returns a random table without shares.
func randomTable(p *Problem, rng *rand.Rand, i int) Table {
	n := min(1+rng.IntN(3), len(p.Vars))
	t := Table{Name: fmt.Sprintf("t%d", i), Role: Hard, Scope: rng.Perm(len(p.Vars))[:n], Variance: 1}
	size := int(cells(p.Vars, t.Scope))
	kind := rng.IntN(4)
	groups := size
	if kind == 1 {
		groups = 1 + rng.IntN(size)
	}
	first := p.Vars[t.Scope[0]].Card
	for c := range size {
		t.Cell = append(t.Cell, int32(c%groups))
		if kind == 2 && c > 0 && rng.IntN(3) == 0 {
			t.Cell[c] = -1
		}
	}
	t.Row = make([]int32, groups)
	if kind == 3 {
		for c := range t.Row {
			t.Row[c] = int32(c / (size / first))
		}
	}
	return t
}

// readOff sets a table's shares to those of a distribution.
func readOff(d *dense, t *Table, x []float64) {
	mass := make([]float64, len(t.Row))
	row := make([]float64, len(t.Row))
	n := make([]float64, len(t.Row))
	for k, c := range d.cells(t) {
		if c >= 0 {
			mass[c] += x[k]
			row[t.Row[c]] += x[k]
		}
	}
	for _, r := range t.Row {
		n[r]++
	}
	t.Share = make([]float64, len(mass))
	for c, r := range t.Row {
		if row[r] > 0 {
			t.Share[c] = mass[c] / row[r]
		} else {
			t.Share[c] = 1 / n[r]
		}
	}
}

func divergence(p, q []float64) float64 {
	d := 0.0
	for i, x := range p {
		if x > 0 {
			d += x * math.Log(x/q[i])
		}
	}
	return d
}

// TestOracle compares fits of small random problems with brute force, and checks
// the Pythagorean identity KL(truth|seed) = KL(truth|fit) + KL(fit|seed), which
// characterises the I-projection (Csiszar 1975, theorem 3.1).
func TestOracle(t *testing.T) {
	compared := 0
	for seed := range uint64(300) {
		p, truth := randomProblem(rand.New(rand.NewPCG(seed, 1)))
		r, err := Fit(context.Background(), p, Options{Tolerance: 1e-13})
		if err != nil {
			if emptyUniverse(err) {
				continue
			}
			t.Fatalf("seed %d: %v", seed, err)
		}
		d := newDense(p)
		d.fit(Pattern)
		start := slices.Clone(d.x)
		if !d.fit(Hard) {
			continue // brute force converges too slowly
		}
		compared++
		got, err := r.Marginal(d.all)
		if err != nil {
			t.Fatal(err)
		}
		for k, w := range d.x {
			if math.Abs(got[k]-w) > 1e-9 {
				t.Fatalf("seed %d: cell %d is %.12g, want %.12g", seed, k, got[k], w)
			}
		}
		left, right := divergence(truth, start), divergence(truth, got)+divergence(got, start)
		if math.Abs(left-right) > 1e-8*(1+left) {
			t.Fatalf("seed %d: KL %.12g != %.12g", seed, left, right)
		}
	}
	if compared < 200 {
		t.Fatalf("compared %d problems, want at least 200", compared)
	}
}

// emptyUniverse reports whether a fit failed because a random support left a
// table's universe empty, which is an error by design.
func emptyUniverse(err error) bool {
	_, ok := err.(*NoSupportError)
	return ok
}
