package sample

import (
	"slices"
	"sort"
)

// target is a control in the form that allocation works on: its scope is
// sorted, and it is either declared or implied by a declared one.
type target struct {
	scope []int
	cell  []int32 // per configuration of scope, -1 is outside
	share []float64
	rank  int
}

// targets returns, per step, the targets that are settled there: the model's
// controls and what they imply for earlier steps.
//
// A target over (S, v) implies one over S alone wherever every value that v can
// take in a row of S lies in the same few cells: the counts of those rows must
// sum to what these cells want, or v can do nothing about it any more. So a
// table over two variables asks for its own margin, and a control on single
// ages asks for the age bands that were placed before.
func (m *Model) targets() [][]target {
	at := make([][]target, len(m.Steps))
	for i := range m.Controls {
		t := m.newTarget(&m.Controls[i])
		h := m.host(t.scope)
		at[h] = append(at[h], t)
	}
	for i := len(m.Steps) - 1; i >= 0; i-- {
		for _, t := range at[i] {
			if implied, ok := m.implied(&m.Steps[i], t); ok {
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

// implied returns what target t, settled at step s, asks of the counts that s
// is given. Cells that a row can reach together are united; a group of cells
// that is not closed, because a row also reaches the outside of the target,
// asks for nothing.
func (m *Model) implied(s *Step, t target) (target, bool) {
	if len(s.Given) == 0 {
		return target{}, false
	}
	card := m.Vars[s.Var].Card
	to := m.project(s.scope(), t.scope)
	outside := len(t.share)
	group := newUnion(outside + 1)
	rows := make([]int32, len(s.Weight)/card)
	for row := range rows {
		rows[row] = -1
		for v, w := range s.Weight[row*card : (row+1)*card] {
			if w <= 0 {
				continue
			}
			cell := int(t.cell[to.at(row*card+v)])
			if cell < 0 {
				cell = outside
			}
			if rows[row] < 0 {
				rows[row] = int32(cell)
			}
			group.join(int(rows[row]), cell)
		}
	}
	share, number := sumGroups(t.share, group)
	if len(share) < 2 {
		return target{}, false // the whole population, or nothing
	}
	for row, cell := range rows {
		if cell >= 0 {
			rows[row] = number[group.find(int(cell))]
		} else {
			rows[row] = never
		}
	}
	return m.reduce(target{slices.Clone(s.Given), rows, share, t.rank}), true
}

// never marks a configuration that cannot occur, so that its cell is free.
const never = -2

// sumGroups numbers the groups of cells that are closed and adds up their
// shares. The outside is the last cell; its group gets no number.
func sumGroups(cells []float64, group union) (share []float64, number []int32) {
	number = make([]int32, len(group))
	for i := range number {
		number[i] = -1
	}
	outside := group.find(len(cells))
	for cell, x := range cells {
		root := group.find(cell)
		if root == outside {
			continue
		}
		if number[root] < 0 {
			number[root] = int32(len(share))
			share = append(share, 0)
		}
		share[number[root]] += x
	}
	return share, number
}

// reduce drops the variables on which the target does not depend and sorts the
// scope.
func (m *Model) reduce(t target) target {
	scope := slices.Clone(t.scope)
	sort.Ints(scope)
	cell := make([]int32, len(t.cell))
	for c := range cell {
		cell[c] = t.cell[m.project(scope, t.scope).at(c)]
	}
	for _, v := range slices.Clone(scope) {
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
	return target{scope, cell, t.share, t.rank}
}

// without returns the cells over scope less v, if v makes no difference.
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

// sameAs reports whether u holds each cell of t to its sum already.
func (t target) sameAs(u target) bool {
	if u.rank > t.rank || !slices.Equal(t.scope, u.scope) {
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

// union is a union-find structure: the parent of each element.
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u union) find(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

func (u union) join(i, j int) { u[u.find(i)] = u.find(j) }
