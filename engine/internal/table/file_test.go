package table

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/inputs"
)

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads a file that its folder contains.
func read(t testing.TB, path, shown string, from diag.Place) (*File, *diag.List) {
	t.Helper()
	in, err := inputs.New([]string{filepath.Dir(path)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	return Read(in, path, shown, Layout{}, from)
}

func TestReadGivesPlaces(t *testing.T) {
	path := write(t, "\xef\xbb\xbfzone,hue,n\n\nEast,\"a \"\"b\"\"\nc\",1\r\nŻory,red,2.5\n")
	f, faults := read(t, path, "t.csv", diag.Place{})
	if len(faults.Items) > 0 {
		t.Fatal(faults.Items)
	}
	if want := [][]string{{"East", "a \"b\"\nc", "1"}, {"Żory", "red", "2.5"}}; !slices.EqualFunc(f.Rows, want, slices.Equal) {
		t.Errorf("rows %q, want %q", f.Rows, want)
	}
	for _, tt := range []struct{ row, column, line, col int }{
		{-1, 0, 1, 1}, {-1, 1, 1, 6}, // a byte order mark does not count
		{0, 0, 3, 1}, {0, 1, 3, 6}, {0, 2, 4, 4}, // after a line break within a cell
		{1, 0, 5, 1}, {1, 1, 5, 7}, {1, 2, 5, 11}, // bytes, not characters
		{9, 0, 0, 0}, {0, 9, 0, 0}, {-2, 0, 0, 0},
	} {
		if got := f.Place(tt.row, tt.column); got.Line != tt.line || got.Column != tt.col || got.File != "t.csv" {
			t.Errorf("Place(%d, %d) = %v, want %d:%d", tt.row, tt.column, got, tt.line, tt.col)
		}
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256(bytes)); f.SHA256 != want {
		t.Errorf("SHA256 = %q, want %q", f.SHA256, want)
	}
}

func TestReadFaults(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"0:0 empty-file"}},
		{"ragged", "a,b\n1\n1,2\n1,2,3\n", []string{"2:1 ragged-row", "4:5 ragged-row"}},
		{"duplicate header", "a,b,a\n", []string{"1:5 duplicate-header"}},
		{"bare quote", "a,b\n1,2\" x\n", []string{"2:4 csv-syntax"}},
		{"unclosed quote", "a,b\n1,\"2\n3,4\n", []string{"3:5 csv-syntax"}},
		{"not text", "a,b\nx,\xff\n", []string{"2:3 not-utf8"}},
		{"semicolons", "a;b\n1;2\n", []string{"1:1 separator"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, faults := read(t, write(t, tt.text), "t.csv", diag.Place{})
			if f != nil || !faults.Failed() {
				t.Fatalf("got file %v and no faults, want faults", f)
			}
			var got []string
			for _, d := range faults.Items {
				got = append(got, fmt.Sprintf("%d:%d %s", d.Place.Line, d.Place.Column, d.Code))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestReadStopsAfterManyFaults(t *testing.T) {
	_, faults := read(t, write(t, "a,b\n"+strings.Repeat("1\n", 10_000)), "t.csv", diag.Place{})
	if n := len(faults.Items); n != MaxFaults {
		t.Errorf("got %d faults, want %d", n, MaxFaults)
	}
}

func TestMissingFileIsReportedWhereSpecNamesIt(t *testing.T) {
	from := diag.Place{File: "x.cue", Line: 7, Column: 9}
	near := write(t, "a\n")
	_, faults := read(t, filepath.Join(filepath.Dir(near), "tt.csv"), "tt.csv", from)
	d := faults.Items[0]
	if d.Place != from || d.Code != "missing-file" || d.Hint != `did you mean "t.csv"?` {
		t.Errorf("got %+v, want missing-file at %v with a guess", d, from)
	}
	_, faults = read(t, filepath.Dir(near), "folder", from)
	if d := faults.Items[0]; d.Code != "unreadable-file" || d.Place != from {
		t.Errorf("got %+v for a folder, want unreadable-file at %v", d, from)
	}
}

func TestReadRefusesHugeFile(t *testing.T) {
	path := write(t, "a,b\n1,2\n")
	if err := os.Truncate(path, inputs.MaxBytes+1); err != nil {
		t.Skip(err)
	}
	if _, faults := read(t, path, "t.csv", diag.Place{}); !faults.Failed() || faults.Items[0].Code != "huge-file" {
		t.Errorf("got %v, want huge-file", faults)
	}
}

func TestParseNumber(t *testing.T) {
	for cell, want := range map[string]float64{
		"0": 0, "12": 12, " 1234.5 ": 1234.5, "-3": -3, "+4": 4, ".5": 0.5, "1e3": 1000, "2E-1": 0.2,
	} {
		if got, err := ParseNumber(cell); err != nil || got != want {
			t.Errorf("ParseNumber(%q) = %v, %v", cell, got, err)
		}
	}
	for _, cell := range []string{"x", "1,5", "1 234", "1_000", "NaN", "Inf", "-inf", "0x1p4", "1e999", "--1", "e", "1.2.3", "-"} {
		if n, err := ParseNumber(cell); !errors.Is(err, ErrNotNumber) {
			t.Errorf("ParseNumber(%q) = %v, %v", cell, n, err)
		}
	}
	for _, cell := range []string{"", "  "} {
		if _, err := ParseNumber(cell); err != ErrEmpty {
			t.Errorf("ParseNumber(%q): %v", cell, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("\xef\xbb\xbfa\n\"x\n\n\"\n\n1"))
	f.Add([]byte("a,b\r\n\r\n\"\"\"\",\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		faults := &diag.List{}
		file := Parse(data, "t.csv", Layout{}, faults)
		if len(faults.Items) > MaxFaults {
			t.Fatalf("%d faults, at most %d are told", len(faults.Items), MaxFaults)
		}
		if faults.Failed() {
			return
		}
		if len(file.Header) == 0 {
			t.Fatal("no header and no fault")
		}
		line := 0
		for r, row := range file.Rows {
			if len(row) != len(file.Header) {
				t.Fatalf("row %d has %d cells", r, len(row))
			}
			at := file.Place(r, 0)
			if at.Line <= line {
				t.Fatalf("row %d stands at line %d, the one before at %d", r, at.Line, line)
			}
			line = at.Line
		}
		if lines := strings.Count(string(data), "\n") + 1; line > lines {
			t.Fatalf("place in line %d of %d", line, lines)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	f.Add("1.5")
	f.Add("-Inf")
	f.Fuzz(func(t *testing.T, cell string) {
		if n, err := ParseNumber(cell); err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
			t.Fatalf("ParseNumber(%q) = %v", cell, n)
		}
	})
}

func ExampleParse() {
	faults := &diag.List{}
	f := Parse([]byte("zone,persons\nEast,120\nWest,x\n"), "zones.csv", Layout{}, faults)
	n := slices.Index(f.Header, "persons")
	for r := range f.Rows {
		if _, err := ParseNumber(f.Rows[r][n]); err != nil {
			at := f.Place(r, n)
			fmt.Printf("%s:%d:%d: %v\n", at.File, at.Line, at.Column, err)
		}
	}
	// Output: zones.csv:3:6: "x" is not a number
}

func BenchmarkParse(b *testing.B) {
	text := []byte("zone,hue,n\n" + strings.Repeat("Eastern,red,12.5\n", 50_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Parse(text, "t.csv", Layout{}, &diag.List{})
	}
}
