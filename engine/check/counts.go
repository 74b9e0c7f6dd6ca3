package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

// countsPlan lists what is counted: the rows of a mask by configuration of a
// space.
type countsPlan struct{ counters []counter }

type counter struct{ space, mask, size int }

// counter returns the number of a counter; its counts are row-major over the
// slots of the space.
func (p *countsPlan) counter(c *coding, space, mask int) int {
	x := counter{space, mask, c.spaces[space].size}
	if i := slices.Index(p.counters, x); i >= 0 {
		return i
	}
	p.counters = append(p.counters, x)
	return len(p.counters) - 1
}

// counts are the counts of every counter.
type counts struct {
	plan  *countsPlan
	codes *codes
	of    [][]int64 // per counter
}

func (p *countsPlan) newTally(codes *codes) *counts {
	t := &counts{plan: p, codes: codes}
	for _, c := range p.counters {
		t.of = append(t.of, make([]int64, c.size))
	}
	return t
}

func (t *counts) add(*frame.Batch) {
	for i, c := range t.plan.counters {
		count(t.of[i], t.codes.configs[c.space], t.codes.valid[c.space], t.codes.taken(c.mask))
	}
}

func (t *counts) merge(o tally) {
	for i, counts := range o.(*counts).of {
		addAll(t.of[i], counts)
	}
}

// count adds rows to counts by configuration; good says that none is -1.
func count(counts []int64, config []int32, good bool, take []bool) {
	switch {
	case take == nil && good:
		for _, c := range config {
			counts[c]++
		}
	case take == nil:
		for _, c := range config {
			if c >= 0 {
				counts[c]++
			}
		}
	default:
		for r, c := range config[:len(take)] {
			if take[r] && c >= 0 {
				counts[c]++
			}
		}
	}
}
