package check

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
)

var judgedCheck = definition{kind: KindScore, compile: compileJudged}

// judged: the persons of the sample have a score or reason, and no others have one.
type judged struct {
	basis  *basis
	coding *coding
	fields []judgedField
}

// judgedField is a score or reason that is published.
type judgedField struct {
	column int
	field  *kind.Field
	when   int // mask of the rows that have a value
	// sample is nil if the size of the population is not known, and then anybody may be
	// in it.
	sample *kind.Sampled
}

func compileJudged(s *shared) check {
	x := &judged{basis: &s.basis, coding: &s.coding}
	for i, f := range s.plan.Fields {
		if f.Judged == nil || !s.measurable[f.Name] {
			continue
		}
		when, unknown := s.when(f)
		j := judgedField{column: i, field: f, when: s.coding.mask(when)}
		if s.options.Size > 0 && !unknown {
			sampled := f.Judged.Sample.Persons(s.options.Seed, s.options.Size)
			j.sample = &sampled
		}
		x.fields = append(x.fields, j)
	}
	if x.fields == nil {
		return nil
	}
	return x
}

// judgedTally counts the persons by what is said of them.
type judgedTally struct {
	*judged
	codes *codes
	of    []judgedCounts // per field
}

type judgedCounts struct {
	sample  int64      // persons in the sample
	lacking violations // persons in the sample about whom nothing is said
	extra   violations // persons outside it about whom something is
	// counts are the persons by class of weight and score.
	counts []int64
	said   int64
}

func (x *judged) newTally(a *accumulators) tally {
	t := &judgedTally{judged: x, codes: a.codes, of: make([]judgedCounts, len(x.fields))}
	for i, f := range x.fields {
		if f.field.Scale() {
			t.of[i].counts = make([]int64, x.coding.design.classes()*f.field.Domain.Size())
		}
	}
	return t
}

func (t *judgedTally) add(b *frame.Batch) {
	for i := range t.fields {
		f, n := &t.fields[i], &t.of[i]
		c, has := &b.Columns[f.column], t.codes.taken(f.when)
		for r := range b.N {
			person := b.First + int64(r)
			said := c.Null == nil || !c.Null[r]
			within := (has == nil || has[r]) && (f.sample == nil || f.sample.Has(person))
			if within {
				n.sample++
			}
			switch {
			case within && !said && f.sample != nil:
				n.lacking.add(person)
			case !within && said:
				n.extra.add(person)
			}
			if !said {
				continue
			}
			n.said++
			if n.counts == nil {
				continue
			}
			if code := c.Ints[r] - f.field.Domain.Min; code >= 0 && code < int64(f.field.Domain.Size()) {
				n.counts[t.codes.class(r)*f.field.Domain.Size()+int(code)]++
			}
		}
	}
}

func (t *judgedTally) merge(other tally) {
	for i := range t.of {
		n, o := &t.of[i], &other.(*judgedTally).of[i]
		n.sample += o.sample
		n.lacking.merge(&o.lacking)
		n.extra.merge(&o.extra)
		n.said += o.said
		addAll(n.counts, o.counts)
	}
}

func (t *judgedTally) code(c *wire.Coder) {
	for i := range t.of {
		n := &t.of[i]
		c.Count(&n.sample)
		n.lacking.code(c)
		n.extra.code(c)
		c.Count(&n.said)
		c.Counts(n.counts)
	}
}

// NotJudged says why nobody has a score.
const NotJudged = "nobody was judged: scores are given by a model (--provider)"

func (x *judged) judge(j *judging, gathered tally) (out []finding, _ error) {
	t := gathered.(*judgedTally)
	j.Scores = nil
	for i := range x.fields {
		f, n := &x.fields[i], &t.of[i]
		var v verdict
		v.add(&n.extra, "with a value outside the sample")
		o := v.outcome(KindScore, f.field.Name, fmt.Sprintf("all %s of the sample are judged", persons(n.sample)))
		switch {
		case n.said == 0:
			o.Status, o.Message = Skip, NotJudged
		case n.extra.count > 0:
		case n.lacking.count > 0:
			o.Status, o.Persons, o.Rows = Warn, n.lacking.count, n.lacking.rows
			o.Message = fmt.Sprintf("%s of the %s of the sample are judged; the others lack a text that the judge reads, or no answer was accepted", humanize.Thousands(n.said), persons(n.sample))
		case f.sample == nil:
			o.Message = fmt.Sprintf("%s judged; who is in the sample is not known", humanize.Count(n.said, "person is", "persons are"))
		}
		out = append(out, only(o)...)
		if f.field.Scale() {
			j.Scores = append(j.Scores, x.profile(f, n))
		}
	}
	return out, nil
}

// profile describes the scores of a field.
func (x *judged) profile(f *judgedField, n *judgedCounts) ScoreProfile {
	d, scale := x.coding.design, f.field.Domain
	p := ScoreProfile{Field: f.field.Name, Lowest: scale.Min, Highest: scale.Max, Sample: n.sample, Judged: n.said}
	m := meanTally{make([]int64, d.classes()), make([]int64, d.classes()), make([]int64, d.classes()), nil}
	for at, count := range n.counts {
		class, step := at/scale.Size(), int64(at%scale.Size())
		m.n[class] += count
		m.sum[class] += count * step
		m.squares[class] += count * step * step
	}
	e := m.estimate(d, 1, float64(scale.Min), float64(scale.Max))
	if e.persons == 0 { // nobody has a score, or all scores are outside the scale
		return p
	}
	shares := make([]float64, scale.Size())
	all := d.sum(m.n).sum
	for at, count := range n.counts {
		shares[at%scale.Size()] += float64(count) * d.weight(at/scale.Size()) / all
	}
	for i, share := range shares {
		p.Shares = append(p.Shares, ScoreShare{scale.Min + int64(i), tidy(share)})
	}
	p.Mean, p.Low, p.High = &e.value, &e.low, &e.high
	return p
}

// meanTally are the persons, and the sums and sums of squares of how far their scores are
// above the lowest, by class of weight; hits are those persons below a figure.
type meanTally struct{ n, sum, squares, hits []int64 }

// estimate is a mean or share with its 95 % interval, of so many persons.
type estimate struct {
	value, low, high float64
	persons          int64
}

// persons counts the persons.
func (t *meanTally) persons() (all int64) {
	for _, n := range t.n {
		all += n
	}
	return all
}

// estimate returns the mean of the scores, each the sum of so many on a scale.
func (t *meanTally) estimate(d *design, divisor, lowest, highest float64) estimate {
	e, all := estimate{persons: t.persons()}, d.sum(t.n)
	if e.persons == 0 {
		return e
	}
	sum, squares := 0.0, 0.0
	for class := range t.n {
		w := d.weight(class)
		sum += float64(w * float64(t.sum[class]))
		squares += float64(w * float64(t.squares[class]))
	}
	mean := sum / all.sum / divisor
	low, high := stat.BoundedMean(mean, squares/all.sum/(divisor*divisor), all.effective(), 0, highest-lowest, stat.Z95)
	e.value, e.low, e.high = tidy(lowest+mean), tidy(lowest+low), tidy(lowest+high)
	return e
}

// share returns the share of the hits.
func (t *meanTally) share(d *design) estimate {
	e, all := estimate{persons: t.persons()}, d.sum(t.n)
	if e.persons == 0 {
		return e
	}
	share := d.sum(t.hits).sum / all.sum
	low, high := stat.WilsonShare(share, all.effective(), stat.Z95)
	e.value, e.low, e.high = tidy(share), tidy(low), tidy(high)
	return e
}

func (t *meanTally) code(c *wire.Coder) {
	for _, counts := range [][]int64{t.n, t.sum, t.squares, t.hits} {
		c.Counts(counts)
	}
}

func (t *meanTally) merge(o *meanTally) {
	addAll(t.n, o.n)
	addAll(t.sum, o.sum)
	addAll(t.squares, o.squares)
	addAll(t.hits, o.hits)
}

// verdictOn compares an interval with limits: within them, outside, or undecided.
func (e *estimate) verdictOn(least, most *float64) string {
	switch {
	case least != nil && e.high < *least || most != nil && e.low > *most:
		return outsideLimit
	case (least == nil || e.low >= *least) && (most == nil || e.high <= *most):
		return withinLimit
	}
	return undecided
}

const (
	withinLimit  = "within"
	outsideLimit = "outside"
	undecided    = "undecided"
)

// said writes an estimate.
func (e *estimate) said(share bool) string {
	if share {
		return fmt.Sprintf("%.4g %% of the %s judged (95 %% interval %.4g to %.4g %%)", 100*e.value, persons(e.persons), 100*e.low, 100*e.high)
	}
	return fmt.Sprintf("%.3f of the %s judged (95 %% interval %.3f to %.3f)", e.value, persons(e.persons), e.low, e.high)
}

// enough says about how many persons must be judged for an interval of a mean or share to
// be narrower than the distance of its estimate to the nearest limit, "" if that is not
// near.
func (e *estimate) enough(least, most *float64) string {
	distance := math.Inf(1)
	for _, limit := range []*float64{least, most} {
		if limit != nil {
			distance = min(distance, math.Abs(e.value-*limit))
		}
	}
	half := (e.high - e.low) / 2
	if n := float64(e.persons) * (half / distance) * (half / distance); n < 1e7 && n > float64(e.persons) {
		return fmt.Sprintf("; about %s would decide, if the figure stays", persons(int64(math.Ceil(n/100)*100)))
	}
	return ""
}

// scoreColumns returns the columns of scores.
func (b *basis) scoreColumns(names []string) (columns []int) {
	for _, name := range names {
		columns = append(columns, b.column(name))
	}
	return columns
}
