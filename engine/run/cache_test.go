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

// A flipped bit in the cached fit or allocation is told, and the data stays the same.
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
	if len(entries) != 2 {
		t.Fatalf("got entries %v, want a fit and an allocation", entries)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 24 {
		entry := entries[n%2]
		whole, err := os.ReadFile(entry)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(whole), "personagen cache 1\n") {
			t.Fatalf("%s has no seal", entry)
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
