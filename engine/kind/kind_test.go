package kind

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mathext"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

// compile loads a spec, whose text begins on line 2, and compiles its fields. Each
// field must come after the fields it uses. files are the CSV files beside the spec.
func compile(t testing.TB, text string, files map[string]string) (*Compiler, []*Field) {
	t.Helper()
	dir := t.TempDir()
	files = mergeFiles(files, "spec.cue", "name: \"test\", population: {}\n"+text)
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, diags := load.Load(context.Background(), "spec.cue", load.Options{Dir: dir})
	if s == nil {
		t.Fatalf("the spec does not load: %s", show(diags))
	}
	c := &Compiler{Spec: s, Diags: diags, Fields: map[string]*Field{}}
	c.Table = func(rows *spec.Rows) *table.File {
		f, faults := table.Read(s.Inputs, rows.Path, filepath.Base(rows.Path), rows.Layout, rows.Place)
		diags.Items = append(diags.Items, faults.Items...)
		return f
	}
	c.CheckCorrelations()
	var fields []*Field
	for i := range s.Fields {
		stanza := &s.Fields[i]
		f := &Field{Name: stanza.Name, Kind: stanza.Kind, Place: stanza.Place, Decimals: -1}
		if stanza.When != nil {
			f.When = c.Select([]*spec.Condition{stanza.When})
		}
		before := len(diags.Items)
		k, _ := Find(stanza.Kind)
		k.Compile(c, stanza, f)
		fields = append(fields, f)
		if !slices.ContainsFunc(diags.Items[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error }) {
			c.Fields[f.Name] = f
		}
	}
	return c, fields
}

func mergeFiles(files map[string]string, name, data string) map[string]string {
	all := map[string]string{name: data}
	for k, v := range files {
		all[k] = v
	}
	return all
}

// show formats diagnostics as "place code: message | hint", one per line.
func show(l *diag.List) string {
	l.Sort()
	var lines []string
	for _, d := range l.Items {
		lines = append(lines, fmt.Sprintf("%s:%d:%d %s: %s | %s", filepath.Base(d.Place.File), d.Place.Line, d.Place.Column, d.Code, d.Message, d.Hint))
	}
	return strings.Join(lines, "\n")
}

// must compiles a spec that has no faults.
func must(t testing.TB, text string, files map[string]string) []*Field {
	t.Helper()
	c, fields := compile(t, text, files)
	if len(c.Diags.Items) > 0 {
		t.Fatalf("got faults, want none:\n%s", show(c.Diags))
	}
	return fields
}

// fill makes n persons from number first on. Fitted fields are uniform over their
// codes, null included.
func fill(t testing.TB, fields []*Field, env Env, first int64, n int) *frame.Batch {
	t.Helper()
	var schema frame.Schema
	for _, f := range fields {
		schema = append(schema, f.Column())
	}
	b := frame.New(schema)
	b.Resize(first, n)
	for i, f := range fields {
		fillField(t, fields, env, b, i, f)
	}
	return b
}

// fillField fills column i of b, which is that of f.
func fillField(t testing.TB, fields []*Field, env Env, b *frame.Batch, i int, f *Field) {
	t.Helper()
	c := &b.Columns[i]
	if f.Class != Fitted {
		if f.Program == nil {
			t.Fatalf("field %q has no program", f.Name)
		}
		env.Fields, env.Field = fields, f
		f.Program.Bind(&env).Fill(b, c)
		return
	}
	stream := rng.New(99, "test "+f.Name)
	for r := range b.N {
		code := int(stream.Uint64(b.First+int64(r)) % uint64(f.Slots()))
		null := code == f.Domain.Size()
		switch {
		case f.Type == frame.Integer && null:
			if c.Null == nil {
				c.Null = make([]bool, b.N)
			}
			c.Null[r] = true
		case f.Type == frame.Integer:
			c.Ints[r] = f.Domain.Min + int64(code)
		case null:
			c.Codes[r] = -1
		default:
			c.Codes[r] = int32(code)
		}
	}
}

// lines formats the rows of a batch, independently of its size.
func lines(b *frame.Batch) []string {
	var out []string
	for r := range b.N {
		var cells []string
		for i := range b.Columns {
			c, f := &b.Columns[i], &b.Schema[i]
			switch {
			case c.IsNull(f.Type, r):
				cells = append(cells, "null")
			case f.Type == frame.Category:
				cells = append(cells, f.Labels[c.Codes[r]])
			case f.Type == frame.Integer:
				cells = append(cells, fmt.Sprint(c.Ints[r]))
			case f.Type == frame.Number:
				cells = append(cells, fmt.Sprintf("%x", math.Float64bits(c.Floats[r])))
			case f.Type == frame.Text:
				cells = append(cells, c.Texts[r])
			default:
				var items []string
				for _, code := range c.Codes[c.Offsets[r]:c.Offsets[r+1]] {
					items = append(items, f.Labels[code])
				}
				cells = append(cells, fmt.Sprint(items))
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

const everyKind = `fields: {
	id: kind: "id"
	zone: {kind: "category", values: ["North", "South", "East"]}
	age: {kind: "integer", min: 0, max: 90}
	rank: {kind: "category", values: ["low", "high"], when: age: >=16}
	band: {kind: "group", of: "age", cuts: [16, 40, 65]}
	both: {kind: "group", of: ["zone", "rank"], cases: [{label: "top", when: {zone: "North", rank: "high"}}], other: "rest"}
	town: {kind: "choice", given: ["zone", "band"], csv: {file: "towns.csv"}, weight: "people", any: "*"}
	hue: {kind: "choice", values: {red: 3, green: 2, blue: 0, grey: 1}}
	wares: {kind: "list", given: ["zone"], csv: {file: "wares.csv"}, count: {min: 0, max: 3}, when: zone: !="East"}
	wage: {
		kind: "number", lognormal: {mean: 100, sigma: 0.5}, min: 10, max: 1000, round: 0.5
		cases: [{when: rank: null, uniform: {low: 20, high: 30}}]
		scale: [{by: "zone", factors: {North: 2, South: 0.5}}]
	}
	height: {kind: "number", normal: {mean: 170, sd: 10}}
	spare: {kind: "number", cases: [{when: zone: "North", beta: {alpha: 2, beta: 3}}], round: 0.01}
	label: {kind: "constant", value: "x"}
	brief: {kind: "template", text: "{{ .hue }} {{ .town }}"}
	plain: {kind: "template", text: "{{ .hue }} of {{ .town }}, {{ .age }}, {{ .wage }}, {{ .rank }}, {{ .wares }}, {{ .spare }}, {{ .label }}"}
	text: {kind: "template", text: "{{ .hue | upper }} {{ range .wares }}[{{ . }}]{{ end }} {{ if .spare }}{{ .spare }}{{ end }}"}
	again: {kind: "template", text: "{{ .id }} {{ .text }}"}
}
correlations: body: {fields: ["height", "wage"], matrix: [[1, 0.6], [0.6, 1]]}
`

var everyFile = map[string]string{
	"towns.csv": "zone,band,town,people\nNorth,*,Alder,5\nNorth,*,Birch,2.5\nNorth,65+,Cedar,10\nSouth,*,Dogwood,1\nEast,*,Elm,1\n*,<16,Fir,1\n",
	"wares.csv": "zone,wares\nNorth,tea\nNorth,salt\nNorth,rope\nNorth,nails\nSouth,tea\nSouth,wool\nEast,tea\n",
}

// A person is a pure function of seed and number, independent of the batch.
func TestFillsDoNotDependOnBatches(t *testing.T) {
	fields := must(t, everyKind, everyFile)
	env := Env{Seed: 7, Size: 5000}
	const first, n = 1000, 300
	want := lines(fill(t, fields, env, first, n))
	for _, size := range []int{1, 7, 128, 299} {
		var got []string
		for from := 0; from < n; from += size {
			got = append(got, lines(fill(t, fields, env, int64(first+from), min(size, n-from)))...)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("batches of %d:\n%s", size, d)
		}
	}
	env.Seed = 8
	if other := lines(fill(t, fields, env, first, n)); slices.Equal(want, other) {
		t.Error("got the same persons from another seed, want others")
	}
}

// A filler fills batch after batch, of different lengths.
func TestFillersAreReusable(t *testing.T) {
	fields := must(t, everyKind, everyFile)
	var schema frame.Schema
	for _, f := range fields {
		schema = append(schema, f.Column())
	}
	env := Env{Seed: 7, Size: 5000}
	fillers := make([]Filler, len(fields))
	for i, f := range fields {
		if f.Program != nil {
			own := env
			own.Fields, own.Field = fields, f
			fillers[i] = f.Program.Bind(&own)
		}
	}
	b := frame.New(schema)
	for _, part := range []struct{ first, n int }{{0, 50}, {50, 200}, {250, 3}, {253, 47}} {
		b.Resize(int64(part.first), part.n)
		for i, f := range fields {
			if fillers[i] == nil {
				fillField(t, fields, env, b, i, f)
			} else {
				fillers[i].Fill(b, &b.Columns[i])
			}
		}
		if d := cmp.Diff(lines(fill(t, fields, env, int64(part.first), part.n)), lines(b)); d != "" {
			t.Fatalf("persons %d to %d:\n%s", part.first, part.first+part.n-1, d)
		}
	}
}

// A stream is keyed by the name of its field, so adding a field changes no other.
func TestFieldsAreIndependent(t *testing.T) {
	fields := must(t, everyKind, everyFile)
	b := fill(t, fields, Env{Seed: 7}, 0, 200)
	alone := must(t, "fields: hue: {kind: \"choice\", values: {red: 3, green: 2, blue: 0, grey: 1}}", nil)
	at := b.Schema.Index("hue")
	if d := cmp.Diff(b.Columns[at].Codes, fill(t, alone, Env{Seed: 7}, 0, 200).Columns[0].Codes); d != "" {
		t.Error(d)
	}
}

func TestFieldsSurviveJSON(t *testing.T) {
	fields := must(t, everyKind, everyFile)
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var stored []*Field
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(stored)
	if err != nil || string(again) != string(data) {
		t.Errorf("encoding a decoded field: got error %v and other bytes:\n%s", err, cmp.Diff(string(data), string(again)))
	}
	env := Env{Seed: 7, Size: 5000}
	if d := cmp.Diff(lines(fill(t, fields, env, 0, 500)), lines(fill(t, stored, env, 0, 500))); d != "" {
		t.Error(d)
	}
}

func TestUnmarshalFaults(t *testing.T) {
	for data, want := range map[string]string{
		`{"name": "x", "kind": "nothing", "program": {}}`:                                  `field "x": kind "nothing" has no program`,
		`{"name": "x", "kind": "category", "program": {}}`:                                 `field "x": kind "category" has no program`,
		`{"name": "x", "kind": "template", "program": {"text": "{{ .y }}", "fields": []}}`: `field "x": template:1:4: no field is called "y"`,
		`{"name": "x", "kind": "choice", "program": {"codes": "a"}}`:                       `field "x": json: cannot unmarshal string into Go struct field choice.bank.codes of type []int32`,
		`{"name": 5}`: `json: cannot unmarshal number into Go struct field .plain.name of type string`,
	} {
		var f Field
		if err := json.Unmarshal([]byte(data), &f); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", data, err, want)
		}
	}
}

func TestKindsMirrorTheSchema(t *testing.T) {
	want := load.Kinds()
	var got []string
	for _, k := range Kinds() {
		got = append(got, k.Name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, ok := Find("nothing"); ok {
		t.Error("got a kind of a name that no kind has")
	}
}

func TestUses(t *testing.T) {
	c, _ := compile(t, everyKind, everyFile)
	got := map[string]string{}
	for i := range c.Spec.Fields {
		s := &c.Spec.Fields[i]
		k, _ := Find(s.Kind)
		var names []string
		for _, u := range k.Uses(s) {
			if u.Place.Line == 0 {
				t.Errorf("%s uses %s: got no place", s.Name, u.Value)
			}
			names = append(names, u.Value)
		}
		if len(names) > 0 {
			got[s.Name] = strings.Join(names, " ")
		}
	}
	want := map[string]string{
		"band": "age", "both": "zone rank", "town": "zone band", "wares": "zone", "wage": "rank zone", "spare": "zone",
		"brief": "hue town", "plain": "hue town age wage rank wares spare label", "text": "hue wares spare", "again": "id text",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCompiledFields(t *testing.T) {
	fields := must(t, everyKind, everyFile)
	got := map[string]string{}
	for _, f := range fields {
		got[f.Name] = fmt.Sprintf("%s %s %v %d %v", f.Class, f.Type, f.Nullable, f.Decimals, f.Inputs)
	}
	want := map[string]string{
		"id": "derived text false -1 []", "zone": "fitted category false -1 []", "age": "fitted integer false -1 []", "rank": "fitted category true -1 []",
		"band": "derived category false -1 [age]", "both": "derived category false -1 [zone rank]", "town": "drawn category false -1 [zone band]",
		"hue": "drawn category false -1 []", "wares": "drawn category_list true -1 [zone]", "wage": "drawn number false 1 [rank zone]",
		"height": "drawn number false -1 []", "spare": "drawn number true 2 [zone]", "label": "derived category false -1 []",
		"brief": "derived text false -1 [hue town]", "plain": "derived text false -1 [hue town age wage rank wares spare label]", "text": "derived text false -1 [hue wares spare]", "again": "derived text false -1 [id text]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// chiSquare tests counts against probabilities and returns the p-value.
func chiSquare(counts []int, shares []float64) float64 {
	var total int
	for _, n := range counts {
		total += n
	}
	var sum float64
	degrees := -1
	for i, n := range counts {
		expected := float64(total) * shares[i]
		if expected == 0 {
			if n > 0 {
				return 0
			}
			continue
		}
		sum += (float64(n) - expected) * (float64(n) - expected) / expected
		degrees++
	}
	return mathext.GammaIncRegComp(float64(degrees)/2, sum/2)
}

// leastP is the p-value below which a test with a fixed seed fails. A correct
// program falls below it for one seed in ten thousand.
const leastP = 1e-4

func BenchmarkFill(b *testing.B) {
	fields := must(b, everyKind, everyFile)
	const n = 100_000
	env := Env{Seed: 7, Size: n}
	batch := fill(b, fields, env, 0, n)
	for i, f := range fields {
		if f.Program == nil {
			continue
		}
		own := env
		own.Fields, own.Field = fields, f
		filler := f.Program.Bind(&own)
		b.Run(f.Kind+"/"+f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				filler.Fill(batch, &batch.Columns[i])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
		})
	}
}

func TestDomainIndexIsConcurrent(t *testing.T) {
	d := &Domain{Labels: []string{"red", "blue"}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if i, ok := d.Index("blue"); !ok || i != 1 {
				t.Errorf("got index %d, %v of blue, want 1, true", i, ok)
			}
		})
	}
	wg.Wait()
}
