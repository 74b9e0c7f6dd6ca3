package cache

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzRead reads any bytes as an entry. Only what Write wrote for the problem is used.
func FuzzRead(f *testing.F) {
	payload := []byte("the payload of an entry")
	path := filepath.Join(f.TempDir(), "entry")
	if err := Write(path, "problem", payload); err != nil {
		f.Fatal(err)
	}
	written, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written, 0, byte(0))
	f.Add(written[:len(written)-1], 3, byte(1))
	f.Add([]byte(head), 0, byte(0))
	f.Add([]byte{}, 0, byte(0))
	f.Add(append(bytes.Clone(written), 0), 30, byte(4))
	f.Fuzz(func(t *testing.T, data []byte, at int, bits byte) {
		data = bytes.Clone(data)
		if at >= 0 && at < len(data) {
			data[at] ^= bits
		}
		path := filepath.Join(t.TempDir(), "entry")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path, "problem")
		switch {
		case err == nil && (!bytes.Equal(data, written) || !bytes.Equal(got, payload)):
			t.Errorf("%q is read as %q", data, got)
		case err != nil && !errors.Is(err, ErrDamaged):
			t.Errorf("got %v", err)
		}
		if _, err := Read(path, "another problem"); err == nil {
			t.Error("an entry is used for another problem")
		}
	})
}
