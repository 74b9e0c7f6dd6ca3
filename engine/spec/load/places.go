package load

import (
	"cmp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"

	"github.com/personagen/personagen/engine/diag"
)

// places knows where each path of the spec is written. CUE's own positions are
// those of a value's first part, which may be a label, a value or nothing.
type places struct {
	loader   *loader
	packages *packages
	first    string                   // the first file
	own      map[string]int           // files of the spec and their order, from 1
	at       map[string][]declaration // by path key
}

// declaration is one place where a path is given a value.
type declaration struct {
	label token.Pos // of the name; the value's for a list item
	value ast.Expr
}

// indexPlaces looks through the files of a spec, which is in the opened
// definition or at the top level.
func indexPlaces(l *loader, ps *packages, inDefinition bool) *places {
	p := &places{loader: l, packages: ps, own: map[string]int{}, at: map[string][]declaration{}}
	for _, inst := range ps.all {
		for _, f := range inst.Files {
			p.own[f.Filename] = len(p.own) + 1
		}
	}
	files := ps.all[0].Files
	p.first = files[0].Filename
	if inDefinition {
		p.definition(ps.all[0])
		return p
	}
	for _, f := range files {
		p.decls(nil, f.Decls)
	}
	return p
}

// definition indexes the opened definition of a package.
func (p *places) definition(inst *build.Instance) {
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if isSpecField(d, openedSpec) {
				p.inside(nil, d.(*ast.Field).Value)
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
			p.inside(path, d.Expr)
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
	p.inside(path, d.value)
}

func (p *places) inside(path []cue.Selector, x ast.Expr) {
	switch x := x.(type) {
	case *ast.StructLit:
		p.decls(path, x.Elts)
	case *ast.ParenExpr:
		p.inside(path, x.X)
	case *ast.BinaryExpr:
		if x.Op == token.AND {
			p.inside(path, x.X)
			p.inside(path, x.Y)
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

// pathKey identifies a path; labels may hold any character but never end one
// with a zero byte of their own because CUE refuses it in source text.
func pathKey(path []cue.Selector) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteString(s.String())
		b.WriteByte(0)
	}
	return b.String()
}

// only returns the declaration of a path that has exactly one.
func (p *places) only(path []cue.Selector) (declaration, bool) {
	if d := p.at[pathKey(path)]; len(d) == 1 {
		return d[0], true
	}
	return declaration{}, false
}

// name is the place of a path's label.
func (p *places) name(path []cue.Selector, v cue.Value) diag.Place {
	if d := p.at[pathKey(path)]; len(d) > 0 {
		return p.place(d[0].label)
	}
	return p.place(v.Pos())
}

// value is the place of what stands behind a path's label.
func (p *places) value(path []cue.Selector, v cue.Value) diag.Place {
	if d, ok := p.only(path); ok {
		return p.place(d.value.Pos())
	}
	return p.name(path, v)
}

// inFileOrder sorts fields as they are written. CUE's own order is that of the
// alphabet for fields that different structs give.
func (p *places) inFileOrder(path []cue.Selector, fields []field) {
	where := func(f field) token.Pos {
		if d := p.at[pathKey(append(path[:len(path):len(path)], f.label))]; len(d) > 0 {
			return d[0].label
		}
		return f.value.Pos()
	}
	positions := make(map[cue.Selector]token.Pos, len(fields))
	for _, f := range fields {
		pos := where(f)
		if !pos.IsValid() || p.own[pos.Filename()] == 0 {
			return // from another package, whose order we do not know
		}
		positions[f.label] = pos
	}
	slices.SortStableFunc(fields, func(a, b field) int {
		x, y := positions[a.label], positions[b.label]
		return cmp.Or(cmp.Compare(p.own[x.Filename()], p.own[y.Filename()]), cmp.Compare(x.Offset(), y.Offset()))
	})
}

// place turns CUE's position into ours; one without a file is the whole spec.
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
