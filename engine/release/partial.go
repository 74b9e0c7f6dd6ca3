package run

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/internal/flock"
)

// A release in the making is a hidden folder beside its target, locked by the
// process that makes it. A process that is killed leaves the folder behind
// without a lock, and the next run of the same target removes it.

// makePartial makes such a folder and locks it. Where the system or the disk has
// no locks the file is nil.
func makePartial(parent, prefix string) (dir string, lock *os.File, err error) {
	for {
		if dir, err = os.MkdirTemp(parent, prefix); err != nil {
			return "", nil, err
		}
		lock, taken, err := lockFolder(dir)
		switch {
		case err == nil && !taken, os.IsNotExist(err): // swept before it was locked
			continue
		case err != nil:
			return dir, nil, nil
		}
		return dir, lock, nil
	}
}

// lockFolder locks a folder that still has its name.
func lockFolder(dir string) (lock *os.File, taken bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false, err
	}
	if taken, err = flock.Try(f); err == nil && taken {
		mine, _ := f.Stat()
		named, gone := os.Stat(dir)
		if gone == nil && os.SameFile(mine, named) {
			return f, true, nil
		}
		taken = false
	}
	f.Close()
	return nil, taken, err
}

// replacedSuffix marks the release that a finished one is taking the place of.
const replacedSuffix = ".old"

// sweepPartial removes folders that no process makes any more. A release that
// was being replaced gets its name back when the new one did not get it. What
// cannot be removed is left: it costs space, not the run.
func sweepPartial(target, prefix string) {
	parent := filepath.Dir(target)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), prefix) || strings.HasSuffix(e.Name(), replacedSuffix) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		if lock, taken, err := lockFolder(dir); err == nil && taken {
			os.Rename(dir+replacedSuffix, target) // fails when there is none, or the target is there
			os.RemoveAll(dir)
			lock.Close()
		}
	}
	for _, e := range entries {
		maker, replaced := strings.CutSuffix(e.Name(), replacedSuffix)
		if !replaced || !strings.HasPrefix(maker, prefix) {
			continue
		}
		_, err := os.Stat(filepath.Join(parent, maker))
		if _, there := os.Stat(target); os.IsNotExist(err) && there == nil {
			os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}
