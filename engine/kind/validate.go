package kind

import (
	"errors"
	"fmt"

	"github.com/personagen/personagen/engine/frame"
)

// Validate checks what a field of a plan that was read must have before it is used.
// Names and selectors are checked by the plan.
func (f *Field) Validate() error {
	d := f.Domain
	if d != nil && d.Integer && (d.Min > d.Max || uint64(d.Max)-uint64(d.Min) >= 1<<31) {
		return fmt.Errorf("its values are %d to %d", d.Min, d.Max)
	}
	if f.Class == Fitted && d == nil {
		return errors.New("it has no domain")
	}
	switch f.Type {
	case frame.Category, frame.CategoryList:
		if d == nil || d.Integer {
			return errors.New("it has no labels")
		}
	case frame.Integer:
		if d != nil && !d.Integer {
			return errors.New("its values are labels, but its column has whole numbers")
		}
	case frame.Number, frame.Text, frame.TextList:
	default:
		return fmt.Errorf("its column has the unknown type %q", f.Type)
	}
	switch f.Class {
	case Fitted, Written:
	case Derived, Drawn:
		if f.Program == nil {
			return errors.New("it has no program")
		}
	default:
		return fmt.Errorf("it has the unknown class %q", f.Class)
	}
	switch p := f.Program.(type) {
	case *choice:
		return p.validate(d)
	case *list:
		if p.Min < 0 || p.Max < p.Min || p.Max > max(len(p.Codes), 1) {
			return fmt.Errorf("its lists have %d to %d of %d entries", p.Min, p.Max, len(p.Codes))
		}
		return p.validate(d)
	}
	return nil
}

// ValidateUses checks what the field's program takes from other fields.
func (f *Field) ValidateUses(find func(name string) *Field) error {
	if p, ok := f.Program.(*column); ok {
		return p.validate(f, find)
	}
	return nil
}

// Selectors returns the selectors of the field's program.
func (f *Field) Selectors() []*Selector {
	switch p := f.Program.(type) {
	case *column:
		return []*Selector{p.By}
	case *choice:
		return []*Selector{p.Given}
	case *list:
		return []*Selector{p.Given}
	}
	return []*Selector{f.Lookup()}
}

func (b *bank) validate(d *Domain) error {
	if d == nil || b.Given == nil || len(b.Start) == 0 || len(b.Codes) != len(b.Upto) {
		return errors.New("its entries are not complete")
	}
	for i, at := range b.Start {
		if at < 0 || int(at) > len(b.Codes) || i > 0 && at < b.Start[i-1] {
			return fmt.Errorf("its list %d begins at entry %d of %d", i, at, len(b.Codes))
		}
	}
	for _, code := range b.Codes {
		if code < 0 || int(code) >= d.Size() {
			return fmt.Errorf("an entry has code %d, there are %d labels", code, d.Size())
		}
	}
	for _, list := range b.Given.Case {
		if list < 0 || int(list) >= len(b.Start) {
			return fmt.Errorf("there is no list %d of entries", list)
		}
	}
	return nil
}
