package compile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec/load"
)

// town is a small spec with bands, a group of two fields, universes, a conditional
// table, a pattern and an impossible combination.
const town = `
name: "town"
population: {size: 400, seed: 3, persons: 10_000, where: years: >=10}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "green", "blue"]}
	years: {kind: "integer", min: 0, max: 59}
	span: {kind: "group", of: "years", cuts: [0, 10, 20, 40]}
	guild: {kind: "category", when: years: >=20, values: ["smith", "baker", "scribe"]}
	master: {kind: "group", of: ["hue", "span"], cases: [{label: "yes", when: {hue: "red", span: "40+"}}], other: "no"}
	zone: {kind: "category", values: ["east", "west"]}
	label: {kind: "template", text: "{{ .hue }} of the {{ .zone }}"}
}
tables: {
	hue: {over: ["hue"], percent: {red: 50, green: 30, blue: 20}}
	years_hue: {over: ["span", "hue"], role: "pattern", counts: {
		"0-9": {red: 10, green: 20, blue: 30}
		"10-19": {red: 10, green: 20, blue: 20}
		"20-39": {red: 40, green: 20, blue: 10}
		"40+": {red: 40, green: 10, blue: 5}
	}}
	span: {over: ["span"], counts: {"0-9": 20, "10-19": 20, "20-39": 35, "40+": 25}}
	guild: {over: ["guild"], where: years: >=20, shares: {smith: 0.5, baker: 0.3, scribe: 0.2}}
	guild_zone: {over: ["guild"], given: ["zone"], where: years: >=20, role: "pattern", percent: {
		east: {smith: 60, baker: 20, scribe: 20}
		west: {smith: 20, baker: 60, scribe: 20}
	}}
	zone: {over: ["zone"], given: ["hue"], percent: {
		red: {east: 70, west: 30}
		green: {east: 40, west: 60}
		blue: {east: 10, west: 90}
	}}
}
impossible: [{hue: "blue", guild: "scribe"}]
joints: [["span", "zone"]]
`

func compileText(t *testing.T, text string) (*bundle.Bundle, *diag.List) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spec.cue")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s, faults := load.Load(context.Background(), path, load.Options{Dir: filepath.Dir(path)})
	if s == nil {
		t.Fatalf("the spec does not load: %v", faults.Items)
	}
	return compile.Compile(context.Background(), s, compile.Options{})
}

// compiled is a plan and the bundle that it is in.
type compiled struct {
	*plan.Plan
	bundle *bundle.Bundle
}

func mustCompile(t *testing.T, text string) compiled {
	t.Helper()
	b, faults := compileText(t, text)
	if b == nil {
		t.Fatalf("the spec does not compile: %v", faults.Items)
	}
	return compiled{b.Plan, b}
}

// persons prints the population by label, so that the order of fields and labels does
// not matter.
func persons(t *testing.T, p compiled, fields ...string) []string {
	t.Helper()
	a, err := sample.Allocate(context.Background(), p.bundle.Model, p.Population.Size, p.Population.Seed)
	if err != nil {
		t.Fatal(err)
	}
	q, err := sample.NewQuota(p.bundle.Model, a)
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.New(p.Plan, q, p.Population.Seed, p.Population.Size)
	if err != nil {
		t.Fatal(err)
	}
	b, err := g.Worker().Batch(0, int(p.Population.Size))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, b.N)
	for _, name := range fields {
		i := b.Schema.Index(name)
		for r := range out {
			c := &b.Columns[i]
			switch {
			case c.IsNull(b.Schema[i].Type, r):
				out[r] += "null;"
			case c.Codes != nil:
				out[r] += b.Schema[i].Labels[c.Codes[r]] + ";"
			case c.Ints != nil:
				out[r] += fmt.Sprint(c.Ints[r]) + ";"
			case c.Floats != nil:
				out[r] += fmt.Sprint(c.Floats[r]) + ";"
			default:
				out[r] += c.Texts[r] + ";"
			}
		}
	}
	return out
}

var everyField = []string{"id", "hue", "years", "span", "guild", "master", "zone", "label"}

// A change here changes the ids of every release: see identity.StructureVersion.
func TestIdentityIsFrozen(t *testing.T) {
	p := mustCompile(t, town+townChecks)
	ids := persons(t, p, "id")
	if got, want := p.Structure, "617f8c78769597da5436efac430840e52f447f86b1cb2d4572f2e8b20063653c"; got != want {
		t.Errorf("structure: got %s, want %s", got, want)
	}
	if want := "1d385c2495d81c7cd4ab2da3019ee4ae6a0316b97aa3e292095906600916d198"; !slices.Equal(p.FirstStructures, []string{want}) {
		t.Errorf("structure of version 1: got %v, want %s", p.FirstStructures, want)
	}
	if got, want := ids[0]+ids[399], "ae49942b-b778-84fa-9e5a-e2721ff75142;720bd97d-75dc-8e7f-b76b-1565dfa570c3;"; got != want {
		t.Errorf("first and last id: got %s, want %s", got, want)
	}
}

func TestTablesAreMet(t *testing.T) {
	p := mustCompile(t, town)
	if got, want := p.Population.Wanted, 0.8; math.Abs(got-want) > 1e-9 {
		t.Errorf("share of persons wanted: got %v, want %v", got, want)
	}
	for _, x := range p.Tables {
		if x.Role == "pattern" {
			continue
		}
		if x.TVD > 1e-9 {
			t.Errorf("table %s: got TVD %g, want 0", x.Name, x.TVD)
		}
		for k, want := range x.Published {
			if math.Abs(x.Fitted[k]-want) > 1e-8 {
				t.Errorf("table %s, cell %d: got %v, want the published %v", x.Name, k, x.Fitted[k], want)
			}
		}
	}
}

func TestPersonsObeyThePlan(t *testing.T) {
	p := mustCompile(t, town)
	counts := map[string]int{}
	for _, row := range persons(t, p, "hue", "years", "guild", "master") {
		f := strings.Split(row, ";")
		var years int
		fmt.Sscan(f[1], &years)
		counts[f[0]]++
		switch {
		case years < 10:
			t.Fatalf("%s is not wanted", row)
		case (f[2] == "null") != (years < 20):
			t.Fatalf("%s has a guild, or none, although its when says otherwise", row)
		case f[0] == "blue" && f[2] == "scribe":
			t.Fatalf("%s is impossible", row)
		case (f[3] == "yes") != (f[0] == "red" && years >= 40):
			t.Fatalf("%s: wrong value of the group of two fields", row)
		}
	}
	for _, e := range p.Expected {
		if e.Name != "hue" {
			continue
		}
		for k, label := range p.Field("hue").Domain.Labels {
			if d := float64(counts[label]) - 400*e.Share[k]; math.Abs(d) > 1 {
				t.Errorf("%s: got a deviation of %v persons, want 1 at most", label, d)
			}
		}
	}
}

// The order in which a spec lists things does not affect the sample.
func TestOrderChangesNobody(t *testing.T) {
	want := persons(t, mustCompile(t, town), everyField...)
	for name, edit := range map[string][2]string{
		"labels":           {`["red", "green", "blue"]`, `["blue", "red", "green"]`},
		"figures":          {`{red: 50, green: 30, blue: 20}`, `{blue: 20, green: 30, red: 50}`},
		"fields":           {"\tzone: {kind: \"category\", values: [\"east\", \"west\"]}\n", ""},
		"axes":             {`over: ["span", "hue"], role: "pattern", counts: {`, `over: ["hue", "span"], role: "pattern", counts: {red: {"0-9": 10, "10-19": 10, "20-39": 40, "40+": 40}, green: {"0-9": 20, "10-19": 20, "20-39": 20, "40+": 10}, blue: {"0-9": 30, "10-19": 20, "20-39": 10, "40+": 5}}}` + "\n#Old: {_x: {"},
		"conditions":       {`{hue: "blue", guild: "scribe"}`, `{guild: "scribe", hue: "blue"}`},
		"an implied table": {"tables: {\n", "tables: {\n\tall_hues: {over: [\"hue\"], percent: {red: 50, green: 30, blue: 20}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(town, edit[0], edit[1], 1)
			if text == town {
				t.Fatal("the edit does not apply to the spec")
			}
			if name == "fields" {
				text = strings.Replace(text, "\tid: kind: \"id\"\n", "\tid: kind: \"id\"\n"+edit[0], 1)
			}
			if name == "axes" {
				text = strings.Replace(text, "#Old: {_x: {", "_old: {", 1)
				text = strings.Replace(text, "\"40+\": {red: 40, green: 10, blue: 5}\n\t}}\n", "\"40+\": {red: 40, green: 10, blue: 5}\n\t}\n", 1)
			}
			got := persons(t, mustCompile(t, text), everyField[1:]...)
			for i := range want {
				_, row, _ := strings.Cut(want[i], ";")
				if got[i] != row {
					t.Fatalf("person %d: got %s, want %s", i, got[i], row)
				}
			}
		})
	}
}

func TestLeafChangesNoOtherColumn(t *testing.T) {
	want := persons(t, mustCompile(t, town), everyField...)
	text := strings.Replace(town, "\tlabel:", "\tbirth: {kind: \"category\", values: [\"spring\", \"autumn\"]}\n\tpet: {kind: \"choice\", values: {cat: 2, dog: 1}}\n\tshoe: {kind: \"number\", normal: {mean: 40, sd: 3}}\n\tlabel:", 1)
	if d := cmp.Diff(want, persons(t, mustCompile(t, text), everyField...)); d != "" {
		t.Error(d)
	}
}

// Without tables every value is equally likely.
func TestNoTables(t *testing.T) {
	p := mustCompile(t, `
name: "loose"
population: size: 60
fields: {a: {kind: "category", values: ["x", "y"]}, b: {kind: "integer", min: 1, max: 3}}
`)
	counts := map[string]int{}
	for _, row := range persons(t, p, "a") {
		counts[row]++
	}
	if d := cmp.Diff(map[string]int{"x;": 30, "y;": 30}, counts); d != "" {
		t.Error(d)
	}
}

func TestIndependenceLedger(t *testing.T) {
	free := strings.Replace(town, "joints: [[\"span\", \"zone\"]]", "", 1)
	free = strings.Replace(free, `given: ["zone"], where: years: >=20,`, `given: ["zone"],`, 1)
	for name, x := range map[string]struct {
		text string
		want []plan.Independence
	}{
		"a universe ties zone and years": {town, nil},
		"nothing ties zone and years":    {free, []plan.Independence{{Fields: [2]string{"years", "zone"}, Given: []string{"guild", "hue"}}}},
	} {
		if d := cmp.Diff(x.want, mustCompile(t, x.text).Independent); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestPlanSurvivesJSON(t *testing.T) {
	p := mustCompile(t, town)
	data, err := json.Marshal(p.Plan)
	if err != nil {
		t.Fatal(err)
	}
	back, err := plan.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(data), string(again)); d != "" {
		t.Error(d)
	}
	if _, err := plan.Read([]byte(`{"format": 99}`)); err == nil {
		t.Error("a plan of another format is accepted")
	}
}

const townChecks = `
checks: {
	no_young_scribe: {where: guild: "scribe", within: {years: >=20, hue: "green"}, at_most: 0.23}
	red: {where: hue: "red", at_least: 0.4, at_most: 0.7}
	old_smiths: {where: guild: "smith", within: years: >=37, at_least: 0.3, severity: "note"}
	apart: {where: shade: "dark", within: hue: "red", at_most: 0.9, severity: "warn"}
}
fields: shade: {kind: "category", values: ["dark", "pale"]}
`

// Limits hold at every size at which whole persons allow it, even close to the fitted
// share. Their order does not affect the sample; the limits do.
func TestChecksAreHeld(t *testing.T) {
	p := mustCompile(t, town+townChecks)
	for _, l := range p.Checks {
		if l.Enforced == (l.Name == "apart") {
			t.Errorf("check %s: got enforced %v, want %v", l.Name, l.Enforced, !l.Enforced)
		}
	}
	free, broken := mustCompile(t, town), 0
	for size := int64(3); size < 150; size += 2 {
		for _, q := range []compiled{p, free} {
			q.Population.Size = size
			people := persons(t, q, "hue", "years", "guild")
			green, scribes := 0, 0
			for _, x := range people {
				part := strings.Split(x, ";")
				if part[0] == "green" && part[2] != "null" {
					green++
					if part[2] == "scribe" {
						scribes++
					}
				}
			}
			if float64(scribes) > 0.23*float64(green) {
				if q == p {
					t.Errorf("size %d: got %d scribes of %d green, want 23 %% at most", size, scribes, green)
				}
				broken++
			}
		}
	}
	if broken == 0 {
		t.Error("the limit holds without being enforced, so the test shows nothing")
	}

	turned := mustCompile(t, town+strings.Replace(townChecks, "checks: {", "checks: red: {at_least: 0.4, at_most: 0.7, where: hue: \"red\"}\nchecks: {", 1))
	p.Population.Size = 400
	if d := cmp.Diff(persons(t, p, everyField...), persons(t, turned, everyField...)); d != "" {
		t.Error(d)
	}
	if reworded := mustCompile(t, town+strings.Replace(townChecks, "0.23", "0.23, about: \"x\", severity: \"note\"", 1)); reworded.Structure != p.Structure {
		t.Error("the description of a check changes the structure")
	}
	if other := mustCompile(t, town+strings.Replace(townChecks, "0.23", "0.24", 1)); other.Structure == p.Structure {
		t.Error("a limit does not change the structure")
	}
}

// The hash does not depend on size and seed.
func TestHash(t *testing.T) {
	p := mustCompile(t, town)
	same := mustCompile(t, strings.Replace(town, "size: 400, seed: 3", "size: 500, seed: 4", 1))
	if p.Hash != same.Hash || p.Structure != same.Structure {
		t.Error("size and seed change the hash")
	}
	other := mustCompile(t, strings.Replace(town, "{{ .hue }} of", "{{ .hue }} from", 1))
	if p.Hash == other.Hash {
		t.Error("a template does not change the hash")
	}
	if p.Structure != other.Structure {
		t.Error("a template changes the structure")
	}
	if other = mustCompile(t, strings.Replace(town, "red: 50, green: 30", "red: 51, green: 29", 1)); p.Structure == other.Structure {
		t.Error("a figure does not change the structure")
	}
}

func TestCachedFit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec.cue")
	if err := os.WriteFile(path, []byte(town), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := load.Load(context.Background(), path, load.Options{})
	cache := filepath.Join(t.TempDir(), "cache")
	first, _ := compile.Compile(context.Background(), s, compile.Options{Cache: cache})
	entries, err := os.ReadDir(cache)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v in the cache (error %v), want one entry", entries, err)
	}
	second, _ := compile.Compile(context.Background(), s, compile.Options{Cache: cache})
	if d := cmp.Diff(first.Model, second.Model); d != "" {
		t.Errorf("the cached fit differs: %s", d)
	}
	file := filepath.Join(cache, entries[0].Name())
	if err := os.WriteFile(file, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	third, _ := compile.Compile(context.Background(), s, compile.Options{Cache: cache})
	if d := cmp.Diff(first.Model, third.Model); d != "" {
		t.Errorf("a damaged cache changes the fit: %s", d)
	}
}

// Every fault is one message with a place and a hint.
func TestFaults(t *testing.T) {
	for _, x := range []struct{ name, old, new, code, message string }{
		{"unknown field in a table", `over: ["hue"]`, `over: ["hoe"]`, "unknown-field", `no field is called "hoe"`},
		{"unknown field in a condition", `where: years: >=10}`, `where: yaers: >=10}`, "unknown-field", `no field is called "yaers"`},
		{"unknown label", `{red: 50, green: 30, blue: 20}`, `{red: 50, gren: 30, blue: 20}`, "unknown-label", `"gren" is not a value of field "hue"`},
		{"table that does not sum", `{red: 50, green: 30, blue: 20}`, `{red: 50, green: 30, blue: 19}`, "sum", `table "hue": percent add up to 99, not 100`},
		{"row that does not sum", `red: {east: 70, west: 30}`, `red: {east: 70, west: 20}`, "sum", `table "zone": percent given hue "red" add up to 90, not 100`},
		{"negative figure", `smith: 0.5, baker: 0.3, scribe: 0.2`, `smith: -0.5, baker: 1.3, scribe: 0.2`, "negative", `a figure is negative: -0.5`},
		{"row without figures", "\t\tblue: {east: 10, west: 90}\n", "", "missing-row", `table "zone" has no figures given hue "blue"`},
		{"empty universe", `where: years: >=20, shares`, `where: years: >=80, shares`, "empty-universe", `table "guild" is about nobody: no combination of values meets years: >=80`},
		{"nobody wanted", `where: years: >=10}`, `where: years: >=70}`, "nobody-wanted", `no combination of values meets the population's where: years: >=70`},
		{"cycle", `master: {kind: "group", of: ["hue", "span"]`, `master: {kind: "group", of: ["hue", "master"]`, "cycle", `the fields depend on each other: master -> master`},
		{"axis named twice", `over: ["span", "hue"]`, `over: ["span", "span"]`, "field-twice", `table "years_hue" names field "span" twice`},
		{"joint of a text", `joints: [["span", "zone"]]`, `joints: [["span", "label"]]`, "not-finite", `field "label" is a template, which has no finite list of values`},
		{"zero support", `{hue: "blue", guild: "scribe"}`, `{hue: "blue"}`, "no-support", `table "hue" has persons where nobody can be: hue "blue"`},
		{"margin against conditional", `tables: {`, "tables: {\n\tzones: {over: [\"zone\"], percent: {east: 90, west: 10}}", "disagree", `tables "zone" and "zones" disagree by 41.00 % of all persons`},
		{"rest of two fields", `role: "pattern", counts: {`, `role: "pattern", rest: "red", counts: {`, "no-rest", `rest needs shares or percent over one field`},
	} {
		t.Run(x.name, func(t *testing.T) {
			text := strings.Replace(town, x.old, x.new, 1)
			if text == town {
				t.Fatal("the edit does not apply to the spec")
			}
			p, faults := compileText(t, text)
			if p != nil {
				t.Fatal("the spec compiles")
			}
			i := slices.IndexFunc(faults.Items, func(d diag.Diagnostic) bool { return d.Code == x.code && strings.HasPrefix(d.Message, x.message) })
			if i < 0 {
				t.Fatalf("got %+v, want %s %q among them", faults.Items, x.code, x.message)
			}
			if d := faults.Items[i]; d.Hint == "" || d.Place.Line == 0 {
				t.Errorf("got %+v, want a hint and a place", d)
			}
		})
	}
}

// Three tables that agree in pairs but not together are one fault that names all
// three.
func TestTriangle(t *testing.T) {
	pair := func(differ float64) string {
		same := (1 - differ) / 2
		return fmt.Sprintf("{x: {x: %v, y: %v}, y: {x: %v, y: %v}}", same, differ/2, differ/2, same)
	}
	text := func(differ float64) string {
		var b strings.Builder
		b.WriteString("name: \"three\"\npopulation: size: 60\nfields: {\n")
		for _, f := range []string{"a", "b", "c"} {
			fmt.Fprintf(&b, "\t%s: {kind: \"category\", values: [\"x\", \"y\"]}\n", f)
		}
		b.WriteString("}\ntables: {\n")
		for _, f := range [][2]string{{"a", "b"}, {"a", "c"}, {"b", "c"}} {
			fmt.Fprintf(&b, "\t%s%s: {over: [%q, %q], shares: %s, tolerance: 0}\n", f[0], f[1], f[0], f[1], pair(differ))
		}
		b.WriteString("}\n")
		return b.String()
	}
	if p, faults := compileText(t, text(0.6)); p == nil {
		t.Errorf("0.6: got %+v, want no fault", faults.Items)
	}
	p, faults := compileText(t, text(0.7))
	if p != nil {
		t.Fatal("0.7: the spec compiles, want a contradiction")
	}
	want := `tables "ab", "ac", "bc" agree in pairs but not together`
	if len(faults.Items) != 1 || faults.Items[0].Message != want {
		t.Errorf("got %+v", faults.Items)
	}
}

func TestTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spec.cue")
	if err := os.WriteFile(path, []byte(town), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := load.Load(context.Background(), path, load.Options{})
	p, faults := compile.Compile(context.Background(), s, compile.Options{MaxCells: 20})
	codes := ""
	for _, f := range faults.Items {
		codes += f.Code + " "
	}
	if p != nil || codes != "too-large misread-label totals " { // bands such as 10-19 are a warning
		t.Errorf("got %+v", faults.Items)
	}
}

// A field with 10,000 fitted values is refused where tables become too wide.
func TestWideTablesAreRefused(t *testing.T) {
	text := `
name: "wide"
population: size: 10
fields: {
	a: {kind: "integer", min: 0, max: 9999}
	b: {kind: "integer", min: 0, max: 9999}
}
joints: [["a", "b"]]
`
	p, faults := compileText(t, text)
	if p != nil || len(faults.Items) != 1 || faults.Items[0].Code != "too-wide" {
		t.Errorf("got %+v", faults.Items)
	}
}

func BenchmarkCompile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "spec.cue")
	if err := os.WriteFile(path, []byte(town), 0o644); err != nil {
		b.Fatal(err)
	}
	s, _ := load.Load(context.Background(), path, load.Options{})
	for b.Loop() {
		compile.Compile(context.Background(), s, compile.Options{})
	}
}
