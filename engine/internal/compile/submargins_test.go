package compile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/plan"
)

const triples = `
name: "shore"
population: {size: 400, persons: 10_000}
fields: {
	shell: {kind: "category", values: ["cone", "disc", "horn", "fan"]}
	hue: {kind: "category", values: ["red", "white", "blue"]}
	depth: {kind: "integer", min: 0, max: 39}
	layer: {kind: "group", of: "depth", cuts: [0, 10, 20, 30]}
}
tables: {
	all: {over: ["shell", "hue", "layer"], counts: {for i, s in fields.shell.values {(s): {for k, h in fields.hue.values {(h): {
		"0-9": 7 + 3*i + 5*k, "10-19": 11 + 2*i*k, "20-29": 3 + 4*i + k, "30+": 13 + i - k
	}}}}}}
	deep: {over: ["hue", "shell"], where: depth: >=20, role: "pattern", counts: {for h in fields.hue.values {(h): {cone: 3, disc: 5, horn: 2, fan: 1}}}}
}
joints: [["layer", "hue"]]
`

// Every sub-margin of a table is expected once, in the universe of the table, and is met
// within one person, as counting the persons shows.
func TestSubMargins(t *testing.T) {
	p := mustCompile(t, triples)
	var names []string
	for _, e := range p.Expected {
		if e.Origin == plan.SubMargin {
			names = append(names, e.Name)
		}
	}
	want := []string{"all: shell x hue", "all: shell x layer", "deep: hue", "deep: shell"} // layer x hue is a joint
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	rows := persons(t, p, "shell", "hue", "layer")
	for _, e := range p.Expected {
		if e.Universe != nil || slices.Contains(e.Fields, "depth") {
			continue
		}
		for cell, share := range e.Share {
			var labels []string
			at := cell
			for k := len(e.Fields) - 1; k >= 0; k-- {
				labels = append(labels, e.Fields[k]+"="+p.Field(e.Fields[k]).Domain.Label(at%e.Slots[k]))
				at /= e.Slots[k]
			}
			n := 0
			for _, row := range rows {
				if !slices.ContainsFunc(labels, func(l string) bool {
					_, value, _ := strings.Cut(l, "=")
					return !slices.Contains(strings.Split(row, ";"), value)
				}) {
					n++
				}
			}
			if d := float64(n) - share*float64(p.Population.Size); d > 1+1e-6 || d < -1-1e-6 {
				t.Errorf("%s, %v: %d persons, off by %.2f", e.Name, labels, n, d)
			}
		}
	}
}
