package dataset

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/personagen/personagen/engine/frame"
)

func writeFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// wanted is the schema for files with faults.
var wanted = frame.Schema{
	{Name: "hue", Type: frame.Category, Labels: []string{"red", "blue", "2014"}},
	{Name: "years", Type: frame.Integer},
	{Name: "wage", Type: frame.Number},
	{Name: "tags", Type: frame.TextList},
	{Name: "note", Type: frame.Text},
}

func TestIssues(t *testing.T) {
	cases := []struct {
		name, file, content string
		rows                []row
		issues              []string
	}{
		{"csv", "a.csv", "\ufeffhue,years,wage,tags,extra,note\r\n" +
			"red,1,2.5,\"[\"\"a\"\"]\",,x\r\n" +
			"\r\n" +
			"green,1.5,abc,[1],,\"a\nb\"\r\n" +
			"2014,3.0,1e3,[],,\r\n" +
			"blue,99999999999999999999,0x10\r\n" +
			"red,1,1,[],,b\"c,too,many\r\n",
			[]row{
				{"red", int64(1), 2.5, []string{"a"}, "x"},
				{UnknownCode, nil, nil, nil, "a\nb"},
				{"2014", int64(3), 1000.0, []string{}, nil},
				{"blue", nil, nil, nil, nil},
				{"red", int64(1), 1.0, []string{}, "b\"c"},
			},
			[]string{
				`column "extra": extra column`,
				`line 4: column "hue": unknown label: "green"`,
				`line 4: column "years": wrong type: "1.5"`,
				`line 4: column "wage": wrong type: "abc"`,
				`line 4: column "tags": wrong type: "[1]"`,
				`line 7: wrong cell count: "3 cells, the header has 6"`,
				`line 7: column "years": wrong type: "99999999999999999999"`,
				`line 7: column "wage": wrong type: "0x10"`,
				`line 8: wrong cell count: "8 cells, the header has 6"`,
				`line 8: column "note": malformed cell: "b\"c"`,
			}},
		{"csv without columns", "a.csv", "note,years\nx,1\n",
			[]row{{nil, int64(1), nil, nil, "x"}},
			[]string{`column "hue": missing column`, `column "wage": missing column`, `column "tags": missing column`}},
		{"jsonl", "a.jsonl", `{"hue":"red","years":1,"wage":2,"tags":["a","\u00e9"],"note":"x"}` + "\n\n" +
			`{"hue":2014,"years":3.0,"wage":"2","tags":"a","note":5,"extra":{"a":[1]}}` + "\n" +
			`{"hue":"red",}` + "\n" +
			`{"note":null,"hue":"grün","years":1.5,"wage":1e999,"tags":["a",null,["b"]]}` + "\n" +
			`[1]` + "\n" +
			`{"hue":"red","hue":"blue","years":"1"}`,
			[]row{
				{"red", int64(1), 2.0, []string{"a", "é"}, "x"},
				{"2014", int64(3), nil, nil, nil},
				{UnknownCode, nil, nil, nil, nil},
				{UnknownCode, nil, nil, []string{"a"}, nil},
				{UnknownCode, nil, nil, nil, nil},
				{"blue", nil, nil, nil, nil},
			},
			[]string{
				`column "extra": extra column`,
				`line 3: column "wage": wrong type: "\"2\""`,
				`line 3: column "tags": wrong type: "\"a\""`,
				`line 3: column "note": wrong type: "5"`,
				`line 4: malformed line: "{\"hue\":\"red\",}"`,
				`line 5: column "hue": unknown label: "grün"`,
				`line 5: column "years": wrong type: "1.5"`,
				`line 5: column "wage": wrong type: "1e999"`,
				`line 5: column "tags": wrong type: "null"`,
				`line 5: column "tags": wrong type: "[\"b\"]"`,
				`line 6: malformed line: "[1]"`,
				`line 7: column "hue": duplicate value`,
				`line 7: column "years": wrong type: "\"1\""`,
			}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 100} {
				rows, r := readRows(t, writeFile(t, c.file, c.content), OpenOptions{Schema: wanted}, size)
				if diff := cmp.Diff(c.rows, rows); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
				var issues []string
				for _, i := range r.Issues() {
					issues = append(issues, i.String())
				}
				if diff := cmp.Diff(c.issues, issues); diff != "" {
					t.Errorf("issues (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestIssuesAreCapped(t *testing.T) {
	content := "hue\n" + strings.Repeat("green\n", 5000) + "red\n" + strings.Repeat("x", 200) + "\n"
	s := frame.Schema{{Name: "hue", Type: frame.Category, Labels: []string{"red"}}}
	_, r := readRows(t, writeFile(t, "a.csv", content), OpenOptions{Schema: s, MaxIssues: 3}, 1000)
	if n := len(r.Issues()); n != 3 {
		t.Errorf("got %d issues, want 3", n)
	}
	want := []IssueCount{{"hue", UnknownLabel, 5001}}
	if diff := cmp.Diff(want, r.IssueCounts()); diff != "" {
		t.Error(diff)
	}
	if i := r.Issues()[2]; i.Row != 2 || i.Line != 4 {
		t.Errorf("the third issue: got row %d, line %d", i.Row, i.Line)
	}
}

func TestMapping(t *testing.T) {
	o := OpenOptions{Schema: wanted[:2], Columns: map[string]string{"colour": "hue", "hue": "other"}}
	want := []row{{"red", int64(1)}}
	for name, content := range map[string]string{
		"a.csv":   "hue,colour,years\nblue,red,1\n",
		"a.jsonl": `{"hue":"blue","colour":"red","years":1}`,
	} {
		rows, r := readRows(t, writeFile(t, name, content), o, 5)
		if !cmp.Equal(want, rows) {
			t.Errorf("%s: got rows %v", name, rows)
		}
		if counts := r.IssueCounts(); !cmp.Equal(counts, []IssueCount{{"hue", ExtraColumn, 1}}) {
			t.Errorf("%s: got issues %v", name, counts)
		}
	}
	o.Columns = map[string]string{"a": "hue", "b": "hue"}
	if _, err := Open(writeFile(t, "a.csv", "a,b\n"), o); err == nil || !strings.Contains(err.Error(), `are both mapped to "hue"`) {
		t.Errorf("got error %v", err)
	}
}

func TestInference(t *testing.T) {
	type field struct {
		Name string
		Type frame.Type
	}
	want := []field{{"i", frame.Integer}, {"n", frame.Number}, {"z", frame.Text}, {"l", frame.TextList}, {"t", frame.Text}, {"e", frame.Text}}
	wantRows := []row{
		{int64(1), 1.0, "007", []string{"a"}, "x", nil},
		{int64(-5), 2.5, "8", []string{}, "[", nil},
		{nil, nil, "", nil, "3", nil},
	}
	for name, content := range map[string]string{
		"a.csv": "i,n,z,l,t,e\n1,1,007,\"[\"\"a\"\"]\",x,\n-5,2.5,8,[],[,\n,,\"\",,3,\n",
		"a.jsonl": `{"i":1,"n":1,"z":"007","l":["a"],"t":"x","e":null}` + "\n" +
			`{"i":-5,"n":2.5,"z":8,"l":[],"t":"[","e":null}` + "\n" + `{"t":3,"z":""}`,
	} {
		rows, r := readRows(t, writeFile(t, name, content), OpenOptions{}, 2)
		var got []field
		for _, f := range r.Schema() {
			got = append(got, field{f.Name, f.Type})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: schema (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(wantRows, rows); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", name, diff)
		}
		if len(r.Issues()) != 0 {
			t.Errorf("%s: got issues %v", name, r.Issues())
		}
	}
}

// Without a schema, the values of a file that CreateParquet wrote are read as texts
// and numbers.
func TestInferenceOwnParquet(t *testing.T) {
	s, rows := mixedSchema(), mixedRows()
	got, r := readRows(t, writeRows(t, "parquet", s, rows, 4), OpenOptions{}, 3)
	if diff := cmp.Diff(fromBatch(nil, toBatch(t, s, rows)), got); diff != "" || len(r.Issues()) > 0 {
		t.Errorf("(-want +got):\n%.2000s\n%v", diff, r.Issues())
	}
}

func TestUnreadableFiles(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.csv", "", "the file is empty"},
		{"a.csv", "a,a\n", `line 1: column "a" occurs twice`},
		{"a.csv", "a\n1\n\"open\n\n", "line 3: the quoted cell that starts here is never closed"},
		{"a.txt", "", "it must end in .parquet, .jsonl or .csv"},
		{"a.parquet", "", "too short"},
		{"a.parquet", "PAR1 this is not it", "does not end in PAR1"},
		{"a.parquet", "PAR1\xff\xff\xff\x7fPAR1", "footer is longer than the file"},
		{"a.parquet", "PAR1\x00\x00\x00\x00PAR1", "not a readable Parquet file"},
	} {
		r, err := Open(writeFile(t, c.name, c.content), OpenOptions{Schema: frame.Schema{{Name: "a", Type: frame.Text}}})
		for b := (&frame.Batch{}); err == nil; {
			_, err = r.Read(b, 10)
		}
		if !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), c.name) && c.name != "a.txt" {
			t.Errorf("%s %q: got error %v, want %q", c.name, c.content, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv"), OpenOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v", err)
	}
}

// Types that other tools write are read.
func TestForeignParquet(t *testing.T) {
	type record struct {
		I32   int32     `parquet:"i32"`
		U32   uint32    `parquet:"u32"`
		F32   float32   `parquet:"f32"`
		F64   *float64  `parquet:"f64,optional"`
		Bool  bool      `parquet:"bool"`
		Plain string    `parquet:"plain,plain"`
		Dict  *string   `parquet:"dict,optional,dict"`
		Day   int32     `parquet:"day,date"`
		When  time.Time `parquet:"when,timestamp(microsecond)"`
		Money int64     `parquet:"money,decimal(2:18)"`
		Old   []string  `parquet:"old"`
		List  []string  `parquet:"list,list"`
		Pair  struct{ A, B int32 }
		Ints  []int32 `parquet:"ints,list"`
	}
	half, word := 0.5, "word"
	records := []record{
		{I32: -1, U32: 1 << 31, F32: 0.5, F64: &half, Bool: true, Plain: "p", Dict: &word, Day: 19821,
			When: time.Date(2024, 4, 8, 1, 2, 3, 4000, time.UTC), Money: -1234, Old: []string{"a", "b"}, List: []string{"c"}},
		{When: time.Unix(0, 0).UTC()},
	}
	path := filepath.Join(t.TempDir(), "foreign.parquet")
	if err := parquet.WriteFile(path, records); err != nil {
		t.Fatal(err)
	}
	rows, r := readRows(t, path, OpenOptions{}, 1)
	want := []row{
		{int64(-1), int64(1 << 31), 0.5, 0.5, "true", "p", "word", "2024-04-08", "2024-04-08T01:02:03.000004Z", -12.34, []string{"a", "b"}, []string{"c"}},
		{int64(0), int64(0), 0.0, nil, "false", "", nil, "1970-01-01", "1970-01-01T00:00:00Z", 0.0, []string{}, []string{}},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantCounts := []IssueCount{{"Pair", Unsupported, 1}, {"ints", Unsupported, 1}}
	if diff := cmp.Diff(wantCounts, r.IssueCounts()); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
	s := frame.Schema{
		{Name: "bool", Type: frame.Category, Labels: []string{"false", "true"}},
		{Name: "i32", Type: frame.Category, Labels: []string{"0"}},
		{Name: "f32", Type: frame.Integer},
		{Name: "plain", Type: frame.Integer},
		{Name: "list", Type: frame.CategoryList, Labels: []string{"d"}},
		{Name: "old", Type: frame.Text},
	}
	rows, _ = readRows(t, path, OpenOptions{Schema: s}, 5)
	want = []row{{"true", UnknownCode, nil, nil, []string{"?"}, nil}, {"false", "0", int64(0), nil, []string{}, nil}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The reader detects columns of unequal length; the library does not.
func TestUnevenParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uneven.parquet")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	s := frame.Schema{{Name: "a", Type: frame.Integer}, {Name: "b", Type: frame.Integer}}
	w := parquet.NewGenericWriter[any](out, parquetSchema(s))
	for i, n := range []int{10, 5} {
		for v := range n {
			if _, err := w.ColumnWriters()[i].WriteRowValues([]parquet.Value{parquet.Int64Value(int64(v)).Level(0, 0, i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, OpenOptions{Schema: s})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Read(&frame.Batch{}, 100); !errors.Is(err, errUneven) {
		t.Errorf("got error %v, want unequal length", err)
	}
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"hue":"red","years":1,"wage":2.5,"tags":["a"],"note":"x"}` + "\n" + `{"a":{"b":[1,true,null]}}`))
	f.Add([]byte("{\"hue\":\"\\ud83d\\ude00\"}\r\n\n{}\n[]\n{\"a\":1,\"a\":2}"))
	f.Add([]byte("\ufeff{\"note\":\"\xff\"}\n{\"years\":-0,\"wage\":1e5}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := writeFile(t, "a.jsonl", string(data))
		rows, malformed := 0, 0
		for _, line := range bytes.SplitAfter(bytes.TrimPrefix(data, []byte("\ufeff")), []byte{'\n'}) {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			rows++
			var object map[string]json.RawMessage
			// encoding/json accepts deeper nesting.
			if err := json.Unmarshal(line, &object); err != nil || object == nil || bytes.Count(line, []byte{'['})+bytes.Count(line, []byte{'{'}) > maxDepth {
				malformed++
			}
		}
		got, r := readRows(t, path, OpenOptions{Schema: wanted}, 7)
		if len(got) != rows {
			t.Errorf("got %d rows, want %d", len(got), rows)
		}
		for _, c := range r.IssueCounts() {
			if c.Problem == MalformedLine && c.Count > int64(malformed) {
				t.Errorf("got %d malformed lines, encoding/json finds %d", c.Count, malformed)
			}
			if c.Problem == MalformedLine {
				malformed -= int(c.Count)
			}
		}
		if malformed > 0 && bytes.Count(data, []byte{'['})+bytes.Count(data, []byte{'{'}) <= maxDepth {
			t.Errorf("got no malformed lines, want %d", malformed)
		}
		r, err := Open(path, OpenOptions{})
		if err != nil {
			return // a key is empty, or two keys are the same column
		}
		defer r.Close()
		if n, err := drain(r); err != nil || len(r.Schema()) > 0 && n != rows {
			t.Errorf("without a schema: got %d rows (%v), want %d", n, err, rows)
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("hue,years,note\nred,1,\"a\"\"b\nc\"\n,,\n"))
	f.Add([]byte("\ufeffhue\r\n'=x\r\n\r\n\"\"\r\n"))
	f.Add([]byte("a,b\n\"x\"y,z\n1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := writeFile(t, "a.csv", string(data))
		for _, o := range []OpenOptions{{Schema: wanted}, {}} {
			r, err := Open(path, o)
			if err != nil {
				continue
			}
			n, err := drain(r)
			r.Close()
			compareCSV(t, data, len(r.Columns()), n, err)
		}
	})
}

// drain reads to the end and returns the number of rows.
func drain(r *Reader) (rows int, err error) { return drainBy(r, 5) }

// drainBy reads in batches of the given size.
func drainBy(r *Reader, size int) (rows int, err error) {
	b := &frame.Batch{}
	for {
		n, err := r.Read(b, size)
		rows += n
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		if err := checkWhole(b); err != nil {
			return rows, err
		}
	}
}

// compareCSV compares the number of records with that of encoding/csv, if
// encoding/csv accepts the file.
func compareCSV(t *testing.T, data []byte, columns, rows int, err error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	reader.FieldsPerRecord = -1
	records, theirs := reader.ReadAll()
	if theirs != nil || columns == 1 || bytes.Contains(data, []byte("\r")) {
		return // they skip blank lines in a file of one column, and fold CR
	}
	if err != nil || rows != len(records)-1 {
		t.Errorf("got %d rows (%v), encoding/csv finds %d", rows, err, len(records)-1)
	}
}

func FuzzParquet(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "mixed.parquet"))
	if err != nil {
		f.Fatal(err)
	}
	for at := 0; at < len(data); at += 97 {
		f.Add(at, byte(0xff), len(data))
		f.Add(at, byte(1), at)
	}
	s := mixedSchema()
	f.Fuzz(func(t *testing.T, at int, flip byte, length int) {
		damaged := bytes.Clone(data[:min(len(data), max(0, length))])
		if at >= 0 && at < len(damaged) {
			damaged[at] ^= flip
		}
		r, err := Open(writeFile(t, "a.parquet", string(damaged)), OpenOptions{Schema: s})
		if err != nil {
			return
		}
		defer r.Close()
		drain(r) // an error or other values, but no panic
	})
}

// TestDamagedParquet flips one byte at a time, one in 13 of the file. All bytes were
// tried once.
func TestDamagedParquet(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "mixed.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.parquet")
	for at := 0; at < len(data); at += 13 {
		for _, flip := range []byte{0xff, 0x01} {
			damaged := bytes.Clone(data)
			damaged[at] ^= flip
			if err := os.WriteFile(path, damaged, 0o666); err != nil {
				t.Fatal(err)
			}
			for _, o := range []OpenOptions{{Schema: mixedSchema()}, {}} {
				if r, err := Open(path, o); err == nil {
					drain(r)
					r.Close()
				}
			}
		}
	}
}

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "people.csv")
	os.WriteFile(path, []byte("colour,years\nred,41\ngreen,x\n"), 0o666)

	r, err := Open(path, OpenOptions{
		Schema: frame.Schema{
			{Name: "hue", Type: frame.Category, Labels: []string{"red", "blue"}},
			{Name: "years", Type: frame.Integer},
		},
		Columns: map[string]string{"colour": "hue"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	batch := &frame.Batch{}
	for {
		if _, err := r.Read(batch, 4096); err != nil {
			break // io.EOF at the end
		}
		fmt.Println(batch.Columns[0].Codes, batch.Columns[1].Ints)
	}
	for _, issue := range r.Issues() {
		fmt.Println(issue)
	}
	// Output:
	// [0 -2] [41 0]
	// line 3: column "hue": unknown label: "green"
	// line 3: column "years": wrong type: "x"
}

func ExampleCreate() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	schema := frame.Schema{
		{Name: "hue", Type: frame.Category, Labels: []string{"red", "blue"}},
		{Name: "years", Type: frame.Integer},
	}
	batch := frame.New(schema)
	batch.Resize(0, 2)
	copy(batch.Columns[0].Codes, []int32{1, 0})
	copy(batch.Columns[1].Ints, []int64{41, 18})

	for _, format := range Formats()[1:] { // the text formats
		path := filepath.Join(dir, "people"+format.Extension)
		w, err := Create(format.Name, path, schema, Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		part := w.NewPart()
		if err := errors.Join(part.Write(batch), part.Finish(), w.Append(part), w.Close()); err != nil {
			fmt.Println(err)
			return
		}
		data, _ := os.ReadFile(path)
		fmt.Printf("%s", data)
	}
	// Output:
	// {"hue":"blue","years":41}
	// {"hue":"red","years":18}
	// hue,years
	// blue,41
	// red,18
}
