package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/internal/atomicfile"
)

// fileSystem is what a journal needs of a file system. The tests replace it by
// one that fails on demand and, at a power loss, forgets what was not synced.
type fileSystem interface {
	mkdir(dir string) error            // os.ErrExist when it exists, os.ErrNotExist when its parent does not
	list(dir string) ([]string, error) // names of the entries
	open(path string, flag int) (file, error)
	rename(from, to string) error
	remove(path string) error
	syncDir(dir string) error // makes the entries of a folder durable, not what the files hold
}

// file is an open file.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Size() (int64, error)
	Truncate(size int64) error
	Sync() error
}

// makeDir makes a folder, with its parents, durably.
func makeDir(fs fileSystem, dir string) error {
	parent := filepath.Dir(dir)
	err := fs.mkdir(dir)
	if errors.Is(err, os.ErrNotExist) && parent != dir {
		if err = makeDir(fs, parent); err == nil {
			err = fs.mkdir(dir)
		}
	}
	switch {
	case errors.Is(err, os.ErrExist):
		// A process that was killed may have made it without syncing the parent.
		if err = fs.syncDir(parent); errors.Is(err, os.ErrPermission) {
			return nil // the parent has another owner
		}
		return err
	case err != nil:
		return err
	}
	return fs.syncDir(parent)
}

// osFS is the file system of the operating system.
type osFS struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (osFS) mkdir(dir string) error { return os.Mkdir(dir, 0o755) }

func (osFS) list(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (osFS) open(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) rename(from, to string) error { return os.Rename(from, to) }
func (osFS) remove(path string) error     { return os.Remove(path) }

func (osFS) syncDir(dir string) error { return atomicfile.SyncFolder(dir) }
