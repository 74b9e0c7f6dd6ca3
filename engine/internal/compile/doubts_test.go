package compile_test

import (
	"fmt"
	"strings"
	"testing"
)

const (
	shoreFields = `
	shell: {kind: "category", values: ["cone", "disc"]}
	depth: {kind: "integer", min: 0, max: 60}
	layer: {kind: "group", of: "depth", cuts: [20, 40], labels: ["top", "middle", "floor"]}
	work: {kind: "category", when: depth: >=20, values: ["dive", "net"]}
`
	shellTable = `shell: {over: ["shell"], counts: {cone: 600, disc: 400}}`
	layerTable = `layer: {over: ["layer"], counts: {top: 300, middle: 500, floor: 200}}`
	workTable  = `work: {over: ["work"], counts: {dive: 400, net: 300}}`
)

func TestDoubts(t *testing.T) {
	for _, test := range []struct {
		name, population, tables, rest string
		want                           []string // "code: part of the message"; none for no doubts
	}{
		{name: "a sound spec", tables: shellTable + "\n" + layerTable + "\n" + workTable},
		{name: "a forgotten where", tables: layerTable + "\n" + workTable + "\n" + `shell: {over: ["shell"], counts: {cone: 400, disc: 300}}`,
			want: []string{`totals: table "shell" counts 700 and table "layer" 1,000, and both are about everyone`}},
		{name: "another universe", tables: layerTable + "\n" + workTable + "\n" + `shell: {over: ["shell"], where: depth: >=20, counts: {cone: 410, disc: 310}}`,
			want: []string{`totals: table "work" counts 700 and table "shell" 720, and both are about depth: >=20`}},
		{name: "persons", population: ", persons: 1100", tables: shellTable + "\n" + layerTable + "\n" + workTable,
			want: []string{`totals: table "layer" counts 1,000, population.persons is 1,100`}},
		{name: "rounded totals", population: ", persons: 1002", tables: `layer: {over: ["layer"], rounded: 10, counts: {top: 300, middle: 500, floor: 200}}` + "\n" + workTable + "\n" +
			`shell: {over: ["shell"], rounded: 10, counts: {cone: 610, disc: 400}}`},
		{name: "a sample in percent", tables: layerTable + "\n" + workTable + "\n" + `shell: {over: ["shell"], percent: {cone: 40, disc: 60}}`},
		{name: "a lost row", tables: workTable + "\n" + `cross: {over: ["layer", "shell"], counts: {top: {cone: 300}, middle: {cone: 300, disc: 200}, floor: {cone: 0, disc: 200}}}`,
			want: []string{`absent: table "cross" has no figure for layer "top", shell "disc"`}},
		{name: "absent on purpose", tables: workTable + "\n" + `cross: {over: ["layer", "shell"], absent: 0, counts: {top: {cone: 300}, middle: {cone: 300, disc: 200}, floor: {cone: 0, disc: 200}}}`},
		{name: "absent because impossible", tables: workTable + "\n" + `cross: {over: ["layer", "shell"], counts: {top: {cone: 300}, middle: {cone: 300, disc: 200}, floor: {cone: 0, disc: 200}}}`,
			rest: `impossible: [{layer: "top", shell: "disc"}]`},
		{name: "thousands", tables: layerTable + "\n" + workTable + "\n" + `shell: {over: ["shell"], counts: {cone: 1.234, disc: 987}}`,
			want: []string{`thousands: table "shell" counts shell "cone" as 1.234`}},
		{name: "thousandths", tables: layerTable + "\n" + workTable + "\n" + `shell: {over: ["shell"], rounded: 0.001, counts: {cone: 1.234, disc: 987}}`},
		{name: "fractions", tables: layerTable + "\n" + workTable + "\n" + `shell: {over: ["shell"], counts: {cone: 60.5, disc: 40}}`,
			want: []string{`fraction: table "shell" has 1 count that is not a whole number, the first for shell "cone": 60.5`}},
		{name: "fields without figures", tables: layerTable,
			want: []string{`no-table: no table has figures of shell (2 values), work (2 values)`}},
		{name: "an impossible about nobody", tables: shellTable + "\n" + layerTable + "\n" + workTable, rest: `impossible: [{depth: <20, work: "net"}]`,
			want: []string{`meets-nobody: no person meets the impossible combination depth: <20, work: "net", even without it`}},
		{name: "a where about nobody", tables: shellTable + "\n" + layerTable + "\n" + workTable + "\n" +
			`odd: {over: ["shell"], where: {depth: <20, work: "net"}, percent: {cone: 50, disc: 50}}`,
			want: []string{`meets-nobody: no person meets the where of table "odd"`}},
		{name: "a move", population: ", persons: 1000", tables: workTable + "\n" + layerTable + "\n" + `shell: {over: ["shell"], status: "modelled", tolerance: 0.02, counts: {cone: 600, disc: 400}}
			cross: {over: ["layer", "shell"], tolerance: 0, percent: {top: {cone: 20, disc: 10}, middle: {cone: 30, disc: 20}, floor: {cone: 11, disc: 9}}}`,
			want: []string{`moved: table "shell" moved by 1.000 % (10 persons) to agree with the others; shell "cone" moved most, by 1 points from 60.00 to 61.00 %, 10 persons; its tolerance of 0.02 allows it`}},
		{name: "a move within rounding", tables: workTable + "\n" + layerTable + "\n" + `shell: {over: ["shell"], rounded: 1, percent: {cone: 61, disc: 39}}
			cross: {over: ["layer", "shell"], tolerance: 0, percent: {top: {cone: 20, disc: 10}, middle: {cone: 30, disc: 20}, floor: {cone: 11.3, disc: 8.7}}}`},
		{name: "a move above the limit", tables: workTable + "\n" + layerTable + "\n" + `shell: {over: ["shell"], status: "modelled", tolerance: 0.02, counts: {cone: 600, disc: 400}}
			cross: {over: ["layer", "shell"], tolerance: 0, percent: {top: {cone: 20, disc: 10}, middle: {cone: 30, disc: 20}, floor: {cone: 11, disc: 9}}}`,
			rest: `fit: most_moved: 0.005`,
			want: []string{`moved-too-far: table "shell" moved by 1.000 %`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, faults := compileText(t, fmt.Sprintf("name: \"shore\"\npopulation: {size: 100%s}\nfields: {%s}\ntables: {\n%s\n}\n%s\n",
				test.population, shoreFields, test.tables, test.rest))
			var got []string
			for _, d := range faults.Items {
				if d.Code != "misread-label" {
					got = append(got, d.Code+": "+d.Message)
				}
			}
			if len(test.want) == 0 && b == nil || len(got) < len(test.want) || len(test.want) == 0 && len(got) > 0 {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(strings.Join(got, "\n"), want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if b != nil && len(b.Plan.Warnings) != len(got) {
				t.Errorf("the plan has the warnings %v, want %q", b.Plan.Warnings, got)
			}
		})
	}
}

// An error of tables that only an impossible combination makes contradict each other
// names it, once, with the figures of the tables.
func TestConflictsNameImpossible(t *testing.T) {
	_, faults := compileText(t, `
name: "shore"
population: size: 100
fields: {
	shell: {kind: "category", values: ["cone", "disc"]}
	hue: {kind: "category", values: ["red", "white"]}
	size: {kind: "category", values: ["small", "large"]}
}
tables: {
	size: {over: ["size"], percent: {small: 40, large: 60}}
	shell: {over: ["shell"], percent: {cone: 50, disc: 50}}
	hue: {over: ["hue"], given: ["shell"], percent: {cone: {red: 80, white: 20}, disc: {red: 90, white: 10}}}
}
impossible: [{size: "small", hue: "red"}, {size: "large", hue: "white", shell: "cone"}]
`)
	if len(faults.Items) != 1 {
		t.Fatalf("got %v, want one error", faults.Items)
	}
	d := faults.Items[0]
	all := d.Message + "\n" + strings.Join(d.Notes, "\n")
	for _, want := range []string{`impossible size: "small", hue: "red"`, `shell "disc", hue "red" 90 %`, `size "small" 40 %`} {
		if !strings.Contains(all, want) {
			t.Errorf("got %s\nwant %s", all, want)
		}
	}
	if strings.Contains(all, `size: "large"`) {
		t.Errorf("the second impossible combination is not involved: %s", all)
	}
}
