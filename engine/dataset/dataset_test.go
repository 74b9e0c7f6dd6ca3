package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
)

// row is a row as the tests write it: nil, string, int64, float64 or []string per
// column.
type row []any

// mixedSchema has every type, with and without nulls.
func mixedSchema() frame.Schema {
	hues := []string{"red", "dark, \"deep\" blue", "", "=grün", "'-x"}
	return frame.Schema{
		{Name: "key", Type: frame.Text},
		{Name: "hue", Type: frame.Category, Labels: hues, Title: "Hue", Description: "colour of the <guild> & zone"},
		{Name: "zone", Type: frame.Category, Nullable: true, Labels: []string{"north", "south"}},
		{Name: "years", Type: frame.Integer, Unit: "years"},
		{Name: "score", Type: frame.Integer, Nullable: true},
		{Name: "wage", Type: frame.Number, Decimals: 2},
		{Name: "ratio", Type: frame.Number, Nullable: true, Decimals: -1},
		{Name: "note", Type: frame.Text, Nullable: true},
		{Name: "guilds", Type: frame.CategoryList, Labels: []string{"smiths", "bakers, \"old\"", "=x"}},
		{Name: "tags", Type: frame.TextList, Nullable: true},
		{Name: "marks", Type: frame.CategoryList, Nullable: true, Labels: []string{"a", "b"}},
		{Name: "lines", Type: frame.TextList},
	}
}

func mixedRows() []row {
	none := []string{}
	return []row{
		{"k1", "red", "north", int64(18), int64(-5), 12.5, 0.1, "plain", []string{"smiths"}, []string{"x"}, []string{"a", "b"}, none},
		{"k2", "dark, \"deep\" blue", nil, int64(math.MaxInt64), nil, -0.01, nil, nil, none, nil, nil, []string{""}},
		{"k3", "", "south", int64(math.MinInt64), int64(0), 0.0, 1e-9, "", []string{"bakers, \"old\"", "=x", "smiths"}, none, none, []string{"a\nb", "c,d", "\"q\""}},
		{"=1+1", "=grün", "north", int64(0), int64(7), 1e15, 1e300, "'=x", []string{"=x"}, []string{"ț", "日本", "😀"}, []string{"a"}, []string{"null", ""}},
		{"-k", "'-x", nil, int64(-1), nil, 1234.56, -2.0 / 3, "''+", none, []string{""}, none, none},
		{"@", "red", "south", int64(1), nil, 0.30000000000000004, math.MaxFloat64, "\t tab", none, nil, nil, none},
		{"\r", "red", "south", int64(1), nil, -3, 5e-324, "line\r\nbreak, \"quoted\"\u2028\x00\x7f", none, nil, nil, none},
		{" lead", "red", nil, int64(1), nil, 99.999, 3, "trail ", none, nil, nil, []string{"[", "]"}},
		{"+", "red", nil, int64(1), nil, 7, 4, strings.Repeat("huge ț text, ", 90_000), none, nil, nil, none},
	}
}

// toBatch makes a batch of rows.
func toBatch(t testing.TB, s frame.Schema, rows []row) *frame.Batch {
	t.Helper()
	b := frame.New(s)
	b.Resize(0, len(rows))
	for i, f := range s {
		c := &b.Columns[i]
		for r := range rows {
			v := rows[r][i]
			if v == nil && f.Type != frame.Category {
				if c.Null == nil {
					c.Null = make([]bool, len(rows))
				}
				c.Null[r] = true
			}
			switch f.Type {
			case frame.Category:
				c.Codes[r] = -1
				if v != nil {
					c.Codes[r] = int32(slices.Index(f.Labels, v.(string)))
				}
			case frame.Integer:
				c.Ints[r], _ = v.(int64)
			case frame.Number:
				switch x := v.(type) {
				case float64:
					c.Floats[r] = x
				case int:
					c.Floats[r] = float64(x)
				}
			case frame.Text:
				c.Texts[r], _ = v.(string)
			default:
				items, _ := v.([]string)
				for _, item := range items {
					if f.Type == frame.TextList {
						c.Texts = append(c.Texts, item)
					} else {
						c.Codes = append(c.Codes, int32(slices.Index(f.Labels, item)))
					}
				}
				c.Offsets[r+1] = int32(max(len(c.Codes), len(c.Texts)))
			}
		}
	}
	return b
}

// fromBatch appends the rows of a batch.
func fromBatch(rows []row, b *frame.Batch) []row {
	for r := range b.N {
		var out row
		for i, f := range b.Schema {
			out = append(out, cellOf(f, &b.Columns[i], r))
		}
		rows = append(rows, out)
	}
	return rows
}

func cellOf(f frame.Field, c *frame.Column, r int) any {
	if c.IsNull(f.Type, r) {
		if f.Type == frame.Category && c.Codes[r] == UnknownCode {
			return UnknownCode
		}
		return nil
	}
	switch f.Type {
	case frame.Category:
		return f.Labels[c.Codes[r]]
	case frame.Integer:
		return c.Ints[r]
	case frame.Number:
		return c.Floats[r]
	case frame.Text:
		return c.Texts[r]
	}
	items := []string{}
	for k := c.Offsets[r]; k < c.Offsets[r+1]; k++ {
		switch {
		case f.Type == frame.TextList:
			items = append(items, c.Texts[k])
		case c.Codes[k] == UnknownCode:
			items = append(items, "?")
		default:
			items = append(items, f.Labels[c.Codes[k]])
		}
	}
	return items
}

// writeRows writes the rows in chunks of the given size and returns the path.
func writeRows(t testing.TB, format string, s frame.Schema, rows []row, chunk int) string {
	t.Helper()
	f, err := FormatOf(format)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out"+f.Extension)
	w, err := Create(format, path, s, Options{Metadata: []KeyValue{{"seed", "7"}, {"plan", "abc"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	part := w.NewPart()
	for part := part; len(rows) > 0; rows = rows[min(chunk, len(rows)):] {
		if err := part.Write(toBatch(t, s, rows[:min(chunk, len(rows))])); err != nil {
			t.Fatal(err)
		}
		if err := part.Finish(); err != nil {
			t.Fatal(err)
		}
		if err := w.Append(part); err != nil {
			t.Fatal(err)
		}
		if part.Rows() != 0 || part.Size() != 0 {
			t.Fatalf("the part has %d rows after Append, want 0", part.Rows())
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// readRows reads a whole file in batches of the given size.
func readRows(t testing.TB, path string, o OpenOptions, size int) ([]row, *Reader) {
	t.Helper()
	r, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	var rows []row
	b := &frame.Batch{}
	for {
		n, err := r.Read(b, size)
		if errors.Is(err, io.EOF) {
			return rows, r
		}
		if err != nil {
			t.Fatal(err)
		}
		if n != b.N || b.First != int64(len(rows)) {
			t.Fatalf("Read returned %d rows, but the batch has N %d and First %d", n, b.N, b.First)
		}
		if err := checkWhole(b); err != nil {
			t.Fatal(err)
		}
		rows = fromBatch(rows, b)
	}
}

// checkWhole checks the lengths of the columns.
func checkWhole(b *frame.Batch) error {
	for i, f := range b.Schema {
		c := &b.Columns[i]
		if err := checkLengths(f.Type, c, b.N); err != nil {
			return fmt.Errorf("column %s: %w", f.Name, err)
		}
		if c.Null != nil && len(c.Null) != b.N {
			return fmt.Errorf("column %s: %d null flags for %d rows", f.Name, len(c.Null), b.N)
		}
		if f.Type == frame.Records {
			if err := checkWhole(&frame.Batch{Schema: f.Records, N: int(c.Offsets[b.N]), Columns: c.Records}); err != nil {
				return fmt.Errorf("column %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	s := mixedSchema()
	rows := mixedRows()
	want := fromBatch(nil, toBatch(t, s, rows))
	for _, f := range Formats() {
		for _, chunk := range []int{1, 4, 100} {
			for _, size := range []int{1, 3, 100} {
				t.Run(fmt.Sprintf("%s/chunk=%d/batch=%d", f.Name, chunk, size), func(t *testing.T) {
					path := writeRows(t, f.Name, s, rows, chunk)
					got, r := readRows(t, path, OpenOptions{Schema: s}, size)
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("rows differ (-want +got):\n%.2000s", diff)
					}
					if len(r.Issues()) != 0 {
						t.Errorf("issues: %v", r.Issues())
					}
					var names []string
					for _, field := range s {
						names = append(names, field.Name)
					}
					if !slices.Equal(r.Columns(), names) {
						t.Errorf("got columns %v, want them in the order of the schema", r.Columns())
					}
				})
			}
		}
	}
}

func TestRoundTripRandom(t *testing.T) {
	s := mixedSchema()
	d := draw(1)
	for round := range 20 {
		rows := make([]row, 1+d.below(300))
		for r := range rows {
			rows[r] = randomRow(s, &d)
		}
		want := fromBatch(nil, toBatch(t, s, rows))
		for _, f := range Formats() {
			path := writeRows(t, f.Name, s, rows, 1+d.below(100))
			got, r := readRows(t, path, OpenOptions{Schema: s}, 1+d.below(100))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("round %d, %s: rows differ (-want +got):\n%.2000s", round, f.Name, diff)
			}
			if len(r.Issues()) != 0 {
				t.Fatalf("round %d, %s: issues: %v", round, f.Name, r.Issues())
			}
		}
	}
}

// randomText returns a text of characters that the formats treat specially.
func randomText(d *draw) string {
	pieces := []string{"a", "'", "\"", ",", "\n", "\r", "=", "+", "-", "@", "\t", " ", "\\", "é", "日", "😀", "\u2028", "[", "]", "0", "\x01"}
	var text strings.Builder
	for range d.below(6) {
		text.WriteString(pieces[d.below(len(pieces))])
	}
	return text.String()
}

func randomRow(s frame.Schema, d *draw) row {
	var out row
	for _, f := range s {
		if f.Nullable && d.below(3) == 0 {
			out = append(out, nil)
			continue
		}
		switch f.Type {
		case frame.Category:
			out = append(out, f.Labels[d.below(len(f.Labels))])
		case frame.Integer:
			out = append(out, int64(d.next()))
		case frame.Number:
			x := math.Float64frombits(d.next())
			if math.IsNaN(x) || math.IsInf(x, 0) || d.below(2) == 0 {
				x = float64(d.below(1_000_000)-500_000) / 100
			}
			out = append(out, x)
		case frame.Text:
			out = append(out, randomText(d))
		default:
			items := []string{}
			for range d.below(4) {
				if f.Type == frame.TextList {
					items = append(items, randomText(d))
				} else {
					items = append(items, f.Labels[d.below(len(f.Labels))])
				}
			}
			out = append(out, items)
		}
	}
	return out
}

func TestNoRows(t *testing.T) {
	s := mixedSchema()
	for _, f := range Formats() {
		path := writeRows(t, f.Name, s, nil, 1)
		rows, r := readRows(t, path, OpenOptions{Schema: s}, 10)
		if len(rows) != 0 {
			t.Errorf("%s: %d rows", f.Name, len(rows))
		}
		// A JSONL file without lines has no column names.
		if n := len(r.Issues()); (n != 0) != (f.Name == "jsonl") {
			t.Errorf("%s: issues %v", f.Name, r.Issues())
		}
	}
}

func TestSingleColumnNulls(t *testing.T) {
	s := frame.Schema{{Name: "x", Type: frame.Text, Nullable: true}}
	rows := []row{{nil}, {""}, {"a"}, {nil}}
	for _, f := range Formats() {
		got, _ := readRows(t, writeRows(t, f.Name, s, rows, 2), OpenOptions{Schema: s}, 3)
		if diff := cmp.Diff(rows, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
}

func TestInvalidUTF8(t *testing.T) {
	s := frame.Schema{{Name: "x", Type: frame.Text}, {Name: "y", Type: frame.TextList}}
	rows := []row{{"a\xffb\xc3", []string{"\xfe\xfe", "ok"}}}
	want := []row{{"a\uFFFDb\uFFFD", []string{"\uFFFD\uFFFD", "ok"}}}
	for _, f := range Formats() {
		got, _ := readRows(t, writeRows(t, f.Name, s, rows, 2), OpenOptions{Schema: s}, 3)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
}

// The bytes do not depend on the number of workers.
func TestWorkers(t *testing.T) {
	s := wideSchema()
	s = append(s, frame.Field{Name: "tags", Type: frame.TextList, Nullable: true})
	var batches []*frame.Batch
	for i := range 5 {
		b := wideBatch(s[:35], i*1000, 1000)
		c := frame.Column{Offsets: []int32{0}, Null: make([]bool, b.N)}
		for r := range b.N {
			c.Null[r] = r%7 == 0
			for range r % 3 {
				if !c.Null[r] {
					c.Texts = append(c.Texts, fmt.Sprint("tag ", r))
				}
			}
			c.Offsets = append(c.Offsets, int32(len(c.Texts)))
		}
		b.Schema, b.Columns = s, append(b.Columns, c)
		batches = append(batches, b)
	}
	for _, f := range Formats() {
		var first [32]byte
		for _, workers := range []int{1, 4, 2} {
			path := filepath.Join(t.TempDir(), "x"+f.Extension)
			w, err := Create(f.Name, path, s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := writeAll(w, batches, 40_000, 5000, workers); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(data); workers == 1 {
				first = sum
			} else if sum != first {
				t.Errorf("%s: %d workers write other bytes than one worker", f.Name, workers)
			}
			rows := 0
			r, err := Open(path, OpenOptions{Schema: s})
			if err != nil {
				t.Fatal(err)
			}
			b := &frame.Batch{}
			for n, err := r.Read(b, 4096); err == nil; n, err = r.Read(b, 4096) {
				rows += n
			}
			r.Close()
			if rows != 40_000 || len(r.IssueCounts()) != 0 {
				t.Errorf("%s: got %d rows and issues %v", f.Name, rows, r.IssueCounts())
			}
		}
	}
}

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGolden(t *testing.T) {
	s, rows := mixedSchema(), mixedRows()[:8]
	if *update {
		for _, f := range Formats() {
			data, err := os.ReadFile(writeRows(t, f.Name, s, rows, 3))
			if err == nil {
				err = os.WriteFile(filepath.Join("testdata", "mixed"+f.Extension), data, 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, f := range Formats()[1:] {
		got, err := os.ReadFile(writeRows(t, f.Name, s, rows, 3))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("testdata", "mixed"+f.Extension))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("%s differs:\n%s\nwant\n%s", f.Name, got, want)
		}
	}
	// The bytes of a Parquet file change with the library, so only its values are compared.
	got, r := readRows(t, filepath.Join("testdata", "mixed.parquet"), OpenOptions{Schema: s}, 3)
	if diff := cmp.Diff(fromBatch(nil, toBatch(t, s, rows)), got); diff != "" || len(r.Issues()) > 0 {
		t.Errorf("mixed.parquet (-want +got):\n%s\nissues %v", diff, r.Issues())
	}
}

// encoding/json decodes what was written.
func TestJSONEqualsEncodingJSON(t *testing.T) {
	s, rows := mixedSchema(), mixedRows()
	d := draw(3)
	for range 300 {
		rows = append(rows, randomRow(s, &d))
	}
	data, err := os.ReadFile(writeRows(t, "jsonl", s, rows, 50))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte{'\n'}), []byte{'\n'})
	if len(lines) != len(rows) {
		t.Fatalf("%d lines for %d rows", len(lines), len(rows))
	}
	for r, line := range lines {
		want := map[string]any{}
		for i, f := range s {
			want[f.Name] = rows[r][i]
		}
		encoded, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decodeJSON(t, encoded), decodeJSON(t, line)); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", r, diff)
		}
	}
}

func decodeJSON(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%.200q: %v", data, err)
	}
	return v
}

func TestNumbers(t *testing.T) {
	cases := []struct {
		v        float64
		decimals int
		want     string
	}{
		{12.5, 2, "12.50"}, {-0.01, 2, "-0.01"}, {0, 2, "0.00"}, {1234567, 0, "1234567"}, {1e15, 2, "1000000000000000"},
		{0.30000000000000004, 2, "0.30000000000000004"}, {3.7, 0, "3.7"}, {99.999, 2, "99.999"}, {1e-7, -1, "1e-07"},
		{1e21, 0, "1e+21"}, {123456789012, 1, "123456789012.0"}, {math.Copysign(0, -1), 1, "-0"}, {0.1, 1, "0.1"}, {5e-324, -1, "5e-324"},
	}
	for _, c := range cases {
		got := string(appendNumber(nil, c.v, c.decimals))
		if got != c.want {
			t.Errorf("%v with %d places: got %s, want %s", c.v, c.decimals, got, c.want)
		}
		var back float64
		if err := json.Unmarshal([]byte(got), &back); err != nil || back != c.v {
			t.Errorf("%s: read as %v (%v)", got, back, err)
		}
	}
}

func TestFormulas(t *testing.T) {
	for text, cell := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\ta": "'\ta", "\ra": "\"'\ra\"",
		"'=1": "''=1", "''-": "'''-", "'a": "'a", "'": "'", "a=1": "a=1", "": `""`, "=a,b": `"'=a,b"`,
	} {
		if got := string(appendCSVText(nil, text)); got != cell {
			t.Errorf("%q: got cell %q, want %q", text, got, cell)
		}
	}
}

func TestMetadata(t *testing.T) {
	s := mixedSchema()
	_, r := readRows(t, writeRows(t, "parquet", s, mixedRows(), 5), OpenOptions{}, 10)
	got := map[string]string{}
	for _, kv := range r.Metadata() {
		got[kv.Key] = kv.Value
	}
	if got["seed"] != "7" || got["plan"] != "abc" || len(got) != 3 {
		t.Errorf("got metadata %v", got)
	}
	fields, ok := r.Fields()
	if !ok || !cmp.Equal(s, fields) {
		t.Errorf("fields differ: %s", cmp.Diff(s, fields))
	}
	if n, known := r.Rows(); !known || n != int64(len(mixedRows())) {
		t.Errorf("got %d rows, known %v", n, known)
	}
}

func TestFaultyBatches(t *testing.T) {
	s := frame.Schema{
		{Name: "hue", Type: frame.Category, Labels: []string{"red", "blue"}},
		{Name: "years", Type: frame.Integer},
		{Name: "wage", Type: frame.Number},
		{Name: "tags", Type: frame.TextList, Nullable: true},
	}
	good := func() *frame.Batch {
		return toBatch(t, s, []row{{"red", int64(1), 2.5, []string{"a"}}, {"blue", int64(2), 3.5, nil}})
	}
	cases := []struct {
		name, want string
		spoil      func(b *frame.Batch)
	}{
		{"short column", `column "years": 1 values for 2 rows`, func(b *frame.Batch) { b.Columns[1].Ints = b.Columns[1].Ints[:1] }},
		{"code without label", `column "hue": value 1 has code 2, but there are 2 labels`, func(b *frame.Batch) { b.Columns[0].Codes[1] = 2 }},
		{"null code", `column "hue": value 0 is null`, func(b *frame.Batch) { b.Columns[0].Codes[0] = -1 }},
		{"unknown code", `column "hue": value 0 has code -2`, func(b *frame.Batch) { b.Columns[0].Codes[0] = -2 }},
		{"null number", `column "wage": row 1 is null`, func(b *frame.Batch) { b.Columns[2].Null = []bool{false, true} }},
		{"NaN", `column "wage": row 0 is NaN`, func(b *frame.Batch) { b.Columns[2].Floats[0] = math.NaN() }},
		{"infinite", `column "wage": row 1 is -Inf`, func(b *frame.Batch) { b.Columns[2].Floats[1] = math.Inf(-1) }},
		{"length of Null", `column "tags": 1 null flags for 2 rows`, func(b *frame.Batch) { b.Columns[3].Null = []bool{true} }},
		{"offsets short", `column "tags": 2 list offsets`, func(b *frame.Batch) { b.Columns[3].Offsets = []int32{0, 1} }},
		{"offsets decrease", `column "tags": list offsets decrease at row 1`, func(b *frame.Batch) { b.Columns[3].Offsets = []int32{0, 2, 1} }},
		{"offsets beyond", `column "tags": list offsets run from 0 to 2`, func(b *frame.Batch) { b.Columns[3].Offsets = []int32{0, 1, 2} }},
		{"columns", "the batch has 3 columns", func(b *frame.Batch) { b.Columns = b.Columns[:3] }},
		{"other column", `column 2 of the batch is text "years"`, func(b *frame.Batch) {
			b.Schema = slices.Clone(b.Schema)
			b.Schema[1].Type = frame.Text
		}},
	}
	for _, f := range Formats() {
		path := filepath.Join(t.TempDir(), "x"+f.Extension)
		w, err := Create(f.Name, path, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		part := w.NewPart()
		if err := part.Write(good()); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			b := good()
			c.spoil(b)
			if err := part.Write(b); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: got error %v, want %q", f.Name, c.name, err, c.want)
			}
		}
		if err := errors.Join(w.Append(part), w.Close()); err != nil {
			t.Fatal(err)
		}
		if rows, _ := readRows(t, path, OpenOptions{Schema: s}, 9); len(rows) != 2 {
			t.Errorf("%s: got %d rows after invalid batches, want 2", f.Name, len(rows))
		}
	}
}

func TestFaultySchemas(t *testing.T) {
	for want, s := range map[string]frame.Schema{
		"no columns":                    {},
		`column "a" occurs twice`:       {{Name: "a", Type: frame.Text}, {Name: "a", Type: frame.Text}},
		`column name "": a name must`:   {{Type: frame.Text}},
		`column "a": unknown type "b"`:  {{Name: "a", Type: "b"}},
		`column "a": label "x" occurs`:  {{Name: "a", Type: frame.Category, Labels: []string{"x", "x"}}},
		`label "\xff" is not valid UTF`: {{Name: "a", Type: frame.Category, Labels: []string{"\xff"}}},
	} {
		for _, f := range Formats() {
			path := filepath.Join(t.TempDir(), "x")
			if _, err := Create(f.Name, path, s, Options{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want %q", f.Name, err, want)
			}
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s: Create failed but made the file", f.Name)
			}
		}
	}
	s := frame.Schema{{Name: "a", Type: frame.Text}}
	for _, o := range []Options{{Level: 5}, {Metadata: []KeyValue{{"k", ""}, {"k", ""}}}, {Metadata: []KeyValue{{FieldsKey, ""}}}} {
		if _, err := CreateParquet(filepath.Join(t.TempDir(), "x"), s, o); err == nil {
			t.Errorf("options %v: got no error", o)
		}
	}
}

func TestResetAndAbort(t *testing.T) {
	s := frame.Schema{{Name: "a", Type: frame.Text}}
	for _, f := range Formats() {
		path := filepath.Join(t.TempDir(), "x"+f.Extension)
		w, err := Create(f.Name, path, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		part := w.NewPart()
		for _, text := range []string{"dropped", "kept"} {
			part.Reset()
			if err := part.Write(toBatch(t, s, []row{{text}})); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Append(part), w.Append(part), w.Close(), w.Abort()); err != nil {
			t.Fatal(err)
		}
		if got, _ := readRows(t, path, OpenOptions{Schema: s}, 5); !cmp.Equal(got, []row{{"kept"}}) {
			t.Errorf("%s: got rows %v", f.Name, got)
		}
		if w, err = Create(f.Name, path, s, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := w.Append(part); err == nil {
			t.Errorf("%s: a part of another writer was accepted", f.Name)
		}
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: the file exists after Abort", f.Name)
		}
	}
}

func TestFullDisk(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("no ", full, " here")
	}
	s := frame.Schema{{Name: "a", Type: frame.Text}}
	for _, f := range Formats() {
		w, err := Create(f.Name, full, s, Options{})
		if err == nil {
			part := w.NewPart()
			if err = part.Write(toBatch(t, s, []row{{strings.Repeat("abc", 1000)}})); err != nil {
				t.Fatal(err)
			}
			w.Append(part)
			err = w.Close()
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk is full after 0 bytes") {
			t.Errorf("%s: got error %v", f.Name, err)
		}
	}
}

// Abort also removes a file that Close could not complete.
func TestAbortAfterFailedClose(t *testing.T) {
	s := frame.Schema{{Name: "a", Type: frame.Text}}
	for _, f := range Formats() {
		path := filepath.Join(t.TempDir(), "x"+f.Extension)
		w, err := Create(f.Name, path, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		switch w := w.(type) {
		case *parquetWriter:
			w.out.fail(syscall.ENOSPC)
		case *textWriter:
			w.out.fail(syscall.ENOSPC)
		}
		if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: got error %v of Close", f.Name, err)
		}
		if err := w.Abort(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: the file exists after Abort", f.Name)
		}
	}
}

func TestFreeSpace(t *testing.T) {
	n, err := FreeSpace(t.TempDir())
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil || n <= 0 {
		t.Errorf("got free space %d, error %v", n, err)
	}
	if _, err := FreeSpace(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing folder: got no error")
	}
}

func TestRowsPerChunk(t *testing.T) {
	for text, want := range map[int]int{0: ChunkRows, 100: ChunkRows, 4096: 16384, 1 << 30: 1024} {
		if got := RowsPerChunk(text); got != want {
			t.Errorf("%d bytes of text: got %d rows, want %d", text, got, want)
		}
	}
}
