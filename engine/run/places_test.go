package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// communes writes a spec with 5,600 places, given by codes. Their names are in a group,
// and so are their states, through another group.
func communes(t *testing.T) (spec, dir string) {
	t.Helper()
	dir = t.TempDir()
	var csv, states strings.Builder
	csv.WriteString("code,town,uf,persons\n")
	states.WriteString("uf,state\n")
	for i := range 5600 {
		fmt.Fprintf(&csv, "C%05d,Town %d,U%02d,%d\n", i, i/2, i%28, 100+i*i%9973)
	}
	for i := range 28 {
		fmt.Fprintf(&states, "U%02d,State %d\n", i, i/2)
	}
	text := `name: "communes", population: {size: 3000, seed: 1}
fields: {
	id: kind: "id"
	code: {kind: "category", values: {csv: "communes.csv", column: "code"}}
	town: {kind: "group", title: "Town", of: "code", csv: "communes.csv"}
	uf: {kind: "group", hidden: true, of: "code", csv: "communes.csv"}
	state: {kind: "group", title: "State", of: "uf", csv: "states.csv"}
}
tables: people: {over: ["code"], csv: {file: "communes.csv", value: "persons"}}
roles: {place: "town", region: "state"}
`
	for name, data := range map[string]string{"communes.csv": csv.String(), "states.csv": states.String(), "communes.cue": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "communes.cue"), dir
}

// The documents of a release with thousands of places stay small: report and statistics
// show the largest places and those that deviate most, by name, and sum the others.
func TestDocumentsOfManyPlaces(t *testing.T) {
	spec, dir := communes(t)
	s, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out"), Formats: []string{"csv"}})
	if err != nil {
		t.Fatal(err)
	}
	all := files(t, s.Dir)
	for name, most := range map[string]int{release.ReportFile: 600_000, release.StatsFile: 400_000, release.CardFile: 20_000, release.StatsTextFile: 40_000} {
		if n := len(all[name]); n > most {
			t.Errorf("%s has %d bytes, want at most %d", name, n, most)
		}
	}
	page := all[release.ReportFile]
	for _, want := range []string{"5,600 places, of which the largest", ">State 13</th>", " more places</th>", ">Town ", " other values: "} {
		if !strings.Contains(page, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if strings.Contains(page, `lang="">C0`) && strings.Contains(page[strings.Index(page, `id="places"`):strings.Index(page, `id="margins"`)], ">C0") {
		t.Error("the places are shown by their codes")
	}

	var stats struct {
		Places struct{ Field, Name, Region string }
		Fields []struct {
			Name   string
			Values []struct {
				Count         int64
				Share, Target float64
			}
			Rest *struct {
				Values        int
				Count         int64
				Share, Target float64
			}
		}
	}
	if err := json.Unmarshal([]byte(all[release.StatsFile]), &stats); err != nil {
		t.Fatal(err)
	}
	if p := stats.Places; p.Field != "code" || p.Name != "town" || p.Region != "state" {
		t.Errorf("got places %+v", p)
	}
	folded := 0
	for _, f := range stats.Fields {
		if f.Rest == nil {
			continue
		}
		folded++
		count, values, target := f.Rest.Count, f.Rest.Values+len(f.Values), f.Rest.Target
		for _, v := range f.Values {
			count += v.Count
			target += v.Target
		}
		if count != 3000 || target < 0.999999 || target > 1.000001 {
			t.Errorf("%s: listed values and rest have %d persons and targets of %f", f.Name, count, target)
		}
		if want := map[string]int{"code": 5600, "town": 2800}[f.Name]; values != want {
			t.Errorf("%s: got %d values, want %d", f.Name, values, want)
		}
	}
	if folded != 2 {
		t.Errorf("%d fields are folded, want code and town", folded)
	}

	// The plan has the labels of the places once, and its hash is that of the whole.
	if n := strings.Count(all[release.PlanFile], `"C00017"`); n != 1 {
		t.Errorf("plan.json has a label %d times", n)
	}
	p, err := plan.Read([]byte(all[release.PlanFile]))
	if err != nil {
		t.Fatal(err)
	}
	if p.Changed() || len(p.Tables[0].Labels[0]) != 5600 {
		t.Error("the plan that was read is not that of the run")
	}
}
