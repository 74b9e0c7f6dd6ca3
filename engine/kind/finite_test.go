package kind

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

func TestDomains(t *testing.T) {
	fields := must(t, `fields: {
		hue: {kind: "category", values: ["red", 7, "b c"]}
		zone: {kind: "category", values: {csv: "z.csv", column: "unit", where: level: "2"}}
		age: {kind: "integer", min: -2, max: 3}
		one: {kind: "constant", value: "x"}
		two: {kind: "constant", value: 2.5}
	}`, map[string]string{"z.csv": "unit,level\nNorth,2\nAll,1\nSouth,2\nNorth,2\n"})
	want := []string{"red|7|b c", "North|South", "-2|-1|0|1|2|3", "x", "2.5"}
	for i, f := range fields {
		if got := strings.Join(f.Domain.AllLabels(), "|"); got != want[i] || !f.Finite() || f.Slots() != f.Domain.Size() {
			t.Errorf("%s: got %s, want %s", f.Name, got, want[i])
		}
		for k := range f.Domain.Size() {
			if at, ok := f.Domain.Index(f.Domain.Label(k)); !ok || at != k {
				t.Errorf("%s: got index %d, %v of value %d", f.Name, at, ok, k)
			}
		}
		for _, other := range []string{"", "none", "4", "+1", "01", "1 ", "-3"} {
			if at, ok := f.Domain.Index(other); ok {
				t.Errorf("%s: got index %d of %q, want none", f.Name, at, other)
			}
		}
	}
}

// allConfigs returns a batch with a row for every configuration of the named
// fields, in row-major order.
func allConfigs(t *testing.T, fields []*Field, names ...string) *frame.Batch {
	t.Helper()
	var schema frame.Schema
	for _, f := range fields {
		schema = append(schema, f.Column())
	}
	b := frame.New(schema)
	total := 1
	var picked []*Field
	for _, name := range names {
		f := fields[schema.Index(name)]
		picked = append(picked, f)
		total *= f.Slots()
	}
	b.Resize(0, total)
	for r := range total {
		rest := r
		for i, f := range slices.Backward(picked) {
			code := rest % f.Slots()
			rest /= f.Slots()
			c := &b.Columns[schema.Index(names[i])]
			null := code == f.Domain.Size()
			switch {
			case f.Type == frame.Category && null:
				c.Codes[r] = -1
			case f.Type == frame.Category:
				c.Codes[r] = int32(code)
			case null:
				if c.Null == nil {
					c.Null = make([]bool, total)
				}
				c.Null[r] = true
			default:
				c.Ints[r] = f.Domain.Min + int64(code)
			}
		}
	}
	return b
}

func TestGroups(t *testing.T) {
	const head = `fields: {
		zone: {kind: "category", values: ["North", "South", "East"]}
		age: {kind: "integer", min: 0, max: 5, when: zone: !="East"}
		g: {kind: "group", `
	for _, c := range []struct{ stanza, want string }{
		{`of: "age", cuts: [2, 4]`, "<2 <2 2-3 2-3 4+ 4+ null"},
		{`of: "age", cuts: [0, 2, 3]`, "0-1 0-1 2 3+ 3+ 3+ null"},
		{`of: "age", cuts: [2, 4], labels: ["a", "b", "c"]`, "a a b b c c null"},
		{`of: "age", map: {"0": "none", "1": "one"}, other: "many"`, "none one many many many many null"},
		{`of: "zone", map: {North: "up"}, other: "keep"`, "up South East"},
		{`of: "zone", csv: "z.csv"`, "A B A"},
		{`of: "zone", csv: "z.csv", to: "size"`, "big small big"},
		{`of: "age", cases: [{label: "teen", when: age: <2}, {label: "none", when: age: null}, {label: "x", when: age: <4}]`, "teen teen x x null null none"},
		{`of: ["zone", "age"], cases: [{label: "a", when: {zone: "North", age: <2}}, {label: "b", when: zone: "North"}], other: "c"`, "a a b b b b b c c c c c c c c c c c c c c"},
	} {
		fields := must(t, head+c.stanza+"}\n}", map[string]string{"z.csv": "zone,g,size\nNorth,A,big\nSouth,B,small\nEast,A,big\n"})
		g := fields[2]
		b := allConfigs(t, fields, g.Lookup().Fields...)
		fillField(t, fields, Env{}, b, 2, g)
		var got []string
		for r, code := range b.Columns[2].Codes {
			label := "null"
			if code >= 0 {
				label = g.Domain.Labels[code]
			}
			got = append(got, label)
			if g.Lookup().Case[r] != code+1 {
				t.Errorf("%s: row %d: got case %d from Lookup, want %d", c.stanza, r, g.Lookup().Case[r], code+1)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %s, want %s", c.stanza, s, c.want)
		}
		if g.Nullable != slices.Contains(got, "null") {
			t.Errorf("%s: got nullable %v, want %v", c.stanza, g.Nullable, !g.Nullable)
		}
	}
}

func TestFiniteFaults(t *testing.T) {
	const head = "fields: {\n zone: {kind: \"category\", values: [\"North\", \"South\"]}\n age: {kind: \"integer\", min: 0, max: 9}\n n: {kind: "
	for _, c := range []struct{ stanza, want string }{
		{`"category", values: ["a", "b", "a"]`, "spec.cue:5:43 duplicate-label: label \"a\" appears twice | remove one"},
		{`"category", values: ["a", ""]`, "spec.cue:5:38 empty-label: a label is empty | write a label"},
		{`"category", values: {csv: "z.csv", column: "unti"}`, "spec.cue:5:55 unknown-column: z.csv has no column \"unti\" | did you mean \"unit\"?"},
		{`"category", values: {csv: "z.csv", column: "unit", where: level: "9"}`, "spec.cue:5:32 no-labels: no row of z.csv gives a label | check column and where\nspec.cue:5:70 never-holds: no value of column \"level\" satisfies \"9\" | the values are 1, 2, 3"},
		{`"category", values: {csv: "z.csv", column: "unit", where: lvel: "9"}`, "spec.cue:5:70 unknown-column: z.csv has no column \"lvel\" | did you mean \"level\"?"},
		{`"category", values: {csv: "z.csv", column: "empty"}`, "z.csv:2:9 empty-label: the label in column \"empty\" is empty | write a label, or exclude the row with where"},
		{`"integer", min: 3, max: 2`, "spec.cue:5:28 empty-range: min 3 is above max 2 | swap them"},
		{`"integer", min: 0, max: 1000000`, "spec.cue:5:36 huge-range: 0 to 1000000 is 1000001 values; a fitted integer can have at most 10000 | make it a number, or count in larger units"},
		{`"group", of: "zone", cuts: [1]`, "spec.cue:5:39 cuts-of-labels: field \"zone\" is not an integer, so it cannot be cut | use map or cases"},
		{`"group", of: "age", cuts: [3, 3]`, "spec.cue:5:42 cuts-order: cut 3 is not above 3 | list the cuts in ascending order"},
		{`"group", of: "age", cuts: [3, 12]`, "spec.cue:5:42 cut-outside: cut 12 is outside 0 to 9, the range of \"age\" | remove it"},
		{`"group", of: "age", cuts: [3], labels: ["a"]`, "spec.cue:5:51 label-count: 1 labels for 2 bands | give one label per band; the bands begin at [0 3]"},
		{`"group", of: "zone", map: {Nort: "a"}, other: "b"`, "spec.cue:5:39 unknown-label: \"Nort\" is not a value of field \"zone\" | did you mean \"North\"?"},
		{`"group", of: "zone", map: {North: "a"}`, "spec.cue:5:2 unmapped-label: group \"n\" has no value for zone \"South\" | map it, or add other: \"keep\" or other: \"<label>\""},
		{`"group", of: ["zone", "age"], map: {North: "a"}`, "spec.cue:5:25 group-form: a group of several fields needs cases | use cases, or name one field"},
		{`"group", of: "zoen", map: {North: "a"}`, "spec.cue:5:25 unknown-field: no field is called \"zoen\" | did you mean \"zone\"?"},
		{`"group", of: "zone", csv: "y.csv"`, "y.csv:4:7 two-values: \"North\" maps to \"c\" here and to \"a\" above | map each label to one value"},
		{`"group", of: "zone", csv: "z.csv", from: "unit", to: "empty"`, "z.csv:3:1 unknown-label: \"All\" is not a value of field \"zone\" | its values are North, South\nz.csv:5:9 two-values: \"North\" maps to \"c\" here and to \"\" above | map each label to one value"},
		{`"group", of: "zone", cases: [{label: "a", when: age: 3}]`, "spec.cue:5:60 not-a-base: \"age\" is not among the fields that \"n\" is a group of | add it to of"},
	} {
		got, _ := compile(t, head+c.stanza+"}\n}", map[string]string{"y.csv": "zone,n\nNorth,a\nSouth,b\nNorth,c\n", "z.csv": "unit,level,empty\nNorth,2,\nAll,1,a\nSouth,2,b\nNorth,3,c\n"})
		if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
			t.Errorf("%s\n%s", c.stanza, d)
		}
	}
}

// A selector agrees with evaluating the conditions one by one, for null too.
func TestSelector(t *testing.T) {
	c, fields := compile(t, `fields: {
		zone: {kind: "category", values: ["North", "South", "East"]}
		age: {kind: "integer", min: -1, max: 4, when: zone: !="East"}
		g: {kind: "group", of: "age", cuts: [2]}
	}
	impossible: [{zone: "North", age: <2}, {age: null}, {g: "<2", zone: "South" | "East"}, {age: 0 | 3 | null}]`, nil)
	sel := c.Select(c.Spec.Impossible)
	if sel == nil {
		t.Fatal(show(c.Diags))
	}
	b := allConfigs(t, fields, sel.Fields...)
	env := &Env{Fields: fields}
	cases, configs := sel.Bind(env).Cases(b, nil), sel.Bind(env).Config(b, nil)
	for r := range b.N {
		value := func(name string) any {
			i := b.Schema.Index(name)
			switch col := &b.Columns[i]; {
			case col.IsNull(b.Schema[i].Type, r):
				return nil
			case b.Schema[i].Type == frame.Integer:
				return col.Ints[r]
			default:
				return b.Schema[i].Labels[col.Codes[r]]
			}
		}
		want := int32(0)
		for i, cond := range slices.Backward(c.Spec.Impossible) {
			if !slices.ContainsFunc(cond.Terms, func(term spec.Term) bool { return !term.Accept(value(term.Field)) }) {
				want = int32(i + 1)
			}
		}
		if cases[r] != want || configs[r] != int32(r) {
			t.Errorf("row %d: got configuration %d and case %d, want %d and %d", r, configs[r], cases[r], r, want)
		}
	}
	// Values that are not in the domain give configuration -1 and case 0.
	b.Columns[1].Ints[0], b.Columns[1].Ints[1], b.Columns[0].Codes[2] = 99, -7, -1
	b.Columns[1].Null[0], b.Columns[1].Null[1] = false, false
	for r := range 3 {
		if got := sel.Bind(env).Config(b, nil)[r]; got != -1 {
			t.Errorf("row %d: got configuration %d, want -1", r, got)
		}
		if got := sel.Bind(env).Cases(b, nil)[r]; got != 0 {
			t.Errorf("row %d: got case %d, want 0", r, got)
		}
	}
}

func TestSelectFaults(t *testing.T) {
	for text, want := range map[string]string{
		`impossible: [{zoen: "North"}]`:          "spec.cue:4:15 unknown-field: no field is called \"zoen\" | did you mean \"zone\"?",
		`impossible: [{town: "a"}]`:              "spec.cue:4:15 not-finite: field \"town\" is a choice, which has no finite list of values | use a category, integer, group or constant",
		`impossible: [{zone: "Nort"}]`:           "spec.cue:4:15 never-holds: no value of field \"zone\" satisfies \"Nort\" | did you mean \"North\"?",
		`impossible: [{x: 1, y: 2}]`:             "spec.cue:4:14 too-wide: the conditions use 2 fields, which have more than 4194304 combinations of values | use fewer fields, or groups with fewer values",
		`impossible: [{zone: "Nort" | "South"}]`: "spec.cue:4:15 never-holds: \"Nort\" is not a value of field \"zone\", in the condition \"Nort\" | \"South\" | did you mean \"North\"?",
		`impossible: [{long: "nothing"}]`:        "spec.cue:4:15 never-holds: no value of field \"long\" satisfies \"nothing\" | the values are a, b, c, d, e, f, g, h, …, j",
	} {
		c, _ := compile(t, `fields: {zone: {kind: "category", values: ["North", "South"]}, town: {kind: "choice", values: {a: 1}}, long: {kind: "category", values: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]}}
fields: {x: {kind: "integer", min: 0, max: 9000}, y: {kind: "integer", min: 0, max: 9000}}
`+text, nil)
		c.Select(c.Spec.Impossible)
		if d := cmp.Diff(want, show(c.Diags)); d != "" {
			t.Errorf("%s\n%s", text, d)
		}
	}
}

func ExampleFind() {
	k, ok := Find("choice")
	fmt.Println(k.Name, ok)
	// Output: choice true
}
