package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/identity"
)

// structure returns what persons' identities depend on: the fitted part of the spec,
// with its labels, and the limits that the sampler may enforce. Fields that no
// constraint names, and texts, are not part of it.
func (c *compiler) structure(tied []int, problem *fit.Problem) *identity.Structure {
	var labels [][]string
	for _, v := range tied {
		if v >= len(c.space.fields) {
			continue // bands
		}
		domain := c.space.fields[v].Domain
		var own []string
		for _, code := range c.space.codes[v] {
			if int(code) < domain.Size() {
				own = append(own, domain.Label(int(code)))
			}
		}
		labels = append(labels, own)
	}
	var limits []identity.Limit
	for _, x := range c.plan.Checks {
		if x.Where != nil {
			limits = append(limits, identity.Limit{Where: x.Text, Within: x.WithinText, AtLeast: x.AtLeast, AtMost: x.AtMost})
		}
	}
	slices.SortStableFunc(limits, func(a, b identity.Limit) int {
		return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(a.Within, b.Within))
	})
	return &identity.Structure{Name: c.spec.Name, Labels: labels, Problem: problemIdentity(problem), Limits: limits, Strata: c.strataIdentity(), Smooth: c.smoothIdentity()}
}

// firstStructures returns what the hash of the structure may have been under version 1
// of the identity, in which tables had tolerances by their status. A tolerance of the
// spec may have been there already, or be new because this version needs it; so there is
// a hash for every choice, and the journal shows which is right. Of more than
// mostChoices such tables, either all or none had theirs.
func (c *compiler) firstStructures(tied []int, now *identity.Structure) []string {
	first, problem := *now, *now.Problem
	first.Problem = &problem
	problem.Together = renumbered(c.together, tied)
	problem.Tables = slices.Clone(problem.Tables)
	var stated []int
	for i := range problem.Tables {
		t, f := &problem.Tables[i], &c.tables[i]
		t.Low, t.High, t.Tolerance = nil, nil, f.firstTolerance()
		if f.spec.Tolerance >= 0 && f.spec.Tolerance != t.Tolerance {
			stated = append(stated, i)
		}
	}
	all := 1<<len(stated) - 1
	choices := []int{all, 0}
	if len(stated) <= mostChoices {
		choices = choices[:0]
		for choice := all; choice >= 0; choice-- {
			choices = append(choices, choice)
		}
	}
	e := first.FirstEncoder()
	var hashes []string
	for _, choice := range choices {
		tolerance := map[int]float64{}
		for bit, i := range stated {
			if choice>>bit&1 == 1 {
				tolerance[i] = c.tables[i].spec.Tolerance
			}
		}
		hashes = append(hashes, e.Hash(tolerance))
	}
	return hashes
}

// mostChoices bounds the tables with a tolerance of which firstStructures tries every
// choice.
const mostChoices = 4

// firstTolerance returns how far version 1 let a table move whose spec had no tolerance.
func (f *figures) firstTolerance() float64 {
	tolerance := 0.001
	switch f.spec.Status {
	case "secondary":
		tolerance = 0.005
	case "derived":
		tolerance = 0.01
	case "modelled":
		tolerance = 0.02
	case "assumed":
		tolerance = 0.05
	}
	if w := whole(f.spec.Measure); w > 0 && f.spec.Rounded > 0 {
		tolerance += f.spec.Rounded / w / 2 * float64(len(f.share)) / 2
	}
	return tolerance
}

// problemIdentity copies a problem into the encoding that is frozen for ids and
// cached fits.
func problemIdentity(p *fit.Problem) *identity.Problem {
	out := &identity.Problem{Together: p.Together}
	for _, v := range p.Vars {
		out.Vars = append(out.Vars, identity.Var{Name: v.Name, Card: v.Card})
	}
	for i := range p.Tables {
		t := &p.Tables[i]
		out.Tables = append(out.Tables, identity.Table{
			Name: t.Name, Role: string(t.Role), Scope: t.Scope, Cell: t.Cell, Row: t.Row, Share: t.Share,
			Rho: t.Rho, Variance: t.Variance, Tolerance: t.Tolerance, Low: t.Low, High: t.High,
		})
	}
	for _, s := range p.Supports {
		out.Supports = append(out.Supports, identity.Support{Name: s.Name, Scope: s.Scope, Allowed: s.Allowed})
	}
	for _, m := range p.Means {
		mean := identity.Mean{Name: m.Name, Scope: m.Scope, Group: m.Group, Score: m.Score, Target: m.Target, Half: m.Below, Total: m.Total, Free: m.Free}
		if !slices.Equal(m.Below, m.Above) {
			mean.Above = m.Above
		}
		out.Means = append(out.Means, mean)
	}
	return out
}
