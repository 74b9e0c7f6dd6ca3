// Package engine_test checks rules for the whole program: which packages may import
// which, and that no code contains words of the specifications.
package engine_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/spec/load"
)

const module = "github.com/personagen/personagen"

// reserved maps a module to the only package that may import it, in code and tests.
var reserved = map[string]string{
	"cuelang.org/go":                    "engine/spec/load",
	"github.com/parquet-go/parquet-go":  "engine/dataset",
	"github.com/Masterminds/sprig/v3":   "engine/internal/prompt",
	"github.com/sashabaranov/go-openai": "engine/endpoint",
	"github.com/spf13/cobra":            "cmd/personagen",
	"github.com/minio/minio-go/v7":      "engine/job/store",
	"github.com/xuri/excelize/v2":       "engine/internal/sheet",
}

// forbidden maps a package to the packages that its code, tests excepted, may not
// import. For example, plan is data, so a reader of plans must not depend on the fit
// or the sampler.
var forbidden = map[string][]string{
	"engine/plan":              {"engine/internal/fit", "engine/internal/sample", "engine/internal/table", "engine/internal/compile", "engine/bundle", "engine/spec/load"},
	"engine/bundle":            {"engine/internal/compile", "engine/spec/load"},
	"engine/internal/identity": {"engine"},
	"engine/run":               {"engine/imports"},
	"engine/internal/compile":  {"engine/spec/load", "engine/run"},
	"engine/release":           notForReleases,
	"engine/internal/pipeline": notForReleases,
}

// notForReleases are the packages that make persons and texts, which packages that
// only store them do not need.
var notForReleases = []string{
	"engine/run", "engine/bundle", "engine/endpoint", "engine/journal", "engine/spec/load", "engine/internal/compile", "engine/internal/fit",
	"engine/internal/sample", "engine/internal/enrich", "engine/internal/narrate", "engine/internal/monitor",
}

func TestImports(t *testing.T) {
	eachFile(t, ".go", func(name string, text []byte) {
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		for _, i := range f.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Error(err)
			}
			for _, fault := range importFaults(path.Dir(name), imported, strings.HasSuffix(name, "_test.go")) {
				t.Errorf("%s imports %s: %s", name, imported, fault)
			}
		}
	})
}

// importFaults returns the reasons why the package in dir, or its tests, may not
// import another.
func importFaults(dir, imported string, test bool) (faults []string) {
	for reservedPath, owner := range reserved {
		if within(imported, reservedPath) && dir != owner {
			faults = append(faults, "only "+owner+" may")
		}
	}
	for _, other := range forbidden[dir] {
		if within(imported, module+"/"+other) && !test { // tests compile specs
			faults = append(faults, dir+" must not")
		}
	}
	if within(dir, "engine") && within(imported, module+"/cmd") {
		faults = append(faults, "the engine must not depend on the command line")
	}
	return faults
}

// TestPackagesWithoutCUE checks that only packages that load specs import CUE, directly
// or indirectly, so that programs that use the others need not compile it.
func TestPackagesWithoutCUE(t *testing.T) {
	loading := []string{"engine/spec/load", "engine/run", "engine/imports", "engine/job", "engine/job/adapters", "cmd/personagen"}
	imports := map[string][]string{} // by folder, without tests
	eachFile(t, ".go", func(name string, text []byte) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Error(err)
			return
		}
		for _, i := range f.Imports {
			imported, _ := strconv.Unquote(i.Path.Value)
			imports[path.Dir(name)] = append(imports[path.Dir(name)], strings.TrimPrefix(imported, module+"/"))
		}
	})
	// way returns the chain of imports from a package to CUE, or nil.
	known := map[string][]string{}
	var way func(from string) []string
	way = func(from string) (chain []string) {
		if chain, done := known[from]; done {
			return chain
		}
		defer func() { known[from] = chain }()
		for _, imported := range imports[from] {
			if within(imported, "cuelang.org/go") {
				return []string{from, imported}
			}
			if rest := way(imported); rest != nil {
				return append([]string{from}, rest...)
			}
		}
		return nil
	}
	for dir := range imports {
		if chain := way(dir); chain != nil && !slices.Contains(loading, dir) {
			t.Errorf("CUE is imported through %s", strings.Join(chain, " -> "))
		}
	}
}

func within(name, parent string) bool {
	return name == parent || strings.HasPrefix(name, parent+"/")
}

func TestImportFaults(t *testing.T) {
	for _, c := range []struct {
		dir, imported string
		faults        int
	}{
		{"engine/spec/load", "cuelang.org/go/cue", 0},
		{"engine/spec", "cuelang.org/go/cue", 1},
		{"engine/plan", "cuelang.org/go/cue", 1},
		{"engine/plan", module + "/engine/internal/fit", 1},
		{"engine/plan", module + "/engine/kind", 0},
		{"engine/internal/identity", module + "/engine/plan", 1},
		{"cmd/personagen", "github.com/parquet-go/parquet-go", 1},
		{"engine/run", "github.com/sashabaranov/go-openai", 1},
		{"engine/run", module + "/cmd/personagen", 1},
		{"cmd/personagen", module + "/engine/run", 0},
		{"engine/run", "cuelang.org/gopher", 0},
		{"engine/internal/table", "github.com/xuri/excelize/v2", 1},
	} {
		if got := importFaults(c.dir, c.imported, false); len(got) != c.faults {
			t.Errorf("%s importing %s: %d faults %v, want %d", c.dir, c.imported, len(got), got, c.faults)
		}
	}
}

// ownWords are names of fields that the program may use nevertheless: the roles of the
// schema, the program's word for a row, and ordinary words. The names of kinds are
// allowed too.
var ownWords = []string{
	"id", "name", "age", "sex", "given_name", "surname", "place", "area", "region", "occupation", "marital",
	"persona", "height", "state", "country", "race", "income",
}

// ownSpecs are files that are specs themselves: the skeletons of new specs, and their
// test.
var ownSpecs = []string{"cmd/personagen/skeletons/", "cmd/personagen/testdata/script/new_from_country.txtar"}

// TestNoWordsOfSpecs checks that the program contains no names of fields and files of
// the specifications in the repository.
func TestNoWordsOfSpecs(t *testing.T) {
	words := specWords(t)
	if len(words) < 20 {
		t.Fatalf("only %d words found in specs: %v", len(words), words)
	}
	pattern := regexp.MustCompile(`(?i)(^|[^a-z_])(` + strings.Join(words, "|") + `)([^a-z_]|$)`)
	for _, ext := range []string{".go", ".cue", ".csv", ".txtar", ".tmpl"} {
		eachFile(t, ext, func(name string, text []byte) {
			if slices.ContainsFunc(ownSpecs, func(own string) bool { return strings.HasPrefix(name, own) }) {
				return
			}
			for i, line := range bytes.Split(text, []byte("\n")) {
				if found := pattern.FindSubmatch(line); found != nil {
					t.Errorf("%s:%d: %q is a word of a spec", name, i+1, found[2])
				}
			}
		})
	}
}

// specWords returns, as patterns, the names of the specs and of their columns, and of
// hidden fields whose names have several words.
func specWords(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../specs/*.cue")
	if err != nil || len(names) == 0 {
		t.Fatalf("no specs: %v", err)
	}
	var words []string
	for _, name := range names {
		if base := strings.TrimSuffix(filepath.Base(name), ".cue"); base != "quickstart" {
			words = append(words, base+"[a-z]*")
		}
		s, faults := load.Load(t.Context(), name, load.Options{})
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		for _, f := range s.Fields {
			if own := slices.Contains(ownWords, f.Name) || slices.Contains(load.Kinds(), f.Name); !own && (!f.Hidden || strings.Contains(f.Name, "_")) {
				words = append(words, f.Name)
			}
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// eachFile visits the files under engine and cmd. Names have slashes and are relative to
// the root of the repository.
func eachFile(t *testing.T, ext string, visit func(name string, text []byte)) {
	t.Helper()
	for _, root := range []string{".", "../cmd"} {
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(p) != ext {
				return err
			}
			text, err := os.ReadFile(p)
			if err == nil {
				visit(path.Join("engine", filepath.ToSlash(p)), text)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
