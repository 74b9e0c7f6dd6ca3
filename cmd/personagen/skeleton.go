package main

import (
	"embed"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/personagen/personagen/cue.mod/pkg/personagen.dev/packs"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/schemas"
)

// skeletonFiles holds the skeletons that a new spec can begin from: a folder for each,
// whose files become those of the spec. NAME and PACKAGE are placeholders.
//
//go:embed skeletons
var skeletonFiles embed.FS

// skeletons returns the names of the skeletons.
func skeletons() []string {
	entries, err := skeletonFiles.ReadDir("skeletons")
	if err != nil {
		panic(err) // the folder is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// knownSkeleton returns an error that lists the skeletons if there is none of the
// given name.
func knownSkeleton(name string) error {
	all := skeletons()
	if slices.Contains(all, name) {
		return nil
	}
	if near := diag.Guess(name, all); near != "" {
		return usagef("no skeleton %q: did you mean %q?", name, near)
	}
	return usagef("no skeleton %q: the skeletons are %s", name, strings.Join(all, ", "))
}

// writeSkeleton writes the package of a skeleton in a folder that must not exist yet:
// the spec's files, and a CUE module with the schema and the packs, so that CUE's own
// tools find them. It writes all files or none, and returns their number without those
// of the module.
func writeSkeleton(dir, skeleton string, names *strings.Replacer) (int, error) {
	if _, err := os.Lstat(dir); err == nil {
		return 0, usagef("%s already exists and was not changed; choose another name", dir)
	}
	files, err := skeletonContents(skeleton, names)
	if err != nil {
		return 0, err
	}
	own := len(files)
	module := "module: \"example.com/" + filepath.Base(dir) + "\"\nlanguage: version: \"v0.17.0\"\n"
	files["cue.mod/module.cue"] = []byte(module)
	if err := addFolder(files, schemas.Files, path.Join("cue.mod/pkg", schemas.ImportPath)); err != nil {
		return 0, err
	}
	if err := addFolder(files, packs.Files, path.Join("cue.mod/pkg", packs.ImportPath)); err != nil {
		return 0, err
	}
	parent := filepath.Dir(dir)
	temp, err := os.MkdirTemp(parent, ".new-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(temp) // nothing is left of it after the rename
	for name, text := range files {
		file := filepath.Join(temp, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, text, 0o644)); err != nil {
			return 0, err
		}
	}
	return own, errors.Join(os.Chmod(temp, 0o755), os.Rename(temp, dir))
}

// skeletonContents returns the files of a skeleton, with the placeholders replaced.
func skeletonContents(skeleton string, names *strings.Replacer) (map[string][]byte, error) {
	from, err := fs.Sub(skeletonFiles, path.Join("skeletons", skeleton))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	if err := addFolder(files, from, "."); err != nil {
		return nil, err
	}
	for name, text := range files {
		files[name] = []byte(names.Replace(string(text)))
	}
	return files, nil
}

// addFolder adds the files of a folder and of those in it, under another folder.
func addFolder(files map[string][]byte, from fs.FS, under string) error {
	return fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[path.Join(under, name)], err = fs.ReadFile(from, name)
		return err
	})
}
