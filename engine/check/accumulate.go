package check

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
)

// tally is what a check, or an accumulator that checks share, gathers of rows.
type tally interface {
	// add counts a batch. The shared accumulators have seen it already.
	add(*frame.Batch)
	// merge adds what another worker's tally gathered, which must not be used any
	// more.
	merge(tally)
	// code writes what was gathered, or reads it into an empty tally.
	code(*wire.Coder)
}

// nothing is the tally of a check that gathers nothing.
type nothing struct{}

func (nothing) add(*frame.Batch) {}
func (nothing) merge(tally)      {}

func (nothing) code(*wire.Coder) {}
