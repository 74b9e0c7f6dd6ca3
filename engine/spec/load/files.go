package load

import (
	"cmp"
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
	"github.com/personagen/personagen/engine/internal/inputs"
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
	s := inModule(filepath.Dir(path))
	if !l.confine(at, &s) {
		return source{}, false
	}
	l.inputs.Permit(path)
	if _, err := l.inputs.Read(path); err != nil {
		l.list.Errorf(at, "no-file", "cannot be read: %v", inputs.Cause(err)).WithHint("%s", inputs.Hint(err))
		return source{}, false
	}
	s.files = []string{path}
	return s, true
}

// locateFolder finds the files of the only package in a folder.
func (l *loader) locateFolder(at diag.Place, dir string) (source, bool) {
	s := inModule(dir)
	if !l.confine(at, &s) {
		return source{}, false
	}
	packages := map[string][]string{}
	for _, e := range l.inputs.List(dir) {
		if name := e.Name(); !e.IsDir() && isSpecFile(name) {
			file := filepath.Join(dir, name)
			pkg := l.packageOf(file)
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
		s.files = packages[names[0]]
		return s, true
	}
	l.list.Errorf(at, "packages", "the folder contains several packages: %s", strings.Join(names, ", ")).
		WithHint("name a file, such as %s", l.shown(packages[names[0]][0]))
	return source{}, false
}

// confine opens the files that the spec may read: those of its module, unless the
// module is in a folder with files of the user or of others, else those of its
// folder; and those that the user allows.
func (l *loader) confine(at diag.Place, s *source) bool {
	var allowed []string
	for _, dir := range l.allowed {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(l.dir, dir)
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			l.list.Errorf(at, "allow-path", "%s, which --allow-path allows, is not a folder", dir)
			return false
		}
		allowed = append(allowed, dir)
	}
	if s.found && (inputs.Private(s.root) || inputs.Shared(s.root)) && !slices.ContainsFunc(allowed, func(dir string) bool { return follow(dir) == s.root }) {
		s.root, s.module, s.found = s.dir, "", false
	}
	var err error
	if l.inputs, err = inputs.New([]string{s.root, s.dir}, allowed); err != nil {
		l.list.Errorf(at, "no-file", "cannot be read: %v", inputs.Cause(err))
		return false
	}
	return true
}

func isSpecFile(name string) bool {
	return strings.HasSuffix(name, ".cue") && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_") &&
		!strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue")
}

func (l *loader) packageOf(file string) string {
	text, err := l.inputs.Read(file)
	if err != nil {
		return ""
	}
	f, err := parser.ParseFile(file, text, parser.PackageClauseOnly)
	if err != nil {
		return ""
	}
	return f.PackageName()
}

func (l *loader) noSuchFile(at diag.Place, path string, err error) {
	if !os.IsNotExist(err) {
		l.list.Errorf(at, "no-file", "cannot be read: %v", inputs.Cause(err))
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

// inModule looks for the module of a folder in the folders above it.
func inModule(folder string) source {
	s := source{dir: folder, root: folder}
	for dir := folder; ; dir = filepath.Dir(dir) {
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
	text, err := inputs.ReadModule(file)
	if err != nil {
		return "", false
	}
	f, err := parser.ParseFile(file, text)
	if err != nil {
		return "", true // CUE reports the fault
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
// real schema and explains faults better than CUE. The packs that a spec may import
// are those of personagen. No registry is contacted, and CUE reads no other files
// than those of inputs.
func (l *loader) instance(s source) *build.Instance {
	schemaDir := filepath.Join(s.root, "cue.mod", "pkg", filepath.FromSlash(schemas.ImportPath))
	if s.module+"/schemas" == schemas.ImportPath {
		schemaDir = filepath.Join(s.root, "schemas") // the spec is in personagen's own module
	}
	for name, text := range openSchema() {
		l.inputs.Overlay(filepath.Join(schemaDir, name), []byte(text))
	}
	l.overlayPacks(s.root)
	if !s.found {
		l.inputs.Overlay(filepath.Join(s.root, "cue.mod", "module.cue"),
			[]byte("module: \""+localModule+"\"\nlanguage: version: \"v0.17.0\"\n"))
	}
	names := make([]string, len(s.files))
	for i, file := range s.files {
		names[i] = "/" + inputs.Name(file)
	}
	inst := cueload.Instances(names, &cueload.Config{
		FS:         l.inputs,
		FromFSPath: inputs.Path,
		Dir:        "/" + inputs.Name(s.dir),
		ModuleRoot: "/" + inputs.Name(s.root),
		Env:        []string{"CUE_REGISTRY=none"},
		ParseFile:  vendored{l.inputs, inputs.Name(s.root), cmp.Or(s.module, localModule)}.parse,
	})[0]
	if inst.Module == "" { // CUE sets neither for file arguments; @embed needs both
		inst.Module, inst.Root = cmp.Or(s.module, localModule), s.root
	}
	return inst
}
