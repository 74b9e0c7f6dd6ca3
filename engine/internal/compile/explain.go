package compile

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/internal/fit"
)

// explain reports an error of the fit in the terms of the spec. Tied are the
// variables of the fitted problem.
func (c *compiler) explain(err error, tied []int) {
	var (
		tooLarge     *fit.TooLargeError
		noSupport    *fit.NoSupportError
		inconsistent *fit.InconsistentError
		impossible   *fit.ImpossibleError
		stalled      *fit.StalledError
		means        *fit.MeansError
	)
	switch {
	case errors.As(err, &means):
		c.explainMeans(means, tied)
	case errors.As(err, &tooLarge):
		for i, v := range tooLarge.Clique {
			tooLarge.Clique[i] = tied[v]
		}
		d := c.diags.Errorf(c.spec.Place, "too-large", "the fit would need %d cells, over the budget of %d; its largest clique (%s) has %d",
			tooLarge.Total, tooLarge.Budget, strings.Join(c.variableNames(tooLarge.Clique), " x "), tooLarge.Largest)
		var without []string
		for _, t := range tooLarge.Remove {
			without = append(without, fmt.Sprintf("table %q", c.tables[t].spec.Name))
		}
		for _, scope := range tooLarge.Apart {
			for i, v := range scope {
				scope[i] = tied[v]
			}
			without = append(without, "the joint "+strings.Join(c.variableNames(scope), " x "))
		}
		switch len(without) {
		case 0:
			d.WithHint("state tables over coarser groups of these fields")
		case 1:
			d.WithHint("without %s it would need %d; state it over coarser groups, or remove it", without[0], tooLarge.Without)
		default:
			d.WithHint("without %s it would need %d; state them over coarser groups, or remove them", strings.Join(without, ", "), tooLarge.Without)
		}
		if len(tooLarge.Remove) > 0 {
			d.Place = c.tables[tooLarge.Remove[0]].spec.Place
		}
		for _, e := range tooLarge.FillIn {
			d.Note("%s and %s share no table, but must share a clique", c.plan.Variables[tied[e[0]]].Name, c.plan.Variables[tied[e[1]]].Name)
		}
	case errors.As(err, &noSupport):
		f := &c.tables[noSupport.Table]
		d := c.diags.Errorf(f.spec.Place, "no-support", "table %q has persons where nobody can be: %s", f.spec.Name, c.cells(f, noSupport.Cells, 3)).
			WithHint("remove the figure, or allow the combination")
		for _, s := range noSupport.Supports {
			d.Note("%s", c.supportText(s))
		}
		for _, t := range noSupport.Tables {
			if t != noSupport.Table {
				d.Note("table %q gives 0 there", c.tables[t].spec.Name)
			}
		}
	case errors.As(err, &inconsistent):
		for _, conflict := range conflicts(inconsistent.Disagreements) {
			c.explainDisagreement(conflict, inconsistent.Needed)
		}
	case errors.As(err, &impossible):
		c.explainImpossible(impossible)
	case errors.As(err, &stalled):
		f := &c.tables[stalled.Table]
		c.diags.Errorf(f.spec.Place, "stalled", "after %d sweeps table %q is still off by a total variation distance of %.2g", stalled.Sweeps, f.spec.Name, stalled.TVD).
			WithHint("let the least trusted table move (tolerance: 0.001), or remove one")
	default:
		c.diags.Errorf(c.spec.Place, "fit", "%v", err)
	}
}

// supportText names an impossible combination as the user wrote it.
func (c *compiler) supportText(s int) string {
	if s < len(c.zeros) {
		return c.zeros[s].text
	}
	return "bands of " + c.problem.Supports[s].Name
}

// cells describes some cells of a fitted table by their labels. Cell -1 is everyone
// outside its universe.
func (c *compiler) cells(f *figures, cells []int, most int) string {
	var text []string
	for i, k := range cells {
		if i == most {
			text = append(text, fmt.Sprintf("and %d more", len(cells)-most))
			break
		}
		if k < 0 {
			text = append(text, "everyone else")
		} else {
			text = append(text, f.describe(f.fitCell[k]))
		}
	}
	return strings.Join(text, "; ")
}

// asPercent formats a share as a percentage, a small one with two significant
// digits.
func asPercent(share float64, decimals int) string {
	s := strconv.FormatFloat(100*share, 'f', decimals, 64)
	if x, _ := strconv.ParseFloat(s, 64); x == 0 && share != 0 {
		s = strconv.FormatFloat(100*share, 'g', 2, 64)
	}
	return s + " %"
}

// roundUp formats a number, rounded up, with four decimals, or with two significant
// digits when it is small.
func roundUp(x float64) string {
	unit := 1e-4
	if x < unit {
		unit = math.Pow(10, math.Floor(math.Log10(x))-1)
	}
	n := math.Ceil(x/unit - 1e-6)
	return strconv.FormatFloat(n*unit, 'g', max(2, len(strconv.Itoa(int(n)))), 64)
}

// conflicts groups disagreements that have tables in common, the worst of each group
// first: they have one cause.
func conflicts(all []fit.Disagreement) [][]fit.Disagreement {
	var groups [][]fit.Disagreement
	for _, d := range all {
		group := []fit.Disagreement{d}
		var rest [][]fit.Disagreement
		for _, g := range groups {
			if slices.ContainsFunc(g, func(x fit.Disagreement) bool { return x.A == d.A || x.A == d.B || x.B == d.A || x.B == d.B }) {
				group = append(g, group...)
			} else {
				rest = append(rest, g)
			}
		}
		groups = append(rest, group)
	}
	for _, g := range groups {
		slices.SortStableFunc(g, func(x, y fit.Disagreement) int { return cmp.Compare(y.TVD, x.TVD) })
	}
	slices.SortStableFunc(groups, func(x, y []fit.Disagreement) int { return cmp.Compare(y[0].TVD, x[0].TVD) })
	return groups
}

// allowed names what tables may differ by.
func allowed(tables ...*figures) string {
	n := 0
	for _, f := range tables {
		if f.spec.Tolerance >= 0 {
			n++
		}
	}
	switch n {
	case 0:
		return "their figures are rounded"
	case len(tables):
		return "their tolerances"
	}
	return "rounding and tolerance allow"
}

// letMove says which tolerances let the tables of a conflict agree: that of the less
// trusted of two, or of each of several that would move.
func (c *compiler) letMove(pairs []fit.Disagreement, needed []float64) string {
	g := pairs[0]
	if len(pairs) == 1 {
		less := &c.tables[g.B]
		if a := &c.tables[g.A]; a.variance() > less.variance() {
			less = a
		}
		return fmt.Sprintf("let the less trusted one move, with tolerance: %s in table %q", roundUp(g.TVD), less.spec.Name)
	}
	var each []string
	for i, f := range c.tables {
		if i < len(needed) && needed[i] > 0 && slices.ContainsFunc(pairs, func(p fit.Disagreement) bool { return p.A == i || p.B == i }) {
			each = append(each, fmt.Sprintf("tolerance: %s in table %q", roundUp(needed[i]), f.spec.Name))
		}
	}
	if each == nil {
		return fmt.Sprintf("let the less trusted ones move, with tolerance: %s or more", roundUp(g.TVD))
	}
	return "let them move, with " + strings.Join(each, ", ")
}

// explainDisagreement reports tables that disagree in one or more pairs, the worst
// pair first. Needed are tolerances with which all would agree.
func (c *compiler) explainDisagreement(pairs []fit.Disagreement, needed []float64) {
	g := pairs[0]
	a, b := &c.tables[g.A], &c.tables[g.B]
	rules := c.rules(g.Supports)
	given := ""
	if len(rules) > 0 {
		given = ", given that " + strings.Join(rules, " and ")
	}
	d := c.diags.Errorf(b.spec.Place, "disagree", "tables %q and %q disagree by %s, more than %s%s: %s is %s in the first and %s in the second",
		a.spec.Name, b.spec.Name, c.ofAll(g.TVD), allowed(a, b), given, c.cells(b, g.CellsB, 3), c.apart(g.MassA, g.MassB), c.apart(g.MassB, g.MassA)).
		WithHint("correct one of them, make one a pattern, or %s", c.letMove(pairs, needed))
	if len(rules) > 0 {
		d.WithHint("correct %s or one of the tables, make one a pattern, or %s", rules[0], c.letMove(pairs, needed))
	}
	d.Note("the first table is at %s", placeText(a.spec.Place))
	for _, side := range []struct {
		table int
		cells []int
	}{{g.A, g.CellsA}, {g.B, g.CellsB}} {
		if f := &c.tables[side.table]; f.given > 0 || f.spec.Where != nil {
			d.Note("table %q has shares of some persons: %s", f.spec.Name, c.cellsWithFigures(side.table, side.cells, 4))
		}
	}
	for i, p := range pairs[1:] {
		if i == mostNamed {
			d.Note("%d more pairs of these tables disagree", len(pairs)-1-i)
			break
		}
		d.Note("so do %q and %q, by %s", c.tables[p.A].spec.Name, c.tables[p.B].spec.Name, asPercent(p.TVD, 2))
	}
}

// rules names the structural zeros of the spec among some supports of the fit.
func (c *compiler) rules(supports []int) []string {
	var out []string
	for _, s := range supports {
		if s < len(c.zeros) {
			out = append(out, strings.Replace(c.zeros[s].text, "impossible: ", "impossible ", 1))
		}
	}
	return out
}

// ofAll formats a share of everyone, in persons too when the spec says how many there
// are.
func (c *compiler) ofAll(share float64) string {
	text := asPercent(share, 2) + " of all persons"
	if n := share * float64(c.spec.Population.Persons); n >= 0.5 {
		text += fmt.Sprintf(" (%.0f)", n)
	}
	return text
}

// persons formats a share of everyone as a percentage, and in persons when the spec
// says how many there are.
func (c *compiler) persons(share float64) string { return c.personsTo(share, 3) }

func (c *compiler) personsTo(share float64, decimals int) string {
	n := float64(c.spec.Population.Persons)
	switch {
	case n == 0:
		return asPercent(share, decimals)
	case share > 0 && share*n < 0.5:
		return fmt.Sprintf("%s (less than one person)", asPercent(share, decimals))
	}
	return fmt.Sprintf("%s (%.0f persons)", asPercent(share, decimals), share*n)
}

// apart is persons with enough digits to distinguish the share from another.
func (c *compiler) apart(share, other float64) string {
	decimals := 3
	for decimals < 12 && asPercent(share, decimals) == asPercent(other, decimals) {
		decimals++
	}
	return c.personsTo(share, decimals)
}

// explainImpossible reports tables that agree in pairs but not together.
func (c *compiler) explainImpossible(e *fit.ImpossibleError) {
	var names []string
	for _, t := range e.Tables {
		names = append(names, fmt.Sprintf("%q", c.tables[t].spec.Name))
	}
	last := &c.tables[e.Tables[len(e.Tables)-1]]
	text := fmt.Sprintf("tables %s agree in pairs but not together", strings.Join(names, ", "))
	rules := c.rules(e.Supports)
	if len(rules) > 0 {
		text = fmt.Sprintf("%s %s cannot hold with %s", map[bool]string{true: "table", false: "tables"}[len(names) == 1], strings.Join(names, ", "), strings.Join(rules, " and "))
	}
	d := c.diags.Errorf(last.spec.Place, "impossible-together", "%s", text)
	for _, x := range c.spec.Impossible {
		if slices.Contains(rules, "impossible "+x.Text) {
			d.Note("impossible %s is at %s", x.Text, placeText(x.Place))
		}
	}
	if e.Irreducible {
		d.WithHint("remove or correct any one of them, and the others agree; or let the least trusted ones move, with tolerance: %s or more", roundUp(1.02*e.Repair/2))
	} else {
		d.WithHint("remove or correct one of them, or let the least trusted ones move, with tolerance: %s or more; some may not be part of the contradiction, because the search stopped at its limit", roundUp(1.02*e.Repair/2))
	}
	repair := "exactly " + c.persons(e.Repair/2)
	switch {
	case e.Exact:
	case e.Close():
		repair = "about " + c.persons(e.Repair/2)
	default:
		// The change of an elastic fit of all tables is enough, but may not be the smallest.
		repair = fmt.Sprintf("at least %s and at most %s", c.persons(e.AtLeast/2), c.persons(e.Repair/2))
	}
	d.Note("the smallest change that makes them agree moves %s between cells", repair)
	for i, t := range e.Tables {
		d.Note("table %q at %s: %s", c.tables[t].spec.Name, placeText(c.tables[t].spec.Place), c.cellsWithFigures(t, e.Cells[i], 4))
	}
}

// cellsWithFigures describes some cells of a table by their labels and shares,
// largest first.
func (c *compiler) cellsWithFigures(table int, cells []int, most int) string {
	f := &c.tables[table]
	share := func(k int) float64 {
		if k < 0 {
			return 0 // everyone else: their share depends on the other tables
		}
		return f.share[f.fitCell[k]]
	}
	cells = slices.Clone(cells)
	slices.SortStableFunc(cells, func(a, b int) int { return cmp.Compare(share(b), share(a)) })
	var text []string
	for i, k := range cells {
		switch {
		case i == most:
			return strings.Join(text, "; ") + fmt.Sprintf("; and %d more", len(cells)-most)
		case k < 0:
			text = append(text, "everyone else")
		default:
			text = append(text, f.describe(f.fitCell[k])+" "+strconv.FormatFloat(100*share(k), 'g', 6, 64)+" %")
		}
	}
	return strings.Join(text, "; ")
}
