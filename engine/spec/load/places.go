package load

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
)

// places is an index of where each path of the spec is written. The position that
// CUE has for a value is that of its first part, which may be a label, a value or
// nothing.
type places struct {
	loader   *loader
	packages *packages
	first    string                   // first file
	home     string                   // folder that the names of files are relative to
	own      map[string]bool          // files of the spec
	at       map[string][]declaration // by path key
}

// declaration is one place where a path has a value.
type declaration struct {
	label token.Pos // of the name; of the value, for a list item
	value ast.Expr
}

// indexPlaces indexes the files of a spec, which is in the opened definition or at
// the top level.
func indexPlaces(l *loader, ps *packages, inDefinition bool) *places {
	p := &places{loader: l, packages: ps, own: map[string]bool{}, at: map[string][]declaration{}}
	for _, inst := range ps.all {
		for _, f := range inst.Files {
			p.own[f.Filename] = true
		}
	}
	files := ps.all[0].Files
	p.first = files[0].Filename
	if inDefinition {
		p.definition(ps.all[0])
	} else {
		for _, f := range files {
			p.decls(nil, f.Decls)
		}
	}
	p.home = p.folderOfName()
	return p
}

// folderOfName returns the folder of the file that gives the spec its name. A file
// that only refers to the spec of a package in another folder, as in
// `#Spec: other.#Spec`, thus makes the same documents as the package itself.
func (p *places) folderOfName() string {
	for _, d := range p.at[pathKey([]cue.Selector{cue.Str("name")})] {
		if file := d.label.Filename(); file != "" {
			return filepath.Dir(file)
		}
	}
	return filepath.Dir(p.first)
}

// definition indexes the opened definition of a package.
func (p *places) definition(inst *build.Instance) {
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if isSpecField(d, openedSpec) {
				p.index(nil, d.(*ast.Field).Value)
			}
		}
	}
}

func (p *places) decls(path []cue.Selector, decls []ast.Decl) {
	for _, d := range decls {
		switch d := d.(type) {
		case *ast.Field:
			if name, _, err := ast.LabelName(d.Label); err == nil && !isHidden(d.Label, name) {
				p.add(append(path[:len(path):len(path)], cue.Str(name)), declaration{d.Label.Pos(), d.Value})
			}
		case *ast.EmbedDecl:
			p.index(path, d.Expr)
		}
	}
}

func isHidden(label ast.Label, name string) bool {
	_, ident := label.(*ast.Ident)
	return ident && (strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#"))
}

func (p *places) add(path []cue.Selector, d declaration) {
	key := pathKey(path)
	p.at[key] = append(p.at[key], d)
	p.index(path, d.value)
}

func (p *places) index(path []cue.Selector, x ast.Expr) {
	switch x := x.(type) {
	case *ast.StructLit:
		p.decls(path, x.Elts)
	case *ast.ParenExpr:
		p.index(path, x.X)
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			p.index(path, x.X)
			p.index(path, x.Y)
		}
	case *ast.SelectorExpr:
		if inst := p.packages.selected(x, openedSpec); inst != nil && len(path) == 0 {
			p.definition(inst)
		}
	case *ast.ListLit:
		for i, item := range x.Elts {
			p.add(append(path[:len(path):len(path)], cue.Index(i)), declaration{item.Pos(), item})
		}
	}
}

// pathKey returns a string that identifies a path. Its elements end in a zero byte,
// which CUE does not allow in source text.
func pathKey(path []cue.Selector) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteString(s.String())
		b.WriteByte(0)
	}
	return b.String()
}

// only returns the declaration of a path if there is exactly one.
func (p *places) only(path []cue.Selector) (declaration, bool) {
	if d := p.at[pathKey(path)]; len(d) == 1 {
		return d[0], true
	}
	return declaration{}, false
}

// name returns the place of a path's label.
func (p *places) name(path []cue.Selector, v cue.Value) diag.Place {
	if d := p.at[pathKey(path)]; len(d) > 0 {
		return p.place(d[0].label)
	}
	return p.place(v.Pos())
}

// value returns the place of a path's value.
func (p *places) value(path []cue.Selector, v cue.Value) diag.Place {
	if d, ok := p.only(path); ok {
		return p.place(d.value.Pos())
	}
	return p.name(path, v)
}

// sort puts fields in the order of a file that contains all of them, and reports
// whether there is exactly one such order. If not, it sorts them by name, so that
// their order does not depend on the names of files. CUE's own order is alphabetical
// for fields from different structs.
func (p *places) sort(path []cue.Selector, fields []field) bool {
	if len(fields) < 2 {
		return true
	}
	positions := make([]map[string]token.Pos, len(fields)) // by file, of each field
	for i, f := range fields {
		positions[i] = p.labels(append(path[:len(path):len(path)], f.label), f.value)
		if len(positions[i]) == 0 {
			return true // computed: only CUE knows the order
		}
	}
	var order []field
	for file := range positions[0] {
		inFile, ok := p.sortedIn(file, fields, positions)
		if ok && order != nil && !slices.EqualFunc(order, inFile, sameLabel) {
			order = nil
			break
		}
		if ok {
			order = inFile
		}
	}
	if order == nil {
		slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name(), b.name()) })
		return false
	}
	copy(fields, order)
	return true
}

// labels returns, by file, the first position of a path's label.
func (p *places) labels(path []cue.Selector, v cue.Value) map[string]token.Pos {
	found := map[string]token.Pos{}
	for _, d := range p.at[pathKey(path)] {
		if name := d.label.Filename(); !found[name].IsValid() {
			found[name] = d.label
		}
	}
	if pos := v.Pos(); len(found) == 0 && pos.IsValid() {
		found[pos.Filename()] = pos
	}
	return found
}

// sortedIn returns the fields in the order of a file, and false if the file lacks one
// of them.
func (p *places) sortedIn(file string, fields []field, positions []map[string]token.Pos) ([]field, bool) {
	offsets := make(map[cue.Selector]int, len(fields))
	for i, f := range fields {
		pos, ok := positions[i][file]
		if !ok {
			return nil, false
		}
		offsets[f.label] = pos.Offset()
	}
	sorted := slices.Clone(fields)
	if p.own[file] { // CUE has the order of other files
		slices.SortStableFunc(sorted, func(a, b field) int { return cmp.Compare(offsets[a.label], offsets[b.label]) })
	}
	return sorted, true
}

func sameLabel(a, b field) bool { return a.label == b.label }

// place converts a position of CUE. One without a file becomes the whole spec.
func (p *places) place(pos token.Pos) diag.Place {
	if !pos.IsValid() || pos.Filename() == "" {
		return diag.Place{File: p.loader.shown(p.first)}
	}
	return p.loader.place(pos)
}

func (l *loader) place(pos token.Pos) diag.Place {
	if !pos.IsValid() {
		return diag.Place{File: l.shown(l.absolute())}
	}
	at := pos.Position()
	return diag.Place{File: l.shown(at.Filename), Line: at.Line, Column: at.Column}
}
