package release

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/internal/scratch"
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

// locked makes the folder of a draft, or skips the test where there are no locks.
func locked(t *testing.T, parent string) (dir string, held *scratch.Lock) {
	t.Helper()
	dir, held, err := scratch.Make(parent, ".out.partial-", 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if held == nil {
		t.Skip("no locks here")
	}
	return dir, held
}

// Folders of dead processes are removed, with their lock files; those of living
// processes and of other targets stay.
func TestSweepPartial(t *testing.T) {
	parent := t.TempDir()
	target := filepath.Join(parent, "out")
	for _, name := range []string{".out.partial-1", ".out.partial-2", ".out2.partial-1", ".out.partial-4.old", "out"} {
		if err := os.MkdirAll(filepath.Join(parent, name, "deep"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".out.partial-2.lock", ".out.partial-3.lock", ".out2.partial-1.lock"} { // 3 was killed before it made its folder
		if err := os.WriteFile(filepath.Join(parent, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	live, held := locked(t, parent)
	sweepPartial(target, ".out.partial-")
	others := []string{".out2.partial-1", ".out2.partial-1.lock", "out"}
	want := append([]string{filepath.Base(live), filepath.Base(live) + scratch.Suffix}, others...)
	slices.Sort(want)
	if got := names(t, parent); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	held.Close() // as when its process is killed: the lock file stays
	sweepPartial(target, ".out.partial-")
	if got := names(t, parent); !slices.Equal(got, others) {
		t.Errorf("after the process ended: got %q, want %q", got, others)
	}
}

// A process that is killed between the two renames of Publish has moved the old
// release out of the way. The old release gets its name back.
func TestSweepPartialPutsTheOldReleaseBack(t *testing.T) {
	parent := t.TempDir()
	target := filepath.Join(parent, "out")
	dead, held := locked(t, parent)
	if err := os.MkdirAll(filepath.Join(dead+replacedSuffix, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	sweepPartial(target, ".out.partial-") // the process still lives
	if got := names(t, parent); len(got) != 3 {
		t.Errorf("got %q, want the folder, its lock and the old release", got)
	}
	held.Close()
	sweepPartial(target, ".out.partial-")
	if got := names(t, parent); !slices.Equal(got, []string{"out"}) {
		t.Errorf("got %q, want out alone", got)
	}
	if _, err := os.Stat(filepath.Join(target, "data")); err != nil {
		t.Error(err)
	}
}

// Runs that start, sweep and end at the same time never remove the folder of
// another, and leave nothing behind.
func TestSweepPartialLeavesRunsAlone(t *testing.T) {
	parent := t.TempDir()
	target := filepath.Join(parent, "out")
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			for range 30 {
				sweepPartial(target, ".out.partial-")
				dir, held, err := scratch.Make(parent, ".out.partial-", 0o755)
				if err != nil {
					t.Error(err)
					return
				}
				sweepPartial(target, ".out.partial-")
				if err := os.Remove(dir); err != nil {
					t.Errorf("the folder of a run was removed by another: %v", err)
				}
				if held != nil {
					held.Release()
				}
			}
		})
	}
	runs.Wait()
	sweepPartial(target, ".out.partial-")
	if got := names(t, parent); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
}
