package check

import (
	"github.com/personagen/personagen/engine/frame"
)

// checks lists every check in the order of a Result. The outcomes of checks in
// one line alternate field by field. A check that reads other checks' outcomes
// (measure, goal) comes after them.
var checks = [][]definition{
	{rowsCheck},
	{valuesCheck},
	{nullsCheck},
	{uniqueCheck},
	{personsCheck},
	{nearPersonsCheck},
	{groupCheck},
	{impossibleCheck},
	{openCheck, frequencyCheck},
	{tableCheck},
	{numberCheck},
	{correlationCheck},
	{independentCheck},
	{limitCheck},
	{writtenCheck},
	{textCheck},
	{languageCheck},
	{ruleCheck},
	{nearDuplicatesCheck, openingsCheck},
	{sourceCheck},
	{measureCheck},
	{goalCheck},
}

// definition is an entry of the list of checks.
type definition struct {
	kind string // of its outcomes
	// compile makes the check for a plan; nil when the plan has nothing for it.
	compile func(*shared) check
	// measures are those of plan.Measures that the check measures.
	measures []measure
}

// check is a compiled check. It does not change while rows are tallied.
type check interface {
	// newTally returns an empty tally of one worker: one of the check's own, or a
	// shared accumulator when that has all it needs.
	newTally(*accumulators) tally
	// judge draws the conclusions from the merged tally. It may be called again
	// after more rows, so it must not spend the tally.
	judge(*judging, tally) ([]finding, error)
}

// tally is what a check, or an accumulator that checks share, gathers of rows.
type tally interface {
	// add counts a batch. The shared accumulators have seen it already.
	add(*frame.Batch)
	// merge adds what another worker's tally gathered, which must not be used any
	// more.
	merge(tally)
}

// nothing is the tally of a check that gathers nothing.
type nothing struct{}

func (nothing) add(*frame.Batch) {}
func (nothing) merge(tally)      {}
