package store

import (
	"cmp"
	"slices"
	"sort"
	"strconv"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
)

// Column holds the values of a field for all rows. A column with few different values is
// coded: a row has the position of its value in a sorted dictionary. Another has the
// values themselves.
type Column struct {
	Field frame.Field
	// Nulls is the number of rows without a value.
	Nulls int64

	// The codes of a coded column, in the narrowest form that holds them. Null is the
	// code after the last value, and the next one is a value that is no label of the
	// category.
	narrow []uint8
	short  []uint16
	wide   []uint32
	values dictionary

	// The values of another column.
	ints   []int64
	floats []float64
	texts  heap
	null   []bool // nil if no row is null
}

// dictionary has the values of a coded column, in order: by size, by letters, or as the
// labels of the category are declared.
type dictionary struct {
	labels []string  // of categories and texts
	ints   []int64   // of integers and dates
	floats []float64 // of numbers
}

func (d *dictionary) size() int { return max(len(d.labels), len(d.ints), len(d.floats)) }

// heap holds texts one after the other.
type heap struct {
	bytes []byte
	ends  []uint64
}

func (h *heap) add(text string) {
	h.bytes = append(h.bytes, text...)
	h.ends = append(h.ends, uint64(len(h.bytes)))
}

func (h *heap) at(row int) string { return string(h.raw(row)) }

// raw is valid as long as the heap is.
func (h *heap) raw(row int) []byte {
	from := uint64(0)
	if row > 0 {
		from = h.ends[row-1]
	}
	return h.bytes[from:h.ends[row]]
}

// Coded reports whether the column has a dictionary.
func (c *Column) Coded() bool { return c.narrow != nil || c.short != nil || c.wide != nil }

// Values is the number of different values of a coded column.
func (c *Column) Values() int { return c.values.size() }

// Slots is the number of codes of a coded column: its values, null and what is no label.
func (c *Column) Slots() int { return c.Values() + 2 }

// NullCode is the code of null.
func (c *Column) NullCode() int { return c.Values() }

// Code returns the code of a row.
func (c *Column) Code(row int) int {
	switch {
	case c.narrow != nil:
		return int(c.narrow[row])
	case c.short != nil:
		return int(c.short[row])
	}
	return int(c.wide[row])
}

// Numeric reports whether the values have sizes: integers, numbers and dates.
func (c *Column) Numeric() bool {
	return c.Field.Type == frame.Integer || c.Field.Type == frame.Number || c.Field.Type == frame.Date
}

// NoLabel is shown in place of a value that is no label of its category.
const NoLabel = "(not a label)"

// Value returns what a code stands for as conditions see it: a string, an int64, a
// float64, a bool, or nil for null.
func (c *Column) Value(code int) any {
	switch {
	case code == c.Values():
		return nil
	case code > c.Values():
		return NoLabel
	case c.Field.Type == frame.Date:
		return string(frame.AppendDate(nil, c.values.ints[code]))
	case c.values.ints != nil:
		return c.values.ints[code]
	case c.values.floats != nil:
		return c.values.floats[code]
	case c.Field.Boolean:
		return c.values.labels[code] == "true"
	}
	return c.values.labels[code]
}

// Label returns what a code stands for, as a text: "null" for null.
func (c *Column) Label(code int) string { return c.textOf(c.Value(code)) }

func (c *Column) textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return string(dataset.AppendNumber(nil, v, c.Field.Decimals))
	case bool:
		return strconv.FormatBool(v)
	}
	return value.(string)
}

// Cell returns the value of a row as conditions see it.
func (c *Column) Cell(row int) any {
	switch {
	case c.Coded():
		return c.Value(c.Code(row))
	case c.null != nil && c.null[row]:
		return nil
	case c.Field.Type == frame.Date:
		return string(frame.AppendDate(nil, c.ints[row]))
	case c.ints != nil:
		return c.ints[row]
	case c.floats != nil:
		return c.floats[row]
	}
	return c.texts.at(row)
}

// Text returns the value of a row as a text, "" and false for null.
func (c *Column) Text(row int) (string, bool) {
	v := c.Cell(row)
	if v == nil {
		return "", false
	}
	return c.textOf(v), true
}

// Number returns the size of the value of a row of a numeric column; false for null.
func (c *Column) Number(row int) (float64, bool) {
	switch {
	case c.Coded():
		return c.NumberOf(c.Code(row))
	case c.null != nil && c.null[row]:
		return 0, false
	case c.ints != nil:
		return float64(c.ints[row]), true
	}
	return c.floats[row], true
}

// NumberOf returns the size of the value of a code; false for null.
func (c *Column) NumberOf(code int) (float64, bool) {
	switch {
	case code >= c.Values():
		return 0, false
	case c.values.ints != nil:
		return float64(c.values.ints[code]), true
	}
	return c.values.floats[code], true
}

// compare orders two rows of a column without codes; null is last.
func (c *Column) compare(a, b int) int {
	if c.null != nil && (c.null[a] || c.null[b]) {
		switch {
		case c.null[a] == c.null[b]:
			return 0
		case c.null[a]:
			return 1
		}
		return -1
	}
	switch {
	case c.ints != nil:
		return cmp.Compare(c.ints[a], c.ints[b])
	case c.floats != nil:
		return cmp.Compare(c.floats[a], c.floats[b])
	}
	return slices.Compare(c.texts.raw(a), c.texts.raw(b))
}

// Order sorts rows by a column, stably, null last. The result is a new list.
func (c *Column) Order(rows *Selection, down bool) *Selection {
	list := make([]uint32, 0, rows.Len())
	rows.each(func(r uint32) { list = append(list, r) })
	if !c.Coded() {
		sort.SliceStable(list, func(i, j int) bool {
			a, b := int(list[i]), int(list[j])
			if down && !(c.null != nil && (c.null[a] || c.null[b])) {
				a, b = b, a
			}
			return c.compare(a, b) < 0
		})
		return &Selection{rows: list}
	}
	starts := make([]int, c.Slots()+1)
	rank := func(code int) int {
		if down && code < c.Values() {
			return c.Values() - 1 - code
		}
		return code
	}
	for _, r := range list {
		starts[rank(c.Code(int(r)))+1]++
	}
	for i := range c.Slots() {
		starts[i+1] += starts[i]
	}
	out := make([]uint32, len(list))
	for _, r := range list {
		at := &starts[rank(c.Code(int(r)))]
		out[*at] = r
		*at++
	}
	return &Selection{rows: out}
}
