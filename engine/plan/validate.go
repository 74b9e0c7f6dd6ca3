package plan

import (
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// maxCells bounds the cells of a table or selector of a plan that is read.
const maxCells = 1 << 28

// Changed reports whether the plan is not the one that its hash was made of.
func (p *Plan) Changed() bool {
	q := *p
	q.Stamp()
	return q.Hash != p.Hash
}

// Validate checks that names refer to fields and that tables and conditions have as
// many cells as their fields have values. The error says what does not fit.
func (p *Plan) Validate() error {
	fields := map[string]*kind.Field{}
	for i, f := range p.Fields {
		if f == nil || fields[f.Name] != nil {
			return fmt.Errorf("field %d has no name of its own", i)
		}
		fields[f.Name] = f
	}
	v := planValidator{fields}
	for _, f := range p.Fields {
		if err := v.field(f); err != nil {
			return fmt.Errorf("field %q: %w", f.Name, err)
		}
	}
	for name, set := range p.Aliases {
		if err := v.aliases(set); err != nil {
			return fmt.Errorf("aliases %q: %w", name, err)
		}
	}
	if err := v.names(p.Order); err != nil {
		return fmt.Errorf("order: %w", err)
	}
	if err := v.variables(p.Variables); err != nil {
		return err
	}
	for role, name := range p.Roles {
		if fields[name] == nil {
			return fmt.Errorf("role %q: there is no field %q", role, name)
		}
	}
	if err := v.selector(p.Population.Selector); err != nil {
		return fmt.Errorf("population: %w", err)
	}
	if err := p.Variation.validate(); err != nil {
		return fmt.Errorf("variation: %w", err)
	}
	if err := v.design(p); err != nil {
		return fmt.Errorf("oversample: %w", err)
	}
	for i := range p.Expected {
		if err := v.expected(&p.Expected[i]); err != nil {
			return fmt.Errorf("expected distribution %q: %w", p.Expected[i].Name, err)
		}
	}
	for i := range p.Tables {
		if err := v.table(&p.Tables[i], len(p.Expected)); err != nil {
			return fmt.Errorf("table %q: %w", p.Tables[i].Name, err)
		}
	}
	for i, x := range p.Impossible {
		if err := v.required(x.Selector); err != nil {
			return fmt.Errorf("impossible combination %d: %w", i, err)
		}
	}
	for i := range p.Checks {
		for _, s := range []*kind.Selector{p.Checks[i].Where, p.Checks[i].Within} {
			if err := v.selector(s); err != nil {
				return fmt.Errorf("check %q: %w", p.Checks[i].Name, err)
			}
		}
		if err := v.scores(p.Checks[i].Score); err != nil {
			return fmt.Errorf("check %q: %w", p.Checks[i].Name, err)
		}
	}
	for i := range p.Goals {
		if g := &p.Goals[i]; (g.Kind == spec.GoalScore) != (g.Score != nil) {
			return fmt.Errorf("goal %q: it is a %s", g.Name, g.Kind)
		} else if err := v.scores(g.Score); err != nil {
			return fmt.Errorf("goal %q: %w", g.Name, err)
		}
	}
	if p.Narrator != nil {
		for _, a := range p.Narrator.Axes {
			if err := v.required(a.Of); err != nil {
				return fmt.Errorf("forms %q: %w", a.Name, err)
			}
		}
	}
	for _, x := range p.Independent {
		if err := v.names(slices.Concat(x.Fields[:], x.Given)); err != nil {
			return fmt.Errorf("independence: %w", err)
		}
	}
	return nil
}

// variables checks that the values of each variable of the model are those of a field.
func (v planValidator) variables(all []Variable) error {
	for _, x := range all {
		if x.Rates {
			continue
		}
		f := v.fields[x.Field]
		if f == nil || f.Class != kind.Fitted {
			return fmt.Errorf("variable %q: %q is not a fitted field", x.Name, x.Field)
		}
		if x.Bands {
			continue
		}
		if len(x.Codes) != x.Card {
			return fmt.Errorf("variable %q: it has %d values, and codes of %d", x.Name, x.Card, len(x.Codes))
		}
		for _, code := range x.Codes {
			if code < 0 || int(code) >= f.Slots() {
				return fmt.Errorf("variable %q: field %q has no code %d", x.Name, x.Field, code)
			}
		}
	}
	return nil
}

type planValidator struct{ fields map[string]*kind.Field }

func (v planValidator) names(names []string) error {
	for _, name := range names {
		if v.fields[name] == nil {
			return fmt.Errorf("there is no field %q", name)
		}
	}
	return nil
}

// finite checks that fields have a domain, and returns the number of their values
// together.
func (v planValidator) finite(names []string, slots []int) (int, error) {
	if err := v.names(names); err != nil {
		return 0, err
	}
	if len(names) != len(slots) {
		return 0, fmt.Errorf("it has %d fields and %d numbers of values", len(names), len(slots))
	}
	n := 1
	for i, name := range names {
		f := v.fields[name]
		if f.Domain == nil || slots[i] != f.Slots() {
			return 0, fmt.Errorf("field %q has not %d values", name, slots[i])
		}
		if slots[i] < 1 || n > maxCells/slots[i] {
			return 0, fmt.Errorf("it has too many cells, or none")
		}
		n *= slots[i]
	}
	return n, nil
}

// scores checks that what is said about scores names some with the same scale.
func (v planValidator) scores(s *ScoreOf) error {
	if s == nil {
		return nil
	}
	if len(s.Fields) == 0 {
		return fmt.Errorf("it names no score")
	}
	first := v.fields[s.Fields[0]]
	for _, name := range s.Fields {
		f := v.fields[name]
		if f == nil || !f.Scale() || f.Domain.Min != first.Domain.Min || f.Domain.Max != first.Domain.Max {
			return fmt.Errorf("%q is not a score on the scale of %q", name, s.Fields[0])
		}
	}
	return nil
}

func (v planValidator) field(f *kind.Field) error {
	if err := v.names(f.Inputs); err != nil {
		return err
	}
	if err := f.Validate(); err != nil {
		return err
	}
	if of := f.BandOf(); of != "" && v.fields[of].Type != frame.Number {
		return fmt.Errorf("field %q is not a number", of)
	}
	if err := v.selector(f.When); err != nil {
		return err
	}
	if t := f.Text; t != nil && t.Of != "" {
		if x := v.fields[t.Of]; x == nil || x.Text == nil || x.Text.Items != nil || x.Text.Of != "" || t.Items != nil || t.Ratio == nil {
			return fmt.Errorf("it is not the translation of a text %q", t.Of)
		}
	}
	age, dates := f.DateInputs()
	if x := v.fields[age]; age != "" && (x == nil || x.Type != frame.Integer) {
		return fmt.Errorf("%q is not a field of ages", age)
	}
	for _, name := range dates {
		if x := v.fields[name]; x == nil || x.Type != frame.Date {
			return fmt.Errorf("%q is not a date field", name)
		}
	}
	for _, s := range f.Selectors() {
		if err := v.selector(s); err != nil {
			return err
		}
	}
	for _, s := range f.Statistics {
		if err := v.selector(s.Of); err != nil {
			return fmt.Errorf("statistic %q: %w", s.Name, err)
		}
	}
	return f.ValidateUses(func(name string) *kind.Field { return v.fields[name] })
}

func (v planValidator) required(s *kind.Selector) error {
	if s == nil {
		return fmt.Errorf("it has no condition")
	}
	return v.selector(s)
}

func (v planValidator) selector(s *kind.Selector) error {
	if s == nil {
		return nil
	}
	n, err := v.finite(s.Fields, s.Slots)
	switch {
	case err != nil:
		return fmt.Errorf("condition: %w", err)
	case n != len(s.Case) || len(s.Nullable) != len(s.Fields) || len(s.Min) != len(s.Fields):
		return fmt.Errorf("condition: it has %d cases, its fields have %d", len(s.Case), n)
	}
	for _, c := range s.Case {
		if c < 0 {
			return fmt.Errorf("condition: a case is %d", c)
		}
	}
	return nil
}

func (v planValidator) expected(e *Expected) error {
	n, err := v.finite(e.Fields, e.Slots)
	if err != nil {
		return err
	}
	if n != len(e.Share) {
		return fmt.Errorf("it has %d cells, its fields have %d", len(e.Share), n)
	}
	if err := shares(e.Share); err != nil {
		return err
	}
	if e.Sample != nil && len(e.Sample) != n {
		return fmt.Errorf("it has %d cells of the sample, its fields have %d", len(e.Sample), n)
	}
	if err := shares(e.Sample); err != nil {
		return err
	}
	if e.Rank < 0 || e.Rank > 3 {
		return fmt.Errorf("its rank is %d", e.Rank)
	}
	return v.selector(e.Universe)
}

func shares(x []float64) error {
	for _, s := range x {
		if !(s >= 0) || math.IsInf(s, 0) {
			return fmt.Errorf("a share is %g", s)
		}
	}
	return nil
}

func (v planValidator) table(t *Table, expected int) error {
	if err := v.names(t.Fields); err != nil {
		return err
	}
	if len(t.Labels) != len(t.Fields) || t.Given < 0 || t.Given >= max(1, len(t.Fields)) {
		return fmt.Errorf("it has %d fields, labels of %d, %d of them given", len(t.Fields), len(t.Labels), t.Given)
	}
	n, rows := 1, 1
	for k, labels := range t.Labels {
		if len(labels) < 1 || n > maxCells/len(labels) {
			return fmt.Errorf("it has too many cells, or none")
		}
		n *= len(labels)
		if k < t.Given {
			rows *= len(labels)
		}
	}
	if len(t.Published) != n || len(t.Reconciled) != n || len(t.Fitted) != n || len(t.Mass) != rows {
		return fmt.Errorf("it has %d published, %d reconciled and %d fitted figures in %d rows, its labels make %d in %d", len(t.Published), len(t.Reconciled), len(t.Fitted), len(t.Mass), n, rows)
	}
	if t.Expected < -1 || t.Expected >= expected {
		return fmt.Errorf("there is no expected distribution %d", t.Expected)
	}
	for _, x := range [][]float64{t.Published, t.Reconciled, t.Fitted, t.Mass} {
		if err := shares(x); err != nil {
			return err
		}
	}
	return nil
}
