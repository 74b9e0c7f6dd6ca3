// Package store keeps named objects where many machines reach them: in a folder that they
// share, in a bucket that speaks S3, or in memory for tests.
//
// A store needs no rename and no lock. All that it promises is that an object is seen
// whole or not at all, and that of all who put an object that is absent one succeeds.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Store keeps objects under names, which are paths with slashes. It may be used by
// several goroutines and processes at once.
type Store interface {
	// Put writes an object of so many bytes. It replaces an object of that name.
	Put(ctx context.Context, name string, from io.ReadSeeker, size int64) error
	// PutIfAbsent writes an object of so many bytes. The error wraps ErrExists if there
	// is an object of that name; it is then as it was.
	PutIfAbsent(ctx context.Context, name string, from io.ReadSeeker, size int64) error
	// Get opens an object. The error wraps ErrAbsent if there is none.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Range reads n bytes of an object, from an offset on. Fewer bytes are an error.
	Range(ctx context.Context, name string, at, n int64) ([]byte, error)
	// List lists the objects whose names begin with a prefix, in the order of their
	// names. It ends with the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Remove removes an object. There need not be one.
	Remove(ctx context.Context, name string) error
	// String is where the store is, for messages.
	String() string
}

// Object is an object of a list.
type Object struct {
	Name  string
	Bytes int64
}

// Errors of a store.
var (
	ErrExists = fs.ErrExist
	ErrAbsent = fs.ErrNotExist
	// ErrUnfit marks a store that cannot keep its promises, or an address that is none.
	ErrUnfit = errors.New("the store cannot be used")
)

// Open opens the store at an address: s3://BUCKET/PREFIX, or the path of a folder, also
// as file:///PATH. A folder is made when something is put in it.
func Open(address string) (Store, error) {
	scheme, _, found := strings.Cut(address, "://")
	switch {
	case address == "":
		return nil, fmt.Errorf("%w: no address was given", ErrUnfit)
	case !found:
		return openFolder(address)
	case scheme == "file":
		dir, err := parseFile(address)
		if err != nil {
			return nil, err
		}
		return openFolder(dir)
	case scheme == "s3":
		return openS3(address)
	}
	return nil, fmt.Errorf("%w: %s: the address must be s3://BUCKET/PREFIX or a folder", ErrUnfit, masked(address))
}

// parseFile returns the folder of an address file:///PATH, in which characters may be escaped.
func parseFile(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%w: %s: write file:///PATH, or the path alone", ErrUnfit, masked(address))
	}
	return u.Path, nil
}

// Absolute returns the address that means the same in any folder, and whether it is a folder.
func Absolute(address string) (absolute string, folder bool, err error) {
	scheme, _, found := strings.Cut(address, "://")
	switch {
	case found && scheme == "s3":
		return address, false, nil
	case found && scheme == "file":
		if address, err = parseFile(address); err != nil {
			return "", false, err
		}
	}
	absolute, err = filepath.Abs(address)
	return absolute, true, err
}

// openFolder opens the store in a folder, which need not be there yet.
func openFolder(dir string) (Store, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("%w: %s is not a folder, or in none", ErrUnfit, dir)
	}
	return Folder(dir), nil
}

// checkName refuses names that would leave the store.
func checkName(name string) error {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%w: %q is not the name of an object", ErrUnfit, name)
	}
	return nil
}

// ReadAll reads an object of at most so many bytes.
func ReadAll(ctx context.Context, s Store, name string, most int64) ([]byte, error) {
	in, err := s.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s: it has more than %d bytes", name, most)
	}
	return data, err
}
