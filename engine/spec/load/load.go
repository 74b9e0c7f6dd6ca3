package load

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/inject/embed"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/spec"
)

// Options configures Load. The zero value is ready to use.
type Options struct {
	// Limit is the longest time for reading and evaluating; 0 means 20 s.
	Limit time.Duration
	// MemoryLimit is the largest growth of the heap during the evaluation, in bytes;
	// 0 means 1 GiB.
	MemoryLimit int64
	// Dir is the folder that a relative path, and the paths in messages, are relative
	// to; "" means the working directory.
	Dir string
	// AllowPaths are folders, beside that of the spec or its CUE module, whose files
	// the spec may read.
	AllowPaths []string
}

func (o Options) withDefaults() (Options, error) {
	if o.Limit <= 0 {
		o.Limit = 20 * time.Second
	}
	if o.MemoryLimit <= 0 {
		o.MemoryLimit = 1 << 30
	}
	var err error
	if o.Dir == "" {
		o.Dir, err = os.Getwd()
	} else {
		o.Dir, err = filepath.Abs(o.Dir)
	}
	return o, err
}

// Load reads the spec at path and returns it, or every fault that it has. The path
// is that of a .cue file, or of a folder that contains the files of one package. The
// list is never nil, and may contain warnings; the Spec is nil if the list contains
// an error.
//
// CUE cannot be interrupted. If a limit is exceeded or ctx is cancelled, Load
// returns at once with the reason, but the evaluation continues in the background:
// the process should report the fault and exit.
func Load(ctx context.Context, path string, o Options) (*spec.Spec, *diag.List) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, refusal(diag.Place{File: path}, "no-file", "the working directory cannot be read: "+err.Error())
	}
	l := newLoader(path, o)
	read := func() result {
		s := l.load()
		l.list.Sort()
		return result{s, &l.list}
	}
	res, stopped := guarded(ctx, o, read)
	if stopped != nil {
		return nil, stopped.at(diag.Place{File: l.shown(l.absolute())})
	}
	if res.list.Failed() {
		return nil, res.list
	}
	return res.spec, res.list
}

// Origin returns the files that the spec at path may read, and a text that is the same
// as long as Load begins with the same files, may read the same folders and names
// files in messages in the same way. Files is nil if there is no spec at path. The
// caller closes it.
func Origin(path string, o Options) (files *inputs.FS, origin string) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, ""
	}
	l := newLoader(path, o)
	src, ok := l.locate()
	if !ok {
		if l.inputs != nil {
			l.inputs.Close()
		}
		return nil, ""
	}
	return l.inputs, fmt.Sprintf("%q", []any{src, l.path, l.links, l.allowed, l.inputs.Folders()})
}

func newLoader(path string, o Options) *loader {
	l := &loader{path: path, dir: o.Dir, realDir: follow(o.Dir), allowed: o.AllowPaths, reported: map[string]bool{}}
	l.links = l.aliases()
	return l
}

type result struct {
	spec *spec.Spec
	list *diag.List
}

func refusal(at diag.Place, code, message string) *diag.List {
	l := &diag.List{}
	l.Errorf(at, code, "%s", message)
	return l
}

// loader reads one spec in steps: files, CUE values, nodes, the Spec. Each step adds
// its faults to the list; if there are errors, the next step is not taken.
type loader struct {
	path    string      // as the user gave it
	dir     string      // absolute; messages are relative to it
	realDir string      // dir with its symbolic links followed
	links   []alias     // for messages
	allowed []string    // Options.AllowPaths
	inputs  *inputs.FS  // the files that the spec may read; nil until they are known
	list    diag.List   // faults so far
	named   []spec.File // files that the spec names, in the order of reading

	reported map[string]bool // paths of the CUE errors reported so far
}

func (l *loader) load() *spec.Spec {
	src, ok := l.locate()
	if !ok {
		return nil
	}
	inst := l.instance(src)
	l.files(inst)
	if l.list.Failed() || l.isEmpty(inst) {
		return nil
	}
	r, root := l.read(inst)
	if root == nil {
		return nil
	}
	r.order(root)
	if l.list.Failed() {
		return nil
	}
	r.agreesWithSchema(r.value)
	if !l.list.Failed() {
		l.dependsOnFileNames(r.places.packages, src, root)
	}
	if l.list.Failed() {
		return nil
	}
	s := l.decode(root, src)
	s.Dir = r.places.home
	return s
}

// read evaluates the files of an instance and reads the nodes of the spec in them.
// The root is nil if there is no spec in them.
func (l *loader) read(inst *build.Instance) (*reader, *spec.Node) {
	ps := packagesOf(inst)
	inDefinition := openDefinition(ps)
	if inDefinition {
		l.outsideDefinition(inst)
	}
	if l.list.Failed() || !inDefinition && l.otherDefinition(inst) {
		return nil, nil
	}
	ctx := cuecontext.New(cuecontext.WithInjection(embed.New()))
	value := ctx.BuildInstance(inst)
	r := &reader{loader: l, ctx: ctx, model: newModel(ctx), places: indexPlaces(l, ps, inDefinition), stanzas: map[string]stanza{}}
	r.evaluation(value)
	if inDefinition {
		value = specValue(value)
	}
	r.value = value
	return r, r.node(value, r.model.definition("#Spec"), nil)
}

// isEmpty reports whether the files contain no fields, and adds an error if so.
func (l *loader) isEmpty(inst *build.Instance) bool {
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			switch d.(type) {
			case *ast.Package, *ast.ImportDecl, *ast.CommentGroup, *ast.Attribute:
			default:
				return false
			}
		}
	}
	l.emptySpec()
	return true
}

// files reports the errors of reading and parsing the files of an instance.
func (l *loader) files(inst *build.Instance) {
	if inst.Err != nil {
		l.fromCUE(inst.Err, nil)
	}
}

// agreesWithSchema lets CUE check the spec against the schema. The reader has
// reported faults in better words; this finds those that it may have missed.
func (r *reader) agreesWithSchema(value cue.Value) {
	err := value.Unify(r.model.value.LookupPath(cue.ParsePath("#Spec"))).Validate()
	if err != nil {
		r.fromCUE(err, r.places)
	}
}

// absolute returns the absolute form of the path that the user gave. A ".." after a
// symbolic link is the folder above the one that the link names.
func (l *loader) absolute() string {
	path := l.path
	if !filepath.IsAbs(path) {
		path = l.dir + string(filepath.Separator) + path
	}
	clean := filepath.Clean(path)
	if !slices.Contains(strings.Split(filepath.ToSlash(path), "/"), "..") {
		return clean
	}
	if real := follow(path); real != path && real != follow(clean) {
		return real
	}
	if dir, name := filepath.Split(path); name != ".." { // of a file that does not exist
		if real := follow(dir); real != dir && real != follow(filepath.Dir(clean)) {
			return filepath.Join(real, name)
		}
	}
	return clean
}

// follow returns path with its symbolic links followed, or path itself if that
// fails.
func follow(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

// alias is the path that the user gave for a file or folder, beside the path with
// symbolic links followed.
type alias struct{ followed, given string }

// aliases returns the aliases of the spec, of its folder and of the working
// directory.
func (l *loader) aliases() []alias {
	given := l.absolute()
	list := []alias{{follow(given), given}}
	if dir := filepath.Dir(given); follow(dir) == filepath.Dir(list[0].followed) {
		list = append(list, alias{follow(dir), dir})
	}
	return append(list, alias{l.realDir, l.dir})
}

// shown returns the path of a file for messages: relative to the working directory
// if that is shorter, with slashes, and with the symbolic links that the user gave.
func (l *loader) shown(file string) string {
	for _, a := range l.links {
		if rest, ok := strings.CutPrefix(file, a.followed); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
			file = a.given + rest
			break
		}
	}
	short := file
	for _, dir := range []string{l.dir, l.realDir} {
		if rel, err := filepath.Rel(dir, file); err == nil && len(rel) < len(short) {
			short = rel
		}
	}
	return filepath.ToSlash(short)
}
