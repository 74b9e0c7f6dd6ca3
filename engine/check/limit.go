package check

import (
	"fmt"
	"math"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/stat"
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
		o := Outcome{ID: "check." + limit.Name, Kind: KindLimit, Name: limit.Name, Severity: limit.Severity, Fields: limit.Where.Fields}
		hits, n := t.(*sharesTally).of(i)
		switch {
		case j.unmeasurable(&o, o.Fields):
		case n == 0:
			o.Status, o.Message = Skip, "no persons to measure"
		default:
			j.limit(&o, limit, hits, n)
		}
		out = append(out, only(o)...)
	}
	return out, nil
}

// limit compares a share with its limit.
func (j *judging) limit(o *Outcome, l *plan.Limit, hits, n int64) {
	share := Share{Hits: hits, Of: n, Share: float64(hits) / float64(n), AtLeast: l.AtLeast, AtMost: l.AtMost}
	share.Low, share.High = stat.Wilson(hits, n, stat.Z95)
	outside := l.AtLeast != nil && share.Share < *l.AtLeast || l.AtMost != nil && share.Share > *l.AtMost
	verdict := "within"
	if outside {
		o.Status, o.Persons, verdict = asSevere(l.Severity), hits, "outside"
	}
	o.Message = fmt.Sprintf("%s of %s (%.4g %%, 95 %% interval %.4g to %.4g %%), %s the limit of %s",
		humanize.Thousands(hits), persons(n), 100*share.Share, 100*share.Low, 100*share.High, verdict, bounds(l.AtLeast, l.AtMost, percent))
	if outside && j.byChance(hits, n, l) {
		o.Status = Note
		o.Message += "; chance explains it"
	}
	if outside && !reachable(n, l) {
		o.Status = Note
		o.Message += fmt.Sprintf("; no whole number of %s meets it: for a pilot, take the first of a larger population (--limit)", persons(n))
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
// quota population has no chance in it.
func (j *judging) byChance(hits, n int64, l *plan.Limit) bool {
	if j.rows.quota && j.rows.whole {
		return false
	}
	low, high := stat.Wilson(hits, n, stat.ZCertain)
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
	hits, within []int64 // per condition
}

func (x *shares) newTally(a *accumulators) *sharesTally {
	return &sharesTally{x, a.codes, make([]int64, len(x.conditions)), make([]int64, len(x.conditions))}
}

func (t *sharesTally) add(b *frame.Batch) {
	for i, c := range t.conditions {
		where, within := t.codes.taken(c.where), t.codes.taken(c.within)
		if within == nil {
			t.within[i] += int64(b.N)
		}
		for r, hit := range where {
			if within != nil {
				if !within[r] {
					continue
				}
				t.within[i]++
			}
			if hit {
				t.hits[i]++
			}
		}
	}
}

func (t *sharesTally) merge(o tally) {
	addAll(t.hits, o.(*sharesTally).hits)
	addAll(t.within, o.(*sharesTally).within)
}

// of returns how many persons meet a condition, of how many.
func (t *sharesTally) of(condition int) (hits, n int64) {
	return t.hits[condition], t.within[condition]
}
