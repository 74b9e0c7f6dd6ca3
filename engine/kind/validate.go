package kind

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
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
	if d != nil && d.Boolean {
		for _, l := range d.Labels {
			if l != "true" && l != "false" {
				return fmt.Errorf("the label %q is not a truth value", l)
			}
		}
	}
	for _, s := range f.Statistics {
		if err := s.validate(); err != nil {
			return fmt.Errorf("statistic %q: %w", s.Name, err)
		}
		if (s.Across != "" || s.Interpolate != "") && !f.MeetsByFit() {
			return fmt.Errorf("statistic %q is of a fitted field, and the values of this one are not fitted", s.Name)
		}
		if s.Interpolate != "" && len(f.Points()) != d.Size() {
			return fmt.Errorf("statistic %q has %d points", s.Name, len(f.Points()))
		}
	}
	if f.Scores != nil && (d == nil || len(f.Scores) != d.Size()) {
		return fmt.Errorf("it has %d scores", len(f.Scores))
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
	case frame.Number, frame.Date, frame.Text, frame.TextList:
	case frame.Records:
		if len(f.Records) == 0 {
			return errors.New("its records have no columns")
		}
	default:
		return fmt.Errorf("its column has the unknown type %q", f.Type)
	}
	switch f.Class {
	case Fitted, Written:
	case Judged:
		if f.Judged == nil || f.Judged.Chars == nil && (d == nil || !d.Integer) {
			return errors.New("nothing says what a judgement of it is")
		}
	case Derived, Drawn:
		if f.Program == nil {
			return errors.New("it has no program")
		}
	default:
		return fmt.Errorf("it has the unknown class %q", f.Class)
	}
	switch p := f.Program.(type) {
	case *date:
		if f.Type != frame.Date {
			return errors.New("it is a date, but its column has other values")
		}
		return p.validate()
	case *number:
		return p.validate()
	case *integer:
		return p.validate(f)
	case *choice:
		return p.validate(d)
	case *group:
		if p.Bands != nil {
			if !slices.Contains(f.Inputs, p.Bands.Number) {
				return errors.New("its number is not among its inputs")
			}
			return p.Bands.validate(d)
		}
		if p.Of == nil {
			return errors.New("it is a group of nothing")
		}
	case *weight:
		return p.validate()
	case *list:
		if p.Min < 0 || p.Max < p.Min || p.Max > max(len(p.Codes), 1) {
			return fmt.Errorf("its lists have %d to %d of %d entries", p.Min, p.Max, len(p.Codes))
		}
		return p.validate(d)
	}
	return nil
}

// validate checks what a date draws from. The plan checks its fields.
func (p *date) validate() error {
	if p.Age != "" && p.On == nil || p.Age == "" && (p.From == nil || p.To == nil) {
		return errors.New("its days are not complete")
	}
	if p.Months != nil && (len(p.Months) != 12 || slices.Max(p.Months) <= 0) {
		return errors.New("its months have no weights")
	}
	for _, w := range p.Months {
		if !(w >= 0 && w <= math.MaxFloat32) {
			return fmt.Errorf("a month has the weight %g", w)
		}
	}
	for _, d := range []*dayOf{p.On, p.From, p.To} {
		const most = 10_000_000
		if d != nil && (d.Years < -most || d.Years > most || d.Days < -most || d.Days > most) {
			return errors.New("the years or days that are added are too many")
		}
	}
	return nil
}

// ValidateUses checks what the field's program takes from other fields.
func (f *Field) ValidateUses(find func(name string) *Field) error {
	switch p := f.Program.(type) {
	case *column:
		return p.validate(f, find)
	case *integer:
		for _, l := range p.Limits {
			if err := l.validate(find); err != nil {
				return err
			}
		}
	case *records:
		return p.validate(f, find)
	case *timeline:
		return p.validate(f, find)
	case *recordsCount:
		return p.validate(f, find)
	case *choice:
		if err := p.validateUnlike(f, find); err != nil {
			return err
		}
		return p.validateKey(find)
	case *list:
		return p.validateKey(find)
	}
	return nil
}

// DateInputs returns the fields from which a date follows: the age, "" for none, and
// the date fields; nothing for other fields.
func (f *Field) DateInputs() (age string, dates []string) {
	p, ok := f.Program.(*date)
	if !ok {
		return "", nil
	}
	for _, d := range []*dayOf{p.On, p.From, p.To} {
		if d != nil && d.Field != "" {
			dates = append(dates, d.Field)
		}
	}
	return p.Age, dates
}

// validate checks that a number has a distribution for every case and a factor for
// every group.
func (p *number) validate() error {
	if p.Cases == nil {
		return errors.New("it has no cases")
	}
	cover := func(s *Selector, n int) bool {
		return !slices.ContainsFunc(s.Case, func(c int32) bool { return c < 0 || int(c) >= n })
	}
	if !cover(p.Cases, len(p.Shapes)) {
		return fmt.Errorf("it has %d distributions, and a case has none", len(p.Shapes))
	}
	size := max(1, len(p.Shapes))
	for _, sc := range p.Scales {
		if sc.By == nil || !cover(sc.By, len(sc.Factors)) || sc.Spreads != nil && len(sc.Spreads) != len(sc.Factors) {
			return errors.New("its factors are not complete")
		}
		if size *= max(1, len(sc.Factors)); size > maxShapes {
			return fmt.Errorf("it has more than %d distributions", maxShapes)
		}
	}
	if u := p.Unique; u != nil && (u.N < 1 || u.N > rng.MaxPermutation || p.Limits.Round <= 0) {
		return fmt.Errorf("it is unique with %d values", u.N)
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
	case *integer:
		return []*Selector{p.Given}
	case *number:
		all := []*Selector{p.Cases}
		for _, sc := range p.Scales {
			all = append(all, sc.By)
		}
		return all
	case *records:
		return p.selectors()
	case *timeline:
		return p.selectors()
	case *weight:
		return []*Selector{p.Of}
	}
	return []*Selector{f.Lookup()}
}

// validate checks that a statistic has figures for all groups that its selector gives.
func (s *Statistic) validate() error {
	n := len(s.Groups)
	if s.Of == nil || len(s.Published) != n || len(s.Rounded) != n || len(s.Role) != n || len(s.Mass) != n || len(s.Reached) != n || len(s.Expected) != n {
		return errors.New("its figures are not complete")
	}
	if s.Across != "" && (s.Across != AcrossUnits || s.Measure != Mean) {
		return fmt.Errorf("it is a %s across %q", s.Measure, s.Across)
	}
	if s.Interpolate != "" && (!s.IsQuantile() || len(s.ShareUpto) != n || len(s.ShareBelow) != n) {
		return errors.New("it is an interpolated quantile without the shares of persons")
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
		if at < 0 || int(at) > len(b.Codes) || i > 0 && at <= b.Start[i-1] {
			return fmt.Errorf("its list %d begins at entry %d of %d", i, at, len(b.Codes))
		}
		if i > 0 && (b.Upto[at-1] != math.MaxUint32 || !slices.IsSorted(b.Upto[b.Start[i-1]:at])) {
			return fmt.Errorf("the weights of its list %d do not add up", i)
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
