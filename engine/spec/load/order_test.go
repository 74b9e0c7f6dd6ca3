package load_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
	"github.com/personagen/personagen/engine/spec/load"
)

// The files of a package, by their contents.
const (
	mainFile   = "package isle\nname: \"isle\"\npopulation: {}\n"
	peopleFile = "package isle\nfields: {zone: kind: \"id\", age: {kind: \"integer\", min: 0, max: 9, when: _grown}}\nsources: second: title: \"B\"\nchecks: few: {where: _grown & {hue: \"red\"}, at_most: 0.5}\n"
	placesFile = "package isle\nfields: hue: {kind: \"category\", values: [\"red\", \"blue\"]}\nsources: first: title: \"A\"\n_grown: {zone: \"a\", age: >5}\n"
	orderFile  = "package isle\norder: fields: [\"hue\", \"zone\", \"age\"]\n"
)

// orders returns what is ordered in a spec: fields, sources, the terms of a condition.
func orders(s *spec.Spec) string {
	var sources []string
	for _, x := range s.Sources {
		sources = append(sources, x.Name)
	}
	return strings.Join(fieldNames(s), " ") + ", " + strings.Join(sources, " ") + ", " + s.Checks[0].Where.Text
}

func TestOrderDoesNotDependOnFileNames(t *testing.T) {
	contents := []string{mainFile, peopleFile, placesFile, orderFile}
	const want = `hue zone age, first second, age: >5, hue: "red", zone: "a"`
	for _, names := range [][]string{{"a", "b", "c", "d"}, {"d", "c", "b", "a"}, {"b", "d", "a", "c"}} {
		files := map[string]string{}
		for i, name := range names {
			files["isle/"+name+".cue"] = contents[i]
		}
		if got := orders(mustLoad(t, tree(t, files), "isle")); got != want {
			t.Errorf("files named %v: got %s, want %s", names, got, want)
		}
	}
}

// The file that contains all entries of a stanza gives their order, even if another
// file adds settings to some of them.
func TestOneFileGivesTheOrder(t *testing.T) {
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		dir := tree(t, map[string]string{
			"isle/" + names[0] + ".cue": "package isle\n" + minimal,
			"isle/" + names[1] + ".cue": "package isle\nfields: a: title: \"A\"\n",
		})
		if got, want := fieldNames(mustLoad(t, dir, "isle")), []string{"b", "a"}; !slices.Equal(got, want) {
			t.Errorf("got fields %q, want %q", got, want)
		}
	}
}

func TestOrderInOneFile(t *testing.T) {
	s := mustLoad(t, tree(t, map[string]string{"x.cue": minimal + "order: fields: [\"a\", \"b\"]\n"}), "x.cue")
	if got, want := fieldNames(s), []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got fields %q, want %q", got, want)
	}
}

// Hidden fields need not be listed: they come last, sorted by name.
func TestHiddenFieldsNeedNotBeListed(t *testing.T) {
	for _, names := range [][2]string{{"b", "c"}, {"c", "b"}} {
		s := mustLoad(t, tree(t, map[string]string{
			"isle/a.cue":                mainFile + "order: fields: [\"b\", \"a\"]\n",
			"isle/" + names[0] + ".cue": "package isle\nfields: {e: {kind: \"id\", hidden: true}, d: {kind: \"id\", hidden: true}, a: kind: \"id\"}\n",
			"isle/" + names[1] + ".cue": "package isle\nfields: {c: {kind: \"id\", hidden: true}, b: kind: \"id\"}\n",
		}), "isle")
		if got, want := fieldNames(s), []string{"b", "a", "c", "d", "e"}; !slices.Equal(got, want) {
			t.Errorf("got fields %q, want %q", got, want)
		}
	}
}

// A file can add fields to the spec of a package, whose list cannot name them.
func TestAddedFieldsComeLast(t *testing.T) {
	dir := tree(t, map[string]string{
		"cue.mod/module.cue": module,
		"specs/isle.cue":     "package specs\nimport \"example.com/mine/specs/isle\"\n#Spec: isle.#Spec & {fields: a: kind: \"id\"}\n",
		"specs/isle/a.cue":   "package isle\n#Spec: {" + strings.ReplaceAll(strings.TrimSpace(mainFile[len("package isle"):]), "\n", ", ") + ", order: fields: [\"c\", \"b\"]}\n",
		"specs/isle/b.cue":   "package isle\n#Spec: fields: b: kind: \"id\"\n",
		"specs/isle/c.cue":   "package isle\n#Spec: fields: c: kind: \"id\"\n",
	})
	if got, want := fieldNames(mustLoad(t, dir, "specs/isle.cue")), []string{"c", "b", "a"}; !slices.Equal(got, want) {
		t.Errorf("got fields %q, want %q", got, want)
	}
}

func TestSpreadFieldsNeedTheirOrder(t *testing.T) {
	dir := tree(t, map[string]string{"isle/a.cue": mainFile, "isle/b.cue": peopleFile, "isle/c.cue": placesFile})
	_, list := load.Load(context.Background(), "isle", load.Options{Dir: dir})
	if len(list.Items) != 1 {
		t.Fatalf("got faults %v, want one", list.Items)
	}
	d := list.Items[0]
	if d.Code != "no-order" || d.Place != (diag.Place{File: "isle/b.cue", Line: 2, Column: 28}) ||
		d.Hint != `list all of them: order: fields: ["age", "hue", "zone"]` {
		t.Errorf("got %+v, want no-order at isle/b.cue:2:28 with all names", d)
	}
}

// If only one file of a package is loaded, the hint for a name in another file says
// where it is.
func TestNameInAFileThatIsNotLoaded(t *testing.T) {
	dir := tree(t, map[string]string{
		"isle/a.cue": "package isle\n" + minimal + "fields: b: when: _grown\n",
		"isle/b.cue": "package isle\n\n_grown: a: \"x\"\n",
		"isle/c.cue": "package other\n\n_grown: a: \"x\"\n",
	})
	_, list := load.Load(context.Background(), "isle/a.cue", load.Options{Dir: dir})
	const want = "_grown is declared at isle/b.cue:3:1, in a file of the package that is not loaded; name the folder instead: isle"
	if len(list.Items) != 1 || list.Items[0].Hint != want {
		t.Errorf("got %+v, want the hint %q", list.Items, want)
	}
}

// A loop over what several files declare would give the order of the files' names.
func TestALoopOverSeveralFilesIsRefused(t *testing.T) {
	const red, green = "package isle\n_hues: red: 1\n", "package isle\n_hues: green: 2\n"
	for _, c := range []struct{ text, want string }{
		{"fields: hue: {kind: \"category\", values: [for name, _ in _hues {name}]}\n", "fields.hue.values"},
		{"fields: {for name, _ in _hues {(name): kind: \"id\"}}\n", "fields"},
		{"fields: {hue: kind: \"id\", for name, n in _hues {(name): {kind: \"integer\", min: 0, max: n}}}\norder: fields: [\"hue\", \"red\", \"green\"]\n", ""},
		{"fields: hue: {kind: \"category\", values: [for name in [\"red\", \"green\"] if _hues[name] > 0 {name}]}\n", ""},
	} {
		for _, names := range [][2]string{{"a", "z"}, {"z", "a"}} {
			dir := tree(t, map[string]string{
				"isle/m.cue":                mainFile + c.text,
				"isle/" + names[0] + ".cue": red,
				"isle/" + names[1] + ".cue": green,
			})
			_, list := load.Load(context.Background(), "isle", load.Options{Dir: dir})
			switch {
			case c.want == "" && list.Failed():
				t.Errorf("%s: got %v", c.text, list.Items)
			case c.want != "" && (len(list.Items) != 1 || !strings.HasPrefix(list.Items[0].Message, c.want+": the order of its entries depends on the names of files")):
				t.Errorf("%s: got %v, want a fault of %s", c.text, list.Items, c.want)
			}
		}
	}
}
