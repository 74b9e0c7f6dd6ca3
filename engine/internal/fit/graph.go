package fit

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/personagen/personagen/engine/internal/disjoint"
)

// orders is the number of seeded elimination orders that are tried per heuristic.
const orders = 24

// graph has an edge between any two variables that must share a clique.
type graph struct {
	vars []Var
	adj  [][]bool
}

// scopes lists every set of variables that must share a clique, starting with
// those of the tables in their order.
func (p *Problem) scopes() [][]int {
	var s [][]int
	for i := range p.Tables {
		s = append(s, p.Tables[i].Scope)
	}
	for i := range p.Supports {
		s = append(s, p.Supports[i].Scope)
	}
	return append(s, p.Together...)
}

func newGraph(vars []Var, scopes [][]int) *graph {
	g := &graph{vars: vars, adj: make([][]bool, len(vars))}
	for i := range g.adj {
		g.adj[i] = make([]bool, len(vars))
	}
	for _, scope := range scopes {
		for _, a := range scope {
			for _, b := range scope {
				g.adj[a][b] = a != b
			}
		}
	}
	return g
}

// triangulation is a chordal supergraph, given by its maximal cliques.
type triangulation struct {
	cliques [][]int  // ascending
	fill    [][2]int // edges that are not in the graph
	total   float64  // cells of all cliques
}

// triangulate runs the greedy heuristics min-fill and min-weight (Kjaerulff 1990,
// "Triangulation of graphs: algorithms giving small total state space"), each with
// several seeded ways to break ties, and returns the triangulation with the
// fewest cells.
func (g *graph) triangulate() triangulation {
	var best triangulation
	for i := range orders {
		rng := rand.New(rand.NewPCG(uint64(i), 0x6a756e6374696f6e))
		for _, cost := range []func(*graph, []int) float64{fillCost, weightCost} {
			if t := g.eliminate(cost, rng); best.cliques == nil || t.total < best.total {
				best = t
			}
		}
	}
	return best
}

// fillCost returns the number of edges that the elimination of a variable with
// the neighbours nb adds.
func fillCost(g *graph, nb []int) float64 {
	n := 0.0
	for i, a := range nb {
		for _, b := range nb[i+1:] {
			if !g.adj[a][b] {
				n++
			}
		}
	}
	return n
}

// weightCost returns the number of cells of the clique that the elimination of a
// variable with the neighbours nb makes, without the variable's own cardinality.
func weightCost(g *graph, nb []int) float64 { return cells(g.vars, nb) }

// cells returns the number of configurations of a scope, as a float64 so that it
// cannot overflow.
func cells(vars []Var, scope []int) float64 {
	n := 1.0
	for _, v := range scope {
		n *= float64(vars[v].Card)
	}
	return n
}

// eliminate runs one greedy elimination. rng decides between equal costs.
func (g *graph) eliminate(cost func(*graph, []int) float64, rng *rand.Rand) triangulation {
	h := &graph{vars: g.vars, adj: make([][]bool, len(g.adj))}
	for i := range g.adj {
		h.adj[i] = slices.Clone(g.adj[i])
	}
	left := make([]bool, len(g.vars))
	for i := range left {
		left[i] = true
	}
	var t triangulation
	for range g.vars {
		v, nb := h.cheapest(cost, left, rng)
		for i, a := range nb {
			for _, b := range nb[i+1:] {
				if !h.adj[a][b] {
					h.adj[a][b], h.adj[b][a] = true, true
					t.fill = append(t.fill, [2]int{a, b})
				}
			}
		}
		clique := append(slices.Clone(nb), v)
		slices.Sort(clique)
		// A clique of an elimination is maximal unless an earlier one contains it.
		if !slices.ContainsFunc(t.cliques, func(c []int) bool { return subset(clique, c) }) {
			t.cliques = append(t.cliques, clique)
			t.total += cells(g.vars, clique)
		}
		left[v] = false
	}
	return t
}

// cheapest returns the next variable to eliminate and its remaining neighbours.
func (h *graph) cheapest(cost func(*graph, []int) float64, left []bool, rng *rand.Rand) (int, []int) {
	best, bestCost, ties := -1, math.Inf(1), 0
	var bestNb []int
	for v := range h.vars {
		if !left[v] {
			continue
		}
		var nb []int
		for w := range h.vars {
			if left[w] && h.adj[v][w] {
				nb = append(nb, w)
			}
		}
		c := cost(h, nb)
		if c == bestCost {
			ties++
		} else if c < bestCost {
			ties = 1
		}
		if c < bestCost || c == bestCost && rng.IntN(ties) == 0 {
			best, bestCost, bestNb = v, c, nb
		}
	}
	return best, bestNb
}

// subset reports whether every element of a is in b; both are ascending.
func subset(a, b []int) bool {
	j := 0
	for _, x := range a {
		for j < len(b) && b[j] < x {
			j++
		}
		if j == len(b) || b[j] != x {
			return false
		}
	}
	return true
}

// intersect returns the common elements of two ascending lists.
func intersect(a, b []int) []int {
	var out []int
	for _, x := range a {
		if slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// spanningTree joins the cliques by a maximum spanning forest (Kruskal's algorithm
// on the sizes of the separators), which is a junction forest (Jensen and Jensen
// 1994, "Optimal junction trees"). Equal separators are taken in the order of
// their cells, fewest first, then in the order of the pairs. The cliques are
// returned with parents before children.
func (t triangulation) spanningTree(vars []Var) []Clique {
	n := len(t.cliques)
	type edge struct {
		a, b, size int
		weight     float64
	}
	var edges []edge
	for a := range n {
		for b := a + 1; b < n; b++ {
			if s := intersect(t.cliques[a], t.cliques[b]); len(s) > 0 {
				edges = append(edges, edge{a, b, len(s), cells(vars, s)})
			}
		}
	}
	slices.SortStableFunc(edges, func(x, y edge) int {
		if x.size != y.size {
			return y.size - x.size
		}
		switch {
		case x.weight < y.weight:
			return -1
		case x.weight > y.weight:
			return 1
		}
		return 0
	})
	group := disjoint.New(n)
	near := make([][]int, n)
	for _, e := range edges {
		if group.Join(e.a, e.b) {
			near[e.a] = append(near[e.a], e.b)
			near[e.b] = append(near[e.b], e.a)
		}
	}
	return breadthFirst(t.cliques, near)
}

func breadthFirst(cliques [][]int, near [][]int) []Clique {
	place := make([]int, len(cliques)) // position in the output, plus one
	var out []Clique
	var from []int
	visit := func(c, parent int) {
		out = append(out, Clique{Vars: cliques[c], Parent: parent})
		from = append(from, c)
		place[c] = len(out)
	}
	for root := range cliques {
		if place[root] > 0 {
			continue
		}
		visit(root, -1)
		for i := place[root] - 1; i < len(out); i++ {
			for _, c := range near[from[i]] {
				if place[c] == 0 {
					visit(c, i)
				}
			}
		}
	}
	return out
}

// buildTree triangulates the problem's graph and returns its junction tree, or a
// *TooLargeError when that has more cells than the budget.
func buildTree(p *Problem, budget int64) ([]Clique, error) {
	scopes := p.scopes()
	t := newGraph(p.Vars, scopes).triangulate()
	if t.total <= float64(budget) {
		return t.spanningTree(p.Vars), nil
	}
	e := &TooLargeError{Total: clampCells(t.total), Budget: budget, FillIn: t.fill}
	for _, c := range t.cliques {
		if n := clampCells(cells(p.Vars, c)); n > e.Largest {
			e.Largest, e.Clique = n, c
		}
	}
	e.names = namesOf(p.Vars, e.Clique)
	e.suggest(p, scopes)
	return nil, e
}

// mostTrees bounds the trees that a suggestion tries.
const mostTrees = 5000

// suggest finds tables and sets of Together without which the tree is within the budget:
// it removes, time after time, the one whose removal leaves the smallest tree, and then
// puts back what need not go. It finds none where other scopes alone exceed the budget.
func (e *TooLargeError) suggest(p *Problem, scopes [][]int) {
	first := len(scopes) - len(p.Together) // of Together
	gone := make([]bool, len(scopes))
	total := func() int64 {
		var rest [][]int
		for i, scope := range scopes {
			if !gone[i] {
				rest = append(rest, scope)
			}
		}
		return clampCells(newGraph(p.Vars, rest).eliminate(fillCost, rand.New(rand.NewPCG(0, 0))).total)
	}
	var order []int
	for trees, least := 0, e.Total; least > e.Budget; {
		best := -1
		for i, scope := range scopes {
			if gone[i] || len(scope) < 2 || i >= len(p.Tables) && i < first {
				continue
			}
			if trees++; trees > mostTrees {
				return
			}
			gone[i] = true
			if n := total(); best < 0 || n < least {
				best, least = i, n
			}
			gone[i] = false
		}
		if best < 0 {
			return
		}
		gone[best] = true
		order = append(order, best)
	}
	for _, i := range order {
		gone[i] = false
		if total() > e.Budget {
			gone[i] = true
		}
	}
	e.Without = total()
	for i, out := range gone {
		switch {
		case out && i < first:
			e.Remove, e.remove = append(e.Remove, i), append(e.remove, "table "+p.Tables[i].Name)
		case out:
			e.Apart, e.remove = append(e.Apart, scopes[i]), append(e.remove, "the set "+namesOf(p.Vars, scopes[i]))
		}
	}
}

func clampCells(x float64) int64 {
	if x >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(x)
}

func namesOf(vars []Var, scope []int) string {
	s := ""
	for i, v := range scope {
		if i > 0 {
			s += " x "
		}
		s += vars[v].Name
	}
	return s
}
