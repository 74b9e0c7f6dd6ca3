package kind

import (
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// recordLimit is what holds for a field of every record of a group: it is at least or at
// most another field and a number, or a condition never holds.
type recordLimit struct {
	Field string `json:"field"`
	Text  string `json:"text"` // as written, for messages
	// Most says that the field is at most Other and Plus, rather than at least.
	Most  bool    `json:"most,omitempty"`
	Other string  `json:"other,omitempty"` // "" for a number alone
	Plus  float64 `json:"plus,omitempty"`  // days, if the fields are dates
	Years int     `json:"years,omitempty"` // that are added to a date before the days
	// After says that the limit puts the records in order: Other is Field of the record
	// before.
	After bool `json:"after,omitempty"`
	// Never has case 1 where the condition holds; nil for a comparison.
	Never *Selector `json:"never,omitempty"`
	// When selects the records for which the limit is: case 1; nil for all.
	When *Selector `json:"when,omitempty"`
}

// writtenLimit is a limit as the spec has it.
type writtenLimit struct {
	field spec.String
	node  *spec.Node // the item of limits, or after
	bound *spec.Node // of at_least or at_most: a number, a name, or a struct; nil for never
	most  bool
	never *spec.Condition
	when  *spec.Condition
	after bool // the bound is the same field of the record before
}

// limitsOf returns the limits of a field of a group, of all for "".
func limitsOf(group *spec.Node, field string) (limits []writtenLimit) {
	add := func(l writtenLimit) {
		if field == "" || l.field.Value == field {
			limits = append(limits, l)
		}
	}
	if n := group.Get("after"); n != nil {
		add(writtenLimit{field: n.Get("field").AsString(), node: n, after: true})
	}
	if n := group.Get("limits"); n != nil {
		for _, item := range n.Items {
			l := writtenLimit{field: item.Get("field").AsString(), node: item}
			if w := item.Get("when"); w != nil {
				l.when = w.Cond
			}
			for _, key := range []string{"at_least", "at_most"} {
				if b := item.Get(key); b != nil {
					x := l
					x.bound, x.most = b, key == "at_most"
					add(x)
				}
			}
			if w := item.Get("never"); w != nil {
				l.never = w.Cond
				add(l)
			}
		}
	}
	return limits
}

// uses returns the fields that a limit names beside its own.
func (l *writtenLimit) uses() (uses []spec.String) {
	for _, cond := range []*spec.Condition{l.never, l.when} {
		if cond != nil {
			for _, t := range cond.Terms {
				uses = append(uses, spec.String{Value: t.Field, Place: t.Place})
			}
		}
	}
	if name, ok := l.other(); ok {
		uses = append(uses, name)
	}
	return uses
}

// other returns the field with which a limit compares.
func (l *writtenLimit) other() (spec.String, bool) {
	switch {
	case l.after:
		return spec.String{Value: previousPrefix + l.field.Value, Place: l.field.Place}, true
	case l.bound == nil || l.bound.Kind == spec.NumberNode:
		return spec.String{}, false
	case l.bound.Kind == spec.StringNode:
		return l.bound.AsString(), true
	}
	return l.bound.Get("field").AsString(), true
}

// limitUses returns the fields that the limits of a group name.
func limitUses(group *spec.Node) (uses []spec.String) {
	for _, l := range limitsOf(group, "") {
		uses = append(uses, l.uses()...)
	}
	return uses
}

// compileLimits compiles the limits of a field, which has been compiled.
func (c *Compiler) compileLimits(group *spec.Node, f *Field) (limits []*recordLimit) {
	written := limitsOf(group, f.Name)
	f.Nullable = f.Nullable || len(written) > 0 // where no value meets the limits
	p, drawn := f.Program.(*integer)
	for _, w := range written {
		l := c.compileLimit(w, f)
		if l == nil {
			continue
		}
		limits = append(limits, l)
		if !drawn || l.Never != nil {
			continue
		}
		p.Limits = append(p.Limits, l) // only values that meet it are drawn
		for _, name := range l.inputs() {
			if !slices.Contains(f.Inputs, name) {
				f.Inputs = append(f.Inputs, name)
			}
		}
	}
	return limits
}

// compileLimit returns nil after it has reported a fault.
func (c *Compiler) compileLimit(w writtenLimit, f *Field) *recordLimit {
	l := &recordLimit{Field: f.Name, Most: w.most, After: w.after}
	ok := true
	if w.when != nil {
		l.When = c.Select([]*spec.Condition{w.when})
		ok = l.When != nil
	}
	if w.never != nil {
		l.Text = "never " + w.never.Text
		if l.Never = c.Select([]*spec.Condition{w.never}); l.Never == nil || !ok {
			return nil
		}
		return l
	}
	if f.Type != frame.Integer && f.Type != frame.Number && f.Type != frame.Date {
		c.Diags.Errorf(w.field.Place, "not-a-number", "field %q is a %s, which is not compared with limits", f.Name, f.Kind).WithHint("limit an integer, a number or a date; for labels, use never")
		return nil
	}
	l.Text = f.Name + " at least "
	if l.Most {
		l.Text = f.Name + " at most "
	}
	var other *Field
	if name, given := w.other(); given {
		if other = c.comparable(f, name); other != nil {
			l.Other = other.Name
			l.Text += other.Name
		}
		ok = ok && other != nil
	}
	if !c.readPlus(w, l, f) || !ok {
		return nil
	}
	if low, high := f.Bounds(); other == nil && (l.Most && l.Plus < low || !l.Most && l.Plus > high) {
		c.Diags.Errorf(w.node.Place, "never-met", "no value of %q meets the limit: %s", f.Name, l.Text).WithHint("its values are %g to %g", low, high)
		return nil
	}
	return l
}

// comparable returns a field with which a limit compares, or nil after it has reported
// that there is none.
func (c *Compiler) comparable(f *Field, name spec.String) *Field {
	other := c.Fields[name.Value]
	if other == nil {
		c.FiniteField(name.Value, name.Place) // reports a name that is unknown
		return nil
	}
	number := func(t frame.Type) bool { return t == frame.Integer || t == frame.Number }
	if other.Type != f.Type && !(number(other.Type) && number(f.Type)) {
		c.Diags.Errorf(name.Place, "not-comparable", "%q has %s and %q has %s, which are not compared", f.Name, f.valuesName(), other.Name, other.valuesName()).WithHint("name a field of the same type")
		return nil
	}
	return other
}

// readPlus reads what is added to the other field.
func (c *Compiler) readPlus(w writtenLimit, l *recordLimit, f *Field) bool {
	add := func(n *spec.Node, unit string) float64 {
		if n == nil {
			return 0
		}
		if n.Number != 0 {
			l.Text += fmt.Sprintf(" + %g%s", n.Number, unit)
		}
		return n.Number
	}
	switch {
	case w.after:
		l.Plus = add(w.node.Get("least"), "")
	case w.bound.Kind == spec.NumberNode:
		l.Plus = w.bound.Number
		l.Text += fmt.Sprintf("%g", l.Plus)
		if f.Type == frame.Date {
			c.Diags.Errorf(w.bound.Place, "not-comparable", "%q has dates, which are not compared with a number", f.Name).WithHint("name a date field")
			return false
		}
	case w.bound.Kind == spec.StructNode:
		l.Plus = add(w.bound.Get("plus"), "")
		if n := w.bound.Get("years"); n != nil {
			if f.Type != frame.Date {
				c.Diags.Errorf(n.Place, "not-a-date", "field %q is a %s; years are added to dates", f.Name, f.Kind).WithHint("use plus")
				return false
			}
			l.Years = int(add(n, " years"))
		}
	}
	return true
}

// inputs returns the fields that the limit reads beside its own.
func (l *recordLimit) inputs() (names []string) {
	if l.Other != "" {
		names = append(names, l.Other)
	}
	for _, s := range []*Selector{l.Never, l.When} {
		if s != nil {
			for _, name := range s.Fields {
				if name != l.Field {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func (l *recordLimit) validate(find func(name string) *Field) error {
	f := find(l.Field)
	if f == nil {
		return fmt.Errorf("a limit is of %q, which is no field", l.Field)
	}
	for _, s := range []*Selector{l.Never, l.When} {
		if err := s.validate(find); err != nil {
			return err
		}
	}
	if l.Never != nil {
		return nil
	}
	comparable := func(f *Field) bool { return f.Type == frame.Integer || f.Type == frame.Number || f.Type == frame.Date }
	if other := find(l.Other); !comparable(f) || l.Other != "" && (other == nil || !comparable(other)) {
		return fmt.Errorf("the limit %q does not compare numbers", l.Text)
	}
	if math.Abs(l.Plus) > maxNumber || math.IsNaN(l.Plus) || l.Years < -maxYears || l.Years > maxYears {
		return fmt.Errorf("the limit %q adds too much", l.Text)
	}
	return nil
}

const maxYears = 10_000

// boundLimit tests records.
type boundLimit struct {
	*recordLimit
	own, other  int // columns, -1 for none
	never, when *BoundSelector
	cases, hold []int32
}

func (l *recordLimit) bind(env *Env) *boundLimit {
	b := &boundLimit{recordLimit: l, own: env.Index(l.Field), other: -1}
	if l.Other != "" {
		b.other = env.Index(l.Other)
	}
	if l.Never != nil {
		b.never = l.Never.Bind(env)
	}
	if l.When != nil {
		b.when = l.When.Bind(env)
	}
	return b
}

// broken calls visit with every row that breaks the limit.
func (l *boundLimit) broken(b *frame.Batch, visit func(r int)) {
	l.start(b)
	if l.never != nil {
		l.cases = l.never.Cases(b, l.cases)
	}
	own := &b.Columns[l.own]
	typ := b.Schema[l.own].Type
	for r := range b.N {
		switch {
		case !l.holds(r):
		case l.never != nil:
			if l.cases[r] == 1 {
				visit(r)
			}
		case own.IsNull(typ, r):
		default:
			bound, ok := l.bound(b, r)
			if x := numeral(own, typ, r); ok && (l.Most && x > bound || !l.Most && x < bound) {
				visit(r)
			}
		}
	}
}

// start finds the records of a batch for which the limit is.
func (l *boundLimit) start(b *frame.Batch) {
	if l.when != nil {
		l.hold = l.when.Cases(b, l.hold)
	}
}

// holds reports whether the limit is for a record.
func (l *boundLimit) holds(r int) bool { return l.when == nil || l.hold[r] == 1 }

// bound returns what the field of a record is at least or at most; false if the record
// has no bound because the other field is null.
func (l *boundLimit) bound(b *frame.Batch, r int) (float64, bool) {
	if l.other < 0 {
		return l.Plus, true
	}
	c, t := &b.Columns[l.other], b.Schema[l.other].Type
	if c.IsNull(t, r) {
		return 0, false
	}
	if l.Years != 0 {
		d := dayOf{Years: l.Years}
		return float64(d.plus(c.Ints[r])) + l.Plus, true
	}
	return numeral(c, t, r) + l.Plus, true
}

// numeral returns the value of a column of integers, numbers or dates.
func numeral(c *frame.Column, t frame.Type, r int) float64 {
	if t == frame.Number {
		return c.Floats[r]
	}
	return float64(c.Ints[r])
}

// reportLimits reports limits of fields that the group does not have.
func (c *Compiler) reportLimits(group *spec.Node, fields []spec.Field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	for _, l := range limitsOf(group, "") {
		if slices.Contains(names, l.field.Value) {
			continue
		}
		d := c.Diags.Errorf(l.field.Place, "unknown-field", "the records have no field called %q", l.field.Value)
		if g := diag.Guess(l.field.Value, names); g != "" {
			d.WithHint("did you mean %q?", g)
		} else {
			d.WithHint("a limit is of a field of the group, and compares it with others")
		}
	}
}
