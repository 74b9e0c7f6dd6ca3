package fit

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"testing"
)

// reference is a case of testdata/reference.json: a dense seed, margins as counts
// or shares, and the published result of other programs.
type reference struct {
	ID      string    `json:"id"`
	Cards   []int     `json:"cards"`
	Seed    []float64 `json:"seed"`
	Margins []struct {
		Scope  []int     `json:"scope"`
		Values []float64 `json:"values"`
	} `json:"margins"`
	Feasible  bool      `json:"feasible"`
	Want      []float64 `json:"want"`
	Repair    *float64  `json:"repair"`
	Tolerance float64   `json:"tolerance"`
	Source    string    `json:"source"`
}

func references(t *testing.T) []reference {
	t.Helper()
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var rs []reference
	if err := json.Unmarshal(b, &rs); err != nil {
		t.Fatal(err)
	}
	return rs
}

// problem returns a problem with the seed as pattern and the margins as hard
// tables, and the sum of a margin.
func (r *reference) problem() (p *Problem, total float64) {
	p = &Problem{}
	all := make([]int, len(r.Cards))
	for i, c := range r.Cards {
		p.Vars = append(p.Vars, Var{Name: string(rune('a' + i)), Card: c})
		all[i] = i
	}
	p.Tables = append(p.Tables, full("seed", Pattern, all, r.Seed))
	for i, m := range r.Margins {
		p.Tables = append(p.Tables, full("margin "+string(rune('1'+i)), Hard, m.Scope, m.Values))
	}
	for _, x := range r.Margins[0].Values {
		total += x
	}
	return p, total
}

// full returns a table with one row whose cells are the configurations of its
// scope.
func full(name string, role Role, scope []int, values []float64) Table {
	t := Table{Name: name, Role: role, Scope: scope, Variance: 1, Row: make([]int32, len(values))}
	if role == Soft {
		t.Rho = 1
	}
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	for i, x := range values {
		t.Cell = append(t.Cell, int32(i))
		t.Share = append(t.Share, x/sum)
	}
	return t
}

// TestReferences fits the published cases.
func TestReferences(t *testing.T) {
	for _, r := range references(t) {
		t.Run(r.ID, func(t *testing.T) {
			p, total := r.problem()
			res, err := Fit(context.Background(), p, Options{})
			if !r.Feasible {
				checkRefused(t, &r, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			all := make([]int, len(r.Cards))
			for i := range all {
				all[i] = i
			}
			got, err := res.Marginal(all)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range r.Want {
				if d := math.Abs(got[i]*total - w); d > r.Tolerance {
					t.Errorf("cell %d is %.12g, want %.12g (%g apart)", i, got[i]*total, w, d)
				}
			}
		})
	}
}

func checkRefused(t *testing.T, r *reference, err error) {
	t.Helper()
	if r.Repair == nil {
		var e *NoSupportError
		if !errors.As(err, &e) {
			t.Fatalf("got error %v, want *NoSupportError", err)
		}
		return
	}
	var e *ImpossibleError
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want *ImpossibleError", err)
	}
	if !slices.Equal(e.Tables, []int{1, 2, 3}) || !e.Irreducible {
		t.Errorf("got tables %v, irreducible %v; want the three margins, irreducible", e.Tables, e.Irreducible)
	}
	if math.Abs(e.Repair-*r.Repair) > r.Tolerance || !e.Exact {
		t.Errorf("got repair %.12g (exact: %v), want %g", e.Repair, e.Exact, *r.Repair)
	}
	if e.AtLeast > *r.Repair+r.Tolerance || e.AtLeast < *r.Repair/2 {
		t.Errorf("got lower bound %g, want half of %g to all of it", e.AtLeast, *r.Repair)
	}
}

// TestStop compares the default stop with a fit that goes as far as rounding allows. No
// share differs by more than 1e-12; at a stop of 1e-9, four of the cases differ by more.
func TestStop(t *testing.T) {
	for _, r := range references(t) {
		if !r.Feasible {
			continue
		}
		t.Run(r.ID, func(t *testing.T) {
			p, _ := r.problem()
			all := make([]int, len(r.Cards))
			for i := range all {
				all[i] = i
			}
			cells := func(o Options) []float64 {
				res, err := Fit(context.Background(), p, o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := res.Marginal(all)
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			want := cells(Options{Stop: 1e-300})
			far := func(got []float64) (d float64) {
				for i := range got {
					d = max(d, math.Abs(got[i]-want[i]))
				}
				return d
			}
			if d := far(cells(Options{})); d > 1e-12 {
				t.Errorf("a share differs by %.2g", d)
			}
		})
	}
}
