package check

import (
	"fmt"
	"math"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/internal/wire"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

var limitCheck = definition{kind: KindLimit, compile: compileLimits}

// limits: shares of persons are within the limits of the spec.
type limits struct {
	of     []plan.Limit // those on shares of persons
	shares shares
}

func compileLimits(s *shared) check {
	l := &limits{}
	for _, limit := range s.plan.Checks {
		if limit.Where != nil {
			l.of = append(l.of, limit)
			l.shares.add(s, limit.Where, limit.Within)
		}
	}
	if l.of == nil {
		return nil
	}
	return l
}

func (l *limits) newTally(a *accumulators) tally { return l.shares.newTally(a) }

func (l *limits) judge(j *judging, t tally) (out []finding, _ error) {
	for i := range l.of {
		limit := &l.of[i]
		o := outcomeOf(limit, KindLimit, limit.Where.Fields)
		c := t.(*sharesTally).of(i)
		switch {
		case j.unmeasurable(&o, o.Fields):
		case c.n == 0:
			o.Status, o.Message = Skip, "no persons to measure"
		default:
			j.limit(&o, limit, c)
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// outcomeOf begins the outcome of a check of the spec.
func outcomeOf(l *plan.Limit, kind string, fields []string) Outcome {
	return Outcome{ID: "check." + l.Name, Kind: kind, Name: l.Name, Severity: l.Severity, Fields: fields}
}

// limit compares a share with its limit.
func (j *judging) limit(o *Outcome, l *plan.Limit, c counted) {
	share := Share{Hits: c.hits, Of: c.n, Share: c.share, AtLeast: l.AtLeast, AtMost: l.AtMost}
	share.Low, share.High = stat.WilsonShare(c.share, c.effective, stat.Z95)
	outside := l.AtLeast != nil && share.Share < *l.AtLeast || l.AtMost != nil && share.Share > *l.AtMost
	verdict := "within"
	if outside {
		o.Status, o.Persons, verdict = asSevere(l.Severity), c.hits, "outside"
	}
	by := ""
	if c.weighted {
		by = "by weight "
	}
	o.Message = fmt.Sprintf("%s of %s (%s%.4g %%, 95 %% interval %.4g to %.4g %%), %s the limit of %s",
		humanize.Thousands(c.hits), persons(c.n), by, 100*share.Share, 100*share.Low, 100*share.High, verdict, bounds(l.AtLeast, l.AtMost, percent))
	if outside && j.byChance(c, l) {
		o.Status = Note
		o.Message += "; chance explains it"
	}
	if outside && !c.weighted && !reachable(c.n, l) {
		o.Status = Note
		o.Message += fmt.Sprintf("; no whole number of %s meets it: for a pilot, take the first of a larger population (--limit)", persons(c.n))
	}
	share.Share, share.Low, share.High = tidy(share.Share), tidy(share.Low), tidy(share.High)
	o.Share = &share
}

// reachable reports whether some whole number of n persons is within the limit.
func reachable(n int64, l *plan.Limit) bool {
	low, high := 0.0, float64(n)
	if l.AtLeast != nil {
		low = math.Ceil(*l.AtLeast*float64(n) - 1e-9)
	}
	if l.AtMost != nil {
		high = math.Floor(*l.AtMost*float64(n) + 1e-9)
	}
	return low <= high
}

// byChance reports whether chance may have carried a share over a limit. A whole
// quota population has no chance in it, except in shares by weight, which the sampler
// does not limit.
func (j *judging) byChance(c counted, l *plan.Limit) bool {
	if j.rows.quota && j.rows.whole && !c.weighted {
		return false
	}
	low, high := stat.WilsonShare(c.share, c.effective, stat.ZCertain)
	return (l.AtLeast == nil || high >= *l.AtLeast) && (l.AtMost == nil || low <= *l.AtMost)
}

// percent writes a share.
func percent(share float64) string { return fmt.Sprintf("%.4g %%", 100*share) }

// bounds writes a limit, as in "at most 5 %" or "2 to 5 %".
func bounds(low, high *float64, write func(float64) string) string {
	switch {
	case low != nil && high != nil:
		return strings.TrimSuffix(write(*low), " %") + " to " + write(*high)
	case low != nil:
		return "at least " + write(*low)
	case high != nil:
		return "at most " + write(*high)
	}
	return "anything"
}

// shares counts the persons who meet conditions, for limits and goals.
type shares struct{ conditions []condition }

// condition is masks: those who meet it, among those within; within may be
// everyone.
type condition struct{ where, within int }

func (x *shares) add(s *shared, where, within *kind.Selector) {
	x.conditions = append(x.conditions, condition{s.coding.mask(where), s.coding.mask(within)})
}

type sharesTally struct {
	*shares
	codes        *codes
	hits, within []int64 // per condition and class of weights
}

func (x *shares) newTally(a *accumulators) *sharesTally {
	n := len(x.conditions) * a.codes.coding.design.classes()
	return &sharesTally{x, a.codes, make([]int64, n), make([]int64, n)}
}

func (t *sharesTally) add(b *frame.Batch) {
	classes := t.codes.coding.design.classes()
	for i, c := range t.conditions {
		where, within := t.codes.taken(c.where), t.codes.taken(c.within)
		for r, hit := range where {
			if within != nil && !within[r] {
				continue
			}
			at := i*classes + t.codes.class(r)
			t.within[at]++
			if hit {
				t.hits[at]++
			}
		}
	}
}

func (t *sharesTally) merge(o tally) {
	addAll(t.hits, o.(*sharesTally).hits)
	addAll(t.within, o.(*sharesTally).within)
}

func (t *sharesTally) code(c *wire.Coder) {
	c.Counts(t.hits)
	c.Counts(t.within)
}

// counted is how many persons meet a condition, of how many.
type counted struct {
	hits, n   int64
	share     float64 // by weight
	effective float64 // size of the sample
	weighted  bool
}

func (t *sharesTally) of(condition int) (c counted) {
	d := t.codes.coding.design
	from, to := condition*d.classes(), (condition+1)*d.classes()
	for class := from; class < to; class++ {
		c.hits += t.hits[class]
		c.n += t.within[class]
	}
	all := d.sum(t.within[from:to])
	c.share, c.effective, c.weighted = d.sum(t.hits[from:to]).sum/all.sum, all.effective(), d != nil
	return c
}
