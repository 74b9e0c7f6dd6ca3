package store

// Selection is some rows of a table, in the order in which they are shown. Every table
// has one of all its rows; it is not stored.
type Selection struct {
	rows []uint32 // nil: the rows 0 to all-1
	all  int
}

// Rows returns the selection of the given rows.
func Rows(rows []uint32) *Selection {
	if rows == nil {
		rows = []uint32{}
	}
	return &Selection{rows: rows}
}

// Len is the number of rows.
func (s *Selection) Len() int {
	if s.rows == nil {
		return s.all
	}
	return len(s.rows)
}

// At returns the row at a position.
func (s *Selection) At(i int) int {
	if s.rows == nil {
		return i
	}
	return int(s.rows[i])
}

// Find returns the position of a row, -1 if it is not selected.
func (s *Selection) Find(row int) int {
	if s.rows == nil {
		if row < 0 || row >= s.all {
			return -1
		}
		return row
	}
	for i, r := range s.rows {
		if int(r) == row {
			return i
		}
	}
	return -1
}

func (s *Selection) each(visit func(row uint32)) {
	if s.rows == nil {
		for r := range uint32(s.all) {
			visit(r)
		}
		return
	}
	for _, r := range s.rows {
		visit(r)
	}
}

// set returns the rows as a set.
func (s *Selection) set(of int) []bool {
	in := make([]bool, of)
	s.each(func(r uint32) { in[r] = true })
	return in
}

// And returns the rows of s, in its order, that are also in other.
func (s *Selection) And(other *Selection, of int) *Selection {
	if other.rows == nil {
		return s
	}
	in := other.set(of)
	out := []uint32{}
	s.each(func(r uint32) {
		if in[r] {
			out = append(out, r)
		}
	})
	return &Selection{rows: out}
}

// Filter is a condition on one column.
type Filter struct {
	Column *Column
	// Codes says which codes of a coded column are accepted.
	Codes []bool
	// Accept tests the values of other columns, as Column.Cell returns them.
	Accept func(value any) bool
}

// NewFilter returns the filter of a column by a test of values.
func NewFilter(c *Column, accept func(value any) bool) Filter {
	f := Filter{Column: c, Accept: accept}
	if c.Coded() {
		f.Codes = make([]bool, c.Slots())
		for code := range c.Values() {
			f.Codes[code] = accept(c.Value(code))
		}
		f.Codes[c.NullCode()] = accept(nil)
	}
	return f
}

// Select returns the rows that meet all filters.
func (t *Table) Select(filters []Filter) *Selection {
	s := t.All()
	for _, f := range filters {
		out := make([]uint32, 0, s.Len())
		switch c := f.Column; {
		case c.narrow != nil:
			out = accepted(c.narrow, s, f.Codes, out)
		case c.short != nil:
			out = accepted(c.short, s, f.Codes, out)
		case c.wide != nil:
			out = accepted(c.wide, s, f.Codes, out)
		default:
			s.each(func(r uint32) {
				if f.Accept(c.Cell(int(r))) {
					out = append(out, r)
				}
			})
		}
		s = &Selection{rows: out}
	}
	return s
}

func accepted[T uint8 | uint16 | uint32](codes []T, s *Selection, ok []bool, out []uint32) []uint32 {
	if s.rows == nil {
		for r, code := range codes {
			if ok[code] {
				out = append(out, uint32(r))
			}
		}
		return out
	}
	for _, r := range s.rows {
		if ok[codes[r]] {
			out = append(out, r)
		}
	}
	return out
}

// Counts are the persons of the codes of a column, or of the bins of an axis.
type Counts struct {
	Rows    []int64
	Weights []float64 // sums of weights; nil if the table has no weights
}

// Weight is the weighted count, or the number of rows without weights.
func (c *Counts) Weight(i int) float64 {
	if c.Weights != nil {
		return c.Weights[i]
	}
	return float64(c.Rows[i])
}

// Total is the sum of all weights.
func (c *Counts) Total() (sum float64) {
	for i := range c.Rows {
		sum += c.Weight(i)
	}
	return sum
}

// Count counts the selected rows by the codes of a coded column.
func (t *Table) Count(c *Column, s *Selection) Counts {
	out := Counts{Rows: make([]int64, c.Slots())}
	if t.Weights != nil {
		out.Weights = make([]float64, c.Slots())
	}
	switch {
	case c.narrow != nil:
		count(c.narrow, s, t.Weights, &out)
	case c.short != nil:
		count(c.short, s, t.Weights, &out)
	default:
		count(c.wide, s, t.Weights, &out)
	}
	return out
}

func count[T uint8 | uint16 | uint32](codes []T, s *Selection, weights []float64, out *Counts) {
	rows := out.Rows
	if s.rows == nil {
		for _, code := range codes {
			rows[code]++
		}
	} else {
		for _, r := range s.rows {
			rows[codes[r]]++
		}
	}
	if weights == nil {
		return
	}
	s.each(func(r uint32) { out.Weights[codes[r]] += weights[r] })
}
