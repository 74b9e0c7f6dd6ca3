// Package scratch makes folders that other processes remove once the process that made them
// has ended, however it ended.
package scratch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// Suffix is that of the lock file beside a folder. It is a file because Windows cannot lock
// folders, and it is not in the folder because Windows cannot rename a folder with an open
// file in it. The system releases the lock when the process ends.
const Suffix = ".lock"

// Lock is a lock file that this process holds.
type Lock struct{ *flock.Flock }

// TryLock locks a file, which it creates when there is none. It returns nil when
// another process holds the lock, and an error where the system or the disk has
// no locks.
func TryLock(path string) (*Lock, error) {
	f := flock.New(path, flock.SetPermissions(0o644))
	taken, err := f.TryLock()
	if err != nil || !taken {
		return nil, err
	}
	// The file may have been removed between its opening and the locking; then the
	// lock is on a file that no other process can find.
	mine, err := f.Stat()
	named, gone := os.Stat(path)
	if err != nil || gone != nil || !os.SameFile(mine, named) {
		f.Close()
		return nil, err
	}
	return &Lock{f}, nil
}

// Release removes the lock file and releases the lock. The order matters: once it
// is unlocked, the file may be another process's. Windows does not remove an open
// file; there the second attempt does, which fails when another process has
// opened it meanwhile.
func (l *Lock) Release() {
	err := os.Remove(l.Path())
	l.Close()
	if err != nil {
		os.Remove(l.Path())
	}
}

// Make makes a folder whose name begins with a prefix, and locks it. The lock is nil where
// the system or the disk has none.
func Make(parent, prefix string, mode fs.FileMode) (string, *Lock, error) {
	for {
		f, err := os.CreateTemp(parent, prefix+"*"+Suffix)
		if err != nil {
			return "", nil, err
		}
		path := f.Name()
		f.Close()
		held, err := TryLock(path)
		switch {
		case err != nil:
			os.Remove(path)
		case held == nil:
			continue // another process swept the file before it was locked
		}
		dir := strings.TrimSuffix(path, Suffix)
		if err = os.Mkdir(dir, mode); err == nil {
			if err = os.Chmod(dir, mode); err == nil { // whatever the umask
				return dir, held, nil
			}
			os.Remove(dir)
		}
		if held != nil {
			held.Release()
		}
		if !os.IsExist(err) {
			return "", nil, err
		}
	}
}

// Abandoned calls remove for each folder in parent whose name begins with a prefix and which
// no process holds. What cannot be read is left out.
func Abandoned(parent, prefix string, remove func(dir string)) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		name, isLock := strings.CutSuffix(e.Name(), Suffix)
		if !strings.HasPrefix(name, prefix) || isLock == e.IsDir() {
			continue
		}
		dir := filepath.Join(parent, name)
		if held, err := TryLock(dir + Suffix); err == nil && held != nil {
			remove(dir)
			held.Release()
		}
	}
}
