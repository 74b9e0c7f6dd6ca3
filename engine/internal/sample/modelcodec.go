package sample

import (
	"encoding/binary"
	"errors"
	"math"
)

// The binary form of a Model: a magic word with the version, then unsigned
// varints, strings with their length before them, and floats as eight bytes,
// most significant first. Cells are written plus one, because -1 is one of them.
const modelMagic = "pgm1"

var errModel = errors.New("not a model, or a damaged one")

// MarshalBinary returns the compact binary form, which UnmarshalBinary reads.
func (m *Model) MarshalBinary() ([]byte, error) {
	b := append([]byte(nil), modelMagic...)
	b = appendInt(b, len(m.Vars))
	for _, v := range m.Vars {
		b = appendString(b, v.Name)
		b = appendInt(b, v.Card)
		ordered := 0
		if v.Ordered {
			ordered = 1
		}
		b = appendInt(b, ordered)
	}
	b = appendInt(b, len(m.Steps))
	for i := range m.Steps {
		s := &m.Steps[i]
		b = appendInt(b, s.Var)
		b = appendInts(b, s.Given)
		b = appendFloats(b, s.Weight)
	}
	b = appendInt(b, len(m.Controls))
	for i := range m.Controls {
		c := &m.Controls[i]
		b = appendString(b, c.Name)
		b = appendInt(b, c.Rank)
		b = appendInts(b, c.Scope)
		b = appendCells(b, c.Cell)
		b = appendFloats(b, c.Share)
	}
	b = appendInt(b, len(m.Limits))
	for i := range m.Limits {
		l := &m.Limits[i]
		b = appendString(b, l.Name)
		b = appendInts(b, l.Scope)
		b = appendCells(b, l.Cell)
		b = appendFloat(b, l.AtLeast)
		b = appendFloat(b, l.AtMost)
	}
	return b, nil
}

func appendInt(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendString(b []byte, s string) []byte { return append(appendInt(b, len(s)), s...) }

func appendInts(b []byte, list []int) []byte {
	b = appendInt(b, len(list))
	for _, n := range list {
		b = appendInt(b, n)
	}
	return b
}

func appendCells(b []byte, list []int32) []byte {
	b = appendInt(b, len(list))
	for _, n := range list {
		b = appendInt(b, int(n)+1)
	}
	return b
}

func appendFloats(b []byte, list []float64) []byte {
	b = appendInt(b, len(list))
	for _, x := range list {
		b = appendFloat(b, x)
	}
	return b
}

// maxCodedEntries bounds the memory that damaged data can make a reader allocate for
// variables, steps, controls and limits.
const maxCodedEntries = 1 << 20

// UnmarshalBinary reads the form that MarshalBinary writes, and validates the model.
func (m *Model) UnmarshalBinary(data []byte) error {
	if len(data) < len(modelMagic) || string(data[:len(modelMagic)]) != modelMagic {
		return errModel
	}
	d := decoder{rest: data[len(modelMagic):]}
	var out Model
	for range d.length(maxCodedEntries, 3) {
		out.Vars = append(out.Vars, Var{Name: d.string(), Card: d.number(), Ordered: d.number() == 1})
	}
	for range d.length(maxCodedEntries, 3) {
		out.Steps = append(out.Steps, Step{Var: d.number(), Given: d.numbers(), Weight: d.floats()})
	}
	for range d.length(maxCodedEntries, 5) {
		out.Controls = append(out.Controls, Control{Name: d.string(), Rank: d.number(), Scope: d.numbers(), Cell: d.cells(), Share: d.floats()})
	}
	for range d.length(maxCodedEntries, 19) {
		out.Limits = append(out.Limits, Limit{Name: d.string(), Scope: d.numbers(), Cell: d.cells(), AtLeast: d.float(), AtMost: d.float()})
	}
	if d.bad || len(d.rest) > 0 {
		return errModel
	}
	if err := out.Validate(); err != nil {
		return err
	}
	*m = out
	return nil
}

// number reads a number of at most 32 bits, or one more.
func (d *decoder) number() int { return int(d.int(math.MaxInt32 + 1)) }

func (d *decoder) string() string {
	n := d.length(math.MaxInt32, 1)
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) numbers() []int {
	n := d.length(math.MaxInt32, 1)
	if n == 0 {
		return nil
	}
	list := make([]int, n)
	for i := range list {
		list[i] = d.number()
	}
	return list
}

func (d *decoder) cells() []int32 {
	n := d.length(math.MaxInt32, 1)
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(d.number() - 1)
	}
	return list
}

func (d *decoder) floats() []float64 {
	n := d.length(math.MaxInt32, 8)
	list := make([]float64, n)
	for i := range list {
		list[i] = d.float()
	}
	return list
}
