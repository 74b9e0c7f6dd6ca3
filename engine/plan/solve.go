package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/fit"
)

// fitVersion is raised when the same problem would be fitted to another
// result, so that old cached fits are not used.
const fitVersion = 2

// fit solves the problem, or takes the solution from the cache. Fields that
// nothing ties to others stay out of it: adding one must change nobody.
func (c *compiler) fit() {
	tied, problem := c.tiedProblem()
	c.plan.Structure = c.structure(tied, problem)
	key := filepath.Join(c.opts.Cache, fmt.Sprintf("fit-%d-%s", fitVersion, hashOf(problem)))
	var r *fit.Result
	if c.opts.Cache != "" {
		r = readCached(key)
	}
	if len(tied) == 0 {
		r = &fit.Result{}
	}
	if r == nil {
		var err error
		if r, err = fit.Fit(c.ctx, problem, fit.Options{MaxCells: c.opts.MaxCells, Progress: c.opts.Progress}); err != nil {
			c.explain(err, tied)
			return
		}
		if c.opts.Cache != "" {
			writeCached(key, r)
		}
	}
	c.whole = c.withLoose(r, tied)
	c.describeTree()
}

// tiedProblem is the problem without the variables that no table, condition or
// joint speaks of, and which variables those left are.
func (c *compiler) tiedProblem() (tied []int, problem *fit.Problem) {
	speaksOf := make([]bool, len(c.problem.Vars))
	note := func(scope []int) {
		for _, v := range scope {
			speaksOf[v] = true
		}
	}
	for _, t := range c.problem.Tables {
		note(t.Scope)
	}
	for _, x := range c.problem.Supports {
		note(x.Scope)
	}
	for _, scope := range c.problem.Together {
		note(scope)
	}
	problem = &fit.Problem{}
	number := make([]int, len(speaksOf))
	for v, yes := range speaksOf {
		if yes {
			number[v] = len(tied)
			tied = append(tied, v)
			problem.Vars = append(problem.Vars, c.problem.Vars[v])
		}
	}
	renumber := func(scope []int) []int {
		out := make([]int, len(scope))
		for i, v := range scope {
			out[i] = number[v]
		}
		return out
	}
	for _, t := range c.problem.Tables {
		t.Scope = renumber(t.Scope)
		problem.Tables = append(problem.Tables, t)
	}
	for _, x := range c.problem.Supports {
		x.Scope = renumber(x.Scope)
		problem.Supports = append(problem.Supports, x)
	}
	for _, scope := range c.problem.Together {
		problem.Together = append(problem.Together, renumber(scope))
	}
	return tied, problem
}

// withLoose states a result over all variables: those left out are uniform and
// independent of everything.
func (c *compiler) withLoose(r *fit.Result, tied []int) *fit.Result {
	out := *r
	out.Vars, out.Cliques = c.problem.Vars, nil
	loose := make([]bool, len(out.Vars))
	for v := range loose {
		loose[v] = !slices.Contains(tied, v)
	}
	for _, q := range r.Cliques {
		vars := make([]int, len(q.Vars))
		for i, v := range q.Vars {
			vars[i] = tied[v]
		}
		out.Cliques = append(out.Cliques, fit.Clique{Vars: vars, P: q.P, Parent: q.Parent})
	}
	for v, yes := range loose {
		if !yes {
			continue
		}
		p := make([]float64, out.Vars[v].Card)
		for i := range p {
			p[i] = 1 / float64(len(p))
		}
		out.Cliques = append(out.Cliques, fit.Clique{Vars: []int{v}, P: p, Parent: -1})
		out.Cells += int64(len(p))
		out.Largest = max(out.Largest, int64(len(p)))
	}
	return &out
}

// structure hashes what persons' identities depend on: the fitted part of the
// spec with its labels and the limits that the sampler keeps, but no field that
// stands apart and no text.
func (c *compiler) structure(tied []int, problem *fit.Problem) string {
	var labels [][]string
	for _, v := range tied {
		if v >= len(c.space.fields) {
			continue // bands
		}
		domain := c.space.fields[v].Domain
		var own []string
		for _, code := range c.space.codes[v] {
			if int(code) < domain.Size() {
				own = append(own, domain.Label(int(code)))
			}
		}
		labels = append(labels, own)
	}
	type limit struct {
		Where, Within   string
		AtLeast, AtMost *float64
	}
	var limits []limit
	for _, x := range c.plan.Checks {
		if x.Where == nil {
			continue
		}
		limits = append(limits, limit{x.Text, x.WithinText, x.AtLeast, x.AtMost})
	}
	slices.SortStableFunc(limits, func(a, b limit) int {
		return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(a.Within, b.Within))
	})
	return hashOf(struct {
		Name    string
		Labels  [][]string
		Problem *fit.Problem
		Limits  []limit `json:",omitempty"`
	}{c.spec.Name, labels, problem, limits})
}

func hashOf(v any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(v); err != nil {
		panic(fmt.Sprintf("plan: cannot hash %T: %v", v, err)) // plain data always encodes
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readCached returns a cached fit, nil when there is none or it is damaged: a
// cache may be deleted at any time.
func readCached(path string) *fit.Result {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var r fit.Result
	if gob.NewDecoder(f).Decode(&r) != nil {
		return nil
	}
	return &r
}

// writeCached stores a fit under a temporary name and renames it. A cache that
// cannot be written costs time later, not the run.
func writeCached(path string, r *fit.Result) {
	if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "fit-*")
	if err != nil {
		return
	}
	err = gob.NewEncoder(f).Encode(r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
}

func (c *compiler) describeTree() {
	c.plan.Tree = Tree{Cells: c.whole.Cells, Largest: c.whole.Largest, Sweeps: c.whole.Sweeps}
	for _, q := range c.whole.Cliques {
		c.plan.Tree.Cliques = append(c.plan.Tree.Cliques, c.variableNames(q.Vars))
	}
}

func (c *compiler) variableNames(vars []int) []string {
	var names []string
	for _, v := range vars {
		names = append(names, c.plan.Variables[v].Name)
	}
	return names
}

// explain turns what the fit says in numbers into what the user wrote.
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
			d.WithHint("without table %q it would need %d; state it over coarser groups, or drop it", c.tables[tooLarge.Table].spec.Name, tooLarge.Without)
		} else {
			d.WithHint("state tables over coarser groups, or raise the budget")
		}
		for _, e := range tooLarge.FillIn {
			d.Note("%s and %s share no table, but must share a clique", c.plan.Variables[tied[e[0]]].Name, c.plan.Variables[tied[e[1]]].Name)
		}
	case errors.As(err, &noSupport):
		f := &c.tables[noSupport.Table]
		d := c.diags.Errorf(f.spec.Place, "no-support", "table %q wants persons where nobody can be: %s", f.spec.Name, c.cells(f, noSupport.Cells, 3)).
			WithHint("take the figure out, or allow the combination")
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
			WithHint("give the least trusted table a tolerance, or drop one")
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

// cells describes some cells of a fitted table by their labels; -1 stands for
// everyone outside its universe.
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

// asPercent writes a share; a small one keeps two of its digits.
func asPercent(share float64, decimals int) string {
	s := strconv.FormatFloat(100*share, 'f', decimals, 64)
	if x, _ := strconv.ParseFloat(s, 64); x == 0 && share != 0 {
		s = strconv.FormatFloat(100*share, 'g', 2, 64)
	}
	return s + " %"
}

// roundUp writes a number with four decimals, or two digits when it is small,
// never less than it is.
func roundUp(x float64) string {
	unit := 1e-4
	if x < unit {
		unit = math.Pow(10, math.Floor(math.Log10(x))-1)
	}
	n := math.Ceil(x/unit - 1e-6)
	return strconv.FormatFloat(n*unit, 'g', max(2, len(strconv.Itoa(int(n)))), 64)
}

func (c *compiler) explainDisagreement(g fit.Disagreement) {
	a, b := &c.tables[g.A], &c.tables[g.B]
	c.diags.Errorf(b.spec.Place, "disagree", "tables %q and %q disagree by %s of all persons, more than they may be moved: %s is %s by the first and %s by the second",
		a.spec.Name, b.spec.Name, asPercent(g.TVD, 2), c.cells(b, g.CellsB, 3), c.apart(g.MassA, g.MassB), c.apart(g.MassB, g.MassA)).
		WithHint("correct one of them, make one a pattern, or give the less trusted one a tolerance of %s or more", roundUp(g.TVD)).
		Note("the first table is at %s", placeText(a.spec.Place))
}

func placeText(p diag.Place) string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// persons tells a share of everyone as a percentage, and in persons when the
// spec says how many there are.
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

// apart is persons with as many digits as tell the share from another.
func (c *compiler) apart(share, other float64) string {
	decimals := 3
	for decimals < 12 && asPercent(share, decimals) == asPercent(other, decimals) {
		decimals++
	}
	return c.personsTo(share, decimals)
}

func (c *compiler) explainImpossible(e *fit.ImpossibleError) {
	var names []string
	for _, t := range e.Tables {
		names = append(names, fmt.Sprintf("%q", c.tables[t].spec.Name))
	}
	last := &c.tables[e.Tables[len(e.Tables)-1]]
	d := c.diags.Errorf(last.spec.Place, "impossible-together", "tables %s agree pair by pair but cannot hold together", strings.Join(names, ", "))
	if e.Irreducible {
		d.WithHint("drop or correct any one of them and the rest can hold")
	} else {
		d.WithHint("drop or correct one of them; some may have no part in it: whether fewer are enough was not found out within the bounds of the search")
	}
	repair := "exactly " + c.persons(e.Repair/2)
	switch {
	case e.Exact:
	case e.Close():
		repair = "about " + c.persons(e.Repair/2)
	default:
		// What an elastic fit of all tables changes is enough, if not least.
		repair = fmt.Sprintf("at least %s and at most %s", c.persons(e.AtLeast/2), c.persons(e.Repair/2))
	}
	d.Note("the smallest change that repairs them takes %s out of cells and adds as many to others", repair)
	for i, t := range e.Tables {
		d.Note("table %q at %s: %s", c.tables[t].spec.Name, placeText(c.tables[t].spec.Place), c.cellsWithFigures(t, e.Cells[i], 4))
	}
}

// cellsWithFigures describes some cells of a table by their labels and shares,
// those with the largest first.
func (c *compiler) cellsWithFigures(table int, cells []int, most int) string {
	f := &c.tables[table]
	share := func(k int) float64 {
		if k < 0 {
			return 0 // everyone else: what they are depends on the other tables
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
