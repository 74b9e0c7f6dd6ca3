package run

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// Folders of dead processes go, those of living ones and of other targets stay.
func TestSweepPartial(t *testing.T) {
	parent := t.TempDir()
	target := filepath.Join(parent, "out")
	for _, name := range []string{".out.partial-1", ".out.partial-2", ".out2.partial-1", ".out.partial-4.old", "out"} {
		if err := os.MkdirAll(filepath.Join(parent, name, "deep"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	live, lock, err := makePartial(parent, ".out.partial-")
	if err != nil || lock == nil {
		t.Skipf("no locks here: %v", err)
	}
	sweepPartial(target, ".out.partial-")
	want := []string{filepath.Base(live), ".out2.partial-1", "out"}
	slices.Sort(want)
	if got := names(t, parent); !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	lock.Close() // as when its process is killed
	sweepPartial(target, ".out.partial-")
	if got := names(t, parent); !slices.Equal(got, []string{".out2.partial-1", "out"}) {
		t.Errorf("left %q", got)
	}
}

// A process killed between the two renames of publish has hidden the release
// that was there: it comes back.
func TestSweepPartialPutsTheOldReleaseBack(t *testing.T) {
	parent := t.TempDir()
	target := filepath.Join(parent, "out")
	dead, lock, err := makePartial(parent, ".out.partial-")
	if err != nil || lock == nil {
		t.Skipf("no locks here: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dead+replacedSuffix, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	sweepPartial(target, ".out.partial-") // the process still lives
	if got := names(t, parent); len(got) != 2 {
		t.Errorf("left %q", got)
	}
	lock.Close()
	sweepPartial(target, ".out.partial-")
	if got := names(t, parent); !slices.Equal(got, []string{"out"}) {
		t.Errorf("left %q", got)
	}
	if _, err := os.Stat(filepath.Join(target, "data")); err != nil {
		t.Error(err)
	}
}
