package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// shared is what checks are compiled from: the plan, and the accumulators that
// several checks read. An accumulator is made when the first check asks for it, so
// that a suite of few checks does no other work.
type shared struct {
	plan       *plan.Plan
	options    Options
	measurable map[string]bool // fields that can be told from what a release publishes
	temp       *tempFiles
	err        error // why the texts cannot be checked

	coding  coding
	counts  countsPlan
	columns *columnsPlan
	scores  *scoresPlan
	entries *entriesPlan
	texts   *textsPlan
	sources *sourcesPlan
}

// accumulators are the shared accumulators of one tally; those that no check has
// asked for are nil.
type accumulators struct {
	codes   *codes   // the batch's values as codes, and conditions on them
	counts  *counts  // persons by the values of some fields
	columns *columns // nulls, faults and a summary of each column
	scores  *scores  // numbers as probabilities under their distributions
	entries *entries // values of choices and lists as entries of their lists
	texts   *texts   // the one scan over all texts
	sources *sources // who wrote the texts
}

func newShared(p *plan.Plan, o Options) *shared {
	s := &shared{plan: p, options: o, measurable: p.Measurable(), temp: &tempFiles{dir: o.TempDir, spill: o.Spill}}
	s.coding.compile(p)
	return s
}

// accumulate returns the accumulators of a new tally, also as a list in which
// each comes after those it reads.
func (s *shared) accumulate() (*accumulators, []tally) {
	a := &accumulators{codes: s.coding.newTally()}
	a.counts = s.counts.newTally(a)
	list := []tally{a.codes, a.counts}
	if s.columns != nil {
		a.columns = s.columns.newTally(a)
		list = append(list, a.columns)
	}
	if s.scores != nil {
		a.scores = s.scores.newTally()
		list = append(list, a.scores)
	}
	if s.entries != nil {
		a.entries = s.entries.newTally()
		list = append(list, a.entries)
	}
	if s.texts != nil {
		a.texts = s.texts.newTally(a)
		list = append(list, a.texts)
	}
	if s.sources != nil {
		a.sources = s.sources.newTally()
		list = append(list, a.sources)
	}
	return a, list
}

// column returns the position of a field, -1 when there is none of that name.
func (s *shared) column(name string) int {
	return slices.IndexFunc(s.plan.Fields, func(f *kind.Field) bool { return f.Name == name })
}

// measures reports whether all the named fields are measurable.
func (s *shared) measures(fields []string) bool {
	return !slices.ContainsFunc(fields, func(name string) bool { return !s.measurable[name] })
}

// sampleRows is how many of the first persons are sampled: for independence, and
// for the chances of duplicates.
const sampleRows = 20_000

// sampled returns where in a sample of the first persons the first rows of a
// batch belong, and how many rows; 0 rows when none does.
func (o *Options) sampled(b *frame.Batch) (at, n int) {
	from := b.First - o.First
	if from < 0 || from >= sampleRows {
		return 0, 0
	}
	return int(from), min(b.N, int(sampleRows-from))
}

// addAll adds values up by position.
func addAll[T int64 | int32 | uint64 | uint32 | float32](to, from []T) {
	for i, v := range from {
		to[i] += v
	}
}

// union joins two samples of the first persons: a person is in one of them at
// most and 0 in the other.
func union[T int32 | uint64 | uint32 | float32](to, from []T) []T {
	if to == nil {
		return from
	}
	addAll(to, from)
	return to
}

// unionOf joins samples of which rows were seen.
func unionOf(to, from []bool) []bool {
	if to == nil {
		return from
	}
	for i, seen := range from {
		to[i] = to[i] || seen
	}
	return to
}
