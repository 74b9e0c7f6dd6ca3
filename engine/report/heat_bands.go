package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// newHeatMap arranges a table over two fields as a heat map. It leaves out values
// without observed or expected persons. The field with the shorter labels
// becomes the columns; shares are within the values of the table's first field. Many
// values of a field of whole numbers are summed by bands.
func newHeatMap(t *Table, whole [2]bool) *heatMap {
	n := [2]int{len(t.Labels[0]), len(t.Labels[1])}
	cell := func(a, b int) int { return a*n[1] + b }
	var kept [2][]int
	for a := range n[0] {
		if slices.ContainsFunc(indices(n[1]), func(b int) bool { return t.Target[cell(a, b)] > 0 || t.Observed[cell(a, b)] > 0 }) {
			kept[0] = append(kept[0], a)
		}
	}
	for b := range n[1] {
		if slices.ContainsFunc(indices(n[0]), func(a int) bool { return t.Target[cell(a, b)] > 0 || t.Observed[cell(a, b)] > 0 }) {
			kept[1] = append(kept[1], b)
		}
	}
	h := &heatMap{Rows: t.Fields[0], Columns: t.Fields[1]}
	var bands [2][]heatBand
	var longest [2]int
	for k := range kept {
		bands[k], h.Widths[k] = heatBands(t.Labels[k], kept[k], whole[k])
		for _, b := range bands[k] {
			longest[k] = max(longest[k], len([]rune(b.label)))
		}
	}
	rows, columns := 0, 1
	if longest[0] < longest[1] && longest[1] > 6 {
		rows, columns, h.Down = 1, 0, true
		h.Rows, h.Columns = h.Columns, h.Rows
	}
	for _, c := range bands[columns] {
		h.ColumnLabels = append(h.ColumnLabels, c.label)
	}
	for _, r := range bands[rows] {
		h.RowLabels = append(h.RowLabels, r.label)
		observed, target := make([]float64, len(bands[columns])), make([]float64, len(bands[columns]))
		for i, c := range bands[columns] {
			for _, y := range r.values {
				for _, x := range c.values {
					k := cell(y, x)
					if h.Down {
						k = cell(x, y)
					}
					observed[i], target[i] = observed[i]+t.Observed[k], target[i]+t.Target[k]
				}
			}
		}
		h.Observed, h.Target = append(h.Observed, observed), append(h.Target, target)
	}
	return h
}

// mostMapValues is the number of values of a field of whole numbers that a heat map
// shows one by one.
const mostMapValues = 24

// heatBand is a row or column of a heat map: one value of a field, or a run of whole
// numbers.
type heatBand struct {
	label  string
	values []int // positions in Table.Labels
}

// heatBands returns the bands of the values that are kept, and their width: 1 unless the
// field has more than mostMapValues whole numbers. A value without a number, null, is a
// band of its own.
func heatBands(labels []string, kept []int, whole bool) (bands []heatBand, width int64) {
	width = 1
	numbers := map[int]int64{}
	if whole && len(kept) > mostMapValues {
		low, high := int64(math.MaxInt64), int64(math.MinInt64)
		for _, v := range kept {
			if n, err := strconv.ParseInt(labels[v], 10, 64); err == nil {
				numbers[v], low, high = n, min(low, n), max(high, n)
			}
		}
		width = max(1, int64(roundStep((float64(high)-float64(low)+1)/mostMapValues)))
	}
	last := map[int64]int{} // the band of the numbers from a multiple of width
	for _, v := range kept {
		n, number := numbers[v]
		if k, ok := last[floorDiv(n, width)]; number && ok {
			b := &bands[k]
			b.values = append(b.values, v)
			b.label = labels[b.values[0]] + "–" + labels[v]
			continue
		}
		if number {
			last[floorDiv(n, width)] = len(bands)
		}
		bands = append(bands, heatBand{labels[v], []int{v}})
	}
	return bands, width
}

// banded reports whether values are summed.
func (h *heatMap) banded() bool { return h.Widths[0] > 1 || h.Widths[1] > 1 }

// bandsOf says which values are summed, "" if none are.
func (h *heatMap) bandsOf(fields []string, title func(string) string) string {
	var out []string
	for k, width := range h.Widths {
		if width > 1 {
			out = append(out, fmt.Sprintf("The values of %s are summed by bands of %d.", title(fields[k]), width))
		}
	}
	return strings.Join(out, " ")
}
