package fit

import (
	"math"
	"slices"
)

// table is a Table in working form: its scope is ascending, configurations outside
// the universe belong to one extra cell, and shares sum to one in every row.
type table struct {
	src   int // index in the problem, -1 for a table of fixTotals
	def   *Table
	scope []int
	cell  []int32 // configuration -> cell
	n     int     // published cells
	size  int     // n, or n+1 with the extra cell
	row   []int32 // row of each published cell
	rows  int
	share []float64 // published shares, per cell; they sum to one in every row

	// absolute says that target holds shares of the whole population, including
	// the extra cell. Otherwise target holds shares within a row, and the masses
	// of the rows are free.
	absolute bool
	target   []float64
	start    []float64 // target before reconciliation

	live     []bool // configurations in the support
	absorbed bool   // implied by another table: certified, not fitted

	at   int // node that hosts the table
	node *node
	m    *margin
	// dual holds the dual variables: per cell, the logarithm of the factor that
	// the fit has applied to it.
	dual       []float64
	mass, work []float64 // scratch: cell masses, cell factors
	aim        []float64 // see updateAim
	rowMass    []float64 // mass per row
	rowSum     []float64 // scratch: per row, then the outside of the universe
	rho        float64   // weight of a soft fit, 0 for a hard one
}

// newTable converts a declared table to working form.
func newTable(vars []Var, src int, d *Table) *table {
	t := &table{src: src, def: d, n: len(d.Share)}
	if d.Role == Soft {
		t.rho = d.Rho
	}
	t.scope = sorted(d.Scope)
	t.cell = reorder(vars, d.Scope, t.scope, d.Cell)
	t.size = t.n
	for i, c := range t.cell {
		if c < 0 {
			t.size = t.n + 1
			t.cell[i] = int32(t.n)
		}
	}
	t.row = d.Row
	sum := make([]float64, t.n)
	for c, r := range d.Row {
		sum[r] += d.Share[c]
		t.rows = max(t.rows, int(r)+1)
	}
	t.share = make([]float64, t.n)
	for c, r := range d.Row {
		t.share[c] = d.Share[c] / sum[r]
	}
	t.absolute = t.rows == 1 && t.size == t.n
	t.target = make([]float64, t.size)
	copy(t.target, t.share)
	if t.size > t.n {
		t.target[t.n] = 1 // demands nothing until the table is made absolute
	}
	t.dual = make([]float64, t.size)
	t.mass = make([]float64, t.size)
	t.work = make([]float64, t.size)
	t.rowMass = make([]float64, t.rows)
	t.rowSum = make([]float64, t.rows+1)
	t.aim = make([]float64, t.size)
	return t
}

// reorder permutes a row-major vector over the configurations of a scope from one
// order of its variables to another.
func reorder[T any](vars []Var, from, to []int, x []T) []T {
	if slices.Equal(from, to) {
		return slices.Clone(x)
	}
	stride := make([]int32, len(to))
	n := int32(1)
	for i := len(from) - 1; i >= 0; i-- {
		stride[slices.Index(to, from[i])] = n
		n *= int32(vars[from[i]].Card)
	}
	out := make([]T, 0, len(x))
	for _, o := range offsets(vars, to, stride) {
		out = append(out, x[o])
	}
	return out
}

// place assigns the table to the node of the tree that hosts it.
func (t *table) place(tr *tree) {
	h := tr.host(t.scope)
	t.at, t.node = h, tr.nodes[h]
	t.m = tr.margin(h, t.scope, t.cell, t.size)
}

// forbidden reports whether cell c must be empty because its target is zero. That
// holds for tables of every role: no factor can fill such a cell.
func (t *table) forbidden(c int) bool {
	return t.target[c] <= 0
}

// measure updates mass, rowMass and aim from the node's belief. It returns the
// total variation distance between the masses and the aim, as a share of the
// whole population.
func (t *table) measure() float64 {
	t.m.sum(t.node.belief, t.mass)
	clear(t.rowMass)
	for c, r := range t.row {
		t.rowMass[r] += t.mass[c]
	}
	t.updateAim()
	d := 0.0
	for c := range t.mass {
		d += abs(t.gap(c))
	}
	return d / 2
}

// updateAim sets aim, the shares at which the table's duals are stationary. For a
// hard table that is its target. A soft table has the penalty
// rho KL(fitted || target), per row when it is not absolute, and is stationary
// where its shares are proportional to target x exp(-dual/rho); as rho grows the
// aim approaches the target.
func (t *table) updateAim() {
	if !t.soft() {
		copy(t.aim, t.target)
		return
	}
	clear(t.rowSum)
	for c, x := range t.target {
		t.aim[c] = x * math.Exp(-t.dual[c]/t.rho)
		t.rowSum[t.rowOf(c)] += t.aim[c]
	}
	for c := range t.aim {
		if sum := t.rowSum[t.rowOf(c)]; sum > 0 {
			t.aim[c] /= sum
		}
	}
}

// rowOf returns the row of a cell. All cells of an absolute table are in row 0.
// In any other table the cell outside the universe has a row to itself.
func (t *table) rowOf(c int) int {
	if t.absolute {
		return 0
	}
	if c == t.n {
		return t.rows
	}
	return int(t.row[c])
}

// gap returns the mass that the aim asks for in cell c minus its mass.
func (t *table) gap(c int) float64 {
	switch {
	case t.absolute:
		return t.aim[c] - t.mass[c]
	case c == t.n:
		return 0
	}
	return float64(t.aim[c]*t.rowMass[t.row[c]]) - t.mass[c]
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}

func sorted(x []int) []int {
	s := slices.Clone(x)
	slices.Sort(s)
	return s
}
