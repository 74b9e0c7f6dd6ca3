package release

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// Verify compares the files of a release with its manifest. It returns one line
// for each file that is missing or was changed, in the order of the manifest,
// and nil when there is none. The error wraps ErrUsage when the folder is not a
// release, and is the context's when that ends.
func Verify(ctx context.Context, dir string) ([]string, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	found := make([]string, len(m.Files), len(m.Files)+len(m.Unhashed))
	var g errgroup.Group
	g.SetLimit(2) // reading dominates; more would only make the disk seek
	for i, want := range m.Files {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			found[i] = damage(dir, want)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, name := range m.Unhashed {
		found = append(found, absence(dir, name))
	}
	var list []string
	for _, text := range found {
		if text != "" {
			list = append(list, text)
		}
	}
	return list, nil
}

// absence reports a missing file that has no hash, or "" when it exists.
func absence(dir, name string) string {
	if !filepath.IsLocal(name) {
		return fmt.Sprintf("%s: the manifest names a path outside the release", name)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.IsNotExist(err) {
			return path + ": missing"
		}
		return fmt.Sprintf("%s: %v", path, err)
	}
	return ""
}

// damage compares a file with its row of the manifest and returns what differs, or
// "" when nothing does.
func damage(dir string, want File) string {
	path := filepath.Join(dir, want.Name)
	if !filepath.IsLocal(want.Name) {
		return fmt.Sprintf("%s: the manifest names a path outside the release", want.Name)
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return path + ": missing"
	case err != nil:
		return fmt.Sprintf("%s: %v", path, err)
	case info.Size() != want.Bytes:
		return fmt.Sprintf("%s: %d bytes, the manifest says %d", path, info.Size(), want.Bytes)
	}
	got, err := hashFile(dir, want.Name)
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", path, err)
	case got.SHA256 != want.SHA256:
		return path + ": changed since it was written"
	}
	return ""
}
