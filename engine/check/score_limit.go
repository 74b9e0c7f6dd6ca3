package check

import (
	"fmt"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/plan"
)

var scoreLimitCheck = definition{kind: KindLimit, compile: compileScoreLimits}

// scoreLimits: means of scores, and shares of low ones, are within the limits of the spec.
type scoreLimits struct {
	of    []plan.Limit
	means scoreMeans
}

func compileScoreLimits(s *shared) check {
	x := &scoreLimits{}
	for _, l := range s.plan.Checks {
		if l.Score != nil {
			x.of = append(x.of, l)
			x.means.add(s, l.Score, s.coding.mask(l.Within))
		}
	}
	if x.of == nil {
		return nil
	}
	return x
}

func (x *scoreLimits) newTally(a *accumulators) tally { return x.means.newTally(a) }

func (x *scoreLimits) judge(j *judging, t tally) (out []finding, _ error) {
	for i := range x.of {
		l := &x.of[i]
		o := outcomeOf(l, KindLimit, l.Score.Fields)
		fields := l.Score.Fields
		if l.Within != nil {
			fields = append(fields[:len(fields):len(fields)], l.Within.Fields...)
		}
		if !j.unmeasurable(&o, fields) {
			j.limitScore(&o, l, t.(*scoreMeansTally).of(i))
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// limitScore compares an estimate with the limits of a check.
func (j *judging) limitScore(o *Outcome, l *plan.Limit, e estimate) {
	if e.persons == 0 {
		o.Status, o.Message = Skip, NotJudged
		return
	}
	share := l.Score.Below != nil
	verdict := e.verdictOn(l.AtLeast, l.AtMost)
	o.Score = &ScoreLimit{Fields: l.Score.Fields, Below: l.Score.Below, Judged: e.persons, Value: e.value, Low: e.low, High: e.high, AtLeast: l.AtLeast, AtMost: l.AtMost, Verdict: verdict}
	write := func(v float64) string { return fmt.Sprintf("%.4g", v) }
	if share {
		write = percent
	}
	limit := bounds(l.AtLeast, l.AtMost, write)
	o.Message = fmt.Sprintf("%s is %s", l.Score.String(), e.said(share))
	if l.WithinText != "" {
		o.Message += " with " + l.WithinText
	}
	switch verdict {
	case withinLimit:
		o.Message += ", within the limit of " + limit
	case outsideLimit:
		o.Status = asSevere(l.Severity)
		o.Message += ", outside the limit of " + limit
	default:
		if o.Status = Warn; l.Severity == Note {
			o.Status = Note
		}
		o.Message += fmt.Sprintf(", which does not decide whether it is %s%s", limit, e.enough(l.AtLeast, l.AtMost))
	}
	if l.About != "" {
		o.Message += ": " + l.About
	}
}

// scoreMeans gathers what limits and goals say about scores.
type scoreMeans struct{ of []scoreMean }

type scoreMean struct {
	score           *plan.ScoreOf
	columns         []int
	within          int // mask of the persons who count
	lowest, highest float64
	// below is what the sum of how far a person's scores are above the lowest must not
	// reach, for the person to count.
	below float64
}

func (x *scoreMeans) add(s *shared, of *plan.ScoreOf, within int) {
	m := scoreMean{score: of, columns: s.scoreColumns(of.Fields), within: within}
	d := s.plan.Field(of.Fields[0]).Domain
	m.lowest, m.highest = float64(d.Min), float64(d.Max)
	if of.Below != nil {
		m.below = (*of.Below - m.lowest) * float64(len(of.Fields))
	}
	x.of = append(x.of, m)
}

type scoreMeansTally struct {
	*scoreMeans
	codes *codes
	means []meanTally
}

func (x *scoreMeans) newTally(a *accumulators) *scoreMeansTally {
	t := &scoreMeansTally{scoreMeans: x, codes: a.codes}
	classes := a.codes.coding.design.classes()
	for range x.of {
		t.means = append(t.means, meanTally{make([]int64, classes), make([]int64, classes), make([]int64, classes), make([]int64, classes)})
	}
	return t
}

func (t *scoreMeansTally) add(b *frame.Batch) {
	for i := range t.scoreMeans.of {
		x, m := &t.scoreMeans.of[i], &t.means[i]
		within := t.codes.taken(x.within)
	row:
		for r := range b.N {
			if within != nil && !within[r] {
				continue
			}
			sum := int64(0)
			for _, column := range x.columns {
				c := &b.Columns[column]
				if c.Null != nil && c.Null[r] || float64(c.Ints[r]) < x.lowest || float64(c.Ints[r]) > x.highest {
					continue row // nothing is said, or a value that another check reports
				}
				sum += c.Ints[r] - int64(x.lowest)
			}
			class := t.codes.class(r)
			m.n[class]++
			m.sum[class] += sum
			m.squares[class] += sum * sum
			if x.score.Below != nil && float64(sum) < x.below {
				m.hits[class]++
			}
		}
	}
}

func (t *scoreMeansTally) merge(other tally) {
	for i := range t.means {
		t.means[i].merge(&other.(*scoreMeansTally).means[i])
	}
}

func (t *scoreMeansTally) code(c *wire.Coder) {
	for i := range t.means {
		t.means[i].code(c)
	}
}

// of returns what is estimated for a limit or goal.
func (t *scoreMeansTally) of(i int) estimate {
	x, d := &t.scoreMeans.of[i], t.codes.coding.design
	if x.score.Below != nil {
		return t.means[i].share(d)
	}
	return t.means[i].estimate(d, float64(len(x.columns)), x.lowest, x.highest)
}
