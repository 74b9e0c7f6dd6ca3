package check

import (
	"cmp"
	"math"
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

// leastStratum is the size below which a stratum says nothing.
const leastStratum = 8

// strata returns the rows of the sample that have the same values of the given
// axes, in the order of those values, so that sums over strata have one order.
// Rows with a value that must not be, and small strata, are left out.
func (s *Suite) strata(m *sample, given []int) [][]int32 {
	type row struct {
		key int64
		row int32
	}
	var rows []row
next:
	for r, taken := range m.taken {
		if !taken {
			continue
		}
		key := int64(0)
		for _, a := range given {
			code := m.codes[slices.Index(s.sampled, a)][r]
			if code < 0 {
				continue next
			}
			key = key*int64(s.axes[a].slots) + int64(code)
		}
		rows = append(rows, row{key, int32(r)})
	}
	slices.SortFunc(rows, func(x, y row) int {
		if c := cmp.Compare(x.key, y.key); c != 0 {
			return c
		}
		return cmp.Compare(x.row, y.row)
	})
	var out [][]int32
	for i := 0; i < len(rows); {
		var stratum []int32
		key := rows[i].key
		for ; i < len(rows) && rows[i].key == key; i++ {
			stratum = append(stratum, rows[i].row)
		}
		if len(stratum) >= leastStratum {
			out = append(out, stratum)
		}
	}
	return out
}

// pairTable counts a pair of axes in a stratum. Rows and columns of the table
// are joined in ascending order until each holds the square root of its
// persons, so that no expected count lies below 1; this looks at the margins
// only and so leaves a test of independence valid.
func (s *Suite) pairTable(m *sample, pair [2]int, stratum []int32) (table []float64, columns, joined int) {
	var codes [2][]int32
	var of [2][]int
	var pools [2]int
	n := 0.0
	for k, a := range pair {
		codes[k] = m.codes[slices.Index(s.sampled, a)]
	}
	var weight [2][]float64
	for k, a := range pair {
		weight[k] = make([]float64, s.axes[a].slots)
	}
	for _, r := range stratum {
		if x, y := codes[0][r], codes[1][r]; x >= 0 && y >= 0 {
			weight[0][x]++
			weight[1][y]++
			n++
		}
	}
	least := math.Sqrt(n)
	for k := range pair {
		for i := range weight[k] {
			weight[k][i] /= least
		}
		var j int
		of[k], pools[k], j = pool(weight[k])
		joined += j
	}
	table = make([]float64, pools[0]*pools[1])
	for _, r := range stratum {
		if x, y := codes[0][r], codes[1][r]; x >= 0 && y >= 0 {
			table[of[0][x]*pools[1]+of[1][y]]++
		}
	}
	return table, pools[1], joined
}
