package fit

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/disjoint"
)

// makeAllAbsolute converts the targets of hard tables from shares of a row to shares
// of the whole population, wherever an absolute table gives the mass of every row:
// the region of each row must be a union of that table's cells. It repeats until
// nothing changes, because a table made absolute can give the masses for another.
func makeAllAbsolute(tables []*table, vars []Var) {
	for changed := true; changed; {
		changed = false
		for _, t := range tables {
			if t.def.Role != Hard || t.absolute {
				continue
			}
			if mass := regionMasses(t, tables, vars); mass != nil {
				t.makeAbsolute(mass)
				changed = true
			}
		}
	}
}

// regionMasses returns the mass of each row's region, from the absolute table with
// the least variance that determines all of them, or nil.
func regionMasses(t *table, tables []*table, vars []Var) []float64 {
	var best []float64
	variance := math.Inf(1)
	for _, a := range tables {
		if a == t || a.def.Role != Hard || !a.absolute || a.def.Variance >= variance {
			continue
		}
		if mass := regionMassesBy(t, a, vars); mass != nil {
			best, variance = mass, a.def.Variance
		}
	}
	return best
}

const (
	unseen = -2 // no possible configuration so far
	mixed  = -3 // configurations of several rows
)

// regionMassesBy assigns every cell of a to one row of t or to its outside, and
// returns the mass per row; nil when a cell with mass belongs to several.
func regionMassesBy(t, a *table, vars []Var) []float64 {
	shared := intersect(t.scope, a.scope)
	if len(shared) == 0 {
		return nil
	}
	rowOf := func(conf int) int {
		if c := t.cell[conf]; int(c) < t.n {
			return int(t.row[c])
		}
		return -1
	}
	ts, as := positions(vars, t.scope, shared), positions(vars, a.scope, shared)
	at := make([]int, int(cells(vars, shared)))
	for i := range at {
		at[i] = unseen
	}
	merge := func(x *int, r int) {
		switch {
		case r == unseen:
		case *x == unseen:
			*x = r
		case *x != r:
			*x = mixed
		}
	}
	for conf, ok := range t.live {
		if ok {
			merge(&at[ts[conf]], rowOf(conf))
		}
	}
	row := make([]int, a.size)
	for c := range row {
		row[c] = unseen
	}
	for conf, ok := range a.live {
		if ok {
			merge(&row[a.cell[conf]], at[as[conf]])
		}
	}
	mass := make([]float64, t.rows)
	for c, r := range row {
		switch {
		case a.target[c] <= 0:
		case r == mixed:
			return nil
		case r >= 0:
			mass[r] += a.target[c]
		}
	}
	return mass
}

// positions maps every configuration of a scope to the configuration of sub, a
// subset of it.
func positions(vars []Var, scope, sub []int) []int32 {
	stride := make([]int32, len(scope))
	n := int32(1)
	for i := len(scope) - 1; i >= 0; i-- {
		if slices.Contains(sub, scope[i]) {
			stride[i] = n
			n *= int32(vars[scope[i]].Card)
		}
	}
	return offsets(vars, scope, stride)
}

// makeAbsolute converts the targets, given the mass of every row.
func (t *table) makeAbsolute(rowMass []float64) {
	t.absolute = true
	rest := 1.0
	for _, m := range rowMass {
		rest -= m
	}
	for c, r := range t.row {
		t.target[c] = t.share[c] * rowMass[r]
	}
	if t.size > t.n {
		t.target[t.n] = rest
		if rest < 1e-12 {
			t.target[t.n] = 0
		}
	}
}

// pair is two absolute tables and their finest common coarsening: regions that are
// unions of cells of either table, and must have the same mass in both.
type pair struct {
	a, b     *table
	inA, inB []int // region of each cell; -1 when the cell has no possible configuration
	regions  int
	massA    []float64
	massB    []float64
}

// newPair finds the regions by union-find over the cells of a, the configurations
// of the shared variables and the cells of b: a cell is joined with every
// configuration that it can contain. It returns nil when there is only one region.
func newPair(a, b *table, vars []Var) *pair {
	shared := intersect(a.scope, b.scope)
	if len(shared) == 0 {
		return nil
	}
	nw := int(cells(vars, shared))
	u := disjoint.New(nw + a.size + b.size)
	alive := make([]bool, len(u))
	link := func(t *table, base int) {
		pos := positions(vars, t.scope, shared)
		for conf, ok := range t.live {
			if c := base + int(t.cell[conf]); ok {
				u.Join(int(pos[conf]), c)
				alive[c] = true
			}
		}
	}
	link(a, nw)
	link(b, nw+a.size)
	p := &pair{a: a, b: b, inA: make([]int, a.size), inB: make([]int, b.size)}
	number := make([]int, len(u))
	region := func(i int) int {
		if !alive[i] {
			return -1
		}
		root := u.Find(i)
		if number[root] == 0 {
			p.regions++
			number[root] = p.regions
		}
		return number[root] - 1
	}
	for c := range p.inA {
		p.inA[c] = region(nw + c)
	}
	for c := range p.inB {
		p.inB[c] = region(nw + a.size + c)
	}
	if p.regions < 2 {
		return nil
	}
	p.massA, p.massB = make([]float64, p.regions), make([]float64, p.regions)
	return p
}

// measure sums both tables over the regions. It returns their total variation
// distance and the region where they differ most.
func (p *pair) measure() (tvd float64, worst int) {
	sumInto(p.massA, p.inA, p.a.target)
	sumInto(p.massB, p.inB, p.b.target)
	most := -1.0
	for k, x := range p.massA {
		d := abs(x - p.massB[k])
		tvd += d / 2
		if d > most {
			most, worst = d, k
		}
	}
	return tvd, worst
}

// apart reports whether no change can make the two tables agree. It does not say so of
// a table whose rows may get other masses from another table.
func (p *pair) apart(tolerance float64) bool {
	if p.a.bounded() && !p.a.ownMass() || p.b.bounded() && !p.b.ownMass() {
		return false
	}
	return p.beyond(tolerance)
}

// beyond reports whether the two tables differ by more than both may move together.
func (p *pair) beyond(tolerance float64) bool {
	tvd, _ := p.measure()
	excess, allowed := tvd, tolerance
	if !p.a.bounded() {
		allowed += p.a.def.Tolerance
	}
	if !p.b.bounded() {
		allowed += p.b.def.Tolerance
	}
	room := make([]float64, p.regions)
	for _, side := range []struct {
		t  *table
		in []int
	}{{p.a, p.inA}, {p.b, p.inB}} {
		for c, k := range side.in {
			if k >= 0 {
				room[k] += side.t.slack(c, 1)
			}
		}
	}
	for k, x := range p.massA {
		excess -= min(abs(x-p.massB[k]), room[k]) / 2
	}
	return excess > allowed
}

func sumInto(out []float64, in []int, x []float64) {
	clear(out)
	for c, k := range in {
		if k >= 0 {
			out[k] += x[c]
		}
	}
}

func (p *pair) disagreement() Disagreement {
	tvd, k := p.measure()
	cellsOf := func(t *table, in []int) []int {
		var out []int
		for c, r := range in {
			if r != k {
				continue
			}
			if c == t.n {
				c = -1
			}
			out = append(out, c)
		}
		return out
	}
	return Disagreement{A: p.a.src, B: p.b.src, CellsA: cellsOf(p.a, p.inA), CellsB: cellsOf(p.b, p.inB),
		MassA: p.massA[k], MassB: p.massB[k], TVD: tvd}
}

// reconciler is the least squares problem of one call of reconcile.
type reconciler struct {
	tables    []*table
	pairs     []*pair
	variance  []float64   // per table; stiffen lowers it
	weight    [][]float64 // per table and cell: the variance of the cell
	free      bool        // tables may move as far as they need
	tolerance float64
}

// reconcile moves the absolute hard tables until any two of them give every common
// region the same mass: by weighted least squares, with the variance of a cell
// proportional to its share (Stone, Champernowne and Meade 1942, "The precision of
// national income estimates"). A table that would move by more than its tolerance
// gets a smaller variance, so that the others move instead; when that does not
// help, the error is an *InconsistentError with the pairs that disagree.
func reconcile(tables []*table, vars []Var, tolerance float64) error {
	r := &reconciler{tolerance: tolerance}
	for _, t := range tables {
		t.start = slices.Clone(t.target)
		if t.def.Role == Hard && t.absolute {
			r.tables = append(r.tables, t)
		}
	}
	for i, a := range r.tables {
		for _, b := range r.tables[i+1:] {
			if p := newPair(a, b, vars); p != nil {
				r.pairs = append(r.pairs, p)
			}
		}
	}
	r.fixTotals()
	if err := r.beyondTolerance(); err != nil {
		return err
	}
	r.variance = startVariance(r.tables)
	for range maxEasing {
		for _, t := range r.tables {
			copy(t.target, t.start)
		}
		r.project()
		if !r.stiffen() {
			break
		}
	}
	return r.check()
}

// fixTotals pairs every table with a table of one cell that contains everybody and
// has no variance, so that the shares of every table keep their sum of one. Least
// squares alone would let the common total change.
func (r *reconciler) fixTotals() {
	everybody := &table{src: -1, def: &Table{Name: "everybody"}, n: 1, size: 1, target: []float64{1}, start: []float64{1}}
	for _, t := range r.tables {
		r.pairs = append(r.pairs, &pair{a: t, b: everybody, inA: make([]int, t.size), inB: []int{0}, regions: 1,
			massA: make([]float64, 1), massB: make([]float64, 1)})
	}
	r.tables = append(r.tables, everybody)
}

// maxEasing bounds how often reconcile lowers variances.
const maxEasing = 60

// startVariance returns the declared variances, or equal ones when none is
// declared.
func startVariance(tables []*table) []float64 {
	v := make([]float64, len(tables))
	any := false
	for i, t := range tables {
		v[i] = t.def.Variance
		any = any || v[i] > 0
	}
	if !any {
		fill(v, 1)
		v[len(v)-1] = 0 // the table of fixTotals
	}
	return v
}

// beyondTolerance returns an error with the pairs that no reconciliation can make
// agree: their distance is larger than what both may move together.
func (r *reconciler) beyondTolerance() error {
	var worst []Disagreement
	for _, p := range r.pairs {
		if p.b.src >= 0 && p.apart(r.tolerance) {
			worst = append(worst, p.disagreement())
		}
	}
	return r.inconsistent(worst)
}

func (r *reconciler) inconsistent(ds []Disagreement) error {
	if len(ds) == 0 {
		return nil
	}
	slices.SortStableFunc(ds, func(x, y Disagreement) int {
		switch {
		case x.TVD > y.TVD:
			return -1
		case x.TVD < y.TVD:
			return 1
		}
		return 0
	})
	e := &InconsistentError{Disagreements: ds}
	needed := r.needed()
	for i, t := range r.tables {
		if t.src < 0 {
			continue
		}
		for len(e.names) <= t.src {
			e.names, e.Needed = append(e.names, ""), append(e.Needed, 0)
		}
		e.names[t.src], e.Needed[t.src] = t.def.Name, needed[i]
	}
	return e
}

// needed returns, per table, the tolerance with which all tables could be reconciled: how
// far the table moves when nothing bounds the changes, 0 when it may move so far. All
// are 0 when the tables do not agree even so.
func (r *reconciler) needed() []float64 {
	out := make([]float64, len(r.tables))
	r.free = true
	defer func() { r.free = false }()
	r.variance = startVariance(r.tables)
	for _, t := range r.tables {
		copy(t.target, t.start)
	}
	if r.project(); r.disagree() {
		return out
	}
	for i, t := range r.tables {
		if t.src >= 0 && t.tooFar(t.target, r.tolerance) {
			out[i] = t.moved()
		}
	}
	return out
}

// stiffen lowers the variance of every table that moved too far. It returns false
// when there is none whose variance can be lowered.
func (r *reconciler) stiffen() bool {
	again := false
	for i, t := range r.tables {
		if t.bounded() {
			continue // project keeps it within its bounds
		}
		limit := t.def.Tolerance + r.tolerance/2
		if moved := t.moved(); moved > limit && r.variance[i] > 0 {
			r.variance[i] *= max(1e-3, 0.7*limit/moved)
			again = true
		}
	}
	return again
}

// check returns an error with the pairs that still disagree, and for every table
// that moved too far the pair that made it move.
func (r *reconciler) check() error {
	tooFar := func(t *table) bool { return t.tooFar(t.target, r.tolerance) }
	blamed := make([]bool, len(r.pairs))
	for i, p := range r.pairs {
		tvd, _ := p.measure()
		blamed[i] = tvd > r.tolerance/2 && p.b.src >= 0
	}
	for _, t := range r.tables {
		if tooFar(t) {
			if i := r.worstPartner(t); i >= 0 {
				blamed[i] = true
			}
		}
	}
	now := make([][]float64, len(r.tables))
	for i, t := range r.tables {
		now[i] = t.target
		t.target = t.start
	}
	var ds []Disagreement
	for i, p := range r.pairs {
		if blamed[i] {
			ds = append(ds, p.disagreement())
		}
	}
	// Tables that agreed as published disagree only because others pull at them.
	if cause := func(d Disagreement) bool { return d.TVD > r.tolerance }; slices.ContainsFunc(ds, cause) {
		ds = slices.DeleteFunc(ds, func(d Disagreement) bool { return !cause(d) })
	}
	for i, t := range r.tables {
		t.target = now[i]
	}
	return r.inconsistent(ds)
}

// worstPartner returns the pair of a table that disagreed most before anything
// moved, or -1.
func (r *reconciler) worstPartner(t *table) int {
	best, most := -1, 0.0
	for i, p := range r.pairs {
		if p.a != t && p.b != t {
			continue
		}
		a, b := p.a.target, p.b.target
		p.a.target, p.b.target = p.a.start, p.b.start
		tvd, _ := p.measure()
		p.a.target, p.b.target = a, b
		if tvd > most {
			best, most = i, tvd
		}
	}
	return best
}

// moved returns the total variation distance between the published and the
// reconciled shares: see distance.
func (t *table) moved() float64 { return t.distance(t.target) }

// project solves the least squares problem. Cells that would be beyond their bounds
// are fixed there, and the rest is solved again. Where that leaves tables that
// disagree, alternate looks for figures within all bounds.
func (r *reconciler) project() {
	r.weight = make([][]float64, len(r.tables))
	for i, t := range r.tables {
		w := make([]float64, t.size)
		for c, x := range t.start {
			w[c] = r.variance[i] * x
		}
		r.weight[i] = w
	}
	fixed := make([][]float64, len(r.tables)) // value of each cell, -1 when it is free
	for i, t := range r.tables {
		fixed[i] = make([]float64, t.size)
		fill(fixed[i], -1)
	}
	for range maxEasing {
		r.solve()
		again := false
		for i, t := range r.tables {
			to := slices.Clone(t.target)
			t.clip(to, r.free)
			for c, x := range to {
				if fixed[i][c] < 0 && abs(x-t.target[c]) > 1e-12 {
					fixed[i][c], again = x, true
				}
			}
		}
		if !again {
			break
		}
		for i, t := range r.tables {
			for c, x := range t.start {
				if t.target[c] = x; fixed[i][c] >= 0 {
					t.target[c], r.weight[i][c] = fixed[i][c], 0
				}
			}
		}
	}
	if r.disagree() {
		r.alternate()
	}
}

// disagree reports whether tables still disagree, or are beyond their bounds.
func (r *reconciler) disagree() bool {
	for _, t := range r.tables {
		if !r.free && t.outside(t.target) > roundingNoise/2 {
			return true
		}
	}
	for _, p := range r.pairs {
		if tvd, _ := p.measure(); tvd > r.tolerance/4 {
			return true
		}
	}
	return false
}

// maxAlternate bounds the rounds of alternate.
const maxAlternate = 5000

// alternate projects onto the pairs and onto the bounds of the tables in turn, from the
// published figures on, which converges to figures that meet all where there are any
// (Gubin, Polyak and Raik 1967, "The method of projections for finding the common
// point of convex sets").
func (r *reconciler) alternate() {
	for i, t := range r.tables {
		copy(t.target, t.start)
		for c, x := range t.start {
			r.weight[i][c] = r.variance[i] * x
		}
	}
	diag := r.diagonal()
	for round := range maxAlternate {
		for i, p := range r.pairs {
			r.join(i, p, diag[i])
		}
		for _, t := range r.tables {
			t.clip(t.target, r.free)
		}
		if round%16 == 15 && !r.disagree() {
			return
		}
	}
}

// join moves the two tables of a pair to where they agree, and returns by how much
// their regions differed at most.
func (r *reconciler) join(i int, p *pair, diag []float64) float64 {
	p.measure()
	worst := 0.0
	shift := make([]float64, p.regions)
	for k := range shift {
		if diag[k] > 0 {
			d := p.massA[k] - p.massB[k]
			worst = max(worst, abs(d))
			shift[k] = d / diag[k]
		}
	}
	move(p.a.target, p.inA, r.weight[r.index(p.a)], shift, -1)
	move(p.b.target, p.inB, r.weight[r.index(p.b)], shift, 1)
	return worst
}

// maxSolve bounds the conjugate gradient steps.
const maxSolve = 5000

// solve moves the targets to the nearest point where all pairs agree: x0 - V C'y
// with (C V C') y = C x0, where a row of C is a region of a pair. The equations are
// redundant but consistent, so that conjugate gradients with a diagonal
// preconditioner solve them. polish then improves the last digits.
func (r *reconciler) solve() {
	res := r.vector()
	for i, p := range r.pairs {
		p.measure()
		for k := range res[i] {
			res[i][k] = p.massA[k] - p.massB[k]
		}
	}
	diag := r.diagonal()
	for i := range res {
		for k := range res[i] {
			if diag[i][k] == 0 {
				res[i][k] = 0 // neither table can move: check reports the pair
			}
		}
	}
	y, dir, z := r.vector(), r.vector(), r.vector()
	precondition := func() {
		for i := range z {
			for k := range z[i] {
				if diag[i][k] > 0 {
					z[i][k] = res[i][k] / diag[i][k]
				}
			}
		}
	}
	precondition()
	copyAll(dir, z)
	rz := dotAll(res, z)
	for step := 0; step < maxSolve && largest(res) > 1e-14; step++ {
		h := r.normal(dir)
		curve := dotAll(dir, h)
		if !(curve > 0) {
			break
		}
		alpha := rz / curve
		addAll(y, alpha, dir)
		addAll(res, -alpha, h)
		precondition()
		next := dotAll(res, z)
		beta := next / rz
		rz = next
		for i := range dir {
			for k := range dir[i] {
				dir[i][k] = z[i][k] + float64(beta*dir[i][k])
			}
		}
	}
	for i, dx := range r.spread(y) {
		for c, d := range dx {
			r.tables[i].target[c] -= float64(r.weight[i][c] * d)
		}
	}
	r.polish(diag)
}

// polish runs alternating projections onto the pairs (von Neumann 1933), which
// converge to the same point, until they no longer improve.
func (r *reconciler) polish(diag [][]float64) {
	best := math.Inf(1)
	for stall := 0; stall < 20; {
		worst := 0.0
		for i, p := range r.pairs {
			worst = max(worst, r.join(i, p, diag[i]))
		}
		if worst <= 1e-16 {
			return
		}
		if worst < 0.9*best {
			best, stall = worst, 0
		} else {
			stall++
		}
	}
}

func move(x []float64, in []int, w, shift []float64, sign float64) {
	for c, k := range in {
		if k >= 0 {
			x[c] += sign * float64(w[c]*shift[k])
		}
	}
}

func (r *reconciler) index(t *table) int { return slices.Index(r.tables, t) }

// vector returns a zero per region of every pair.
func (r *reconciler) vector() [][]float64 {
	v := make([][]float64, len(r.pairs))
	for i, p := range r.pairs {
		v[i] = make([]float64, p.regions)
	}
	return v
}

// diagonal returns the diagonal of C V C'.
func (r *reconciler) diagonal() [][]float64 {
	d := r.vector()
	for i, p := range r.pairs {
		for c, k := range p.inA {
			if k >= 0 {
				d[i][k] += r.weight[r.index(p.a)][c]
			}
		}
		for c, k := range p.inB {
			if k >= 0 {
				d[i][k] += r.weight[r.index(p.b)][c]
			}
		}
	}
	return d
}

// spread returns C' y: per table and cell, the sum over the regions it is in.
func (r *reconciler) spread(y [][]float64) [][]float64 {
	out := make([][]float64, len(r.tables))
	for i, t := range r.tables {
		out[i] = make([]float64, t.size)
	}
	for i, p := range r.pairs {
		a, b := out[r.index(p.a)], out[r.index(p.b)]
		for c, k := range p.inA {
			if k >= 0 {
				a[c] += y[i][k]
			}
		}
		for c, k := range p.inB {
			if k >= 0 {
				b[c] -= y[i][k]
			}
		}
	}
	return out
}

// normal returns C V C' y.
func (r *reconciler) normal(y [][]float64) [][]float64 {
	x := r.spread(y)
	for i := range x {
		for c := range x[i] {
			x[i][c] *= r.weight[i][c]
		}
	}
	out := r.vector()
	for i, p := range r.pairs {
		a, b := x[r.index(p.a)], x[r.index(p.b)]
		for c, k := range p.inA {
			if k >= 0 {
				out[i][k] += a[c]
			}
		}
		for c, k := range p.inB {
			if k >= 0 {
				out[i][k] -= b[c]
			}
		}
	}
	return out
}

func dotAll(x, y [][]float64) float64 {
	s := 0.0
	for i := range x {
		for k := range x[i] {
			s += float64(x[i][k] * y[i][k])
		}
	}
	return s
}

func addAll(x [][]float64, f float64, y [][]float64) {
	for i := range x {
		for k := range x[i] {
			x[i][k] += float64(f * y[i][k])
		}
	}
}

func copyAll(to, from [][]float64) {
	for i := range to {
		copy(to[i], from[i])
	}
}

func largest(x [][]float64) float64 {
	m := 0.0
	for i := range x {
		for _, v := range x[i] {
			m = max(m, abs(v))
		}
	}
	return m
}

// absorb marks absolute tables that another one implies, because each possible
// cell of the other lies in one of theirs. After reconciliation they agree, so
// that they need no fitting.
func absorb(tables []*table, vars []Var) {
	for _, t := range tables {
		for _, a := range tables {
			if a != t && !a.absorbed && a.absolute && t.absolute && a.def.Role == Hard && t.def.Role == Hard &&
				subset(t.scope, a.scope) && refines(a, t, vars) {
				t.absorbed = true
				break
			}
		}
	}
}

// refines reports whether every cell of a lies in one cell of t, whose scope is a
// subset of a's.
func refines(a, t *table, vars []Var) bool {
	pos := positions(vars, a.scope, t.scope)
	in := make([]int32, a.size)
	fillInts(in, unseen)
	for conf, ok := range a.live {
		c, k := a.cell[conf], t.cell[pos[conf]]
		switch {
		case !ok || in[c] == k:
		case in[c] == unseen:
			in[c] = k
		default:
			return false
		}
	}
	return true
}

func fillInts(x []int32, v int32) {
	for i := range x {
		x[i] = v
	}
}
