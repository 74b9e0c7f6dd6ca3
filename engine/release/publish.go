package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/personagen/personagen/engine/internal/atomicfile"
)

// fileSystem is what Publish needs of a file system. The tests replace it by one that
// fails on demand.
type fileSystem interface {
	rename(from, to string) error
	removeAll(path string) error
	syncDir(dir string) error // makes the entries of a folder durable, not what the files hold
}

// osFS is the file system of the operating system.
type osFS struct{}

func (osFS) rename(from, to string) error { return os.Rename(from, to) }
func (osFS) removeAll(path string) error  { return os.RemoveAll(path) }

func (osFS) syncDir(dir string) error { return atomicfile.SyncFolder(dir) }

// publishTries limits how often Publish retries when other runs publish to the
// same name at the same time.
const publishTries = 10

// Publish gives the folder its name, which it returns. An older release of that
// name is removed after the new one took its place. When something else has
// taken the name since Create, the release is kept under another name, which the
// error states.
func (d *Draft) Publish() (dir string, err error) {
	if err := replaceable(d.target, d.options.Plan.Name); err != nil {
		return "", d.keepBeside(err)
	}
	// The files were synced when they were written. The folders and the new name must be
	// durable, too, before the older release is removed.
	for _, folder := range append(d.folders(), ".") {
		if err := d.fs.syncDir(filepath.Join(d.dir, folder)); err != nil {
			return "", notWritable(d.dir, err)
		}
	}
	parent := filepath.Dir(d.target)
	old := d.dir + replacedSuffix
	for try := 0; ; try++ {
		err := d.fs.rename(d.target, old)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", notWritable(parent, err)
		}
		if err = d.fs.rename(d.dir, d.target); err == nil {
			break
		}
		taken := isTaken(d.target, err)
		back := d.fs.rename(old, d.target)
		if try == publishTries || !taken {
			return "", err
		}
		// Another run took the name between the two renames. Replace its release.
		if isTaken(d.target, back) {
			d.fs.removeAll(old)
		}
	}
	d.dir = ""
	if err := d.fs.syncDir(parent); err != nil {
		return "", fmt.Errorf("the release is in %s, but may not outlast a power loss: %w", d.target, err)
	}
	d.unlock()
	return d.target, d.fs.removeAll(old)
}

// isTaken reports whether a rename to a folder failed because the folder exists.
// Windows calls that a lack of permission.
func isTaken(folder string, err error) bool {
	if runtime.GOOS == "windows" && errors.Is(err, fs.ErrPermission) {
		_, missing := os.Lstat(folder)
		return missing == nil
	}
	return errors.Is(err, fs.ErrExist)
}

// keepBeside gives a finished release another name when its own is taken by
// something that must not be replaced.
func (d *Draft) keepBeside(taken error) error {
	for n := 2; ; n++ {
		name := fmt.Sprintf("%s-%d", d.target, n)
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		if err := os.Rename(d.dir, name); isTaken(name, err) {
			continue // another run was first
		} else if err != nil {
			return errors.Join(taken, err)
		}
		d.dir = ""
		d.unlock()
		return fmt.Errorf("%w; the finished release is in %s", taken, name)
	}
}

// Discard removes an unpublished draft. After Publish it does nothing.
func (d *Draft) Discard() {
	d.suite.Close()
	if d.dir != "" {
		os.RemoveAll(d.dir)
		d.dir = ""
	}
	d.unlock()
}

func (d *Draft) unlock() {
	if d.lock != nil {
		d.lock.Release()
		d.lock = nil
	}
}
