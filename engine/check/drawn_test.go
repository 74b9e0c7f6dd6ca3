package check

import (
	"slices"
	"testing"

	"github.com/personagen/personagen/engine/frame"
)

// The expected number of near-duplicates counts with the shares of choices and lists,
// not only with those of numbers.
func TestNearByChanceWithChoices(t *testing.T) {
	p := hall(t)
	p.Correlations = nil
	const n = 3000
	b := members(p, 11, n)
	r := judge(t, p, Options{Rows: n, Kinds: []string{KindNearPersons}}, 1, []*frame.Batch{b})
	o, compared := nearOf(t, r), 0
	for _, x := range o.Near.ByThing {
		if x.Pairs < 100 {
			continue // too few to compare
		}
		compared++
		if x.Expected < 0.6*x.Pairs || x.Expected > 1.7*x.Pairs {
			t.Errorf("%s: got %g expected pairs, want about the %g that there are", x.Thing, x.Expected, x.Pairs)
		}
	}
	if compared < 4 {
		t.Errorf("got %+v, want many pairs for 4 fields or more", o.Near.ByThing)
	}
}

// setList replaces the items of a row of a list.
func setList(c *frame.Column, r int, items ...int32) {
	from, to := c.Offsets[r], c.Offsets[r+1]
	c.Codes = slices.Concat(c.Codes[:from], items, c.Codes[to:])
	for k := r + 1; k < len(c.Offsets); k++ {
		c.Offsets[k] += int32(len(items)) - (to - from)
	}
}

// A list has the declared number of items, each of them open to the person and none
// twice.
func TestOpenLists(t *testing.T) {
	p := hall(t) // tools of h0 are t0 to t2, those of h1 are t2 and t3; a person has 1 or 2
	p.Fields[gTools].Nullable = true
	for _, x := range []struct {
		name  string
		items []int32
		bad   bool
	}{
		{"one", []int32{1}, false},
		{"two", []int32{2, 0}, false},
		{"none", nil, true},
		{"three", []int32{0, 1, 2}, true},
		{"the same twice", []int32{1, 1}, true},
		{"one of others first", []int32{3, 0}, true},
		{"one of others last", []int32{0, 3}, true},
	} {
		b := members(p, 7, 200)
		c := &b.Columns[gTools]
		c.Null = make([]bool, b.N)
		c.Null[6] = true
		setList(c, 6, 3, 3, 3) // what is below a null does not matter
		setList(c, 9, x.items...)
		if b.Columns[gHue].Codes[9] != 0 {
			t.Fatal("person 9 is not of h0")
		}
		r := judge(t, p, Options{Kinds: []string{KindOpen}}, 1, []*frame.Batch{b})
		for _, o := range r.Outcomes {
			bad := x.bad && o.Name == "tools"
			if (o.Status == Fail) != bad || bad && (o.Persons != 1 || !slices.Equal(o.Rows, []int64{9})) {
				t.Errorf("%s: got %s %s, rows %v: %s; want a failure of tools: %v, of person 9 only", x.name, o.ID, o.Status, o.Rows, o.Message, x.bad)
			}
		}
	}
}

// Nulls are not tested as numbers, and a test with too few values is skipped.
func TestNumbersWithNulls(t *testing.T) {
	p := hall(t)
	p.Fields[gMood].Nullable = true
	for _, x := range []struct {
		persons, values int
		status          string
	}{{3000, 1000, Pass}, {60, 5, Skip}} {
		b := members(p, 7, x.persons)
		c := &b.Columns[gMood]
		c.Null = make([]bool, b.N)
		step := x.persons / x.values
		for r := range b.N {
			if c.Null[r] = r%step != 0; c.Null[r] {
				c.Floats[r] = 0
			}
		}
		r := judge(t, p, Options{Kinds: []string{KindNumber, KindCorrelation}}, 1, []*frame.Batch{b})
		for _, id := range []string{"number.mood", "correlation.humours.mood.nerve"} {
			i := slices.IndexFunc(r.Outcomes, func(o Outcome) bool { return o.ID == id })
			if i < 0 {
				t.Fatalf("got no outcome %s", id)
			}
			o := &r.Outcomes[i]
			if o.Status != x.status || x.status == Pass && o.Test.Persons != int64(x.values) {
				t.Errorf("%d values: got %s %s, %+v: %s; want %s", x.values, o.ID, o.Status, o.Test, o.Message, x.status)
			}
		}
	}
}

// Temporary files take 16 bytes for each person.
func TestSpillSize(t *testing.T) {
	const n = 5000
	files := &tempFiles{dir: t.TempDir(), spill: 100}
	defer files.close()
	d := &distinct{temp: files}
	for i := range int64(n) {
		var f fingerprint
		f.word(uint64(i))
		d.add(f.finish(), i)
	}
	if len(files.files) != 1 {
		t.Fatalf("got %d files, want one", len(files.files))
	}
	info, err := files.files[0].Stat()
	if err != nil || info.Size() != n*recordSize {
		t.Errorf("got a file of %d bytes, %v; want %d", info.Size(), err, n*recordSize)
	}
	if r, err := d.search(); err != nil || r.count != 0 {
		t.Errorf("got %+v, %v; want no repeats", r, err)
	}
}
