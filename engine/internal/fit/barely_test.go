package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// low reports whether x is in the lower half of a variable's values.
func low(card, x int) bool { return x < card/2 }

// barelyImpossible returns a problem over three variables. It starts from a random
// joint distribution in which no person is low in all three or high in all three. Of
// the pairs ab, bc and ac at most two can differ in their halves, so that the
// shares of the persons who differ in each pair sum to at most two; here they sum
// to exactly two. The table of a and b is then changed, without changing its
// margins, so that they sum to two plus the excess. The three tables then cannot be
// met together, any two can, and the least repair moves the excess back: out of
// some cells and into others. A further table is not involved.
func barelyImpossible(cards [3]int, excess float64) *Problem {
	rng := rand.New(rand.NewPCG(1, 2))
	p := &Problem{Vars: []Var{{"a", cards[0]}, {"b", cards[1]}, {"c", cards[2]}, {"z", 3}}}
	pairs := [][]int{{0, 1}, {1, 2}, {0, 2}}
	values := make([][]float64, len(pairs))
	for i, q := range pairs {
		values[i] = make([]float64, cards[q[0]]*cards[q[1]])
	}
	total := 0.0
	for a := range cards[0] {
		for b := range cards[1] {
			for c := range cards[2] {
				if low(cards[0], a) == low(cards[1], b) && low(cards[1], b) == low(cards[2], c) {
					continue
				}
				w := rng.ExpFloat64()
				total += w
				x := []int{a, b, c}
				for i, q := range pairs {
					values[i][x[q[0]]*cards[q[1]]+x[q[1]]] += w
				}
			}
		}
	}
	for i := range values {
		for k := range values[i] {
			values[i][k] /= total
		}
	}
	ab, lastA, lastB := values[0], cards[0]-1, cards[1]-1
	ab[0] -= excess / 2
	ab[lastA*cards[1]+lastB] -= excess / 2
	ab[lastB] += excess / 2
	ab[lastA*cards[1]] += excess / 2
	marginA := make([]float64, 3*cards[0])
	for k, x := range ab {
		for z := range 3 {
			marginA[3*(k/cards[1])+z] += x * float64(z+1) / 6
		}
	}
	p.Tables = append(p.Tables, full("az", Hard, []int{0, 3}, marginA))
	for i, q := range pairs {
		p.Tables = append(p.Tables, full([]string{"ab", "bc", "ac"}[i], Hard, q, values[i]))
	}
	return p
}

// TestBarelyImpossible checks that the three tables are named and no other table, with
// the right figures, in small and large problems and down to an excess of 1e-8.
func TestBarelyImpossible(t *testing.T) {
	for _, c := range []struct {
		cards  [3]int
		excess []float64
	}{
		{[3]int{2, 2, 2}, []float64{1e-2, 1e-4, 1e-6, 1e-8}},
		{[3]int{6, 5, 4}, []float64{1e-3, 1e-6}},
		{[3]int{40, 30, 20}, []float64{1e-4, 1e-6, 1e-8}},
	} {
		for _, excess := range c.excess {
			t.Run(fmt.Sprint(c.cards, excess), func(t *testing.T) {
				_, err := Fit(context.Background(), barelyImpossible(c.cards, excess), Options{})
				var e *ImpossibleError
				if !errors.As(err, &e) {
					t.Fatalf("got %T: %v; want an *ImpossibleError", err, err)
				}
				if !slices.Equal(e.Tables, []int{1, 2, 3}) || !e.Irreducible {
					t.Errorf("got tables %v, irreducible %v; want 1, 2 and 3, irreducible", e.Tables, e.Irreducible)
				}
				if math.Abs(e.Repair-2*excess) > 0.01*excess {
					t.Errorf("got repair %g, want %g", e.Repair, 2*excess)
				}
				if e.AtLeast > e.Repair*(1+1e-6) || e.AtLeast < e.Repair/4 {
					t.Errorf("got lower bound %g, want a quarter of %g to all of it", e.AtLeast, e.Repair)
				}
				if strings.Contains(err.Error(), "perhaps") || !strings.Contains(err.Error(), "ab, bc, ac") {
					t.Error(err)
				}
			})
		}
	}
}

// An excess within the tolerances is repaired.
func TestBarelyImpossibleWithinTolerance(t *testing.T) {
	p := barelyImpossible([3]int{40, 30, 20}, 1e-5)
	for i := range p.Tables {
		p.Tables[i].Tolerance = 1e-3
	}
	if r := mustFit(t, p); !r.Elastic {
		t.Error("fitted without an elastic change")
	}
}

// ring returns a problem with a ring of tables over four variables. A person whose
// halves differ in a and d differs in a and b, in b and c, or in c and d; the
// tables want the excess more than that.
func ring(card int, excess float64) *Problem {
	p := &Problem{}
	for i := range 4 {
		p.Vars = append(p.Vars, Var{string(rune('a' + i)), card})
	}
	differ := []float64{0.1, 0.2, 0.15, 0.45 + excess}
	for i, q := range [][]int{{0, 1}, {1, 2}, {2, 3}, {0, 3}} {
		values := make([]float64, card*card)
		for k := range values {
			half := float64(card * card / 2)
			values[k] = (1 - differ[i]) / half
			if low(card, k/card) != low(card, k%card) {
				values[k] = differ[i] / half
			}
		}
		p.Tables = append(p.Tables, full(fmt.Sprint("ring", i), Hard, q, values))
	}
	return p
}

func TestBarelyImpossibleRing(t *testing.T) {
	for _, card := range []int{2, 12} {
		if _, err := Fit(context.Background(), ring(card, -1e-3), Options{}); err != nil {
			t.Errorf("%d values, possible: %v", card, err)
		}
		for _, excess := range []float64{1e-3, 1e-6} {
			_, err := Fit(context.Background(), ring(card, excess), Options{})
			var e *ImpossibleError
			if !errors.As(err, &e) || !slices.Equal(e.Tables, []int{0, 1, 2, 3}) || !e.Irreducible {
				t.Errorf("%d values, excess %g: %v", card, excess, err)
			} else if e.Repair < 2*excess*(1-1e-6) || e.AtLeast > e.Repair*(1+1e-6) || e.AtLeast < excess/10 {
				t.Errorf("%d values, excess %g: repair %g, at least %g", card, excess, e.Repair, e.AtLeast)
			}
		}
	}
}

// Of two margins that differ slightly one agrees with a joint table: the two pairs
// that disagree are named, and not the pair that agrees.
func TestMarginsThatDifferSlightly(t *testing.T) {
	joint := make([]float64, 12)
	for k := range joint {
		joint[k] = 1. / 12
	}
	off := func(by float64) []float64 { return []float64{0.25 + by, 0.25, 0.25 - by, 0.25} }
	for _, by := range []float64{1e-3, 1e-6, 1e-8} {
		p := &Problem{Vars: []Var{{"a", 4}, {"b", 3}}, Tables: []Table{
			full("joint", Hard, []int{0, 1}, joint), full("one", Hard, []int{0}, off(0)), full("other", Hard, []int{0}, off(by)),
		}}
		_, err := Fit(context.Background(), p, Options{})
		var e *InconsistentError
		if !errors.As(err, &e) {
			t.Errorf("by %g: %v", by, err)
			continue
		}
		for _, d := range e.Disagreements {
			if d.A != 2 && d.B != 2 {
				t.Errorf("by %g: tables %d and %d agree", by, d.A, d.B)
			}
			if math.Abs(d.TVD-by) > by/100 {
				t.Errorf("by %g: tables %d and %d: got TVD %g", by, d.A, d.B, d.TVD)
			}
		}
		if len(e.Disagreements) != 2 {
			t.Errorf("by %g: got %d pairs, want 2", by, len(e.Disagreements))
		}
	}
}
