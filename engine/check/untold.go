package check

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// untold are the published fields that a check leaves out, because what they follow from
// is not published. Their outcomes say so.
type untold struct {
	kind   string // of the check
	fields []untoldField
}

type untoldField struct {
	name   string
	inputs []string
}

// untoldOf returns the definition for a kind of check. Inputs returns what the check
// compares a field with, nil if it does not compare the field.
func untoldOf(outcomes string, inputs func(s *shared, f *kind.Field) []string) definition {
	return definition{kind: outcomes, compile: func(s *shared) check {
		x := &untold{kind: outcomes}
		for _, f := range s.plan.Fields {
			if f.Hidden {
				continue
			}
			if names := inputs(s, f); !s.measures(names) {
				x.fields = append(x.fields, untoldField{f.Name, names})
			}
		}
		if x.fields == nil {
			return nil
		}
		return x
	}}
}

var (
	untoldGroups = untoldOf(KindGroup, func(_ *shared, f *kind.Field) []string {
		if of := f.Lookup(); of != nil {
			return of.Fields
		}
		return nil
	})
	untoldDates = untoldOf(KindDate, func(s *shared, f *kind.Field) []string {
		if f.Dates(s.env(f)) != nil {
			return f.Inputs
		}
		return nil
	})
	untoldCells = untoldOf(KindColumn, func(_ *shared, f *kind.Field) []string {
		if f.RowOf() != "" {
			return f.Inputs
		}
		return nil
	})
	untoldCounts = untoldOf(KindRecords, func(_ *shared, f *kind.Field) []string {
		if f.Counts() != "" {
			return f.Inputs
		}
		return nil
	})
	untoldBands = untoldOf(KindBand, func(_ *shared, f *kind.Field) []string {
		if of := f.BandOf(); of != "" {
			return []string{of}
		}
		return nil
	})
	untoldEntries = untoldOf(KindOpen, func(s *shared, f *kind.Field) []string { return s.askEntries().untold[f.Name] })
	untoldNumbers = untoldOf(KindNumber, func(s *shared, f *kind.Field) []string {
		if f.Type == frame.Number && f.Scorer(s.env(f)) != nil {
			return f.Inputs
		}
		return nil
	})
)

func (*untold) newTally(*accumulators) tally { return nothing{} }

func (x *untold) judge(j *judging, _ tally) (out []finding, _ error) {
	for _, f := range x.fields {
		o := Outcome{ID: x.kind + "." + f.name, Kind: x.kind, Name: f.name, Fields: []string{f.name}}
		j.unmeasurable(&o, f.inputs)
		out = append(out, only(o)...)
	}
	return out, nil
}
