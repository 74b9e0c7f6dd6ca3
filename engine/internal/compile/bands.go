package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/plan"
)

// minSplit is the domain size from which a field is worth splitting into bands.
const minSplit = 24

// maxFine bounds the configurations of the variables that are tied to a split
// field's values themselves: they share a clique with values and bands, and
// when they are many the split costs more than it saves.
const maxFine = 64

// split is a field with many values (age in years) whose wide tables need only
// some bands of them: the bands become a variable of their own, and the values
// hang off it. Given its band, a value is then independent of everything that
// no table ties to it directly, which is what maximum entropy says anyway; the
// cliques are smaller by the ratio of values to bands.
type split struct {
	variable int     // of the values
	bands    int     // variable of the bands
	of       []int32 // band of each value
	first    []int   // a value of each band
}

// readTogether lists what must be readable from one clique although no table
// may hold it: joints, groups of several fields, the population's where.
func (c *compiler) readTogether() []constraint {
	together := slices.Clone(c.joints)
	if c.where != nil {
		where := *c.where
		where.cuts = true // who is wanted must not be drawn from a band that straddles the limit
		together = append(together, where)
	}
	for _, f := range c.plan.Fields {
		if fn := c.space.known[f.Name]; f.Finite() && len(fn.scope) > 1 {
			together = append(together, constraint{scope: fn.scope, cell: fn.code, cells: fn.slots})
		}
	}
	return together
}

// splitFields decides which fields are split into bands.
func (c *compiler) splitFields() {
	constraints := c.readTogether()
	for _, z := range c.zeros {
		constraints = append(constraints, z.constraint)
	}
	for i := range c.tables {
		constraints = append(constraints, c.tables[i].part)
	}
	constraints = append(constraints, c.limits...) // so that whom a check speaks of can be counted
	for v := range c.space.fields {
		if c.space.cards[v] >= minSplit {
			c.splitField(v, constraints)
		}
	}
}

// splitField refines the values of one variable until every constraint that
// ties it to others can be stated by bands; constraints that need (almost)
// every value keep the values.
func (c *compiler) splitField(v int, constraints []constraint) {
	card := c.space.cards[v]
	worth := card * 3 / 5
	band := make([]int32, card)
	bands := 1
	var finely []int // variables tied to the values themselves
	for _, x := range constraints {
		if !slices.Contains(x.scope, v) || len(x.scope) == 1 && !x.cuts {
			continue
		}
		own, n := c.space.classes(x, v)
		if n > worth {
			finely = c.space.union(finely, x.scope)
			continue
		}
		band, bands = refine(band, own)
	}
	if bands >= worth || c.space.size(finely) > maxFine*card || c.space.size(finely) < 0 {
		return
	}
	s := split{variable: v, bands: len(c.space.cards), of: band, first: make([]int, bands)}
	for value := card - 1; value >= 0; value-- {
		s.first[band[value]] = value
	}
	name := c.space.fields[v].Name + " (bands)"
	c.space.cards = append(c.space.cards, bands)
	c.space.splits = append(c.space.splits, s)
	c.problem.Vars = append(c.problem.Vars, fit.Var{Name: name, Card: bands})
	c.plan.Variables = append(c.plan.Variables, plan.Variable{Name: name, Field: c.space.fields[v].Name, Card: bands, Bands: true})
}

// classes groups the values of variable v that a constraint does not tell
// apart, numbered in order of first appearance.
func (s *space) classes(x constraint, v int) (class []int32, n int) {
	card := s.cards[v]
	value := project(s.cards, x.scope, []int{v})
	signature := make([]uint64, card)
	for k, cell := range x.cell {
		i := value(k)
		signature[i] = rng.Mix(signature[i]*0x9E3779B97F4A7C15 + uint64(uint32(cell)) + 1)
	}
	seen := map[uint64]int32{}
	class = make([]int32, card)
	for i, sig := range signature {
		id, ok := seen[sig]
		if !ok {
			id = int32(len(seen))
			seen[sig] = id
		}
		class[i] = id
	}
	return class, len(seen)
}

// refine is the coarsest partition finer than both, numbered in order of first
// appearance.
func refine(a, b []int32) ([]int32, int) {
	seen := map[[2]int32]int32{}
	out := make([]int32, len(a))
	for i := range a {
		key := [2]int32{a[i], b[i]}
		id, ok := seen[key]
		if !ok {
			id = int32(len(seen))
			seen[key] = id
		}
		out[i] = id
	}
	return out, len(seen)
}

// support ties each value to its band.
func (s *split) support(vars []fit.Var) fit.Support {
	bands := len(s.first)
	x := fit.Support{Name: vars[s.bands].Name, Scope: []int{s.variable, s.bands}, Allowed: make([]bool, len(s.of)*bands)}
	for value, band := range s.of {
		x.Allowed[value*bands+int(band)] = true
	}
	return x
}

// onVariables states a constraint over bands wherever bands tell enough.
func (c *compiler) onVariables(x constraint) constraint {
	for i := range c.space.splits {
		s := &c.space.splits[i]
		if !slices.Contains(x.scope, s.variable) {
			continue
		}
		own, n := c.space.classes(x, s.variable)
		if _, joint := refine(s.of, own); joint != len(s.first) || n > len(s.first) {
			continue // the bands do not tell enough
		}
		x = c.space.coarsen(x, s)
	}
	return x
}

// withBands adds the bands to the scope of a constraint that keeps a split
// field's values, so that the fit sees what it shares with tables over bands.
func (c *compiler) withBands(x constraint) constraint {
	for _, s := range c.space.splits {
		if slices.Contains(x.scope, s.variable) {
			everyone := function{scope: []int{s.bands}, code: make([]int32, len(s.first))}
			for i := range everyone.code {
				everyone.code[i] = 1
			}
			x = c.space.restrict(x, everyone)
		}
	}
	return x
}

// coarsen replaces a split field's values by its bands.
func (sp *space) coarsen(x constraint, s *split) constraint {
	scope := slices.DeleteFunc(slices.Clone(x.scope), func(v int) bool { return v == s.variable })
	scope = sp.union(scope, []int{s.bands})
	out := constraint{scope: scope, cells: x.cells, cell: make([]int32, sp.size(scope))}
	// The configuration number in x's scope is linear in the values, so the
	// band's own value can be added apart from the rest.
	rest := slices.DeleteFunc(slices.Clone(x.scope), func(v int) bool { return v == s.variable })
	restOf, bandOf := project(sp.cards, scope, rest), project(sp.cards, scope, []int{s.bands})
	stride := 1
	for _, v := range slices.Backward(x.scope) {
		if v == s.variable {
			break
		}
		stride *= sp.cards[v]
	}
	card := sp.cards[s.variable]
	for k := range out.cell {
		r := restOf(k)
		config := r/stride*stride*card + s.first[bandOf(k)]*stride + r%stride
		out.cell[k] = x.cell[config]
	}
	return out
}
