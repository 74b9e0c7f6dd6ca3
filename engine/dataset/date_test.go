package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/personagen/personagen/engine/frame"
)

func dateSchema() frame.Schema {
	truth := []string{"true", "false"}
	return frame.Schema{
		{Name: "day", Type: frame.Date},
		{Name: "maybe", Type: frame.Date, Nullable: true},
		{Name: "sure", Type: frame.Category, Labels: truth, Boolean: true},
		{Name: "perhaps", Type: frame.Category, Labels: []string{"false", "true"}, Boolean: true, Nullable: true},
	}
}

// dateBatch has the first and last date, leap days, and nulls.
func dateBatch() *frame.Batch {
	b := frame.New(dateSchema())
	b.Resize(0, 5)
	b.Columns[0].Ints = []int64{frame.MinDate, frame.MaxDate, frame.DateOf(2000, 2, 29), 0, -1}
	b.Columns[1] = frame.Column{Ints: []int64{0, 0, 19821, 19822, 0}, Null: []bool{true, true, false, false, true}}
	b.Columns[2].Codes = []int32{0, 1, 1, 0, 0}
	b.Columns[3].Codes = []int32{-1, 0, 1, 1, -1}
	return b
}

func dateCells(b *frame.Batch) (rows []string) {
	for r := range b.N {
		text := ""
		for i, f := range b.Schema {
			c := &b.Columns[i]
			switch {
			case c.IsNull(f.Type, r):
				text += " null"
			case f.Type == frame.Date:
				text += " " + string(frame.AppendDate(nil, c.Ints[r]))
			default:
				text += " " + f.Labels[c.Codes[r]]
			}
		}
		rows = append(rows, text)
	}
	return rows
}

func writeDates(t *testing.T, format string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x."+format)
	w, err := Create(format, path, dateSchema(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := w.NewPart()
	if err := p.Write(dateBatch()); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Dates and truth values are read from every format as they were written.
func TestDatesRoundTrip(t *testing.T) {
	for _, f := range Formats() {
		r, err := Open(writeDates(t, f.Name), OpenOptions{Schema: dateSchema()})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b := &frame.Batch{}
		if _, err := r.Read(b, 10); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(dateCells(dateBatch()), dateCells(b)); d != "" {
			t.Errorf("%s: %s", f.Name, d)
		}
		if len(r.Issues()) > 0 {
			t.Errorf("%s: %v", f.Name, r.Issues())
		}
	}
}

func TestDatesInText(t *testing.T) {
	for format, want := range map[string]string{
		"csv": "day,maybe,sure,perhaps\n0001-01-01,,true,\n9999-12-31,,false,false\n2000-02-29,2024-04-08,false,true\n1970-01-01,2024-04-09,true,true\n1969-12-31,,true,\n",
		"jsonl": `{"day":"0001-01-01","maybe":null,"sure":true,"perhaps":null}
{"day":"9999-12-31","maybe":null,"sure":false,"perhaps":false}
{"day":"2000-02-29","maybe":"2024-04-08","sure":false,"perhaps":true}
{"day":"1970-01-01","maybe":"2024-04-09","sure":true,"perhaps":true}
{"day":"1969-12-31","maybe":null,"sure":true,"perhaps":null}
`,
	} {
		got, err := os.ReadFile(writeDates(t, format))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
}

// In Parquet, dates are DATE and truth values BOOLEAN.
func TestDatesInParquet(t *testing.T) {
	file, err := os.Open(writeDates(t, "parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, _ := file.Stat()
	pq, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range pq.Root().Columns() {
		got = append(got, fmt.Sprintf("%s %s %s %t", c.Name(), c.Type().Kind(), c.Type(), c.Optional()))
	}
	want := []string{"day INT32 DATE false", "maybe INT32 DATE true", "sure BOOLEAN BOOLEAN false", "perhaps BOOLEAN BOOLEAN true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Other tools write midnight after a date; anything else than a date is an issue.
func TestForeignDates(t *testing.T) {
	const days = "2024-04-08 2024-04-08T00:00:00 2024-04-08T00:00:00.000Z 2024-04-08T12:00:00 2023-02-29 0000-01-01 8.4.2024 20240408"
	var lines []string
	for _, day := range strings.Fields(days) {
		lines = append(lines, fmt.Sprintf(`{"maybe":%q,"day":"2000-01-01","sure":true,"perhaps":null}`, day))
	}
	path := writeFile(t, "x.jsonl", strings.Join(lines, "\n")+"\n"+`{"maybe":20240408,"day":"2000-01-01","sure":"true","perhaps":2}`)
	r, err := Open(path, OpenOptions{Schema: dateSchema(), MaxIssues: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b := &frame.Batch{}
	if _, err := r.Read(b, 20); err != nil {
		t.Fatal(err)
	}
	const rest = " 2000-01-01"
	for i, row := range dateCells(b)[:8] {
		want := rest + " null true null"
		if i < 3 {
			want = rest + " 2024-04-08 true null"
		}
		if row != want {
			t.Errorf("row %d: got %s, want %s", i, row, want)
		}
	}
	if n := len(r.Issues()); n != 7 {
		t.Errorf("got %d issues, want 7: %v", n, r.Issues())
	}
}

func TestFaultyDates(t *testing.T) {
	w, err := Create("csv", filepath.Join(t.TempDir(), "x.csv"), dateSchema(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	b := dateBatch()
	b.Columns[0].Ints[3] = frame.MaxDate + 1
	if err := w.NewPart().Write(b); err == nil || !strings.Contains(err.Error(), "outside the years 1 to 9999") {
		t.Errorf("a date in the year 10000: got %v", err)
	}
	s := dateSchema()
	s[2].Labels = []string{"yes", "no"}
	if _, err := Create("csv", filepath.Join(t.TempDir(), "x.csv"), s, Options{}); err == nil {
		t.Error("labels that are no truth values: got no error")
	}
}
