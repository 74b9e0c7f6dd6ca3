package stat

import (
	"cmp"
	"slices"
)

// Pool joins cells in ascending order of weight until each pool weighs at least
// 1; a remainder joins the pool before it. It returns the pool of each cell (-1
// for cells of weight 0), the number of pools, and how many cells share a pool
// with others.
func Pool(weight []float64) (of []int, pools, joined int) {
	of = make([]int, len(weight))
	var order []int
	for i, w := range weight {
		of[i] = -1
		if w > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(weight[x], weight[y]) })
	sum := 0.0
	var size []int
	for _, i := range order {
		if sum == 0 {
			size = append(size, 0)
		}
		of[i] = len(size) - 1
		size[of[i]]++
		if sum += weight[i]; sum >= 1-1e-9 {
			sum = 0
		}
	}
	if sum > 0 && len(size) > 1 {
		last := len(size) - 1
		for i := range of {
			if of[i] == last {
				of[i] = last - 1
			}
		}
		size[last-1] += size[last]
		size = size[:last]
	}
	for _, n := range size {
		if n > 1 {
			joined += n
		}
	}
	return of, len(size), joined
}

// Pooled adds cells up by the pools that Pool returned.
func Pooled(cells []float64, of []int, pools int) []float64 {
	out := make([]float64, pools)
	for i, p := range of {
		if p >= 0 {
			out[p] += cells[i]
		}
	}
	return out
}
