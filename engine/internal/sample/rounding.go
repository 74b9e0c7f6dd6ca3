package sample

import (
	"math"
	"sort"

	"github.com/personagen/personagen/engine/internal/rng"
)

// whole is the largest difference from an integer at which a computed count counts
// as that integer.
const whole = 1e-6

// LargestRemainder rounds expected counts, each >= 0, to integers that sum to n,
// which is the rounded sum of the expected counts (Hamilton's method). It rounds
// all counts down and then adds one to those with the largest remainders; among
// equal remainders the earlier goes first.
func LargestRemainder(expected []float64, n int64) []int64 {
	out := make([]int64, len(expected))
	order := make([]int, len(expected))
	left := n
	for i, x := range expected {
		out[i] = int64(math.Floor(x + whole))
		left -= out[i]
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool {
		return expected[order[a]]-float64(out[order[a]]) > expected[order[b]]-float64(out[order[b]])
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

// roundSystematic rounds a row of expected counts without bias by systematic
// sampling (Madow 1949, "On the theory of systematic sampling, II"). With one random
// start u, the count of a cell is how many of the numbers u, u+1, u+2, ... fall
// into its interval of the cumulative sum. Every run of neighbouring cells gets its
// floor or its ceiling. The counts are written to count and sum to size.
func roundSystematic(expected []float64, size int32, count []int32, source *rng.Source) {
	u := source.Float64()
	sum := 0.0
	last, before := -1, int32(0)
	for i, x := range expected {
		count[i] = 0
		if x <= 0 {
			continue
		}
		sum += x
		upTo := min(int32(math.Floor(sum+u)), size)
		count[i] = upTo - before
		before, last = upTo, i
	}
	if last >= 0 { // what rounding errors lost at the end of the sum
		count[last] += size - before
	}
}

// edge is a cell whose rounding is open, as an edge between its row and its column
// in a bipartite graph.
type edge struct {
	row, column int
	up          float64 // fractional part: the probability of being rounded up
	open        bool
}

// rounder rounds a table such that every cell gets its floor or ceiling with its
// expectation kept, row sums are exact, and column sums get their floor or ceiling:
// unbiased controlled rounding (Cox 1987, "A constructive procedure for unbiased
// controlled rounding"), as dependent rounding in a bipartite graph (Gandhi,
// Khuller, Parthasarathy and Srinivasan 2006, "Dependent rounding and its
// applications to approximation algorithms", J. ACM 53).
//
// Cells are added one by one. The open cells always form a forest: a cell that
// closes a cycle is resolved together with the cycle. Rows have integer sums, so
// that no row has a single open cell, and at most columns-1 rows are open at a
// time. The forest stays small however many rows there are.
type rounder struct {
	source  *rng.Source
	edges   []edge
	free    []int   // edges that can be reused
	columns [][]int // open edges at each column
	rows    map[int][]int
	path    []int
	settle  func(row, column int, up bool)
}

// roundTable rounds the table expected, of len(size) rows with row sums size, and
// writes the counts to count.
func roundTable(expected []float64, columns int, size, count []int32, source *rng.Source) {
	r := &rounder{source: source, columns: make([][]int, columns), rows: map[int][]int{}}
	r.settle = func(row, column int, up bool) {
		if up {
			count[row*columns+column]++
		}
	}
	for row := range size {
		for c := range columns {
			x := expected[row*columns+c]
			floor := math.Floor(x + whole)
			count[row*columns+c] = int32(floor)
			if up := x - floor; up > whole {
				r.add(row, c, up)
			}
		}
	}
	r.finish()
	for row, n := range size {
		repairRow(expected[row*columns:(row+1)*columns], n, count[row*columns:(row+1)*columns])
	}
}

// repairRow rounds a row again when rounding errors have changed its sum.
func repairRow(expected []float64, size int32, count []int32) {
	var sum int32
	for _, n := range count {
		sum += n
	}
	if sum == size {
		return
	}
	for c, n := range LargestRemainder(expected, int64(size)) {
		count[c] = int32(n)
	}
	sum = 0
	largest := 0
	for c, n := range count {
		sum += n
		if expected[c] > expected[largest] {
			largest = c
		}
	}
	count[largest] += size - sum
}

// add opens a cell, and resolves the cycle that it closes, if any.
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

// find appends to r.path the open edges on the path from a row to a column that
// does not start with the edge from, and reports whether there is such a path.
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

// shift moves the open cells of r.path alternately up and down until one of them
// is an integer. It draws the direction such that every expectation is kept.
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

// finish resolves the remaining forest, path by path. Leaves are columns, so that
// a path from leaf to leaf keeps the row sums and changes only the sums of the two
// columns at its ends.
func (r *rounder) finish() {
	for e := range r.edges {
		for r.edges[e].open {
			r.path = r.path[:0]
			r.walk(e)
			r.shift()
		}
	}
}

// walk sets r.path to a path through edge e that ends at leaves.
func (r *rounder) walk(e int) {
	ahead := r.extend(nil, e, true)
	for i := len(ahead) - 1; i >= 0; i-- {
		r.path = append(r.path, ahead[i])
	}
	r.path = append(r.path, e)
	r.path = r.extend(r.path, e, false)
}

// extend appends to path the open edges from e to a leaf, starting at e's row or
// column.
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
