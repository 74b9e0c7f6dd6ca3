package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/personagen/personagen/engine/journal"
)

// checkExport refuses, before anything is paid for, to export the answers to a
// folder that is not empty.
func (r *run) checkExport() error {
	dir := r.Writer.Export
	if dir == "" {
		return nil
	}
	switch entries, err := os.ReadDir(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w: the answers cannot be exported to %s: %v", ErrUsage, dir, err)
	case len(entries) > 0:
		return fmt.Errorf("%w: %s, the folder for the answers, is not empty; name another folder", ErrUsage, dir)
	}
	return nil
}

// export writes a journal of just the answers that the release has, in the order
// of its persons. With the spec, it is what a reader needs to make the release
// again. The folder appears when it is complete.
func (r *run) export() error {
	if r.model == nil || r.Writer.Export == "" {
		return nil
	}
	dir := filepath.Clean(r.Writer.Export)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".partial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(partial)
	to, err := journal.Open(partial, journal.Options{})
	if err != nil {
		return err
	}
	err = r.model.enricher.Export(r.ctx, r.readSource(), r.persons.First, r.persons.Count, to)
	if err = errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("export the answers: %w", err)
	}
	if runtime.GOOS == "windows" {
		os.Remove(dir) // Windows does not rename over an empty folder
	}
	return errors.Join(os.Chmod(partial, 0o755), os.Rename(partial, dir))
}
