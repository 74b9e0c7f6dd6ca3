package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

var weightCheck = definition{kind: KindWeight, compile: compileWeights}

// weightValues: the weight of every row is that of its strata.
type weightValues struct {
	basis *basis
	of    []int // columns of weights
}

func compileWeights(s *shared) check {
	c := &weightValues{basis: &s.basis}
	for i, f := range s.plan.Fields {
		if f.Meaning() == kind.Weighting && s.measurable[f.Name] {
			c.of = append(c.of, i)
		}
	}
	if c.of == nil {
		return nil
	}
	return c
}

type weightTally struct {
	*weightValues
	fillers  []kind.Filler // nil where the strata do not follow from published fields
	expected frame.Column
	found    []violations
}

func (c *weightValues) newTally(*accumulators) tally {
	t := &weightTally{weightValues: c, found: make([]violations, len(c.of))}
	for _, column := range c.of {
		f := c.basis.plan.Fields[column]
		var filler kind.Filler
		if c.basis.measures(f.Inputs) {
			filler = f.Program.Bind(c.basis.env(f))
		}
		t.fillers = append(t.fillers, filler)
	}
	return t
}

func (t *weightTally) add(b *frame.Batch) {
	for i, column := range t.of {
		got := &b.Columns[column]
		filler := t.fillers[i]
		if filler != nil {
			t.expected.Resize(frame.Number, b.N)
			filler.Fill(b, &t.expected)
		}
		known := t.basis.plan.Fields[column].Weights()
		for r := range b.N {
			w := got.Floats[r]
			null := got.Null != nil && got.Null[r]
			if null || filler != nil && w != t.expected.Floats[r] || filler == nil && !slices.Contains(known, w) {
				t.found[i].add(b.First + int64(r))
			}
		}
	}
}

func (t *weightTally) merge(o tally) {
	for i := range t.found {
		t.found[i].merge(&o.(*weightTally).found[i])
	}
}

func (t *weightTally) code(c *wire.Coder) { codeViolations(c, t.found) }

func (c *weightValues) judge(j *judging, t tally) (out []finding, _ error) {
	for i, column := range c.of {
		f := c.basis.plan.Fields[column]
		var v verdict
		v.add(&t.(*weightTally).found[i], "whose weight is not that of their strata")
		all := j.shared.counts.all()
		o := v.outcome(KindWeight, f.Name, fmt.Sprintf("every weight is that of the person's strata; the weights sum to %s, and the effective size is %s of %s",
			humanize.Number(math.Round(10*all.sum)/10), humanize.Number(math.Round(all.effective())), persons(j.Rows)))
		o.Fields = slices.Concat(o.Fields, f.Inputs)
		out = append(out, only(o)...)
	}
	return out, nil
}

var stratumCheck = definition{kind: KindStratum, compile: compileStrata}

// strata: the sample has as many persons of each stratum as its design says.
type strata struct {
	tables tables
	of     []plan.Stratum
	shares shares
}

func compileStrata(s *shared) check {
	d := s.plan.Population.Design
	if d == nil {
		return nil
	}
	x := &strata{tables: tables{plan: s.plan}, of: d.Strata}
	for i := range d.Strata {
		x.shares.add(s, d.Strata[i].Selector, nil)
	}
	return x
}

func (x *strata) newTally(a *accumulators) tally { return x.shares.newTally(a) }

func (x *strata) judge(j *judging, t tally) (out []finding, _ error) {
	for i := range x.of {
		s := &x.of[i]
		o := Outcome{ID: "stratum." + s.Name, Kind: KindStratum, Name: s.Name, Fields: s.Selector.Fields}
		c := t.(*sharesTally).of(i)
		switch {
		case j.unmeasurable(&o, o.Fields):
		case c.n == 0:
			o.Status, o.Message = Skip, "no persons"
		default:
			out = append(out, x.compare(j, o, s, c))
			continue
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// compare compares the number of persons of a stratum with the design. In a whole quota
// population it is within one person; otherwise a test decides.
func (x *strata) compare(j *judging, o Outcome, s *plan.Stratum, c counted) finding {
	expected := s.Sample * float64(c.n)
	text := fmt.Sprintf("%s, expected %s; by weight %s of everyone, and %s of the population", persons(c.hits), humanize.Number(math.Round(10*expected)/10), percent(c.share), percent(s.Share))
	o.Share = &Share{Hits: c.hits, Of: c.n, Share: tidy(c.share)}
	o.Share.Low, o.Share.High = stat.WilsonShare(c.share, c.effective, stat.Z95)
	o.Share.Low, o.Share.High = tidy(o.Share.Low), tidy(o.Share.High)
	f := finding{Outcome: o, message: func(o *Outcome) string {
		if o.Test != nil {
			return text + "; " + o.Test.String()
		}
		return text
	}}
	e := &plan.Expected{Name: "stratum " + s.Name, Share: []float64{s.Share}, Sample: []float64{s.Sample}}
	switch {
	case !j.rows.quota:
		f.Test = x.tables.testWhole(e, []int64{c.hits}, j.rows)
	case !j.rows.whole:
		f.Test = testPart(e, []int64{c.hits}, j.rows, personLimits[1])
	case math.Abs(float64(c.hits)-expected) > personLimits[1]+1e-6+1e-12*j.rows.n:
		f.faults = []string{"the number of persons is more than one off: " + strings.TrimSpace(s.When)}
	}
	return f
}
