package kind

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
)

// programPaths are what templates of programBatch may refer to.
var programPaths = []string{"name", "hue", "ok", "age", "code", "wage", "born", "skills", "tags",
	"kin.child.group", "kin.child.name", "kin.child.age", "kin.friend.name", "kin.friend.born", "life.year", "life.place", "person.name", "person.age"}

// programBatch is six rows with every type of column, null in some.
func programBatch() *frame.Batch {
	kin := frame.Schema{
		{Name: "group", Type: frame.Category, Labels: []string{"child", "friend", "parent"}},
		{Name: "name", Type: frame.Text}, {Name: "age", Type: frame.Integer}, {Name: "born", Type: frame.Date},
	}
	life := frame.Schema{{Name: "year", Type: frame.Integer}, {Name: "place", Type: frame.Text}}
	null := []bool{false, true, false, false, true, false}
	b := frame.New(frame.Schema{
		{Name: "name", Type: frame.Text}, {Name: "hue", Type: frame.Category, Labels: []string{"red", "blüe", ""}},
		{Name: "ok", Type: frame.Category, Boolean: true, Labels: []string{"false", "true"}},
		{Name: "age", Type: frame.Integer}, {Name: "code", Type: frame.Text}, {Name: "wage", Type: frame.Number}, {Name: "born", Type: frame.Date},
		{Name: "skills", Type: frame.TextList}, {Name: "tags", Type: frame.CategoryList, Labels: []string{"tea", "salt"}},
		{Name: "kin", Type: frame.Records, Records: kin}, {Name: "life", Type: frame.Records, Records: life},
		{Name: "person.name", Type: frame.Text}, {Name: "person.age", Type: frame.Integer},
	})
	b.N = 6
	b.Columns = []frame.Column{
		{Texts: []string{"Ștefan", "", "mun. Soroca", "x", strings.Repeat("ab ", 900), "05"}},
		{Codes: []int32{0, 1, -1, 2, 0, 1}}, {Codes: []int32{0, 1, 1, 0, -1, 1}},
		{Ints: []int64{41, 0, 0, -3, 0, math.MaxInt64}, Null: null}, {Texts: []string{"1985", "2001", "-7", "0x1f", "1_0", "12.0"}},
		{Floats: []float64{1234567.5, 0, 0, -0.1, 0, 1e21}, Null: null}, {Ints: []int64{0, 0, 11_000, -700_000, 0, 2_900_000}, Null: null},
		{Texts: []string{"ropes", "knots", "red"}, Offsets: []int32{0, 2, 2, 3, 3, 3, 3}, Null: null},
		{Codes: []int32{0, 1, 1}, Offsets: []int32{0, 2, 2, 3, 3, 3, 3}, Null: null},
		{Offsets: []int32{0, 3, 3, 4, 5, 5, 5}, Null: null, Records: []frame.Column{{Codes: []int32{0, 1, 0, 1, 0}},
			{Texts: []string{"Ion", "Ana", "", "Vlad", "Ina"}, Null: []bool{false, false, true, false, false}}, {Ints: []int64{4, 30, 7, 0, 9}}, {Ints: []int64{1, 2, 3, 4, 5}}}},
		{Offsets: []int32{0, 2, 2, 3, 3, 3, 3}, Null: null, Records: []frame.Column{{Ints: []int64{1990, 2001, 2020}}, {Texts: []string{"Bălți", "", "Roma"}, Null: []bool{false, true, false}}}},
		{Texts: []string{"Eva", "Eva", "", "Io", "Io", "Io"}}, {Ints: []int64{1, 2, 3, 4, 5, 6}},
	}
	return b
}

// checkProgram compares the program of a template with its execution on every row. It
// returns how many rows the program has written, -1 if there is no program.
func checkProgram(t *testing.T, b *frame.Batch, text string) int {
	t.Helper()
	parsed, faults := prompt.Parse("t", text, programPaths)
	if len(faults) > 0 {
		return -1
	}
	p := &template{Text: text, template: parsed}
	var fields []*Field
	for _, f := range b.Schema {
		fields = append(fields, &Field{Name: f.Name, Type: f.Type})
		for _, path := range parsed.Fields() {
			if path == f.Name || strings.HasPrefix(path, f.Name+".") || path == "person" && strings.HasPrefix(f.Name, "person.") {
				p.Fields = append(p.Fields, f.Name)
				break
			}
		}
	}
	f := p.Bind(&Env{Fields: fields}).(*templateFiller)
	if f.program == nil {
		return -1
	}
	written := 0
	for r := range b.N {
		got, ok := f.program.Append([]byte("before "), b, r)
		if !ok {
			continue
		}
		written++
		values := map[string]any{}
		for _, name := range p.Fields {
			setValue(values, name, CellValue(b, b.Schema.Index(name), r))
		}
		var want strings.Builder
		if err := parsed.Execute(t.Context(), &want, values); err != nil || string(got) != "before "+want.String() {
			t.Fatalf("row %d of %s:\ngot  %q\nwant %q, %v", r, text, got, want.String(), err)
		}
	}
	return written
}

// Programs write what execution writes, or leave the row to it.
func TestTemplateProgram(t *testing.T) {
	b := programBatch()
	for _, c := range []struct {
		text    string
		written int // rows
	}{
		{"{{ .name }}, {{ .hue }}{{ .ok }} {{ .age }} {{ .wage }} {{ .born }} {{ .skills }} {{ .tags }}", 6},
		{`{{- if hasPrefix "mun. " .name -}} municipiul {{ trimPrefix "mun. " .name }}{{- else if contains "x" .name -}} x {{- else -}} raionul {{ .name }}{{- end -}}`, 6},
		{"{{ .age }}{{ if ge (int .age) 20 }} de{{ end }} ani", 6},
		{"{{ $k := div (add (int .wage) 500) 1000 }}{{ $k }}{{ if or (ge (mod $k 100) 20) (eq (mod $k 100) 0) }} de{{ end }} mii", 6},
		{`{{- $man := .ok -}}{{- if not .hue -}} {{ if $man }}a{{ else }}b{{ end }}{{- else if has .hue (list "red" "slate") -}} c {{- end -}}`, 6},
		{`{{- with .hue -}}{{- if contains "r" . }}{{ $.name }}{{ . }}{{- else if eq . "blüe" }}{{ $.person.name }} {{ end -}}{{- else -}} {{ .name }}{{- end -}}`, 6},
		{"{{ if lt (int .age) 44 }}{{ .name }}{{ else if lt (int .age) 65 }}{{ .hue }}{{ else }}{{ .code }}{{ end }}", 6},
		{"{{ if .born }}{{ year .born }} {{ month .born }} {{ monthDay .born }} {{ dateFormat \"2.1.06\" .born }}{{ end }}", 6},
		{`{{ if .born }}{{ index (list "ian" "feb" "mar" "apr" "mai" "iun" "iul" "aug" "sep" "oct" "nov" "dec") (sub (month .born) 1) }}{{ end }}`, 6},
		{"{{ if .kin.child }}{{ (index .kin.child 0).name }} {{ sub 2023 (int (index .kin.child 0).age) }}{{ end }}", 6},
		{"{{ range $i, $e := .life }}{{ if $i }}; {{ end }}{{ $e.year }}: {{ if $e.place }} {{ $e.place }}{{ end }}{{ else }}none{{ end }}", 6},
		{"{{ range .kin.child }}{{ .name }}{{ .age }}{{ else }}{{ .name }}{{ end }}{{ range .skills }}{{ upper . }}{{ $.age }}{{ end }}", 6},
		{"{{ min 2023 (add (int .code) 18 (mod (int .age) 9)) }} {{ max 1 .code }} {{ mul 2 .code }} {{ add .ok .wage }}", 6},
		{"{{ $x := .hue }}{{ if .age }}{{ $x = .name }}{{ $y := 1 }}{{ $y }}{{ end }}{{ $x }}{{ .name | lower | default \"-\" }}", 6},
		{"{{ len .skills }} {{ len .name }} {{ and .hue .age }} {{ or .name 7 }} {{ not .ok }} {{ eq .hue \"a\" \"red\" }} {{ -4.5 }} {{ true }}", 6},
		{"{{ int64 .code }} {{ int64 .wage }} {{ int64 .ok }} {{ int64 .skills }} {{ ge (int .wage) (int64 .age) }} {{ eq (int64 .code) (int .code) }}", 6},
		{`{{ default "" .hue }}{{ eq (default "" .code) "1985" }}{{ has .age (list 41) }}{{ has "tea" .tags }}{{ toString .born }}`, 6},
		{"{{ div 6 .age }}{{ gt .age 5 }}", 3},
		{"{{ .person.age }} {{ .person.name }}", 6},
		{"{{ range .skills }}{{ break }}{{ end }}", -1},
		{`{{ regexReplaceAll "a" .name "" }}`, -1},
		{"{{ repeat 3 .name }}", -1},
	} {
		if got := checkProgram(t, b, c.text); got != c.written {
			t.Errorf("%s: got %d rows by the program, want %d", c.text, got, c.written)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	compiled, written := 0, 0
	for range 4000 {
		if n := checkProgram(t, b, randomTemplate(r)); n >= 0 {
			compiled, written = compiled+1, written+n
		}
	}
	if compiled < 2000 || written < 2*compiled {
		t.Errorf("got %d programs that write %d rows, want more", compiled, written)
	}
}

// randomTemplate returns a template of random actions, most of which are right.
func randomTemplate(r *rand.Rand) string {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	var value, number, test, text func(deep int) string
	text = func(deep int) string {
		if deep == 0 || r.IntN(3) == 0 {
			return one(".name", ".hue", ".code", ".person.name", `"red"`, `"1"`, `""`, ".born", "$.name", "$v")
		}
		return fmt.Sprintf("("+one("upper %s", "trimPrefix \"r\" %s", "default \"d\" %s", "toString %s", "or %[1]s %[1]s", "and %[1]s %[1]s", "trim %s", "initials %s", "dateFormat \"06\" %s")+")", text(deep-1))
	}
	number = func(deep int) string {
		if deep == 0 || r.IntN(3) == 0 {
			return one("(int .age)", "(int .code)", "7", "0", "-2", "(int .wage)", "(int $.age)", "(len .skills)", "(len .kin.child)", "(int $v)", ".age", ".wage", "(year .born)")
		}
		return fmt.Sprintf("(%s %s %s)", one("add", "sub", "mul", "mod", "div", "min", "max"), number(deep-1), number(deep-1))
	}
	test = func(deep int) string {
		switch r.IntN(6) {
		case 0:
			return fmt.Sprintf("(%s %s %s)", one("eq", "ne", "lt", "le", "gt", "ge"), number(deep), number(deep))
		case 1:
			return fmt.Sprintf("(%s %s %s)", one("eq", "ne", "lt", "le", "gt", "ge"), text(deep), text(deep))
		case 2:
			return fmt.Sprintf("(%s %s %s)", one("hasPrefix", "contains", "hasSuffix"), text(0), text(deep))
		case 3:
			if deep > 0 {
				return fmt.Sprintf("(%s %s %s)", one("and", "or"), test(deep-1), test(deep-1))
			}
		case 4:
			return fmt.Sprintf("(has %s %s)", value(deep), one(".skills", ".tags", `(list "red" "x" 7)`, "(list 41 0)"))
		}
		return one(".ok", ".age", ".hue", ".skills", ".kin.child", ".kin", ".life", "$v", "(not .ok)", ".wage", ".born")
	}
	value = func(deep int) string {
		switch r.IntN(3) {
		case 0:
			return number(deep)
		case 1:
			return text(deep)
		}
		return test(deep)
	}
	var body func(deep int) string
	body = func(deep int) string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			switch k := r.IntN(9); {
			case k < 2 || deep == 0:
				fmt.Fprintf(&b, "{{ %s }} ", value(2))
			case k == 2:
				fmt.Fprintf(&b, "{{ if %s }}%s{{ else if $w := %s }}%s{{ $w }}{{ else }}%s{{ end }}", test(1), body(deep-1), value(1), body(deep-1), body(deep-1))
			case k == 3:
				fmt.Fprintf(&b, "{{ with %s }}{{ . }}{{ $.name }}{{ else }}%s{{ end }}", value(1), body(deep-1))
			case k == 4:
				fmt.Fprintf(&b, "{{ range $i, $x := %s }}{{ $i }}{{ $x }}, {{ . | default \"-\" }}{{ $v }}{{ else }}%s{{ end }}", one(".skills", ".tags", "(list 1 .name)", ".name"), body(deep-1))
			case k == 5:
				fmt.Fprintf(&b, "{{ range %s }}{{ .name }} {{ $.hue }}{{ end }}", one(".kin.child", ".kin.friend"))
			case k == 6:
				fmt.Fprintf(&b, "{{ $v = %s }}", value(1))
			case k == 7:
				fmt.Fprintf(&b, "{{ %s | %s }}", value(1), one("upper", "add 1", "eq 7", "default \"x\"", "toString", "printf \"%v\""))
			default:
				b.WriteString("{{ (index .kin.child 0).name }}{{ range .life }}{{ .year }}{{ end }}")
			}
		}
		return b.String()
	}
	return fmt.Sprintf("{{ $v := %s }}%s", value(1), body(2))
}

// FuzzTemplateProgram compares programs with execution on any template.
func FuzzTemplateProgram(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		f.Add(randomTemplate(r))
	}
	b := programBatch()
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 2000 && strings.Count(text, "range") < 3 {
			checkProgram(t, b, text)
		}
	})
}
