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
	return &identity.Structure{Name: c.spec.Name, Labels: labels, Problem: problemIdentity(problem), Limits: limits}
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
			Rho: t.Rho, Variance: t.Variance, Tolerance: t.Tolerance,
		})
	}
	for _, s := range p.Supports {
		out.Supports = append(out.Supports, identity.Support{Name: s.Name, Scope: s.Scope, Allowed: s.Allowed})
	}
	for _, m := range p.Means {
		out.Means = append(out.Means, identity.Mean{Name: m.Name, Scope: m.Scope, Group: m.Group, Score: m.Score, Target: m.Target, Half: m.Half})
	}
	return out
}
