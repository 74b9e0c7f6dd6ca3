package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/plan"
)

// rateVariable is the name of the variable of the model that has the class of each
// person's rate. It names a random stream.
const rateVariable = "rate of sampling"

// strataSteps places the variables of the sampler's model so that every step after those
// of the strata also has the class of the rate: then counts can be met within each class,
// and so by weight. The tree of cliques is rooted where the strata are. Given its
// separator from the root, a clique is independent of the class, so its table becomes one
// by class without any approximation.
func (c *compiler) strataSteps(m *sample.Model) {
	part, classes := c.rateClasses(), len(c.plan.Population.Design.Classes)
	rate := len(m.Vars)
	m.Vars = append(m.Vars, sample.Var{Name: rateVariable, Card: classes})
	c.plan.Variables = append(c.plan.Variables, plan.Variable{Name: rateVariable, Card: classes, Rates: true})
	cards := make([]int, len(m.Vars))
	for v, x := range m.Vars {
		cards[v] = x.Card
	}
	cliques := c.drawn.Cliques
	root := -1
	for i, q := range cliques {
		if containsAll(q.Vars, part.scope) && (root < 0 || len(q.P) < len(cliques[root].P)) {
			root = i
		}
	}
	placed := make([]bool, len(m.Vars))
	byClass := make([][]float64, len(cliques)) // the table of each clique, with the class as its last variable
	add := func(vars []int, p []float64, given []int, v int) []int {
		axes := append(slices.Clone(given), v)
		m.Steps = append(m.Steps, sample.Step{Var: v, Given: slices.Clone(given), Weight: marginalOf(cards, vars, p, axes)})
		placed[v] = true
		return axes
	}
	for _, at := range rooted(cliques, root) {
		q := &cliques[at.clique]
		vars := append(slices.Clone(q.Vars), rate)
		var given, fresh []int
		for _, v := range vars[:len(q.Vars)] {
			if placed[v] {
				given = append(given, v)
			} else {
				fresh = append(fresh, v)
			}
		}
		table := make([]float64, len(q.P)*classes)
		if at.clique == root {
			class := project(cards, q.Vars, part.scope)
			for k, p := range q.P {
				if i := part.cell[class(k)]; i >= 0 {
					table[k*classes+int(i)] = p
				}
			}
			rest := slices.DeleteFunc(slices.Clone(fresh), func(v int) bool { return slices.Contains(part.scope, v) })
			fresh = slices.Clone(part.scope)
			c.orderFresh(fresh, nil)
			c.orderFresh(rest, nil)
			fresh = append(append(fresh, rate), rest...)
		} else {
			// The class given the separator, from the table of the parent.
			of, parent := append(slices.Clone(given), rate), at.parent
			if parent < 0 {
				parent = root // of another component: the shares of the classes
			}
			joint := marginalOf(cards, append(slices.Clone(cliques[parent].Vars), rate), byClass[parent], of)
			separator := project(cards, q.Vars, given)
			for k, p := range q.P {
				from := joint[separator(k)*classes:][:classes]
				sum := 0.0
				for _, x := range from {
					sum += x
				}
				for i, x := range from {
					if sum > 0 {
						table[k*classes+i] = p * (x / sum)
					}
				}
			}
			given = append(given, rate)
			c.orderFresh(fresh, given)
		}
		byClass[at.clique] = table
		for _, v := range fresh {
			given = add(vars, table, given, v)
		}
	}
}

// rateClasses partitions the variables of the strata by the class of the rate, -1 for
// configurations that nobody has.
func (c *compiler) rateClasses() constraint {
	part := c.onVariables(c.strata.sets)
	class := make([]int32, len(c.strata.members)) // of each set
	for config, set := range c.strata.of.Case {
		class[set] = c.plan.Population.Design.Selector.Case[config] - 1
	}
	out := constraint{scope: part.scope, cell: make([]int32, len(part.cell)), cells: len(c.plan.Population.Design.Classes)}
	for k, set := range part.cell {
		out.cell[k] = class[set]
	}
	return out
}

// rootedClique is a clique with its parent in a tree of another root, -1 for the first of
// a component.
type rootedClique struct{ clique, parent int }

// rooted lists the cliques, each after its parent, so that root is the first.
func rooted(cliques []fit.Clique, root int) (order []rootedClique) {
	near := make([][]int, len(cliques))
	for i, q := range cliques {
		if q.Parent >= 0 {
			near[i], near[q.Parent] = append(near[i], q.Parent), append(near[q.Parent], i)
		}
	}
	seen := make([]bool, len(cliques))
	for _, first := range append([]int{root}, indicesOf(cliques)...) {
		if seen[first] {
			continue
		}
		seen[first] = true
		order = append(order, rootedClique{first, -1})
		for next := len(order) - 1; next < len(order); next++ {
			at := order[next].clique
			for _, i := range near[at] {
				if !seen[i] {
					seen[i] = true
					order = append(order, rootedClique{i, at})
				}
			}
		}
	}
	return order
}

func indicesOf[T any](all []T) []int {
	out := make([]int, len(all))
	for i := range out {
		out[i] = i
	}
	return out
}

func containsAll(all, some []int) bool {
	return !slices.ContainsFunc(some, func(v int) bool { return !slices.Contains(all, v) })
}

// marginalOf sums a table over variables to some of them, in the order of axes.
func marginalOf(cards, vars []int, p []float64, axes []int) []float64 {
	size := 1
	for _, a := range axes {
		size *= cards[a]
	}
	to := project(cards, vars, axes)
	out := make([]float64, size)
	for k, x := range p {
		out[to(k)] += x
	}
	return out
}
