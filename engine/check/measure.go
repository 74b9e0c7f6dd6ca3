package check

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/plan"
)

// measured is a value of a measure, with what it is of.
type measured struct {
	of    string
	value float64
}

// limited reports whether the spec itself limits a measure of a field, so that
// the suite's own limit does not hold.
func (b *builder) limited(measure, of string) bool {
	return slices.ContainsFunc(b.suite.plan.Checks, func(l plan.Limit) bool {
		return l.Measure == measure && (l.Of == "" || l.Of == of)
	})
}

// usual tells the suite's own limit on a share of texts, nothing where the spec
// sets one.
func (b *builder) usual(measure, of string, most float64) string {
	if b.limited(measure, of) {
		return ""
	}
	return fmt.Sprintf(", at most %g %%", 100*most)
}

// checkMeasures holds the spec's limits on what the other checks measured.
func (b *builder) checkMeasures() {
	for _, l := range b.suite.plan.Checks {
		if l.Measure == "" {
			continue
		}
		o := Outcome{ID: "check." + l.Name, Kind: KindMeasure, Name: l.Name, Severity: l.Severity}
		m, _ := plan.MeasureNamed(l.Measure)
		values := b.measure(l.Measure)
		if l.Of != "" {
			values = slices.DeleteFunc(values, func(v measured) bool { return v.of != l.Of })
		}
		if len(values) == 0 {
			o.Status, o.Message = Skip, fmt.Sprintf("nothing to measure %s of", l.Measure)
			b.add(o)
			continue
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
			o.Status, verdict = broken(l.Severity), "outside"
		}
		o.Message = fmt.Sprintf("%s %s, %s the limit of %s", o.Limit.name(l.Of == "" && len(values) > 1), amount(worst.value, m), verdict, measureBounds(&l, m))
		if l.About != "" {
			o.Message += ": " + l.About
		}
		b.add(o)
	}
}

// outside reports whether any value is beyond a limit.
func outside(values []measured, l plan.Limit) bool {
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

// amount writes a value of a measure; shares, but for p-values, in percent.
func amount(v float64, m plan.Measure) string {
	if m.Share && !strings.HasSuffix(m.Name, "_p") {
		return fmt.Sprintf("%.4g %%", 100*v)
	}
	return fmt.Sprintf("%.4g", v)
}

func measureBounds(l *plan.Limit, m plan.Measure) string {
	switch {
	case l.AtLeast != nil && l.AtMost != nil:
		return fmt.Sprintf("%s to %s", amount(*l.AtLeast, m), amount(*l.AtMost, m))
	case l.AtLeast != nil:
		return "at least " + amount(*l.AtLeast, m)
	case l.AtMost != nil:
		return "at most " + amount(*l.AtMost, m)
	}
	return "anything"
}

// measure lists the values of a measure.
func (b *builder) measure(name string) (out []measured) {
	add := func(of string, value float64) { out = append(out, measured{of, value}) }
	switch name {
	case "missing_texts":
		for _, t := range b.Texts {
			if t.Written > 0 { // else none was asked for
				add(t.Field, float64(t.Missing)/float64(t.Applies))
			}
		}
	case "near_duplicates":
		for _, t := range b.Texts {
			if t.Alike != nil {
				add(t.Field, t.Alike.NearDuplicateShare)
			}
		}
	case "repeated_openings":
		for _, t := range b.Texts {
			if t.Alike != nil {
				add(t.Field, t.Alike.Openings.Repeated)
			}
		}
	case "model_written":
		for _, t := range b.Texts {
			if t.Model != nil {
				add(t.Field, *t.Model)
			}
		}
	case "rule_breaks":
		for _, o := range b.Outcomes {
			if o.Kind == KindRule && o.Status != Skip {
				add(o.Name, float64(o.Persons)/float64(max(1, b.writtenUnder(o.Fields))))
			}
		}
	case "deviation_persons", "deviation_points", "table_p":
		b.measureTables(name, add)
	case "number_p":
		for _, o := range b.Outcomes {
			if o.Kind == KindNumber && o.Test != nil {
				add(o.Name, o.Test.P)
			}
		}
	case "near_duplicate_persons":
		for _, o := range b.Outcomes {
			if o.Near != nil {
				add("", o.Near.Share)
			}
		}
	case "duplicate_persons":
		for _, o := range b.Outcomes {
			if o.Kind == KindPersons && b.Rows > 0 {
				add("", float64(o.Persons)/float64(b.Rows))
			}
		}
	}
	return out
}

func (b *builder) measureTables(name string, add func(of string, value float64)) {
	for _, o := range b.Outcomes {
		switch {
		case o.Kind != KindTable || o.Table == nil:
		case name == "deviation_persons":
			add(o.Name, math.Abs(o.Table.Persons))
		case name == "deviation_points":
			add(o.Name, math.Abs(o.Table.Points))
		case o.Test != nil:
			add(o.Name, o.Test.P)
		}
	}
}

// writtenUnder counts the texts of some fields.
func (b *builder) writtenUnder(fields []string) int64 {
	n := int64(0)
	for _, t := range b.Texts {
		if slices.Contains(fields, t.Field) {
			n += t.Written
		}
	}
	return n
}
