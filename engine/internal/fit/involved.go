package fit

import (
	"context"
	"errors"
	"slices"
)

// mostSupports bounds the supports that are tried one by one.
const mostSupports = 64

// supportsOf returns an irreducible set of supports without any of which the tables,
// which are impossible, can be met together. It is empty when the tables are
// impossible without all supports. The error is that of ctx.
func (f *fitting) supportsOf(ctx context.Context, tables []*table) ([]int, error) {
	var scope []int
	for _, t := range tables {
		scope = unite(scope, t.scope)
	}
	var failed error
	found := f.p.filterSupports(scope, func(p *Problem) bool {
		end, _, err := f.testWith(ctx, p, tables)
		failed = errors.Join(failed, err)
		return end == impossible && err == nil
	})
	// The test has set what is possible in every table; the whole problem decides it.
	if _, err := support(f.p, f.cliques, tables); err != nil {
		return nil, failed
	}
	return found, failed
}

// filterSupports removes one support after the other as long as the fault stays, and
// returns those that it needs; nil when it needs none. Supports are ordered so that
// those outside of the scope are removed first.
func (p *Problem) filterSupports(scope []int, faulty func(*Problem) bool) []int {
	if len(p.Supports) == 0 || len(p.Supports) > mostSupports {
		return nil
	}
	kept := make([]bool, len(p.Supports))
	if faulty(p.keeping(kept)) {
		return nil
	}
	order := make([]int, len(kept))
	for i := range kept {
		kept[i], order[i] = true, i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return len(intersect(sorted(p.Supports[a].Scope), scope)) - len(intersect(sorted(p.Supports[b].Scope), scope))
	})
	if !faulty(p) {
		return nil // it takes more than what faulty looks at
	}
	for _, i := range order {
		kept[i] = false
		kept[i] = !faulty(p.keeping(kept))
	}
	var out []int
	for i, yes := range kept {
		if yes {
			out = append(out, i)
		}
	}
	return out
}

// keeping returns the problem with some of its supports only.
func (p *Problem) keeping(kept []bool) *Problem {
	q := *p
	q.Supports = nil
	for i, yes := range kept {
		if yes {
			q.Supports = append(q.Supports, p.Supports[i])
		}
	}
	return &q
}

// blameSupports fills in the supports of the worst disagreement of every table.
func (f *fitting) blameSupports(e *InconsistentError) {
	seen := map[int]bool{}
	for i := range e.Disagreements {
		d := &e.Disagreements[i]
		if seen[d.A] || seen[d.B] {
			continue
		}
		seen[d.A], seen[d.B] = true, true
		scope := unite(sorted(f.p.Tables[d.A].Scope), sorted(f.p.Tables[d.B].Scope))
		d.Supports = f.p.filterSupports(scope, func(p *Problem) bool {
			var tables []*table
			var a, b *table
			for i := range p.Tables {
				t := newTable(p.Vars, i, &p.Tables[i])
				tables = append(tables, t)
				switch i {
				case d.A:
					a = t
				case d.B:
					b = t
				}
			}
			if _, err := support(p, f.cliques, tables); err != nil {
				return false
			}
			makeAllAbsolute(tables, p.Vars)
			if !a.absolute || !b.absolute {
				return false
			}
			pair := newPair(a, b, p.Vars)
			if pair == nil {
				return false
			}
			return pair.beyond(f.o.Tolerance)
		})
	}
}
