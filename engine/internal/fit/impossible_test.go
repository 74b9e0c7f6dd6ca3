package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// randomPairs returns a problem over binary variables with even margins, so that
// any two tables agree, and random probabilities that two variables differ. It may
// be possible or not.
func randomPairs(rng *rand.Rand) *Problem {
	p := &Problem{Vars: []Var{{"a", 2}, {"b", 2}, {"c", 2}, {"d", 2}}}
	for i := range p.Vars {
		for j := range i {
			if rng.IntN(5) > 0 {
				d := 0.1 + 0.7*rng.Float64()
				p.Tables = append(p.Tables, full(string(rune('a'+j))+string(rune('a'+i)), Hard, []int{j, i},
					[]float64{(1 - d) / 2, d / 2, d / 2, (1 - d) / 2}))
			}
		}
	}
	return p
}

// repairOf returns the least repair of a set of a problem's tables.
func repairOf(t *testing.T, p *Problem, set []int) float64 {
	t.Helper()
	var tables []*table
	for _, i := range set {
		tables = append(tables, newTable(p.Vars, i, &p.Tables[i]))
	}
	least, ok := leastRepair(p, tables)
	if !ok {
		t.Fatal("the linear programme failed")
	}
	return least
}

// TestPossibleOrNot checks that a fit succeeds exactly when the linear programme
// finds the tables possible, and that otherwise the set in the error is impossible
// and irreducible.
func TestPossibleOrNot(t *testing.T) {
	possible, impossible := 0, 0
	for seed := range uint64(250) {
		p := randomPairs(rand.New(rand.NewPCG(seed, 4)))
		all := make([]int, len(p.Tables))
		for i := range all {
			all[i] = i
		}
		if len(all) == 0 {
			continue
		}
		least := repairOf(t, p, all)
		_, err := Fit(context.Background(), p, Options{})
		if least < 1e-9 {
			possible++
			if err != nil {
				t.Errorf("seed %d: possible, but %v", seed, err)
			}
			continue
		}
		impossible++
		var e *ImpossibleError
		if !errors.As(err, &e) {
			t.Errorf("seed %d: impossible by %g, got %v", seed, least, err)
			continue
		}
		if !e.Irreducible || !e.Exact {
			t.Errorf("seed %d: irreducible %v, exact %v", seed, e.Irreducible, e.Exact)
		}
		if e.AtLeast > e.Repair+1e-9 {
			t.Errorf("seed %d: bound %g above the repair %g", seed, e.AtLeast, e.Repair)
		}
		if r := repairOf(t, p, e.Tables); r < 1e-9 || math.Abs(r-e.Repair) > 1e-9 {
			t.Errorf("seed %d: got repair %g of the set %v, want %g", seed, e.Repair, e.Tables, r)
		}
		for i := range e.Tables {
			var rest []int
			for j, x := range e.Tables {
				if j != i {
					rest = append(rest, x)
				}
			}
			if len(rest) > 0 && repairOf(t, p, rest) > 1e-9 {
				t.Errorf("seed %d: %v is impossible without table %d", seed, e.Tables, e.Tables[i])
			}
		}
	}
	if possible < 50 || impossible < 50 {
		t.Fatalf("got %d possible and %d impossible problems, want at least 50 of each", possible, impossible)
	}
}

// TestElasticCertificate checks that impossible tables with large tolerances are
// repaired within them, by at most twice the least change.
func TestElasticCertificate(t *testing.T) {
	repaired := 0
	for seed := range uint64(120) {
		p := randomPairs(rand.New(rand.NewPCG(seed, 4)))
		all := make([]int, len(p.Tables))
		for i := range all {
			all[i] = i
			p.Tables[i].Tolerance = 0.2
		}
		if len(all) == 0 {
			continue
		}
		least := repairOf(t, p, all)
		r, err := Fit(context.Background(), p, Options{})
		if err != nil {
			var e *ImpossibleError
			if !errors.As(err, &e) {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		moved := 0.0
		for _, c := range r.Certificates {
			moved += 2 * c.Moved
			if c.Moved > 0.2+1e-9 || c.TVD > 1e-9 {
				t.Errorf("seed %d: table %s moved %g, TVD %g", seed, c.Table, c.Moved, c.TVD)
			}
		}
		if moved < least-1e-9 || moved > 2*least+1e-6 {
			t.Errorf("seed %d: moved by %g in total, the least is %g", seed, moved, least)
		}
		if r.Elastic {
			repaired++
		}
	}
	if repaired < 20 {
		t.Fatalf("got %d elastic repairs, want at least 20", repaired)
	}
}

// TestProofTolerance: the triangle at 0.7 needs a total change of 0.2. Its four
// tables may each be off by a total variation distance of Options.Tolerance,
// that is by a total change of twice as much. Only where all four together allow
// less than 0.2 is there a proof that the tables are impossible.
func TestProofTolerance(t *testing.T) {
	const limit = 0.2 / (2 * 4)
	var impossible *ImpossibleError
	if _, err := Fit(context.Background(), triangle(0.7), Options{Tolerance: 0.96 * limit}); !errors.As(err, &impossible) {
		t.Errorf("just below the limit: got %v, want an ImpossibleError", err)
	}
	if _, err := Fit(context.Background(), triangle(0.7), Options{Tolerance: 1.04 * limit}); errors.As(err, &impossible) {
		t.Errorf("just above the limit: got %v, want no proof", err)
	}
}
