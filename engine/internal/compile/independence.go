package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/plan"
)

// listIndependences finds the pairs of fields that no table, condition or joint
// connects, and the fields that separate them. The model makes the pair independent
// given these, whether or not that is so in the real population.
func (c *compiler) listIndependences() {
	n := len(c.space.fields)
	tied := make([][]bool, n)
	for i := range tied {
		tied[i] = make([]bool, n)
	}
	tie := func(scope []int) {
		for _, a := range scope {
			for _, b := range scope {
				tied[a][b] = true
			}
		}
	}
	for _, t := range c.tables {
		tie(t.part.scope)
	}
	for _, x := range c.means {
		tie(x.part.scope)
	}
	for _, z := range c.zeros {
		tie(z.scope)
	}
	if c.where != nil {
		tie(c.where.scope)
	}
	if c.strata != nil {
		tie(c.strata.sets.scope)
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			if tied[a][b] {
				continue
			}
			pair := plan.Independence{Fields: [2]string{c.space.fields[a].Name, c.space.fields[b].Name}}
			for _, v := range separator(tied, a, b) {
				pair.Given = append(pair.Given, c.space.fields[v].Name)
			}
			c.plan.Independent = append(c.plan.Independent, pair)
		}
	}
}

// separator returns the smaller of two sets that separate a from b in the graph: the
// neighbours of one of them from which the other can be reached.
func separator(tied [][]bool, a, b int) []int {
	one, other := boundary(tied, a, b), boundary(tied, b, a)
	if len(other) < len(one) {
		return other
	}
	return one
}

// boundary lists the neighbours of a that b reaches without passing through other
// neighbours of a.
func boundary(tied [][]bool, a, b int) []int {
	seen := make([]bool, len(tied))
	seen[b] = true
	queue := []int{b}
	var found []int
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for w := range tied {
			if seen[w] || w == a || !tied[v][w] {
				continue
			}
			seen[w] = true
			if tied[a][w] {
				found = append(found, w)
			} else {
				queue = append(queue, w)
			}
		}
	}
	slices.Sort(found)
	return found
}
