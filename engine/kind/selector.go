package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// Selector maps every configuration (combination of values) of some finite fields
// to a case number. It is the compiled form of a list of conditions.
type Selector struct {
	Fields   []string `json:"fields"`
	Slots    []int    `json:"slots"`    // codes of each field, null last where it is nullable
	Nullable []bool   `json:"nullable"` // of each field
	Min      []int64  `json:"min"`      // least value of each integer field, 0 for others
	Case     []int32  `json:"case"`     // row-major over Fields
}

// maxSelector is the largest number of configurations of a Selector.
const maxSelector = 4 << 20

// Select compiles a list of conditions into a Selector: the case of a configuration
// is i+1 for the first condition i that it meets, 0 when it meets none. All fields
// of the conditions must be finite. Select returns nil after it has reported a
// fault, and warns of terms that no value meets.
func (c *Compiler) Select(conditions []*spec.Condition) *Selector {
	return c.selectOf(conditions, c.FiniteField)
}

// SelectDrawn is Select for conditions on data: they may also name choices and the texts
// of their columns.
func (c *Compiler) SelectDrawn(conditions []*spec.Condition) *Selector {
	return c.selectOf(conditions, func(name string, at diag.Place) *Field {
		if f := c.Fields[name]; c.drawnOf(f) != nil {
			return f
		}
		return c.FiniteField(name, at)
	})
}

func (c *Compiler) selectOf(conditions []*spec.Condition, find func(name string, at diag.Place) *Field) *Selector {
	s := &Selector{}
	var fields []*Field
	failed := false
	for _, cond := range conditions {
		for i := range cond.Terms {
			t := &cond.Terms[i]
			f := find(t.Field, t.Place)
			if f == nil {
				failed = true
				continue
			}
			if !slices.Contains(s.Fields, f.Name) {
				s.Fields, fields = append(s.Fields, f.Name), append(fields, f)
				s.Slots, s.Nullable = append(s.Slots, f.Slots()), append(s.Nullable, f.Nullable)
				s.Min = append(s.Min, f.Domain.Min)
			}
		}
	}
	if failed {
		return nil
	}
	size := 1
	for _, n := range s.Slots {
		size *= n
		if size > maxSelector {
			c.Diags.Errorf(conditions[0].Place, "too-wide", "the conditions use %d fields, which have more than %d combinations of values", len(s.Fields), maxSelector).
				WithHint("use fewer fields, or groups with fewer values")
			return nil
		}
	}
	s.Case = make([]int32, size)
	for i, cond := range slices.Backward(conditions) {
		meets := c.conditionTest(cond, s, fields)
		for config := range s.Case {
			if meets(config) {
				s.Case[config] = int32(i + 1)
			}
		}
	}
	return s
}

// conditionTest evaluates a condition's terms for all values of their fields and
// returns a function that reports whether a configuration of the selector meets
// the condition.
func (c *Compiler) conditionTest(cond *spec.Condition, s *Selector, fields []*Field) func(config int) bool {
	type axis struct {
		stride, slots int
		ok            []bool
	}
	var axes []axis
	for i := range cond.Terms {
		t := &cond.Terms[i]
		at := slices.Index(s.Fields, t.Field)
		stride := 1
		for _, n := range s.Slots[at+1:] {
			stride *= n
		}
		ok := acceptedCodes(t, fields[at])
		c.doubtTerm(t, fields[at], slices.Contains(ok, true))
		axes = append(axes, axis{stride, s.Slots[at], ok})
	}
	return func(config int) bool {
		for _, a := range axes {
			if !a.ok[config/a.stride%a.slots] {
				return false
			}
		}
		return true
	}
}

// acceptedCodes returns, for each code of a finite field, whether its value meets a
// term.
func acceptedCodes(t *spec.Term, f *Field) []bool {
	ok := make([]bool, f.Slots())
	for i := range f.Domain.Size() {
		ok[i] = t.Accept(f.Domain.Value(i))
	}
	if f.Nullable {
		ok[f.Domain.Size()] = t.Accept(nil)
	}
	return ok
}

// FiniteField returns the compiled field of the given name. When there is none, or
// it is not finite, it reports that and returns nil. It does not report a field
// that failed to compile.
func (c *Compiler) FiniteField(name string, at diag.Place) *Field {
	f := c.Fields[name]
	if f == nil {
		if !slices.ContainsFunc(c.Spec.Fields, func(s spec.Field) bool { return s.Name == name }) {
			var names []string
			for _, s := range c.Spec.Fields {
				names = append(names, s.Name)
			}
			d := c.Diags.Errorf(at, "unknown-field", "no field is called %q", name)
			if g := diag.Guess(name, names); g != "" {
				d.WithHint("did you mean %q?", g)
			}
		}
		return nil // it failed to compile and has been reported
	}
	if c.inRecord && f.Domain != nil && !f.Type.List() {
		return f
	}
	if f.Type == frame.Records {
		c.Diags.Errorf(at, "not-finite", "field %q is a list of records, which has no finite list of values", name).
			WithHint("use a field of kind count: {kind: \"count\", of: %q}", f.RecordsExample())
		return nil
	}
	if f.Type == frame.Date {
		c.Diags.Errorf(at, "not-finite", "field %q is a date, which has no finite list of values", name).
			WithHint("use the age from which it follows, or a group of that")
		return nil
	}
	if !f.Finite() {
		what := "is a " + f.Kind + ", which has no finite list of values"
		if of := f.BandOf(); of != "" {
			what = "is a group of the number " + of + ", which is drawn after the fit"
		}
		c.Diags.Errorf(at, "not-finite", "field %q %s", name, what).
			WithHint("use a category, integer, group or constant")
		return nil
	}
	return f
}

// Summary lists the values of a domain for a message: at most the first eight and
// the last.
func (d *Domain) Summary() string {
	const most = 8
	text := ""
	for i := range min(d.Size(), most) {
		if i > 0 {
			text += ", "
		}
		text += d.Label(i)
	}
	if d.Size() > most {
		text += ", …, " + d.Label(d.Size()-1)
	}
	return text
}

// AcceptedValues returns, for each field of the selector, which of its codes
// (length Slots) occur in case 1, provided that case 1 is exactly the product of
// these sets. It returns nil when it is not: when case 1 depends on combinations
// of values.
func (s *Selector) AcceptedValues() [][]bool {
	sets := make([][]bool, len(s.Fields))
	for i, n := range s.Slots {
		sets[i] = make([]bool, n)
	}
	each := func(visit func(config int, codes []int)) {
		codes := make([]int, len(s.Slots))
		for config := range s.Case {
			visit(config, codes)
			for i := len(codes) - 1; i >= 0; i-- {
				if codes[i]++; codes[i] < s.Slots[i] {
					break
				}
				codes[i] = 0
			}
		}
	}
	each(func(config int, codes []int) {
		for i, v := range codes {
			sets[i][v] = sets[i][v] || s.Case[config] == 1
		}
	})
	isProduct := true
	each(func(config int, codes []int) {
		inProduct := true
		for i, v := range codes {
			inProduct = inProduct && sets[i][v]
		}
		isProduct = isProduct && inProduct == (s.Case[config] == 1)
	})
	if !isProduct {
		return nil
	}
	return sets
}

// BoundSelector evaluates a Selector for the rows of batches. It may be shared by
// goroutines.
type BoundSelector struct {
	s       *Selector
	columns []int
}

// Bind looks up the columns of the selector's fields. Of env it needs Fields.
func (s *Selector) Bind(env *Env) *BoundSelector {
	b := &BoundSelector{s: s}
	for _, name := range s.Fields {
		b.columns = append(b.columns, env.Index(name))
	}
	return b
}

// Config writes the number of each row's configuration, row-major over the
// selector's fields, to out, which is resized to the batch's length, and returns
// it. The number is -1 when a value is not in its field's domain.
func (b *BoundSelector) Config(batch *frame.Batch, out []int32) []int32 {
	out = frame.Grow(out, batch.N)
	clear(out)
	for k, column := range b.columns {
		null := int32(-1)
		if b.s.Nullable[k] {
			null = int32(b.s.Slots[k]) - 1
		}
		appendAxis(out, batch, column, int32(b.s.Slots[k]), null, b.s.Min[k])
	}
	return out
}

// Cases writes each row's case to out, which is resized to the batch's length, and
// returns it. The case is 0 when a value is not in its field's domain.
func (b *BoundSelector) Cases(batch *frame.Batch, out []int32) []int32 {
	out = b.Config(batch, out)
	for r, config := range out {
		if config < 0 {
			out[r] = 0
		} else {
			out[r] = b.s.Case[config]
		}
	}
	return out
}

// appendAxis appends a field as the fastest axis of every row's configuration. null
// is the code of null, -1 when the field is not nullable.
func appendAxis(out []int32, batch *frame.Batch, column int, slots, null int32, low int64) {
	c := &batch.Columns[column]
	if batch.Schema[column].Type == frame.Integer {
		for r, v := range c.Ints[:batch.N] {
			code := v - low
			switch {
			case c.Null != nil && c.Null[r]:
				code = int64(null)
			case null >= 0 && code >= int64(null):
				code = -1
			}
			out[r] = appendCode(out[r], code, slots)
		}
		return
	}
	for r, code := range c.Codes[:batch.N] {
		if code == -1 {
			code = null
		}
		out[r] = appendCode(out[r], int64(code), slots)
	}
}

// appendCode appends a code as the fastest axis of a configuration. It returns -1
// when the configuration or the code is invalid.
func appendCode(config int32, code int64, slots int32) int32 {
	if config < 0 || code < 0 || code >= int64(slots) {
		return -1
	}
	return config*slots + int32(code)
}
