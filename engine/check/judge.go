package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/plan"
)

// judging is one call of Suite.Result: what the outcomes so far are, and what is
// known of the rows as a whole.
type judging struct {
	*Result
	suite *Suite
	plan  *plan.Plan
	tally *Tally
	rows  portion
	tests []pendingTest
}

// portion describes the rows to the tests.
type portion struct {
	n, total float64
	whole    bool // they are all of their population
	quota    bool
}

// finding is an outcome on its way into the Result. An outcome whose Test is set
// gets its message when the p-values of all tests are adjusted.
type finding struct {
	Outcome
	message func(*Outcome) string // with the adjusted p-value; nil when Message is set
	faults  []string              // why the outcome fails whatever its test says
	// advisory tests decide nothing and are adjusted among themselves: conformity
	// indices.
	advisory bool
}

// pendingTest is a finding with a test, at a position of Result.Outcomes.
type pendingTest struct {
	finding
	at int
}

func newJudging(s *Suite, t *Tally) *judging {
	o := s.options
	r := &Result{Sampling: o.Sampling, Rows: t.rows, First: o.First, Total: max(o.Total, t.rows), Budget: o.Budget, Parts: max(1, o.Parts), Counts: map[string]int{}, Exceptions: o.Exceptions}
	if o.Sampling == Independent {
		r.Total = t.rows
	}
	if t.rows > 0 {
		r.Parts = max(r.Parts, int((r.Total+t.rows-1)/t.rows))
	}
	return &judging{
		Result: r, suite: s, plan: s.plan, tally: t,
		rows: portion{n: float64(t.rows), total: float64(r.Total), whole: r.Whole(), quota: o.Sampling == Quota},
	}
}

// judge adds the outcomes of the checks of a line, those of a field together.
func (j *judging) judge(line []compiled) error {
	var all []finding
	order := map[string]int{} // of names
	for _, c := range line {
		found, err := c.check.judge(j, j.tally.checks[c.at])
		if err != nil {
			return err
		}
		for _, f := range found {
			if _, known := order[f.Name]; !known {
				order[f.Name] = len(order)
			}
		}
		all = append(all, found...)
	}
	if len(line) > 1 {
		slices.SortStableFunc(all, func(a, b finding) int { return cmp.Compare(order[a.Name], order[b.Name]) })
	}
	for _, f := range all {
		j.add(f)
	}
	return nil
}

// add appends an outcome; the default status is Pass, the default severity Fail.
func (j *judging) add(f finding) {
	if f.Severity == "" {
		f.Severity = Fail
	}
	if f.Status == "" {
		f.Status = Pass
	}
	if f.message != nil {
		j.tests = append(j.tests, pendingTest{f, len(j.Outcomes)})
	}
	j.Outcomes = append(j.Outcomes, f.Outcome)
}

// unmeasurable skips an outcome about fields that cannot be told from what a
// release publishes.
func (j *judging) unmeasurable(o *Outcome, fields []string) bool {
	for _, name := range fields {
		if !j.suite.shared.measurable[name] {
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

// adjust adjusts the p-values of all tests together, fails what the adjusted ones
// and other faults say, and writes the messages.
func (j *judging) adjust() {
	for _, advisory := range []bool{false, true} {
		var p []float64
		var at []*Test
		for _, t := range j.tests {
			test := j.Outcomes[t.at].Test
			switch {
			case test == nil || t.advisory != advisory:
			case advisory:
				p, at = append(p, test.P), append(at, test)
			default:
				p, at = append(p, max(test.P, test.PDeviance)), append(at, test)
			}
		}
		for k, adjusted := range stat.Holm(p) {
			at[k].PHolm = tidy(adjusted)
		}
		if !advisory {
			j.Tests = len(p)
		}
	}
	budget := j.Budget / float64(j.Parts)
	for _, t := range j.tests {
		o := &j.Outcomes[t.at]
		o.Message = t.message(o)
		faults := t.faults
		if !t.advisory && o.Test != nil && o.Test.PHolm < budget {
			faults = append(slices.Clip(faults), fmt.Sprintf("the adjusted p-value is below the run's budget of %.2g", budget))
		}
		if len(faults) > 0 {
			o.Status = Fail
			o.Message = strings.Join(faults, "; ") + "; " + o.Message
		}
	}
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
