package diag

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func source(text string) func(string) ([]byte, error) {
	return func(file string) ([]byte, error) {
		if file != "x.cue" {
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}
}

func TestText(t *testing.T) {
	long := strings.Repeat("x", 200) + "!" + strings.Repeat("y", 200)
	for _, tt := range []struct {
		name, source string
		d            Diagnostic
		want         string
	}{
		{"all parts", "a\n\tb: 1\n", Diagnostic{Place{"x.cue", 2, 2}, Error, "c", "m", "do it", []string{"n1", "n2"}, false},
			"x.cue:2:2: error: m\n        b: 1\n        ^\n  do it\n  n1\n  n2\n"},
		{"no place", "", Diagnostic{Severity: Warning, Message: "m"}, "warning: m\n"},
		{"whole file", "a\n", Diagnostic{Place: Place{File: "x.cue"}, Severity: Error, Message: "m"}, "x.cue: error: m\n"},
		{"no source", "a\n", Diagnostic{Place: Place{"y.cue", 1, 1}, Severity: Note, Message: "m"}, "y.cue:1:1: note: m\n"},
		{"beyond the file", "a", Diagnostic{Place: Place{"x.cue", 9, 1}, Severity: Error, Message: "m"}, "x.cue:9:1: error: m\n"},
		{"beyond the line", "a\r\n", Diagnostic{Place: Place{"x.cue", 1, 3}, Severity: Error, Message: "m"}, "x.cue:1:3: error: m\n    a\n     ^\n"},
		{"end of line", "a\r\n", Diagnostic{Place: Place{"x.cue", 1, 2}, Severity: Error, Message: "m"}, "x.cue:1:2: error: m\n    a\n     ^\n"},
		{"wide and combining", "世e\u0301 b", Diagnostic{Place: Place{"x.cue", 1, 8}, Severity: Error, Message: "m"},
			"x.cue:1:8: error: m\n    世e\u0301 b\n        ^\n"},
		{"private", "key\n", Diagnostic{Place: Place{"x.cue", 1, 1}, Severity: Error, Message: "m", Private: true}, "x.cue:1:1: error: m\n"},
		{"two bytes, one cell", "șț b", Diagnostic{Place: Place{"x.cue", 1, 6}, Severity: Error, Message: "m"},
			"x.cue:1:6: error: m\n    șț b\n       ^\n"},
		{"long line", long, Diagnostic{Place: Place{"x.cue", 1, 201}, Severity: Error, Message: "m"},
			"x.cue:1:201: error: m\n    …" + strings.Repeat("x", 70) + "!" + strings.Repeat("y", 39) + "…\n" + strings.Repeat(" ", 75) + "^\n"},
		{"control characters", "a\x1b[2Jb", Diagnostic{Place: Place{"x.cue", 1, 1}, Severity: Error, Message: "m\x1b[2J"},
			"x.cue:1:1: error: m\ufffd[2J\n    a\ufffd[2Jb\n    ^\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			if err := Text(&out, &List{Items: []Diagnostic{tt.d}}, TextOptions{Source: source(tt.source)}); err != nil {
				t.Fatal(err)
			}
			if out.String() != tt.want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), tt.want)
			}
		})
	}
}

func TestTextLimitsAndColors(t *testing.T) {
	l := &List{}
	for i := range 7 {
		l.Errorf(Place{}, "c", "fault %d", i)
	}
	var out strings.Builder
	if err := Text(&out, l, TextOptions{Max: 2, Color: true}); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[1;31merror:\x1b[0m fault 0\n\x1b[1;31merror:\x1b[0m fault 1\nand 5 more\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestPrintersReportWriteErrors(t *testing.T) {
	l := &List{}
	l.Errorf(Place{}, "c", "m")
	if Text(failing{}, l, TextOptions{}) == nil || JSON(failing{}, l) == nil {
		t.Error("got no error from a failed write")
	}
}

func TestJSON(t *testing.T) {
	l := &List{}
	l.Errorf(Place{File: "a<b.cue", Line: 1, Column: 2}, "c", "m").WithHint("h")
	l.Warnf(Place{}, "w", "m2")
	var out strings.Builder
	if err := JSON(&out, l); err != nil {
		t.Fatal(err)
	}
	want := `{"diagnostics":[{"place":{"file":"a<b.cue","line":1,"column":2},"severity":"error","code":"c","message":"m","hint":"h"},` +
		`{"place":{},"severity":"warning","code":"w","message":"m2"}],"errors":1,"warnings":1}`
	got := strings.NewReplacer("\n", "", "  ", "", `": `, `":`).Replace(out.String())
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	out.Reset()
	if err := JSON(&out, &List{}); err != nil || !strings.Contains(out.String(), `"diagnostics": []`) {
		t.Errorf("empty list: got %s, error %v", out.String(), err)
	}
}

func TestSortRemovesDuplicates(t *testing.T) {
	l := &List{}
	l.Errorf(Place{"b", 1, 1}, "c", "x")
	l.Errorf(Place{"a", 2, 1}, "c", "x")
	l.Errorf(Place{"a", 1, 9}, "c", "x")
	l.Errorf(Place{"a", 2, 1}, "c", "x")
	l.Sort()
	var got []string
	for _, d := range l.Items {
		got = append(got, d.Place.String())
	}
	if want := []string{"a:1:9", "a:2:1", "b:1:1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErr(t *testing.T) {
	l := &List{}
	l.Warnf(Place{}, "w", "only a warning")
	if err := l.Err(); err != nil {
		t.Errorf("list of a warning: got error %v, want none", err)
	}
	l.Errorf(Place{File: "a", Line: 3}, "c", "bad")
	var list *ListError
	if err := l.Err(); !errors.As(err, &list) || err.Error() != "a:3: bad" {
		t.Errorf("got error %v, want a:3: bad", err)
	}
}

func TestGuess(t *testing.T) {
	for _, tt := range []struct{ word, want string }{
		{"mim", "min"}, {"Max", "max"}, {"vlaues", "values"}, {"integr", "integer"}, {"kinds", "kind"},
		{"colour", ""}, {"", ""}, {"min", ""}, {"xy", ""},
	} {
		if got := Guess(tt.word, []string{"kind", "min", "max", "values", "integer"}); got != tt.want {
			t.Errorf("Guess(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
	if got := Guess("ac", []string{"ab", "ad"}); got != "ab" {
		t.Errorf("Guess of two equally close words: got %q, want the first", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\tb\n世界", 1, 3)
	f.Fuzz(func(t *testing.T, text string, line, column int) {
		l := &List{}
		l.Errorf(Place{"x.cue", line, column}, "c", "m")
		var out strings.Builder
		if err := Text(&out, l, TextOptions{Source: source(text)}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 1 && n != 3 {
			t.Fatalf("got %d lines, want 1 or 3: %q", n, out.String())
		}
	})
}

func ExampleText() {
	l := &List{}
	l.Errorf(Place{File: "x.cue", Line: 1, Column: 24}, "unknown-field", `fields.age: unknown field "mim"`).WithHint(`did you mean "min"?`)
	spec := `age: {kind: "integer", mim: 0}`
	err := Text(os.Stdout, l, TextOptions{Source: func(string) ([]byte, error) { return []byte(spec), nil }})
	fmt.Println(err)
	// Output:
	// x.cue:1:24: error: fields.age: unknown field "mim"
	//     age: {kind: "integer", mim: 0}
	//                            ^
	//   did you mean "min"?
	// <nil>
}
