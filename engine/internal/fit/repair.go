package fit

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// Bounds of the linear programme, whose matrix is dense.
const (
	repairCells = 512 // configurations of all variables involved
	repairRows  = 160 // cells of all tables involved
)

// leastRepair returns the smallest total absolute change of masses with which the
// tables can be met together, by a linear programme over all configurations of
// their variables; false when the programme is too large or the solver fails.
//
//	minimise  sum of up + down
//	where     p(cell) + up(cell) - down(cell) = target(cell)   for every cell
//	          sum of p = 1,  p, up, down >= 0
func leastRepair(p *Problem, tables []*table) (float64, bool) {
	var scope []int
	rows := 1
	for _, t := range tables {
		scope = unite(scope, t.scope)
		rows += t.size
	}
	if cells(p.Vars, scope) > repairCells || rows > repairRows {
		return 0, false
	}
	for i := range p.Supports {
		if inside := sorted(p.Supports[i].Scope); len(intersect(inside, scope)) > 0 && !subset(inside, scope) {
			return 0, false // variables outside the scope matter too
		}
	}
	possible := configurationsIn(p, scope, tables)
	n := len(possible)
	a := mat.NewDense(rows, n+2*(rows-1), nil)
	b := make([]float64, rows)
	cost := make([]float64, n+2*(rows-1))
	row := 0
	for _, t := range tables {
		pos := positions(p.Vars, scope, t.scope)
		for c := range t.size {
			for j, conf := range possible {
				a.Set(row, j, t.coefficient(c, int(t.cell[pos[conf]])))
			}
			if t.absolute {
				b[row] = t.target[c]
			}
			a.Set(row, n+2*row, 1)
			a.Set(row, n+2*row+1, -1)
			cost[n+2*row], cost[n+2*row+1] = 1, 1
			row++
		}
	}
	for j := range possible {
		a.Set(row, j, 1)
	}
	b[row] = 1
	least, _, err := lp.Simplex(cost, a, b, 1e-12, nil)
	if err != nil || math.IsNaN(least) {
		return 0, false
	}
	return max(least, 0), true
}

// coefficient returns the coefficient of the mass in cell in, in the equation of
// cell c.
func (t *table) coefficient(c, in int) float64 {
	x := 0.0
	if c == in {
		x = 1
	}
	if !t.absolute && c < t.n && in < t.n && t.row[c] == t.row[in] {
		x -= t.target[c]
	}
	if !t.absolute && c == t.n {
		x = 0
	}
	return x
}

// configurationsIn lists the configurations of a scope that are allowed by every
// support within the scope and by the zeros of the tables.
func configurationsIn(p *Problem, scope []int, tables []*table) []int {
	ok := make([]float64, int(cells(p.Vars, scope)))
	fill(ok, 1)
	for i := range p.Supports {
		inside, allowed := sortedMask(p.Vars, &p.Supports[i])
		if subset(inside, scope) {
			newMargin(p.Vars, scope, inside, nil, 0).scale(ok, allowed)
		}
	}
	for _, t := range tables {
		for i, c := range positions(p.Vars, scope, t.scope) {
			if t.target[t.cell[c]] <= 0 {
				ok[i] = 0
			}
		}
	}
	var out []int
	for i, x := range ok {
		if x > 0 {
			out = append(out, i)
		}
	}
	return out
}
