package load

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	cueload "cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/schemas"
)

// source is the files of a specification and the CUE module that contains them.
type source struct {
	dir    string   // folder of the files, symbolic links followed
	files  []string // absolute paths
	root   string   // module root; dir if there is no module
	module string   // module path; "" if there is no module, or its file cannot be parsed
	found  bool     // whether there is a module
}

// localModule is the path of the module that a spec outside any module is given.
const localModule = "spec.local"

// locate finds the files to read, or reports why there are none. Symbolic links are
// followed, because the module of a spec and the files that it names are where the
// spec really is.
func (l *loader) locate() (source, bool) {
	path := follow(l.absolute())
	at := diag.Place{File: l.shown(path)}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		l.noSuchFile(at, path, err)
		return source{}, false
	case info.IsDir():
		return l.locateFolder(at, path)
	case filepath.Ext(path) != ".cue":
		l.list.Errorf(at, "no-file", "a spec is a .cue file or a folder of .cue files")
		return source{}, false
	}
	return l.inModule(source{dir: filepath.Dir(path), files: []string{path}}), true
}

// locateFolder finds the files of the only package in a folder.
func (l *loader) locateFolder(at diag.Place, dir string) (source, bool) {
	packages := map[string][]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.noSuchFile(at, dir, err)
		return source{}, false
	}
	for _, e := range entries {
		if name := e.Name(); !e.IsDir() && isSpecFile(name) {
			file := filepath.Join(dir, name)
			pkg := packageOf(file)
			packages[pkg] = append(packages[pkg], file)
		}
	}
	names := make([]string, 0, len(packages))
	for name := range packages {
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) > 1 && names[0] == "" {
		names = names[1:] // as in CUE, files without a package clause do not belong to the package
	}
	switch len(names) {
	case 0:
		l.list.Errorf(at, "no-file", "the folder contains no .cue file").
			WithHint("name a .cue file, or a folder that contains the files of one package")
		return source{}, false
	case 1:
		return l.inModule(source{dir: dir, files: packages[names[0]]}), true
	}
	l.list.Errorf(at, "packages", "the folder contains several packages: %s", strings.Join(names, ", ")).
		WithHint("name a file, such as %s", l.shown(packages[names[0]][0]))
	return source{}, false
}

func isSpecFile(name string) bool {
	return strings.HasSuffix(name, ".cue") && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_") &&
		!strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue")
}

func packageOf(file string) string {
	f, err := parser.ParseFile(file, nil, parser.PackageClauseOnly)
	if err != nil {
		return ""
	}
	return f.PackageName()
}

func (l *loader) noSuchFile(at diag.Place, path string, err error) {
	if !os.IsNotExist(err) {
		l.list.Errorf(at, "no-file", "cannot be read: %v", plainError(err))
		return
	}
	d := l.list.Errorf(at, "no-file", "no such file or folder")
	entries, _ := os.ReadDir(filepath.Dir(path))
	var names []string
	for _, e := range entries {
		if e.IsDir() || isSpecFile(e.Name()) {
			names = append(names, e.Name())
		}
	}
	if near := diag.Guess(filepath.Base(path), names); near != "" {
		d.WithHint("did you mean %s?", l.shown(filepath.Join(filepath.Dir(path), near)))
	}
}

// plainError returns the reason in an error of the operating system, without the
// path.
func plainError(err error) error {
	if pe, ok := err.(*fs.PathError); ok {
		return pe.Err
	}
	return err
}

// inModule looks for the module of the files in the folders above them.
func (l *loader) inModule(s source) source {
	s.root = s.dir
	for dir := s.dir; ; dir = filepath.Dir(dir) {
		if module, ok := moduleAt(dir); ok {
			s.root, s.module, s.found = dir, module, true
			return s
		}
		if dir == filepath.Dir(dir) {
			return s
		}
	}
}

func moduleAt(dir string) (string, bool) {
	file := filepath.Join(dir, "cue.mod", "module.cue")
	f, err := parser.ParseFile(file, nil)
	if err != nil {
		_, statErr := os.Stat(file)
		return "", statErr == nil
	}
	for _, decl := range f.Decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		if name, _, err := ast.LabelName(field.Label); err != nil || name != "module" {
			continue
		}
		if lit, ok := field.Value.(*ast.BasicLit); ok {
			path, _ := strconv.Unquote(lit.Value)
			path, _, _ = strings.Cut(path, "@")
			return path, true
		}
	}
	return "", true
}

// instance loads the files. The schema that a spec may import is replaced, in
// memory, by one that accepts everything: the reader checks the spec against the
// real schema and explains faults better than CUE. No registry is contacted.
func (s source) instance() *build.Instance {
	overlay := map[string]cueload.Source{}
	schemaDir := filepath.Join(s.root, "cue.mod", "pkg", filepath.FromSlash(schemas.ImportPath))
	if s.module+"/schemas" == schemas.ImportPath {
		schemaDir = filepath.Join(s.root, "schemas") // the spec is in personagen's own module
	}
	for name, text := range openSchema() {
		overlay[filepath.Join(schemaDir, name)] = cueload.FromString(text)
	}
	if !s.found {
		overlay[filepath.Join(s.root, "cue.mod", "module.cue")] =
			cueload.FromString("module: \"" + localModule + "\"\nlanguage: version: \"v0.17.0\"\n")
	}
	inst := cueload.Instances(s.files, &cueload.Config{
		Dir:        s.dir,
		ModuleRoot: s.root,
		Overlay:    overlay,
		Env:        []string{"CUE_REGISTRY=none"},
		ParseFile:  parseGuarded,
	})[0]
	if inst.Module == "" { // CUE sets neither for file arguments; @embed needs both
		inst.Module, inst.Root = cmp.Or(s.module, localModule), s.root
	}
	return inst
}
