package load

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// added are two entries for the stanzas of a spec.
var added = []Entry{
	{"sources", "office", `{title: "T"}`},
	{"tables", "sex", "{\n\tover: [\"sex\"]\n\tpercent: {a: 50, b: 50}\n}"},
	{"tables", "age", "{over: [\"age\"]}"},
}

func TestInsert(t *testing.T) {
	for _, tt := range []struct {
		name        string
		before, now string
	}{
		{"stanzas on lines of their own",
			"package p\n\n#Spec: {\n\tname: \"p\" // a comment\n\tsources: {\n\t}\n\ttables: {\n\t\told: {over: [\"x\"]}\n\t}\n}\n",
			"package p\n\n#Spec: {\n\tname: \"p\" // a comment\n\tsources: {\n\t\toffice: {title: \"T\"}\n\t}\n\ttables: {\n\t\told: {over: [\"x\"]}\n\t\tsex: {\n\t\t\tover: [\"sex\"]\n\t\t\tpercent: {a: 50, b: 50}\n\t\t}\n\t\tage: {over: [\"age\"]}\n\t}\n}\n"},
		{"unified with a schema, in one line",
			"#Spec: schemas.#Spec & {name: \"p\", tables: {old: {over: [\"x\"]}}}\n",
			"#Spec: schemas.#Spec & {name: \"p\", tables: {old: {over: [\"x\"]}\n\tsex: {\n\t\tover: [\"sex\"]\n\t\tpercent: {a: 50, b: 50}\n\t}\n\tage: {over: [\"age\"]}\n}\n\tsources: office: {title: \"T\"}\n}\n"},
		{"stanzas without braces",
			"#Spec: {\n\tname: \"p\"\n\tsources: a: {title: \"A\"}\n\ttables: old: {over: [\"x\"]}\n}\n",
			"#Spec: {\n\tname: \"p\"\n\tsources: a: {title: \"A\"}\n\tsources: office: {title: \"T\"}\n\ttables: old: {over: [\"x\"]}\n\ttables: sex: {\n\t\tover: [\"sex\"]\n\t\tpercent: {a: 50, b: 50}\n\t}\n\ttables: age: {over: [\"age\"]}\n}\n"},
		{"at the top level, with an order",
			"name: \"p\"\norder: {tables: [\"old\"], sources: []}\ntables: {\n\told: {over: [\"x\"]}\n}",
			"name: \"p\"\norder: {tables: [\"old\", \"sex\", \"age\"], sources: [\"office\"]}\ntables: {\n\told: {over: [\"x\"]}\n\tsex: {\n\t\tover: [\"sex\"]\n\t\tpercent: {a: 50, b: 50}\n\t}\n\tage: {over: [\"age\"]}\n}\nsources: office: {title: \"T\"}\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "p.cue")
			if err := os.WriteFile(file, []byte(tt.before), 0o644); err != nil {
				t.Fatal(err)
			}
			changed, faults := Insert(file, added)
			if faults.Failed() {
				t.Fatal(faults.Items)
			}
			for _, data := range changed {
				if string(data) != tt.now {
					t.Errorf("got\n%s\nwant\n%s", data, tt.now)
				}
			}
			if len(changed) != 1 {
				t.Errorf("%d files change", len(changed))
			}
		})
	}
}

// In a package, an entry is added to the file that has its stanza.
func TestInsertIntoPackage(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"spec.cue":   "package p\n#Spec: {\n\tname: \"p\"\n\torder: {\n\t\ttables: [\n\t\t\t\"old\",\n\t\t]\n\t}\n}\n",
		"tables.cue": "package p\n#Spec: {\n\ttables: {\n\t\told: {over: [\"x\"]}\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	changed, faults := Insert(dir, added)
	if faults.Failed() {
		t.Fatal(faults.Items)
	}
	for file, data := range changed {
		text := string(data)
		switch filepath.Base(file) {
		case "spec.cue":
			if !strings.Contains(text, "\"old\", \"sex\", \"age\",\n") || !strings.Contains(text, "\tsources: office: {title: \"T\"}\n}\n") {
				t.Error(text)
			}
		case "tables.cue":
			if !strings.Contains(text, "\t\tage: {over: [\"age\"]}\n\t}\n}\n") || strings.Contains(text, "office") {
				t.Error(text)
			}
		}
	}
	if len(changed) != 2 {
		t.Errorf("%d files change", len(changed))
	}
}

func TestInsertFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.cue")
	for text, want := range map[string]string{
		"#Spec: {\n\ttables: {}\n}\n": "no spec is written in",
		"#Spec: {name: \n":            "cannot be parsed",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, faults := Insert(file, added)
		if !faults.Failed() || !strings.Contains(faults.Items[0].Message, want) {
			t.Errorf("%q: %v", text, faults.Items)
		}
	}
	if _, faults := Insert(filepath.Join(t.TempDir(), "none.cue"), added); !faults.Failed() {
		t.Error("a missing file is no fault")
	}
}
