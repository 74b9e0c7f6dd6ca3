// Package check is the validation suite of a population. It is compiled from a
// plan: every table, rule, field, group and independence of the plan has its
// checks.
//
// Each check is a file of this package with one type: what it gathers of the
// rows (newTally) and what it concludes (judge). The list in checks.go names them
// in the order of a Result. To add a check, write one file, add one line to the
// list and, if it has a sentence of its own in reports, one there. What several
// checks read, such as counts or the one scan over all texts, is gathered once, by
// an accumulator that a check asks for when it is compiled (see shared).
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

// Ways of sampling.
const (
	Quota       = "quota"
	Independent = "independent"
)

// Options describe the rows and how strict the suite is. The zero value of each
// is a sensible default.
type Options struct {
	Sampling string // Quota (the default) or Independent
	// First is the number of the first person, Total how many persons the quota
	// population has that the rows are part of; 0 when the rows are all of it.
	First, Total int64
	// Rows is the expected number of rows; 0 allows any.
	Rows int64
	// Parts is how many parts of the population are tested in all (shards,
	// checkpoints): they share the budget. It is at least Total/rows.
	Parts int
	// Budget is the chance that a right population fails any statistical test
	// of the run; 0 means DefaultBudget.
	Budget float64
	// Exceptions are cells that the allocation could not bring within limits.
	Exceptions []Exception
	// Kinds are the checks to run, by the Kind of their outcomes; nil for all.
	Kinds []string
	// Spill is how many persons a tally remembers in memory before it writes
	// their fingerprints to TempDir ("" is the system's); 0 is DefaultSpill.
	Spill   int
	TempDir string
}

// DefaultBudget is the chance of a false alarm in a whole run.
const DefaultBudget = 1e-6

// DefaultSpill keeps 16 bytes for each of so many persons, per tally and kind
// of fingerprint: 2 MiB.
const DefaultSpill = 1 << 17

// Exception is a cell of Plan.Expected whose allocated count is further from its
// target than its limit, as the allocation reported.
type Exception struct {
	Expected int     `json:"expected"` // position in Plan.Expected
	Cell     int     `json:"cell"`     // row-major over its fields
	Persons  float64 `json:"persons"`  // allocated minus target
	Reason   string  `json:"reason,omitempty"`
}

// Suite is a plan's checks, ready for any number of tallies.
type Suite struct {
	plan    *plan.Plan
	options Options
	shared  *shared
	lines   [][]compiled // the checks, in the lines of the list
	err     error        // why the plan's texts cannot be checked
}

// compiled is a check of the list, compiled for a plan.
type compiled struct {
	definition
	check check
	at    int // position of its tally in Tally.checks
}

// New compiles the checks of a plan. The plan must be one that the compiler
// made: names and sizes in it are trusted.
func New(p *plan.Plan, o Options) *Suite { return newSuite(p, o, checks) }

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
	s := &Suite{plan: p, options: o, shared: newShared(p, o)}
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
	s.err = s.shared.err
	return s
}

// runs reports whether the checks of a kind run.
func (o *Options) runs(kind string) bool {
	return o.Kinds == nil || slices.Contains(o.Kinds, kind)
}

// all lists the compiled checks in the order of the list.
func (s *Suite) all() (out []*compiled) {
	for _, line := range s.lines {
		for i := range line {
			out = append(out, &line[i])
		}
	}
	return out
}

// Result judges what a tally gathered. It reads the temporary files, so it must
// be called before Suite.Close. It fails when a temporary file could not be
// written or read, or when the texts' rules cannot be used.
func (s *Suite) Result(t *Tally) (*Result, error) {
	if s.err != nil {
		return nil, s.err
	}
	j := newJudging(s, t)
	for _, line := range s.lines {
		if err := j.judge(line); err != nil {
			return nil, err
		}
	}
	j.adjust()
	for _, status := range []string{Pass, Note, Warn, Fail, Skip} {
		j.Counts[status] = 0
	}
	for i := range j.Outcomes {
		j.Counts[j.Outcomes[i].Status]++
	}
	if c := t.shared.columns; c != nil {
		j.Profiles = c.profiles(t.rows)
	}
	if x := t.shared.texts; x != nil {
		j.Texts, j.Groups = x.profiles(t.shared.sources), x.compare().groups
	}
	return j.Result, nil
}

// Close removes the temporary files. The tallies must not be used any more.
func (s *Suite) Close() error { return s.shared.temp.close() }
