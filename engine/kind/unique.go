package kind

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

// A field is unique by construction: a keyed permutation of its values gives each
// person another one. So a person's value depends on no other person, and parts of a
// population can be made separately.

// unique is a Program of a field that can be unique.
type unique interface {
	// makeUnique changes the program so that no two persons have the same value. It
	// returns the number of its values, or false after it has reported why it cannot.
	makeUnique(c *Compiler, s *spec.Field) (values int64, ok bool)
}

// MakeUnique makes a compiled field unique, as its stanza says, or reports why that
// is not possible.
func (c *Compiler) MakeUnique(s *spec.Field, f *Field) {
	at := s.Body.Get("unique").Place
	if f.Program == nil && (f.Class == Derived || f.Class == Drawn) {
		return // it failed to compile, which has been reported
	}
	if f.Meaning() == Identifier {
		f.Unique = math.MaxInt64
		return
	}
	p, ok := f.Program.(unique)
	if !ok {
		c.refuseUnique(at, f.Kind, "its values repeat")
		return
	}
	values, ok := p.makeUnique(c, s)
	if !ok {
		return
	}
	f.Unique = values
	if size := c.Spec.Population.Size; values < size {
		c.Diags.Errorf(at, "too-few-values", "%s", TooFewValues(f, size)).WithHint("add values, or generate fewer persons")
	}
}

// TooFewValues says that a unique field has fewer values than there are persons.
func TooFewValues(f *Field, persons int64) string {
	return fmt.Sprintf("field %q is unique and has %s, but there are %s persons", f.Name, humanize.Count(f.Unique, "value", "values"), humanize.Thousands(persons))
}

// refuseUnique reports a field that cannot be unique.
func (c *Compiler) refuseUnique(at diag.Place, kind, why string) {
	c.Diags.Errorf(at, "not-unique", "this %s cannot be unique: %s", kind, why).
		WithHint("unique are ids; numbers with uniform and round; choices of equally likely entries; and templates that are a unique field, or end or begin with one, set off by a character that it cannot contain")
}

// draws gives each person one of n values, no two the same.
type draws struct {
	n    int64
	perm rng.Permutation
}

func newDraws(n int64, seed uint64, name string) draws {
	return draws{n, rng.NewPermutation(n, rng.New(seed, name+"/unique").Key())}
}

// of returns a number from 0 to n-1, or an error for a person after the n-th.
func (d *draws) of(person int64) (int64, error) {
	if person >= d.n {
		return 0, fmt.Errorf("the field is unique and has only %s; generate fewer persons", humanize.Count(d.n, "value", "values"))
	}
	return d.perm.At(person), nil
}

// makeUnique allows uniform numbers. Their multiples of round become equally likely,
// those at the ends included.
func (p *number) makeUnique(c *Compiler, s *spec.Field) (int64, bool) {
	at := s.Body.Get("unique").Place
	shape, l := p.Shapes[0], p.Limits
	switch {
	case slices.ContainsFunc([]string{"means", "medians", "quantiles", "totals"}, func(key string) bool { return s.Body.Get(key) != nil }):
		c.refuseUnique(at, "number", "its values follow published statistics")
		return 0, false
	case len(p.Shapes) > 1 || shape.Kind != Uniform || len(p.Scales) > 0:
		c.refuseUnique(at, "number", "it has another distribution than one uniform")
		return 0, false
	case p.Copula != nil:
		c.refuseUnique(at, "number", "it is correlated with others")
		return 0, false
	case l.Round == 0:
		c.refuseUnique(at, "number", "it is not rounded, so its values are not listed")
		return 0, false
	}
	low, high := shape.A, shape.B
	if l.Min != nil {
		low = max(low, *l.Min)
	}
	if l.Max != nil {
		high = min(high, *l.Max)
	}
	within := Limits{Min: &low, Max: &high, Round: l.Round, Decimals: l.Decimals}
	first, last := math.Round(within.lowest()/l.Round), math.Round(within.highest()/l.Round)
	if n := last - first + 1; n < 1 || n > rng.MaxPermutation {
		c.Diags.Errorf(at, "unique-range", "from %g to %g there are %.6g multiples of %g; a unique number has 1 to %d values", low, high, max(n, 0), l.Round, int64(rng.MaxPermutation)).
			WithHint("change the range, or round to another step")
		return 0, false
	}
	p.Unique = &uniqueNumber{First: int64(first), N: int64(last-first) + 1}
	least, most := low-l.Round/2, high+l.Round/2
	if a := within.lowest() - l.Round/2; a > least {
		least = a
	}
	if b := within.highest() + l.Round/2; b < most {
		most = b
	}
	p.Shapes[0].A, p.Shapes[0].B, p.Limits.Min, p.Limits.Max = least, most, &least, &most
	return p.Unique.N, true
}

// uniqueNumber are the values of a unique number: N multiples of Round from the
// multiple First on.
type uniqueNumber struct {
	First int64 `json:"first"`
	N     int64 `json:"n"`
}

// uniqueNumberFiller gives each person another multiple.
type uniqueNumberFiller struct {
	draws  draws
	first  int64
	limits Limits
	failed []RowError
}

func (p *uniqueNumberFiller) Failed() []RowError { return p.failed }

func (p *uniqueNumberFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.failed = p.failed[:0]
	for r := range b.N {
		i, err := p.draws.of(b.First + int64(r))
		if err != nil {
			p.failed = append(p.failed, RowError{r, err})
		}
		c.Floats[r] = p.limits.multiple(float64(p.first+i)) + 0 // -0 + 0 is 0
	}
}

// makeUnique allows choices of equally likely entries. If they depend on other
// fields, no entry is in two lists, and every list is long enough for all persons:
// how many persons have which list is not known to a person's draw.
func (p *choice) makeUnique(c *Compiler, s *spec.Field) (int64, bool) {
	at := s.Body.Get("unique").Place
	for _, key := range []string{"weight", "zipf"} {
		if s.Body.Get(key) != nil {
			c.refuseUnique(at, "choice", "its entries are drawn by weight")
			return 0, false
		}
	}
	if values := s.Body.Get("values"); values != nil {
		for _, e := range values.Fields {
			if e.Value.Number > 0 && e.Value.Number != values.Fields[0].Value.Number {
				c.refuseUnique(at, "choice", "its entries are drawn by weight")
				return 0, false
			}
		}
	}
	list := map[int32]int{} // of each label
	least := int64(math.MaxInt64)
	for i := range len(p.Start) - 1 {
		for _, code := range p.Codes[p.Start[i]:p.Start[i+1]] {
			if in, twice := list[code]; twice {
				why := "in two lists"
				if in == i {
					why = "twice in a list"
				}
				c.refuseUnique(at, "choice", fmt.Sprintf("the entry %q is %s", c.Fields[s.Name].labelOf(code), why))
				return 0, false
			}
			list[code] = i
		}
		least = min(least, int64(p.Start[i+1]-p.Start[i]))
	}
	p.Unique = true
	return least, true
}

// labelOf returns a label for a message. f may be nil.
func (f *Field) labelOf(code int32) string {
	if f == nil || f.Domain == nil {
		return ""
	}
	return f.Domain.Label(int(code))
}

// uniqueChoiceFiller gives each person of a list another entry.
type uniqueChoiceFiller struct {
	p      *choice
	given  lister
	lists  []int32
	draws  []draws // of each list
	failed []RowError
}

func (p *choice) bindUnique(env *Env) Filler {
	given, _ := p.bindLists(env)
	f := &uniqueChoiceFiller{p: p, given: given}
	for i := range len(p.Start) - 1 {
		f.draws = append(f.draws, newDraws(int64(p.Start[i+1]-p.Start[i]), env.Seed, fmt.Sprintf("%s/%d", env.Field.Name, i)))
	}
	return f
}

func (p *uniqueChoiceFiller) Failed() []RowError { return p.failed }

func (p *uniqueChoiceFiller) Fill(b *frame.Batch, c *frame.Column) {
	p.failed = p.failed[:0]
	p.lists = p.given.Cases(b, p.lists)
	for r, list := range p.lists {
		if list == 0 {
			c.Codes[r] = -1
			continue
		}
		i, err := p.draws[list-1].of(b.First + int64(r))
		if err != nil {
			p.failed = append(p.failed, RowError{r, err})
		}
		c.Codes[r] = p.p.Codes[int64(p.p.Start[list-1])+i]
	}
}

// makeUnique allows templates from whose texts the value of a unique field can be
// told.
func (p *template) makeUnique(c *Compiler, s *spec.Field) (int64, bool) {
	at := s.Body.Get("unique").Place
	parts, plain := p.template.Plain()
	if !plain {
		c.refuseUnique(at, "template", "it does more than write values one after the other")
		return 0, false
	}
	var names []string
	for i, part := range parts {
		f := c.Fields[part.Field]
		if f == nil || f.Unique == 0 {
			if part.Field != "" {
				names = append(names, part.Field)
			}
			continue
		}
		if setOff(parts, i, f) {
			return f.Unique, true
		}
		names = append(names, part.Field)
	}
	why := "it writes no field"
	if len(names) > 0 {
		why = fmt.Sprintf("two texts can be equal although %s differ", strings.Join(slices.Compact(names), ", "))
		if !slices.ContainsFunc(names, func(n string) bool { return c.Fields[n] != nil && c.Fields[n].Unique > 0 }) {
			why = fmt.Sprintf("%s can repeat", strings.Join(slices.Compact(names), ", "))
		}
	}
	c.refuseUnique(at, "template", why)
	return 0, false
}

// setOff reports whether the value of a part can be told from the text: no other
// field is before it, or none after it, and a character that the value cannot contain
// is between it and the other fields.
func setOff(parts []prompt.Part, i int, f *Field) bool {
	isField := func(p prompt.Part) bool { return p.Field != "" }
	before, after := slices.ContainsFunc(parts[:i], isField), slices.ContainsFunc(parts[i+1:], isField)
	switch {
	case f.Nullable && (before || after):
		return false // null is written as nothing, so that the other fields decide
	case !before && !after:
		return true
	case before && after:
		return false
	case before:
		text := parts[i-1].Text
		return parts[i-1].Field == "" && text != "" && !f.canContain(text[len(text)-1])
	}
	text := parts[i+1].Text
	return parts[i+1].Field == "" && text != "" && !f.canContain(text[0])
}

// canContain reports whether a value of a unique field can have a byte.
func (f *Field) canContain(b byte) bool {
	switch {
	case f.Type == frame.Number:
		least, _ := f.Bounds()
		return b >= '0' && b <= '9' || b == '.' && f.Decimals != 0 || b == '-' && least < 0
	case f.Meaning() == Identifier:
		return strings.IndexByte("0123456789abcdef-", b) >= 0
	case f.Type == frame.Category:
		return slices.ContainsFunc(f.Domain.Labels, func(l string) bool { return strings.IndexByte(l, b) >= 0 })
	}
	return true
}
