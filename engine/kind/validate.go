package kind

import (
	"errors"
	"fmt"
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
	for _, s := range f.Statistics {
		if err := s.validate(); err != nil {
			return fmt.Errorf("statistic %q: %w", s.Name, err)
		}
	}
	if f.Scores != nil && (d == nil || len(f.Scores) != d.Size()) {
		return fmt.Errorf("it has %d scores", len(f.Scores))
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

// validate checks that a statistic has figures for all groups that its selector gives.
func (s *Statistic) validate() error {
	n := len(s.Groups)
	if s.Of == nil || len(s.Published) != n || len(s.Rounded) != n || len(s.Role) != n || len(s.Mass) != n || len(s.Reached) != n || len(s.Expected) != n {
		return errors.New("its figures are not complete")
	}
	for _, c := range s.Of.Case {
		if c < 0 || int(c) > n {
			return fmt.Errorf("it has %d groups and no group %d", n, c)
		}
	}
	return nil
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
