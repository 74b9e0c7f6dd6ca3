package check

import "github.com/personagen/personagen/engine/frame"

// Tally gathers what the suite needs to know of some rows. It belongs to one
// goroutine at a time; tallies of one suite can be merged in any order.
type Tally struct {
	rows   int64
	shared *accumulators
	checks []tally // by compiled.at
	// each lists the shared accumulators and then the checks' own tallies, once.
	each []tally
}

// Add counts a batch, whose columns are those of the plan's Schema.
func (t *Tally) Add(b *frame.Batch) {
	if b.N == 0 {
		return
	}
	t.rows += int64(b.N)
	for _, x := range t.each {
		x.add(b)
	}
}

// Merge adds what o has gathered; o must not be used any more.
func (t *Tally) Merge(o *Tally) {
	t.rows += o.rows
	for i, x := range t.each {
		x.merge(o.each[i])
	}
}
