//go:build unix

package inputs

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a pipe without a writer would wait for ever.
func TestPipesAreRefused(t *testing.T) {
	_, own := folder(t)
	pipe := filepath.Join(own, "pipe.csv")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	f := open(t, own)
	if _, err := f.Read(pipe); !errors.Is(err, ErrIrregular) {
		t.Errorf("got error %v, want %v", err, ErrIrregular)
	}
	for _, e := range f.List(own) {
		if e.Name() == "pipe.csv" {
			t.Error("the pipe is listed")
		}
	}
}
