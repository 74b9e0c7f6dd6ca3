package compile

import (
	"math"
	"slices"
)

// doubtParts warns of counts of some persons, those of a where, whose total is not
// that of the same persons in another table, such as 75,000 employed adults where a
// census counts 60,000 adults.
func (c *compiler) doubtParts() {
	for i := range c.tables {
		a := &c.tables[i]
		if !a.counts() || a.universe == everyone || a.spec.Where == nil {
			continue
		}
		of := c.universe(a.part)
		for j := range c.tables {
			b := &c.tables[j]
			if i == j || !b.counts() || b.given > 0 || a.universe == b.universe {
				continue
			}
			total, ok := c.countWithin(b, of)
			if !ok || math.Abs(a.total-total) <= a.rounding()+b.rounding() {
				continue
			}
			c.diags.Warnf(a.spec.Place, "totals", "table %q counts %s with %s, and table %q counts %s of them",
				a.spec.Name, grouped(a.total), a.spec.Where.Text, b.spec.Name, grouped(math.Round(total))).
				WithHint("correct the where of table %q or a figure, or give the figures of a sample as percent", a.spec.Name).
				Note("table %q is at %s", b.spec.Name, placeText(b.spec.Place))
			break
		}
	}
}

// countWithin sums the counts of a table over the persons with code 1. It is not ok if
// a cell has such persons and others, or if the table does not describe all of them.
func (c *compiler) countWithin(f *figures, of function) (total float64, ok bool) {
	if len(c.space.union(f.part.scope, of.scope)) != len(f.part.scope) {
		return 0, false
	}
	within := c.space.reader(f.part.scope, of)
	possible := c.possibleIn(f.part.scope)
	const unknown, outside, inside = 0, 1, 2
	state := make([]int, len(f.share))
	for k, cell := range f.part.cell {
		is := outside
		if within(k) != 0 {
			is = inside
		}
		switch {
		case !possible(k):
		case cell < 0 && is == inside:
			return 0, false
		case cell < 0 || state[cell] == is:
		case state[cell] != unknown && f.share[cell] > 0:
			return 0, false
		default:
			state[cell] = is
		}
	}
	for cell, is := range state {
		if is == inside {
			total += f.share[cell] * f.total
		}
	}
	return total, slices.Contains(state, inside)
}
