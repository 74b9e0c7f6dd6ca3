//go:build unix

package cache

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipe: an entry that is a pipe is an error, and not waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "entry")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Read(path, "problem"); err == nil {
		t.Error("a pipe was read")
	}
	if err := Write(path, "problem", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path, "problem"); err != nil || string(got) != "x" {
		t.Errorf("got %q and %v", got, err)
	}
}
