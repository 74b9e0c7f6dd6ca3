package release

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// A draft is a hidden folder beside its target, .NAME.partial-NUMBER. The process
// that makes it holds a lock on the file .NAME.partial-NUMBER.lock beside it. It is
// a file because Windows cannot lock folders, and it is not in the folder because
// Windows cannot rename a folder with an open file in it. The system releases the
// lock when the process ends, however it ends. The next run of the same target
// removes drafts without a lock.

// Suffixes beside the name of a draft's folder.
const (
	lockSuffix     = ".lock"
	replacedSuffix = ".old" // the release that Publish is replacing
)

// lock is a lock file that this process holds.
type lock struct{ *flock.Flock }

// tryLock locks a file, which it creates when there is none. It returns nil when
// another process holds the lock, and an error where the system or the disk has
// no locks.
func tryLock(path string) (*lock, error) {
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
	return &lock{f}, nil
}

// release removes the lock file and releases the lock. The order matters: once it
// is unlocked, the file may be another process's. Windows does not remove an open
// file; there the second attempt does, which fails when another process has
// opened it meanwhile.
func (l *lock) release() {
	err := os.Remove(l.Path())
	l.Close()
	if err != nil {
		os.Remove(l.Path())
	}
}

// makePartial makes the folder of a draft and locks it. The lock is nil where the
// system or the disk has none.
func makePartial(parent, prefix string) (string, *lock, error) {
	for {
		f, err := os.CreateTemp(parent, prefix+"*"+lockSuffix)
		if err != nil {
			return "", nil, err
		}
		path := f.Name()
		f.Close()
		held, err := tryLock(path)
		switch {
		case err != nil:
			os.Remove(path)
		case held == nil:
			continue // another process swept the file before it was locked
		}
		dir := strings.TrimSuffix(path, lockSuffix)
		if err = os.Mkdir(dir, 0o755); err == nil {
			if err = os.Chmod(dir, 0o755); err == nil { // whatever the umask
				return dir, held, nil
			}
			os.Remove(dir)
		}
		if held != nil {
			held.release()
		}
		if !os.IsExist(err) {
			return "", nil, err
		}
	}
}

// sweepPartial removes the folders of drafts that no process makes any more. A
// release that was being replaced gets its name back when its replacement did
// not get it. What cannot be removed is left: it costs space, not the run.
func sweepPartial(target, prefix string) {
	parent := filepath.Dir(target)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		name, isLock := strings.CutSuffix(e.Name(), lockSuffix)
		if !strings.HasPrefix(name, prefix) || strings.HasSuffix(name, replacedSuffix) || isLock == e.IsDir() {
			continue
		}
		dir := filepath.Join(parent, name)
		if held, err := tryLock(dir + lockSuffix); err == nil && held != nil {
			os.Rename(dir+replacedSuffix, target) // fails when there is none, or the target exists
			os.RemoveAll(dir)
			held.release()
		}
	}
	for _, e := range entries {
		draft, replaced := strings.CutSuffix(e.Name(), replacedSuffix)
		if !replaced || !strings.HasPrefix(draft, prefix) {
			continue
		}
		_, err := os.Stat(filepath.Join(parent, draft))
		if _, missing := os.Stat(target); os.IsNotExist(err) && missing == nil {
			os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}
