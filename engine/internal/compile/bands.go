package compile

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/fit"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/plan"
)

// minSplit is the smallest domain that is split into bands.
const minSplit = 24

// maxFine bounds the configurations of the variables that constraints connect with
// the values of a split field, not only with its bands. They share a clique with
// values and bands; if they are many, the split costs more than it saves.
const maxFine = 64

// readTogether lists what must be readable from one clique even if no table covers
// it: joints, groups of several fields, and the population's where.
func (c *compiler) readTogether() []constraint {
	together := slices.Clone(c.joints)
	if c.where != nil {
		where := *c.where
		where.cuts = true // no band may have persons who are wanted and persons who are not
		together = append(together, where)
	}
	if c.strata != nil {
		together = append(together, c.strata.sets)
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
	constraints = append(constraints, c.limits...) // so that checks can be counted by bands
	for i := range c.means {
		constraints = append(constraints, c.means[i].part)
	}
	for v := range c.space.fields {
		if c.space.cards[v] >= minSplit {
			c.splitField(v, constraints)
		}
	}
}

// splitField divides the values of a variable into the fewest bands by which every
// constraint with other variables can be stated. Constraints that need almost every
// value are stated by values.
func (c *compiler) splitField(v int, constraints []constraint) {
	card := c.space.cards[v]
	worth := card * 3 / 5
	band := make([]int32, card)
	bands := 1
	var finely []int // variables in constraints on the values themselves
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
	// The name is part of every person's identity and names a random stream: see
	// package identity.
	name := c.space.fields[v].Name + " (bands)"
	c.space.cards = append(c.space.cards, bands)
	c.space.splits = append(c.space.splits, s)
	c.problem.Vars = append(c.problem.Vars, fit.Var{Name: name, Card: bands})
	c.plan.Variables = append(c.plan.Variables, plan.Variable{Name: name, Field: c.space.fields[v].Name, Card: bands, Bands: true})
}

// classes groups the values of variable v that a constraint does not distinguish,
// numbered in order of first appearance.
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

// refine returns the coarsest partition that is finer than both, numbered in order
// of first appearance.
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

// support allows each value with its band only.
func (s *split) support(vars []fit.Var) fit.Support {
	bands := len(s.first)
	x := fit.Support{Name: vars[s.bands].Name, Scope: []int{s.variable, s.bands}, Allowed: make([]bool, len(s.of)*bands)}
	for value, band := range s.of {
		x.Allowed[value*bands+int(band)] = true
	}
	return x
}

// onVariables states a constraint over bands where bands are fine enough for it.
func (c *compiler) onVariables(x constraint) constraint {
	for i := range c.space.splits {
		s := &c.space.splits[i]
		if !slices.Contains(x.scope, s.variable) {
			continue
		}
		own, n := c.space.classes(x, s.variable)
		if _, joint := refine(s.of, own); joint != len(s.first) || n > len(s.first) {
			if s.position > 0 {
				x = c.space.positioned(x, s)
			}
			continue // the bands are too coarse
		}
		x = c.space.coarsen(x, s)
	}
	return x
}

// withBands adds the bands to the scope of a constraint on the values of a split
// field, so that the fit sees what it shares with tables over bands.
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
	return sp.restate(x, s, []int{s.bands}, s.first)
}

// positioned replaces a split field's values by its bands and the positions in them.
func (sp *space) positioned(x constraint, s *split) constraint {
	width := sp.cards[s.position]
	value := make([]int, len(s.values)*width)
	for band, values := range s.values {
		for at := range width {
			value[band*width+at] = -1
			if at < len(values) {
				value[band*width+at] = values[at]
			}
		}
	}
	return sp.restate(x, s, []int{s.bands, s.position}, value)
}

// restate replaces a split field's values by variables, each of whose configurations has
// a value, or -1 for none.
func (sp *space) restate(x constraint, s *split, by, value []int) constraint {
	scope := slices.DeleteFunc(slices.Clone(x.scope), func(v int) bool { return v == s.variable })
	scope = sp.union(scope, by)
	out := constraint{scope: scope, cells: x.cells, cell: make([]int32, sp.size(scope))}
	// The number of a configuration in x's scope is linear in the values, so the
	// value can be added separately.
	rest := slices.DeleteFunc(slices.Clone(x.scope), func(v int) bool { return v == s.variable })
	restOf, valueOf := project(sp.cards, scope, rest), project(sp.cards, scope, by)
	stride := 1
	for _, v := range slices.Backward(x.scope) {
		if v == s.variable {
			break
		}
		stride *= sp.cards[v]
	}
	card := sp.cards[s.variable]
	for k := range out.cell {
		r, v := restOf(k), value[valueOf(k)]
		if out.cell[k] = -1; v >= 0 {
			out.cell[k] = x.cell[r/stride*stride*card+v*stride+r%stride]
		}
	}
	return out
}
