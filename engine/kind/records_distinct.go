package kind

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/spec"
)

// distinctOf returns the fields of which no two records of a person have the same value.
func distinctOf(group *spec.Node) []spec.String { return group.Get("distinct").AsStrings() }

// reportDistinct reports names that no field of the group has, and those named twice.
func (c *Compiler) reportDistinct(group *spec.Node, fields []spec.Field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	c.Once(distinctOf(group))
	for _, name := range distinctOf(group) {
		if slices.Contains(names, name.Value) {
			continue
		}
		d := c.Diags.Errorf(name.Place, "unknown-field", "the records have no field called %q", name.Value)
		if g := diag.Guess(name.Value, names); g != "" {
			d.WithHint("did you mean %q?", g)
		} else {
			d.WithHint("name a field of the group")
		}
	}
}

// compileDistinct compiles what differs between the records of a person, of a field that
// has been compiled.
func (c *Compiler) compileDistinct(group *spec.Node, g *recordGroup, f *Field) {
	for _, name := range distinctOf(group) {
		if name.Value != f.Name || slices.Contains(g.Distinct, f.Name) {
			continue
		}
		if f.Type == frame.Number {
			c.Diags.Errorf(name.Place, "not-distinct", "field %q is a %s, whose values are not compared", f.Name, f.Kind).WithHint("name a field of labels, whole numbers, dates or texts")
			continue
		}
		g.Distinct = append(g.Distinct, f.Name)
		p, ok := f.Program.(*choice)
		if !ok {
			f.Nullable = true // where no value that was drawn is another
			if n := f.values(); n < float64(g.Count.Max) {
				c.Diags.Warnf(name.Place, "few-entries", "a person can have %d records, and %q has %s: where no other is left, the field is null", g.Count.Max, f.Name, humanize.Count(int64(n), "value", "values")).
					WithHint("give it more values, or lower the count")
			}
			continue
		}
		if least := p.fewest(); least < g.Count.Max {
			f.Nullable = true
			c.Diags.Warnf(name.Place, "few-entries", "a person can have %d records, and a list of %q has %s: where no other is left, the field is null", g.Count.Max, f.Name, humanize.Count(least, "entry", "entries")).
				WithHint("add entries, or lower the count")
		}
	}
}

// values is the number of values that the field can have, where that is known.
func (f *Field) values() float64 {
	switch f.Type {
	case frame.Category:
		return float64(len(f.Domain.Labels))
	case frame.Integer:
		least, greatest := f.Bounds()
		return greatest - least + 1
	}
	return math.Inf(1)
}

// fewest returns the number of entries that differ in the shortest list.
func (p *bank) fewest() int {
	least := len(p.Codes)
	for list := range len(p.Start) - 1 {
		codes := slices.Clone(p.Codes[p.Start[list]:p.Start[list+1]])
		slices.Sort(codes)
		least = min(least, len(slices.Compact(codes)))
	}
	return least
}

// distinctField remembers the values of a field that a person's records have so far.
type distinctField struct {
	column int
	typ    frame.Type
	ints   [][]int64 // by person: codes, whole numbers or days
	texts  [][]string
}

func (x *distinctField) begin(persons int) {
	if x.typ == frame.Text {
		x.texts = clearLists(x.texts, persons)
	} else {
		x.ints = clearLists(x.ints, persons)
	}
}

func clearLists[T any](lists [][]T, n int) [][]T {
	for len(lists) < n {
		lists = append(lists, nil)
	}
	for i := range lists[:n] {
		lists[i] = lists[i][:0]
	}
	return lists
}

// taken reports whether a record of a person has the value of row r.
func (x *distinctField) taken(c *frame.Column, r int, person int32) bool {
	if c.IsNull(x.typ, r) {
		return false
	}
	if x.typ == frame.Text {
		return slices.Contains(x.texts[person], c.Texts[r])
	}
	return slices.Contains(x.ints[person], x.value(c, r))
}

func (x *distinctField) value(c *frame.Column, r int) int64 {
	if x.typ == frame.Category {
		return int64(c.Codes[r])
	}
	return c.Ints[r]
}

// keep remembers the value of row r.
func (x *distinctField) keep(c *frame.Column, r int, person int32) {
	switch {
	case c.IsNull(x.typ, r):
	case x.typ == frame.Text:
		x.texts[person] = append(x.texts[person], c.Texts[r])
	default:
		x.ints[person] = append(x.ints[person], x.value(c, r))
	}
}

// separate makes the values of a field those that no other record of the person has. A
// choice draws again from the entries that are left, so that its entries are drawn without
// replacement; of other fields, visit is called with the rows that have the same.
func (x *distinctField) separate(b *frame.Batch, filler Filler, persons []int32, visit func(r int)) {
	c := &b.Columns[x.column]
	draws, again := filler.(*choiceFiller)
	for r := range b.N {
		switch {
		case !x.taken(c, r, persons[r]):
		case again:
			c.Codes[r] = draws.replace(b, r, x.ints[persons[r]])
		default:
			visit(r)
		}
	}
}

// testDistinct returns what tests whether the records of a person differ in a field.
func (a *GroupAudit) testDistinct(env *Env, f *Field) func(*batchOf) {
	x := &distinctField{column: env.Index(f.Name), typ: f.Type}
	return func(of *batchOf) {
		c := &of.b.Columns[x.column]
		x.begin(1)
		for r := range of.b.N {
			if r > 0 && of.rows[r] != of.rows[r-1] {
				x.begin(1)
			}
			if x.taken(c, r, 0) {
				of.fault(r, "with the same %s in two records", f.Name)
			}
			x.keep(c, r, 0)
		}
	}
}
