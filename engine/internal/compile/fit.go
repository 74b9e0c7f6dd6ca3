package compile

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/plan"
)

// fit solves the problem, or takes the solution from the cache. Fields that no
// constraint names are left out, so that adding one does not affect the sample.
func (c *compiler) fit() {
	tied, problem := c.tiedProblem()
	structure := c.structure(tied, problem)
	c.plan.Structure, c.plan.FirstStructures = structure.Hash(), c.firstStructures(tied, structure)
	key := structure.Problem.Hash()
	path := filepath.Join(c.opts.Cache, fmt.Sprintf("fit-%d-%s", fitVersion, key))
	var r *fit.Result
	if c.opts.Cache != "" && len(tied) > 0 {
		var err error
		if r, err = readCached(path, key, problem); err != nil && c.opts.Damaged != nil {
			c.opts.Damaged(path, err)
		}
	}
	if len(tied) == 0 {
		r = &fit.Result{}
	}
	if r == nil {
		var err error
		if r, err = fit.Fit(c.ctx, problem, fit.Options{MaxCells: c.opts.MaxCells, Progress: c.opts.Progress}); err != nil {
			c.explain(err, tied)
			return
		}
		if c.opts.Cache != "" {
			writeCached(path, key, r)
		}
	}
	c.whole = c.withLoose(r, tied)
	c.describeTree()
}

// tiedProblem returns the problem over the variables that some table, condition or
// joint names, and those variables.
func (c *compiler) tiedProblem() (tied []int, problem *fit.Problem) {
	named := make([]bool, len(c.problem.Vars))
	note := func(scope []int) {
		for _, v := range scope {
			named[v] = true
		}
	}
	for _, t := range c.problem.Tables {
		note(t.Scope)
	}
	for _, x := range c.problem.Supports {
		note(x.Scope)
	}
	for _, scope := range c.problem.Together {
		note(scope)
	}
	problem = &fit.Problem{}
	number := make([]int, len(named))
	for v, yes := range named {
		if yes {
			number[v] = len(tied)
			tied = append(tied, v)
			problem.Vars = append(problem.Vars, c.problem.Vars[v])
		}
	}
	renumber := func(scope []int) []int {
		out := make([]int, len(scope))
		for i, v := range scope {
			out[i] = number[v]
		}
		return out
	}
	for _, t := range c.problem.Tables {
		t.Scope = renumber(t.Scope)
		problem.Tables = append(problem.Tables, t)
	}
	for _, x := range c.problem.Supports {
		x.Scope = renumber(x.Scope)
		problem.Supports = append(problem.Supports, x)
	}
	for _, scope := range c.problem.Together {
		problem.Together = append(problem.Together, renumber(scope))
	}
	for _, m := range c.problem.Means {
		m.Scope = renumber(m.Scope)
		problem.Means = append(problem.Means, m)
	}
	return tied, problem
}

// renumbered returns a list of scopes in the numbers of the tied variables.
func renumbered(scopes [][]int, tied []int) [][]int {
	var out [][]int
	for _, scope := range scopes {
		var own []int
		for _, v := range scope {
			own = append(own, slices.Index(tied, v))
		}
		out = append(out, own)
	}
	return out
}

// withLoose extends a result to all variables. Those that were left out are uniform
// and independent.
func (c *compiler) withLoose(r *fit.Result, tied []int) *fit.Result {
	out := *r
	out.Vars, out.Cliques = c.problem.Vars, nil
	loose := make([]bool, len(out.Vars))
	for v := range loose {
		loose[v] = !slices.Contains(tied, v)
	}
	for _, q := range r.Cliques {
		vars := make([]int, len(q.Vars))
		for i, v := range q.Vars {
			vars[i] = tied[v]
		}
		out.Cliques = append(out.Cliques, fit.Clique{Vars: vars, P: q.P, Parent: q.Parent})
	}
	for v, yes := range loose {
		if !yes {
			continue
		}
		p := make([]float64, out.Vars[v].Card)
		for i := range p {
			p[i] = 1 / float64(len(p))
		}
		out.Cliques = append(out.Cliques, fit.Clique{Vars: []int{v}, P: p, Parent: -1})
		out.Cells += int64(len(p))
		out.Largest = max(out.Largest, int64(len(p)))
	}
	return &out
}

// describeTree describes the junction tree in the plan.
func (c *compiler) describeTree() {
	c.plan.Tree = plan.Tree{Cells: c.whole.Cells, Largest: c.whole.Largest, Sweeps: c.whole.Sweeps}
	for _, q := range c.whole.Cliques {
		c.plan.Tree.Cliques = append(c.plan.Tree.Cliques, c.variableNames(q.Vars))
	}
}
