package kind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
)

// textOf returns the value of a field of row r as text, "" for null.
func textOf(fields []*Field, b *frame.Batch, name string, r int) string {
	i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
	f, c := fields[i], &b.Columns[i]
	switch {
	case c.IsNull(f.Type, r):
		return ""
	case f.Type == frame.Category:
		return f.Domain.Labels[c.Codes[r]]
	case f.Type == frame.Integer:
		return fmt.Sprint(c.Ints[r])
	}
	return fmt.Sprint(c.Floats[r])
}

const townsCSV = "zone,code,town,lat,founded\nNorth,1,Ford,-1.5,1888\nNorth,2,Hill,,1700\nSouth,3,Ford,3,\nSouth,4,Port,4.25,2000\n"

// Every column has the cell of the row that was drawn, also of rows with the same label
// in different lists, and after the program was stored.
func TestColumns(t *testing.T) {
	fields := must(t, `fields: {
		zone: {kind: "category", values: ["North", "South"]}
		town: {kind: "choice", given: ["zone"], csv: file: "t.csv"}
		code: {kind: "column", of: "town", column: "code"}
		lat: {kind: "column", of: "town", column: "lat", type: "number"}
		founded: {kind: "column", of: "town", column: "founded", type: "integer", map: {}}
	}`, map[string]string{"t.csv": townsCSV})
	for i, f := range fields {
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		fields[i] = &Field{}
		if err := json.Unmarshal(data, fields[i]); err != nil {
			t.Fatal(err)
		}
	}
	b := fill(t, fields, Env{Seed: 7}, 100, 400)
	rows := strings.Split(strings.TrimSpace(townsCSV), "\n")[1:]
	seen := map[string]bool{}
	for r := range b.N {
		var got []string
		for _, name := range []string{"zone", "code", "town", "lat", "founded"} {
			got = append(got, textOf(fields, b, name, r))
		}
		row := strings.Join(got, ",")
		if !slices.Contains(rows, row) {
			t.Fatalf("person %d has %s, which is not a row of the file", r, row)
		}
		seen[row] = true
	}
	if len(seen) != len(rows) {
		t.Errorf("got %d rows, want all %d", len(seen), len(rows))
	}
	if low, high := fields[4].Bounds(); low != 1700 || high != 2000 {
		t.Errorf("got bounds %v and %v, want 1700 and 2000", low, high)
	}
	find := func(name string) *Field {
		return fields[slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })]
	}
	for _, f := range fields {
		if err := f.ValidateUses(find); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	fields[1].Program.(*choice).Rows[0] = 9
	if fields[2].ValidateUses(find) == nil {
		t.Error("a row that the columns do not have is accepted")
	}
}

// Lists with equal entries from different rows are not shared if a column tells them
// apart, and the draws are the same.
func TestColumnsKeepLists(t *testing.T) {
	const spec = `fields: {
		sex: {kind: "category", values: ["f", "m"]}
		name: {kind: "choice", given: ["sex"], csv: file: "n.csv"}
		%s
	}`
	files := map[string]string{"n.csv": "sex,name,origin\nf,Kim,here\nf,Lee,there\nm,Kim,near\nm,Lee,far\n"}
	plain := must(t, fmt.Sprintf(spec, ""), files)
	rows := must(t, fmt.Sprintf(spec, `origin: {kind: "column", of: "name", column: "origin"}`), files)
	if n := len(plain[1].Program.(*choice).Start); n != 2 {
		t.Errorf("without columns got %d lists, want 1", n-1)
	}
	if n := len(rows[1].Program.(*choice).Start); n != 3 {
		t.Errorf("with columns got %d lists, want 2", n-1)
	}
	a, b := fill(t, plain, Env{Seed: 3}, 0, 300), fill(t, rows, Env{Seed: 3}, 0, 300)
	if d := cmp.Diff(a.Columns[1].Codes, b.Columns[1].Codes); d != "" {
		t.Error("a column changes the draws of its choice:", d)
	}
	for r := range b.N {
		want := map[string]string{"fKim": "here", "fLee": "there", "mKim": "near", "mLee": "far"}[textOf(rows, b, "sex", r)+textOf(rows, b, "name", r)]
		if got := textOf(rows, b, "origin", r); got != want {
			t.Fatalf("person %d has origin %q, want %q", r, got, want)
		}
	}
}

// The form follows the field, and the row does not depend on it.
func TestForms(t *testing.T) {
	const spec = `fields: {
		sex: {kind: "category", values: ["f", "m", "x"], when: sexless: "no"}
		job: {kind: "choice", csv: file: "j.csv", column: %s, weight: "n"}
		title: {kind: "column", of: "job", column: {by: "sex", values: f: "title_f", other: "title_m"}}
	}`
	files := map[string]string{"j.csv": "code,title_f,title_m,n\n1,bakeress,baker,1\n2,judge,judge,2\n3,actress,actor,3\n"}
	head := strings.Replace(spec, `fields: {`, `fields: {
		sexless: {kind: "category", values: ["yes", "no"]}`, 1)
	byCode := must(t, fmt.Sprintf(head, `"code"`), files)
	byForm := must(t, strings.Replace(fmt.Sprintf(head, `{by: "sex", values: f: "title_f", other: "title_m"}`), "title: {", "twin: {", 1), files)
	a, b := fill(t, byCode, Env{Seed: 5}, 0, 500), fill(t, byForm, Env{Seed: 5}, 0, 500)
	titles := map[string][2]string{"1": {"bakeress", "baker"}, "2": {"judge", "judge"}, "3": {"actress", "actor"}}
	for r := range a.N {
		form := 1
		if textOf(byCode, a, "sex", r) == "f" {
			form = 0
		}
		want := titles[textOf(byCode, a, "job", r)][form]
		for _, got := range []string{textOf(byCode, a, "title", r), textOf(byForm, b, "job", r), textOf(byForm, b, "twin", r)} {
			if got != want {
				t.Fatalf("person %d has %q, want %q", r, got, want)
			}
		}
	}
}

// Each configuration has exactly the entries whose columns admit it, with their weights.
func TestAdmit(t *testing.T) {
	fields := must(t, `fields: {
		age: {kind: "integer", min: 14, max: 70}
		zone: {kind: "category", values: ["North", "South"]}
		study: {kind: "category", values: ["law", "metal", "boats"], when: zone: "South"}
		job: {kind: "choice", given: ["zone"], any: "*", csv: {file: "j.csv", map: study: {L: "law"}}, weight: "n", admit: {age: {from: "low", to: "high"}, study: {column: "of", separator: "/"}}}
	}`, map[string]string{"j.csv": "zone,job,n,low,high,of\n*,baker,3,16,,\nSouth,judge,1,30,69.5,L\nSouth,smith,2,,65,metal / boats\nNorth,child,1,,15,\nSouth,none,0,,,\n"})
	b := &fields[3].Program.(*choice).bank
	admitted := func(age int, zone, study string) map[string]float64 {
		out := map[string]float64{}
		if age >= 16 {
			out["baker"] = 3
		}
		if zone == "South" && study == "law" && age >= 30 && age <= 69 {
			out["judge"] = 1
		}
		if zone == "South" && (study == "metal" || study == "boats") && age <= 65 {
			out["smith"] = 2
		}
		if zone == "North" && age <= 15 {
			out["child"] = 1
		}
		return out
	}
	uncovered := 0
	for config := range b.Given.Case {
		rest := config
		slots := b.Given.Slots // zone, age, study
		study, rest := rest%slots[2], rest/slots[2]
		age, zone := rest%slots[1]+14, rest/slots[1]
		label := ""
		if study < 3 {
			label = fields[2].Domain.Label(study)
		}
		want := admitted(age, fields[1].Domain.Label(zone), label)
		total := 0.0
		for _, w := range want {
			total += w
		}
		for name := range want {
			want[name] /= total
		}
		got := sharesOf(fields[3], b, config)
		if len(want) == 0 {
			if uncovered++; got != nil {
				t.Fatalf("%d %d %q: got %v, want no list", age, zone, label, got)
			}
			continue
		}
		if d := cmp.Diff(want, got, approxShares); d != "" {
			t.Fatalf("%d %d %q: %s", age, zone, label, d)
		}
	}
	if _, missing := b.Uncovered(); len(missing) != uncovered || uncovered == 0 {
		t.Errorf("%d configurations are reported without an entry, want %d", len(missing), uncovered)
	}
}

// A law of rank follows the list of the given fields, whoever is admitted.
func TestAdmitKeepsRanks(t *testing.T) {
	fields := must(t, `fields: {
		age: {kind: "integer", min: 1, max: 2}
		town: {kind: "choice", csv: file: "t.csv", zipf: 1, admit: age: from: "low"}
	}`, map[string]string{"t.csv": "town,low\na,2\nb,\nc,\n"})
	b := &fields[1].Program.(*choice).bank
	if d := cmp.Diff(map[string]float64{"b": .6, "c": .4}, sharesOf(fields[1], b, 0), approxShares); d != "" {
		t.Error(d)
	}
	total := 1 + .5 + 1.0/3
	if d := cmp.Diff(map[string]float64{"a": 1 / total, "b": .5 / total, "c": 1.0 / 3 / total}, sharesOf(fields[1], b, 1), approxShares); d != "" {
		t.Error(d)
	}
}
