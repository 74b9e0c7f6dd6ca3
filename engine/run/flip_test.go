//go:build slow

package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/diag"
)

// TestFlippedCache damages the cached plan, fit and allocation of a real spec, a bit of a
// random entry in each trial. Each damage is told of, the persons are the same, and the
// entry is whole again. PERSONAGEN_SPEC names another spec, PERSONAGEN_TRIALS another
// number of trials.
func TestFlippedCache(t *testing.T) {
	spec, trials := "../../specs/quickstart.cue", 60
	if text := os.Getenv("PERSONAGEN_SPEC"); text != "" {
		spec = text
	}
	if text := os.Getenv("PERSONAGEN_TRIALS"); text != "" {
		var err error
		if trials, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	folder, out := filepath.Join(dir, "cache"), filepath.Join(dir, "out")
	persons := func() (sum [32]byte, told int, err error) {
		cfg := Config{Spec: spec, Out: out, Cache: folder, Provider: NoTexts, Size: 1000, Formats: []string{"csv"}, Warnings: func(l *diag.List) {
			for _, d := range l.Items {
				if d.Code == "cache" {
					told++
				}
			}
		}}
		if _, err = Run(context.Background(), cfg); err != nil {
			return sum, told, err
		}
		data, err := os.ReadFile(filepath.Join(out, "csv/train-00000-of-00001.csv"))
		return sha256.Sum256(data), told, err
	}
	want, _, err := persons()
	if err != nil {
		t.Fatal(err)
	}
	good := readFiles(t, folder)
	entries := slices.Sorted(maps.Keys(good))
	if len(entries) < 2 {
		t.Fatalf("got entries %v, want a fit and an allocation", entries)
	}
	random := rand.New(rand.NewPCG(11, 12))
	flips := map[string]int{} // by entry
	detected, silent := 0, 0
	for n := range trials {
		name := entries[random.IntN(len(entries))]
		damaged := bytes.Clone(good[name])
		bit := random.IntN(8 * len(damaged))
		damaged[bit/8] ^= 1 << (bit % 8)
		flips[name]++
		if strings.HasPrefix(name, "fit-") { // it is read only when the plan is not there
			for _, other := range entries {
				if strings.HasPrefix(other, "plan-") {
					if err := os.Remove(filepath.Join(folder, other)); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if err := os.WriteFile(filepath.Join(folder, name), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, told, err := persons()
		switch {
		case err != nil:
			detected++
			t.Logf("bit %d of %s: %v", bit, name, err)
			writeFiles(t, folder, good)
		case told != 1 || got != want:
			silent++
			t.Errorf("trial %d, bit %d of %s: %d warnings, the same persons: %v", n, bit, name, told, got == want)
		}
		if after := readFiles(t, folder); !bytes.Equal(after[name], good[name]) || len(after) != len(good) {
			t.Errorf("trial %d, bit %d of %s: the entry is not as it was", n, bit, name)
			writeFiles(t, folder, good)
		}
		if n%50 == 49 {
			t.Logf("%d of %d: %v flips, %d errors, %d silent", n+1, trials, flips, detected, silent)
		}
	}
	if got, told, err := persons(); err != nil || told != 0 || got != want {
		t.Errorf("after the last trial: %d warnings, the same persons: %v, %v", told, got == want, err)
	}
	t.Logf("%d flips %v: %d errors, %d silent, the others told of and computed again", trials, flips, detected, silent)
}
