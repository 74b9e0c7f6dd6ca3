package kind

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

const (
	keyJobs  = "zone,code,unit,n\nNorth,1a,1,3\nNorth,1b,1,1\nNorth,2a,2,1\nSouth,1a,9,1\nSouth,3a,3,0\n"
	keyTools = "key,tool,owner\n1,axe,all\n1b,bell,b\n2,cup,all\n9,drum,south\n1,file,all\n2,glue,all\n*,hook,x\n"
	keySpec  = `fields: {
		zone: {kind: "category", values: ["North", "South"]}
		job: {kind: "choice", given: ["zone"], csv: file: "j.csv", column: "code", weight: "n", when: zone: =~"."}
		unit: {kind: "column", of: "job", column: "unit"}
		tool: {kind: "choice", key: {of: "job", columns: ["code", "unit"], column: "key"}, csv: {file: "t.csv", where: tool: !="hook"}}
		owner: {kind: "column", of: "tool", column: "owner"}
		kit: {kind: "list", key: {of: "job", columns: ["code", "unit"], column: "key"}, csv: file: "t.csv", column: "tool", any: "*", count: {min: 2, max: 3}}
		handle: {kind: "choice", key: {of: "tool", columns: ["owner"]}, csv: file: "h.csv"}
	}`
	keyHandles = "owner,handle\nall,wood\nb,steel\nb,horn\nsouth,skin\n"
)

// A person has entries of the first key that has any: of the row that was drawn, not only
// of its label, and also when the program was stored and when keys follow each other.
func TestKeys(t *testing.T) {
	fields := must(t, keySpec, map[string]string{"j.csv": keyJobs, "t.csv": keyTools, "h.csv": keyHandles})
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
	b := fill(t, fields, Env{Seed: 5}, 0, 3000)
	tools := map[string][]string{"North1a": {"axe", "file"}, "North1b": {"bell"}, "North2a": {"cup", "glue"}, "South1a": {"drum"}}
	handles := map[string][]string{"all": {"wood"}, "b": {"steel", "horn"}, "south": {"skin"}}
	seen := map[string]int{}
	kit := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == "kit" })
	for r := range b.N {
		job := textOf(fields, b, "zone", r) + textOf(fields, b, "job", r)
		tool, owner, handle := textOf(fields, b, "tool", r), textOf(fields, b, "owner", r), textOf(fields, b, "handle", r)
		if !slices.Contains(tools[job], tool) {
			t.Fatalf("person %d with job %s has tool %q", r, job, tool)
		}
		if !slices.Contains(handles[owner], handle) {
			t.Fatalf("person %d with the tool of %s has handle %q", r, owner, handle)
		}
		seen[job+" "+tool]++
		c := &b.Columns[kit]
		items := c.Codes[c.Offsets[r]:c.Offsets[r+1]]
		var names []string
		for _, code := range items {
			names = append(names, fields[kit].Domain.Labels[code])
		}
		for _, name := range names {
			if name != "hook" && !slices.Contains(tools[job], name) {
				t.Fatalf("person %d with job %s has kit %q", r, job, names)
			}
		}
		if len(names) < 2 {
			t.Fatalf("person %d has kit %q", r, names)
		}
	}
	if len(seen) != 6 {
		t.Errorf("got %v, want six pairs", seen)
	}
	if a, f := seen["North1a axe"], seen["North1a file"]; a < f*8/10 || f < a*8/10 {
		t.Errorf("got %d and %d of two equally likely entries", a, f)
	}
	find := func(name string) *Field {
		return fields[slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })]
	}
	for _, f := range fields {
		if err := f.ValidateUses(find); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	// What a hostile plan may say.
	key := find("handle").Program.(*choice).Key
	key.Lists[0] = 99
	if find("handle").ValidateUses(find) == nil {
		t.Error("a list that does not exist is accepted")
	}
	key.Lists[0] = 1
	key.Of = "handle"
	find("handle").Program.(*choice).Rows = make([]int32, len(find("handle").Program.(*choice).Codes))
	if find("handle").ValidateUses(find) == nil {
		t.Error("a key of the field itself is accepted")
	}
}

// The entries that a check compares with data are those of the key.
func TestKeyEntries(t *testing.T) {
	fields := must(t, keySpec, map[string]string{"j.csv": keyJobs, "t.csv": keyTools, "h.csv": keyHandles})
	b := fill(t, fields, Env{Seed: 5}, 0, 50)
	for _, name := range []string{"tool", "handle"} {
		i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
		e := fields[i].Entries(&Env{Fields: fields, Field: fields[i]})
		want := map[string]string{"tool": "[job zone]", "handle": "[tool job zone]"}[name]
		if got := fmt.Sprint(e.Given); got != want || fmt.Sprint(fields[i].Inputs) != want {
			t.Errorf("%s depends on %s and reads %v, want %s", name, got, fields[i].Inputs, want)
		}
		for r, list := range e.RowLists(b, nil) {
			if e.Find(list, b.Columns[i].Codes[r]) < 0 {
				t.Fatalf("person %d has %s, which is not an entry of the list", r, textOf(fields, b, name, r))
			}
		}
	}
}

// A null choice gives a null entry.
func TestKeyOfNull(t *testing.T) {
	fields := must(t, `fields: {
		zone: {kind: "category", values: ["North", "South"]}
		job: {kind: "choice", csv: file: "j.csv", column: "code", when: zone: "North"}
		tool: {kind: "choice", key: {of: "job", columns: ["code"]}, csv: file: "t.csv"}
	}`, map[string]string{"j.csv": "code\na\nb\n", "t.csv": "code,tool\na,axe\nb,bell\n"})
	if !fields[2].Nullable {
		t.Error("the field cannot be null, but its choice can")
	}
	b := fill(t, fields, Env{Seed: 1}, 0, 100)
	for r := range b.N {
		want := map[string]string{"a": "axe", "b": "bell"}[textOf(fields, b, "job", r)]
		if got := textOf(fields, b, "tool", r); got != want {
			t.Fatalf("person %d has tool %q, want %q", r, got, want)
		}
	}
}
