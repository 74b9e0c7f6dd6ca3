package load

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/inject/embed"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// Options say how much a specification may cost to read.
type Options struct {
	// Limit is the time that reading and evaluating may take; 0 means 20 s.
	Limit time.Duration
	// MemoryLimit is the growth of the heap, in bytes, that evaluating may
	// cause; 0 means 1 GiB.
	MemoryLimit int64
	// Dir is the folder that a relative path starts from and that paths in
	// messages are relative to; "" means the working directory.
	Dir string
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

// Load reads the specification at path, a .cue file or a folder that holds the
// files of one package. The list is never nil; the Spec is nil when the list
// holds an error.
//
// CUE cannot be interrupted. When the time or memory limit is passed, or ctx is
// cancelled, Load returns at once with the reason, but the evaluation goes on
// behind it: the process should report and exit.
func Load(ctx context.Context, path string, o Options) (*spec.Spec, *diag.List) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, refusal(diag.Place{File: path}, "no-file", "the working directory cannot be read: "+err.Error())
	}
	l := &loader{path: path, dir: o.Dir, reported: map[string]bool{}}
	l.links = l.aliases()
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

type result struct {
	spec *spec.Spec
	list *diag.List
}

func refusal(at diag.Place, code, message string) *diag.List {
	l := &diag.List{}
	l.Errorf(at, code, "%s", message)
	return l
}

// loader reads one specification: files, then CUE, then nodes, then the Spec.
// Each step adds its faults to the list and stops the ones after it.
type loader struct {
	path  string  // as the user gave it
	dir   string  // absolute; messages are relative to it
	links []alias // for messages
	list  diag.List
	named []spec.File // that the spec names, in the order of reading

	reported map[string]bool // paths that CUE's errors have been reported for
}

func (l *loader) load() *spec.Spec {
	src, ok := l.locate()
	if !ok {
		return nil
	}
	inst := src.instance()
	l.files(inst)
	if l.list.Failed() || l.isEmpty(inst) {
		return nil
	}
	ps := packagesOf(inst)
	inDefinition := openDefinition(ps)
	if inDefinition {
		l.outsideDefinition(inst)
	}
	if l.list.Failed() || !inDefinition && l.otherDefinition(inst) {
		return nil
	}
	ctx := cuecontext.New(cuecontext.WithInjection(embed.New()))
	value := ctx.BuildInstance(inst)
	r := &reader{loader: l, ctx: ctx, model: newModel(ctx), places: indexPlaces(l, ps, inDefinition), stanzas: map[string]stanza{}}
	r.evaluation(value)
	if inDefinition {
		value = specValue(value)
	}
	root := r.node(value, r.model.definition("#Spec"), nil)
	r.order(root)
	if l.list.Failed() {
		return nil
	}
	r.agreesWithSchema(value)
	if l.list.Failed() {
		return nil
	}
	return l.decode(root, src)
}

// isEmpty reports a spec that says nothing.
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

// files reports what kept CUE from reading the files of an instance.
func (l *loader) files(inst *build.Instance) {
	if inst.Err != nil {
		l.fromCUE(inst.Err, nil)
	}
}

// agreesWithSchema asks CUE itself whether the spec meets the schema. The
// reader has said all that a person needs to know; this catches what it might
// not see.
func (r *reader) agreesWithSchema(value cue.Value) {
	err := value.Unify(r.model.value.LookupPath(cue.ParsePath("#Spec"))).Validate()
	if err != nil {
		r.fromCUE(err, r.places)
	}
}

// absolute is the path that the user gave, as an absolute one.
func (l *loader) absolute() string {
	if filepath.IsAbs(l.path) {
		return filepath.Clean(l.path)
	}
	return filepath.Join(l.dir, l.path)
}

// follow returns path with its symbolic links followed; path itself where that
// fails.
func follow(path string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		return to
	}
	return path
}

// alias is a file or folder by the name that the user knows it by.
type alias struct{ followed, given string }

// aliases lists the names that the user gave for what the loader knows by the
// names behind all symbolic links.
func (l *loader) aliases() []alias {
	given := l.absolute()
	list := []alias{{follow(given), given}}
	if dir := filepath.Dir(given); follow(dir) == filepath.Dir(list[0].followed) {
		list = append(list, alias{follow(dir), dir})
	}
	return append(list, alias{follow(l.dir), l.dir})
}

// shown is a file as messages name it: relative to the working directory where
// that is shorter, with slashes; without following the symbolic links in what the
// user gave.
func (l *loader) shown(file string) string {
	for _, a := range l.links {
		if rest, ok := strings.CutPrefix(file, a.followed); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
			file = a.given + rest
			break
		}
	}
	short := file
	for _, dir := range []string{l.dir, follow(l.dir)} {
		if rel, err := filepath.Rel(dir, file); err == nil && len(rel) < len(short) {
			short = rel
		}
	}
	return filepath.ToSlash(short)
}
