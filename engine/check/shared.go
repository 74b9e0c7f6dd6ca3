package check

import (
	"github.com/personagen/personagen/engine/plan"
)

// shared is what checks are compiled from: the plan, and the accumulators that
// several checks read. An accumulator is made when the first check asks for it, so
// that a suite of few checks does no other work.
type shared struct {
	basis
	temp *tempFiles
	err  error // why the texts cannot be checked

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
	s := &shared{basis: basis{p, o, p.Measurable()}, temp: &tempFiles{dir: o.TempDir, spill: o.Spill}}
	s.coding.compile(p)
	return s
}

// askColumns makes the accumulator of columns.
func (s *shared) askColumns() *columnsPlan {
	if s.columns == nil {
		s.columns = compileColumns(&s.basis, &s.coding, &s.counts)
	}
	return s.columns
}

// askScores makes the accumulator of numbers.
func (s *shared) askScores() *scoresPlan {
	if s.scores == nil {
		s.scores = compileScores(&s.basis)
	}
	return s.scores
}

// askEntries makes the accumulator of choices and lists.
func (s *shared) askEntries() *entriesPlan {
	if s.entries == nil {
		s.entries = compileEntries(&s.basis)
	}
	return s.entries
}

// askTexts makes the scan over all texts; nil when no field is written, or when the
// rules cannot be compiled.
func (s *shared) askTexts() *textsPlan {
	if s.texts == nil && s.err == nil {
		if s.texts, s.err = compileTexts(&s.basis, &s.coding); s.texts != nil {
			s.askColumns()
		}
	}
	return s.texts
}

// askSources makes the accumulator of sources; nil when no field is written or none
// says who wrote it.
func (s *shared) askSources() *sourcesPlan {
	if texts := s.askTexts(); s.sources == nil && texts != nil {
		s.sources = compileSources(&s.basis, texts.fields)
	}
	return s.sources
}

// newTally returns the accumulators of a new tally, also as a list in which each
// comes after those it reads.
func (s *shared) newTally() (*accumulators, []tally) {
	a := &accumulators{codes: s.coding.newTally()}
	a.counts = s.counts.newTally(a.codes)
	list := []tally{a.codes, a.counts}
	if s.columns != nil {
		a.columns = s.columns.newTally(a.codes, a.counts)
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
		a.texts = s.texts.newTally(a.codes, a.columns)
		list = append(list, a.texts)
	}
	if s.sources != nil {
		a.sources = s.sources.newTally()
		list = append(list, a.sources)
	}
	return a, list
}
