package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// output is a file that is being written. It counts the bytes, so an error can say
// how much was written, and returns its first error from every later call.
type output struct {
	file    *os.File
	path    string
	copy    io.Writer // also gets the bytes; nil for nothing
	regular bool      // not a device or a pipe
	written int64
	err     error
	closed  bool
	settled bool // complete or removed
}

func createOutput(path string, copy io.Writer) (*output, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, fmt.Errorf("cannot create the file: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot create the file: %w", err)
	}
	return &output{file: f, path: path, copy: copy, regular: info.Mode().IsRegular()}, nil
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.file.Write(p)
	o.written += int64(n)
	if err == nil && o.copy != nil {
		_, err = o.copy.Write(p)
	}
	return n, o.fail(err)
}

// fail keeps the first error, with an explanation.
func (o *output) fail(err error) error {
	if err == nil || o.err != nil {
		return o.err
	}
	name := filepath.Base(o.path)
	if IsDiskFull(err) {
		o.err = fmt.Errorf("%s: the disk is full after %d bytes; free some space or write to another folder: %w", name, o.written, err)
	} else {
		o.err = fmt.Errorf("%s: cannot write after %d bytes: %w", name, o.written, err)
	}
	return o.err
}

// close syncs and closes a complete file.
func (o *output) close() error {
	if o.closed {
		return errors.New(filepath.Base(o.path) + ": the file is already closed")
	}
	if o.err == nil && o.regular {
		o.fail(o.file.Sync())
	}
	o.closed = true
	o.fail(o.file.Close())
	o.settled = o.err == nil
	return o.err
}

// abort removes a file that was not completed. It does nothing otherwise.
func (o *output) abort() error {
	if o.settled {
		return nil
	}
	o.settled = true
	var err error
	if !o.closed {
		o.closed = true
		err = o.file.Close()
	}
	if o.regular {
		err = errors.Join(err, os.Remove(o.path))
	}
	return err
}
