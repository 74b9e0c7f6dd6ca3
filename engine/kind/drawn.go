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

// axis gives the code of a finite field in a configuration of a joint.
type axis struct{ stride, slots int }

func (a axis) code(config int) int { return config / a.stride % a.slots }

// Draw returns the joint of fields that are finite or drawn, from that of their
// FiniteBasis.
func (c *Compiler) Draw(names []string, basis *Joint) *Joint {
	out := &Joint{Fields: names}
	size := 1
	for _, name := range names {
		out.Slots = append(out.Slots, c.Fields[name].Slots())
		size *= out.Slots[len(out.Slots)-1]
	}
	out.Mass = make([]float64, size)
	d := drawing{stride: make([]int, len(names))}
	for i := range names {
		d.stride[i] = 1
		for _, n := range out.Slots[i+1:] {
			d.stride[i] *= n
		}
	}
	var finite []axis // of each name, without slots for a drawn one
	for i, name := range names {
		f := c.Fields[name]
		of := c.drawnOf(f)
		if of == nil {
			at := slices.Index(basis.Fields, name)
			a := axis{1, basis.Slots[at]}
			for _, n := range basis.Slots[at+1:] {
				a.stride *= n
			}
			finite = append(finite, a)
			continue
		}
		finite = append(finite, axis{})
		d.add(c, basis, i, f, of)
	}
	for config, mass := range basis.Mass {
		if mass <= 0 {
			continue
		}
		at := 0
		for i, a := range finite {
			if a.slots > 0 {
				at += a.code(config) * d.stride[i]
			}
		}
		d.spread(out.Mass, d.choices, config, at, mass)
	}
	return out
}

// drawing spreads the mass of a configuration over the values of drawn fields.
type drawing struct {
	stride  []int // of each field in the result
	choices []*drawnChoice
}

// drawnChoice is a choice and the fields that its draw decides.
type drawnChoice struct {
	of     *Field
	bank   *bank
	list   func(config int) int32
	when   func(config int) int32
	values []drawnValue
}

type drawnValue struct {
	stride int
	null   int                                // code of null
	code   func(config int, entry int32) int32 // -1 for null
}

func (d *drawing) add(c *Compiler, basis *Joint, i int, f, of *Field) {
	at := slices.IndexFunc(d.choices, func(x *drawnChoice) bool { return x.of == of })
	if at < 0 {
		b := &of.Program.(*choice).bank
		at = len(d.choices)
		d.choices = append(d.choices, &drawnChoice{of: of, bank: b, list: basis.reader(b.Given), when: basis.condition(of.When)})
	}
	x := d.choices[at]
	v := drawnValue{stride: d.stride[i], null: f.Domain.Size()}
	p, isColumn := f.Program.(*column)
	if !isColumn {
		v.code = func(_ int, entry int32) int32 { return x.bank.Codes[entry] }
	} else {
		when, form := basis.condition(f.When), func(int) int32 { return 1 }
		if p.By != nil {
			form = basis.reader(p.By)
		}
		v.code = func(config int, entry int32) int32 {
			k := form(config)
			if k == 0 || when(config) != 1 {
				return -1
			}
			return p.Columns[k-1].Codes[x.bank.Rows[entry]]
		}
	}
	x.values = append(x.values, v)
}

// condition is reader for a condition: 1 where it is met, or nil.
func (j *Joint) condition(s *Selector) func(config int) int32 {
	if s == nil {
		return func(int) int32 { return 1 }
	}
	return j.reader(s)
}

// spread adds the mass of a configuration to the cells of the values that it draws.
func (d *drawing) spread(out []float64, choices []*drawnChoice, config, at int, mass float64) {
	if len(choices) == 0 {
		out[at] += mass
		return
	}
	x := choices[0]
	list := int32(0)
	if x.when(config) == 1 {
		list = x.list(config)
	}
	if list == 0 {
		for _, v := range x.values {
			at += v.null * v.stride
		}
		d.spread(out, choices[1:], config, at, mass)
		return
	}
	before := uint64(0)
	for entry := x.bank.Start[list-1]; entry < x.bank.Start[list]; entry++ {
		upto := uint64(x.bank.Upto[entry]) + 1
		to := at
		for _, v := range x.values {
			code := int(v.code(config, entry))
			if code < 0 {
				code = v.null
			}
			to += code * v.stride
		}
		d.spread(out, choices[1:], config, to, float64(mass*(float64(upto-before)/(1<<32))))
		before = upto
	}
}
