package load_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

// tree writes files to a temporary folder and returns its path, without symbolic
// links.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// mustLoad loads a spec and fails the test if it has faults.
func mustLoad(t testing.TB, dir, path string) *spec.Spec {
	t.Helper()
	s, list := load.Load(context.Background(), path, load.Options{Dir: dir})
	if len(list.Items) > 0 {
		t.Fatalf("%s: got faults %v, want none", path, list.Items)
	}
	return s
}

func fieldNames(s *spec.Spec) []string {
	var names []string
	for _, f := range s.Fields {
		names = append(names, f.Name)
	}
	return names
}

const (
	minimal = "name: \"isle\"\npopulation: {}\nfields: {b: kind: \"id\", a: kind: \"id\"}\n"
	// embedded is a spec at the top level that embeds the schema.
	embedded = "package isle\nimport \"personagen.dev/schemas\"\nschemas.#Spec\n" + minimal
	// defined is a spec in a definition, which plain `cue vet` accepts.
	defined = "package isle\nimport \"personagen.dev/schemas\"\n#Spec: schemas.#Spec & {\n" + minimal + "}\n"
	module  = "module: \"example.com/mine@v0\"\nlanguage: version: \"v0.17.0\"\n"
)

func TestLoadWorksFromAnyFolder(t *testing.T) {
	ours := "module: \"personagen.dev\"\nlanguage: version: \"v0.17.0\"\n"
	for _, tt := range []struct {
		name, path string
		files      map[string]string
	}{
		{"no module, no import", "x.cue", map[string]string{"x.cue": minimal}},
		{"no module, schema imported", "x.cue", map[string]string{"x.cue": embedded}},
		{"own module", "x.cue", map[string]string{"x.cue": embedded, "cue.mod/module.cue": module}},
		{"below its own module", "deep/er/x.cue", map[string]string{"deep/er/x.cue": embedded, "cue.mod/module.cue": module}},
		{"module that carries a schema", "x.cue", map[string]string{"x.cue": embedded, "cue.mod/module.cue": module,
			"cue.mod/pkg/personagen.dev/schemas/spec.cue": "package schemas\n#Spec: {name: \"old\"}\n"}},
		{"module of the schema itself", "specs/x.cue", map[string]string{"specs/x.cue": embedded, "cue.mod/module.cue": ours,
			"schemas/spec.cue": "package schemas\n#Spec: {name: \"old\"}\n"}},
		{"in a definition", "x.cue", map[string]string{"x.cue": defined}},
		{"in a definition, own module", "x.cue", map[string]string{"x.cue": defined, "cue.mod/module.cue": module}},
		{"in a definition, module of the schema", "specs/x.cue", map[string]string{"specs/x.cue": defined, "cue.mod/module.cue": ours}},
		{"in a definition without the schema", "x.cue", map[string]string{"x.cue": "#Spec: {\n" + minimal + "}\n"}},
		{"in a definition of two files", "dir", map[string]string{
			"dir/a.cue": "package isle\n#Spec: name: \"isle\"\n#Spec: fields: b: kind: \"id\"\n#Spec: order: fields: [\"b\", \"a\"]\n_half: 50\n",
			"dir/b.cue": "package isle\nimport \"personagen.dev/schemas\"\n#Spec: schemas.#Spec & {\n\tpopulation: {size: _half, where: b: >\"\"}\n\tfields: a: kind: \"id\"\n\tversion: #Spec.name\n}\n"}},
		{"folder with a package", "dir", map[string]string{"dir/x.cue": embedded, "dir/scratch.cue": "not cue at all"}},
		{"folder without a package clause", "dir", map[string]string{"dir/x.cue": minimal}},
		{"schema used by name", "x.cue", map[string]string{"x.cue": "import \"personagen.dev/schemas\"\nschemas.#Spec & {\n" + minimal + "}\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := tree(t, tt.files)
			s := mustLoad(t, dir, tt.path)
			if s.Name != "isle" || !slices.Equal(fieldNames(s), []string{"b", "a"}) {
				t.Errorf("got name %q, fields %q", s.Name, fieldNames(s))
			}
			if again := mustLoad(t, t.TempDir(), filepath.Join(dir, tt.path)); again.Dir != s.Dir || again.Name != "isle" {
				t.Errorf("by absolute path: name %q, folder %q; by relative path: folder %q", again.Name, again.Dir, s.Dir)
			}
		})
	}
}

func TestLoadJoinsTheFilesOfAPackage(t *testing.T) {
	dir := tree(t, map[string]string{
		"isle/a.cue": "package isle\nname: \"isle\"\norder: fields: [\"hue\", \"zone\", \"age\"]\npopulation: size: _size\nfields: {hue: {kind: \"category\", values: [\"red\"]}, zone: kind: \"id\"}\n",
		"isle/b.cue": "package isle\n_size: 7\nfields: {age: {kind: \"integer\", min: 0, max: 9}}\n",
		"isle/c.cue": "package isle\nfields: age: title: 3\n",
	})
	_, list := load.Load(context.Background(), "isle", load.Options{Dir: dir})
	if len(list.Items) != 1 || list.Items[0].Place != (diag.Place{File: "isle/c.cue", Line: 2, Column: 21}) {
		t.Fatalf("got faults %v", list.Items)
	}
	if err := os.Remove(filepath.Join(dir, "isle", "c.cue")); err != nil {
		t.Fatal(err)
	}
	s := mustLoad(t, dir, "isle")
	if s.Population.Size != 7 || !slices.Equal(fieldNames(s), []string{"hue", "zone", "age"}) || s.Fields[2].Place.File != "isle/b.cue" {
		t.Errorf("got size %d, fields %q", s.Population.Size, fieldNames(s))
	}
}

func TestLoadRefusesPaths(t *testing.T) {
	dir := tree(t, map[string]string{
		"x.cue": minimal, "x.txt": minimal, "none/readme.md": "", "two/a.cue": "package a\n", "two/b.cue": "package b\n",
		"broken/cue.mod/module.cue": "module: 3\n", "broken/x.cue": minimal,
	})
	for _, tt := range []struct{ path, code, message, hint string }{
		{"y.cue", "no-file", "no such file or folder", "did you mean x.cue?"},
		{"nowhere/y.cue", "no-file", "no such file or folder", ""},
		{"x.txt", "no-file", "a spec is a .cue file or a folder of .cue files", ""},
		{"none", "no-file", "the folder contains no .cue file", "name a .cue file, or a folder that contains the files of one package"},
		{"two", "packages", "the folder contains several packages: a, b", "name a file, such as two/a.cue"},
		{"broken/x.cue", "syntax", "", ""},
	} {
		s, list := load.Load(context.Background(), tt.path, load.Options{Dir: dir})
		if s != nil || len(list.Items) != 1 {
			t.Errorf("%s: got %d faults, want 1: %v", tt.path, len(list.Items), list.Items)
			continue
		}
		d := list.Items[0]
		if d.Code != tt.code || d.Hint != tt.hint || tt.message != "" && d.Message != tt.message {
			t.Errorf("%s: got %+v, want %+v", tt.path, d, tt)
		}
	}
}

func TestPathsAreRelativeToTheFileThatNamesThem(t *testing.T) {
	dir := tree(t, map[string]string{
		"cue.mod/module.cue": module,
		"lib/zones.cue":      "package lib\nZone: {kind: \"category\", values: {csv: \"zones.csv\", column: \"zone\"}}\n",
		"specs/x.cue": "package x\nimport \"example.com/mine/lib\"\nname: \"x\"\npopulation: {}\n" +
			"fields: zone: lib.Zone\nfields: name: {kind: \"choice\", csv: {file: \"../data/names.csv\"}}\n" +
			"tables: zone: {over: [\"zone\"], csv: {file: \"/abs/t.csv\", value: \"n\"}}\n",
	})
	s := mustLoad(t, dir, "specs/x.cue")
	for i, want := range []string{"../lib/zones.csv", "../data/names.csv", "/abs/t.csv"} {
		if len(s.Files) != 3 || s.Files[i].Name != want || s.FileName(s.Files[i].Path) != want {
			t.Errorf("got files %+v, want file %d to be %s", s.Files, i, want)
		}
	}
	for _, tt := range []struct{ got, want string }{
		{s.Fields[0].Body.Get("values").Get("csv").Path, filepath.Join(dir, "lib", "zones.csv")},
		{s.Fields[1].Body.Get("csv").Rows().Path, filepath.Join(dir, "data", "names.csv")},
		{s.Tables[0].Rows.Path, "/abs/t.csv"},
		{s.Shown(filepath.Join(dir, "data", "names.csv")), "data/names.csv"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

// A spec does not depend on how it is reached; messages show the path that the user
// gave.
func TestLoadThroughLinks(t *testing.T) {
	dir := tree(t, map[string]string{
		"real/cue.mod/module.cue": module,
		"real/lib/lib.cue":        "package lib\nsize: 7\n",
		"real/specs/x.cue": "package x\nimport \"example.com/mine/lib\"\nname: \"x\"\npopulation: size: lib.size\n" +
			"fields: zone: {kind: \"choice\", csv: {file: \"../data/zones.csv\"}}\n",
		"away/readme.txt": "",
	})
	for link, to := range map[string]string{"folder": "real/specs", "file.cue": "real/specs/x.cue", "away/deep": "../real"} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, link)); err != nil {
			t.Skip(err) // Windows may not allow it
		}
	}
	direct := mustLoad(t, dir, "real/specs/x.cue")
	for _, tt := range []struct{ dir, path, spec, data string }{
		{"", "real/specs/x.cue", "real/specs/x.cue", "real/data/zones.csv"},
		{"", "real/specs", "real/specs/x.cue", "real/data/zones.csv"},
		{"", "folder/x.cue", "folder/x.cue", "real/data/zones.csv"},
		{"", "folder", "folder/x.cue", "real/data/zones.csv"},
		{"", "file.cue", "file.cue", "real/data/zones.csv"},
		{"folder", "x.cue", "x.cue", "../data/zones.csv"},
		{"away/deep", "specs/x.cue", "specs/x.cue", "data/zones.csv"},
		{"away", "deep/specs/x.cue", "deep/specs/x.cue", "../real/data/zones.csv"},
	} {
		s := mustLoad(t, filepath.Join(dir, tt.dir), tt.path)
		if s.Dir != direct.Dir || !slices.Equal(s.Files, direct.Files) || s.Population.Size != 7 {
			t.Errorf("%s in %q: got folder %s, files %v, want %s, %v", tt.path, tt.dir, s.Dir, s.Files, direct.Dir, direct.Files)
		}
		if got := s.Fields[0].Place.File; got != tt.spec {
			t.Errorf("%s in %q: got the spec as %s, want %s", tt.path, tt.dir, got, tt.spec)
		}
		if got := s.Shown(s.Files[0].Path); got != tt.data {
			t.Errorf("%s in %q: got the CSV file as %s, want %s", tt.path, tt.dir, got, tt.data)
		}
	}
}

// full uses most stanzas of the language.
const full = `package full

import "strings"

name: "full"
title: "Title"
description: """
	Two
	lines
	"""
language: "en"
license: "CC0-1.0"
version: "1.2"
limitations: ["a", "b"]
population: {size: 10, seed: 18446744073709551615, persons: 5, where: age: >=18}
sources: census: {publisher: "P", title: "T", year: 2024, date: "2024-04-08", url: "https://u", license: "l", note: "n"}
let category = {kind: "category"}
_old: >=65
fields: {
	age: {kind: "integer", min: 0, max: 100, title: "Age", about: "In years", unit: "years", source: "census", status: "official", note: "n", hidden: true}
	band: {kind: "group", of: "age", cuts: [18, 65]}
	hue: category & {values: [for h in ["red", "blue"] {strings.ToUpper(h)}]}
	wage: {kind: "number", when: {age: _old, hue: "RED" | "BLUE"}, lognormal: {median: 2.5, sigma: 1}, scale: [{by: "hue", factors: RED: 2}]}
}
tables: {
	two: {over: ["hue"], given: ["band"], title: "T", percent: {"18-64": {RED: 60, BLUE: 40}, "65-100": {BLUE: 99.5, RED: 0.5}},
		role: "pattern", rounded: 0.5, tolerance: 0.01, rest: "RED", source: "census", year: 2020, status: "assumed", note: "n"}
	one: {over: ["hue"], where: age: <18, csv: {file: "t.csv", value: "n", measure: "shares", add: true,
		where: level: "top", columns: hue: "Colour", map: hue: {R: "RED", r: "RED"}}, role: "soft", weight: 2}
}
impossible: [{age: <5, hue: "RED"}]
joints: [["age", "hue"]]
correlations: scores: {fields: ["wage", "wage2"], matrix: [[1, 0.5], [0.5, 1]], source: "census"}
roles: {age: "age", place: "hue"}
checks: few: {where: hue: "RED", within: age: >90, at_most: 0.5, severity: "warn", about: "a"}
`

func TestDecode(t *testing.T) {
	dir := tree(t, map[string]string{"full.cue": full})
	s := mustLoad(t, dir, "full.cue")
	two, one, wage := s.Tables[0], s.Tables[1], s.Fields[3]
	red := two.Inline.Fields[0].Value.Fields[0]
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"texts", []string{s.Title, s.Description, s.Language, s.License, s.Version}, []string{"Title", "Two\nlines", "en", "CC0-1.0", "1.2"}},
		{"limitations", s.Limitations, []string{"a", "b"}},
		{"population", []any{s.Population.Size, s.Population.Seed, s.Population.Persons, s.Population.Where.Text},
			[]any{int64(10), uint64(18446744073709551615), int64(5), "age: >=18"}},
		{"source", s.Sources[0].Name + s.Sources[0].Date, "census2024-04-08"},
		{"fields", fieldNames(s), []string{"age", "band", "hue", "wage"}},
		{"field", []any{s.Fields[0].Title, s.Fields[0].About, s.Fields[0].Unit, s.Fields[0].Source, s.Fields[0].Status, s.Fields[0].Note, s.Fields[0].Hidden, s.Fields[0].Place},
			[]any{"Age", "In years", "years", "census", "official", "n", true, diag.Place{File: "full.cue", Line: 20, Column: 2}}},
		{"computed values", s.Fields[2].Body.Get("values").Items[1].String, "BLUE"},
		{"condition with a name in it", wage.When.Text, `age: >=65, hue: "RED" | "BLUE"`},
		{"default inside a list", wage.Body.Get("scale").Items[0].Get("other").Number, 1.0},
		{"table", []any{two.Name, two.Title, two.Over[0].Value, two.Given[0].Value, two.Role, two.Measure, two.Rounded, two.Tolerance, two.Rest.Value, two.Year, two.Status, two.Rows == nil},
			[]any{"two", "T", "hue", "band", "pattern", "percent", 0.5, 0.01, "RED", 2020, "assumed", true}},
		{"figures", []any{two.Inline.Fields[1].Name, two.Inline.Fields[1].Value.Fields[0].Name, red.Name, red.Value.Number, red.Place, red.Value.Place},
			[]any{"65-100", "BLUE", "RED", 60.0, diag.Place{File: "full.cue", Line: 26, Column: 72}, diag.Place{File: "full.cue", Line: 26, Column: 77}}},
		{"CSV table", []any{one.Rows.Path, one.Value.Value, one.Measure, one.Add, one.Rows.Where.Text, one.Rows.Columns["hue"].Value, one.Rows.Map["hue"]["r"].Value, one.Weight, one.Tolerance},
			[]any{filepath.Join(dir, "t.csv"), "n", "shares", true, `level: "top"`, "Colour", "RED", 2.0, -1.0}},
		{"impossible", s.Impossible[0].Text, `age: <5, hue: "RED"`},
		{"joint", s.Joints[0].Fields[1].Value, "hue"},
		{"correlation", s.Correlations[0].Matrix, [][]float64{{1, 0.5}, {0.5, 1}}},
		{"role", s.Roles[1].Name + s.Roles[1].Field.Value, "placehue"},
		{"check", []any{s.Checks[0].Within.Text, *s.Checks[0].AtMost, s.Checks[0].AtLeast == nil, s.Checks[0].Severity}, []any{"age: >90", 0.5, true, "warn"}},
	} {
		if fmt.Sprint(tt.got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %v, want %v", tt.what, tt.got, tt.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	s := mustLoad(t, tree(t, map[string]string{"x.cue": minimal + "tables: t: {over: [\"a\"], shares: {}}\nchecks: c: {where: a: 1, at_least: 0}\n"}), "x.cue")
	if s.Population.Size != 1000 || s.Population.Seed != 1 || s.Tables[0].Role != "margin" || s.Tables[0].Tolerance != -1 || s.Checks[0].Severity != "fail" {
		t.Errorf("got %+v, %+v, %+v", s.Population, s.Tables[0], s.Checks[0])
	}
}

// condition loads a spec that has one condition, on the field "x".
func condition(t *testing.T, constraint string) *spec.Term {
	t.Helper()
	s := mustLoad(t, tree(t, map[string]string{"x.cue": minimal + "_low: >=15\nimpossible: [{x: " + constraint + "}]\n"}), "x.cue")
	return &s.Impossible[0].Terms[0]
}

func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		constraint, text string
		yes, no          []any
	}{
		{">=15 & <25", ">=15 & <25", []any{15, 24, 15.0, 24.9}, []any{14, 25, "15", nil}},
		{"15", "15", []any{15, 15.0}, []any{14, 15.5, "15"}},
		{"2.5", "2.5", []any{2.5}, []any{2, 2.4}},
		{"3.0", "3.0", []any{3, 3.0}, []any{2}},
		{`"North" | "South"`, `"North" | "South"`, []any{"North", "South"}, []any{"north", "East", 1, nil}},
		{"\n\t\t\"North\" |\n\t\t\"South\"", `"North" | "South"`, []any{"North"}, []any{"East"}},
		{`!="North"`, `!="North"`, []any{"South", ""}, []any{"North", nil}},
		{`=~"^S" & !~"x$"`, `=~"^S" & !~"x$"`, []any{"South"}, []any{"Sx", "North", 3}},
		{`1 | 2 | >=10`, "1 | 2 | >=10", []any{1, 2, 11}, []any{3}},
		{"null", "null", []any{nil}, []any{0, ""}},
		{"_low", ">=15", []any{15}, []any{14}},
		{"_low & <20", ">=15 & <20", []any{19}, []any{20}},
		{"string", "string", []any{"a"}, []any{1, nil}},
		{"*1 | 2", "*1 | 2", []any{1, 2}, []any{3}},
	} {
		term := condition(t, tt.constraint)
		if term.Text != tt.text {
			t.Errorf("%s: got text %q, want %q", tt.constraint, term.Text, tt.text)
		}
		for range 2 { // the second answer comes from the cache
			for _, v := range tt.yes {
				if !term.Accept(v) {
					t.Errorf("%s does not accept %v", tt.constraint, v)
				}
			}
			for _, v := range tt.no {
				if term.Accept(v) {
					t.Errorf("%s accepts %v", tt.constraint, v)
				}
			}
		}
	}
}

func TestAcceptIsSafeForConcurrentUse(t *testing.T) {
	term := condition(t, ">=15 & <25")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for age := range 100 {
				if term.Accept(age) != (age >= 15 && age < 25) {
					t.Errorf("Accept(%d): got the wrong answer", age)
				}
			}
		})
	}
	wg.Wait()
}

// TestMisspeltLabelsAreReported misspells each label of a spec in turn. Apart from
// the labels that are free to choose, each must be reported at its place.
func TestMisspeltLabelsAreReported(t *testing.T) {
	free := []string{ // names that the author chooses, and labels of data
		"census", "age", "band", "hue", "wage", "RED", "BLUE", "R", "r", "two", "one", "scores", "few", "level", "_old",
	}
	for i, line := range strings.Split(full, "\n") {
		for _, label := range labelsOf(line) {
			typo := strings.Split(full, "\n")
			typo[i] = line[:label.at] + "q" + line[label.at:]
			text := strings.Join(typo, "\n")
			if i%2 == 0 { // every other time in a definition
				text = strings.Replace(text, "\"strings\"\n\n", "\"strings\"\n#Spec: {\n", 1) + "}\n"
			}
			dir := tree(t, map[string]string{"full.cue": text})
			_, list := load.Load(context.Background(), "full.cue", load.Options{Dir: dir})
			if slices.Contains(free, label.name) {
				continue
			}
			if !slices.ContainsFunc(list.Items, func(d diag.Diagnostic) bool {
				return d.Place.Line == i+1 && strings.Contains(d.Message, "q"+label.name)
			}) {
				t.Errorf("line %d: q%s is not reported at its place: %v", i+1, label.name, list.Items)
			}
		}
	}
}

type label struct {
	name string
	at   int
}

// labelsOf returns the plain labels in a line, such as a and b in a: {b: 1}.
func labelsOf(line string) []label {
	var out []label
	start := -1
	for i, r := range line {
		switch {
		case r == ':' && start >= 0 && i+1 < len(line):
			out = append(out, label{line[start:i], start})
			start = -1
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_':
			if start < 0 {
				start = i
			}
		default:
			start = -1
		}
	}
	return out
}

func TestLimits(t *testing.T) {
	const heavy = "import \"list\"\n" + minimal + "_x: [for a in list.Range(0, 300, 1) for b in list.Range(0, 300, 1) {a * b}]\nlimitations: [\"\\(len(_x))\"]\n"
	dir := tree(t, map[string]string{"x.cue": heavy, "deep.cue": "x: " + strings.Repeat("(", 1_000_000), "list.cue": "x: " + strings.Repeat("[", 1000),
		"long.cue": "x: 1" + strings.Repeat("+1", 1_000_000), "minus.cue": "x: " + strings.Repeat("-", 1_000_000), "labels.cue": strings.Repeat("a: ", 1_000_000)})
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		name, path, want string
		ctx              context.Context
		o                load.Options
	}{
		{"time", "x.cue", "evaluating the spec takes longer than 1ns", nil, load.Options{Limit: 1}},
		{"memory", "x.cue", "evaluating the spec takes more than 0 MiB of memory", nil, load.Options{MemoryLimit: 1}},
		{"interrupt", "x.cue", "reading the spec was interrupted", cancelled, load.Options{}},
		{"brackets", "deep.cue", "brackets are nested more than 500 deep", nil, load.Options{}},
		{"lists", "list.cue", "brackets are nested more than 500 deep", nil, load.Options{}},
		{"long expression", "long.cue", "an expression has more than 50000 tokens", nil, load.Options{}},
		{"signs", "minus.cue", "an expression has more than 50000 tokens", nil, load.Options{}},
		{"labels", "labels.cue", "an expression has more than 50000 tokens", nil, load.Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.ctx == nil {
				tt.ctx = context.Background()
			}
			tt.o.Dir = dir
			s, list := load.Load(tt.ctx, tt.path, tt.o)
			if s != nil || len(list.Items) != 1 || !strings.HasPrefix(list.Items[0].Message, tt.want) {
				t.Errorf("got %v", list.Items)
			}
			if list.Items[0].Place.File != tt.path {
				t.Errorf("got place %v", list.Items[0].Place)
			}
		})
	}
}

func TestKinds(t *testing.T) {
	want := []string{"category", "integer", "group", "choice", "number", "template", "list", "constant", "id"}
	for _, kind := range want {
		if !slices.Contains(load.Kinds(), kind) {
			t.Errorf("got kinds %q, want %s among them", load.Kinds(), kind)
		}
	}
}

// large returns a spec with 60 fields and 40 tables of 1,000 figures in all.
func large() string {
	var b strings.Builder
	b.WriteString("name: \"large\"\npopulation: {size: 1000, where: f0: >=18}\nsources: s: title: \"S\"\nfields: {\n")
	for i := range 20 {
		fmt.Fprintf(&b, "\tf%d: {kind: \"integer\", min: 0, max: 100, title: \"Number\", source: \"s\"}\n", i)
		fmt.Fprintf(&b, "\tg%d: {kind: \"group\", of: \"f%d\", cuts: [18, 30, 45, 65], labels: [\"a\", \"b\", \"c\", \"d\", \"e\"]}\n", i, i)
		fmt.Fprintf(&b, "\th%d: {kind: \"category\", values: [\"red\", \"green\", \"blue\", \"black\", \"white\"], when: f%d: >=15 & <90}\n", i, i)
	}
	b.WriteString("}\ntables: {\n")
	for i := range 40 {
		fmt.Fprintf(&b, "\tt%d: {over: [\"g%d\", \"h%d\"], source: \"s\", counts: {\n", i, i%20, (i+1)%20)
		for j, g := range []string{"a", "b", "c", "d", "e"} {
			fmt.Fprintf(&b, "\t\t%s: {red: %d, green: %d.5, blue: 12, black: 0.25, white: %d}\n", g, i, j, i*j)
		}
		b.WriteString("\t}}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	dir := tree(b, map[string]string{"x.cue": large()})
	for b.Loop() {
		mustLoad(b, dir, "x.cue")
	}
}

func BenchmarkAccept(b *testing.B) {
	dir := tree(b, map[string]string{"x.cue": minimal + "impossible: [{x: >=15 & <25}]\n"})
	for b.Loop() {
		s := mustLoad(b, dir, "x.cue")
		for age := range 100 {
			s.Impossible[0].Terms[0].Accept(age)
		}
	}
}

// FuzzLoad checks that the loader never panics, and that it returns either a spec or
// the reasons why not.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte(full))
	files, err := filepath.Glob(filepath.Join("testdata", "messages", "*.cue"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(dir, fmt.Sprintf("x%d.cue", os.Getpid()))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		s, list := load.Load(context.Background(), file, load.Options{Dir: dir, Limit: 5 * time.Second})
		if (s == nil) != list.Failed() {
			t.Fatalf("got a spec: %v, and faults %v", s != nil, list.Items)
		}
		for _, d := range list.Items {
			if d.Code == "evaluation" && strings.HasPrefix(d.Message, "CUE gave up") {
				t.Fatalf("got a panic: %s", d.Message)
			}
			if d.Message == "" || d.Place.File == "" {
				t.Fatalf("got an incomplete diagnostic: %+v", d)
			}
		}
	})
}

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	text := `name: "isle"
population: size: 500
fields: {
	age: {kind: "integer", min: 0, max: 100}
	hue: {kind: "category", values: ["red", "blue"], when: age: >=18}
}
`
	if err := os.WriteFile(filepath.Join(dir, "isle.cue"), []byte(text), 0o644); err != nil {
		panic(err)
	}
	s, faults := load.Load(context.Background(), "isle.cue", load.Options{Dir: dir})
	if faults.Failed() {
		panic(faults.Err())
	}
	for _, f := range s.Fields {
		fmt.Println(f.Place, f.Name, f.Kind)
	}
	fmt.Println(s.Fields[1].When.Text, s.Fields[1].When.Terms[0].Accept(17))
	// Output:
	// isle.cue:4:2 age integer
	// isle.cue:5:2 hue category
	// age: >=18 false
}
