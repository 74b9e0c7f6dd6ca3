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
	h, err := f.open(file, MaxStreamed, ErrHuge)
	if err != nil {
		f.mu.Lock()
		f.record.Missed[Name(file)] = true
		f.mu.Unlock()
		return nil, &fs.PathError{Op: "read", Path: file, Err: Cause(err)}
	}
	return h, nil
}

// Opened records that a file was read, with the SHA-256 of its bytes in hex.
func (f *FS) Opened(file, sum string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.record.Opened[Name(file)] = sum
}
