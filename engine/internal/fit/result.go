package fit

import (
	"fmt"
	"math"
	"slices"
)

// maxMarginal bounds the cells of a distribution made on request.
const maxMarginal = 50e6

// result reads off the calibrated tree.
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

// certify measures one table against its reconciled and its published shares.
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

// sharesOf is the masses of cells as shares of their rows; in a row without
// mass the published shares stand, since nothing contradicts them.
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

// factor is a distribution over some variables, ascending and row-major.
type factor struct {
	vars []int
	p    []float64
}

// onto sums a factor to a subset of its variables.
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
		return factor{}, fmt.Errorf("fit: the joint of %s has %.3g cells, more than %.3g", namesOf(all, vars), n, float64(maxMarginal))
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

// Marginal is the joint distribution of any set of distinct variables,
// row-major in the order given. It is found by elimination on the junction
// tree; an error when a table on the way would be too large.
func (r *Result) Marginal(scope []int) ([]float64, error) {
	check := Problem{Vars: r.Vars}
	if _, err := check.configurations(scope); err != nil {
		return nil, fmt.Errorf("fit: marginal: %w", err)
	}
	query := sorted(scope)
	f, err := r.marginal(query)
	if err != nil {
		return nil, err
	}
	return reorder(r.Vars, query, scope, f.p), nil
}

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

// gather is the joint of the queried variables in a clique's subtree and of
// keep, the separator to its parent.
func (r *Result) gather(i int, keep, query []int) (factor, error) {
	c := r.Cliques[i]
	f := factor{c.Vars, c.P}
	want := keep
	for _, v := range c.Vars {
		if slices.Contains(query, v) {
			want = unite(want, []int{v})
		}
	}
	for j := i + 1; j < len(r.Cliques); j++ {
		if r.Cliques[j].Parent != i || !r.holds(j, query, f.vars) {
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
		want = unite(want, without(g.vars, sep))
	}
	return f.onto(r.Vars, want), nil
}

// holds says whether the subtree of a clique has a queried variable that is not
// known yet.
func (r *Result) holds(i int, query, known []int) bool {
	for _, v := range r.Cliques[i].Vars {
		if slices.Contains(query, v) && !slices.Contains(known, v) {
			return true
		}
	}
	for j := i + 1; j < len(r.Cliques); j++ {
		if r.Cliques[j].Parent == i && r.holds(j, query, known) {
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

// givenIn turns a joint into the conditional given a subset of its variables.
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

// Slice conditions the distribution on a support whose scope lies in one
// clique (list it in Problem.Together). It returns the conditioned result,
// without certificates, and the mass of the part kept.
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
		return nil, 0, fmt.Errorf("fit: slice %s: no clique holds %s; list them in Together", s.Name, namesOf(r.Vars, s.Scope))
	}
	tr.forbid(&s)
	mass := math.Exp(tr.calibrate())
	if !(mass > 0) {
		return nil, 0, fmt.Errorf("fit: slice %s: nobody is left", s.Name)
	}
	out := &Result{Vars: r.Vars, Sweeps: r.Sweeps, Cells: r.Cells, Largest: r.Largest}
	for i, n := range tr.nodes {
		out.Cliques = append(out.Cliques, Clique{Vars: n.vars, P: n.belief, Parent: r.Cliques[i].Parent})
	}
	return out, mass, nil
}

// tree is a working tree with a copy of the result's distribution.
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

// TableShares computes what the distribution says of a table: per cell its
// share of its row, per row its share of the whole population, in the form of
// Table.Share and Certificate.Mass. Only Scope, Cell and Row are read. The
// shares of a row without mass are zero.
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
