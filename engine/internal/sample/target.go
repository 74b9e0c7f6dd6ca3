package sample

import (
	"slices"
	"sort"

	"github.com/personagen/personagen/engine/internal/disjoint"
)

// target is a control in the form that allocation works on. Its scope is sorted; it
// is declared by the model or implied by another target.
type target struct {
	scope []int
	cell  []int32 // per configuration of scope, -1 is outside
	share []float64
	rank  int
	// within, when set, holds per cell the share of the larger cell of another
	// target that this cell is part of. See boundCell.leaveRoom.
	within []float64
	// bounds, when set, replace floor and ceiling; the target then has one cell.
	bounds *interval
}

// targets returns, per step, the targets that are settled there: the model's
// controls, the bases of the limits, and what these imply for earlier steps.
//
// A target over (S, v) implies one over S alone where the possible values of v in
// a row of S belong to few cells: once the rows have their counts, the choice of v
// can no longer change the sums of those cells. So a table over two variables
// implies its own margin, and a control on single ages implies one on age bands
// that are placed before them.
func (m *Model) targets(limits []enforcedLimit) [][]target {
	at := make([][]target, len(m.Steps))
	for i := range m.Controls {
		t := m.newTarget(&m.Controls[i])
		h := m.host(t.scope)
		at[h] = append(at[h], t)
	}
	for _, l := range limits {
		if l.everyone {
			continue
		}
		h := m.host(l.base.scope)
		if !slices.ContainsFunc(at[h], l.base.sameAs) {
			at[h] = append(at[h], l.base)
		}
	}
	for i := len(m.Steps) - 1; i >= 0; i-- {
		for _, t := range at[i] {
			for _, implied := range m.implied(&m.Steps[i], t) {
				h := m.host(implied.scope)
				if !slices.ContainsFunc(at[h], implied.sameAs) {
					at[h] = append(at[h], implied)
				}
			}
		}
	}
	return at
}

func (m *Model) newTarget(c *Control) target {
	scope := slices.Clone(c.Scope)
	sort.Ints(scope)
	t := target{scope: scope, share: c.Share, rank: c.Rank, cell: make([]int32, len(c.Cell))}
	to := m.project(scope, c.Scope)
	for i := range t.cell {
		t.cell[i] = c.Cell[to.at(i)]
	}
	return t
}

// implied returns what target t, which is settled at step s, asks of the counts of
// earlier steps: the rows of a closed group of cells must sum to the group's
// target; and where some rows reach several cells, the rows that reach only one
// should have their expected count, so that the others have enough room.
func (m *Model) implied(s *Step, t target) []target {
	if len(s.Given) == 0 {
		return nil
	}
	r := m.reach(s, t)
	var out []target
	for i, cell := range [][]int32{r.closed(), r.inside()} {
		share := r.shares(cell)
		if len(share) > 1 || len(share) == 1 && slices.Contains(cell, -1) {
			x := target{scope: slices.Clone(s.Given), cell: cell, share: share, rank: t.rank}
			if i == 1 { // not necessary, so of the last rank
				x.rank, x.within = 3, r.whole(cell, t)
			}
			out = append(out, m.reduce(x))
		}
	}
	return out
}

// reach says which cells of a target the rows of a step can reach. The outside of
// the target counts as one more cell, the last.
type reach struct {
	cell    []int32       // per row: a cell it reaches, or never
	several []bool        // per row: whether it reaches others
	mass    []float64     // per row: its probability
	group   disjoint.Sets // of cells: all cells that a row reaches are in one set
}

// never marks an impossible configuration.
const never = -2

func (m *Model) reach(s *Step, t target) reach {
	card := m.Vars[s.Var].Card
	rows, outside := len(s.Weight)/card, len(t.share)
	r := reach{make([]int32, rows), make([]bool, rows), make([]float64, rows), disjoint.New(outside + 1)}
	to := m.project(s.scope(), t.scope)
	stride := to.at(1 % card) // Var is the last, fastest variable of the step
	for row := range rows {
		r.cell[row] = never
		first := to.at(row * card)
		for v, w := range s.Weight[row*card : (row+1)*card] {
			if w <= 0 {
				continue
			}
			cell := t.cell[first+v*stride]
			if cell < 0 {
				cell = int32(outside)
			}
			if r.cell[row] == never {
				r.cell[row] = cell
			}
			r.several[row] = r.several[row] || r.cell[row] != cell
			r.group.Join(int(r.cell[row]), int(cell))
			r.mass[row] += w
		}
	}
	return r
}

// closed maps each row to the number of its group of cells, and to -1 when the
// group contains the outside.
func (r reach) closed() []int32 {
	number := map[int]int32{r.group.Find(len(r.group) - 1): -1}
	out := make([]int32, len(r.cell))
	for row, cell := range r.cell {
		out[row] = never
		if cell == never {
			continue
		}
		root := r.group.Find(int(cell))
		if _, ok := number[root]; !ok {
			number[root] = int32(len(number)) - 1
		}
		out[row] = number[root]
	}
	return out
}

// inside maps the rows that reach only one cell to the number of that cell, and
// other rows to -1. It leaves out cells that are a closed group by themselves,
// because closed has them.
func (r reach) inside() []int32 {
	straddled := map[int]bool{}
	for row, cell := range r.cell {
		if r.several[row] {
			straddled[r.group.Find(int(cell))] = true
		}
	}
	number := map[int32]int32{int32(len(r.group) - 1): -1}
	out := make([]int32, len(r.cell))
	for row, cell := range r.cell {
		switch {
		case cell == never:
			out[row] = never
		case r.several[row] || !straddled[r.group.Find(int(cell))]:
			out[row] = -1
		default:
			if _, ok := number[cell]; !ok {
				number[cell] = int32(len(number)) - 1
			}
			out[row] = number[cell]
		}
	}
	return out
}

// shares returns the sum of the probabilities of the rows of each cell.
func (r reach) shares(cell []int32) []float64 {
	var out []float64
	for row, c := range cell {
		if c < 0 {
			continue
		}
		for len(out) <= int(c) {
			out = append(out, 0)
		}
		out[c] += r.mass[row]
	}
	return out
}

// whole returns the shares in the target of the cells that inside has numbered.
func (r reach) whole(inside []int32, t target) []float64 {
	out := make([]float64, len(r.shares(inside)))
	for row, cell := range inside {
		if cell >= 0 {
			out[cell] = t.share[r.cell[row]]
		}
	}
	return out
}

// reduce removes the variables on which the target does not depend, and sorts the
// scope.
func (m *Model) reduce(t target) target {
	return m.drop(t, slices.Sorted(slices.Values(t.scope)))
}

// drop is reduce with a given order in which variables are tried. It matters when
// one of two variables can be removed but not both.
func (m *Model) drop(t target, order []int) target {
	scope := slices.Clone(t.scope)
	sort.Ints(scope)
	to := m.project(scope, t.scope)
	cell := make([]int32, len(t.cell))
	for c := range cell {
		cell[c] = t.cell[to.at(c)]
	}
	for _, v := range order {
		if len(scope) == 1 {
			break
		}
		if less, ok := m.without(scope, cell, v); ok {
			i := position(scope, v)
			scope, cell = slices.Delete(slices.Clone(scope), i, i+1), less
		}
	}
	for c := range cell {
		cell[c] = max(cell[c], -1)
	}
	return target{scope: scope, cell: cell, share: t.share, rank: t.rank, within: t.within}
}

// without returns the cells over the scope without v; ok is false when the cells
// depend on v.
func (m *Model) without(scope []int, cell []int32, v int) ([]int32, bool) {
	i := position(scope, v)
	rest := slices.Delete(slices.Clone(scope), i, i+1)
	to := m.project(scope, rest)
	less := make([]int32, product(m.cards(rest)))
	for c := range less {
		less[c] = never
	}
	for c, x := range cell {
		if x == never {
			continue
		}
		at := &less[to.at(c)]
		if *at != never && *at != x {
			return nil, false
		}
		*at = x
	}
	return less, true
}

// sameAs reports whether u already constrains each cell of t to its sum. That is
// never so when t has within, which makes its bounds narrower.
func (t target) sameAs(u target) bool {
	if u.rank > t.rank || t.within != nil || !slices.Equal(t.scope, u.scope) {
		return false
	}
	partner := make([]int32, len(t.share))
	for i := range partner {
		partner[i] = never
	}
	back := make(map[int32]int32)
	for c, x := range t.cell {
		y := u.cell[c]
		if x < 0 {
			continue
		}
		if other, ok := back[y]; y < 0 || ok && other != x || partner[x] != never && partner[x] != y {
			return false
		}
		partner[x], back[y] = y, x
	}
	return true
}
