package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/kind"
)

// maxConfigurations bounds the scope of one table or condition.
const maxConfigurations = 16 << 20

// space is the product of all fitted fields, which are the variables of the fit.
//
// Variables are ordered by the names of their fields, and the values of a
// category by their labels. The order in which a spec lists fields, labels and
// tables therefore does not affect the sample.
type space struct {
	fields []*kind.Field
	cards  []int
	codes  [][]int32           // per variable: the field's code of each value
	known  map[string]function // finite fields already resolved
	splits []split             // of fields into bands; cards continues with the bands

	indexes map[string][]int32 // cached by along
	indexed int                // numbers in the cached indexes
}

// function is a finite field as a function of fitted fields: code[k] is its code
// for configuration k of scope (row-major).
type function struct {
	scope []int
	code  []int32
	slots int
}

// constraint is a partition of the configurations of some variables: cell[k] is
// the cell of configuration k, -1 for none.
type constraint struct {
	scope []int
	cell  []int32
	cells int
	cuts  bool // bands of a field must separate the cells even when scope is that field alone
}

// buildSpace makes the fitted fields variables and expresses the other finite
// fields by them.
func (c *compiler) buildSpace() {
	c.space.known = map[string]function{}
	for _, f := range c.plan.Fields {
		if f.Class == kind.Fitted {
			c.space.fields = append(c.space.fields, f)
		}
	}
	slices.SortFunc(c.space.fields, func(a, b *kind.Field) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range c.space.fields {
		c.space.cards = append(c.space.cards, f.Slots())
		c.space.codes = append(c.space.codes, canonicalCodes(f))
	}
	if len(c.space.fields) == 0 {
		c.diags.Errorf(c.spec.Place, "nothing-fitted", "no field is a category or an integer").WithHint("declare one")
		return
	}
	for _, name := range c.plan.Order { // a group comes after its bases
		f := c.kinds.Fields[name]
		if !f.Finite() {
			continue
		}
		if !c.fits(f.Inputs, f.Place) {
			return
		}
		c.space.resolve(name, c.kinds.Fields)
	}
}

// canonicalCodes lists the codes of a field in the order of their labels, null
// last. The codes of an integer are in order already.
func canonicalCodes(f *kind.Field) []int32 {
	codes := make([]int32, f.Slots())
	for i := range codes {
		codes[i] = int32(i)
	}
	if !f.Domain.Integer {
		slices.SortFunc(codes[:f.Domain.Size()], func(a, b int32) int {
			return strings.Compare(f.Domain.Labels[a], f.Domain.Labels[b])
		})
	}
	return codes
}

// fits checks that the joint scope of some finite fields can be tabulated.
func (c *compiler) fits(names []string, at diag.Place) bool {
	if c.space.size(c.space.scopeOf(names, c.kinds.Fields)) >= 0 {
		return true
	}
	c.diags.Errorf(at, "too-wide", "fields %v together depend on more than %d combinations of fitted values", names, maxConfigurations).
		WithHint("name fewer fields, or groups with fewer values")
	return false
}

// scopeOf lists the fitted fields that finite fields depend on.
func (s *space) scopeOf(names []string, fields map[string]*kind.Field) []int {
	var scope []int
	for _, name := range names {
		scope = s.union(scope, s.resolve(name, fields).scope)
	}
	return scope
}

// forWorker returns the space with separate caches, for one goroutine.
func (s *space) forWorker() space {
	own := *s
	own.known, own.indexes, own.indexed = maps.Clone(s.known), nil, 0
	return own
}

// size is the number of configurations of a scope, -1 when there are more than
// maxConfigurations.
func (s *space) size(scope []int) int {
	n := 1
	for _, v := range scope {
		n *= s.cards[v]
		if n > maxConfigurations {
			return -1
		}
	}
	return n
}

// resolve expresses a finite field by fitted ones.
func (s *space) resolve(name string, fields map[string]*kind.Field) function {
	if fn, ok := s.known[name]; ok {
		return fn
	}
	f := fields[name]
	fn := function{slots: f.Slots()}
	switch of := f.Lookup(); {
	case f.Class == kind.Fitted:
		v := slices.IndexFunc(s.fields, func(g *kind.Field) bool { return g.Name == name })
		fn.scope, fn.code = []int{v}, s.codes[v]
	case of != nil:
		fn = s.compose(of, fields)
		fn.slots = f.Slots()
		for k, chosen := range fn.code {
			fn.code[k] = chosen - 1
			if chosen == 0 {
				fn.code[k] = int32(f.Domain.Size())
			}
		}
	default: // a constant
		fn.code = []int32{0}
	}
	if f.When != nil && f.Class != kind.Fitted {
		fn = s.nullUnless(fn, s.compose(f.When, fields), int32(f.Domain.Size()))
	}
	s.known[name] = fn
	return fn
}

// compose expresses a selector by fitted fields. Its codes are the cases.
func (s *space) compose(sel *kind.Selector, fields map[string]*kind.Field) function {
	joint := s.join(sel.Fields, fields)
	for k, config := range joint.cell {
		joint.cell[k] = sel.Case[config]
	}
	return function{scope: joint.scope, code: joint.cell, slots: 1 + int(slices.Max(append([]int32{0}, sel.Case...)))}
}

// nullUnless replaces the codes where the condition's case is 0 by null.
func (s *space) nullUnless(fn, when function, null int32) function {
	scope := s.union(fn.scope, when.scope)
	out := function{scope: scope, code: make([]int32, s.size(scope)), slots: fn.slots}
	value, holds := s.reader(scope, fn), s.reader(scope, when)
	for k := range out.code {
		out.code[k] = null
		if holds(k) != 0 {
			out.code[k] = value(k)
		}
	}
	return out
}

// union merges two ascending scopes.
func (s *space) union(a, b []int) []int {
	u := slices.Concat(a, b)
	slices.Sort(u)
	return slices.Compact(u)
}

// reader returns the values of a function by the configurations of a larger scope.
func (s *space) reader(scope []int, fn function) func(k int) int32 {
	index := project(s.cards, scope, fn.scope)
	return func(k int) int32 { return fn.code[index(k)] }
}

// along is reader for passes over many configurations. It numbers them once,
// variable by variable, and caches the numbers for the next function of the same
// fields.
func (s *space) along(scope []int, fn function) func(k int32) int32 {
	key := fmt.Sprint(scope, fn.scope)
	index, ok := s.indexes[key]
	if !ok {
		index = s.index(scope, fn.scope)
		if s.indexed += len(index); s.indexes == nil || s.indexed > maxIndexed {
			s.indexes, s.indexed = map[string][]int32{}, len(index)
		}
		s.indexes[key] = index
	}
	return func(k int32) int32 { return fn.code[index[k]] }
}

// maxIndexed bounds the numbers that along caches.
const maxIndexed = 16 << 20

// index returns, per configuration of scope, the number of its configuration of
// the inner scope.
func (s *space) index(scope, inner []int) []int32 {
	size := 1
	for _, v := range scope {
		size *= s.cards[v]
	}
	index := make([]int32, size)
	done := 1 // configurations of the last variables, which the first numbers are for
	for _, v := range slices.Backward(scope) {
		stride := int32(0)
		if at := slices.Index(inner, v); at >= 0 {
			stride = 1
			for _, w := range inner[at+1:] {
				stride *= int32(s.cards[w])
			}
		}
		for value := 1; value < s.cards[v]; value++ {
			base, next := int32(value)*stride, index[value*done:]
			for i, n := range index[:done] {
				next[i] = n + base
			}
		}
		done *= s.cards[v]
	}
	return index
}

// project maps configurations of a scope to configurations of an inner scope.
func project(cards []int, scope, inner []int) func(k int) int {
	type axis struct{ stride, card, to uint32 } // dividing 32-bit words is faster
	var axes []axis
	to := uint32(1)
	before := -1 // position in the scope of the axis before, which is to the right of it
	for _, v := range slices.Backward(inner) {
		at := slices.Index(scope, v)
		if last := len(axes) - 1; at == before-1 && last >= 0 { // neighbours in both scopes are one axis
			axes[last].card *= uint32(cards[v])
		} else {
			stride := uint32(1)
			for _, w := range scope[at+1:] {
				stride *= uint32(cards[w])
			}
			axes = append(axes, axis{stride, uint32(cards[v]), to})
		}
		to *= uint32(cards[v])
		before = at
	}
	return func(k int) int {
		n := uint32(0)
		for _, a := range axes {
			n += uint32(k) / a.stride % a.card * a.to
		}
		return int(n)
	}
}

// join partitions configurations by several finite fields: its cells are row-major
// over their slots.
func (s *space) join(names []string, fields map[string]*kind.Field) constraint {
	joint := constraint{cells: 1}
	var fns []function
	for _, name := range names {
		fn := s.resolve(name, fields)
		fns = append(fns, fn)
		joint.scope = s.union(joint.scope, fn.scope)
		joint.cells *= fn.slots
	}
	joint.cell = make([]int32, s.size(joint.scope))
	for _, fn := range fns {
		value := s.along(joint.scope, fn)
		for k := range joint.cell {
			joint.cell[k] = joint.cell[k]*int32(fn.slots) + value(int32(k))
		}
	}
	return joint
}

// mustJoin is join, with a report when the scope is too wide.
func (c *compiler) mustJoin(names []string, at diag.Place) (constraint, bool) {
	if !c.fits(names, at) {
		return constraint{}, false
	}
	return c.space.join(names, c.kinds.Fields), true
}

// restrict removes from a constraint the configurations that do not meet a
// condition.
func (s *space) restrict(x constraint, inside function) constraint {
	scope := s.union(x.scope, inside.scope)
	out := constraint{scope: scope, cells: x.cells, cell: make([]int32, s.size(scope))}
	cell, in := s.reader(scope, function{scope: x.scope, code: x.cell}), s.reader(scope, inside)
	for k := range out.cell {
		out.cell[k] = -1
		if in(k) != 0 {
			out.cell[k] = cell(k)
		}
	}
	return out
}

// split is a field with many values, such as an age in years, whose wide tables need
// only bands of them. The bands become a separate variable. Given its band, a
// value is then independent of every variable that no table connects with it
// directly, as maximum entropy makes it anyway, and the cliques are smaller by the
// ratio of values to bands.
type split struct {
	variable int     // of the values
	bands    int     // variable of the bands
	of       []int32 // band of each value
	first    []int   // a value of each band

	// position is the variable of the position of a value in its band, which refined
	// cliques have (see refinement); 0 if there is none. values are those of each band.
	position int
	values   [][]int
}
