package compile

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/plan"
)

// reportMoves warns of every table that its tolerance let move by more than its figures
// are rounded, the largest move first, and refuses a move above the limit of the spec.
// Without a tolerance, no table moves so far.
func (c *compiler) reportMoves() {
	var moves []move
	for i := range c.tables {
		f := &c.tables[i]
		t := &c.plan.Tables[slices.IndexFunc(c.plan.Tables, func(t plan.Table) bool { return t.Name == f.spec.Name })]
		if m, beyond := c.moved(f, &c.whole.Certificates[i], t); beyond && f.spec.Tolerance >= 0 && fitRole(f.spec.Role) == fit.Hard {
			moves = append(moves, m)
		}
	}
	slices.SortStableFunc(moves, func(a, b move) int { return cmp.Compare(b.share, a.share) })
	for _, m := range moves {
		text := fmt.Sprintf("table %q moved by %s to agree with the others; %s", m.of.spec.Name, c.persons(m.share), m.worst)
		why := fmt.Sprintf("its tolerance of %g allows it", m.of.spec.Tolerance)
		if most := c.spec.MostMoved; most != nil && m.share > *most {
			c.diags.Errorf(m.of.spec.Place, "moved-too-far", "%s; fit.most_moved is %g", text, *most).
				WithHint("correct a table, state its rounding, or raise the limit").Note("%s", why)
			continue
		}
		c.diags.Warnf(m.of.spec.Place, "moved", "%s; %s", text, why).WithHint("lower the tolerance, or correct a figure")
	}
}

// move is how far a table moved.
type move struct {
	of    *figures
	share float64 // total variation distance, as a share of all persons
	worst string  // the cell that moved most, with its figures
}

// moved returns how far a table moved, and whether some cell moved by more than its
// figures are rounded.
func (c *compiler) moved(f *figures, cert *fit.Certificate, t *plan.Table) (m move, beyond bool) {
	m = move{of: f, share: cert.Moved}
	worst, most := -1, 0.0
	for _, k := range f.fitCell {
		d := math.Abs(t.Reconciled[k] - t.Published[k])
		if mass := t.Mass[k/f.inRow]; max(f.low[k]-t.Reconciled[k], t.Reconciled[k]-f.high[k])*mass > noise {
			beyond = true
		}
		if x := d * t.Mass[k/f.inRow]; x > most {
			worst, most = k, x
		}
	}
	if worst < 0 {
		return m, false
	}
	if most*float64(c.spec.Population.Persons) < 0.5 && c.spec.Population.Persons > 0 {
		return m, false // less than a person
	}
	points := 100 * math.Abs(t.Reconciled[worst]-t.Published[worst])
	was, is := 100*t.Published[worst], 100*t.Reconciled[worst]
	decimals := 2
	for decimals < 8 && strconv.FormatFloat(was, 'f', decimals, 64) == strconv.FormatFloat(is, 'f', decimals, 64) {
		decimals++
	}
	m.worst = fmt.Sprintf("%s moved most, by %.3g points from %.*f to %.*f %%", f.describe(worst), points, decimals, was, decimals, is)
	if n := c.spec.Population.Persons; n > 0 {
		m.worst += ", " + humanize.Count(int64(math.Round(most*float64(n))), "person", "persons")
	}
	return m, beyond
}

// noise is a share of persons that the sums of a fit may differ by.
const noise = 1e-9

// unit returns to what the figures are rounded: as the spec says, or as they are
// written.
func (f *figures) unit() float64 {
	if f.spec.Rounded > 0 {
		return f.spec.Rounded
	}
	return math.Pow10(-f.decimals)
}
