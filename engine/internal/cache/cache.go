// Package cache stores results of costly work in files that later runs read. An
// entry is sealed with the SHA-256 of the problem that it solves and of its payload,
// so that a damaged entry, or one of another problem, is never used.
package cache

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/internal/inputs"
)

// head begins every entry and names the version of its form.
const head = "personagen cache 1\n"

// mostBytes is more than an entry has.
const mostBytes = 1 << 30

// ErrDamaged is the error of an entry that is not what was written.
var ErrDamaged = errors.New("the cache entry is damaged")

// Read returns the payload of the entry at path, nil when there is no entry. The
// error is ErrDamaged, or that of a file that cannot be read.
func Read(path, problem string) ([]byte, error) {
	data, err := inputs.ReadRegular(path, mostBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sealed, ok := bytes.CutPrefix(data, []byte(head))
	if !ok || len(sealed) <= sha256.Size {
		return nil, ErrDamaged
	}
	payload := sealed[sha256.Size:]
	if want := seal(problem, payload); !bytes.Equal(want[:], sealed[:sha256.Size]) {
		return nil, ErrDamaged
	}
	return payload, nil
}

// Write stores an entry, under a temporary name first. A caller may ignore its
// error: without the entry, the next run repeats the work.
func Write(path, problem string, payload []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".entry-*")
	if err != nil {
		return err
	}
	sum := seal(problem, payload)
	for _, part := range [][]byte{[]byte(head), sum[:], payload} {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// seal returns the hash of a problem and a payload. The hash of the problem has a
// fixed length, so that no part of one can pass for a part of the other.
func seal(problem string, payload []byte) [sha256.Size]byte {
	of := sha256.Sum256([]byte(problem))
	h := sha256.New()
	h.Write(of[:])
	h.Write(payload)
	return [sha256.Size]byte(h.Sum(nil))
}
