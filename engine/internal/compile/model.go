package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// buildModel puts the distribution of the sample into the sampler's form: clique by
// clique, each variable given those of its clique that are placed already.
func (c *compiler) buildModel() {
	slices.SortStableFunc(c.controls, func(a, b control) int { return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.Cell, b.Cell)) })
	m := &sample.Model{}
	for _, x := range c.controls {
		m.Controls = append(m.Controls, x.Control)
	}
	for v, x := range c.drawn.Vars {
		m.Vars = append(m.Vars, sample.Var{Name: x.Name, Card: x.Card, Ordered: c.ordered(v)})
	}
	if c.strata != nil {
		if len(c.plan.Population.Design.Classes) > 1 {
			c.strataSteps(m)
		} else {
			c.cliqueSteps(m)
		}
		c.controlStrata(m) // limits of checks are on shares by weight, which the sampler does not know
	} else {
		c.cliqueSteps(m)
		c.enforceChecks(m)
	}
	c.model = m
}

// cliqueSteps places the variables clique by clique.
func (c *compiler) cliqueSteps(m *sample.Model) {
	placed := make([]bool, len(m.Vars))
	for _, q := range c.drawn.Cliques {
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
}

// enforceChecks has the sampler enforce the checks whose fields one step of the model
// places together. Their order and their names do not affect the sample.
func (c *compiler) enforceChecks(m *sample.Model) {
	for i, x := range c.limits {
		l := &c.plan.Checks[i]
		x = c.onVariables(x)
		if len(x.scope) == 0 || !m.Settles(x.scope) {
			continue
		}
		l.Enforced = true
		limit := sample.Limit{Name: l.Name, Scope: x.scope, Cell: x.cell, AtMost: 1}
		if l.AtLeast != nil {
			limit.AtLeast = *l.AtLeast
		}
		if l.AtMost != nil {
			limit.AtMost = *l.AtMost
		}
		m.Limits = append(m.Limits, limit)
	}
	slices.SortFunc(m.Limits, func(a, b sample.Limit) int {
		return cmp.Or(slices.Compare(a.Scope, b.Scope), slices.Compare(a.Cell, b.Cell), cmp.Compare(a.AtLeast, b.AtLeast), cmp.Compare(a.AtMost, b.AtMost))
	})
}

// orderFresh puts the variables of most controls last: a step can be fitted to a
// control only when all variables of the control are placed. Sub-margins do not count:
// they are settled with their tables.
func (c *compiler) orderFresh(fresh, given []int) {
	weight := func(v int) int {
		n := 0
		for _, x := range c.controls {
			if c.plan.Expected[x.ref.Expected].Origin != plan.SubMargin && slices.Contains(x.Scope, v) {
				n += len(x.Scope)
			}
		}
		return n
	}
	positions := func(v int) int { // in bands: after the bands
		return slices.IndexFunc(c.space.splits, func(s split) bool { return s.position == v && v > 0 })
	}
	slices.SortStableFunc(fresh, func(a, b int) int {
		if d := positions(a) - positions(b); d != 0 {
			return d
		}
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

// stepWeight returns the marginal of a clique's table over the given variables and
// then v.
func (c *compiler) stepWeight(vars []int, p []float64, given []int, v int) []float64 {
	cards := make([]int, len(c.wanted.Vars))
	for i, x := range c.wanted.Vars {
		cards[i] = x.Card
	}
	return marginalOf(cards, vars, p, append(slices.Clone(given), v))
}

// ordered reports whether a variable's values are ordered: integers, and bands
// of integers.
func (c *compiler) ordered(v int) bool {
	f := c.fieldOf(v)
	return f.Domain.Integer && !f.Nullable
}

// fieldOf returns the field behind a variable.
func (c *compiler) fieldOf(v int) *kind.Field {
	return c.kinds.Fields[c.plan.Variables[v].Field]
}
