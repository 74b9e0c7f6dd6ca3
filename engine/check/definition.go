package check

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
	// newTally returns an empty tally of one worker: a separate one, or a
	// shared accumulator when that has all it needs.
	newTally(*accumulators) tally
	// judge draws the conclusions from the merged tally. It may be called again
	// after more rows, so it must not change the tally.
	judge(*judging, tally) ([]finding, error)
}

// measure is how a check computes one of plan.Measures.
type measure struct {
	name string
	// values lists the measured values, given the outcomes of the check.
	values func(j *judging, found []*Outcome) []measured
}
