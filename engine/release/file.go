package release

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes a file under a temporary name, syncs and renames it, so a reader
// sees all of it or nothing, after a power loss too. It replaces an existing file.
func WriteFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// asJSON returns a function that writes v as an indented document.
func asJSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		data, err := json.MarshalIndent(v, "", " ")
		if err == nil {
			_, err = w.Write(append(data, '\n'))
		}
		return err
	}
}
