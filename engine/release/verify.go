package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// Damage lists, in the order of the manifest, the files of a release that are
// missing or not as the manifest says. The error is that the folder is no
// release, or the context's.
func Damage(ctx context.Context, dir string) ([]string, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUsage, err)
	}
	found := make([]string, len(m.Files), len(m.Files)+len(m.Unhashed))
	var g errgroup.Group
	g.SetLimit(2) // reading is what takes the time
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

// absence says whether a file that has no hash is missing, "" when it is there.
func absence(dir, name string) string {
	if !filepath.IsLocal(name) {
		return fmt.Sprintf("%s: the manifest names a file outside the release", name)
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

// damage says what is wrong with a file, "" when nothing is.
func damage(dir string, want ManifestFileRow) string {
	path := filepath.Join(dir, want.Name)
	if !filepath.IsLocal(want.Name) {
		return fmt.Sprintf("%s: the manifest names a file outside the release", want.Name)
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
	got, err := describeFile(dir, dataFile{name: want.Name})
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", path, err)
	case got.SHA256 != want.SHA256:
		return path + ": changed since it was written"
	}
	return ""
}
