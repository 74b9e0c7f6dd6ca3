package kind

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/mutate"
)

var recordFiles = map[string]string{
	"names.csv":   "sex,name,n\nfemale,Ada,3\nfemale,Bea,1\nmale,Cid,2\nmale,Dov,2\n",
	"friends.csv": "hue,friends,share\nred,0,1\nred,3,1\ngreen,1,1\n",
	"jobs.csv":    "code,title,wage,kids\nJ1,smith,10,2\nJ2,cook,20.5,0\n",
}

const recordPersons = `fields: {
	sex: {kind: "category", values: ["female", "male"]}
	hue: {kind: "category", values: ["red", "green"]}
	born: {kind: "integer", min: 1950, max: 2000}
	children: {kind: "integer", min: 0, max: 4, when: hue: "red"}
`

// recordGroups are groups with every kind of field, of count and of limit.
const recordGroups = `
	spouse: {count: 1, when: hue: "red", fields: {
		sex: {kind: "group", of: "person.sex", map: {female: "male", male: "female"}}
		born: {kind: "integer", min: 1940, max: 2006, from: "person.born", cases: [{when: "person.sex": "female", normal: {mean: -2, sd: 3}}], normal: {mean: 2, sd: 3}}
		name: {kind: "choice", given: ["sex"], csv: file: "names.csv", column: "name", weight: "n"}
	}}
	child: {count: "children", after: {field: "born", least: 1}
		limits: [{field: "born", at_least: {field: "person.born", plus: 16}, at_most: 2024}, {field: "stay", never: {stay: "own", born: >2006}}]
		fields: {
		born: {kind: "integer", min: 1900, max: 2030, from: "person.born", normal: {mean: 25, sd: 5}, cases: [{when: "previous.born": int, from: "previous.born", values: {"1": 1, "2": 3, "4": 1}}]}
		sex: {kind: "choice", values: {female: 1, male: 1}}
		name: {kind: "choice", given: ["sex"], csv: file: "names.csv", column: "name", weight: "n"}
		day: {kind: "date", between: {from: "2000-01-01", to: "2001-12-31"}, months: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]}
		stay: {kind: "choice", values: {own: 3, parents: 1}}
		job: {kind: "choice", csv: file: "jobs.csv", column: "code", when: born: <2005}
		title: {kind: "column", of: "job", column: "title"}
		words: {kind: "template", text: "{{ .name }} of {{ .person.sex }}{{ if .spouse.name }} and {{ .spouse.name }}{{ end }}"}
		here: {kind: "constant", value: true}
	}}
	friend: {count: {given: ["hue"], csv: file: "friends.csv", column: "friends", weight: "share"}, fields: {
		name: {kind: "choice", given: ["person.sex"], csv: file: "names.csv", column: "name", weight: "n"}
		near: {kind: "number", normal: {mean: 5, sd: 2}, min: 0, max: 10, round: 0.1}
		secret: {kind: "number", hidden: true, uniform: {low: 0, high: 1}}
		band: {kind: "group", of: "secret", cuts: [0, 1]}
	}}
	cousin: {count: {min: 1, max: 2}, fields: age: {kind: "integer", min: 3, max: 9}}
	`

const recordSpec = recordPersons + `family: {kind: "records", groups: {` + recordGroups + `}}
}`

var testEnv = Env{Seed: 5}

// records returns the records of a batch as JSON objects by person.
func recordsOf(t testing.TB, fields []*Field, b *frame.Batch, name string) (persons []map[string][]map[string]any) {
	t.Helper()
	i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
	for r := range b.N {
		x := map[string][]map[string]any{}
		for group, list := range CellValue(b, i, r).(map[string]any) {
			for _, record := range list.([]any) {
				x[group] = append(x[group], record.(map[string]any))
			}
		}
		persons = append(persons, x)
	}
	return persons
}

func TestRecords(t *testing.T) {
	fields := must(t, recordSpec, recordFiles)
	const n = 3000
	b := fill(t, fields, testEnv, 0, n)
	lost, children := 0, 0
	for r, x := range recordsOf(t, fields, b, "family") {
		value := func(name string) any {
			return CellValue(b, slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name }), r)
		}
		red := value("hue") == "red"
		if want := map[bool]int{true: 1}[red]; len(x["spouse"]) != want {
			t.Fatalf("person %d has %d spouses, want %d", r, len(x["spouse"]), want)
		}
		for _, s := range x["spouse"] {
			if s["sex"] == value("sex") {
				t.Fatalf("person %d has a spouse of the same sex", r)
			}
			if other := strings.Contains("Ada Bea", s["name"].(string)); other != (s["sex"] == "female") {
				t.Fatalf("person %d has a spouse %v", r, s)
			}
		}
		if want, _ := value("children").(int64); len(x["child"]) != int(want) {
			t.Fatalf("person %d has %d children, want %d", r, len(x["child"]), want)
		}
		before := int64(0)
		for _, c := range x["child"] {
			children++
			born, ok := c["born"].(int64)
			if !ok {
				lost++
				continue
			}
			if born < value("born").(int64)+16 || born > 2024 || born <= before {
				t.Fatalf("person %d, born %v, has a child born %d after one born %d", r, value("born"), born, before)
			}
			if before = born; c["stay"] == "own" && born > 2006 {
				t.Fatalf("person %d has a child that breaks a limit: %v", r, c)
			}
			if (c["job"] != "") != (born < 2005) || c["title"] != map[any]any{"J1": "smith", "J2": "cook", "": ""}[c["job"]] {
				t.Fatalf("person %d has a child with the job %v, %v", r, c["job"], c["title"])
			}
			want := fmt.Sprintf("%v of %v", c["name"], value("sex"))
			if len(x["spouse"]) > 0 {
				want += fmt.Sprintf(" and %v", x["spouse"][0]["name"])
			}
			if c["words"] != want || c["here"] != true {
				t.Fatalf("person %d has the words %q, want %q", r, c["words"], want)
			}
			if day := c["day"].(string); day[5:7] != "01" && day[5:7] != "12" {
				t.Fatalf("person %d has a child with the day %s", r, day)
			}
		}
		if k := len(x["friend"]); red && k != 0 && k != 3 || !red && k != 1 {
			t.Fatalf("person %d has %d friends", r, k)
		}
		if k := len(x["cousin"]); k < 1 || k > 2 {
			t.Fatalf("person %d has %d cousins", r, k)
		}
	}
	if lost > children/100 {
		t.Errorf("%d of %d children have no year of birth", lost, children)
	}
}

// A population is the same whatever the batches are.
func TestRecordsBatches(t *testing.T) {
	fields := must(t, recordSpec, recordFiles)
	want := recordsOf(t, fields, fill(t, fields, testEnv, 0, 700), "family")
	for _, size := range []int{1, 13, 256} {
		var got []map[string][]map[string]any
		for first := 0; first < 700; first += size {
			got = append(got, recordsOf(t, fields, fill(t, fields, testEnv, int64(first), min(size, 700-first)), "family")...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("batches of %d: %.2000s", size, diff)
		}
	}
}

// A batch does not depend on what its filler has filled before.
func TestRecordsReuse(t *testing.T) {
	fields := must(t, recordSpec, recordFiles)
	at := len(fields) - 1
	env := testEnv
	env.Fields, env.Field = fields, fields[at]
	filler := fields[at].Program.Bind(&env)
	var schema frame.Schema
	for _, f := range fields {
		schema = append(schema, f.Column())
	}
	b := frame.New(schema)
	for _, n := range []int{50, 400, 3, 120} {
		fresh := fill(t, fields, testEnv, 1000, n)
		b.Resize(1000, n)
		copy(b.Columns[:at], fresh.Columns[:at])
		filler.Fill(b, &b.Columns[at])
		if diff := cmp.Diff(recordsOf(t, fields, fresh, "family"), recordsOf(t, fields, b, "family")); diff != "" {
			t.Fatalf("%d persons: %.1000s", n, diff)
		}
	}
}

// New fields, groups and hidden fields change no other value.
func TestRecordsNewFields(t *testing.T) {
	old := must(t, recordSpec, recordFiles)
	want := recordsOf(t, old, fill(t, old, testEnv, 0, 500), "family")
	changed := strings.Replace(recordSpec, `sex: {kind: "choice", values: {female: 1, male: 1}}`,
		`first: {kind: "choice", values: {x: 1, y: 2}}, sex: {kind: "choice", values: {female: 1, male: 1}}, luck: {kind: "number", hidden: true, normal: {mean: 0, sd: 1}}`, 1)
	changed = strings.Replace(changed, "	friend:", `	aunt: {count: 2, fields: {name: {kind: "choice", values: {Zoe: 1}}}}
	friend:`, 1)
	now := must(t, changed, recordFiles)
	got := recordsOf(t, now, fill(t, now, testEnv, 0, 500), "family")
	for _, x := range got {
		delete(x, "aunt")
		for _, list := range x {
			for _, record := range list {
				delete(record, "first")
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%.2000s", diff)
	}
}

// Stored fields draw the same, and the audit of what they draw finds nothing.
func TestRecordsStored(t *testing.T) {
	fields := must(t, recordSpec, recordFiles)
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	var stored []*Field
	if err := json.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	find := func(name string) *Field {
		if i := slices.IndexFunc(stored, func(f *Field) bool { return f.Name == name }); i >= 0 {
			return stored[i]
		}
		return nil
	}
	for _, f := range stored {
		if err := f.Validate(); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		if err := f.ValidateUses(find); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	b := fill(t, stored, testEnv, 0, 800)
	if diff := cmp.Diff(recordsOf(t, fields, fill(t, fields, testEnv, 0, 800), "family"), recordsOf(t, stored, b, "family")); diff != "" {
		t.Errorf("%.2000s", diff)
	}
	if found := auditOf(stored, b); found != nil {
		t.Errorf("got faults %v, want none", found)
	}
}

// auditOf returns the faults of the records of the last field, by group.
func auditOf(fields []*Field, b *frame.Batch) (found []string) {
	at := len(fields) - 1
	a := fields[at].RecordsAudit(&Env{Fields: fields}, func(string) bool { return true })
	a.Read(b, &b.Columns[at], func(group int, x RecordFault) {
		text := a.Groups[group].Name + ": " + x.What
		if !slices.Contains(found, text) {
			found = append(found, text)
		}
	})
	slices.Sort(found)
	return found
}

func TestRecordsAudit(t *testing.T) {
	fields := must(t, recordSpec, recordFiles)
	at := len(fields) - 1
	columns := fields[at].Records
	column := func(b *frame.Batch, name string) *frame.Column {
		return &b.Columns[at].Records[slices.IndexFunc(columns, func(f *Field) bool { return f.Name == name })]
	}
	// first returns a record of a group, of a person with at least n records of it.
	first := func(b *frame.Batch, group string, n int32) int {
		code, _ := columns[0].Domain.Index(group)
		c := &b.Columns[at]
		for r := range b.N {
			count := int32(0)
			for i := c.Offsets[r]; i < c.Offsets[r+1]; i++ {
				if c.Records[0].Codes[i] == int32(code) {
					if count++; count >= n {
						return int(i)
					}
				}
			}
		}
		t.Fatal("no record of ", group)
		return 0
	}
	for want, change := range map[string]func(b *frame.Batch){
		"child: whose title does not follow from the other fields": func(b *frame.Batch) {
			i := first(b, "child", 1)
			for column(b, "title").Codes[i] < 0 {
				i++
			}
			column(b, "title").Codes[i] = 1 - column(b, "title").Codes[i]
		},
		"child: whose words does not follow from the other fields":                 func(b *frame.Batch) { column(b, "words").Texts[first(b, "child", 1)] = "x" },
		"child: with a record that breaks a limit: born at least person.born + 16": func(b *frame.Batch) { column(b, "born").Ints[first(b, "child", 1)] = 1920 },
		"child: with a record that breaks a limit: born at most 2024":              func(b *frame.Batch) { column(b, "born").Ints[first(b, "child", 1)] = 2029 },
		"child: with a record that breaks a limit: born at least previous.born + 1": func(b *frame.Batch) {
			i := first(b, "child", 2)
			column(b, "born").Ints[i] = column(b, "born").Ints[i-1]
		},
		"child: with a day that is not between its days": func(b *frame.Batch) {
			column(b, "day").Ints[first(b, "child", 1)]--
			column(b, "day").Ints[first(b, "child", 1)] -= 400
		},
		"child: without a required sex":         func(b *frame.Batch) { column(b, "sex").Codes[first(b, "child", 1)] = -1 },
		"friend: with a near outside its range": func(b *frame.Batch) { column(b, "near").Floats[first(b, "friend", 1)] = 11 },
		"spouse: with a name that its list does not have": func(b *frame.Batch) {
			i := first(b, "spouse", 1)
			for _, l := range []string{"Ada", "Cid"} {
				code, _ := columns[slices.IndexFunc(columns, func(f *Field) bool { return f.Name == "name" })].Domain.Index(l)
				if column(b, "name").Codes[i] != int32(code) {
					own := column(b, "name").Codes[i]
					if column(b, "name").Codes[i] = int32(code); (own < 2) == (code < 2) {
						continue
					}
					return
				}
			}
		},
		"cousin: with more than 2 records": func(b *frame.Batch) {
			code, _ := columns[0].Domain.Index("cousin")
			for i := range b.Columns[at].Records[0].Codes {
				b.Columns[at].Records[0].Codes[i] = int32(code)
			}
		},
		"spouse: with another number of records than follows from hue": func(b *frame.Batch) {
			b.Columns[at].Records[0].Codes[first(b, "spouse", 1)] = 1
		},
		"spouse: with records after those of a later group": func(b *frame.Batch) {
			b.Columns[at].Records[0].Codes[first(b, "cousin", 1)] = 0
		},
	} {
		b := fill(t, fields, testEnv, 0, 300)
		change(b)
		if found := auditOf(fields, b); !slices.Contains(found, want) {
			t.Errorf("got %q, want %s among them", found, want)
		}
	}
}

func TestRecordsCount(t *testing.T) {
	fields := must(t, strings.Replace(recordSpec, "\n}", `
	all: {kind: "count", of: "family"}
	kids: {kind: "count", of: "family.child"}
	spouses: {kind: "count", of: "family.spouse"}
	friends: {kind: "count", of: "family.friend"}
	crowd: {kind: "group", of: "kids", cuts: [0, 1, 3]}
	words: {kind: "template", text: "{{ range $i, $c := .family.child }}{{ if $i }}, {{ end }}{{ $c.name }}{{ end }}"}
}`, 1), recordFiles)
	b := fill(t, fields, testEnv, 0, 500)
	at := func(name string) int { return slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name }) }
	for r, x := range recordsOf(t, fields, b, "family") {
		total := 0
		var names []string
		for _, list := range x {
			total += len(list)
		}
		for _, c := range x["child"] {
			names = append(names, c["name"].(string))
		}
		for name, want := range map[string]int{"all": total, "kids": len(x["child"]), "spouses": len(x["spouse"]), "friends": len(x["friend"])} {
			if got := b.Columns[at(name)].Ints[r]; got != int64(want) {
				t.Fatalf("person %d: %s is %d, want %d", r, name, got, want)
			}
		}
		if got := b.Columns[at("words")].Texts[r]; got != strings.Join(names, ", ") {
			t.Fatalf("person %d has the words %q, want %v", r, got, names)
		}
	}
	for name, finite := range map[string]bool{"kids": true, "spouses": true, "friends": false, "all": false} {
		if fields[at(name)].Finite() != finite {
			t.Errorf("%s is finite: %t, want %t", name, !finite, finite)
		}
	}
}

func TestRecordsFaults(t *testing.T) {
	for stanza, want := range map[string]string{
		`{child: {count: "childen", fields: a: {kind: "constant", value: 1}}}`:                                                      `spec.cue:7:52 unknown-field: no field is called "childen" | did you mean "children"?`,
		`{child: {count: "sex", fields: a: {kind: "constant", value: 1}}}`:                                                          `spec.cue:7:52 not-a-count: field "sex" has the value "female", which is not a number of records from 0 to 255 | name a field of whole numbers, or a group that has them as labels`,
		`{child: {count: {max: 0}, fields: a: {kind: "constant", value: 1}}}`:                                                       `spec.cue:7:52 never-any: the count of "child" is 0 for everyone | remove the group, or correct its count`,
		`{child: {count: {min: 3, max: 1}, fields: a: {kind: "constant", value: 1}}}`:                                               `spec.cue:7:52 empty-range: min 3 is above max 1 | swap them`,
		`{child: {count: {of: "sex", column: "n"}, fields: a: {kind: "constant", value: 1}}}`:                                       `spec.cue:7:57 no-columns: the values of "sex" are not in a file, and have no columns | move them to a CSV file, or count with a group that has numbers as labels`,
		`{person: {count: 1, fields: a: {kind: "constant", value: 1}}}`:                                                             `spec.cue:7:37 reserved-name: a group cannot be called "person", which stands for the person | give it another name`,
		`{child: {count: 1, fields: group: {kind: "constant", value: 1}}}`:                                                          `spec.cue:7:63 reserved-name: a field of a record cannot be called "group", which is the column with the name of the group | give it another name`,
		`{child: {count: 1, fields: child: {kind: "constant", value: 1}}}`:                                                          `spec.cue:7:63 reserved-name: "child" is the name of a group of "family", and cannot be that of a field of its records | give one of the two another name`,
		`{child: {count: 1, fields: a: {kind: "choice", given: ["person.sexx"], csv: file: "names.csv", column: "name"}}}`:          `spec.cue:7:91 unknown-field: no field is called "person.sexx" | did you mean "person.sex"?`,
		`{child: {count: 1, fields: a: {kind: "template", text: "{{ .person.agee }}"}}}`:                                            `spec.cue:7:95 template: no field is called "person.agee" | did you mean "person.sex"?`,
		`{child: {count: 1, fields: a: {kind: "template", text: "{{ if .person }}x{{ end }}"}}}`:                                    `spec.cue:7:98 template: "person" is a record, not a value | name a field of it: {{ .person.… }}`,
		`{child: {count: 1, fields: {a: {kind: "group", of: "b", map: {x: "y"}}, b: {kind: "group", of: "a", map: {y: "x"}}}}}`:     `spec.cue:7:64 cycle: the fields of family.child depend on each other: a -> b -> a | remove one of these references`,
		`{child: {count: 1, fields: a: {kind: "choice", values: {x: 1}, unique: true}}}`:                                            `spec.cue:7:107 not-unique: a field of a record cannot be unique | remove unique`,
		`{child: {count: 1, fields: a: {kind: "constant", value: 1, source: "census"}}}`:                                            `spec.cue:7:103 unknown-source: no source is called "census" | declare it, or correct the name`,
		`{child: {count: 1, limits: [{field: "b", at_least: 1}], fields: ab: {kind: "integer", min: 0, max: 1}}}`:                   `spec.cue:7:72 unknown-field: the records have no field called "b" | a limit is of a field of the group, and compares it with others`,
		`{child: {count: 1, limits: [{field: "a", at_least: 5}], fields: a: {kind: "integer", min: 0, max: 1}}}`:                    `spec.cue:7:64 never-met: no value of "a" meets the limit: a at least 5 | its values are 0 to 1`,
		`{child: {count: 1, limits: [{field: "a", at_least: "person.sex"}], fields: a: {kind: "integer", min: 0, max: 1}}}`:         `spec.cue:7:87 not-comparable: "a" has whole numbers and "person.sex" has labels, which are not compared | name a field of the same type`,
		`{child: {count: 1, limits: [{field: "a", at_most: 1}], fields: a: {kind: "choice", values: {x: 1}}}}`:                      `spec.cue:7:72 not-a-number: field "a" is a choice, which is not compared with limits | limit an integer, a number or a date; for labels, use never`,
		`{child: {count: 1, fields: a: {kind: "integer", min: 3, max: 1}}}`:                                                         `spec.cue:7:89 empty-range: min 3 is above max 1 | swap them`,
		`{child: {count: 1, fields: a: {kind: "integer", min: 0, max: 4, normal: {mean: 900, sd: 1}}}}`:                             `spec.cue:7:108 outside-limits: the distribution has no value between min and max | widen the limits, or check the parameters`,
		`{child: {count: 1, fields: a: {kind: "integer", min: 0, max: 4, values: {"7": 1}}}}`:                                       `spec.cue:7:109 outside-limits: 7 gives no value between min and max | remove it, or change min and max`,
		`{a: {count: 1, fields: x: {kind: "integer", min: 0, max: 1}}, b: {count: 1, fields: x: {kind: "choice", values: {y: 1}}}}`: `spec.cue:7:120 other-type: field "x" of group "b" has values of another type than that of an earlier group: labels and whole numbers are one column | give one of them another name`,
		`{child: {count: 1, fields: a: {kind: "column", of: "person.sex", column: "x"}}}`:                                           `spec.cue:7:87 not-a-choice: the row that "person.sex" draws is not one of this record | name a choice of the record, or make the column a field beside that choice`,
		`{child: {count: 1, fields: a: {kind: "choice", hidden: true, values: {x: 1}}}}`:                                            `spec.cue:7:36 no-fields: every field of the records is hidden | show one`,
	} {
		c, _ := compile(t, recordPersons+"	family: {kind: \"records\", groups: "+stanza+"}\n}", recordFiles)
		if got := show(c.Diags); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", stanza, got, want)
		}
	}
}

// A stored field that somebody changed is refused, or draws without a panic.
func TestRecordsChangedPlan(t *testing.T) {
	fields := must(t, recordSpec, recordFiles)
	at := len(fields) - 1
	data, err := json.Marshal(fields[at])
	if err != nil {
		t.Fatal(err)
	}
	doc, err := mutate.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	values := []string{"-1", "null", "[]", "{}", "1", "300", `""`, `"sex"`, `"person.born"`, `"born"`, "@3"}
	for number := range doc.Values() {
		for k := range 2 {
			value := values[(number+4*k)%len(values)]
			changed := doc.Replace(uint(number), value)
			f := &Field{}
			if json.Unmarshal(changed, f) != nil {
				continue
			}
			all := slices.Clone(fields)
			all[at] = f
			if validRecords(f, all) == nil {
				drawn++
				drawChanged(t, all, fmt.Sprintf("value %d, %s, as %s", number, doc.Value(uint(number)), value))
			}
		}
	}
	if drawn == 0 {
		t.Error("every change is refused")
	}
}

// validRecords checks a field as a plan that is read does.
func validRecords(f *Field, all []*Field) error {
	find := func(name string) *Field {
		if i := slices.IndexFunc(all, func(f *Field) bool { return f.Name == name }); i >= 0 {
			return all[i]
		}
		return nil
	}
	if err := f.Validate(); err != nil {
		return err
	}
	for _, name := range f.Inputs {
		if find(name) == nil {
			return fmt.Errorf("no field %q", name)
		}
	}
	for _, s := range append(f.Selectors(), f.When) {
		if err := s.validate(find); err != nil {
			return err
		}
	}
	return f.ValidateUses(find)
}

// drawChanged draws records and compares them.
func drawChanged(t *testing.T, all []*Field, what string) {
	defer func() {
		if fault := recover(); fault != nil {
			t.Errorf("%s: %v\n%.1500s", what, fault, debug.Stack())
		}
	}()
	if all[len(all)-1].Type != frame.Records {
		return
	}
	b := fill(t, all, testEnv, 0, 5)
	auditOf(all, b)
}
