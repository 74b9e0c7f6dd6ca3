package check

import (
	"fmt"
	"slices"

	"github.com/personagen/personagen/engine/plan"
)

// judging is what checks know when they are judged: the rows as a whole, and the
// outcomes of the checks before them in Result.
type judging struct {
	*Result
	*basis
	rows   portion
	shared *accumulators
	// values lists the values of a measure, by the check that measures it.
	values func(measure string) []measured
}

// portion describes the rows to the tests.
type portion struct {
	n, total float64
	whole    bool // they are all of their population
	quota    bool
}

// finding is an outcome before it is added to the Result. An outcome whose Test is set
// gets its message when the p-values of all tests are adjusted.
type finding struct {
	Outcome
	message func(*Outcome) string // with the adjusted p-value; nil when Message is set
	faults  []string              // why the outcome fails regardless of its test
	// advisory tests never fail and are adjusted as a separate family: conformity
	// indices.
	advisory bool
}

// measured is a value of a measure and what it is of, "" for the population.
type measured struct {
	of    string
	value float64
}

// unmeasurable skips an outcome about fields that cannot be derived from what a
// release publishes.
func (j *judging) unmeasurable(o *Outcome, fields []string) bool {
	for _, name := range fields {
		if !j.measurable[name] {
			o.Status, o.Message = Skip, fmt.Sprintf("field %s is hidden and does not follow from published fields", name)
			return true
		}
	}
	return false
}

// of returns the outcomes of a kind so far, in order.
func (j *judging) of(kind string) (out []*Outcome) {
	for i := range j.Outcomes {
		if j.Outcomes[i].Kind == kind {
			out = append(out, &j.Outcomes[i])
		}
	}
	return out
}

// limited reports whether the spec itself limits a measure of a field, which
// replaces the check's own limit.
func (j *judging) limited(measure, of string) bool {
	return slices.ContainsFunc(j.plan.Checks, func(l plan.Limit) bool {
		return l.Measure == measure && (l.Of == "" || l.Of == of)
	})
}

// defaultLimit writes the check's own limit on a share, "" where the spec sets
// one.
func (j *judging) defaultLimit(measure, of string, most float64) string {
	if j.limited(measure, of) {
		return ""
	}
	return fmt.Sprintf(", at most %g %%", 100*most)
}

// only makes findings of outcomes without tests.
func only(outcomes ...Outcome) (out []finding) {
	for _, o := range outcomes {
		out = append(out, finding{Outcome: o})
	}
	return out
}

// asSevere is the status of a violated check of the given severity.
func asSevere(severity string) string {
	if severity == Warn || severity == Note {
		return severity
	}
	return Fail
}
