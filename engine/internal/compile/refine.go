package compile

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/smooth"
	"github.com/personagen/personagen/engine/plan"
)

// Limits of the raking of one clique. Its margins agree, so a few sweeps are usual.
const (
	rakeSweeps   = 5000
	rakeVisits   = 4e9   // of cells; fewer sweeps of large cliques
	rakeMet      = 1e-13 // of all persons; raking stops
	rakeUnmet    = 1e-9  // of all persons; the smoothing has failed
	targetSweeps = 20    // towards the curves, which need not be met exactly
)

// refinement gives some cliques of a fitted tree the single values of an integer, and
// there interpolates the shares of other fields over them.
//
// The fit stays what it is: where it has bands, they stay variables, and a refined clique
// has one more, the position of the value in its band. Clique by clique, from one that has
// the values on, the table of the clique is its fitted one, in which all values of a band
// are alike, times a factor for each smoothed field, value and configuration of the fields
// with a curve of their own. It is then raked (Deming and Stephan 1940) until it agrees
// with the clique above and with all that tables, means and joints say.
type refinement struct {
	*compiler
	of      int
	split   *split  // nil if the fit has single values
	axes    []int   // variables that give the value: of, or bands and position
	value   []int32 // per configuration of axes, -1 for none
	ties    []tie
	curves  []smoothed
	cliques []*refined
}

// refined is a clique in the tree of a refinement.
type refined struct {
	vars     []int     // ascending
	flat     []float64 // fitted; all values of a band alike
	p        []float64 // with smoothed shares
	parent   int
	children []int

	smooth  bool       // gets single values and is raked
	curves  []smoothed // whose fields the clique introduces
	class   []int32    // per value: which values only have to keep their shares together
	singles [][]int    // sets of variables whose joint distribution with single values is kept
}

// refineOver interpolates what is smoothed over an integer. It is false after a fault.
func (c *compiler) refineOver(of int, curves []smoothed) bool {
	x := &refinement{compiler: c, of: of, ties: c.ties[of], curves: curves}
	x.plant()
	if i := slices.IndexFunc(c.space.splits, func(s split) bool { return s.variable == of }); i >= 0 {
		x.split = &c.space.splits[i]
		if !x.placePositions() {
			return false
		}
	} else {
		x.axes = []int{of}
		for a := range c.space.cards[of] {
			x.value = append(x.value, int32(a))
		}
	}
	x.choose()
	for i, q := range x.cliques {
		if !x.extend(i) {
			return false
		}
		if q.smooth && !x.rakeClique(i) {
			return false
		}
	}
	x.harvest()
	return true
}

// plant takes the tree over, with a clique that has the integer as root of its part.
func (x *refinement) plant() {
	old := x.whole.Cliques
	root := slices.IndexFunc(old, func(q fit.Clique) bool { return slices.Contains(q.Vars, x.of) })
	near := make([][]int, len(old))
	var roots []int
	for i, q := range old {
		if q.Parent < 0 {
			roots = append(roots, i)
			continue
		}
		near[i], near[q.Parent] = append(near[i], q.Parent), append(near[q.Parent], i)
	}
	for i := root; i >= 0; i = old[i].Parent {
		if old[i].Parent < 0 {
			roots[slices.Index(roots, i)] = root
		}
	}
	var visit func(i, from, parent int)
	visit = func(i, from, parent int) {
		at := len(x.cliques)
		x.cliques = append(x.cliques, &refined{vars: old[i].Vars, flat: old[i].P, parent: parent})
		if parent >= 0 {
			x.cliques[parent].children = append(x.cliques[parent].children, at)
		}
		for _, j := range near[i] {
			if j != from {
				visit(j, i, at)
			}
		}
	}
	for _, r := range roots {
		visit(r, -1, -1)
	}
}

// placePositions adds the variable of positions in bands, puts it and the bands in the
// place of the integer, and the integer, which both decide, into a clique of its own.
func (x *refinement) placePositions() bool {
	s, c := x.split, x.compiler
	s.values = make([][]int, len(s.first))
	width := 0
	for v, band := range s.of {
		s.values[band] = append(s.values[band], v)
		width = max(width, len(s.values[band]))
	}
	name := c.space.fields[x.of].Name
	if n := len(s.first) * width * len(s.of); n > maxConfigurations {
		c.diags.Errorf(c.space.fields[x.of].Place, "too-wide", "field %q has too many values to be smooth over: %d bands of up to %d", name, len(s.first), width).WithHint("use bands of similar width")
		return false
	}
	// The name is part of random streams, as that of the bands is.
	s.position = len(c.space.cards)
	c.space.cards = append(c.space.cards, width)
	c.space.indexes = nil
	v := fit.Var{Name: name + " (in its band)", Card: width}
	c.problem.Vars = append(c.problem.Vars, v)
	c.plan.Variables = append(c.plan.Variables, plan.Variable{Name: v.Name, Field: name, Card: width, Bands: true})
	x.axes = []int{s.bands, s.position}
	for _, values := range s.values {
		for at := range width {
			x.value = append(x.value, -1)
			if at < len(values) {
				x.value[len(x.value)-1] = int32(values[at])
			}
		}
	}

	var mass []float64
	for i, q := range x.cliques {
		if !slices.Contains(q.vars, x.of) {
			continue
		}
		if i == 0 || mass == nil {
			mass = make([]float64, len(s.of))
			for k, v := range c.space.index(q.vars, []int{x.of}) {
				mass[v] += q.flat[k]
			}
		}
		x.convert(q)
	}
	host := slices.IndexFunc(x.cliques, func(q *refined) bool { return slices.Contains(q.vars, s.position) })
	own := &refined{vars: []int{x.of, s.bands, s.position}, flat: make([]float64, len(s.of)*len(x.value)), parent: host}
	for k, v := range x.value {
		if v >= 0 {
			own.flat[int(v)*len(x.value)+k] = mass[v]
		}
	}
	x.cliques[host].children = append(x.cliques[host].children, len(x.cliques))
	x.cliques = append(x.cliques, own)
	return true
}

// convert replaces the integer in a clique by its band and position.
func (x *refinement) convert(q *refined) {
	vars := slices.DeleteFunc(slices.Clone(q.vars), func(v int) bool { return v == x.of })
	vars = x.space.union(vars, x.axes)
	flat := make([]float64, x.space.size(vars))
	// The number of an old configuration is the sum of the part of the other variables
	// and that of the integer, whose band is among the others where the clique has it.
	others := slices.DeleteFunc(slices.Clone(q.vars), func(v int) bool { return v == x.of })
	part := make([]int32, x.space.size(others))
	at, first := x.space.index(q.vars, others), x.space.index(q.vars, []int{x.of})
	for k := len(at) - 1; k >= 0; k-- {
		if first[k] == 0 {
			part[at[k]] = int32(k)
		}
	}
	stride := 1
	for _, v := range slices.Backward(q.vars) {
		if v == x.of {
			break
		}
		stride *= x.space.cards[v]
	}
	other, value := x.space.index(vars, others), x.space.index(vars, x.axes)
	for k := range flat {
		if v := x.value[value[k]]; v >= 0 {
			flat[k] = q.flat[int(part[other[k]])+int(v)*stride]
		}
	}
	q.vars, q.flat = vars, flat
}

// choose decides which cliques are refined, and what each must keep.
func (x *refinement) choose() {
	for _, q := range x.cliques {
		if !slices.Contains(q.vars, x.axes[0]) || x.split != nil && slices.Contains(q.vars, x.of) {
			continue
		}
		for _, of := range x.curves {
			if len(both(of.vars, q.vars)) == 0 {
				continue
			}
			if x.split == nil || slices.Contains(q.vars, x.split.position) {
				q.smooth = true
			}
			if holds(q.vars, of.vars) && (q.parent < 0 || !holds(x.cliques[q.parent].vars, of.vars)) {
				q.curves = append(q.curves, of)
				q.smooth = true
			}
		}
	}
	bands := make([]int32, x.space.cards[x.of])
	for _, of := range x.curves {
		bands, _ = refine(bands, of.bands)
	}
	for i := len(x.cliques) - 1; i >= 0; i-- {
		q := x.cliques[i]
		if !q.smooth {
			continue
		}
		if x.split != nil && q.parent >= 0 {
			x.cliques[q.parent].smooth = true
		}
		q.class = make([]int32, x.space.cards[x.of])
		for _, of := range q.curves {
			q.class, _ = refine(q.class, of.bands)
		}
		for _, t := range x.ties {
			others := slices.DeleteFunc(slices.Clone(t.scope), func(v int) bool { return v == x.of })
			if !holds(q.vars, others) {
				continue
			}
			if t.single(bands) {
				q.singles = append(q.singles, others)
			} else {
				q.class, _ = refine(q.class, t.class)
			}
		}
		for _, j := range q.children {
			child := x.cliques[j]
			if !child.smooth {
				continue
			}
			q.class, _ = refine(q.class, child.class)
			for _, others := range child.singles {
				if shared := both(others, q.vars); len(shared) > 0 {
					q.singles = append(q.singles, shared)
				}
			}
		}
	}
}

// extend gives a refined clique its table with single values, in which all values of a
// band are alike.
func (x *refinement) extend(i int) bool {
	q := x.cliques[i]
	if x.split != nil && q.smooth && !slices.Contains(q.vars, x.split.position) {
		parent := x.cliques[q.parent]
		vars := x.space.union(q.vars, x.axes)
		if n := x.space.size(vars); n < 0 {
			x.diags.Errorf(x.curves[0].table.spec.Smooth.Place, "too-wide", "to smooth %q over %q needs the joint distribution of %v over single values, which has more than %d combinations", x.curves[0].field.Name, x.space.fields[x.of].Name, x.variableNames(q.vars), maxConfigurations).
				WithHint("use groups with fewer values in the tables of these fields")
			return false
		}
		// P(clique, value) = P(clique) P(value, what it shares with the clique above) / P(what it shares)
		bands := both(q.vars, parent.vars)
		shared := both(vars, parent.vars)
		flat := make([]float64, x.space.size(vars))
		above, below := x.sum(parent.vars, parent.flat, shared), x.sum(q.vars, q.flat, bands)
		own, of, on := x.space.index(vars, q.vars), x.space.index(vars, shared), x.space.index(vars, bands)
		for k := range flat {
			if p := below[on[k]]; p > 0 {
				flat[k] = q.flat[own[k]] * (above[of[k]] / p)
			}
		}
		q.vars, q.flat = vars, flat
	}
	q.p = q.flat
	return true
}

// margin is a joint distribution that raking meets. Of has the cell of each live
// configuration.
type margin struct {
	of     []int32
	target []float64
	sum    []float64
}

// raking is a clique's table while it is raked, without configurations that nobody has.
type raking struct {
	live []int32
	p    []float64
}

// margin returns the margin of a raking over some variables, with the target that a table
// over all of them gives.
func (r *raking) margin(index []int32, cells int, flat []float64) margin {
	m := margin{of: make([]int32, len(r.live)), target: make([]float64, cells), sum: make([]float64, cells)}
	for i, k := range r.live {
		m.of[i] = index[k]
		m.target[index[k]] += flat[k]
	}
	return m
}

// rake scales to the margins in turn and returns by how much the worst cell of the last
// sweep was off, before it was scaled.
func (r *raking) rake(margins []margin, sweeps int) (worst float64) {
	for range sweeps {
		worst = 0
		for _, m := range margins {
			clear(m.sum)
			for i, p := range r.p {
				m.sum[m.of[i]] += p
			}
			for cell, s := range m.sum {
				worst = max(worst, math.Abs(s-m.target[cell]))
				if s > 0 {
					m.sum[cell] = m.target[cell] / s
				}
			}
			for i := range r.p {
				r.p[i] *= m.sum[m.of[i]]
			}
		}
		if worst <= rakeMet {
			break
		}
	}
	return worst
}

// rakeClique smooths the shares of the fields that a clique introduces.
func (x *refinement) rakeClique(i int) bool {
	q := x.cliques[i]
	r := &raking{}
	for k, p := range q.flat {
		if p > 0 {
			r.live, r.p = append(r.live, int32(k)), append(r.p, p)
		}
	}
	margins := x.kept(q, r)
	if q.parent >= 0 {
		parent := x.cliques[q.parent]
		shared := both(q.vars, parent.vars)
		above := r.margin(x.space.index(q.vars, shared), x.space.size(shared), q.flat)
		copy(above.target, x.sum(parent.vars, parent.p, shared))
		margins = append(margins, above)
		r.rake(margins[len(margins)-1:], 1)
	}
	exact := len(margins)
	for _, of := range q.curves {
		if x.ctx.Err() != nil {
			return true // the next stage reports it
		}
		margins = append(margins, x.follow(q, r, of))
		r.rake(margins, targetSweeps)
	}
	sweeps := min(rakeSweeps, max(targetSweeps, rakeVisits/max(1, len(r.live)*exact)))
	off := r.rake(margins[:exact], sweeps)
	if off > rakeUnmet {
		of := x.curves[0]
		if len(q.curves) > 0 {
			of = q.curves[0]
		}
		x.diags.Errorf(of.table.spec.Smooth.Place, "smooth-unmet", "table %q cannot be smooth together with the other tables: a combination is off by %.2g of all persons", of.table.spec.Name, off).
			WithHint("remove smooth here or from another table of %q", x.space.fields[x.of].Name)
		return false
	}
	q.p = make([]float64, len(q.flat))
	for i, k := range r.live {
		q.p[k] = r.p[i]
	}
	for _, of := range q.curves {
		s := &x.plan.Smoothed[of.at]
		s.Before, s.After = x.steepest(s, x.of, x.byValue(q, q.flat, of)), x.steepest(s, x.of, x.byValue(q, q.p, of))
	}
	return true
}

// kept lists the joint distributions that a clique keeps: of all its other variables with
// classes of values, of some with single values, and of what it shares with cliques that
// are not refined.
func (x *refinement) kept(q *refined, r *raking) (out []margin) {
	value := x.valueIn(q.vars)
	others := slices.DeleteFunc(slices.Clone(q.vars), func(v int) bool { return slices.Contains(x.axes, v) })
	classes := int(slices.Max(q.class)) + 1
	index := x.space.index(q.vars, others)
	for k := range index {
		index[k] = index[k]*int32(classes) + q.class[max(value[k], 0)]
	}
	out = append(out, r.margin(index, x.space.size(others)*classes, q.flat))
	var scopes [][]int
	keep := func(scope []int) {
		if len(scope) > 0 && !slices.ContainsFunc(scopes, func(old []int) bool { return slices.Equal(old, scope) }) {
			scopes = append(scopes, scope)
			out = append(out, r.margin(x.space.index(q.vars, scope), x.space.size(scope), q.flat))
		}
	}
	keep(x.axes)
	for _, others := range q.singles {
		keep(x.space.union(others, x.axes))
	}
	for _, j := range q.children {
		if child := x.cliques[j]; !child.smooth {
			if shared := both(child.vars, q.vars); slices.Contains(shared, x.axes[0]) {
				keep(shared)
			}
		}
	}
	return out
}

// follow multiplies a clique's table by the factors that interpolate the shares of a field,
// and returns the margin that the curves give.
func (x *refinement) follow(q *refined, r *raking, of smoothed) margin {
	var given []string
	for _, field := range of.given {
		if holds(q.vars, x.space.known[field.Name].scope) {
			given = append(given, field.Name)
		}
	}
	groups, label := x.space.join(given, x.kinds.Fields), x.labelIn(q.vars, of)
	value, group := x.valueIn(q.vars), x.space.index(q.vars, groups.scope)
	card, values, known := of.field.Slots(), x.space.cards[x.of], of.field.Domain.Size() // known: without null
	cells := groups.cells * values * card
	m := margin{of: make([]int32, len(r.live)), target: make([]float64, cells), sum: make([]float64, cells)}
	for i, k := range r.live {
		m.of[i] = (groups.cell[group[k]]*int32(values)+value[k])*int32(card) + label[k]
		m.target[m.of[i]] += r.p[i]
	}
	for g := range groups.cells {
		mass := m.target[g*values*card : (g+1)*values*card]
		line := smooth.Curve{Edge: of.edge, Band: make([]int32, values), Weight: make([]float64, values), Share: make([][]float64, values)}
		for a := range values {
			own := mass[a*card : a*card+known]
			line.Weight[a], line.Band[a], line.Share[a] = sum(own), q.class[a], slices.Clone(own)
			if !of.inside[a] {
				line.Band[a] = -1
			}
			for v := range own {
				if line.Weight[a] > 0 {
					line.Share[a][v] /= line.Weight[a]
				}
			}
		}
		line.Interpolate()
		for a := range values {
			all := sum(line.Share[a])
			if line.Band[a] < 0 || all <= 0 {
				continue
			}
			for v, s := range line.Share[a] {
				mass[a*card+v] = line.Weight[a] * (s / all)
			}
		}
	}
	r.rake([]margin{m}, 1)
	return m
}

// harvest puts the tree back.
func (x *refinement) harvest() {
	out := *x.whole
	out.Vars, out.Cliques, out.Cells, out.Largest = x.problem.Vars, nil, 0, 0
	for _, q := range x.cliques {
		out.Cliques = append(out.Cliques, fit.Clique{Vars: q.vars, P: q.p, Parent: q.parent})
		out.Cells += int64(len(q.p))
		out.Largest = max(out.Largest, int64(len(q.p)))
	}
	x.whole = &out
}

// valueIn returns the value of the integer per configuration of some variables, -1 where
// there is none.
func (x *refinement) valueIn(vars []int) []int32 {
	index := x.space.index(vars, x.axes)
	for k, at := range index {
		index[k] = x.value[at]
	}
	return index
}

// labelIn returns the code of a curve's field per configuration of some variables.
func (x *refinement) labelIn(vars []int, of smoothed) []int32 {
	index := x.space.index(vars, of.vars)
	code := x.space.known[of.field.Name].code
	for k, at := range index {
		index[k] = code[at]
	}
	return index
}

// byValue sums a clique's table to the values of the integer and the slots of a field.
func (x *refinement) byValue(q *refined, p []float64, of smoothed) []float64 {
	slots := of.field.Slots()
	out := make([]float64, x.space.cards[x.of]*slots)
	label := x.labelIn(q.vars, of)
	for k, v := range x.valueIn(q.vars) {
		if v >= 0 {
			out[int(v)*slots+int(label[k])] += p[k]
		}
	}
	return out
}

// sum sums a table over some variables to a part of them.
func (x *refinement) sum(vars []int, p []float64, part []int) []float64 {
	out := make([]float64, x.space.size(part))
	for k, at := range x.space.index(vars, part) {
		out[at] += p[k]
	}
	return out
}

// both lists the variables that are in two lists, in the order of the first.
func both(a, b []int) []int {
	return slices.DeleteFunc(slices.Clone(a), func(v int) bool { return !slices.Contains(b, v) })
}

// holds reports whether all of some variables are in a list.
func holds(vars, part []int) bool { return len(both(part, vars)) == len(part) }
