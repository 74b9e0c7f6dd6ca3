package kind

import (
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
)

// Choices and the texts of their columns are drawn after the fit, but the fitted joint
// and the lists of the choice say how frequent their values are. Other draws may depend
// on them.

// DiscreteField returns the compiled field of the given name, which has a finite list of
// values: a finite field, or one that is drawn given finite fields. When there is none,
// it reports that and returns nil.
func (c *Compiler) DiscreteField(name string, at diag.Place) *Field {
	f := c.Fields[name]
	of := c.drawnOf(f)
	if of == nil {
		return c.FiniteField(name, at)
	}
	for _, given := range of.Inputs {
		if g := c.Fields[given]; g != nil && !g.Finite() {
			c.Diags.Errorf(at, "not-finite", "field %q depends on %q, which is itself drawn", name, given).
				WithHint("use a field that is drawn given fields of the tables only")
			return nil
		}
	}
	return f
}

// drawnOf returns the choice that decides the value of a drawn field with a list of
// labels, nil for other fields.
func (c *Compiler) drawnOf(f *Field) *Field {
	if f == nil || f.Type != frame.Category || f.Domain == nil {
		return nil
	}
	of := f
	if p, ok := f.Program.(*column); ok {
		of = c.Fields[p.Of]
	}
	if p, ok := of.Program.(*choice); !ok || p.Unique {
		return nil
	}
	return of
}

// FiniteBasis returns the finite fields of which the joint of some finite and drawn
// fields is a function.
func (c *Compiler) FiniteBasis(names []string) []string {
	var basis []string
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(basis, name) {
				basis = append(basis, name)
			}
		}
	}
	for _, name := range names {
		f := c.Fields[name]
		of := c.drawnOf(f)
		if of == nil {
			add(name)
			continue
		}
		add(of.Program.(*choice).Given.Fields...)
		for _, x := range []*Field{f, of} {
			if x.When != nil {
				add(x.When.Fields...)
			}
		}
		if p, ok := f.Program.(*column); ok && p.By != nil {
			add(p.By.Fields...)
		}
	}
	return basis
}

// Drawing adds up the joint of some fields, finite or drawn, from the shares of
// persons with each combination of their basis.
type Drawing struct {
	Joint *Joint
	// Basis are the finite fields whose codes Add takes, in this order.
	Basis []string

	finite  []place // positions of finite fields in the basis and their strides
	choices []*drawnChoice
}

type place struct{ at, stride int }

// drawnChoice is a choice and the fields whose values its draw decides.
type drawnChoice struct {
	of         *Field
	bank       *bank
	list, when *caseOf
	values     []drawnValue
}

type drawnValue struct {
	stride int
	null   int // code of null
	// Of a column: its program, and what decides about null and the column.
	column     *column
	when, form *caseOf
}

// caseOf reads the case of a selector from codes of a basis; it may be nil: its case is 1.
type caseOf struct {
	s  *Selector
	at []int
}

func (x *caseOf) of(codes []int32) int32 {
	if x == nil {
		return 1
	}
	config := 0
	for i, at := range x.at {
		config = config*x.s.Slots[i] + int(codes[at])
	}
	return x.s.Case[config]
}

// NewDrawing returns an empty joint of fields that are finite or drawn.
func (c *Compiler) NewDrawing(names []string) *Drawing {
	d := &Drawing{Joint: &Joint{Fields: names}, Basis: c.FiniteBasis(names)}
	size := 1
	strides := make([]int, len(names))
	for i, name := range slices.Backward(names) {
		strides[i] = size
		size *= c.Fields[name].Slots()
	}
	d.Joint.Mass = make([]float64, size)
	for i, name := range names {
		f := c.Fields[name]
		d.Joint.Slots = append(d.Joint.Slots, f.Slots())
		if of := c.drawnOf(f); of != nil {
			d.draw(f, of, strides[i])
		} else {
			d.finite = append(d.finite, place{slices.Index(d.Basis, name), strides[i]})
		}
	}
	return d
}

// caseOf returns the reader of a selector, nil for none.
func (d *Drawing) caseOf(s *Selector) *caseOf {
	if s == nil {
		return nil
	}
	x := &caseOf{s: s}
	for _, name := range s.Fields {
		x.at = append(x.at, slices.Index(d.Basis, name))
	}
	return x
}

// draw adds a drawn field.
func (d *Drawing) draw(f, of *Field, stride int) {
	at := slices.IndexFunc(d.choices, func(x *drawnChoice) bool { return x.of == of })
	if at < 0 {
		b := &of.Program.(*choice).bank
		at = len(d.choices)
		d.choices = append(d.choices, &drawnChoice{of: of, bank: b, list: d.caseOf(b.Given), when: d.caseOf(of.When)})
	}
	v := drawnValue{stride: stride, null: f.Domain.Size()}
	if p, ok := f.Program.(*column); ok {
		v.column, v.when, v.form = p, d.caseOf(f.When), d.caseOf(p.By)
	}
	d.choices[at].values = append(d.choices[at].values, v)
}

// Add adds the share of persons with a combination of codes of the basis.
func (d *Drawing) Add(codes []int32, mass float64) {
	at := 0
	for _, f := range d.finite {
		at += int(codes[f.at]) * f.stride
	}
	d.spread(d.choices, codes, at, mass)
}

// spread adds mass to the cells of the values that choices draw.
func (d *Drawing) spread(choices []*drawnChoice, codes []int32, at int, mass float64) {
	if len(choices) == 0 {
		d.Joint.Mass[at] += mass
		return
	}
	x, list := choices[0], int32(0)
	if x.when.of(codes) == 1 {
		list = x.list.of(codes)
	}
	if list == 0 {
		for _, v := range x.values {
			at += v.null * v.stride
		}
		d.spread(choices[1:], codes, at, mass)
		return
	}
	before := uint64(0)
	for entry := x.bank.Start[list-1]; entry < x.bank.Start[list]; entry++ {
		upto := uint64(x.bank.Upto[entry]) + 1
		to := at
		for _, v := range x.values {
			to += v.code(x.bank, codes, entry) * v.stride
		}
		d.spread(choices[1:], codes, to, float64(mass*(float64(upto-before)/(1<<32))))
		before = upto
	}
}

// code returns the code of the field's value when an entry of the choice is drawn.
func (v *drawnValue) code(b *bank, codes []int32, entry int32) int {
	if v.column == nil {
		return int(b.Codes[entry])
	}
	form := v.form.of(codes)
	if form == 0 || v.when.of(codes) != 1 {
		return v.null
	}
	if code := v.column.Columns[form-1].Codes[b.Rows[entry]]; code >= 0 {
		return int(code)
	}
	return v.null
}
