// Package check is the validation suite of a population. It is compiled from a
// plan: every table, rule, field, group and independence of the plan has its
// checks.
//
// Each check is one type in its own file: what it gathers from the rows (newTally)
// and what it concludes (judge). The list in checks.go names them in the order of a
// Result. To add a check, write its file and add a line to the list; package report
// has a phrase for each kind of check. What several checks read, such as counts or
// the one scan over all texts, is gathered once, by an accumulator that a check asks
// for when it is compiled (see shared.go).
//
// A Tally takes batches with all columns of plan.Schema (hidden ones included),
// in any order; tallies of one suite merge in any order, and the Result is the
// same for any number of workers. Memory does not grow with the rows: what must be
// remembered per row (ids, whole persons) goes to temporary files.
//
// Note: a quota sample is not a random sample. Its p-values cluster at 1 and only
// measure how well counts conform; deviations in persons decide. Part of a quota
// population is a random sample again, drawn without replacement.
package check

import (
	"slices"

	"github.com/personagen/personagen/engine/plan"
)

// Suite is a plan's checks, ready for any number of tallies.
type Suite struct {
	shared *shared
	lines  [][]compiled // the checks, in the lines of the list
}

// New compiles the checks of a plan. The plan must be one that the compiler
// made: names and sizes in it are trusted.
func New(p *plan.Plan, o Options) *Suite { return newSuite(p, o, checks) }

// Kinds returns the kinds of outcomes in their order.
func Kinds() (kinds []string) {
	for _, definitions := range checks {
		for _, d := range definitions {
			if d.kind != goalCheck.kind && !slices.Contains(kinds, d.kind) {
				kinds = append(kinds, d.kind)
			}
		}
	}
	return kinds
}

func newSuite(p *plan.Plan, o Options, list [][]definition) *Suite {
	if o.Sampling == "" {
		o.Sampling = Quota
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.Spill == 0 {
		o.Spill = DefaultSpill
	}
	s := &Suite{shared: newShared(p, o)}
	n := 0
	for _, definitions := range list {
		var line []compiled
		for _, d := range definitions {
			if !o.runs(d.kind) {
				continue
			}
			if c := d.compile(s.shared); c != nil {
				line = append(line, compiled{d, c, n})
				n++
			}
		}
		s.lines = append(s.lines, line)
	}
	return s
}

// NewTally returns an empty tally.
func (s *Suite) NewTally() *Tally {
	t := &Tally{of: s.identity()}
	t.shared, t.each = s.shared.newTally()
	known := map[tally]bool{nothing{}: true}
	for _, x := range t.each {
		known[x] = true
	}
	for _, line := range s.lines {
		for _, c := range line {
			x := c.check.newTally(t.shared)
			t.checks = append(t.checks, x)
			if !known[x] {
				t.each = append(t.each, x)
			}
		}
	}
	return t
}

// Result judges what a tally gathered. It reads the temporary files, so it must be
// called before Suite.Close. It fails when a temporary file could not be written or
// read, or when the plan's rules for texts cannot be used.
func (s *Suite) Result(t *Tally) (*Result, error) {
	if s.shared.err != nil {
		return nil, s.shared.err
	}
	j := newRunner(s.lines, &s.shared.basis, t)
	if err := j.judge(); err != nil {
		return nil, err
	}
	r := j.Result
	for _, status := range []string{Pass, Note, Warn, Fail, Skip} {
		r.Counts[status] = 0
	}
	for i := range r.Outcomes {
		r.Counts[r.Outcomes[i].Status]++
	}
	if c := t.shared.columns; c != nil {
		r.Profiles = c.profiles(t.rows)
	}
	if x := t.shared.texts; x != nil {
		r.Texts, r.Groups = textProfiles(x, t.shared.sources), x.compare().groups
	}
	return r, nil
}

// Close removes the temporary files. The tallies must not be used any more.
func (s *Suite) Close() error { return s.shared.temp.close() }
