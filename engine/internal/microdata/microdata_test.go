package microdata

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/table"
)

// counted makes counts of so many records of weight 1 per cell.
func counted(sizes []int, records ...int) *Counts {
	c := NewCounts(sizes...)
	for k, n := range records {
		for range n {
			c.Add(k, 1)
		}
	}
	return c
}

func TestEffective(t *testing.T) {
	c := NewCounts(2)
	for _, w := range []float64{1, 2, 3, 4} {
		c.Add(0, w)
	}
	if got, want := c.Effective(), 100.0/30; math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := NewCounts(2).Effective(); got != 0 {
		t.Errorf("got %v without records, want 0", got)
	}
}

func TestSmooth(t *testing.T) {
	// By hand: p = .1 .2 .3 .4, q = .12 .18 .28 .42, K = .7/.0016.
	s := Smooth(counted([]int{2, 2}, 10, 20, 30, 40), nil, Smoothing{Strength: math.NaN(), Least: 5})
	if math.Abs(s.Strength-437.5) > 1e-9 {
		t.Errorf("got strength %v, want 437.5", s.Strength)
	}
	for k, want := range []float64{(10 + 52.5) / 537.5, (20 + 78.75) / 537.5, (30 + 122.5) / 537.5, (40 + 183.75) / 537.5} {
		if math.Abs(s.Share[k]-want) > 1e-12 {
			t.Errorf("cell %d: got %v, want %v", k, s.Share[k], want)
		}
	}
	s = Smooth(counted([]int{2, 2}, 10, 20, 30, 40), nil, Smoothing{Least: 1})
	if diff := cmp.Diff([]float64{0.1, 0.2, 0.3, 0.4}, s.Share); diff != "" || s.Moved != 0 {
		t.Errorf("strength 0 moves the counts: %s", diff)
	}
}

// Smoothing keeps the margins, unless small cells are pooled.
func TestSmoothKeepsMargins(t *testing.T) {
	c := counted([]int{3, 4}, 50, 0, 10, 7, 5, 90, 0, 12, 33, 8, 6, 41)
	possible := slices.Repeat([]bool{true}, 12)
	possible[6] = false
	s := Smooth(c, possible, Smoothing{Strength: math.NaN(), Least: 5})
	raw := make([]float64, 12)
	for k, n := range c.Records {
		raw[k] = float64(n) / float64(c.All())
	}
	for v := range c.Sizes {
		got, want := margin(s.Share, c.Sizes, v), margin(raw, c.Sizes, v)
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Errorf("variable %d, value %d: got %v, want %v", v, i, got[i], want[i])
			}
		}
	}
	if s.Share[6] != 0 {
		t.Errorf("an impossible cell has the share %v", s.Share[6])
	}
	if s.Share[1] <= 0 || s.Empty != 1 || math.Abs(s.EmptyShare-s.Share[1]) > 1e-15 {
		t.Errorf("got %v for a possible cell without records, %d such cells with %v", s.Share[1], s.Empty, s.EmptyShare)
	}
}

// A cell of few records does not keep its own figure, alone or as what is missing to
// the others.
func TestSmoothPools(t *testing.T) {
	pooled := func(records ...int) *Smoothed {
		return Smooth(counted([]int{2, 3}, records...), nil, Smoothing{Least: 5})
	}
	a, b := pooled(40, 1, 30, 60, 4, 20), pooled(40, 4, 30, 60, 1, 20)
	if a.Small != 2 || a.Pooled != 2 {
		t.Errorf("got %d small and %d pooled cells, want 2 and 2", a.Small, a.Pooled)
	}
	if got, want := a.Share[1]+a.Share[4], 5.0/155; math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v for the small cells together, want %v", got, want)
	}
	if ratio := a.Share[1] / a.Share[4]; math.Abs(ratio-a.Prior[1]/a.Prior[4]) > 1e-12 || ratio == 1.0/4 {
		t.Errorf("got the ratio %v, want that of the prior", ratio)
	}
	if math.Abs(a.Share[1]-b.Share[1]) > 0.2*a.Share[1] {
		t.Errorf("who of the small cells has the records still shows: %v and %v", a.Share[1], b.Share[1])
	}
	if one := pooled(40, 2, 30, 60, 50, 20); one.Small != 1 || one.Pooled != 2 {
		t.Errorf("one small cell: got %d pooled, want it and the next larger", one.Pooled)
	}
}

// Values that no record has are left open; records of impossible cells do not count.
func TestSmoothOpens(t *testing.T) {
	s := Smooth(counted([]int{2, 3}, 40, 0, 30, 60, 0, 20), nil, Smoothing{Strength: math.NaN(), Least: 5})
	if diff := cmp.Diff([]bool{false, true, false, false, true, false}, s.Open); diff != "" {
		t.Error(diff)
	}
	if s.Share[1] != 0 || s.Empty != 0 {
		t.Errorf("an open cell has the share %v", s.Share[1])
	}
	s = Smooth(counted([]int{2, 2}, 10, 10, 10, 10), []bool{true, true, true, false}, Smoothing{Least: 5})
	if s.Impossible != 10 || math.Abs(s.Share[0]-1.0/3) > 1e-12 {
		t.Errorf("got %d impossible records and the share %v", s.Impossible, s.Share[0])
	}
	if s = Smooth(NewCounts(2, 2), nil, Smoothing{Strength: math.NaN(), Least: 5}); slices.ContainsFunc(s.Share, math.IsNaN) {
		t.Errorf("no records give %v", s.Share)
	}
	s = Smooth(counted([]int{3}, 90, 9, 1), nil, Smoothing{Strength: math.NaN(), Least: 5})
	if s.Share[2] <= 0.01 || s.Pooled != 2 {
		t.Errorf("one variable: got %v, %d pooled", s.Share, s.Pooled)
	}
}

func open(t *testing.T, name string, data []byte, l table.Layout) (*Reader, *diag.List) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	faults := &diag.List{}
	return Open(file, name, &l, faults), faults
}

// all reads the records that are left.
func all(r *Reader, faults *diag.List) (records [][]string) {
	for {
		cells, err := r.Next(faults)
		if err != nil {
			return records
		}
		records = append(records, slices.Clone(cells))
	}
}

func TestReadText(t *testing.T) {
	for _, x := range []struct {
		name, data string
		layout     table.Layout
		want       string
	}{
		{"plain", "a,b\n1, x \n\n2,\"y,z\"\n", table.Layout{}, "a b|1 x|2 y,z"},
		{"byte order mark", "\ufeffa;b\r\n1;2\r\n", table.Layout{Separator: ";"}, "a b|1 2"},
		{"sep line", "sep=;\na;b\n1;2\n", table.Layout{}, "a b|1 2"},
		{"old line ends", "a,b\r1,2\r", table.Layout{}, "a b|1 2"},
		{"encoding", "s\xe9x,b\n\xe9,2\n", table.Layout{Encoding: "windows-1252"}, "séx b|é 2"},
		{"utf-16", "\xff\xfea\x00\n\x001\x00\n\x00", table.Layout{}, "a|1"},
		{"no header", "1,2\n3,4\n", table.Layout{NoHeader: true}, "#1 #2|1 2|3 4"},
		{"two rows of header", "t\na,a\nx,y\n1,2\n", table.Layout{Skip: 1, Header: 2}, "a x a y|1 2"},
		{"drop", "a,b\n1,x\n2,y\n", table.Layout{Drop: []table.Labels{{Of: "b", List: []table.Name{{Text: "x"}}}}}, "a b|2 y"},
	} {
		r, faults := open(t, "t.csv", []byte(x.data), x.layout)
		if r == nil || faults.Failed() {
			t.Errorf("%s: %v", x.name, faults.Items)
			continue
		}
		got := []string{strings.Join(r.Columns, " ")}
		for _, cells := range all(r, faults) {
			got = append(got, strings.Join(cells, " "))
		}
		if s := strings.Join(got, "|"); s != x.want || faults.Failed() {
			t.Errorf("%s: got %q, want %q (%v)", x.name, s, x.want, faults.Items)
		}
		if sum, err := r.Sum(); err != nil || sum != table.Parse([]byte(x.data), "t.csv", x.layout, &diag.List{}).SHA256 {
			t.Errorf("%s: the hash is not that of the file: %s %v", x.name, sum, err)
		}
		r.Close()
	}
}

// A quotation mark that is never closed must not take the file into memory.
func TestLongRecord(t *testing.T) {
	r, faults := open(t, "t.csv", []byte("a,b\n1,2\n\""+strings.Repeat("x,y\n", 3<<20)), table.Layout{})
	records := all(r, faults)
	r.Close()
	if len(records) != 1 || !faults.Failed() || faults.Items[0].Code != "long-record" || faults.Items[0].Place.Line != 2 {
		t.Errorf("got %d records and %v", len(records), faults.Items)
	}
}

func TestReadParquet(t *testing.T) {
	schema := frame.Schema{
		{Name: "age", Type: frame.Number, Nullable: true, Decimals: -1}, {Name: "sex", Type: frame.Category, Labels: []string{"m", "f"}},
		{Name: "n", Type: frame.Integer}, {Name: "note", Type: frame.Text},
	}
	path := filepath.Join(t.TempDir(), "t.parquet")
	w, err := dataset.Create("parquet", path, schema, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := frame.New(schema)
	b.N = 2
	b.Columns = []frame.Column{{Floats: []float64{31, 0}, Null: []bool{false, true}}, {Codes: []int32{1, 0}}, {Ints: []int64{-3, 7}}, {Texts: []string{" x ", ""}}}
	p := w.NewPart()
	if err := errors.Join(p.Write(b), w.Append(p), w.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	faults := &diag.List{}
	r := Open(file, "t.parquet", &table.Layout{}, faults)
	if r == nil {
		t.Fatal(faults.Items)
	}
	defer r.Close()
	if diff := cmp.Diff([]string{"age", "sex", "n", "note"}, r.Columns); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{{"31", "f", "-3", "x"}, {"", "m", "7", ""}}, all(r, faults)); diff != "" || faults.Failed() {
		t.Errorf("%s %v", diff, faults.Items)
	}
	if at := r.Place(1); at.File != "t.parquet:row 2 sex" {
		t.Errorf("got the place %v", at)
	}
	data, _ := os.ReadFile(path)
	if sum, err := r.Sum(); err != nil || len(sum) != 64 || len(data) == 0 {
		t.Errorf("got %q, %v", sum, err)
	}
}

// The reader of records never panics, and reads what the reader of tables reads.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\n\"1;\n2\";3\n", "sep=;\na;b\n1;2", "\xff\xfea\x00\n\x001\x00\n\x00", "a,a\n1\n", "\n\n,\n", "\ufeffa\r1\r", "a,b,\n1,2,3\n"} {
		f.Add([]byte(seed), uint8(0), "", "")
		f.Add([]byte(seed), uint8(2), ";", "windows-1252")
	}
	f.Fuzz(func(t *testing.T, data []byte, rows uint8, separator, encoding string) {
		l := table.Layout{Separator: separator, Encoding: encoding, Header: int(rows % 4), Skip: int(rows/4) % 4, NoHeader: rows >= 128}
		if separator != "" && !table.ValidSeparator(separator) || encoding != "" && table.CheckEncoding(encoding) != nil {
			return
		}
		faults := &diag.List{}
		s := table.NewStream(strings.NewReader(string(data)), "t.csv", &l, faults)
		if s == nil {
			if !faults.Failed() {
				t.Fatal("no records and no fault")
			}
			return
		}
		var got [][]string
		for {
			cells, err := s.Next(faults)
			if err != nil {
				if errors.Is(err, io.EOF) == faults.Failed() {
					t.Fatalf("%v, but %v", err, faults.Items)
				}
				break
			}
			for c := range cells {
				s.Place(c)
			}
			if len(cells) != len(s.Header) {
				t.Fatalf("%d cells for %d columns", len(cells), len(s.Header))
			}
			got = append(got, slices.Clone(cells))
		}
		whole := &diag.List{}
		if file := table.Parse(data, "t.csv", l, whole); !whole.Failed() && !faults.Failed() && slices.Equal(file.Header, s.Header) {
			if diff := cmp.Diff(file.Rows, got); diff != "" && len(got)+len(file.Rows) > 0 {
				t.Fatalf("%s", diff)
			}
		}
	})
}
