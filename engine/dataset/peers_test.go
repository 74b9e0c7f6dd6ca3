package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
)

// peer runs testdata/peers.py and returns what it prints.
func peer(python string, args ...string) ([]byte, error) {
	cmd := exec.Command(python, append([]string{filepath.Join("testdata", "peers.py")}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", args, err, stderr.Bytes())
	}
	return out, nil
}

// pythonWithPeers returns the interpreter, PERSONAGEN_PYTHON or python3. If the tools
// are not installed it skips the test, or fails it if PERSONAGEN_REQUIRE_PEERS=1.
func pythonWithPeers(t *testing.T) string {
	t.Helper()
	return pythonWith(t, "versions", "PERSONAGEN_REQUIRE_PEERS", "needs python3 with pyarrow, pandas, duckdb and polars (pip install pyarrow pandas duckdb polars)")
}

// pythonWith returns the interpreter. If the tool is missing it skips the test, or
// fails it if the environment variable required is 1.
func pythonWith(t *testing.T, tool, required, message string) string {
	t.Helper()
	python := os.Getenv("PERSONAGEN_PYTHON")
	if python == "" {
		python = "python3"
	}
	versions, err := peer(python, tool, "-")
	if err != nil {
		if os.Getenv(required) == "1" {
			t.Fatal(message, ": ", err)
		}
		t.Skip(message)
	}
	t.Logf("%s", versions)
	return python
}

// peerSchema has no column with only nulls or only empty lists, because readers of
// JSON and CSV could not infer its type.
func peerSchema() frame.Schema {
	s := mixedSchema()
	return append(s[:0:0], s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[9], s[11])
}

func peerRows() []row {
	var rows []row
	for _, r := range mixedRows() {
		r[3] = int64(r[3].(int64) >> 11) // pandas' JSON reader uses float64
		if x, ok := r[6].(float64); ok && (x > 1e100 || x < 1e-20 && x > 0) {
			r[6] = 0.25 // readers differ at the ends of the range
		}
		if text, ok := r[7].(string); ok {
			r[7] = strings.ReplaceAll(text, "\x00", "")
		}
		rows = append(rows, append(row{}, r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[9], r[11]))
	}
	d := draw(9)
	for i := range 1000 {
		r := append(row{}, rows[i%8]...)
		r[0] = fmt.Sprint("p", i)
		r[3] = int64(d.below(90))
		r[6] = float64(d.below(1000)) / 7
		rows = append(rows, r)
	}
	return rows
}

// Other tools read the values that were written.
func TestPeers(t *testing.T) {
	python := pythonWithPeers(t)
	s, rows := peerSchema(), peerRows()
	for _, f := range Formats() {
		path := writeRows(t, f.Name, s, rows, 300)
		for _, tool := range []string{"pyarrow", "pandas", "duckdb", "polars"} {
			t.Run(f.Name+"/"+tool, func(t *testing.T) {
				out, err := peer(python, tool, path)
				if err != nil {
					t.Fatal(err)
				}
				comparePeer(t, s, rows, out, f.Name+"/"+tool)
			})
		}
	}
}

// comparePeer compares the output of peers.py with the rows.
func comparePeer(t *testing.T, s frame.Schema, rows []row, out []byte, source string) {
	lines := bytes.Split(bytes.TrimSpace(out), []byte{'\n'})
	var names []string
	if err := json.Unmarshal(lines[0], &names); err != nil {
		t.Fatal(err)
	}
	for i := range s {
		if names[i] != s[i].Name {
			t.Fatalf("got columns %v, want them in the order of the schema", names)
		}
	}
	if len(lines)-1 != len(rows) {
		t.Fatalf("got %d rows, want %d", len(lines)-1, len(rows))
	}
	for r, line := range lines[1:] {
		var got []any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		for i, f := range s {
			want := peerValue(rows[r][i], source)
			if diff := cmp.Diff(want, got[i], calcDigits(source)); diff != "" {
				t.Fatalf("row %d, column %s (-want +got):\n%.1000s", r, f.Name, diff)
			}
		}
	}
}

// calcDigits is the number format with which Calc writes 15 digits, as xlsx files
// have them.
func calcDigits(source string) cmp.Option {
	return cmp.FilterValues(func(x, y float64) bool {
		return source == "csv/calc" && math.Abs(x-y) <= 1e-14*math.Abs(x)
	}, cmp.Ignore())
}

// peerValue returns the value that a tool should read, as decoded from JSON. In CSV
// lists are texts, and texts that look like formulas begin with an apostrophe.
// pandas reads an empty text in CSV as a missing one.
func peerValue(v any, source string) any {
	format, _, _ := strings.Cut(source, "/")
	switch v := v.(type) {
	case nil:
		return nil
	case int64:
		return float64(v)
	case int:
		return float64(v)
	case string:
		if v == "" && source == "csv/pandas" {
			return nil
		}
		if format == "csv" && formulaText(v) {
			return "'" + v
		}
		return v
	case []string:
		if format == "csv" {
			column := &frame.Column{Texts: v, Offsets: []int32{0, int32(len(v))}}
			return string(appendJSONList(nil, column, 0, nil))
		}
		items := []any{}
		for _, item := range v {
			items = append(items, item)
		}
		return items
	}
	return v
}

// LibreOffice Calc reads every cell of a CSV file as it was written: no text becomes
// a formula, a number or a date. Labels that Calc misreads (65+) are left out; vet
// warns about them.
func TestPeersCalc(t *testing.T) {
	python := pythonWith(t, "calc-versions", "PERSONAGEN_REQUIRE_CALC", "needs LibreOffice (soffice) and python3 with openpyxl (pip install openpyxl)")
	s := frame.Schema{
		{Name: "key", Type: frame.Text},
		{Name: "band", Type: frame.Category, Nullable: true, Labels: []string{"<18", "18-24", "75 și peste", "=grün", "'-x", "dark, \"deep\" blue"}},
		{Name: "years", Type: frame.Integer, Nullable: true},
		{Name: "wage", Type: frame.Number, Decimals: 2},
		{Name: "ratio", Type: frame.Number, Nullable: true, Decimals: -1},
		{Name: "note", Type: frame.Text, Nullable: true},
		{Name: "guilds", Type: frame.CategoryList, Labels: []string{"smiths", "bakers, \"old\"", "=x"}},
		{Name: "lines", Type: frame.TextList},
	}
	notes := []any{
		nil, "plain", "=1+1", "+40 22", "-dash", "@home", "'=x", "''+", "a, b; c\td", "two\nlines, \"quoted\"", " lead", "trail ", "ț, 日本, 😀",
		"<b>&amp;</b>", "12 months", "a=b", "[1, 2]", "{}", "nul", "#N/A or not", "_x0041_ stays", strings.Repeat("long ț text, ", 2000),
	}
	var rows []row
	d := draw(10)
	for i := range 400 {
		r := row{fmt.Sprint("p-", i), s[1].Labels[i%6], int64(d.below(90)) - 20, float64(d.below(1e6)) / 100, float64(d.below(1000)) / 7, notes[i%len(notes)],
			[][]string{{}, {"smiths"}, {"bakers, \"old\"", "=x"}}[i%3], [][]string{{"a\nb", "c,d", "\"q\""}, {}, {"ț"}}[i%3]}
		if i%5 == 0 {
			r[1], r[2], r[4] = nil, nil, nil
		}
		rows = append(rows, r)
	}
	path := writeRows(t, "csv", s, rows, 150)
	out, err := peer(python, "calc", path)
	if err != nil {
		t.Fatal(err)
	}
	comparePeer(t, s, rows, out, "csv/calc")
}

// Readers that filter do not skip rows because strings have no statistics.
func TestPeersFilter(t *testing.T) {
	python := pythonWithPeers(t)
	rows := peerRows()
	path := writeRows(t, "parquet", peerSchema(), rows, 300)
	for column, value := range map[string]string{"hue": "red", "key": "p17", "zone": "north"} {
		want := 0
		for _, r := range rows {
			if r[peerSchema().Index(column)] == value {
				want++
			}
		}
		for _, tool := range []string{"duckdb", "pyarrow", "polars"} {
			out, err := peer(python, tool+"-filter", path, column, value)
			if err != nil {
				t.Error(err)
			} else if n, _ := strconv.Atoi(strings.TrimSpace(string(out))); n != want {
				t.Errorf("%s: got %d rows with %s = %s, want %d", tool, n, column, value, want)
			}
		}
	}
}

// Files that other tools wrote are read.
func TestPeersWrite(t *testing.T) {
	python := pythonWithPeers(t)
	s, rows := peerSchema(), peerRows()
	want := fromBatch(nil, toBatch(t, s, rows))
	ours := writeRows(t, "parquet", s, rows, 300)
	for _, tool := range []string{"pyarrow", "pandas", "duckdb", "polars"} {
		theirs := filepath.Join(t.TempDir(), tool+".parquet")
		if _, err := peer(python, tool+"-write", theirs, ours); err != nil {
			t.Error(err)
			continue
		}
		got, r := readRows(t, theirs, OpenOptions{Schema: s}, 100)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%.2000s", tool, diff)
		}
		if len(r.Issues()) != 0 {
			t.Errorf("%s: got issues %v", tool, r.IssueCounts())
		}
	}
}
