package load_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec/load"
)

// isles writes a spec that refers to that of a package in two files, and returns the
// folder.
func isles(t *testing.T) string {
	return tree(t, map[string]string{
		"cue.mod/module.cue":   module,
		"specs/isle.cue":       "package specs\nimport \"example.com/mine/specs/isle\"\n#Spec: isle.#Spec & {version: \"2\"}\n",
		"specs/isle/a.cue":     "package isle\nimport \"personagen.dev/schemas\"\n#Spec: schemas.#Spec & {order: fields: [\"zone\", \"age\", \"id\"], name: \"isle\", population: where: age: >17}\n#Spec: fields: {zone: _zone, age: {kind: \"integer\", min: 0, max: 9}}\n_size: 7\nlet Half = 3\n_half: Half\n",
		"specs/isle/b.cue":     "package isle\n_zone: {kind: \"category\", values: {csv: \"zones.csv\", column: \"zone\"}}\n#Spec: fields: id: kind: \"id\"\n#Spec: population: size: _size\n",
		"specs/isle/zones.csv": "zone\nhill\n",
	})
}

func TestASpecMayReferToThatOfAPackage(t *testing.T) {
	dir := isles(t)
	s := mustLoad(t, dir, "specs/isle.cue")
	if s.Name != "isle" || s.Version != "2" || s.Population.Size != 7 || s.Dir != filepath.Join(dir, "specs", "isle") {
		t.Errorf("got name %q, version %q, size %d, folder %q", s.Name, s.Version, s.Population.Size, s.Dir)
	}
	if got, want := fieldNames(s), []string{"zone", "age", "id"}; !slices.Equal(got, want) {
		t.Errorf("got fields %q, want %q", got, want)
	}
	if got, want := s.Fields[0].Body.Get("values").Get("csv").Path, filepath.Join(dir, "specs", "isle", "zones.csv"); got != want {
		t.Errorf("got the path %q, want %q", got, want)
	}
	if s := mustLoad(t, dir, "specs/isle"); s.Name != "isle" || s.Version != "" {
		t.Errorf("package alone: got name %q, version %q", s.Name, s.Version)
	}
}

func TestFaultsOfAnImportedPackageHaveTheirPlace(t *testing.T) {
	for _, tt := range []struct {
		file, old, new string
		place          diag.Place
		code, hint     string
	}{
		{"b.cue", "kind: \"id\"", "kind: \"ids\"", diag.Place{File: "specs/isle/b.cue", Line: 3, Column: 26}, "bad-value", "did you mean \"id\"?"},
		{"b.cue", "_size", "_sizes", diag.Place{File: "specs/isle/b.cue", Line: 4, Column: 26}, "unresolved", "did you mean \"_size\", at specs/isle/a.cue:5:1?"},
		{"b.cue", "_size", "fields", diag.Place{File: "specs/isle/b.cue", Line: 4, Column: 26}, "unresolved", "write #Spec.fields"},
		{"b.cue", "_size", "Half", diag.Place{File: "specs/isle/b.cue", Line: 4, Column: 26}, "unresolved",
			"Half, at specs/isle/a.cue:6:1, is visible only in its own braces or file; declare a hidden field at the top level of a file instead"},
		{"b.cue", "\"id\"", "\"id\"]", diag.Place{File: "specs/isle/b.cue", Line: 3, Column: 30}, "syntax", ""},
		{"a.cue", "personagen.dev/schemas", "personagen.dev/schema", diag.Place{File: "specs/isle/a.cue", Line: 2, Column: 8}, "import", "did you mean \"personagen.dev/schemas\"?"},
		{"a.cue", "name: \"isle\"", "nam: \"isle\"", diag.Place{File: "specs/isle/a.cue", Line: 3, Column: 63}, "unknown-field", "did you mean \"name\"?"},
	} {
		dir := isles(t)
		file := filepath.Join(dir, "specs", "isle", tt.file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), tt.old, tt.new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		_, list := load.Load(context.Background(), "specs/isle.cue", load.Options{Dir: dir})
		if len(list.Items) == 0 {
			t.Errorf("%s: got no fault", tt.new)
			continue
		}
		if d := list.Items[0]; d.Place != tt.place || d.Code != tt.code || d.Hint != tt.hint {
			t.Errorf("%s: got %s, %s, hint %q; want %s, %s, hint %q", tt.new, d.Place, d.Code, d.Hint, tt.place, tt.code, tt.hint)
		}
	}
}
