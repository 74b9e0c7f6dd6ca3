package store

import (
	"math"
	"slices"
	"sort"

	"github.com/personagen/personagen/engine/frame"
)

// mostCoded is the largest number of different values of a coded column that is not a
// category.
const mostCoded = 1<<16 - 4

// buildNull is the code of null while a column is built.
const buildNull = 1<<16 - 1

// builder makes a column from batches.
type builder struct {
	c     *Column
	rows  int      // that are expected, 0 if that is not known
	known struct { // values that have codes
		texts  map[string]uint16
		ints   map[int64]uint16
		floats map[float64]uint16
		small  []uint16 // of the integers from lowest, code+1, 0 for none
	}
}

const lowest, smallest = -1 << 10, 1 << 17 // integers that are looked up without a map

func newBuilder(f frame.Field, rows int) *builder {
	b := &builder{c: &Column{Field: f}, rows: rows}
	c := b.c
	switch labels := len(f.Labels); {
	case f.Type == frame.Category && labels+2 <= math.MaxUint8:
		c.narrow, c.values.labels = make([]uint8, 0, rows), f.Labels
	case f.Type == frame.Category && labels+2 <= math.MaxUint16:
		c.short, c.values.labels = make([]uint16, 0, rows), f.Labels
	case f.Type == frame.Category:
		c.wide, c.values.labels = make([]uint32, 0, rows), f.Labels
	default:
		c.short = make([]uint16, 0, rows)
		switch f.Type {
		case frame.Text:
			b.known.texts = map[string]uint16{}
		case frame.Number:
			b.known.floats = map[float64]uint16{}
		default:
			b.known.ints, b.known.small = map[int64]uint16{}, make([]uint16, smallest)
		}
	}
	return b
}

// add adds the rows of a batch.
func (b *builder) add(from *frame.Column, n int) {
	c := b.c
	if c.Field.Type == frame.Category {
		c.addCodes(from.Codes[:n])
		return
	}
	for r := range n {
		null := from.Null != nil && from.Null[r] || c.Field.Type == frame.Number && math.IsNaN(from.Floats[r])
		if null {
			c.Nulls++
		}
		if c.short == nil {
			c.addPlain(from, r, null)
			continue
		}
		code, ok := uint16(buildNull), true
		if !null {
			code, ok = b.code(from, r)
		}
		if !ok {
			b.spill()
			c.addPlain(from, r, null)
			continue
		}
		c.short = append(c.short, code)
	}
}

func (c *Column) addCodes(codes []int32) {
	for _, code := range codes {
		if code == -1 {
			c.Nulls++
			code = int32(c.Values())
		} else if code < 0 {
			code = int32(c.Values()) + 1
		}
		switch {
		case c.narrow != nil:
			c.narrow = append(c.narrow, uint8(code))
		case c.short != nil:
			c.short = append(c.short, uint16(code))
		default:
			c.wide = append(c.wide, uint32(code))
		}
	}
}

// code returns the code of a value, a new one if it is new; false if there are too many.
func (b *builder) code(from *frame.Column, r int) (uint16, bool) {
	d := &b.c.values
	switch b.c.Field.Type {
	case frame.Text:
		code, known := b.known.texts[from.Texts[r]]
		if !known {
			if len(d.labels) >= mostCoded {
				return 0, false
			}
			code = uint16(len(d.labels))
			text := string(append([]byte(nil), from.Texts[r]...)) // not a part of the batch's memory
			d.labels = append(d.labels, text)
			b.known.texts[text] = code
		}
		return code, true
	case frame.Number:
		x := from.Floats[r]
		code, known := b.known.floats[x]
		if !known {
			if len(d.floats) >= mostCoded {
				return 0, false
			}
			code = uint16(len(d.floats))
			d.floats = append(d.floats, x)
			b.known.floats[x] = code
		}
		return code, true
	}
	v := from.Ints[r]
	var at *uint16
	if v >= lowest && v-lowest < smallest {
		if at = &b.known.small[v-lowest]; *at > 0 {
			return *at - 1, true
		}
	} else if code, known := b.known.ints[v]; known {
		return code, true
	}
	if len(d.ints) >= mostCoded {
		return 0, false
	}
	code := uint16(len(d.ints))
	d.ints = append(d.ints, v)
	if at != nil {
		*at = code + 1
	} else {
		b.known.ints[v] = code
	}
	return code, true
}

// spill turns a coded column with too many values into one without codes.
func (b *builder) spill() {
	c, codes, d := b.c, b.c.short, b.c.values
	rows := max(b.rows, len(codes))
	c.null = make([]bool, 0, rows)
	switch c.Field.Type {
	case frame.Text:
		bytes := 0
		for _, l := range d.labels {
			bytes += len(l) + 1
		}
		c.texts.ends, c.texts.bytes = make([]uint64, 0, rows), make([]byte, 0, min(mostHeap, bytes*rows/max(1, len(d.labels))))
	case frame.Number:
		c.floats = make([]float64, 0, rows)
	default:
		c.ints = make([]int64, 0, rows)
	}
	c.short, c.values = nil, dictionary{}
	b.known.texts, b.known.ints, b.known.floats, b.known.small = nil, nil, nil, nil
	for _, code := range codes {
		null := code == buildNull
		switch c.Field.Type {
		case frame.Text:
			if null {
				c.texts.add("")
			} else {
				c.texts.add(d.labels[code])
			}
		case frame.Number:
			x := 0.0
			if !null {
				x = d.floats[code]
			}
			c.floats = append(c.floats, x)
		default:
			v := int64(0)
			if !null {
				v = d.ints[code]
			}
			c.ints = append(c.ints, v)
		}
		c.null = append(c.null, null)
	}
}

func (c *Column) addPlain(from *frame.Column, r int, null bool) {
	c.null = append(c.null, null)
	switch c.Field.Type {
	case frame.Text:
		text := ""
		if !null {
			text = from.Texts[r]
		}
		c.texts.add(text)
	case frame.Number:
		x := 0.0
		if !null {
			x = from.Floats[r]
		}
		c.floats = append(c.floats, x)
	default:
		v := int64(0)
		if !null {
			v = from.Ints[r]
		}
		c.ints = append(c.ints, v)
	}
}

// finish sorts the dictionary and stores the codes as narrow as they are.
func (b *builder) finish() *Column {
	c := b.c
	if c.Nulls == 0 {
		c.null = nil
	}
	if c.Field.Type == frame.Category || c.short == nil {
		return c
	}
	d := &c.values
	order := make([]int, d.size())
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool {
		a, b := order[i], order[j]
		switch {
		case d.ints != nil:
			return d.ints[a] < d.ints[b]
		case d.floats != nil:
			return d.floats[a] < d.floats[b]
		}
		return d.labels[a] < d.labels[b]
	})
	rank := make([]uint16, 1<<16)
	var sorted dictionary
	for k, i := range order {
		rank[i] = uint16(k)
		switch {
		case d.ints != nil:
			sorted.ints = append(sorted.ints, d.ints[i])
		case d.floats != nil:
			sorted.floats = append(sorted.floats, d.floats[i])
		default:
			sorted.labels = append(sorted.labels, d.labels[i])
		}
	}
	rank[buildNull] = uint16(len(order))
	c.values = sorted
	if c.Slots() <= math.MaxUint8 {
		c.narrow = make([]uint8, len(c.short))
		for r, code := range c.short {
			c.narrow[r] = uint8(rank[code])
		}
		c.short = nil
		return c
	}
	for r, code := range c.short {
		c.short[r] = rank[code]
	}
	c.short = slices.Clip(c.short)
	return c
}
