// Package check is the validation suite of a population. It is compiled from a
// plan: every table, rule, field, group and independence of the plan gives a
// check, nothing is written by hand.
//
// In go batches with all columns of plan.Schema (hidden ones included), in any
// order and over any number of tallies; out comes a Result that is the same
// whatever the number of workers. Memory does not grow with the rows: what has
// to be remembered per row (ids, whole persons) goes to temporary files.
//
// Trap: a quota sample is not a random sample. Its p-values cluster at 1 and
// only say how well counts conform; deviations in persons decide. Part of a
// quota population is a random sample again, but without replacement.
package check

import (
	"os"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Ways of sampling.
const (
	Quota       = "quota"
	Independent = "independent"
)

// Options say what the rows are and how strict the suite is. The zero value of
// each is a sensible default.
type Options struct {
	Sampling string // Quota (the default) or Independent
	// First is the number of the first person, Total how many persons the quota
	// population has that the rows are part of; 0 when the rows are all of it.
	First, Total int64
	// Rows that there should be; 0 when any number is right.
	Rows int64
	// Parts is how many parts of the population are tested in all (shards,
	// checkpoints): they share the budget. At least Total/rows is assumed.
	Parts int
	// Budget is the chance that a right population fails any statistical test
	// of the run; 0 stands for DefaultBudget.
	Budget float64
	// Exceptions are cells that the allocation could not bring within limits.
	Exceptions []Exception
	// Spill is how many persons a tally remembers in memory before it writes
	// their fingerprints to TempDir ("" is the system's); 0 is DefaultSpill.
	Spill   int
	TempDir string
}

// DefaultBudget is the run-wide chance of a false alarm.
const DefaultBudget = 1e-6

// DefaultSpill keeps 16 bytes for each of so many persons, per tally and kind
// of fingerprint: 2 MiB.
const DefaultSpill = 1 << 17

// Exception is a cell of Plan.Expected whose allocated count is more than its
// limit away from its target, as the allocation reported.
type Exception struct {
	Expected int     `json:"expected"` // position in Plan.Expected
	Cell     int     `json:"cell"`     // row-major over its fields
	Persons  float64 `json:"persons"`  // allocated minus target
	Reason   string  `json:"reason,omitempty"`
}

// limits are the persons by which a cell of a quota population may miss its
// target, by rank: margins, two-way tables, others. Rank 0 is not controlled.
var limits = [4]float64{0, 1, 2, 3}

// Suite is a plan's checks, ready for any number of tallies.
type Suite struct {
	plan    *plan.Plan
	options Options

	axes     []axis
	axisOf   []int // per field, -1 when its values are not coded
	spaces   []space
	masks    []mask
	counters []counter
	fields   []fieldCheck
	groups   []groupCheck
	guards   []guard
	limits   []limitCheck
	expected []int // per Plan.Expected, its counter
	ids      []int // columns that identify a person
	person   printer
	near     *nearCheck // nil when there is too little to compare
	sampled  []int      // axes that the independence ledger speaks of
	texts    *textSuite

	numbers      []numberCheck
	correlations []correlationCheck
	draws        []drawCheck

	err  error           // why the texts cannot be checked
	told map[string]bool // fields that a release tells

	files []*os.File // temporary files of all tallies
}

// fieldCheck is what a column is held to.
type fieldCheck struct {
	field    *kind.Field
	when     int // mask of the rows that have a value, -1 for all
	group    bool
	counter  int // counts per code, -1 when not coded
	low      float64
	high     float64
	bounded  bool
	nonEmpty bool
}

// groupCheck holds a group to its base fields.
type groupCheck struct {
	column, space, when int
	code                []int32 // per configuration, -1 is null
}

// guard finds persons who meet any of some impossible conditions over the same
// fields.
type guard struct {
	space int
	hit   []bool // per configuration: any of them
	rules []int  // positions in Plan.Impossible
}

type limitCheck struct{ where, within int } // masks; within -1 for everyone

// Ranger is implemented by programs whose numbers lie between bounds.
type Ranger interface {
	Range() (low, high float64, ok bool)
}

// New compiles the checks of a plan. The plan must be one that the compiler
// made: names and sizes in it are trusted.
func New(p *plan.Plan, o Options) *Suite {
	if o.Sampling == "" {
		o.Sampling = Quota
	}
	if o.Budget == 0 {
		o.Budget = DefaultBudget
	}
	if o.Spill == 0 {
		o.Spill = DefaultSpill
	}
	s := &Suite{plan: p, options: o, told: p.Measurable()}
	s.compileAxes()
	s.compileFields()
	s.compileGroups()
	s.compileImpossible()
	for _, l := range p.Checks {
		s.limits = append(s.limits, limitCheck{s.mask(l.Where), s.mask(l.Within)})
	}
	s.compileGoals()
	for _, e := range p.Expected {
		s.expected = append(s.expected, s.counter(s.space(e.Fields), s.mask(e.Universe)))
	}
	s.compilePersons()
	s.compileNumbers()
	s.compileDraws()
	s.compileNear()
	s.compileTexts()
	for _, pair := range p.Independent {
		for _, name := range append(pair.Fields[:], pair.Given...) {
			if a := s.axisOf[s.column(name)]; !slices.Contains(s.sampled, a) {
				s.sampled = append(s.sampled, a)
			}
		}
	}
	return s
}

// compileAxes finds the columns whose values are codes of a domain.
func (s *Suite) compileAxes() {
	for i, f := range s.plan.Fields {
		coded := f.Domain != nil && (f.Type == frame.Category || f.Type == frame.Integer)
		if !coded {
			s.axisOf = append(s.axisOf, -1)
			continue
		}
		s.axisOf = append(s.axisOf, len(s.axes))
		a := axis{column: i, integer: f.Type == frame.Integer, size: int32(f.Domain.Size()), slots: int32(f.Slots()), null: -1}
		if a.integer {
			a.low = f.Domain.Min
		}
		if f.Nullable {
			a.null = a.size
		}
		s.axes = append(s.axes, a)
	}
}

func (s *Suite) compileFields() {
	for i, f := range s.plan.Fields {
		c := fieldCheck{field: f, when: s.mask(f.When), group: f.Lookup() != nil, counter: -1}
		if s.axisOf[i] >= 0 {
			c.counter = s.counter(s.space([]string{f.Name}), -1)
		}
		if r, ok := f.Program.(Ranger); ok {
			c.low, c.high, c.bounded = r.Range()
		}
		c.nonEmpty = f.Type == frame.Text && !f.Hidden
		s.fields = append(s.fields, c)
	}
}

func (s *Suite) compileGroups() {
	for i, f := range s.plan.Fields {
		of := f.Lookup()
		if of == nil {
			continue
		}
		g := groupCheck{column: i, space: s.space(of.Fields), when: s.mask(f.When), code: make([]int32, len(of.Case))}
		for k, c := range of.Case {
			g.code[k] = c - 1
		}
		s.groups = append(s.groups, g)
	}
}

// compileImpossible puts conditions over the same fields together, so that a
// person is looked up once for all of them.
func (s *Suite) compileImpossible() {
	for i, rule := range s.plan.Impossible {
		at := s.space(rule.Selector.Fields)
		k := slices.IndexFunc(s.guards, func(g guard) bool { return g.space == at })
		if k < 0 {
			k = len(s.guards)
			s.guards = append(s.guards, guard{space: at, hit: make([]bool, len(rule.Selector.Case))})
		}
		g := &s.guards[k]
		g.rules = append(g.rules, i)
		for config, c := range rule.Selector.Case {
			g.hit[config] = g.hit[config] || c == 1
		}
	}
}

// compilePersons finds the columns that identify a person and those that make
// two persons the same. Texts do not: the same person twice may be told of in
// two ways.
func (s *Suite) compilePersons() {
	for i, f := range s.plan.Fields {
		switch {
		case f.Kind == "id" || s.plan.Roles["id"] == f.Name:
			s.ids = append(s.ids, i)
		case !f.Hidden && f.Class != kind.Written:
			s.person.add(s, i)
		}
	}
}

// Close removes the temporary files. The tallies must not be used any more.
func (s *Suite) Close() error {
	var first error
	for _, f := range s.files {
		f.Close()
		if err := os.Remove(f.Name()); err != nil && !os.IsNotExist(err) && first == nil {
			first = err
		}
	}
	s.files = nil
	return first
}

func (s *Suite) column(name string) int {
	return slices.IndexFunc(s.plan.Fields, func(f *kind.Field) bool { return f.Name == name })
}
