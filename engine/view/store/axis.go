package store

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"sync"

	"github.com/personagen/personagen/engine/frame"
)

// Axis divides the values of a column into bins that a page can show: single values, or
// intervals of sizes, or the commonest values and the rest.
type Axis struct {
	Column *Column
	Bins   []Bin
	// of maps codes of a coded column to bins, -1 for none.
	of     []int
	bounds []float64 // lower ends of intervals
	codes  func() map[any]int
}

// Bin is one of the parts of an axis.
type Bin struct {
	Label string
	Null  bool
	Rest  bool // all values that have no bin of their own
	// Codes of a coded column, in order; nil for other columns.
	Codes []int
	// From and To bound the values of an interval: from <= value < to, or <= to for
	// the last.
	Interval bool
	From, To float64
	Last     bool
}

// NewAxis returns an axis of at most so many bins, apart from null and the rest. The
// selection decides which values of many are the commonest.
func (t *Table) NewAxis(c *Column, s *Selection, most int) *Axis {
	a := &Axis{Column: c, codes: sync.OnceValue(func() map[any]int {
		codes := make(map[any]int, c.Values())
		for code := range c.Values() {
			codes[c.Value(code)] = code
		}
		return codes
	})}
	switch {
	case c.Coded() && (c.Values() <= most || !c.Numeric()):
		a.single(t, s, most)
	case c.Numeric():
		a.intervals(t, most)
	default:
		return nil // texts that are all different
	}
	return a
}

// single makes a bin of each value, or of the commonest values.
func (a *Axis) single(t *Table, s *Selection, most int) {
	c := a.Column
	a.of = make([]int, c.Slots())
	codes := make([]int, c.Values())
	for i := range codes {
		codes[i] = i
	}
	var rest []int
	if len(codes) > most {
		counts := t.Count(c, s)
		sort.SliceStable(codes, func(i, j int) bool { return counts.Weight(codes[i]) > counts.Weight(codes[j]) })
		codes, rest = codes[:most:most], codes[most:]
	}
	for _, code := range codes {
		a.of[code] = len(a.Bins)
		a.Bins = append(a.Bins, Bin{Label: c.Label(code), Codes: []int{code}})
	}
	if rest != nil {
		slices.Sort(rest)
		for _, code := range rest {
			a.of[code] = len(a.Bins)
		}
		a.Bins = append(a.Bins, Bin{Label: strconv.Itoa(len(rest)) + " others", Rest: true, Codes: rest})
	}
	a.empty()
}

// empty adds bins for null and for what is no label, if there are any.
func (a *Axis) empty() {
	c := a.Column
	a.of[c.NullCode()], a.of[c.NullCode()+1] = -1, -1
	if c.Nulls > 0 {
		a.of[c.NullCode()] = len(a.Bins)
		a.Bins = append(a.Bins, Bin{Label: "null", Null: true, Codes: []int{c.NullCode()}})
	}
	if c.Field.Type == frame.Category {
		for row, n := 0, c.rows(); row < n; row++ {
			if c.Code(row) > c.NullCode() {
				a.of[c.NullCode()+1] = len(a.Bins)
				a.Bins = append(a.Bins, Bin{Label: NoLabel, Codes: []int{c.NullCode() + 1}})
				return
			}
		}
	}
}

func (c *Column) rows() int {
	return max(len(c.narrow), len(c.short), len(c.wide), len(c.ints), len(c.floats), len(c.texts.ends))
}

// extent returns the least and greatest value of a numeric column; false if all are null.
func (c *Column) extent() (low, high float64, ok bool) {
	if c.Coded() {
		if c.Values() == 0 {
			return 0, 0, false
		}
		low, _ = c.NumberOf(0)
		high, _ = c.NumberOf(c.Values() - 1)
		return low, high, true
	}
	low, high = math.Inf(1), math.Inf(-1)
	for row := range c.rows() {
		if x, is := c.Number(row); is {
			low, high, ok = min(low, x), max(high, x), true
		}
	}
	return low, high, ok
}

// quantile returns about the value that a share of the rows of a column does not exceed.
func (c *Column) quantile(share float64) float64 {
	n := c.rows()
	step := max(1, n/10_000)
	var sample []float64
	for row := 0; row < n; row += step {
		if x, ok := c.Number(row); ok {
			sample = append(sample, x)
		}
	}
	if len(sample) == 0 {
		return 0
	}
	slices.Sort(sample)
	return sample[min(len(sample)-1, int(share*float64(len(sample))))]
}

// intervals makes bins of equal width, with round ends; the last one has all that is
// above, so that a few large values do not leave the others in one bin.
func (a *Axis) intervals(t *Table, most int) {
	c := a.Column
	low, high, ok := c.extent()
	if c.Coded() {
		a.of = make([]int, c.Slots())
	}
	if ok {
		top := high
		if q := c.quantile(0.99); q > low && high-low > 2*(q-low) {
			top = q
		}
		integer := c.Field.Type == frame.Integer || c.Field.Type == frame.Date
		width := niceWidth((top-low)/float64(most), integer)
		for at := math.Floor(low/width) * width; at <= top || len(a.bounds) == 0; at += width {
			a.bounds = append(a.bounds, at)
		}
		for i, from := range a.bounds {
			b := Bin{Interval: true, From: from, To: from + width, Last: i == len(a.bounds)-1}
			if b.Last {
				b.To = max(high, from)
			}
			b.Label = a.intervalLabel(b, integer)
			a.Bins = append(a.Bins, b)
		}
	}
	if c.Coded() {
		for code := range c.Values() {
			x, _ := c.NumberOf(code)
			bin := a.interval(x)
			a.of[code] = bin
			a.Bins[bin].Codes = append(a.Bins[bin].Codes, code)
		}
		a.empty()
	} else if c.Nulls > 0 {
		a.Bins = append(a.Bins, Bin{Label: "null", Null: true})
	}
}

func (a *Axis) intervalLabel(b Bin, integer bool) string {
	c := a.Column
	show := func(x float64) string {
		switch c.Field.Type {
		case frame.Date:
			return string(frame.AppendDate(nil, int64(x)))
		case frame.Integer:
			return strconv.FormatInt(int64(x), 10)
		}
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	switch {
	case b.Last:
		return show(b.From) + " and over"
	case integer && b.To-b.From == 1:
		return show(b.From)
	case integer:
		return show(b.From) + "–" + show(b.To-1)
	}
	return show(b.From) + " to " + show(b.To)
}

// niceWidth returns 1, 2 or 5 times a power of ten, at least x.
func niceWidth(x float64, integer bool) float64 {
	if x <= 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(x)))
	width := 10 * power
	for _, k := range []float64{1, 2, 5} {
		if k*power >= x {
			width = k * power
			break
		}
	}
	if integer {
		return max(1, math.Ceil(width))
	}
	return width
}

// interval returns the bin of a size.
func (a *Axis) interval(x float64) int {
	i := sort.SearchFloat64s(a.bounds, x)
	if i < len(a.bounds) && a.bounds[i] == x {
		return i
	}
	return max(0, i-1)
}

// Bin returns the bin of a row, -1 for none.
func (a *Axis) Bin(row int) int {
	c := a.Column
	if a.of != nil {
		return a.of[c.Code(row)]
	}
	x, ok := c.Number(row)
	if !ok {
		return len(a.Bins) - 1
	}
	return a.interval(x)
}

// Count counts the selected rows by bin.
func (a *Axis) Count(t *Table, s *Selection) Counts {
	out := Counts{Rows: make([]int64, len(a.Bins))}
	if t.Weights != nil {
		out.Weights = make([]float64, len(a.Bins))
	}
	if a.of != nil {
		counts := t.Count(a.Column, s)
		for code, bin := range a.of {
			if bin >= 0 {
				out.Rows[bin] += counts.Rows[code]
				if out.Weights != nil {
					out.Weights[bin] += counts.Weights[code]
				}
			}
		}
		return out
	}
	s.each(func(r uint32) {
		bin := a.Bin(int(r))
		out.Rows[bin]++
		if out.Weights != nil {
			out.Weights[bin] += t.Weights[r]
		}
	})
	return out
}

// Cross counts the selected rows by the bins of two axes, row-major.
func (t *Table) Cross(a, b *Axis, s *Selection) Counts {
	out := Counts{Rows: make([]int64, len(a.Bins)*len(b.Bins))}
	if t.Weights != nil {
		out.Weights = make([]float64, len(out.Rows))
	}
	s.each(func(r uint32) {
		i, k := a.Bin(int(r)), b.Bin(int(r))
		if i < 0 || k < 0 {
			return
		}
		cell := i*len(b.Bins) + k
		out.Rows[cell]++
		if out.Weights != nil {
			out.Weights[cell] += t.Weights[r]
		}
	})
	return out
}

// NullBin returns the bin of null, -1 for none.
func (a *Axis) NullBin() int {
	return slices.IndexFunc(a.Bins, func(b Bin) bool { return b.Null })
}

// BinOf returns the bin of a size, which no row need have, -1 for none.
func (a *Axis) BinOf(x float64) int {
	if a.bounds != nil {
		if x < a.bounds[0] {
			return -1
		}
		return a.interval(x)
	}
	for code := range a.Column.Values() {
		if y, ok := a.Column.NumberOf(code); ok && y == x {
			return a.of[code]
		}
	}
	return -1
}

// BinOfValue returns the bin of a value of a category or text, -1 for none.
func (a *Axis) BinOfValue(value any) int {
	if a.of == nil {
		return -1
	}
	if code, ok := a.codes()[value]; ok {
		return a.of[code]
	}
	return -1
}
