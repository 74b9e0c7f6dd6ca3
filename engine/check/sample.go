package check

import (
	"cmp"
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

// sampleRows is how many of the first persons the independence ledger is
// tested on.
const sampleRows = 20_000

// sample holds the codes of the first persons: a table of each pair is counted
// from it at the end, which is cheaper than counting hundreds as rows pass.
type sample struct {
	taken []bool
	codes [][]int32 // per sampled axis
	rest  []uint64  // fingerprints of persons without their drawn numbers
}

func (s *sample) add(t *Tally, b *frame.Batch) {
	from := b.First - t.suite.options.First
	if from < 0 || from >= sampleRows {
		return
	}
	if s.taken == nil {
		s.taken, s.rest = make([]bool, sampleRows), make([]uint64, sampleRows)
		for range t.suite.sampled {
			s.codes = append(s.codes, make([]int32, sampleRows))
		}
	}
	n := min(b.N, int(sampleRows-from))
	for k, a := range t.suite.sampled {
		copy(s.codes[k][from:], t.codes[a][:n])
	}
	for r := range n {
		s.taken[int(from)+r] = true
		if t.persons != nil {
			s.rest[int(from)+r] = t.prints.rest[r].finish().a
		}
	}
}

func (s *sample) merge(o *sample) {
	if s.taken == nil {
		*s = *o
		return
	}
	for r, taken := range o.taken {
		if !taken {
			continue
		}
		s.taken[r], s.rest[r] = true, o.rest[r]
		for k := range s.codes {
			s.codes[k][r] = o.codes[k][r]
		}
	}
}

// agreement estimates the chance that two persons are the same but for their
// drawn numbers; when no two are, it is the bound that three such pairs give.
func (s *sample) agreement() float64 {
	var prints []uint64
	for r, taken := range s.taken {
		if taken {
			prints = append(prints, s.rest[r])
		}
	}
	slices.Sort(prints)
	n := float64(len(prints))
	if n < 2 {
		return 1
	}
	pairs := 0.0
	for i := 0; i < len(prints); {
		k := i + 1
		for k < len(prints) && prints[k] == prints[i] {
			k++
		}
		pairs += float64(k-i) * float64(k-i-1) / 2
		i = k
	}
	return min(1, max(pairs, 3)/(n*(n-1)/2))
}

// tabulate visits the table of a pair of axes, row-major, in each configuration
// of the given axes that holds two rows of the sample or more. The order is
// fixed, so that sums have one order; the table is reused.
func (s *Suite) tabulate(m *sample, pair [2]int, given []int, visit func(counts []int64)) {
	type row struct {
		key  int64
		cell int32
	}
	if m.taken == nil {
		return
	}
	codes := func(axis int) []int32 { return m.codes[slices.Index(s.sampled, axis)] }
	first, second := codes(pair[0]), codes(pair[1])
	slots := s.axes[pair[1]].slots
	var rows []row
next:
	for r, taken := range m.taken {
		if !taken || first[r] < 0 || second[r] < 0 {
			continue
		}
		key := int64(0)
		for _, a := range given {
			code := codes(a)[r]
			if code < 0 {
				continue next
			}
			key = key*int64(s.axes[a].slots) + int64(code)
		}
		rows = append(rows, row{key, first[r]*slots + second[r]})
	}
	slices.SortFunc(rows, func(x, y row) int { return cmp.Compare(x.key, y.key) })
	counts := make([]int64, int(s.axes[pair[0]].slots)*int(slots))
	for i := 0; i < len(rows); {
		k := i
		for k < len(rows) && rows[k].key == rows[i].key {
			k++
		}
		if k-i >= 2 {
			clear(counts)
			for _, x := range rows[i:k] {
				counts[x.cell]++
			}
			visit(counts)
		}
		i = k
	}
}
