// Package inputs gives access to the files that a spec may read: those below one
// folder, and below folders that the user allows. A spec may come from a stranger,
// so nothing else on the machine is opened: no file outside, no link that leads
// outside, no device and no pipe. Every file is read to a limit, and what was
// opened, listed and missed is recorded.
package inputs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// MaxBytes is the size of the largest file that is read. Files are kept in memory.
const MaxBytes = 200 << 20

// maxEntries bounds a folder's listing.
const maxEntries = 100_000

// Reasons why a file is not read. An *fs.PathError wraps them.
var (
	ErrOutside   = errors.New("it is outside the spec's folder")
	ErrHidden    = errors.New("its name, or that of a folder, begins with a dot")
	ErrIrregular = errors.New("it is not a regular file")
	ErrTooLarge  = fmt.Errorf("it has more than %d MB", MaxBytes>>20)
	ErrPlainHome = errors.New("the spec is in the home folder or above it, where it may read only files beside it")
)

// Hint returns what to do about an error of Read, or "".
func Hint(err error) string {
	const allow = "allow its folder with --allow-path if you trust the spec"
	switch {
	case errors.Is(err, ErrOutside):
		return "a spec reads files in its own folder or CUE module; move the file there, or " + allow
	case errors.Is(err, ErrHidden):
		return "hidden files often hold secrets; rename it, or " + allow
	case errors.Is(err, ErrPlainHome):
		return "move the spec into a folder of its own, or " + allow
	case errors.Is(err, ErrIrregular):
		return "name a regular file: folders, devices, pipes and sockets are not read"
	case errors.Is(err, ErrTooLarge):
		return "keep only the rows and columns that the spec needs"
	case errors.Is(err, fs.ErrNotExist):
		return "paths are relative to the folder of the .cue file that names them"
	}
	return ""
}

// Cause returns the reason in an error of Read, without the path.
func Cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// FS is the files that a spec may read, as an fs.FS over the whole machine: the
// name of a file is its absolute path with slashes, without the leading one. It
// also contains files that exist only in memory. It is safe for concurrent use.
type FS struct {
	roots   []*root
	overlay map[string][]byte          // by name
	folders map[string]map[string]bool // of the overlay: folder to its entries
	named   map[string]bool            // paths that the user gave, hidden ones too

	mu     sync.Mutex
	record Record
}

type root struct {
	dir     string // absolute, symbolic links followed
	handle  *os.Root
	allowed bool // by the user, hidden files included
	flat    bool // only files in the folder itself
}

// New returns the files below the folders of the spec and below those that the user
// allows, all absolute. The links in their own paths are followed.
func New(own, allowed []string) (*FS, error) {
	f := &FS{
		overlay: map[string][]byte{}, folders: map[string]map[string]bool{}, named: map[string]bool{},
		record: Record{Opened: map[string]string{}, Listed: map[string]string{}, Missed: map[string]bool{}},
	}
	for i, d := range slices.Concat(own, allowed) {
		real, err := filepath.EvalSymlinks(d)
		if err == nil {
			var h *os.Root
			if h, err = os.OpenRoot(real); err == nil {
				f.roots = append(f.roots, &root{dir: real, handle: h, allowed: i >= len(own), flat: i < len(own) && Private(real)})
				continue
			}
		}
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close releases the folders. Files that have been read stay valid.
func (f *FS) Close() error {
	for _, r := range f.roots {
		r.handle.Close()
	}
	return nil
}

// Folders describes the folders and what may be read in them.
func (f *FS) Folders() []string {
	var out []string
	for _, r := range f.roots {
		out = append(out, fmt.Sprintf("%s allowed=%t flat=%t", r.dir, r.allowed, r.flat))
	}
	return out
}

// Private reports whether a folder is the home folder or contains it, as "/" does:
// a spec there must not read what else is in it.
func Private(dir string) bool {
	if filepath.Dir(dir) == dir {
		return true
	}
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return false
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	return within(dir, home)
}

// Shared reports whether everybody may write to a folder, as to /tmp: another user
// can declare a CUE module there.
func Shared(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.Mode()&fs.ModeSticky != 0 && info.Mode()&0o002 != 0
}

// ReadModule reads the declaration of a CUE module, a small regular file.
func ReadModule(file string) ([]byte, error) { return ReadRegular(file, 1<<20) }

// ReadRegular reads a regular file of at most so many bytes.
func ReadRegular(file string, most int64) ([]byte, error) {
	h, err := OpenRegular(file)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	data, err := io.ReadAll(io.LimitReader(h, most+1))
	if err == nil && int64(len(data)) > most {
		err = &fs.PathError{Op: "read", Path: file, Err: fmt.Errorf("it has more than %d MB", most>>20)}
	}
	return data, err
}

// OpenRegular opens a regular file to read it. A stranger's folder may have a pipe or
// a device in its place, which would be waited for or never end.
func OpenRegular(file string) (*os.File, error) {
	irregular := &fs.PathError{Op: "read", Path: file, Err: ErrIrregular}
	switch info, err := os.Stat(file); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, irregular
	}
	h, err := os.OpenFile(file, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	if info, err := h.Stat(); err != nil || !info.Mode().IsRegular() {
		h.Close()
		if err == nil {
			err = irregular
		}
		return nil, err
	}
	return h, nil
}

// within reports whether path is dir or below it, and both are absolute.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// Overlay adds a file that exists only in memory.
func (f *FS) Overlay(file string, data []byte) {
	name := Name(file)
	f.overlay[name] = data
	for name != "." {
		dir := path.Dir(name)
		if f.folders[dir] == nil {
			f.folders[dir] = map[string]bool{}
		}
		f.folders[dir][path.Base(name)] = true
		name = dir
	}
}

// Name returns the name in FS of a file, given its absolute path.
func Name(file string) string {
	name := strings.TrimPrefix(filepath.ToSlash(filepath.Clean(file)), "/")
	if name == "" {
		return "."
	}
	return name
}

// Path returns the absolute path of a name in FS, with or without a leading slash.
func Path(name string) string {
	name = strings.TrimPrefix(name, "/")
	if name == "." {
		name = ""
	}
	file := filepath.FromSlash(name)
	if filepath.VolumeName(file) == "" {
		file = string(filepath.Separator) + file
	}
	return file
}

// Permit allows a file below the roots that the user named, even if it is hidden.
func (f *FS) Permit(file string) { f.named[file] = true }

// find returns the folder that contains a file, and the file's path within it.
func (f *FS) find(file string) (*root, string, error) {
	reason := ErrOutside
	for _, r := range f.roots {
		rel, err := filepath.Rel(r.dir, file)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		parts := strings.Split(filepath.ToSlash(rel), "/")
		switch hidden := slices.ContainsFunc(parts, func(p string) bool { return p != "." && strings.HasPrefix(p, ".") }); {
		case r.allowed, f.named[file]:
			return r, rel, nil
		case hidden:
			reason = ErrHidden
		case r.flat && len(parts) > 1 && parts[0] != "cue.mod":
			reason = ErrPlainHome
		default:
			return r, rel, nil
		}
	}
	return nil, "", reason
}

// Read reads the regular file at an absolute path. Its error is an *fs.PathError.
func (f *FS) Read(file string) ([]byte, error) {
	data, err := f.read(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.record.Missed[Name(file)] = true
		return nil, &fs.PathError{Op: "read", Path: file, Err: Cause(err)}
	}
	if f.record.Opened[Name(file)] == "" {
		sum := sha256.Sum256(data)
		f.record.Opened[Name(file)] = hex.EncodeToString(sum[:])
	}
	return data, nil
}

func (f *FS) read(file string) ([]byte, error) {
	h, err := f.open(file, MaxBytes, ErrTooLarge)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	data, err := io.ReadAll(io.LimitReader(h, MaxBytes+1))
	if err == nil && len(data) > MaxBytes {
		err = ErrTooLarge
	}
	return data, err
}

// open opens a regular file of at most so many bytes; tooLarge is the error for a larger
// one.
func (f *FS) open(file string, most int64, tooLarge error) (*os.File, error) {
	r, rel, err := f.find(file)
	if err != nil {
		return nil, err
	}
	info, err := r.stat(rel)
	switch {
	case err != nil:
		return nil, err
	case info.Size() > most:
		return nil, tooLarge
	case !info.Mode().IsRegular():
		return nil, ErrIrregular
	}
	// Opening a pipe would wait for a writer; the file may have become one.
	h, err := r.handle.OpenFile(rel, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, escape(err)
	}
	if info, err = h.Stat(); err == nil && !info.Mode().IsRegular() {
		err = ErrIrregular
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// stat follows links within the folder.
func (r *root) stat(rel string) (fs.FileInfo, error) {
	info, err := r.handle.Stat(rel)
	return info, escape(err)
}

// escape replaces the error of os.Root for a path that leaves it.
func escape(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) && strings.Contains(e.Err.Error(), "escapes from parent") {
		return fmt.Errorf("%w: a link leads there", ErrOutside)
	}
	return err
}

// List returns the entries of the folder at an absolute path that may be read:
// regular files, folders, and links to them within the folder. A folder that
// cannot be listed has none.
func (f *FS) List(dir string) []fs.DirEntry {
	entries, _ := f.ReadDir(Name(dir))
	return entries
}

// ReadDir implements fs.ReadDirFS. It leaves out links that lead outside, devices,
// pipes and hidden files, because CUE opens every file of a folder that it lists.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	found := map[string]fs.DirEntry{}
	dir := Path(name)
	r, rel, err := f.find(dir)
	if err == nil {
		var entries []fs.DirEntry
		if entries, err = r.list(rel); err == nil {
			for _, e := range entries {
				_, inner, findErr := f.find(filepath.Join(dir, e.Name()))
				if findErr != nil {
					continue
				}
				info, statErr := r.stat(inner)
				if statErr == nil && (info.IsDir() || info.Mode().IsRegular()) {
					found[e.Name()] = fs.FileInfoToDirEntry(renamed{info, e.Name()})
				}
			}
		}
	}
	f.mu.Lock()
	f.record.Listed[name] = listing(found)
	f.mu.Unlock()
	for entry := range f.folders[name] {
		if info, statErr := f.Stat(path.Join(name, entry)); statErr == nil {
			found[entry] = fs.FileInfoToDirEntry(info)
		}
	}
	if err != nil && len(found) == 0 {
		return nil, &fs.PathError{Op: "readdir", Path: dir, Err: Cause(err)}
	}
	names := slices.Sorted(maps.Keys(found))
	entries := make([]fs.DirEntry, len(names))
	for i, n := range names {
		entries[i] = found[n]
	}
	return entries, nil
}

func (r *root) list(rel string) ([]fs.DirEntry, error) {
	info, err := r.stat(rel)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, errors.New("it is not a folder")
	}
	h, err := r.handle.Open(rel)
	if err != nil {
		return nil, escape(err)
	}
	defer h.Close()
	entries, err := h.ReadDir(maxEntries)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return entries, err
}

// Stat implements fs.StatFS.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := f.overlay[name]; ok {
		return memory{path.Base(name), int64(len(data)), false}, nil
	}
	file := Path(name)
	r, rel, err := f.find(file)
	var info fs.FileInfo
	if err == nil {
		info, err = r.stat(rel)
	}
	switch {
	case err == nil && (info.IsDir() || info.Mode().IsRegular()):
		return renamed{info, path.Base(name)}, nil
	case err == nil:
		err = ErrIrregular
	case f.folders[name] != nil || f.above(file):
		return memory{path.Base(name), 0, true}, nil
	}
	f.mu.Lock()
	f.record.Missed[name] = true
	f.mu.Unlock()
	return nil, &fs.PathError{Op: "stat", Path: file, Err: Cause(err)}
}

// above reports whether a folder contains one of the roots. CUE looks at the
// folders above a module, which exist but show nothing.
func (f *FS) above(dir string) bool {
	return slices.ContainsFunc(f.roots, func(r *root) bool { return within(dir, r.dir) })
}

// Open implements fs.FS.
func (f *FS) Open(name string) (fs.File, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := f.ReadDir(name)
		return &opened{info: info, entries: entries}, err
	}
	data, err := f.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &opened{info: info, Reader: strings.NewReader(string(data))}, nil
}

// ReadFile implements fs.ReadFileFS.
func (f *FS) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := f.overlay[name]; ok {
		return slices.Clone(data), nil
	}
	return f.Read(Path(name))
}

// opened is a file in memory, or a folder.
type opened struct {
	*strings.Reader
	info    fs.FileInfo
	entries []fs.DirEntry
}

func (o *opened) Stat() (fs.FileInfo, error) { return o.info, nil }
func (o *opened) Close() error               { return nil }

func (o *opened) Read(b []byte) (int, error) {
	if o.Reader == nil {
		return 0, &fs.PathError{Op: "read", Path: o.info.Name(), Err: errors.New("it is a folder")}
	}
	return o.Reader.Read(b)
}

func (o *opened) ReadDir(n int) ([]fs.DirEntry, error) {
	list := o.entries
	if n > 0 {
		if len(list) == 0 {
			return nil, io.EOF
		}
		list = list[:min(n, len(list))]
	}
	o.entries = o.entries[len(list):]
	return list, nil
}

// renamed is the file that a link leads to, under the name of the link.
type renamed struct {
	fs.FileInfo
	name string
}

func (r renamed) Name() string { return r.name }
