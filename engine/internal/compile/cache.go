package compile

import (
	"encoding/gob"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/internal/fit"
)

// fitVersion is raised when the fit of a problem changes, so that older cached fits
// are not used.
const fitVersion = 2

// readCached returns a cached fit, nil when there is none or it is damaged.
func readCached(path string) *fit.Result {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var r fit.Result
	if gob.NewDecoder(f).Decode(&r) != nil {
		return nil
	}
	return &r
}

// writeCached stores a fit under a temporary name and renames it. It ignores
// errors: a run does not need the cache.
func writeCached(path string, r *fit.Result) {
	if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), "fit-*")
	if err != nil {
		return
	}
	err = gob.NewEncoder(f).Encode(r)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
}
