package check

import (
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/wire"
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
	// byClass are the counts by class and configuration; nil without a design.
	byClass [][]int64
	classes []int64 // rows by class
}

func (p *countsPlan) newTally(codes *codes) *counts {
	t := &counts{plan: p, codes: codes, classes: make([]int64, codes.coding.design.classes())}
	for _, c := range p.counters {
		t.of = append(t.of, make([]int64, c.size))
		if codes.coding.design != nil {
			t.byClass = append(t.byClass, make([]int64, c.size*codes.coding.design.classes()))
		}
	}
	return t
}

func (t *counts) add(b *frame.Batch) {
	for r := range b.N {
		t.classes[t.codes.class(r)]++
	}
	for i, c := range t.plan.counters {
		count(t.of[i], t.codes.configs[c.space], t.codes.valid[c.space], t.codes.taken(c.mask))
		if t.byClass != nil {
			take := t.codes.taken(c.mask)
			for r, config := range t.codes.configs[c.space] {
				if config >= 0 && (take == nil || take[r]) {
					t.byClass[i][int(t.codes.classes[r])*c.size+int(config)]++
				}
			}
		}
	}
}

func (t *counts) merge(o tally) {
	for i, counts := range o.(*counts).of {
		addAll(t.of[i], counts)
	}
	addAll(t.classes, o.(*counts).classes)
	for i, counts := range o.(*counts).byClass {
		addAll(t.byClass[i], counts)
	}
}

func (t *counts) code(c *wire.Coder) {
	for _, counts := range t.of {
		c.Counts(counts)
	}
	c.Counts(t.classes)
	for _, counts := range t.byClass {
		c.Counts(counts)
	}
}

// all are the weights of all rows.
func (t *counts) all() weighted { return t.codes.coding.design.sum(t.classes) }

// weighted returns the sums of weights by configuration, and those of their squares,
// which are the counts without a design.
func (t *counts) weighted(counter int) (sum, squares []float64) {
	d, size := t.codes.coding.design, len(t.of[counter])
	sum = make([]float64, size)
	if d == nil {
		for config, n := range t.of[counter] {
			sum[config] = float64(n)
		}
		return sum, sum
	}
	squares = make([]float64, size)
	for class := range d.classes() {
		w := d.weight(class)
		for config, n := range t.byClass[counter][class*size : (class+1)*size] {
			sum[config] += float64(n) * w
			squares[config] += float64(float64(n) * w * w)
		}
	}
	return sum, squares
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
