// Package monitor is a progress monitor: it watches a run while a model writes its
// texts and stops it when the result would not be usable, because the persons made
// so far do not follow the tables, or because texts are missing from one group of
// persons more than from others, which biases the population of those who have
// texts.
//
// A Monitor takes the persons in their order and the fates of their texts, and
// returns a *Stop to end the run. The chance that it stops a right run is below
// Options.Budget, over all checkpoints and tests together.
package monitor

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/stat"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Options describe the run.
type Options struct {
	Check check.Options // of the persons that the run makes; New sets Kinds, Parts and Budget
	Count int64         // persons of the run
	Every int64         // persons between checkpoints; 0 means 1,000
	// Budget is the chance that a right run is stopped: half of it for the tables,
	// half for the texts; 0 means check.DefaultBudget.
	Budget float64
}

// Stop is the error that ends a run.
type Stop struct {
	Persons int64 // when it was stopped
	Reason  string
}

func (s *Stop) Error() string {
	return fmt.Sprintf("the progress monitor stopped the run after %d persons: %s", s.Persons, s.Reason)
}

// Deviation is the distance of the distribution of one field from its table, for the
// persons made so far.
type Deviation struct {
	Field  string  `json:"field"`
	Cell   string  `json:"cell"`   // the one furthest off
	Points float64 `json:"points"` // percentage points, observed minus expected
}

// Monitor implements enrich.Watch.
type Monitor struct {
	options Options
	suite   *check.Suite
	limit   float64 // share of texts that may be missing
	checks  float64 // checkpoints that share the budget

	tally *check.Tally // of the persons made; used by one goroutine

	mu      sync.Mutex
	made    int64 // persons
	drift   []Deviation
	persons int64 // whose texts are finished
	texts   []text
	groups  int // of all axes
	axes    []axis
	codes   []int // of the current person, per axis
}

// axis is a field by whose values persons are grouped.
type axis struct {
	field  *kind.Field
	column int
	low    int64
	width  int64 // of a band of whole numbers
	slots  int
}

// text counts the persons who should have a text of a field and those whose text is
// missing, in all and by axis and group.
type text struct {
	field        string
	all, missing int64
	of, lacking  [][]int64
}

// maxSlots bounds the values of a field by which persons are grouped, and maxBands
// the bands of a field of whole numbers.
const (
	maxSlots = 1000
	maxBands = 20
)

// New returns a monitor of a run that writes the named text fields of a plan.
func New(p *plan.Plan, fields []string, o Options) *Monitor {
	if o.Every <= 0 {
		o.Every = 1000
	}
	if o.Budget <= 0 {
		o.Budget = check.DefaultBudget
	}
	shards := max(1, o.Check.Parts)
	m := &Monitor{options: o, limit: p.MostQuarantined(), checks: float64(shards) * float64(max(1, o.Count/o.Every))}
	o.Check.Kinds, o.Check.Budget = []string{check.KindTable}, o.Budget/2
	o.Check.Parts = int(math.Ceil(m.checks))
	m.suite = check.New(p, o.Check)
	m.tally = m.suite.NewTally()
	for i, f := range p.Fields {
		if a, ok := newAxis(f, i); ok {
			m.axes = append(m.axes, a)
			m.groups += a.slots
		}
	}
	m.codes = make([]int, len(m.axes))
	for _, name := range fields {
		t := text{field: name}
		for _, a := range m.axes {
			t.of, t.lacking = append(t.of, make([]int64, a.slots)), append(t.lacking, make([]int64, a.slots))
		}
		m.texts = append(m.texts, t)
	}
	return m
}

// newAxis reports whether persons can be grouped by a field.
func newAxis(f *kind.Field, column int) (axis, bool) {
	a := axis{field: f, column: column, width: 1}
	if f.Domain == nil || f.Class.Added() || f.Type != frame.Category && f.Type != frame.Integer {
		return a, false
	}
	size := f.Domain.Size()
	if f.Type == frame.Integer {
		a.low = f.Domain.Min
		a.width = int64((size + maxBands - 1) / maxBands)
		size = int((int64(size) + a.width - 1) / a.width)
	}
	a.slots = size + 1 // null last
	return a, size > 1 && size <= maxSlots
}

// code is the group of a person, -1 for a value that is not in the domain.
func (a *axis) code(b *frame.Batch, row int) int {
	c := &b.Columns[a.column]
	if c.IsNull(a.field.Type, row) {
		return a.slots - 1
	}
	code := int64(0)
	if a.field.Type == frame.Integer {
		code = (c.Ints[row] - a.low) / a.width
	} else {
		code = int64(c.Codes[row])
	}
	if code < 0 || code >= int64(a.slots-1) {
		return -1
	}
	return int(code)
}

// group names the persons with a code.
func (a *axis) group(code int) string {
	switch {
	case code == a.slots-1:
		return a.field.Name + " null"
	case a.width > 1:
		low := a.low + int64(code)*a.width
		return fmt.Sprintf("%s %d-%d", a.field.Name, low, min(low+a.width-1, a.field.Domain.Max))
	}
	return a.field.Name + " " + a.field.Domain.Label(code)
}

// Made implements enrich.Watch.
func (m *Monitor) Made(b *frame.Batch) error {
	before := m.made
	m.tally.Add(b)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made += int64(b.N)
	if before/m.options.Every == m.made/m.options.Every {
		return nil
	}
	m.drift = m.drift[:0]
	result, err := m.suite.Result(m.tally)
	if err != nil {
		return err
	}
	for _, o := range result.Outcomes {
		if o.Status == check.Fail {
			return &Stop{m.made, "the persons made so far do not follow " + o.Name + ": " + o.Message}
		}
		if o.Table != nil && len(o.Fields) == 1 {
			m.drift = append(m.drift, Deviation{o.Fields[0], o.Table.PointsCell, o.Table.Points})
		}
	}
	slices.SortStableFunc(m.drift, func(a, b Deviation) int { return cmp.Compare(math.Abs(b.Points), math.Abs(a.Points)) })
	return nil
}

// Distributions returns the deviation of each distribution of one field at the last
// checkpoint, the largest first.
func (m *Monitor) Distributions() []Deviation {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.drift)
}

// Ended implements enrich.Watch.
func (m *Monitor) Ended(b *frame.Batch, row int, fates []enrich.Fate) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.axes {
		m.codes[i] = m.axes[i].code(b, row)
	}
	for k, fate := range fates {
		if fate != enrich.Good && fate != enrich.Bad {
			continue
		}
		t := &m.texts[k]
		t.all++
		if fate == enrich.Bad {
			t.missing++
		}
		for i, code := range m.codes {
			if code < 0 {
				continue
			}
			t.of[i][code]++
			if fate == enrich.Bad {
				t.lacking[i][code]++
			}
		}
	}
	if m.persons++; m.persons%m.options.Every != 0 {
		return nil
	}
	return m.judgeTexts()
}

// judgeTexts stops a run when texts are missing from a group of persons more than
// from others and more than the limit, or from more than half of all persons.
func (m *Monitor) judgeTexts() error {
	level := m.options.Budget / 2 / m.checks / float64(max(1, m.groups*len(m.texts)))
	var worst concentration
	for k := range m.texts {
		t := &m.texts[k]
		if share := float64(t.missing) / float64(max(1, t.all)); share > m.limit && share > 0.5 {
			return &Stop{m.persons, fmt.Sprintf("field %s has no text for %d of %d persons; the limit is a share of %g", t.field, t.missing, t.all, m.limit)}
		}
		for i := range m.axes {
			for code, bad := range t.lacking[i] {
				x := concentration{text: t, axis: i, code: code}
				x.p = stat.HypergeometricTail(bad, t.of[i][code], t.missing, t.all)
				if bad > 0 && float64(bad) > m.limit*float64(t.of[i][code]) && x.p < level && (worst.text == nil || x.p < worst.p) {
					worst = x
				}
			}
		}
	}
	if worst.text == nil {
		return nil
	}
	t, a := worst.text, &m.axes[worst.axis]
	bad, of := t.lacking[worst.axis][worst.code], t.of[worst.axis][worst.code]
	return &Stop{m.persons, fmt.Sprintf("field %s has no text for %d of %d persons with %s (%.1f %%), and for %d of the %d others (%.2f %%); the chance of this is %.0e",
		t.field, bad, of, a.group(worst.code), share(bad, of), t.missing-bad, t.all-of, share(t.missing-bad, t.all-of), worst.p)}
}

// concentration is a group of persons whose texts are missing; p is the chance of so
// many.
type concentration struct {
	text *text
	axis int
	code int
	p    float64
}

func share(k, n int64) float64 { return 100 * float64(k) / float64(max(1, n)) }
