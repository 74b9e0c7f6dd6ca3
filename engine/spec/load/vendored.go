package load

import (
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// vendored finds packages in the cue.mod folder of a module. CUE v0.17 cannot import
// them from an fs.FS, because it knows no path of the folder on disk. It can import
// packages of the module itself, so the parser gives these imports the paths that
// they have as such.
type vendored struct {
	inputs *inputs.FS
	root   string // of the module, a name in inputs
	module string
}

// vendorFolders are the folders of packages of other modules, in the order of
// preference. CUE would merge a package that is in several of them.
var vendorFolders = []string{"cue.mod/pkg/", "cue.mod/usr/", "cue.mod/gen/"}

// parse is the parser that CUE's loader calls for each file.
func (v vendored) parse(name string, src any, cfg parser.Config) (*ast.File, error) {
	if text, ok := src.([]byte); ok {
		src = plaintext.NFCBytes(text)
	}
	f, err := parseGuarded(name, src, cfg)
	if f == nil {
		return f, err
	}
	for spec := range f.ImportSpecs() {
		if imported, quoteErr := strconv.Unquote(spec.Path.Value); quoteErr == nil {
			if found := v.find(imported); found != "" {
				spec.Path.Value = strconv.Quote(found)
			}
		}
	}
	return f, err
}

// find returns the path of an imported package within the module, or "" if it is not
// in cue.mod.
func (v vendored) find(imported string) string {
	dir, _, _ := strings.Cut(imported, ":")
	if dir == v.module || !strings.Contains(dir, ".") {
		return ""
	}
	if own, ok := strings.CutPrefix(dir, v.module+"/"); ok && v.isFolder(own) {
		return ""
	}
	for _, folder := range vendorFolders {
		if v.isFolder(path.Join(folder, dir)) {
			return v.module + "/" + folder + imported
		}
	}
	return ""
}

// isFolder reports whether there is a folder at a path within the module.
func (v vendored) isFolder(name string) bool {
	info, err := fs.Stat(v.inputs, path.Join(v.root, name))
	return err == nil && info.IsDir()
}

// vendoredPath matches the path of a package in cue.mod up to its own path.
var vendoredPath = regexp.MustCompile(`[^\s"]*/cue\.mod/(?:pkg|usr|gen)/`)

// importedText replaces paths of packages in cue.mod by those that the spec has.
func importedText(text string) string { return vendoredPath.ReplaceAllString(text, "") }

// importedPath returns the path of an import as the spec has it.
func importedPath(path string) string {
	for _, folder := range vendorFolders {
		if _, original, ok := strings.Cut(path, "/"+folder); ok {
			return original
		}
	}
	return path
}
