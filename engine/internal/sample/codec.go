package sample

import (
	"encoding/binary"
	"errors"
	"math"
)

// The binary form of an Allocation: a magic word with the version, then
// unsigned varints. A cell is written as its distance from the previous one.
const magic = "pgq1"

// maxCodedSteps bounds the memory that a damaged file can make a reader allocate.
const maxCodedSteps = 1 << 20

// AppendBinary appends the compact binary form, which UnmarshalBinary reads.
func (a *Allocation) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, magic...)
	b = binary.AppendUvarint(b, uint64(a.N))
	b = binary.AppendUvarint(b, a.Seed)
	b = binary.AppendUvarint(b, uint64(len(a.Steps)))
	for i := range a.Steps {
		b = a.Steps[i].append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(a.Deviations)))
	for _, d := range a.Deviations {
		b = appendFloat(b, d.Worst)
		b = binary.AppendUvarint(b, uint64(d.Cell))
		b = binary.AppendUvarint(b, uint64(d.Beyond))
	}
	b = binary.AppendUvarint(b, uint64(len(a.Exceptions)))
	for _, e := range a.Exceptions {
		b = binary.AppendUvarint(b, uint64(e.Control))
		b = binary.AppendUvarint(b, uint64(e.Cell))
		b = binary.AppendUvarint(b, uint64(e.Count))
		b = appendFloat(b, e.Target)
	}
	return b, nil
}

// MarshalBinary returns the compact binary form.
func (a *Allocation) MarshalBinary() ([]byte, error) { return a.AppendBinary(nil) }

func (c *Counts) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(c.Cell)))
	before := int32(-1)
	for k, cell := range c.Cell {
		b = binary.AppendUvarint(b, uint64(cell-before))
		b = binary.AppendUvarint(b, uint64(c.Count[k]))
		before = cell
	}
	return b
}

func appendFloat(b []byte, x float64) []byte {
	return binary.BigEndian.AppendUint64(b, math.Float64bits(x))
}

// errDamaged is the error of UnmarshalBinary for data that AppendBinary did not write.
var errDamaged = errors.New("not an allocation, or a damaged one; delete it to allocate again")

// UnmarshalBinary reads the form that AppendBinary writes. It does not check that
// the counts belong to a model; NewQuota does.
func (a *Allocation) UnmarshalBinary(data []byte) error {
	if len(data) < len(magic) || string(data[:len(magic)]) != magic {
		return errDamaged
	}
	d := decoder{rest: data[len(magic):]}
	var out Allocation
	out.N = d.int(MaxPersons)
	out.Seed = d.uvarint()
	for range d.length(maxCodedSteps, 1) {
		out.Steps = append(out.Steps, d.counts())
	}
	for range d.length(math.MaxInt32, 10) {
		out.Deviations = append(out.Deviations, Deviation{d.float(), int(d.int(math.MaxInt32)), int(d.int(math.MaxInt32))})
	}
	for range d.length(math.MaxInt32, 11) {
		out.Exceptions = append(out.Exceptions, Exception{int(d.int(math.MaxInt32)), int(d.int(math.MaxInt32)), d.int(MaxPersons), d.float()})
	}
	if d.bad || len(d.rest) > 0 {
		return errDamaged
	}
	*a = out
	return nil
}

// decoder reads from the front of rest. After a fault bad is set and every read
// returns zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) uvarint() uint64 {
	x, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return x
}

// int reads a number and accepts 0 to most.
func (d *decoder) int(most uint64) int64 {
	x := d.uvarint()
	if x > most {
		d.fail()
		return 0
	}
	return int64(x)
}

// length reads the number of items that follow, each of at least size bytes.
func (d *decoder) length(most, size uint64) int {
	n := d.int(most)
	if uint64(n)*size > uint64(len(d.rest)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) float() float64 {
	if len(d.rest) < 8 {
		d.fail()
		return 0
	}
	x := math.Float64frombits(binary.BigEndian.Uint64(d.rest))
	d.rest = d.rest[8:]
	return x
}

func (d *decoder) counts() Counts {
	n := d.length(MaxCells, 2)
	c := Counts{Cell: make([]int32, 0, n), Count: make([]int32, 0, n)}
	cell := int64(-1)
	for range n {
		cell += d.int(MaxCells)
		if cell > MaxCells || cell < 0 {
			d.fail()
			return Counts{}
		}
		c.Cell = append(c.Cell, int32(cell))
		c.Count = append(c.Count, int32(d.int(MaxPersons)))
	}
	return c
}

func (d *decoder) fail() { d.rest, d.bad = nil, true }
