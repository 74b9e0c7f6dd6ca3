package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/stat"
)

// compiled is a check of the list, compiled for a plan.
type compiled struct {
	definition
	check check
	at    int // position of its tally in Tally.checks
}

// runner runs the checks of a suite on a tally.
type runner struct {
	*judging
	lines   [][]compiled
	tallies []tally       // of the checks
	tests   []pendingTest // of the outcomes so far
}

// pendingTest is a finding with a test, at a position of Result.Outcomes.
type pendingTest struct {
	finding
	at int
}

func newRunner(lines [][]compiled, b *basis, t *Tally) *runner {
	o := b.options
	r := &Result{Sampling: o.Sampling, Rows: t.rows, Weight: t.shared.counts.all().sum, Effective: t.shared.counts.all().effective(), First: o.First, Total: max(o.Total, t.rows), Budget: o.Budget, Parts: max(1, o.Parts), Counts: map[string]int{}, Exceptions: o.Exceptions}
	if o.Sampling == Independent {
		r.Total = t.rows
	}
	if t.rows > 0 {
		r.Parts = max(r.Parts, int((r.Total+t.rows-1)/t.rows))
	}
	j := &runner{lines: lines, tallies: t.checks, judging: &judging{
		Result: r, basis: b, shared: t.shared,
		rows: portion{n: float64(t.rows), total: float64(r.Total), whole: r.Whole(), quota: o.Sampling == Quota},
	}}
	j.judging.values = j.values
	return j
}

// values lists the values of a measure; none when the check that measures it does
// not run.
func (j *runner) values(name string) []measured {
	for _, line := range j.lines {
		for _, c := range line {
			for _, m := range c.measures {
				if m.name == name {
					return m.values(j.judging, j.of(c.kind))
				}
			}
		}
	}
	return nil
}

// judge runs every check and adjusts the p-values of their tests.
func (j *runner) judge() error {
	for _, line := range j.lines {
		if err := j.judgeLine(line); err != nil {
			return err
		}
	}
	j.adjust()
	return nil
}

// judgeLine adds the outcomes of the checks of a line, those of a field together.
func (j *runner) judgeLine(line []compiled) error {
	var all []finding
	order := map[string]int{} // of names
	for _, c := range line {
		found, err := c.check.judge(j.judging, j.tallies[c.at])
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
func (j *runner) add(f finding) {
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

// adjust adjusts the p-values of all tests together, fails what the adjusted ones
// and other faults say, and writes the messages.
func (j *runner) adjust() {
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
