package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// conditional returns a table over hue and zone with a row per hue, whose masses
// are free; without a third hue it has a universe.
func conditional(role Role, universe bool) Table {
	t := Table{Name: "zone given hue", Role: role, Scope: []int{0, 1}, Cell: []int32{0, 1, 2, 3, 4, 5}, Row: []int32{0, 0, 1, 1, 2, 2},
		Share: []float64{0.1, 0.9, 0.6, 0.4, 0.5, 0.5}, Rho: 2}
	if universe {
		t.Cell, t.Row, t.Share = []int32{0, 1, 2, 3, -1, -1}, t.Row[:4], t.Share[:4]
	}
	return t
}

// TestDualDerivatives compares gradient and Hessian with differences of the dual
// function, for every kind of table.
func TestDualDerivatives(t *testing.T) {
	hue := func(role Role) Table { return full("hue", role, []int{0}, []float64{1, 2, 7}) }
	for _, c := range []struct {
		name  string
		table Table
	}{
		{"hard margin", hue(Hard)},
		{"soft margin", hue(Soft)},
		{"hard conditional", conditional(Hard, false)},
		{"soft conditional", conditional(Soft, false)},
		{"soft conditional in a universe", conditional(Soft, true)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &Problem{Vars: []Var{{"hue", 3}, {"zone", 2}, {"guild", 2}}, Tables: []Table{
				c.table, full("zone x guild", Hard, []int{1, 2}, []float64{2, 1, 1, 3}),
			}}
			s := startedSolver(t, p)
			rng := rand.New(rand.NewPCG(3, 4))
			for range 5 {
				const step = 1e-4
				up, down := make([][]float64, len(s.tables)), make([][]float64, len(s.tables))
				product := make([][]float64, len(s.tables))
				for i, x := range s.tables {
					d := make([]float64, x.size)
					for k := range d {
						d[k] = rng.NormFloat64()
					}
					x.centre(d, x.aim)
					for _, v := range d {
						up[i], down[i] = append(up[i], step*v), append(down[i], -step*v)
					}
					product[i] = make([]float64, x.size)
				}
				slope := dotAll(s.gradient(), up)
				s.hessian(up, product)
				curve := dotAll(up, product)
				plus, minus := gainOf(s, up), gainOf(s, down)
				if got := (plus - minus) / 2; math.Abs(got-slope) > 1e-3*math.Abs(slope)+1e-9 {
					t.Errorf("first difference %g, gradient %g", got, slope)
				}
				if got := -(plus + minus); c.table.Role == Hard && s.tables[0].absolute && math.Abs(got-curve) > 1e-3*curve+1e-12 {
					t.Errorf("second difference %g, Hessian %g", got, curve)
				}
			}
		})
	}
}

// startedSolver returns a solver after one tour, with a few tables unmet.
func startedSolver(t *testing.T, p *Problem) *solver {
	t.Helper()
	f := &fitting{p: p, o: Options{}.withDefaults()}
	var err error
	if f.cliques, err = buildTree(p, f.o.MaxCells); err != nil {
		t.Fatal(err)
	}
	for i := range p.Tables {
		f.tables = append(f.tables, newTable(p.Vars, i, &p.Tables[i]))
	}
	if f.tree, err = support(p, f.cliques, f.tables); err != nil {
		t.Fatal(err)
	}
	f.possible = possibleCells(f.tree)
	f.reset()
	f.tree.calibrate()
	s := f.solver(StageFit, f.tables)
	s.tour()
	s.gradient()
	return s
}

// gainOf returns the gain of a step and takes the step back.
func gainOf(s *solver, dir [][]float64) float64 {
	s.tree.save(&s.saved)
	old := s.duals()
	step := make([][]float64, len(dir))
	for i := range dir {
		step[i] = append([]float64(nil), dir[i]...)
	}
	gain := s.move(step)
	s.tree.restore(&s.saved)
	for i, t := range s.tables {
		copy(t.dual, old[i])
	}
	s.gradient()
	return gain
}

// A conditional table whose row masses are free takes part in a contradiction, and
// in its repair within tolerances.
func TestElasticConditional(t *testing.T) {
	problem := func(d, tolerance float64) *Problem {
		p := triangle(d)
		p.Vars[3].Card = 2
		p.Tables = p.Tables[1:3] // ab and cb
		ac := Table{Name: "ac given z", Role: Hard, Scope: []int{3, 0, 2}, Variance: 1, Row: []int32{0, 0, 0, 0, 1, 1, 1, 1}}
		for c := range 8 {
			ac.Cell = append(ac.Cell, int32(c))
			ac.Share = append(ac.Share, []float64{(1 - d) / 2, d / 2, d / 2, (1 - d) / 2}[c%4])
		}
		p.Tables = append(p.Tables, ac)
		for i := range p.Tables {
			p.Tables[i].Tolerance = tolerance
		}
		return p
	}
	if r := mustFit(t, problem(0.66, 0)); r.Elastic {
		t.Error("possible tables: got an elastic fit")
	}
	r := mustFit(t, problem(0.67, 0.01))
	if !r.Elastic {
		t.Error("tables that are repaired: got Elastic false")
	}
	total := 0.0
	for _, c := range r.Certificates {
		if c.Moved > 0.01 || c.TVD > 1e-9 {
			t.Errorf("table %s moved by %g, TVD %g", c.Table, c.Moved, c.TVD)
		}
		total += 2 * c.Moved
	}
	// At least 3 x 0.67 - 2 more persons differ than can.
	if least := 2 * (3*0.67 - 2); total < least-1e-9 || total > 1.5*least {
		t.Errorf("moved by %g in total, want about %g", total, least)
	}
	var impossible *ImpossibleError
	if _, err := Fit(context.Background(), problem(0.7, 0), Options{}); !errors.As(err, &impossible) {
		t.Fatalf("got error %v, want an *ImpossibleError", err)
	}
	if len(impossible.Tables) != 3 || impossible.AtLeast > 0.2+1e-9 || impossible.Repair < 0.2-1e-9 {
		t.Errorf("got tables %v, change of %g to %g; want all three and 0.2", impossible.Tables, impossible.AtLeast, impossible.Repair)
	}
}

// What may be empty may be impossible: a row of free mass, and the outside of a
// universe. A row of known mass may not.
func TestImpossibleParts(t *testing.T) {
	noHue := func(hue int) []Support {
		s := Support{Name: "no such hue", Scope: []int{0}, Allowed: []bool{true, true, true}}
		s.Allowed[hue] = false
		return []Support{s}
	}
	vars := []Var{{"hue", 3}, {"zone", 2}}
	r := mustFit(t, &Problem{Vars: vars, Supports: noHue(1), Tables: []Table{conditional(Hard, false)}})
	near(t, "masses with an impossible row", r.Certificates[0].Mass[1:2], []float64{0}, 0)
	near(t, "shares of the impossible row", r.Certificates[0].Fitted[2:4], []float64{0.6, 0.4}, 0)

	r = mustFit(t, &Problem{Vars: vars, Supports: noHue(2), Tables: []Table{conditional(Hard, true)}})
	near(t, "hue with an impossible outside", marginal(t, r, 0)[2:], []float64{0}, 0)

	var e *NoSupportError
	_, err := Fit(context.Background(), &Problem{Vars: vars, Supports: noHue(1), Tables: []Table{
		full("hue", Hard, []int{0}, []float64{1, 1, 1}), conditional(Hard, false)}}, Options{})
	if !errors.As(err, &e) || e.Table != 0 {
		t.Errorf("got error %v, want a *NoSupportError of table 0", err)
	}
}

// The result says how large the tree is.
func TestSizeOfTheTree(t *testing.T) {
	r := mustFit(t, chain()) // cliques of hue x zone and zone x guild
	if r.Cells != 12 || r.Largest != 6 || r.Sweeps < 1 {
		t.Errorf("got %d cells, the largest clique %d, %d sweeps; want 12, 6 and at least 1", r.Cells, r.Largest, r.Sweeps)
	}
}
