package check

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var bandCheck = definition{kind: KindBand, compile: compileBands}

// bandFields: a group of the bands of a number has the band of the person's number.
type bandFields struct{ of []bandField }

type bandField struct {
	field          *kind.Field
	column, number int
	when           int
	unknown        bool // who has a value
	measurable     bool
}

func compileBands(s *shared) check {
	b := &bandFields{}
	for i, f := range s.plan.Fields {
		of := f.BandOf()
		if of == "" {
			continue
		}
		when, unknown := s.when(f)
		b.of = append(b.of, bandField{f, i, s.column(of), s.coding.mask(when), unknown, s.measurable[f.Name] && s.measurable[of]})
	}
	if b.of == nil {
		return nil
	}
	return b
}

type bandsTally struct {
	*bandFields
	codes *codes
	found []violations
}

func (b *bandFields) newTally(a *accumulators) tally {
	return &bandsTally{b, a.codes, make([]violations, len(b.of))}
}

func (t *bandsTally) add(b *frame.Batch) {
	for i, x := range t.of {
		if !x.measurable {
			continue
		}
		has := t.codes.taken(x.when)
		number := &b.Columns[x.number]
		for r, code := range b.Columns[x.column].Codes {
			expected := int32(-1)
			if (has == nil || has[r]) && !number.IsNull(frame.Number, r) {
				expected = x.field.Band(number.Floats[r])
			}
			if code != expected && !(x.unknown && code < 0) {
				t.found[i].add(b.First + int64(r))
			}
		}
	}
}

func (t *bandsTally) merge(o tally) {
	for i := range t.found {
		t.found[i].merge(&o.(*bandsTally).found[i])
	}
}

func (t *bandsTally) code(c *wire.Coder) { codeViolations(c, t.found) }

func (b *bandFields) judge(_ *judging, t tally) (out []finding, _ error) {
	for i, x := range b.of {
		if !x.measurable {
			continue // a release could not reveal it
		}
		var f verdict
		f.add(&t.(*bandsTally).found[i], "whose value does not follow from "+x.field.BandOf())
		o := f.outcome(KindBand, x.field.Name, "every value follows from "+x.field.BandOf())
		o.Fields = append(o.Fields, x.field.BandOf())
		out = append(out, only(o)...)
	}
	return out, nil
}
