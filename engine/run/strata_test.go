package run_test

import (
	"context"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/run"
)

const peoples = `
name: "peoples"
population: {size: 3000, seed: 4, oversample: {
	islanders: {when: people: "islanders", at_least: 400}
	travellers: {when: people: "travellers", times: 10}
	coast: {when: {people: "mainlanders", zone: "coast"}, times: 2}
}}
fields: {
	weight: kind: "weight"
	people: {kind: "category", values: ["mainlanders", "islanders", "travellers"]}
	zone: {kind: "category", values: ["coast", "hills"]}
	sex: {kind: "category", values: ["F", "M"]}
	faith: {kind: "category", values: ["old", "new", "none"]}
}
tables: {
	people: {over: ["people"], percent: {mainlanders: 94.5, islanders: 5, travellers: 0.5}}
	zone: {over: ["zone"], given: ["people"], percent: {mainlanders: {coast: 40, hills: 60}, islanders: {coast: 90, hills: 10}, travellers: {coast: 50, hills: 50}}}
	sex: {over: ["sex"], percent: {F: 52, M: 48}}
	faith: {over: ["faith"], given: ["zone"], percent: {coast: {old: 70, new: 20, none: 10}, hills: {old: 20, new: 60, none: 20}}}
}
`

// rowsOf reads a CSV file without its header.
func rowsOf(t *testing.T, path string) (header []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[0], all[1:]
}

// The sums of weights give the published shares of every margin, also of fields that no
// table connects with the strata, and the sample has the persons of its design. A release
// whose weights are wrong fails, also where nobody sees the strata.
func TestStrataByWeight(t *testing.T) {
	dir := t.TempDir()
	spec := filepath.Join(dir, "peoples.cue")
	if err := os.WriteFile(spec, []byte(peoples), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := run.Run(context.Background(), run.Config{Spec: spec, Out: filepath.Join(dir, "out"), Formats: []string{"csv"}})
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(s.Dir, "csv", "train-00000-of-00001.csv")
	header, rows := rowsOf(t, data)
	column := map[string]int{}
	for i, name := range header {
		column[name] = i
	}
	persons, weight, total, largest := map[string]int{}, map[string]float64{}, 0.0, 0.0
	for _, row := range rows {
		w, err := strconv.ParseFloat(row[column["weight"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		total, largest = total+w, max(largest, w)
		for _, name := range []string{"people", "zone", "sex", "faith"} {
			persons[row[column[name]]]++
			weight[row[column[name]]] += w
		}
	}
	if n := persons["islanders"]; n < 399 || n > 401 {
		t.Errorf("got %d islanders, want 400", n)
	}
	coast := 0.945*0.4 + 0.05*0.9 + 0.005*0.5
	want := map[string]float64{
		"mainlanders": 0.945, "islanders": 0.05, "travellers": 0.005, "coast": coast, "hills": 1 - coast, "F": 0.52, "M": 0.48,
		"old": coast*0.7 + (1-coast)*0.2, "new": coast*0.2 + (1-coast)*0.6, "none": coast*0.1 + (1-coast)*0.2,
	}
	// A cell is within one person in each of the four classes of weights.
	for label, share := range want {
		if off := weight[label] - share*3000; math.Abs(off) > 4*largest {
			t.Errorf("%s: the weights sum to %.2f, want %.2f", label, weight[label], share*3000)
		}
		if label != "none" && math.Abs(float64(persons[label])-share*3000) < 20 && label != "F" && label != "M" {
			t.Errorf("%s: the sample is not oversampled: %d persons", label, persons[label])
		}
	}
	if math.Abs(total-3000) > 4*largest {
		t.Errorf("the weights sum to %g", total)
	}
	hidden := filepath.Join(dir, "hidden.cue")
	if err := os.WriteFile(hidden, []byte(strings.Replace(peoples, `people: {kind`, `people: {hidden: true, kind`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	write := func(name string, weight func(row []string) string, without string) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w := csv.NewWriter(f)
		for i, row := range append([][]string{header}, rows...) {
			var out []string
			for k, cell := range row {
				if k == column["weight"] && i > 0 {
					cell = weight(row)
				}
				if header[k] != without {
					out = append(out, cell)
				}
			}
			if err := w.Write(out); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		return path
	}
	right := func(row []string) string { return row[column["weight"]] }
	one := func([]string) string { return "1" }
	swapped := func(row []string) string { // travellers and coast have each other's weight
		weights := map[string]string{}
		for _, r := range rows {
			weights[r[column["people"]]+r[column["zone"]]] = right(r)
		}
		switch row[column["people"]] + row[column["zone"]] {
		case "travellerscoast", "travellershills":
			return weights["mainlanderscoast"]
		case "mainlanderscoast":
			return weights["travellerscoast"]
		}
		return right(row)
	}
	for _, c := range []struct {
		name, spec, without string
		weight              func([]string) string
		fails               []string
	}{
		{"right", spec, "", right, nil},
		{"one", spec, "", one, []string{"weight.weight", "margin.people"}},
		{"swapped", spec, "", swapped, []string{"weight.weight", "margin.people"}},
		{"right without strata", hidden, "people", right, nil},
		{"one without strata", hidden, "people", one, []string{"weight.weight", "margin.zone"}},
		{"swapped without strata", hidden, "people", swapped, []string{"margin.zone"}},
	} {
		v, err := run.Validate(context.Background(), run.ValidateConfig{Paths: []string{write("data.csv", c.weight, c.without)}, Spec: c.spec})
		if (c.fails == nil) != (err == nil) || err != nil && !errors.Is(err, run.ErrChecks) {
			t.Errorf("%s: %v", c.name, err)
		}
		if v == nil {
			continue
		}
		for _, id := range c.fails {
			failed := false
			for _, o := range v.Result.Failures() {
				failed = failed || o.ID == id
			}
			if !failed {
				t.Errorf("%s: %s does not fail: %v", c.name, id, v.Result.Headline())
			}
		}
		if c.fails == nil && v.Result.Counts[check.Fail] > 0 {
			t.Errorf("%s: %s", c.name, v.Result.Headline())
		}
	}
}
