package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/plan"
)

var measureCheck = definition{kind: KindMeasure, compile: compileMeasureLimits}

// measureLimits: what other checks measured is within the limits of the spec.
type measureLimits struct{ of []plan.Limit }

func compileMeasureLimits(s *shared) check {
	m := &measureLimits{}
	for _, l := range s.plan.Checks {
		if l.Measure != "" {
			m.of = append(m.of, l)
		}
	}
	if m.of == nil {
		return nil
	}
	return m
}

func (*measureLimits) newTally(*accumulators) tally { return nothing{} }

func (x *measureLimits) judge(j *judging, _ tally) (out []finding, _ error) {
	for i := range x.of {
		out = append(out, only(j.limitMeasure(&x.of[i]))...)
	}
	return out, nil
}

// limitMeasure compares the worst value of a measure with its limit.
func (j *judging) limitMeasure(l *plan.Limit) Outcome {
	o := outcomeOf(l, KindMeasure, nil)
	m, _ := plan.MeasureNamed(l.Measure)
	values := j.values(l.Measure)
	if l.Of != "" || m.Of == plan.OfLanguage {
		values = slices.DeleteFunc(values, func(v measured) bool { return v.of != l.Of })
	}
	if len(values) == 0 {
		o.Status, o.Message = Skip, fmt.Sprintf("no values of %s", l.Measure)
		return o
	}
	worst := values[0]
	for _, v := range values[1:] {
		if m.Most && v.value > worst.value || !m.Most && v.value < worst.value {
			worst = v
		}
	}
	o.Limit = &Limit{Measure: l.Measure, Of: worst.of, Value: tidy(worst.value), AtLeast: l.AtLeast, AtMost: l.AtMost}
	verdict := "within"
	if outside(values, l) {
		o.Status, verdict = asSevere(l.Severity), "outside"
	}
	write := func(v float64) string { return amount(v, m) }
	o.Message = fmt.Sprintf("%s %s, %s the limit of %s", o.Limit.name(l.Of == "" && len(values) > 1), write(worst.value), verdict, bounds(l.AtLeast, l.AtMost, write))
	if l.About != "" {
		o.Message += ": " + l.About
	}
	return o
}

// outside reports whether any value is beyond a limit.
func outside(values []measured, l *plan.Limit) bool {
	return slices.ContainsFunc(values, func(v measured) bool {
		return l.AtLeast != nil && v.value < *l.AtLeast || l.AtMost != nil && v.value > *l.AtMost
	})
}

func (l *Limit) name(worst bool) string {
	text := strings.ReplaceAll(l.Measure, "_", " ")
	if l.Of != "" {
		text += " of " + l.Of
	}
	if worst {
		text += " (the worst)"
	}
	return text
}

// amount writes a value of a measure; shares, except p-values, in percent.
func amount(v float64, m plan.Measure) string {
	if m.Share && !strings.HasSuffix(m.Name, "_p") {
		return percent(v)
	}
	return fmt.Sprintf("%.4g", v)
}
