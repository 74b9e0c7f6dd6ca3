package bundle

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/personagen/personagen/engine/internal/sample"
)

// The binary form of a model: a magic word with the version, then unsigned
// varints, strings with their length before them, and floats as eight bytes,
// most significant first. Cells are written plus one, because -1 is one of them.
const modelMagic = "pgm1"

var errModel = errors.New("not a model, or a damaged one")

func encodeModel(m *sample.Model) []byte {
	e := encoder{b: []byte(modelMagic)}
	e.int(len(m.Vars))
	for _, v := range m.Vars {
		e.string(v.Name)
		e.int(v.Card)
		e.bool(v.Ordered)
	}
	e.int(len(m.Steps))
	for i := range m.Steps {
		s := &m.Steps[i]
		e.int(s.Var)
		e.ints(s.Given)
		e.floats(s.Weight)
	}
	e.int(len(m.Controls))
	for i := range m.Controls {
		c := &m.Controls[i]
		e.string(c.Name)
		e.int(c.Rank)
		e.ints(c.Scope)
		e.cells(c.Cell)
		e.floats(c.Share)
	}
	e.int(len(m.Limits))
	for i := range m.Limits {
		l := &m.Limits[i]
		e.string(l.Name)
		e.ints(l.Scope)
		e.cells(l.Cell)
		e.float(l.AtLeast)
		e.float(l.AtMost)
	}
	return e.b
}

type encoder struct{ b []byte }

func (e *encoder) int(n int)       { e.b = binary.AppendUvarint(e.b, uint64(n)) }
func (e *encoder) float(x float64) { e.b = binary.BigEndian.AppendUint64(e.b, math.Float64bits(x)) }

func (e *encoder) bool(x bool) {
	n := 0
	if x {
		n = 1
	}
	e.int(n)
}

func (e *encoder) string(s string) {
	e.int(len(s))
	e.b = append(e.b, s...)
}

func (e *encoder) ints(list []int) {
	e.int(len(list))
	for _, n := range list {
		e.int(n)
	}
}

func (e *encoder) cells(list []int32) {
	e.int(len(list))
	for _, n := range list {
		e.int(int(n) + 1)
	}
}

func (e *encoder) floats(list []float64) {
	e.int(len(list))
	for _, x := range list {
		e.float(x)
	}
}

// decodeModel reads what encodeModel writes. What is decoded is validated as a
// model.
func decodeModel(data []byte) (*sample.Model, error) {
	if len(data) < len(modelMagic) || string(data[:len(modelMagic)]) != modelMagic {
		return nil, errModel
	}
	d := decoder{rest: data[len(modelMagic):]}
	m := &sample.Model{}
	for range d.entries(3) {
		m.Vars = append(m.Vars, sample.Var{Name: d.string(), Card: d.int(), Ordered: d.int() == 1})
	}
	for range d.entries(3) {
		m.Steps = append(m.Steps, sample.Step{Var: d.int(), Given: d.ints(), Weight: d.floats()})
	}
	for range d.entries(5) {
		m.Controls = append(m.Controls, sample.Control{Name: d.string(), Rank: d.int(), Scope: d.ints(), Cell: d.cells(), Share: d.floats()})
	}
	for range d.entries(19) {
		m.Limits = append(m.Limits, sample.Limit{Name: d.string(), Scope: d.ints(), Cell: d.cells(), AtLeast: d.float(), AtMost: d.float()})
	}
	if d.bad || len(d.rest) > 0 {
		return nil, errModel
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m, nil
}

// decoder reads from the front of rest. After a fault bad is set and every value
// is zero.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) fail() { d.rest, d.bad = nil, true }

func (d *decoder) int() int {
	x, n := binary.Uvarint(d.rest)
	if n <= 0 || x > math.MaxInt32+1 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return int(x)
}

// length reads the number of items that follow, each of at least size bytes.
func (d *decoder) length(size int) int {
	n := d.int()
	if n > len(d.rest)/size {
		d.fail()
		return 0
	}
	return n
}

// maxEntries bounds the memory that a damaged file can make a reader allocate.
const maxEntries = 1 << 20

// entries is length for variables, steps, controls and limits.
func (d *decoder) entries(size int) int {
	n := d.length(size)
	if n > maxEntries {
		d.fail()
		return 0
	}
	return n
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

func (d *decoder) string() string {
	n := d.length(1)
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) ints() []int {
	n := d.length(1)
	if n == 0 {
		return nil
	}
	list := make([]int, n)
	for i := range list {
		list[i] = d.int()
	}
	return list
}

func (d *decoder) cells() []int32 {
	n := d.length(1)
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(d.int() - 1)
	}
	return list
}

func (d *decoder) floats() []float64 {
	n := d.length(8)
	list := make([]float64, n)
	for i := range list {
		list[i] = d.float()
	}
	return list
}
