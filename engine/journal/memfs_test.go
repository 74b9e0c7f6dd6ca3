package journal

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// memDisk is a disk in memory. Every file and every folder has two states: what
// processes see, and what has reached the disk. A sync of a file makes its
// content durable, a sync of a folder its entries; neither does the other.
type memDisk struct {
	mu   sync.Mutex
	path string // where root is mounted
	root *memDir
}

type memDir struct{ seen, durable map[string]any } // *memDir or *memFile by name

type memFile struct {
	seen, durable []byte
	pending       []change // changes of seen that are not in durable, in order
}

// change is a write at an offset, or a truncation when data is nil.
type change struct {
	offset int64
	data   []byte
}

func (c change) apply(content []byte) []byte {
	end := int(c.offset) + len(c.data)
	for len(content) < end {
		content = append(content, 0)
	}
	if c.data == nil {
		return slices.Clone(content[:end])
	}
	copy(content[c.offset:], c.data)
	return content
}

func newDir() *memDir { return &memDir{map[string]any{}, map[string]any{}} }

func newDisk(path string) *memDisk { return &memDisk{path: path, root: newDir()} }

// keep says what a power loss leaves of unsynced changes.
type keep int

const (
	keepNone   keep = iota
	keepAll         // everything had been written in the background
	keepHalf        // the changes of files up to the middle of the last, and no names
	keepPowers      // number of these
)

// powerLoss reduces the disk to what is durable.
func (d *memDisk) powerLoss(k keep) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.root.powerLoss(k)
}

func (d *memDir) powerLoss(k keep) {
	if k == keepAll {
		d.durable = maps.Clone(d.seen)
	}
	d.seen = maps.Clone(d.durable)
	for _, entry := range d.seen {
		switch e := entry.(type) {
		case *memDir:
			e.powerLoss(k)
		case *memFile:
			for i, c := range e.pending {
				if k == keepNone {
					break
				}
				if k == keepHalf && i == len(e.pending)-1 && c.data != nil {
					c.data = c.data[:len(c.data)/2]
				}
				e.durable = c.apply(e.durable)
			}
			e.pending = nil
			e.seen = slices.Clone(e.durable)
		}
	}
}

// fault is what happens to the operation of the number at.
type fault int

const (
	noFault fault = iota
	dies          // the process ends: this operation, if a write, is done by half, later ones not at all
	fails         // this operation returns an error, after half of a write; later ones succeed
)

var (
	errDied  = errors.New("the process has ended")
	errFails = errors.New("no space left on device")
)

// memFS is one process's access to a disk. It counts the operations that change
// something; one of them may fail.
type memFS struct {
	*memDisk
	fault fault
	at    int
	count int
	log   []string // the operations
	dead  bool

	private string // a folder that this process may not open
	opened  int    // files that are open
}

// step accounts for an operation. With half set the operation is to be done by
// half before err is returned.
func (fs *memFS) step(format string, args ...any) (half bool, err error) {
	if fs.dead {
		return false, errDied
	}
	fs.log = append(fs.log, fmt.Sprintf(format, args...))
	fs.count++
	if fs.count-1 != fs.at {
		return false, nil
	}
	switch fs.fault {
	case dies:
		fs.dead = true
		return true, errDied
	case fails:
		return true, errFails
	}
	return false, nil
}

// lookup returns the folder of a path, and the path's last name.
func (fs *memFS) lookup(path string) (*memDir, string, error) {
	if fs.dead {
		return nil, "", errDied
	}
	rest, err := filepath.Rel(fs.path, path)
	if err != nil || strings.HasPrefix(rest, "..") {
		return nil, "", fmt.Errorf("%s: %w", path, os.ErrPermission)
	}
	names := strings.Split(filepath.ToSlash(rest), "/")
	d := fs.root
	for _, name := range names[:len(names)-1] {
		var ok bool
		if d, ok = d.seen[name].(*memDir); !ok {
			return nil, "", fmt.Errorf("%s: %w", path, os.ErrNotExist)
		}
	}
	return d, names[len(names)-1], nil
}

func (fs *memFS) dir(path string) (*memDir, error) {
	d, name, err := fs.lookup(path)
	if err != nil || name == "." {
		return d, err
	}
	sub, ok := d.seen[name].(*memDir)
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, os.ErrNotExist)
	}
	return sub, nil
}

func (fs *memFS) mkdir(path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d, name, err := fs.lookup(path)
	if err != nil {
		return err
	}
	if d.seen[name] != nil || name == "." {
		return os.ErrExist
	}
	if _, err := fs.step("mkdir %s", name); err != nil {
		return err
	}
	d.seen[name] = newDir()
	return nil
}

func (fs *memFS) list(path string) ([]string, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d, err := fs.dir(path)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.seen)), nil
}

func (fs *memFS) open(path string, flag int) (file, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d, name, err := fs.lookup(path)
	if err != nil {
		return nil, err
	}
	f, ok := d.seen[name].(*memFile)
	switch {
	case !ok && flag&os.O_CREATE == 0:
		return nil, fmt.Errorf("%s: %w", path, os.ErrNotExist)
	case ok && flag&os.O_EXCL != 0:
		return nil, fmt.Errorf("%s: %w", path, os.ErrExist)
	case !ok || flag&os.O_TRUNC != 0:
		if _, err := fs.step("create %s", name); err != nil {
			return nil, err
		}
		f = &memFile{}
		d.seen[name] = f
	}
	fs.opened++
	return &memHandle{fs, f, name}, nil
}

func (fs *memFS) rename(from, to string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d, name, err := fs.lookup(from)
	if err != nil {
		return err
	}
	if _, err := fs.step("rename %s", name); err != nil {
		return err
	}
	d.seen[filepath.Base(to)] = d.seen[name]
	delete(d.seen, name)
	return nil
}

func (fs *memFS) remove(path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d, name, err := fs.lookup(path)
	if err != nil {
		return err
	}
	if d.seen[name] == nil {
		return os.ErrNotExist
	}
	if _, err := fs.step("remove %s", name); err != nil {
		return err
	}
	delete(d.seen, name)
	return nil
}

func (fs *memFS) syncDir(path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	d, err := fs.dir(path)
	if err != nil {
		return err
	}
	if path == fs.private {
		return os.ErrPermission
	}
	if _, err := fs.step("sync folder %s", filepath.Base(path)); err != nil {
		return err
	}
	d.durable = maps.Clone(d.seen)
	return nil
}

type memHandle struct {
	fs   *memFS
	file *memFile
	name string
}

func (h *memHandle) Close() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	h.fs.opened--
	return nil
}

func (h *memHandle) Size() (int64, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	return int64(len(h.file.seen)), nil
}

func (h *memHandle) ReadAt(p []byte, offset int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if h.fs.dead {
		return 0, errDied
	}
	n := copy(p, h.file.seen[min(offset, int64(len(h.file.seen))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *memHandle) change(c change) {
	h.file.seen = c.apply(h.file.seen)
	h.file.pending = append(h.file.pending, c)
}

func (h *memHandle) WriteAt(p []byte, offset int64) (int, error) {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	half, err := h.fs.step("write %s at %d, %d bytes", h.name, offset, len(p))
	n := len(p)
	if err != nil {
		if n = 0; half {
			n = len(p) / 2
		}
	}
	if n > 0 {
		h.change(change{offset, slices.Clone(p[:n])})
	}
	return n, err
}

func (h *memHandle) Truncate(size int64) error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	if _, err := h.fs.step("truncate %s to %d", h.name, size); err != nil {
		return err
	}
	if size < int64(len(h.file.seen)) {
		h.change(change{offset: size})
	}
	return nil
}

// Sync that fails marks the changes as written although they are not, as Linux
// does: a later Sync does not write them either.
func (h *memHandle) Sync() error {
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	_, err := h.fs.step("sync %s", h.name)
	switch {
	case errors.Is(err, errFails):
		h.file.pending = nil
	case err == nil:
		h.file.durable, h.file.pending = slices.Clone(h.file.seen), nil
	}
	return err
}
