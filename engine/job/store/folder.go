package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/personagen/personagen/engine/internal/atomicfile"
)

// TemporaryFolder holds the files of a folder store that are being written.
const TemporaryFolder = "_job/tmp"

// folder keeps objects as files. A file is written under a temporary name, synced and then
// linked: of all who link a file to a name that is absent one succeeds, on network file
// systems too.
type folder struct {
	dir string
	// link gives a file another name; the error wraps fs.ErrExist if there is a file.
	link func(from, to string) error
}

// Folder returns the store in a folder.
func Folder(dir string) Store { return &folder{filepath.Clean(dir), linkNew} }

func (f *folder) String() string { return f.dir }

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// write writes a temporary file and makes it durable.
func (f *folder) write(ctx context.Context, from io.Reader, size int64) (path string, err error) {
	dir := f.path(TemporaryFolder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	to, err := os.CreateTemp(dir, "put-*")
	if err != nil {
		return "", err
	}
	n, err := io.Copy(to, &interruptible{ctx, from})
	if err == nil && n != size {
		err = fmt.Errorf("got %d bytes of %d", n, size)
	}
	if err = errors.Join(err, to.Chmod(0o644), to.Sync(), to.Close()); err != nil {
		os.Remove(to.Name())
	}
	return to.Name(), err
}

// interruptible stops to read when its context ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r *interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

func (f *folder) Put(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	return f.put(ctx, name, from, size, os.Rename)
}

func (f *folder) PutIfAbsent(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	if _, err := os.Lstat(f.path(name)); err == nil {
		return fmt.Errorf("%s: %w", name, ErrExists)
	}
	return f.put(ctx, name, from, size, f.link)
}

func (f *folder) put(ctx context.Context, name string, from io.Reader, size int64, place func(from, to string) error) error {
	if err := checkName(name); err != nil {
		return err
	}
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return unwritable(err)
	}
	temporary, err := f.write(ctx, from, size)
	if err != nil {
		return fmt.Errorf("%s: %w", name, unwritable(err))
	}
	defer os.Remove(temporary) // its other name, or what was not placed
	if err := place(temporary, path); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	// The entry must be durable, and that of a new folder too.
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if err := atomicfile.SyncFolder(dir); err != nil {
			return err
		}
		if dir == f.dir || len(dir) <= len(f.dir) {
			return nil
		}
	}
}

// unwritable marks the errors of a folder that cannot be written to, which trying again does not
// change.
func unwritable(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return err
}

// linkNew links a file to a name that is absent. Where a file system has no hard links, a
// rename that does not replace does the same.
func linkNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if !noLinks(err) {
		return err
	}
	if renamed := renameNew(from, to); renamed == nil || errors.Is(renamed, fs.ErrExist) {
		return renamed
	}
	return fmt.Errorf("%w: this file system has neither hard links nor a rename that does not replace, so two writers could not be told apart: %v", ErrUnfit, err)
}

// noLinks reports whether an error says that there are no hard links.
func noLinks(err error) bool {
	for _, no := range []error{errors.ErrUnsupported, syscall.EPERM, syscall.ENOSYS, syscall.EMLINK} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

func (f *folder) open(name string) (*os.File, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	info, err := os.Stat(f.path(name))
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: it is not a file", name) // opening a pipe would wait
	}
	if err != nil {
		return nil, err
	}
	return os.Open(f.path(name))
}

func (f *folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *folder) Range(_ context.Context, name string, at, n int64) ([]byte, error) {
	file, err := f.open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if at < 0 || n < 0 || n > info.Size()-at {
		return nil, fmt.Errorf("%s: %w", name, io.ErrUnexpectedEOF)
	}
	data := make([]byte, n)
	_, err = io.ReadFull(io.NewSectionReader(file, at, n), data)
	return data, err
}

func (f *folder) List(_ context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		// Only the folder that the prefix names is read.
		top := prefix[:strings.LastIndex(prefix, "/")+1]
		var found []Object
		err := filepath.WalkDir(f.path(top), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				if errors.Is(err, fs.ErrNotExist) {
					return nil // no folder yet, or removed meanwhile
				}
				return err
			}
			relative, err := filepath.Rel(f.dir, path)
			if err != nil {
				return err
			}
			name := filepath.ToSlash(relative)
			if !strings.HasPrefix(name, prefix) {
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil {
				found = append(found, Object{name, info.Size()})
			}
			return err
		})
		slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
		for _, o := range found {
			if !yield(o, nil) {
				return
			}
		}
		if err != nil {
			yield(Object{}, err)
		}
	}
}

func (f *folder) Remove(_ context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if err := os.Remove(f.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
