package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/sample"
)

// layModel puts the fitted persons into the sampler's form: the cliques one
// after the other, each variable given those of its clique that stand already.
func (c *compiler) layModel() {
	slices.SortStableFunc(c.controls, func(a, b control) int { return strings.Compare(a.Name, b.Name) })
	m := &sample.Model{}
	for _, x := range c.controls {
		m.Controls = append(m.Controls, x.Control)
		c.plan.Controls = append(c.plan.Controls, x.ref)
	}
	for v, x := range c.wanted.Vars {
		m.Vars = append(m.Vars, sample.Var{Name: x.Name, Card: x.Card, Ordered: c.ordered(v)})
	}
	placed := make([]bool, len(m.Vars))
	for _, q := range c.wanted.Cliques {
		var given, fresh []int
		for _, v := range q.Vars {
			if placed[v] {
				given = append(given, v)
			} else {
				fresh = append(fresh, v)
			}
		}
		c.orderFresh(fresh, given)
		for _, v := range fresh {
			m.Steps = append(m.Steps, sample.Step{Var: v, Given: slices.Clone(given), Weight: c.stepWeight(q.Vars, q.P, given, v)})
			given = append(given, v)
			placed[v] = true
		}
	}
	c.layLimits(m)
	c.plan.Model = m
}

// layLimits lets the sampler hold the checks whose fields stand together in the
// fit. Their order in the spec, and their names, change nobody.
func (c *compiler) layLimits(m *sample.Model) {
	for i, x := range c.limits {
		l := &c.plan.Checks[i]
		x = c.onVariables(x)
		if len(x.scope) == 0 || !m.Holds(x.scope) {
			continue
		}
		l.Enforced = true
		held := sample.Limit{Name: l.Name, Scope: x.scope, Cell: x.cell, AtMost: 1}
		if l.AtLeast != nil {
			held.AtLeast = *l.AtLeast
		}
		if l.AtMost != nil {
			held.AtMost = *l.AtMost
		}
		m.Limits = append(m.Limits, held)
	}
	slices.SortFunc(m.Limits, func(a, b sample.Limit) int {
		return cmp.Or(slices.Compare(a.Scope, b.Scope), slices.Compare(a.Cell, b.Cell), cmp.Compare(a.AtLeast, b.AtLeast), cmp.Compare(a.AtMost, b.AtMost))
	})
}

// orderFresh puts the variables that most controls speak of last: a step can
// be fitted to a control only when all of the control's variables stand.
func (c *compiler) orderFresh(fresh, given []int) {
	weight := func(v int) int {
		n := 0
		for _, x := range c.controls {
			if slices.Contains(x.Scope, v) {
				n += len(x.Scope)
			}
		}
		return n
	}
	slices.SortStableFunc(fresh, func(a, b int) int {
		if d := c.wanted.Vars[a].Card - c.wanted.Vars[b].Card; c.plan.Variables[a].Bands != c.plan.Variables[b].Bands || d == 0 {
			if c.plan.Variables[a].Bands {
				return 1
			}
			if c.plan.Variables[b].Bands {
				return -1
			}
		}
		return weight(a) - weight(b)
	})
}

// stepWeight sums a clique's table down to given and one more variable, in
// that order of axes.
func (c *compiler) stepWeight(vars []int, p []float64, given []int, v int) []float64 {
	cards := make([]int, len(c.wanted.Vars))
	for i, x := range c.wanted.Vars {
		cards[i] = x.Card
	}
	axes := append(slices.Clone(given), v)
	size := 1
	for _, a := range axes {
		size *= cards[a]
	}
	to := project(cards, vars, axes)
	w := make([]float64, size)
	for k, x := range p {
		w[to(k)] += x
	}
	return w
}

// listIndependences finds the pairs of fields that no table, condition or
// joint ties together, and what separates them: the model makes them
// independent given that, whatever they are in the world.
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
	for _, z := range c.zeros {
		tie(z.scope)
	}
	if c.where != nil {
		tie(c.where.scope)
	}
	for a := range n {
		for b := a + 1; b < n; b++ {
			if tied[a][b] {
				continue
			}
			pair := Independence{Fields: [2]string{c.space.fields[a].Name, c.space.fields[b].Name}}
			for _, v := range separator(tied, a, b) {
				pair.Given = append(pair.Given, c.space.fields[v].Name)
			}
			c.plan.Independent = append(c.plan.Independent, pair)
		}
	}
}

// separator returns the smaller of the two sets that separate a from b in the
// graph: the neighbours of one of them from which the other can be reached.
func separator(tied [][]bool, a, b int) []int {
	one, other := near(tied, a, b), near(tied, b, a)
	if len(other) < len(one) {
		return other
	}
	return one
}

// near lists the neighbours of a that b reaches without passing through other
// neighbours of a.
func near(tied [][]bool, a, b int) []int {
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

func (c *compiler) hash() { c.plan.stamp() }

// stamp hashes the plan. Size and seed stay out: they are the run's.
func (p *Plan) stamp() {
	bare := *p
	bare.Population.Size, bare.Population.Seed, bare.Hash = 0, 0, ""
	p.Hash = hashOf(&bare)
}

// Read reads a plan that was written as JSON. It can check data, but not
// sample: the fitted joint is not in it.
func Read(data []byte) (*Plan, error) {
	var p Plan
	d := json.NewDecoder(strings.NewReader(string(data)))
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("the plan has format %d, this version reads %d", p.Format, Format)
	}
	return &p, nil
}
