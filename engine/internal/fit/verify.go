package fit

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// verifySlack is the total variation distance by which a verified table may differ
// from what was stated, beyond its tolerance. It allows for the tolerance of the fit
// and for sums in another order.
const verifySlack = 1e-6

// Verify checks a result that was stored against the problem: its form, that every
// clique is a distribution, that the published figures of every hard table moved by
// no more than its tolerance or rounding, and that the distribution has the reconciled
// ones.
func (r *Result) Verify(p *Problem) error {
	if !slices.Equal(r.Vars, p.Vars) || len(r.Certificates) != len(p.Tables) {
		return errors.New("fit: the result is of another problem")
	}
	for i, c := range r.Cliques {
		if err := r.checkClique(i, c); err != nil {
			return fmt.Errorf("fit: clique %d: %w", i, err)
		}
	}
	for i := range p.Tables {
		if err := r.verifyTable(&p.Tables[i], &r.Certificates[i]); err != nil {
			return fmt.Errorf("fit: table %s: %w", p.Tables[i].Name, err)
		}
	}
	for i := range p.Means {
		if err := r.verifyMean(&p.Means[i]); err != nil {
			return fmt.Errorf("fit: mean %s: %w", p.Means[i].Name, err)
		}
	}
	return nil
}

func (r *Result) checkClique(i int, c Clique) error {
	check := Problem{Vars: r.Vars}
	n, err := check.configurations(c.Vars)
	switch {
	case err != nil:
		return err
	case !slices.IsSorted(c.Vars) || c.Parent < -1 || c.Parent >= i:
		return errors.New("its place in the tree is not possible")
	case n != len(c.P):
		return fmt.Errorf("it has %d cells, want %d", len(c.P), n)
	}
	sum := 0.0
	for _, x := range c.P {
		if bad(x) {
			return fmt.Errorf("a cell has the share %g", x)
		}
		sum += x
	}
	if !(math.Abs(sum-1) <= verifySlack) {
		return fmt.Errorf("its shares sum to %g, want 1", sum)
	}
	return nil
}

func (r *Result) verifyTable(t *Table, c *Certificate) error {
	share, mass, err := r.TableShares(t)
	if err != nil {
		return err
	}
	if len(c.Reconciled) != len(share) || len(c.Fitted) != len(share) || len(c.Mass) != len(mass) {
		return errors.New("its certificate is of another table")
	}
	sum := make([]float64, len(mass))
	for k, row := range t.Row {
		sum[row] += t.Share[k]
	}
	var moved, off float64
	for k, row := range t.Row {
		moved += abs(c.Reconciled[k]-t.Share[k]/sum[row]) * mass[row] / 2
		off += abs(share[k]-c.Reconciled[k]) * mass[row] / 2
	}
	if t.Role != Hard {
		off = 0 // nothing demands that it is met
	}
	for k := range t.Low {
		beyond := max(t.Low[k]-c.Reconciled[k], c.Reconciled[k]-t.High[k])
		if !(beyond*mass[t.Row[k]] <= verifySlack) {
			return fmt.Errorf("cell %d moved to the share %g, its bounds are %g and %g", k, c.Reconciled[k], t.Low[k], t.High[k])
		}
	}
	if !(moved <= t.Tolerance+verifySlack) || !(off <= verifySlack) {
		return fmt.Errorf("its figures moved by %.3g (tolerance %.3g), and the distribution differs from them by %.3g", moved, t.Tolerance, off)
	}
	return nil
}
