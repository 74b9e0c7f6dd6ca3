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
	)
	switch {
	case errors.As(err, &tooLarge):
		for i, v := range tooLarge.Clique {
			tooLarge.Clique[i] = tied[v]
		}
		d := c.diags.Errorf(c.spec.Place, "too-large", "the fit would need %d cells, over the budget of %d; its largest clique (%s) has %d",
			tooLarge.Total, tooLarge.Budget, strings.Join(c.variableNames(tooLarge.Clique), " x "), tooLarge.Largest)
		if tooLarge.Table >= 0 {
			d.Place = c.tables[tooLarge.Table].spec.Place
			d.WithHint("without table %q it would need %d; state it over coarser groups, or remove it", c.tables[tooLarge.Table].spec.Name, tooLarge.Without)
		} else {
			d.WithHint("state tables over coarser groups, or raise the budget")
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
		for _, g := range inconsistent.Disagreements {
			c.explainDisagreement(g)
		}
	case errors.As(err, &impossible):
		c.explainImpossible(impossible)
	case errors.As(err, &stalled):
		f := &c.tables[stalled.Table]
		c.diags.Errorf(f.spec.Place, "stalled", "after %d sweeps table %q is still off by a total variation distance of %.2g", stalled.Sweeps, f.spec.Name, stalled.TVD).
			WithHint("give the least trusted table a tolerance, or remove one")
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

// explainDisagreement reports two tables that disagree.
func (c *compiler) explainDisagreement(g fit.Disagreement) {
	a, b := &c.tables[g.A], &c.tables[g.B]
	c.diags.Errorf(b.spec.Place, "disagree", "tables %q and %q disagree by %s of all persons, more than their tolerances: %s is %s in the first and %s in the second",
		a.spec.Name, b.spec.Name, asPercent(g.TVD, 2), c.cells(b, g.CellsB, 3), c.apart(g.MassA, g.MassB), c.apart(g.MassB, g.MassA)).
		WithHint("correct one of them, make one a pattern, or give the less trusted one a tolerance of %s or more", roundUp(g.TVD)).
		Note("the first table is at %s", placeText(a.spec.Place))
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
	d := c.diags.Errorf(last.spec.Place, "impossible-together", "tables %s agree in pairs but not together", strings.Join(names, ", "))
	if e.Irreducible {
		d.WithHint("remove or correct any one of them, and the others agree")
	} else {
		d.WithHint("remove or correct one of them; some may not be part of the contradiction, because the search stopped at its limit")
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
