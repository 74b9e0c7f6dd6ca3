package inputs

import (
	"errors"
	"io/fs"
	"os"
)

// MaxStreamed is the size of the largest file that is read record by record.
const MaxStreamed = 64 << 30

// ErrHuge is the reason why a file is not read even record by record.
var ErrHuge = errors.New("it has more than 64 GB")

// OpenLarge opens the regular file at an absolute path to read it piece by piece. Its
// error is an *fs.PathError. The caller tells Opened what it read.
func (f *FS) OpenLarge(file string) (*os.File, error) {
	h, err := f.openLarge(file)
	if err != nil {
		f.mu.Lock()
		f.missed[Name(file)] = true
		f.mu.Unlock()
		return nil, &fs.PathError{Op: "read", Path: file, Err: Cause(err)}
	}
	return h, nil
}

func (f *FS) openLarge(file string) (*os.File, error) {
	r, rel, err := f.find(file)
	if err != nil {
		return nil, err
	}
	info, err := r.stat(rel)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrIrregular
	case info.Size() > MaxStreamed:
		return nil, ErrHuge
	}
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

// Opened records that a file was read, with the SHA-256 of its bytes in hex.
func (f *FS) Opened(file, sum string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opened[Name(file)] = sum
}
