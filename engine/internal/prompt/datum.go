package prompt

import (
	"math"
	"slices"
	"strconv"

	"github.com/personagen/personagen/engine/frame"
)

// kind is the type of a datum: that of the Go value which Execute has in its place.
type kind uint8

const (
	kindNone   kind = iota // no value: state.failed is set
	kindText               // string
	kindDate               // string such as 2024-04-08, kept as days since 1970-01-01
	kindBool               // bool
	kindInt                // int
	kindInt64              // int64
	kindFloat              // float64
	kindList               // []string or []any
	kindRecord             // map[string]any of fields
	kindGroups             // map[string]any of lists of records
)

// datum is a value of a program.
type datum struct {
	kind   kind
	text   string
	number int64 // the whole number, the days, 1 for true, the bits of the float, the number of the record
	items  items // the list, or the list of the record or of all groups
}

// items are those of a list.
type items interface {
	len() int
	at(i int) datum
}

// cell returns a value of a column: what the rows of templates have in its place.
func cell(f *frame.Field, c *frame.Column, r int) datum {
	if f.Type == frame.Records {
		all := &records{f.Records, c.Records, nil}
		if !c.IsNull(f.Type, r) {
			for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
				all.rows = append(all.rows, i)
			}
		}
		if f.Records.Index(groupName) == 0 {
			return datum{kind: kindGroups, items: all}
		}
		return datum{kind: kindList, items: all}
	}
	if c.IsNull(f.Type, r) {
		if f.Type.List() {
			return datum{kind: kindList, items: texts{}}
		}
		return datum{kind: kindText}
	}
	switch f.Type {
	case frame.Category:
		if label := f.Labels[c.Codes[r]]; !f.Boolean {
			return datum{kind: kindText, text: label}
		} else {
			return truthOf(label == "true")
		}
	case frame.Integer:
		return datum{kind: kindInt64, number: c.Ints[r]}
	case frame.Date:
		return datum{kind: kindDate, number: c.Ints[r]}
	case frame.Number:
		return datum{kind: kindFloat, number: int64(math.Float64bits(c.Floats[r]))}
	case frame.Text:
		return datum{kind: kindText, text: c.Texts[r]}
	case frame.CategoryList:
		var labels texts
		for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
			labels = append(labels, f.Labels[code])
		}
		return datum{kind: kindList, items: labels}
	}
	return datum{kind: kindList, items: texts(c.Texts[c.Offsets[r]:c.Offsets[r+1]])}
}

// groupName is the name of the first field of records in groups; events have none.
const groupName = "group"

// texts are the items of a list of texts.
type texts []string

func (t texts) len() int       { return len(t) }
func (t texts) at(i int) datum { return datum{kind: kindText, text: t[i]} }

// data are the items of a list that the template makes.
type data []datum

func (d data) len() int       { return len(d) }
func (d data) at(i int) datum { return d[i] }

// records are some of the records of a person.
type records struct {
	fields  frame.Schema
	columns []frame.Column
	rows    []int32
}

func (r *records) len() int       { return len(r.rows) }
func (r *records) at(i int) datum { return datum{kind: kindRecord, items: r, number: int64(r.rows[i])} }

// member returns a field of a record, or a group of records; false where there is none.
func (d *datum) member(name string) (datum, bool) {
	r, ok := d.items.(*records)
	if !ok {
		return datum{}, false
	}
	switch d.kind {
	case kindRecord:
		if k := r.fields.Index(name); k >= 0 {
			return cell(&r.fields[k], &r.columns[k], int(d.number)), true
		}
	case kindGroups:
		group := slices.Index(r.fields[0].Labels, name)
		if group < 0 {
			return datum{}, false
		}
		own := &records{r.fields, r.columns, nil}
		for _, i := range r.rows {
			if int(r.columns[0].Codes[i]) == group {
				own.rows = append(own.rows, i)
			}
		}
		return datum{kind: kindList, items: own}, true
	}
	return datum{}, false
}

func truthOf(b bool) datum {
	if b {
		return datum{kind: kindBool, number: 1}
	}
	return datum{kind: kindBool}
}

func (d *datum) float() float64 { return math.Float64frombits(uint64(d.number)) }

// truth reports whether {{ if }} takes the value for true.
func (d *datum) truth() bool {
	switch d.kind {
	case kindText:
		return d.text != ""
	case kindDate, kindRecord:
		return true
	case kindBool, kindInt, kindInt64:
		return d.number != 0
	case kindFloat:
		return d.float() != 0
	case kindList:
		return d.items.len() > 0
	case kindGroups:
		return len(d.items.(*records).fields[0].Labels) > 0
	}
	return false
}

// weight returns about how many bytes a value has when it is printed, more than maxWork for
// records.
func (d *datum) weight() int {
	if d.kind < kindList {
		return len(d.text)
	}
	if _, ok := d.items.(*records); ok {
		return maxWork + 1
	}
	n := 0
	for i := 0; i < d.items.len() && n <= maxWork; i++ {
		item := d.items.at(i)
		n += 1 + item.weight()
	}
	return n
}

// string returns a text or a date; false for other values.
func (d *datum) string() (string, bool) {
	switch d.kind {
	case kindText:
		return d.text, true
	case kindDate:
		return string(frame.AppendDate(nil, d.number)), true
	}
	return "", false
}

// any returns the value that Execute has; false for lists and records.
func (d *datum) any() (any, bool) {
	switch d.kind {
	case kindBool:
		return d.number != 0, true
	case kindInt:
		return int(d.number), true
	case kindInt64:
		return d.number, true
	case kindFloat:
		return d.float(), true
	}
	return d.string()
}

// write appends a value as AppendText does.
func (s *state) write(d datum) {
	switch d.kind {
	case kindText:
		s.out = append(s.out, d.text...)
	case kindDate:
		s.out = frame.AppendDate(s.out, d.number)
	case kindBool:
		s.out = strconv.AppendBool(s.out, d.number != 0)
	case kindInt, kindInt64:
		s.out = strconv.AppendInt(s.out, d.number, 10)
	case kindFloat:
		s.out = AppendFloat(s.out, d.float())
	case kindList:
		for i := range d.items.len() {
			if i > 0 {
				s.out = append(s.out, listSeparator...)
			}
			s.write(d.items.at(i))
		}
	default:
		s.failed = true
	}
}
