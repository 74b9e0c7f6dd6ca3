package check

import (
	"math"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/sketch"
)

// fieldTally is what is gathered of one column.
type fieldTally struct {
	unknown finds // labels or whole numbers outside the domain, numbers that are none
	outside finds // numbers outside their range
	empty   finds // empty texts
	missing finds // null where there must be a value
	extra   finds // a value where there must be null
	nulls   int64
	numbers sketch.Numbers // of numbers, of the lengths of texts, of the items in lists
	items   []int64        // per label of a list
}

func (f *fieldTally) merge(o *fieldTally) {
	f.unknown.merge(&o.unknown)
	f.outside.merge(&o.outside)
	f.empty.merge(&o.empty)
	f.missing.merge(&o.missing)
	f.extra.merge(&o.extra)
	f.nulls += o.nulls
	f.numbers.Merge(&o.numbers)
	if f.items == nil {
		f.items = o.items
	} else {
		addAll(f.items, o.items)
	}
}

func (t *Tally) addField(b *frame.Batch, i int) {
	c, col, f := &t.suite.fields[i], &b.Columns[i], &t.fields[i]
	t.addNulls(b, i)
	switch c.field.Type {
	case frame.Category:
		if !t.good[t.suite.axisOf[i]] {
			size := uint32(c.field.Domain.Size())
			for r, code := range col.Codes[:b.N] {
				if code != -1 && uint32(code) >= size {
					f.unknown.add(b.First + int64(r))
				}
			}
		}
	case frame.Integer:
		t.addIntegers(b, i)
	case frame.Number:
		for r, v := range col.Floats[:b.N] {
			switch {
			case col.Null != nil && col.Null[r]:
			case math.IsNaN(v) || math.IsInf(v, 0):
				f.unknown.add(b.First + int64(r))
			default:
				if c.bounded && (v < c.low || v > c.high) {
					f.outside.add(b.First + int64(r))
				}
				f.numbers.Add(v)
			}
		}
	case frame.Text:
		for r, text := range col.Texts[:b.N] {
			if col.Null != nil && col.Null[r] {
				continue
			}
			if text == "" && c.nonEmpty {
				f.empty.add(b.First + int64(r))
			}
			f.numbers.Add(float64(utf8.RuneCountInString(text)))
		}
	case frame.CategoryList, frame.TextList:
		t.addLists(b, i)
	}
}

func (t *Tally) addIntegers(b *frame.Batch, i int) {
	c, col, f := &t.suite.fields[i], &b.Columns[i], &t.fields[i]
	if a := t.suite.axisOf[i]; a >= 0 { // counted by value already
		if t.good[a] {
			return
		}
		d := c.field.Domain
		for r, v := range col.Ints[:b.N] {
			if (v < d.Min || v > d.Max) && (col.Null == nil || !col.Null[r]) {
				f.unknown.add(b.First + int64(r))
			}
		}
		return
	}
	for r, v := range col.Ints[:b.N] {
		if col.Null != nil && col.Null[r] {
			continue
		}
		if x := float64(v); c.bounded && (x < c.low || x > c.high) {
			f.outside.add(b.First + int64(r))
		}
		f.numbers.Add(float64(v))
	}
}

func (t *Tally) addLists(b *frame.Batch, i int) {
	c, col, f := &t.suite.fields[i], &b.Columns[i], &t.fields[i]
	labels := c.field.Type == frame.CategoryList
	size := 0
	if labels {
		size = c.field.Domain.Size()
		if f.items == nil {
			f.items = make([]int64, size)
		}
	}
	for r := range b.N {
		if col.Null != nil && col.Null[r] {
			continue
		}
		from, to := col.Offsets[r], col.Offsets[r+1]
		f.numbers.Add(float64(to - from))
		bad, empty := false, false
		for k := from; k < to; k++ {
			switch {
			case !labels:
				empty = empty || col.Texts[k] == ""
			case uint32(col.Codes[k]) < uint32(size):
				f.items[col.Codes[k]]++
			default:
				bad = true
			}
		}
		if bad {
			f.unknown.add(b.First + int64(r))
		}
		if empty {
			f.empty.add(b.First + int64(r))
		}
	}
}

// addNulls counts nulls and holds them to the field's condition. A group may
// also be null because its base fields say so; its own check knows.
func (t *Tally) addNulls(b *frame.Batch, i int) {
	c, col, f := &t.suite.fields[i], &b.Columns[i], &t.fields[i]
	category := c.field.Type == frame.Category
	if !category && col.Null == nil && c.when < 0 {
		return
	}
	if category && !c.field.Nullable && t.good[t.suite.axisOf[i]] {
		return // no code is null, or not all would be good
	}
	has := t.taken(c.when)
	for r := range b.N {
		null := false
		if category {
			null = col.Codes[r] == -1
		} else {
			null = col.Null != nil && col.Null[r]
		}
		if null {
			f.nulls++
		}
		switch {
		case has != nil && !has[r]:
			if !null {
				f.extra.add(b.First + int64(r))
			}
		case null && !c.group && (has != nil || !c.field.Nullable):
			f.missing.add(b.First + int64(r))
		}
	}
}
