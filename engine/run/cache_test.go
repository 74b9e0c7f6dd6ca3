package run

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
)

// A flipped bit in the cached plan, fit or allocation is told, and the data stays the same.
func TestDamagedCacheIsToldAndReplaced(t *testing.T) {
	dir := t.TempDir()
	path, folder := filepath.Join(dir, "s.cue"), filepath.Join(dir, "cache")
	source := `name: "s"
population: {size: 40, seed: 3}
fields: {
	a: {kind: "category", values: ["x", "y", "z"]}
	b: {kind: "category", values: ["p", "q"]}
}
tables: {
	a: {over: ["a"], percent: {x: 20, y: 30, z: 50}}
	ab: {over: ["b"], given: ["a"], percent: {x: {p: 30, q: 70}, y: {p: 60, q: 40}, z: {p: 10, q: 90}}}
}
`
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	make := func(n int) (data string, warnings int) {
		out := filepath.Join(dir, "out")
		cfg := Config{Spec: path, Out: out, Cache: folder, Formats: []string{"csv"}, Workers: 1,
			Warnings: func(l *diag.List) {
				for _, d := range l.Items {
					if d.Code == "cache" {
						warnings++
					}
				}
			}}
		if _, err := Run(context.Background(), cfg); err != nil {
			t.Fatalf("flip %d: %v", n, err)
		}
		csv, err := os.ReadFile(filepath.Join(out, "csv/train-00000-of-00001.csv"))
		if err != nil {
			t.Fatal(err)
		}
		return string(csv), warnings
	}
	want, _ := make(-1)
	entries, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(entries) != 3 {
		t.Fatalf("got entries %v, want a fit, a plan and an allocation", entries)
	}
	isFit := func(entry string) bool { return strings.HasPrefix(filepath.Base(entry), "fit-") }
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 24 {
		entry := entries[n%3]
		whole, err := os.ReadFile(entry)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(whole), "personagen cache 1\n") {
			t.Fatalf("%s has no seal", entry)
		}
		if isFit(entry) { // it is read only when there is no plan
			if err := os.Remove(entries[1]); err != nil {
				t.Fatal(err)
			}
		}
		bit := random.IntN(8 * len(whole))
		whole[bit/8] ^= 1 << (bit % 8)
		if err := os.WriteFile(entry, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, warnings := make(n); got != want || warnings != 1 {
			t.Errorf("bit %d of %s: data equal %v, got %d warnings, want 1", bit, filepath.Base(entry), got == want, warnings)
		}
	}
	if got, warnings := make(0); got != want || warnings != 0 {
		t.Errorf("after the repair: data equal %v, %d warnings", got == want, warnings)
	}
}

// The plan of a spec is made again when anything that it was made from changes, and only
// then. Its warnings are told either way.
func TestPlansAreKeptWhileTheirInputsAreTheSame(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec := `@extern(embed)
package s
import "module.test/lib"
name: "s"
population: size: 40
fields: {
	a: {kind: "category", values: ["x", "X"]}
	note: {kind: "text", offline: {parts: ["all"]}, chars: {min: 5, max: 90}}
	size: lib.size
}
narrator: banks: ["bank.txt"]
tables: a: {over: ["a"], csv: {file: "a.csv", value: "n"}}
_more: _ @embed(glob=more*.json)
`
	put("cue.mod/module.cue", "module: \"module.test\"\nlanguage: version: \"v0.9.0\"\n")
	put("lib/lib.cue", "package lib\nsize: {kind: \"number\", normal: {mean: 170, sd: 8}}\n")
	put("s/s.cue", spec)
	put("s/a.csv", "a,n\nx,1\nX,3\n")
	put("s/bank.txt", "[all]\n{a} is all.\n")
	put("s/more1.json", "{}\n")

	put("other/one.txt", "nobody reads this")

	folder := t.TempDir()
	var last os.FileInfo
	compile := func(what string, again bool, allow ...string) {
		t.Helper()
		var warnings []diag.Diagnostic
		b, err := Compile(t.Context(), filepath.Join(dir, "s"), folder, nil, func(l *diag.List) { warnings = l.Items }, allow...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		fresh, err := Compile(t.Context(), filepath.Join(dir, "s"), "", nil, nil, allow...)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if b.Plan.Hash != fresh.Plan.Hash || len(b.Plan.Fields) != 3 {
			t.Errorf("%s: got another plan than without the cache", what)
		}
		if len(warnings) != len(fresh.Warnings) || len(warnings) == 0 {
			t.Errorf("%s: got warnings %v, want those without the cache, %v", what, warnings, fresh.Warnings)
		}
		entries, _ := filepath.Glob(filepath.Join(folder, "plan-*"))
		if len(entries) != 1 {
			t.Fatalf("%s: got entries %v", what, entries)
		}
		info, err := os.Stat(entries[0])
		if err != nil {
			t.Fatal(err)
		}
		if made := last == nil || !os.SameFile(info, last) || info.ModTime() != last.ModTime(); made != again {
			t.Errorf("%s: made again: got %v, want %v", what, made, again)
		}
		last = info
	}
	compile("first", true)
	compile("the same", false)
	put("s/s.cue", strings.Replace(spec, "size: 40", "size: 50", 1))
	compile("spec", true)
	put("s/a.csv", "a,n\nx,1\nX,4\n")
	compile("table", true)
	put("s/bank.txt", "[all]\n{a} is all there is.\n")
	compile("bank", true)
	put("lib/lib.cue", "package lib\nsize: {kind: \"number\", normal: {mean: 171, sd: 8}}\n")
	compile("package", true)
	put("s/more2.json", "{}\n")
	compile("a file of an embedded glob", true)
	put("other/two.txt", "nor this")
	compile("the same, after all", false)
}
