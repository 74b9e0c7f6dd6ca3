package check

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// shown is how many row numbers a check remembers.
const shown = 5

// Tally gathers what the suite needs to know of some rows. It belongs to one
// goroutine at a time; tallies of one suite can be merged in any order.
type Tally struct {
	suite *Suite
	rows  int64

	counts     [][]int64 // per counter
	fields     []fieldTally
	groups     []finds
	impossible []finds
	hits       []int64 // per limit
	within     []int64
	ids        []*distinct
	persons    *distinct
	near       nearTally
	sample     sample
	texts      *textTally // nil when no field is written

	numbers      []numberTally
	correlations []correlationTally
	draws        []drawTally

	err error // of the temporary files, the first one

	// Of the current batch.
	n       int
	codes   [][]int32
	good    []bool
	configs [][]int32 // per space; the first slice is scratch
	scratch [][]int32
	valid   []bool
	masks   [][]bool
	prints  prints

	low, high []float64 // scores of numbers
}

// finds counts rows and remembers the first of them by number.
type finds struct {
	count int64
	rows  []int64 // ascending
}

func (f *finds) add(row int64) {
	f.count++
	if len(f.rows) < shown || row < f.rows[len(f.rows)-1] {
		f.insert(row)
	}
}

func (f *finds) insert(row int64) {
	at := len(f.rows)
	for at > 0 && f.rows[at-1] > row {
		at--
	}
	f.rows = append(f.rows, 0)
	copy(f.rows[at+1:], f.rows[at:])
	f.rows[at] = row
	if len(f.rows) > shown {
		f.rows = f.rows[:shown]
	}
}

func (f *finds) merge(o *finds) {
	f.count += o.count
	for _, row := range o.rows {
		f.insert(row)
	}
}

// NewTally returns an empty tally.
func (s *Suite) NewTally() *Tally {
	t := &Tally{
		suite:      s,
		fields:     make([]fieldTally, len(s.fields)),
		groups:     make([]finds, len(s.groups)),
		impossible: make([]finds, len(s.plan.Impossible)),
		hits:       make([]int64, len(s.limits)),
		within:     make([]int64, len(s.limits)),
		codes:      make([][]int32, len(s.axes)),
		good:       make([]bool, len(s.axes)),
		configs:    make([][]int32, len(s.spaces)),
		scratch:    make([][]int32, len(s.spaces)),
		valid:      make([]bool, len(s.spaces)),
		masks:      make([][]bool, len(s.masks)),
	}
	for _, c := range s.counters {
		t.counts = append(t.counts, make([]int64, s.spaces[c.space].size))
	}
	for range s.ids {
		t.ids = append(t.ids, &distinct{})
	}
	if len(s.person.columns()) > 0 {
		t.persons = &distinct{}
	}
	if s.near != nil {
		t.near.sketch.level = s.near.level
	}
	t.numbers, t.correlations = s.newNumberTallies()
	t.draws = s.newDrawTallies()
	if s.texts != nil {
		t.texts = s.texts.newTally()
	}
	return t
}

// Add counts a batch, whose columns are those of the plan's Schema.
func (t *Tally) Add(b *frame.Batch) {
	if b.N == 0 {
		return
	}
	t.AddTables(b)
	s := t.suite
	for i := range s.fields {
		if s.fields[i].field.Class != kind.Written {
			t.addField(b, i)
		}
	}
	t.addGroups(b)
	t.addImpossible(b)
	t.addLimits()
	t.addPersons(b)
	t.sample.add(t, b)
	t.addNumbers(b)
	t.addDraws(b)
	t.addNear(b)
	t.addTexts(b)
}

// AddTables counts a batch for the tables alone, all that Suite.Tables needs.
func (t *Tally) AddTables(b *frame.Batch) {
	if b.N == 0 {
		return
	}
	s := t.suite
	t.n = b.N
	t.rows += int64(b.N)
	for i := range s.axes {
		t.codes[i], t.good[i] = s.axes[i].encode(b, t.codes[i])
	}
	for i := range s.spaces {
		t.configs[i], t.valid[i] = t.configurations(&s.spaces[i], t.scratch[i])
		if len(s.spaces[i].axes) > 1 {
			t.scratch[i] = t.configs[i]
		}
	}
	for i := range s.masks {
		t.masks[i] = s.masks[i].apply(t.configs[s.masks[i].space], t.masks[i])
	}
	for i, c := range s.counters {
		count(t.counts[i], t.configs[c.space], t.valid[c.space], t.taken(c.mask))
	}
}

// taken returns the rows of a mask, nil for all.
func (t *Tally) taken(mask int) []bool {
	if mask < 0 {
		return nil
	}
	return t.masks[mask]
}

func (t *Tally) addGroups(b *frame.Batch) {
	for i := range t.suite.groups {
		g := &t.suite.groups[i]
		has := t.taken(g.when)
		codes := b.Columns[g.column].Codes
		for r, config := range t.configs[g.space] {
			if config < 0 {
				continue // the base field's own check reports it
			}
			want := g.code[config]
			if has != nil && !has[r] {
				want = -1
			}
			if codes[r] != want {
				t.groups[i].add(b.First + int64(r))
			}
		}
	}
}

func (t *Tally) addImpossible(b *frame.Batch) {
	for i := range t.suite.guards {
		g := &t.suite.guards[i]
		for r, config := range t.configs[g.space] {
			if config < 0 || !g.hit[config] {
				continue
			}
			for _, rule := range g.rules {
				if t.suite.plan.Impossible[rule].Selector.Case[config] == 1 {
					t.impossible[rule].add(b.First + int64(r))
				}
			}
		}
	}
}

func (t *Tally) addLimits() {
	for i, l := range t.suite.limits {
		where, within := t.taken(l.where), t.taken(l.within)
		if within == nil {
			t.within[i] += int64(t.n)
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

// Merge adds what o has gathered; o must not be used any more.
func (t *Tally) Merge(o *Tally) {
	t.rows += o.rows
	for i, counts := range o.counts {
		addAll(t.counts[i], counts)
	}
	for i := range t.fields {
		t.fields[i].merge(&o.fields[i])
	}
	for i := range t.groups {
		t.groups[i].merge(&o.groups[i])
	}
	for i := range t.impossible {
		t.impossible[i].merge(&o.impossible[i])
	}
	addAll(t.hits, o.hits)
	addAll(t.within, o.within)
	for i := range t.ids {
		t.ids[i].merge(o.ids[i])
	}
	if t.persons != nil {
		t.persons.merge(o.persons)
	}
	t.near.sketch.merge(&o.near.sketch)
	t.near.sample.merge(&o.near.sample)
	t.sample.merge(&o.sample)
	for i := range t.numbers {
		t.numbers[i].merge(&o.numbers[i])
	}
	for i := range t.correlations {
		t.correlations[i].merge(&o.correlations[i])
	}
	for i := range t.draws {
		t.draws[i].merge(&o.draws[i])
	}
	if t.texts != nil {
		t.texts.merge(o.texts)
	}
	if t.err == nil {
		t.err = o.err
	}
}

func addAll(to, from []int64) {
	for i, v := range from {
		to[i] += v
	}
}
