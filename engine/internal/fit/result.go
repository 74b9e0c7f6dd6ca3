package fit

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// maxMarginal bounds the cells of a distribution that Marginal computes.
const maxMarginal = 50e6

// result calibrates the tree and returns its distribution with certificates.
func (f *fitting) result() *Result {
	f.tree.calibrate()
	r := &Result{Vars: slices.Clone(f.p.Vars), Sweeps: f.sweeps, Elastic: f.elastic, ForcedZeros: f.zeros}
	for i, n := range f.tree.nodes {
		r.Cliques = append(r.Cliques, Clique{Vars: n.vars, P: n.belief, Parent: f.cliques[i].Parent})
		r.Cells += int64(len(n.belief))
		r.Largest = max(r.Largest, int64(len(n.belief)))
	}
	for _, t := range f.tables {
		r.Certificates = append(r.Certificates, f.certify(t))
	}
	return r
}

// certify compares the fitted shares of a table with its reconciled and its
// published ones.
func (f *fitting) certify(t *table) Certificate {
	t.place(f.tree)
	t.measure()
	c := Certificate{Table: t.def.Name, Mass: slices.Clone(t.rowMass), Reconciled: slices.Clone(t.def.Share),
		Fitted: t.sharesOf(t.mass, t.rowMass)}
	if t.def.Role == Hard {
		mass := make([]float64, t.rows)
		for k, r := range t.row {
			mass[r] += t.target[k]
		}
		c.Reconciled = t.sharesOf(t.target[:t.n], mass)
	}
	most := -1.0
	for k, r := range t.row {
		moved := abs(c.Reconciled[k]-t.share[k]) * t.rowMass[r]
		c.Moved += moved / 2
		if moved > most {
			most, c.WorstCell = moved, k
		}
		c.TVD += abs(c.Fitted[k]-c.Reconciled[k]) * t.rowMass[r] / 2
	}
	return c
}

// sharesOf returns the masses of cells as shares of their rows. For a row without
// mass it returns the published shares, which nothing contradicts.
func (t *table) sharesOf(mass, rowMass []float64) []float64 {
	out := make([]float64, t.n)
	for c, r := range t.row {
		if rowMass[r] > 0 {
			out[c] = mass[c] / rowMass[r]
		} else {
			out[c] = t.share[c]
		}
	}
	return out
}

// factor is a non-negative function of some variables, which are ascending; p is
// row-major.
type factor struct {
	vars []int
	p    []float64
}

// wideError says that an intermediate table would be too large.
type wideError struct {
	of    string // names of its variables
	cells float64
}

func (e *wideError) Error() string {
	return fmt.Sprintf("the joint distribution of %s has %.3g cells, more than %.3g", e.of, e.cells, float64(maxMarginal))
}

// onto sums a factor over the variables that are not in vars, a subset.
func (f factor) onto(all []Var, vars []int) factor {
	m := newMargin(all, f.vars, vars, nil, 0)
	out := make([]float64, m.size)
	m.sum(f.p, out)
	return factor{vars, out}
}

// times multiplies two factors over the union of their variables.
func (f factor) times(all []Var, g factor) (factor, error) {
	vars := unite(f.vars, g.vars)
	if n := cells(all, vars); n > maxMarginal {
		return factor{}, &wideError{namesOf(all, vars), n}
	}
	out := make([]float64, int(cells(all, vars)))
	fill(out, 1)
	newMargin(all, vars, f.vars, nil, 0).scale(out, f.p)
	newMargin(all, vars, g.vars, nil, 0).scale(out, g.p)
	return factor{vars, out}, nil
}

func unite(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// Marginal returns the joint distribution of distinct variables, row-major in the
// order given, by variable elimination on the junction tree (Koller and Friedman
// 2009, "Probabilistic graphical models", section 10.3.3). It is an error when the
// scope is malformed or an intermediate table would have more than 50 million cells,
// from whatever root.
func (r *Result) Marginal(scope []int) ([]float64, error) {
	check := Problem{Vars: r.Vars}
	if _, err := check.configurations(scope); err != nil {
		return nil, fmt.Errorf("fit: marginal: %w", err)
	}
	query := sorted(scope)
	ways := []func([]int) (factor, error){r.marginal, r.fromOtherRoots}
	if cells(r.Vars, query) > maxSmall {
		slices.Reverse(ways) // what is too large is known late
	}
	f, err := ways[0](query)
	if err != nil {
		if f, err = ways[1](query); err != nil {
			return nil, fmt.Errorf("fit: %w", err)
		}
	}
	return reorder(r.Vars, query, scope, f.p), nil
}

// maxSmall bounds the queries that are first asked from the root that the tree has.
const maxSmall = 1 << 20

func (r *Result) marginal(query []int) (factor, error) {
	best := -1
	for i, c := range r.Cliques {
		if subset(query, c.Vars) && (best < 0 || len(c.P) < len(r.Cliques[best].P)) {
			best = i
		}
	}
	if best >= 0 {
		return factor{r.Cliques[best].Vars, r.Cliques[best].P}.onto(r.Vars, query), nil
	}
	out := factor{nil, []float64{1}}
	for i, c := range r.Cliques {
		if c.Parent >= 0 {
			continue
		}
		g, err := r.gather(i, nil, query)
		if err != nil {
			return factor{}, err
		}
		if out, err = out.times(r.Vars, g); err != nil {
			return factor{}, err
		}
	}
	return out.onto(r.Vars, query), nil
}

// gather returns the joint distribution of the queried variables in clique i's
// subtree and of keep, the separator to its parent.
func (r *Result) gather(i int, keep, query []int) (factor, error) {
	c := r.Cliques[i]
	f := factor{c.Vars, c.P}
	wanted := keep
	for _, v := range c.Vars {
		if slices.Contains(query, v) {
			wanted = unite(wanted, []int{v})
		}
	}
	for j := i + 1; j < len(r.Cliques); j++ {
		if r.Cliques[j].Parent != i || !r.reaches(j, query, f.vars) {
			continue
		}
		sep := intersect(r.Cliques[j].Vars, c.Vars)
		g, err := r.gather(j, sep, query)
		if err != nil {
			return factor{}, err
		}
		g.givenIn(r.Vars, sep)
		if f, err = f.times(r.Vars, g); err != nil {
			return factor{}, err
		}
		wanted = unite(wanted, without(g.vars, sep))
	}
	return f.onto(r.Vars, wanted), nil
}

// fromOtherRoots is marginal for queries whose tables are too large there: it tries every
// clique as the root of the tree, those with most of the query first, and sums over a
// variable as soon as no further clique needs it.
func (r *Result) fromOtherRoots(query []int) (out factor, err error) {
	roots := make([]int, len(r.Cliques))
	held := make([]float64, len(r.Cliques))
	for i, c := range r.Cliques {
		roots[i], held[i] = i, cells(r.Vars, intersect(c.Vars, query))
	}
	slices.SortStableFunc(roots, func(a, b int) int { return cmp.Compare(held[b], held[a]) })
	for _, root := range roots {
		if out, err = r.around(root, -1, nil, query); err == nil && len(out.vars) == len(query) {
			return out, nil
		}
	}
	return out, cmp.Or(err, error(&wideError{namesOf(r.Vars, query), cells(r.Vars, query)}))
}

// around is gather in any direction: it returns the joint distribution of keep and of the
// queried variables in clique i and in all cliques beyond it, seen from a neighbour.
func (r *Result) around(i, from int, keep, query []int) (factor, error) {
	c := r.Cliques[i]
	type branch struct {
		clique int
		sep    []int
	}
	var branches []branch
	for j, d := range r.Cliques {
		if j != from && (d.Parent == i || c.Parent == j) && r.beyond(j, i, query, c.Vars) {
			branches = append(branches, branch{j, intersect(d.Vars, c.Vars)})
		}
	}
	wanted := unite(keep, intersect(c.Vars, query))
	needed := func(after int) []int {
		n := wanted
		for _, b := range branches[after:] {
			n = unite(n, b.sep)
		}
		return n
	}
	f := factor{c.Vars, c.P}.onto(r.Vars, needed(0))
	for k, b := range branches {
		g, err := r.around(b.clique, i, b.sep, query)
		if err != nil {
			return factor{}, err
		}
		g.givenIn(r.Vars, b.sep)
		if f, err = f.times(r.Vars, g); err != nil {
			return factor{}, err
		}
		wanted = unite(wanted, without(g.vars, b.sep))
		f = f.onto(r.Vars, needed(k+1))
	}
	return f, nil
}

// beyond reports whether the cliques beyond i, seen from a neighbour, have a queried
// variable that is not among the known ones.
func (r *Result) beyond(i, from int, query, known []int) bool {
	for _, v := range r.Cliques[i].Vars {
		if slices.Contains(query, v) && !slices.Contains(known, v) {
			return true
		}
	}
	for j, d := range r.Cliques {
		if j != from && (d.Parent == i || r.Cliques[i].Parent == j) && r.beyond(j, i, query, known) {
			return true
		}
	}
	return false
}

// reaches reports whether clique i's subtree has a queried variable that is not
// among the known ones.
func (r *Result) reaches(i int, query, known []int) bool {
	for _, v := range r.Cliques[i].Vars {
		if slices.Contains(query, v) && !slices.Contains(known, v) {
			return true
		}
	}
	for j := i + 1; j < len(r.Cliques); j++ {
		if r.Cliques[j].Parent == i && r.reaches(j, query, known) {
			return true
		}
	}
	return false
}

func without(a, b []int) []int {
	var out []int
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// givenIn turns a joint distribution into the conditional one given a subset of
// its variables.
func (f factor) givenIn(all []Var, given []int) {
	m := newMargin(all, f.vars, given, nil, 0)
	sum := make([]float64, m.size)
	m.sum(f.p, sum)
	for i, x := range sum {
		if x > 0 {
			sum[i] = 1 / x
		}
	}
	m.scale(f.p, sum)
}

// Slice conditions the distribution on a support. It returns the conditional
// distribution, without certificates, and the mass of what was kept, as a share of
// the whole population. It is an error when no clique contains the support's scope
// (list the scope in Problem.Together) or when the mass is zero.
func (r *Result) Slice(s Support) (*Result, float64, error) {
	check := Problem{Vars: r.Vars}
	n, err := check.configurations(s.Scope)
	if err == nil && n != len(s.Allowed) {
		err = fmt.Errorf("allowed has %d entries, its scope has %d configurations", len(s.Allowed), n)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("fit: slice %s: %w", s.Name, err)
	}
	tr := r.tree()
	if tr.host(sorted(s.Scope)) < 0 {
		return nil, 0, fmt.Errorf("fit: slice %s: no clique contains %s: list these variables in Together", s.Name, namesOf(r.Vars, s.Scope))
	}
	tr.forbid(&s)
	mass := math.Exp(tr.calibrate())
	if !(mass > 0) {
		return nil, 0, fmt.Errorf("fit: slice %s: the part to keep has no mass", s.Name)
	}
	out := &Result{Vars: r.Vars, Sweeps: r.Sweeps, Cells: r.Cells, Largest: r.Largest}
	for i, n := range tr.nodes {
		out.Cliques = append(out.Cliques, Clique{Vars: n.vars, P: n.belief, Parent: r.Cliques[i].Parent})
	}
	return out, mass, nil
}

// Tilt multiplies the probability of every configuration of a scope by a factor, which
// is not negative, and divides by the sum. It returns the new distribution, without
// certificates. It is an error when no clique contains the scope (list it in
// Problem.Together) or when the sum is zero.
func (r *Result) Tilt(scope []int, factor []float64) (*Result, error) {
	check := Problem{Vars: r.Vars}
	n, err := check.configurations(scope)
	if err == nil && n != len(factor) {
		err = fmt.Errorf("there are %d factors, the scope has %d configurations", len(factor), n)
	}
	if err != nil {
		return nil, fmt.Errorf("fit: tilt: %w", err)
	}
	tr := r.tree()
	query := sorted(scope)
	h := tr.host(query)
	if h < 0 {
		return nil, fmt.Errorf("fit: tilt: no clique contains %s: list these variables in Together", namesOf(r.Vars, scope))
	}
	tr.margin(h, query, nil, 0).scale(tr.nodes[h].belief, reorder(r.Vars, scope, query, factor))
	if mass := math.Exp(tr.calibrate()); !(mass > 0) {
		return nil, errors.New("fit: tilt: nothing has a factor above zero")
	}
	out := &Result{Vars: r.Vars, Sweeps: r.Sweeps, Cells: r.Cells, Largest: r.Largest}
	for i, n := range tr.nodes {
		out.Cliques = append(out.Cliques, Clique{Vars: n.vars, P: n.belief, Parent: r.Cliques[i].Parent})
	}
	return out, nil
}

// tree returns a calibrated tree with a copy of the result's distribution.
func (r *Result) tree() *tree {
	tr := newTree(r.Vars, r.Cliques)
	for i, n := range tr.nodes {
		copy(n.belief, r.Cliques[i].P)
		if n.parent >= 0 {
			n.up.sum(n.belief, n.sep)
		}
	}
	return tr
}

// TableShares returns the shares of a table in the distribution: per cell its share
// of its row, as in Table.Share, and per row its share of the whole population, as
// in Certificate.Mass. It reads only Scope, Cell and Row. In a row without mass all
// shares are zero. Errors are those of Marginal, and a Cell of the wrong length.
func (r *Result) TableShares(t *Table) (share, mass []float64, err error) {
	p, err := r.Marginal(t.Scope)
	if err != nil {
		return nil, nil, err
	}
	if len(p) != len(t.Cell) {
		return nil, nil, fmt.Errorf("fit: table %s: cell has %d entries, its scope has %d configurations", t.Name, len(t.Cell), len(p))
	}
	share = make([]float64, len(t.Row))
	for i, c := range t.Cell {
		if c >= 0 {
			share[c] += p[i]
		}
	}
	rows := 0
	for _, row := range t.Row {
		rows = max(rows, int(row)+1)
	}
	mass = make([]float64, rows)
	for c, row := range t.Row {
		mass[row] += share[c]
	}
	for c, row := range t.Row {
		if mass[row] > 0 {
			share[c] /= mass[row]
		}
	}
	return share, mass, nil
}
