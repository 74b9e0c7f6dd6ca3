package run

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/personagen/personagen/engine/report"
)

// The published share of a field is that among everyone who has a value of it, if only
// a joint table gives it; never that of a table about some of these persons.
func TestPublishedIsOfTheFieldsOwnUniverse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "pier.cue")
	source := `name: "pier"
population: {size: 200}
fields: {
	id: kind: "id"
	sex: {kind: "category", values: ["f", "m"]}
	side: {kind: "category", values: ["left", "right"]}
	boat: {kind: "category", values: ["own", "none"]}
	hull: {kind: "category", when: boat: "own", values: ["oak", "tin"]}
}
tables: {
	cross: {over: ["sex", "side"], percent: {f: {left: 35, right: 20}, m: {left: 25, right: 20}}}
	boat: {over: ["boat"], percent: {own: 30, none: 70}}
	owners: {over: ["sex"], where: boat: "own", percent: {f: 20, m: 80}}
	hull: {over: ["hull"], percent: {oak: 90, tin: 10}}
	left_hull: {over: ["hull"], where: side: "left", percent: {oak: 95, tin: 5}}
}
`
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if _, err := Run(context.Background(), Config{Spec: path, Out: out, Formats: []string{"csv"}}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(out, "stats.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s report.Stats
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		table string
		share float64
	}{"sex": {"cross", 0.55}, "side": {"cross", 0.6}, "boat": {"boat", 0.3}, "hull": {"hull", 0.9}}
	for _, f := range s.Fields {
		if w, ok := want[f.Name]; ok {
			if f.Published != w.table || f.Values[0].Published == nil || *f.Values[0].Published != w.share {
				t.Errorf("field %s: got table %q, %v, want %q, %g", f.Name, f.Published, f.Values[0].Published, w.table, w.share)
			}
		}
	}
}
