package dataset

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/personagen/personagen/engine/frame"
)

// recordsSchema has lists of records with every type, with and without nulls.
func recordsSchema() frame.Schema {
	return frame.Schema{
		{Name: "key", Type: frame.Text},
		{Name: "kin", Type: frame.Records, Nullable: true, Records: frame.Schema{
			{Name: "group", Type: frame.Category, Labels: []string{"spouse", "child, \"own\""}},
			{Name: "name", Type: frame.Category, Labels: []string{"Ana", "=Ion", ""}, Nullable: true},
			{Name: "stay", Type: frame.Category, Labels: []string{"true", "false"}, Boolean: true, Nullable: true},
			{Name: "years", Type: frame.Integer, Nullable: true},
			{Name: "wage", Type: frame.Number, Decimals: 2, Nullable: true},
			{Name: "note", Type: frame.Text, Nullable: true},
			{Name: "born", Type: frame.Date, Nullable: true},
			{Name: "rank", Type: frame.Integer},
			{Name: "said", Type: frame.Text},
		}},
		{Name: "tags", Type: frame.TextList},
		{Name: "pets", Type: frame.Records, Records: frame.Schema{{Name: "group", Type: frame.Category, Labels: []string{"cat"}}}},
	}
}

// recordsBatch is n persons from number first on: some without a list, some with an empty
// one.
func recordsBatch(first, n int) *frame.Batch {
	s := recordsSchema()
	b := frame.New(s)
	b.Resize(int64(first), n)
	kin, pets := &b.Columns[1], &b.Columns[3]
	kin.Records, pets.Records = make([]frame.Column, len(s[1].Records)), make([]frame.Column, 1)
	kin.Null = make([]bool, n)
	texts := []string{"", "a\nb, \"c\"", "ț 日本", "[", "\u2028"}
	nulls := func(c *frame.Column, null bool) { c.Null = append(c.Null, null) }
	for r := range n {
		person := first + r
		b.Columns[0].Texts[r] = fmt.Sprint("p", person)
		b.Columns[2].Texts = append(b.Columns[2].Texts, "x")
		b.Columns[2].Offsets[r+1] = int32(r + 1)
		kin.Null[r] = person%7 == 3
		count := person * 5 % 4
		if kin.Null[r] {
			count = 0
		}
		in := kin.Records
		for k := range count {
			i := person + k
			in[0].Codes = append(in[0].Codes, int32(i%2))
			in[1].Codes = append(in[1].Codes, int32(i%4)-1)
			in[2].Codes = append(in[2].Codes, int32(i%3)-1)
			in[3].Ints = append(in[3].Ints, int64(i%3)*11)
			nulls(&in[3], i%3 == 0)
			in[4].Floats = append(in[4].Floats, float64(i%5)*1.25)
			nulls(&in[4], i%5 == 0)
			in[5].Texts = append(in[5].Texts, texts[i%5])
			if nulls(&in[5], i%4 == 1); i%4 == 1 {
				in[5].Texts[len(in[5].Texts)-1] = ""
			}
			in[6].Ints = append(in[6].Ints, int64(i%6)*400)
			nulls(&in[6], i%6 == 0)
			in[7].Ints = append(in[7].Ints, int64(k))
			in[8].Texts = append(in[8].Texts, texts[(i+1)%5])
		}
		kin.Offsets[r+1] = kin.Offsets[r] + int32(count)
		for range person % 3 {
			pets.Records[0].Codes = append(pets.Records[0].Codes, 0)
		}
		pets.Offsets[r+1] = pets.Offsets[r] + int32(person%3)
	}
	return b
}

// writeBatches writes batches of n rows, one part each.
func writeBatches(t testing.TB, format string, s frame.Schema, batches []*frame.Batch) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out."+format)
	w, err := Create(format, path, s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, b := range batches {
		part := w.NewPart()
		for _, step := range []func() error{func() error { return part.Write(b) }, part.Finish, func() error { return w.Append(part) }} {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// recordRows returns the values of batches as the JSON encoder writes them.
func recordRows(s frame.Schema, b *frame.Batch) (rows []string) {
	enc := encodeObjects(s)
	for r := range b.N {
		rows = append(rows, string(enc.appendObject(nil, b.Columns, r)))
	}
	return rows
}

func TestRecordsRoundTrip(t *testing.T) {
	s := recordsSchema()
	const rows = 9000
	want := recordRows(s, recordsBatch(0, rows))
	for _, f := range Formats() {
		for _, chunk := range []int{rows, 700} {
			var batches []*frame.Batch
			for from := 0; from < rows; from += chunk {
				batches = append(batches, recordsBatch(from, min(chunk, rows-from)))
			}
			path := writeBatches(t, f.Name, s, batches)
			for _, size := range []int{1, 1000} {
				r, err := Open(path, OpenOptions{Schema: s})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				whole := frame.New(s)
				whole.Resize(0, 0)
				for b := (&frame.Batch{}); ; {
					if _, err := r.Read(b, size); err == io.EOF {
						break
					} else if err != nil {
						t.Fatal(err)
					}
					if err := checkBatch(s, b); err != nil {
						t.Fatal(err)
					}
					got = append(got, recordRows(s, b)...)
					if size > 1 {
						whole.Append(b)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s, parts of %d, batches of %d (-want +got):\n%.2000s", f.Name, chunk, size, diff)
				}
				if size > 1 {
					if err := checkBatch(s, whole); err != nil || !slices.Equal(recordRows(s, whole), want) {
						t.Errorf("%s: appended batches differ: %v", f.Name, err)
					}
				}
				if issues := r.Issues(); issues != nil {
					t.Errorf("%s: %v", f.Name, issues)
				}
				r.Close()
			}
		}
	}
}

// The Parquet schema is the standard form of a list of groups.
func TestRecordsParquetSchema(t *testing.T) {
	path := writeBatches(t, "parquet", recordsSchema(), []*frame.Batch{recordsBatch(0, 10)})
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, _ := file.Stat()
	pq, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	want := `	optional group kin (LIST) {
		repeated group list {
			required group element {
				required binary group (STRING);
				optional binary name (STRING);
				optional boolean stay;
				optional int64 years (INT(64,true));`
	if got := pq.Schema().String(); !strings.Contains(got, want) {
		t.Errorf("got %s", got)
	}
}

func TestRecordsIssues(t *testing.T) {
	s := frame.Schema{{Name: "kin", Type: frame.Records, Nullable: true, Records: frame.Schema{
		{Name: "group", Type: frame.Category, Labels: []string{"child"}},
		{Name: "years", Type: frame.Integer, Nullable: true},
	}}}
	for value, want := range map[string]string{
		`[{"group":"child","years":3}]`:           ``,
		`[{"years":3,"group":"child"},{}]`:        ``,
		`null`:                                    ``,
		`[]`:                                      ``,
		`[{"group":"cousin","years":3}]`:          `column "kin.group": unknown label: "cousin"`,
		`[{"group":"child","years":"x"}]`:         `column "kin.years": wrong type: "\"x\""`,
		`[{"group":"child","years":[1]}]`:         `column "kin.years": wrong type: "[1]"`,
		`[{"group":"child","age":3}]`:             `column "kin": extra column: "age"`,
		`[{"group":"child","years":1,"years":2}]`: `column "kin.years": duplicate value`,
		`[7]`:               `column "kin": wrong type: "7"`,
		`["child"]`:         `column "kin": wrong type: "\"child\""`,
		`{"group":"child"}`: `column "kin": wrong type: "{\"group\":\"child\"}"`,
		`7`:                 `column "kin": wrong type: "7"`,
	} {
		csv := `""` + "\n"
		if value != "null" {
			csv = `"` + strings.ReplaceAll(value, `"`, `""`) + "\"\n"
		} else {
			csv = "\n"
		}
		for name, content := range map[string]string{"a.jsonl": `{"kin":` + value + "}\n", "a.csv": "kin\n" + csv} {
			r, err := Open(writeFile(t, name, content), OpenOptions{Schema: s})
			if err != nil {
				t.Fatal(err)
			}
			b := &frame.Batch{}
			if n, err := r.Read(b, 10); n != 1 || err != nil {
				t.Fatalf("%s %s: %d rows, %v", name, value, n, err)
			}
			if err := checkLengths(frame.Records, &b.Columns[0], 1); err != nil {
				t.Errorf("%s %s: %v", name, value, err)
			}
			got := ""
			for _, i := range r.Issues() {
				_, got, _ = strings.Cut(i.String(), ": ")
			}
			if got != want {
				t.Errorf("%s %s: got issue %s, want %s", name, value, got, want)
			}
			r.Close()
		}
	}
}

// A file of another program may have more, fewer or other columns in its records.
func TestRecordsForeignParquet(t *testing.T) {
	type kin struct {
		Years *int32  `parquet:"years,optional"`
		Group string  `parquet:"group"`
		Extra float64 `parquet:"extra"`
	}
	type person struct {
		Kin []kin `parquet:"kin,list"`
	}
	years := int32(4)
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := parquet.WriteFile(path, []person{{Kin: []kin{{&years, "child", 1}, {nil, "cousin", 2}}}, {}}); err != nil {
		t.Fatal(err)
	}
	s := frame.Schema{{Name: "kin", Type: frame.Records, Nullable: true, Records: frame.Schema{
		{Name: "group", Type: frame.Category, Labels: []string{"child"}},
		{Name: "years", Type: frame.Integer, Nullable: true},
		{Name: "stay", Type: frame.Text, Nullable: true},
	}}}
	r, err := Open(path, OpenOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b := &frame.Batch{}
	if _, err := r.Read(b, 10); err != nil {
		t.Fatal(err)
	}
	c := b.Columns[0]
	if diff := cmp.Diff(frame.Column{Offsets: []int32{0, 2, 2}, Records: []frame.Column{
		{Codes: []int32{0, UnknownCode}}, {Ints: []int64{4, 0}, Null: []bool{false, true}}, {Texts: []string{"", ""}, Null: []bool{true, true}},
	}}, frame.Column{Offsets: c.Offsets, Records: []frame.Column{
		{Codes: c.Records[0].Codes}, {Ints: c.Records[1].Ints, Null: c.Records[1].Null}, {Texts: c.Records[2].Texts, Null: c.Records[2].Null},
	}}); diff != "" {
		t.Error(diff)
	}
	want := []string{`column "kin.stay": missing column`, `column "kin.extra": extra column`, `row 0: column "kin.group": unknown label: "cousin"`}
	var got []string
	for _, i := range r.Issues() {
		got = append(got, i.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	plain, err := Open(path, OpenOptions{Schema: frame.Schema{{Name: "kin", Type: frame.Text, Nullable: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if n, err := plain.Read(b, 10); n != 2 || err != nil || !b.Columns[0].IsNull(frame.Text, 0) || len(plain.Issues()) == 0 {
		t.Errorf("as text: %d rows, %v, %v", n, err, plain.Issues())
	}
}

func TestFaultyRecords(t *testing.T) {
	s := recordsSchema()
	for want, break_ := range map[string]func(b *frame.Batch){
		`column "years" of its records`: func(b *frame.Batch) { b.Columns[1].Records[3].Ints = b.Columns[1].Records[3].Ints[1:] },
		`has code 9`:                    func(b *frame.Batch) { b.Columns[1].Records[1].Codes[0] = 9 },
		`is null, but the column`: func(b *frame.Batch) {
			b.Columns[1].Records[7].Null = make([]bool, b.Columns[1].Offsets[b.N])
			b.Columns[1].Records[7].Null[0] = true
		},
		`its records have 1 columns`:         func(b *frame.Batch) { b.Columns[1].Records = b.Columns[1].Records[:1] },
		`list offsets decrease`:              func(b *frame.Batch) { b.Columns[1].Offsets[5] = 0 },
		`has records whose column 2 is text`: func(b *frame.Batch) { b.Schema[1].Records[1].Type = frame.Text },
	} {
		for _, f := range Formats() {
			b := recordsBatch(0, 20)
			break_(b)
			w, err := Create(f.Name, filepath.Join(t.TempDir(), "a"), s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.NewPart().Write(b); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", f.Name, err, want)
			}
			w.Abort()
		}
	}
	for _, s := range []frame.Schema{
		{{Name: "kin", Type: frame.Records}},
		{{Name: "kin", Type: frame.Records, Records: frame.Schema{{Name: "tags", Type: frame.TextList}}}},
		{{Name: "kin", Type: frame.Records, Records: frame.Schema{{Name: "a", Type: frame.Text}, {Name: "a", Type: frame.Text}}}},
	} {
		if err := checkSchema(s); err == nil {
			t.Errorf("%v is accepted", s)
		}
	}
}

// Other tools read lists of records as they were written, the nulls included.
func TestPeersRecords(t *testing.T) {
	python := pythonWithPeers(t)
	s := recordsSchema()
	b := recordsBatch(0, 500)
	path := writeBatches(t, "parquet", s, []*frame.Batch{b})
	for _, tool := range []string{"pyarrow", "duckdb", "polars"} {
		out, err := peer(python, tool, path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")[1:]
		for r, row := range recordRows(s, b) {
			var want map[string]any
			var got []any
			if json.Unmarshal([]byte(row), &want) != nil || json.Unmarshal([]byte(lines[r]), &got) != nil {
				t.Fatal(row, lines[r])
			}
			if diff := cmp.Diff([]any{want["key"], want["kin"], want["tags"], want["pets"]}, got); diff != "" {
				t.Fatalf("%s, row %d: %s", tool, r, diff)
			}
		}
	}
}
