package sample

import (
	"math"
	"sort"

	"github.com/personagen/personagen/engine/internal/rng"
)

// whole is how near to an integer a computed count must be to be taken for it.
const whole = 1e-6

// LargestRemainder rounds the expected counts want, each >= 0, to integers that
// sum to n, the rounded sum of want: all are rounded down, then the cells with
// the largest remainders, the earlier first, get one more.
func LargestRemainder(want []float64, n int64) []int64 {
	out := make([]int64, len(want))
	order := make([]int, len(want))
	left := n
	for i, x := range want {
		out[i] = int64(math.Floor(x + whole))
		left -= out[i]
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool {
		return want[order[a]]-float64(out[order[a]]) > want[order[b]]-float64(out[order[b]])
	})
	for i := range order {
		if left <= 0 {
			break
		}
		out[order[i]]++
		left--
	}
	return out
}

// roundSystematic rounds a row of expected counts without bias: with one random
// start u, the count of a cell is how many of u, u+1, u+2, ... fall into its
// stretch of the cumulative sum. Any run of neighbouring cells gets its floor or
// its ceiling (Madow 1949). have receives the counts, which sum to size.
func roundSystematic(want []float64, size int32, have []int32, source *rng.Source) {
	u := source.Float64()
	sum := 0.0
	last, before := -1, int32(0)
	for i, x := range want {
		have[i] = 0
		if x <= 0 {
			continue
		}
		sum += x
		upTo := min(int32(math.Floor(sum+u)), size)
		have[i] = upTo - before
		before, last = upTo, i
	}
	if last >= 0 { // what floating point lost at the end of the sum
		have[last] += size - before
	}
}

// edge is a cell whose rounding is still open: a line between its row and its
// column in a bipartite graph.
type edge struct {
	row, column int
	up          float64 // fractional part: the probability of being rounded up
	open        bool
}

// rounder rounds a table cell by cell such that every cell gets its floor or
// ceiling, its expectation is kept, row sums are exact and column sums get their
// floor or ceiling: dependent rounding (Gandhi, Khuller, Parthasarathy and
// Srinivasan, J. ACM 53, 2006).
//
// The open cells always form a forest; a cell that would close a cycle is
// settled together with the cycle. Rows have integer sums, so that no open row
// has a single open cell, and at most columns-1 rows are open at a time: the
// forest stays small however many rows come.
type rounder struct {
	source  *rng.Source
	edges   []edge
	free    []int   // edges that can be used again
	columns [][]int // open edges at each column
	rows    map[int][]int
	path    []int
	settle  func(row, column int, up bool)
}

// roundTable rounds the table want of rows x columns, whose row sums are the
// integers size, into have.
func roundTable(want []float64, columns int, size, have []int32, source *rng.Source) {
	r := &rounder{source: source, columns: make([][]int, columns), rows: map[int][]int{}}
	r.settle = func(row, column int, up bool) {
		if up {
			have[row*columns+column]++
		}
	}
	for row := range size {
		for c := range columns {
			x := want[row*columns+c]
			floor := math.Floor(x + whole)
			have[row*columns+c] = int32(floor)
			if up := x - floor; up > whole {
				r.add(row, c, up)
			}
		}
	}
	r.finish()
	for row, n := range size {
		repairRow(want[row*columns:(row+1)*columns], n, have[row*columns:(row+1)*columns])
	}
}

// repairRow rounds a row anew when floating point has cost it its sum.
func repairRow(want []float64, size int32, have []int32) {
	var sum int32
	for _, n := range have {
		sum += n
	}
	if sum == size {
		return
	}
	for c, n := range LargestRemainder(want, int64(size)) {
		have[c] = int32(n)
	}
	sum = 0
	largest := 0
	for c, n := range have {
		sum += n
		if want[c] > want[largest] {
			largest = c
		}
	}
	have[largest] += size - sum
}

// add opens a cell, and settles the cycle that it closes, if any.
func (r *rounder) add(row, column int, up float64) {
	r.path = r.path[:0]
	cycle := r.find(row, column, -1)
	e := r.open(row, column, up)
	if cycle {
		r.path = append(r.path, e)
		r.shift()
	}
}

func (r *rounder) open(row, column int, up float64) int {
	e := len(r.edges)
	if k := len(r.free); k > 0 {
		e, r.free = r.free[k-1], r.free[:k-1]
		r.edges[e] = edge{row, column, up, true}
	} else {
		r.edges = append(r.edges, edge{row, column, up, true})
	}
	r.rows[row] = append(r.rows[row], e)
	r.columns[column] = append(r.columns[column], e)
	return e
}

// find leaves in r.path the open edges from a row to a column, without the edge
// from, and reports whether there is such a way.
func (r *rounder) find(row, column, from int) bool {
	for _, e := range r.rows[row] {
		if e == from {
			continue
		}
		c := r.edges[e].column
		r.path = append(r.path, e)
		if c == column {
			return true
		}
		for _, f := range r.columns[c] {
			if f == e {
				continue
			}
			r.path = append(r.path, f)
			if r.find(r.edges[f].row, column, f) {
				return true
			}
			r.path = r.path[:len(r.path)-1]
		}
		r.path = r.path[:len(r.path)-1]
	}
	return false
}

// shift moves the open cells of r.path alternately up and down until one is an
// integer. Which of the two directions is taken is drawn such that every
// expectation is kept.
func (r *rounder) shift() {
	forth, back := math.Inf(1), math.Inf(1)
	for i, e := range r.path {
		up := r.edges[e].up
		if i%2 == 0 {
			forth, back = min(forth, 1-up), min(back, up)
		} else {
			forth, back = min(forth, up), min(back, 1-up)
		}
	}
	by := forth
	if float64(r.source.Float64()*(forth+back)) < forth {
		by = -back
	}
	for i, e := range r.path {
		if i%2 == 0 {
			r.edges[e].up += by
		} else {
			r.edges[e].up -= by
		}
		if up := r.edges[e].up; up < whole/16 || up > 1-whole/16 {
			r.close(e)
		}
	}
}

func (r *rounder) close(e int) {
	g := &r.edges[e]
	r.settle(g.row, g.column, g.up > 0.5)
	g.open = false
	r.free = append(r.free, e)
	r.columns[g.column] = without(r.columns[g.column], e)
	if r.rows[g.row] = without(r.rows[g.row], e); len(r.rows[g.row]) == 0 {
		delete(r.rows, g.row)
	}
}

func without(list []int, e int) []int {
	i := position(list, e)
	return append(list[:i], list[i+1:]...)
}

// finish settles the forest that is left: along a way from leaf to leaf, which
// are columns, row sums stay and the two columns at its ends are rounded.
func (r *rounder) finish() {
	for e := range r.edges {
		for r.edges[e].open {
			r.path = r.path[:0]
			r.walk(e)
			r.shift()
		}
	}
}

// walk leaves in r.path a longest way through edge e.
func (r *rounder) walk(e int) {
	ahead := r.extend(nil, e, true)
	for i := len(ahead) - 1; i >= 0; i-- {
		r.path = append(r.path, ahead[i])
	}
	r.path = append(r.path, e)
	r.path = r.extend(r.path, e, false)
}

// extend follows open edges from e, first at its row or at its column, until a
// leaf.
func (r *rounder) extend(path []int, e int, atRow bool) []int {
	for {
		next := r.columns[r.edges[e].column]
		if atRow {
			next = r.rows[r.edges[e].row]
		}
		i := 0
		if len(next) > 1 && next[0] == e {
			i = 1
		}
		if next[i] == e {
			return path
		}
		e, atRow = next[i], !atRow
		path = append(path, e)
	}
}
