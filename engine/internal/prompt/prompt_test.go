package prompt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/Masterminds/sprig/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/internal/prompt"
)

var row = map[string]any{
	"name": "Ștefan", "hue": "red", "age": int64(41), "wage": 1234567.5, "share": 0.1, "none": nil, "blank": "",
	"skills": []string{"ropes", "knots"},
	"boss":   map[string]any{"name": "Îna", "age": int64(60)},
	"wares":  []any{map[string]any{"label": "tea", "price": 2.5}, map[string]any{"label": "salt", "price": 10.0}},
}

var known = []string{"name", "hue", "age", "wage", "share", "none", "blank", "skills", "boss.name", "boss.age", "wares.label", "wares.price"}

func TestExecute(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"plain\ntext", "plain\ntext"},
		{"{{ .name }} is {{ .age }}", "Ștefan is 41"},
		{"{{.wage}} {{.share}}", "1234567.5 0.1"},
		{"{{.none}}{{.blank}}|", "|"},
		{"{{ .skills }}", "ropes, knots"},
		{"{{ $x := .wage }}{{ $x }}", "1234567.5"},
		{"{{ mulf .wage 2 }}", "2469135"},
		{"a {{- .hue -}} b", "aredb"},
		{"{{/* a comment */}}x", "x"},
		{"{{ .boss.name }}, {{ with .boss }}{{ .age }} {{ $.age }}{{ end }}", "Îna, 60 41"},
		{"{{ range $i, $s := .skills }}{{ if $i }}; {{ end }}{{ $s | upper }}{{ end }}", "ROPES; KNOTS"},
		{"{{ range .skills }}{{ . }} {{ $.hue }} {{ else }}none{{ end }}", "ropes red knots red "},
		{"{{ range .wares }}{{ .label }}={{ .price }} {{ end }}", "tea=2.5 salt=10 "},
		{"{{ range $w := .wares }}{{ $w.label }}{{ break }}{{ end }}", "tea"},
		{"{{ if and .blank (gt .age 18) }}x{{ else if eq .hue \"red\" }}y{{ else }}z{{ end }}", "y"},
		{"{{ with .none }}x{{ else with .hue }}{{ . }}{{ end }}", "red"},
		{"{{ $x := .hue }}{{ if .age }}{{ $x = .name }}{{ end }}{{ $x }}", "Ștefan"},
		{"{{ trunc 1 .name }}{{ trunc -1 .name }}{{ substr 1 3 .name }}{{ initials \"Ștefan Înalt\" }}{{ nospace \"Ș t\" }}", "ȘnteȘÎȘt"},
		{"{{ join \"/\" .skills }} {{ list 1 2.5 \"a\" | join \"-\" }} {{ until 3 | join \"\" }}", "ropes/knots 1-2.5-a 012"},
		{"{{ toString 1234567.0 }} {{ printf \"%.1f %d%%\" .share .age }}", "1234567 0.1 41%"},
		{"{{ .age | add 1 | printf \"%03d\" }}", "042"},
		{"{{ title \"ștefan\" }} {{ .skills | first }} {{ default \"-\" .blank }}", "Ștefan ropes -"},
		{"{{ (index .wares 1).label }}", "salt"},
		{"{{ len .skills }}{{ print \"a\" 1 }}", "2a1"},
	} {
		tmpl, faults := prompt.Parse("t", c.text, known)
		if len(faults) > 0 {
			t.Errorf("%s: got %v", c.text, faults)
			continue
		}
		var b strings.Builder
		if err := tmpl.Execute(context.Background(), &b, row); err != nil || b.String() != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.text, b.String(), err, c.want)
		}
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"{{ .nmae }}", `1:4 no field is called "nmae" | did you mean "name"?`},
		{"x\n{{ .hue }} {{ .zzzzzz }}", `2:15 no field is called "zzzzzz" | `},
		{"{{ .boss.nam }}", `1:4 no field is called "boss.nam" | did you mean "boss.name"?`},
		{"{{ .age.years }}", `1:4 field "age" has no fields, so no "years" | it is a value or a list of values: remove "years"`},
		{"{{ range .skills }}{{ .hue }}{{ end }}", `1:23 field "skills" has no fields, so no "hue" | write $.hue for the field of the row`},
		{"{{ with .boss }}{{ .hue }}{{ end }}", `1:20 no field is called "boss.hue" | did you mean "boss.age"?`},
		{"{{ with $x := .boss }}{{ $x.hue }}{{ end }}", `1:26 no field is called "boss.hue" | did you mean "boss.age"?`},
		{"{{ . }}", `1:4 a template cannot use the whole row | name a field`},
		{"{{ range $k, $v := $ }}{{ end }}", `1:10 a template cannot use the whole row | name a field`},
		{"{{ toJson . }}", `1:11 a template cannot use the whole row | name a field`},
		{"{{ uper .hue }}", `1:4 no function is called "uper" | did you mean "upper"?`},
		{"{{ now }}", `1:4 function "now" is not allowed: a text must depend on the persona alone and be the same every time | see the list of functions`},
		{"{{ call .hue }}", `1:4 function "call" is not allowed: a text must depend on the persona alone and be the same every time | see the list of functions`},
		{"{{ asText .hue }}", `1:4 no function is called "asText" | see the list of functions`},
		{"{{ upper .hue .name }}", `1:4 upper takes 1 argument, got 2 | `},
		{"{{ .hue | replace \"a\" }}", `1:11 replace takes 3 arguments, got 2 | `},
		{"{{ index .skills }}", `1:4 index takes at least 2 arguments, got 1 | `},
		{"{{ .hue .name }}", `1:4 .hue is a value, not a function, and takes no arguments | start with a function`},
		{"{{ upper .hue | .name }}", `1:17 .name is a value, not a function, and takes no arguments | start with a function`},
		{"{{ template \"x\" }}", `1:13 templates cannot be nested | write the text instead`},
		{"a\nb {{ .hue", `2:3 unclosed action | `},
		{"a {{ if .hue }}\n\nb", `1:3 this block has no end | close it with {{ end }}`},
		{"{{ if .hue }}{{ end }}{{- range .skills }}\n{{ with .hue }}{{ end }}", `1:23 this block has no end | close it with {{ end }}`},
		{"{{ $y }}", `1:4 undefined variable "$y" | `},
		{"{{ .hue }} {{ .name y, z }} {{ .age } }}", `1:22 unexpected "," in operand | `},
		{"{{ .hue }} {{ .name } }}", `1:21 unexpected "}" in operand | `},
		{"{{ .hue }} {{ lower .name # }} {{ .hue }}", `1:27 unexpected "#" in operand | `},
		{"{{ upper \"a\" \"b }}\n{{ .hue }}", `1:14 unterminated quoted string | `},
		{"é {{ upper `a }}", `1:13 unterminated raw quoted string | `},
		{"{{ .hue }}{{ if }}x{{ end }}", `1:11 missing value for if | `},
		{"{{ (upper .hue) }} {{ ((upper .hue) }}", `1:23 unclosed left paren | `},
		{"{{ upper .hue) }}", `1:14 unexpected right paren | `},
		{"{{ div 1a 2 }}", `1:8 bad number syntax: "1a" | `},
		{"{{ print 1 'ab' }}", `1:12 malformed character constant: 'ab' | `},
		{"{{ .hue..x }}", `1:9 unexpected <.> in operand | `},
		{"{{ if .hue }}\n{{ else }}\n{{ else }}{{ end }}", `3:1 expected end; found {{else}} | `},
		{"{{ .hue }}\n{{ break }}", `2:1 {{break}} outside {{range}} | `},
		{"a {{ end }}", `1:3 unexpected {{end}} | `},
		{"{{ 1 | .hue }}", `1:8 .hue is a value, not a function, and takes no arguments | start with a function`},
		{"{{ .a }}{{ uper }}", `1:4 no field is called "a" | ; 1:12 no function is called "uper" | did you mean "upper"?`},
	} {
		_, faults := prompt.Parse("t", c.text, known)
		var got []string
		for _, f := range faults {
			got = append(got, fmt.Sprintf("%d:%d %s | %s", f.Line, f.Column, f.Message, f.Hint))
		}
		if d := cmp.Diff(c.want, strings.Join(got, "; ")); d != "" {
			t.Errorf("%s\n%s", c.text, d)
		}
	}
}

// Definitions would allow endless recursion.
func TestDefinitionsAreRefused(t *testing.T) {
	for _, text := range []string{`{{ define "x" }}a{{ end }}b`, `{{ block "x" .hue }}a{{ end }}`} {
		if _, faults := prompt.Parse("t", text, known); len(faults) == 0 {
			t.Errorf("%s is accepted", text)
		}
	}
}

func TestExecutionFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"x\n {{ upper .age }}", `t:2:11: .age: wrong type for value; expected string; got int64`},
		{"{{ index .skills 7 }}", `t:1:4: index .skills 7: error calling index: index out of range: 7`},
		{"{{ div 1 0 }}", `t:1:4: div 1 0: error calling div: runtime error: integer divide by zero`},
		{"{{ printf \"%5p\" .skills }}", `t:1:4: printf "%5p" .skills: error calling printf: printf does not support %p: addresses differ from run to run`},
		{"{{ join \",\" .hue }}", `t:1:4: join "," .hue: error calling join: join needs a list, not string`},
		{"{{ if gt .wage 5 }}{{ end }}", `t:1:7: gt .wage 5: error calling gt: incompatible types for comparison: float64 and int`},
		{"{{ .extra }}", `t:1:4: .extra: map has no entry for key "extra"`},
	} {
		tmpl, faults := prompt.Parse("t", c.text, append(slices.Clone(known), "extra"))
		if len(faults) > 0 {
			t.Errorf("%s: got %v", c.text, faults)
			continue
		}
		err := tmpl.Execute(context.Background(), &strings.Builder{}, row)
		var fault *prompt.Fault
		if !errors.As(err, &fault) || fault.Error() != c.want {
			t.Errorf("%s\n got %v\nwant %v", c.text, err, c.want)
		}
	}
}

func TestExecuteReturnsTheWritersError(t *testing.T) {
	tmpl, _ := prompt.Parse("t", "{{ .hue }}", nil)
	broken := errors.New("disk full")
	if err := tmpl.Execute(context.Background(), writer{broken}, row); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type writer struct{ err error }

func (w writer) Write([]byte) (int, error) { return 0, w.err }

func TestReferences(t *testing.T) {
	text := "{{ .hue }}{{ range .wares }}{{ .label }}{{ $.boss.name }}{{ .label }}{{ end }}"
	tmpl, faults := prompt.Parse("t", text, known)
	if faults != nil {
		t.Fatal(faults)
	}
	want := []prompt.Reference{{Field: "hue", Offset: 3}, {Field: "wares", Offset: 19}, {Field: "wares.label", Offset: 31}, {Field: "boss.name", Offset: 43}}
	if d := cmp.Diff(want, tmpl.References()); d != "" {
		t.Error(d)
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]bool{
		"": true, "a": true, "{{ .hue }}": true, "a {{- .hue }}\n{{ .none }}{{/* c */}}": true,
		"{{ .boss.name }}": false, "{{ .hue | upper }}": false, "{{ $x := .hue }}": false, "{{ if .hue }}{{ end }}": false, "{{ \"x\" }}": false, "{{ (.hue) }}": false,
	} {
		tmpl, faults := prompt.Parse("t", text, known)
		if faults != nil {
			t.Fatal(text, faults)
		}
		parts, ok := tmpl.Plain()
		if ok != want {
			t.Errorf("%q: got plain %v, want %v", text, ok, want)
		}
		if !ok {
			continue
		}
		var fast []byte
		for _, p := range parts {
			if p.Field == "" {
				fast = append(fast, p.Text...)
			} else {
				fast = prompt.AppendText(fast, row[p.Field])
			}
		}
		var slow strings.Builder
		if err := tmpl.Execute(context.Background(), &slow, row); err != nil || slow.String() != string(fast) {
			t.Errorf("%q: fast %q, slow %q, %v", text, fast, slow.String(), err)
		}
	}
}

func TestAppendText(t *testing.T) {
	negativeZero := 0.0
	negativeZero *= -1
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, ""}, {"ș", "ș"}, {int64(-5), "-5"}, {7, "7"}, {1e21, "1000000000000000000000"}, {1e-7, "0.0000001"}, {negativeZero, "0"},
		{[]string{"a", "b"}, "a, b"}, {[]any{1.5, nil, []string{"c"}}, "1.5, , c"}, {true, "true"}, {map[string]any{"b": 1, "a": 2}, "map[a:2 b:1]"},
	} {
		if got := string(prompt.AppendText([]byte("x"), c.value)); got != "x"+c.want {
			t.Errorf("%v: got %q, want %q", c.value, got, c.want)
		}
	}
}

// Every listed function exists, and none whose result could differ between runs is
// listed.
func TestFunctions(t *testing.T) {
	names := prompt.Functions()
	if !slices.IsSorted(names) || len(names) < 80 {
		t.Fatalf("got %d functions: %v", len(names), names)
	}
	sprigs := sprig.TxtFuncMap()
	for _, name := range names {
		if sprigs[name] == nil && !slices.Contains([]string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "index", "len", "print", "printf", "println", "html", "js", "urlquery", "dateFormat", "year", "month", "monthDay"}, name) {
			t.Errorf("%q is a function of neither Go nor sprig", name)
		}
	}
	for _, name := range []string{"now", "date", "env", "randInt", "shuffle", "uuidv4", "genCA", "bcrypt", "fail", "set", "unset", "merge", "keys", "values", "getHostByName", "call", "template", "asText"} {
		if slices.Contains(names, name) {
			t.Errorf("%q is allowed", name)
		}
		if _, faults := prompt.Parse("t", "{{ "+name+" }}", nil); len(faults) == 0 {
			t.Errorf("%q is accepted", name)
		}
	}
}

var longNumber = regexp.MustCompile(`\d{4}|[xXeEpP_']`)

// For any text, Parse returns a template or faults within the text. A template
// writes the same twice, and its errors have a position.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "{{ .name }} {{ .age | add 1 }}", "{{ range $i, $s := .skills }}{{ if $i }}, {{ end }}{{ $s }}{{ end }}", "{{ with .boss }}{{ .name }}{{ end }}",
		"{{", "}}", "{{ $x := .hue }}{{ $x = .age }}", "{{ define \"x\" }}{{ end }}", "{{- /* c */ -}}", "{{ (index .wares 0).label }}", "{{ printf \"%v\" .wage }}", "\xff{{.name}}",
		"{{ .boss.name.x }}", "{{ break }}", "{{ range .skills }}{{ continue }}{{ end }}", "{{ not }}", "{{ nil }}", "{{ true.x }}", "{{ .name.\n }}", "{{ ($).hue }}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tmpl, faults := prompt.Parse("t", text, known)
		if (tmpl == nil) == (len(faults) == 0) {
			t.Fatalf("template %v with faults %v", tmpl, faults)
		}
		for _, fault := range faults {
			if fault.Offset < 0 || fault.Offset > len(text) || fault.Line < 1 || fault.Column < 1 || fault.Message == "" {
				t.Fatalf("fault outside of the text: %+v", fault)
			}
		}
		if tmpl == nil || longNumber.MatchString(text) || strings.Count(text, "range") > 2 {
			return // loops that are too long
		}
		for _, field := range tmpl.Fields() {
			if !slices.ContainsFunc(known, func(k string) bool { return k == field || strings.HasPrefix(k, field+".") }) {
				t.Fatalf("unknown field %q is accepted", field)
			}
		}
		var one, two strings.Builder
		errOne, errTwo := tmpl.Execute(context.Background(), &one, row), tmpl.Execute(context.Background(), &two, row)
		if one.String() != two.String() || (errOne == nil) != (errTwo == nil) {
			t.Fatalf("got %q and %q", one.String(), two.String())
		}
		var fault *prompt.Fault
		if errOne != nil && (!errors.As(errOne, &fault) || fault.Offset > len(text)) {
			t.Fatalf("an error without a position: %v", errOne)
		}
		if parts, ok := tmpl.Plain(); ok && errOne == nil && utf8.ValidString(text) {
			var fast []byte
			for _, p := range parts {
				if p.Field == "" {
					fast = append(fast, p.Text...)
				} else {
					fast = prompt.AppendText(fast, row[p.Field])
				}
			}
			if !strings.Contains(text, "boss") && !strings.Contains(text, "wares") && string(fast) != one.String() {
				t.Fatalf("plain %q, executed %q", fast, one.String())
			}
		}
	})
}

func BenchmarkExecute(b *testing.B) {
	tmpl, _ := prompt.Parse("t", "{{ .name }} ({{ .age }}), {{ range .skills }}{{ . }} {{ end }}", known)
	var out strings.Builder
	for b.Loop() {
		out.Reset()
		if err := tmpl.Execute(context.Background(), &out, row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		prompt.Parse("t", "{{ .name }} ({{ .age }}), {{ range .skills }}{{ . }} {{ end }}", known)
	}
}

func ExampleParse() {
	_, faults := prompt.Parse("greeting", "Hello {{ .nmae | uper }}", []string{"name"})
	for _, f := range faults {
		fmt.Printf("%s (%s)\n", f.Error(), f.Hint)
	}
	// Output:
	// greeting:1:10: no field is called "nmae" (did you mean "name"?)
	// greeting:1:18: no function is called "uper" (did you mean "upper"?)
}

func ExampleTemplate_Execute() {
	t, _ := prompt.Parse("portrait", "{{ .name }}, {{ .age }}{{ range .skills }}, {{ . }}{{ end }}", []string{"name", "age", "skills"})
	values := map[string]any{"name": "Ana", "age": int64(30), "skills": []string{"ropes", "knots"}}
	if err := t.Execute(context.Background(), os.Stdout, values); err != nil {
		fmt.Println(err)
	}
	fmt.Println(" from", t.Fields())
	// Output: Ana, 30, ropes, knots from [name age skills]
}

// Templates write dates in other forms, and refuse what is no date.
func TestDateFunctions(t *testing.T) {
	for text, want := range map[string]string{
		`{{ dateFormat "2 January 2006" .d }}`: "29 February 2000",
		`{{ .d | dateFormat "02.01.06" }}`:     "29.02.00",
		`{{ monthDay .d }} {{ index (list "Ianuarie" "Februarie" "Martie") (sub (month .d) 1) }} {{ year .d }}`: "29 Februarie 2000",
		`{{ dateFormat "2006" .none }}`: `"" is not a date such as 2024-04-08`,
		`{{ year .bad }}`:               `"2023-02-29" is not a date such as 2024-04-08`,
	} {
		parsed, faults := prompt.Parse("t", text, nil)
		if len(faults) > 0 {
			t.Fatalf("%s: %v", text, faults)
		}
		var out strings.Builder
		err := parsed.Execute(context.Background(), &out, map[string]any{"d": "2000-02-29", "none": "", "bad": "2023-02-29"})
		if got := out.String(); err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}
