package wire

import (
	"math"
	"reflect"
	"testing"
)

// sample has a part of every form.
type sample struct {
	count  int64
	signed int64
	hash   uint64
	float  float64
	flag   bool
	text   string
	list   []string
	sparse []int64
	maybe  []int64
	table  map[string]int64
	small  int32
}

func (s *sample) code(c *Coder) {
	c.Same("form 1", "form")
	c.Count(&s.count)
	c.Int(&s.signed)
	c.Hash(&s.hash)
	c.Float(&s.float)
	c.Bool(&s.flag)
	c.Text(&s.text)
	Slice(c, &s.list, 3, c.Text)
	if s.sparse == nil {
		s.sparse = make([]int64, 5)
	}
	c.Counts(s.sparse)
	Optional(c, &s.maybe, 2, c.Counts)
	Map(c, &s.table, 10, c.Text, c.Count)
	Within(c, &s.small, -2, 7)
}

var full = sample{
	count: 1 << 40, signed: math.MinInt64, hash: math.MaxUint64, float: -0.25, flag: true, text: "ț", list: []string{"", "a"},
	sparse: []int64{0, 3, 0, 0, 9}, maybe: []int64{0, 1}, table: map[string]int64{"b": 2, "a": 1}, small: -2,
}

func TestRoundTrip(t *testing.T) {
	for _, want := range []sample{full, {sparse: make([]int64, 5), table: map[string]int64{}}} {
		w := Writer()
		want.code(w)
		var got sample
		r := Reader(w.Bytes())
		if got.code(r); r.Err() != nil {
			t.Fatal(r.Err())
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestDamageIsRefused(t *testing.T) {
	w := Writer()
	full.code(w)
	for n := range w.Bytes() {
		r := Reader(w.Bytes()[:n])
		if new(sample).code(r); r.Err() == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(w.Bytes()))
		}
	}
	r := Reader(append(w.Bytes(), 0))
	if new(sample).code(r); r.Err() == nil {
		t.Error("an extra byte was accepted")
	}
	// A list of a million items in a few bytes.
	long := Writer()
	n := 1_000_000
	long.Len(n, n)
	r = Reader(long.Bytes())
	var list []string
	if Slice(r, &list, n, r.Text); r.Err() == nil || cap(list) > 0 {
		t.Errorf("got %d items and error %v", len(list), r.Err())
	}
}

func FuzzReader(f *testing.F) {
	w := Writer()
	full.code(w)
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var s sample
		r := Reader(data)
		if s.code(r); r.Err() != nil {
			return
		}
		again := Writer()
		s.code(again)
		var back sample
		r = Reader(again.Bytes())
		if back.code(r); r.Err() != nil || !reflect.DeepEqual(back, s) {
			t.Fatalf("what was read is not what it is again: %v", r.Err())
		}
	})
}
