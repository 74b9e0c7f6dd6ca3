package load

import (
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/spec"
)

// dependsOnFileNames reports an order that is that of the files' names: a
// comprehension over a struct with fields in several files gives them in the order
// in which CUE reads the files. To find it, the spec is read again with its files in
// reverse order.
func (l *loader) dependsOnFileNames(ps *packages, src source, root *spec.Node) {
	if !ps.spread() || !ps.loopsOverFiles() {
		return
	}
	again := *l
	again.list, again.named, again.reported = diag.List{}, nil, map[string]bool{}
	inst := again.instance(src)
	reverseFiles(inst, map[*build.Instance]bool{})
	r, other := again.read(inst)
	if other == nil {
		return
	}
	r.order(other)
	if at, path, differs := difference(root, other, ""); differs {
		l.list.Errorf(at, "file-order", "%s: the order of its entries depends on the names of files, because a loop goes over fields that several files declare", path).
			WithHint("declare these fields in one file, or loop over a list of their names")
	}
}

// spread reports whether a package has several files.
func (p *packages) spread() bool {
	return slices.ContainsFunc(p.all, func(inst *build.Instance) bool { return len(inst.Files) > 1 })
}

// loopsOverFiles reports whether a package may loop over a struct with fields in
// several files: it has a loop, and an expression names such a struct or a package.
func (p *packages) loopsOverFiles() bool {
	return slices.ContainsFunc(p.all, func(inst *build.Instance) bool {
		spread, loop, named := spreadNames(inst), false, false
		var visit func(n ast.Node) bool
		visit = func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ForClause:
				loop = true
			case *ast.Field: // its label names nothing
				ast.Walk(n.Value, visit, nil)
				return false
			case *ast.SelectorExpr:
				ast.Walk(n.X, visit, nil)
				return false
			case *ast.ImportDecl, *ast.Package:
				return false
			case *ast.Ident:
				_, imported := n.Node.(*ast.ImportSpec)
				named = named || spread[n.Name] || imported && p.imports[n.Node.(*ast.ImportSpec)] != nil
			}
			return true
		}
		for _, f := range inst.Files {
			ast.Walk(f, visit, nil)
		}
		return loop && named
	})
}

// spreadNames returns the names of fields that several files of a package declare, at
// any depth. A struct with fields in several files has such a name, and so do the
// structs around it.
func spreadNames(inst *build.Instance) map[string]bool {
	names, file := map[string]bool{}, map[string]int{}
	var declare func(n ast.Node, path string, at int)
	declare = func(n ast.Node, path string, at int) {
		ast.Walk(n, func(n ast.Node) bool {
			if alias, ok := n.(*ast.Alias); ok {
				names[alias.Ident.Name] = true // of whatever it names
			}
			f, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			if alias, ok := f.Label.(*ast.Alias); ok {
				names[alias.Ident.Name] = true
			}
			if f.Alias != nil {
				names[f.Alias.Field.Name] = true
			}
			name, _, err := ast.LabelName(f.Label)
			if err != nil {
				return false // a computed label: no identifier can name it
			}
			inner := path + "\x00" + name
			if first, known := file[inner]; known && first != at {
				names[name] = true
			}
			file[inner] = at
			declare(f.Value, inner, at)
			return false
		}, nil)
	}
	for at, f := range inst.Files {
		declare(f, "", at)
	}
	return names
}

func reverseFiles(inst *build.Instance, seen map[*build.Instance]bool) {
	if inst == nil || seen[inst] {
		return
	}
	seen[inst] = true
	slices.Reverse(inst.Files)
	for _, dep := range inst.Imports {
		reverseFiles(dep, seen)
	}
}

// difference returns the first place where b differs from a, which may be nil.
func difference(a, b *spec.Node, path string) (at diag.Place, where string, differs bool) {
	if a == nil || b == nil {
		return diag.Place{}, path, a != b
	}
	same := a.Kind == b.Kind && a.String == b.String && a.Bool == b.Bool && a.Number == b.Number &&
		len(a.Items) == len(b.Items) && len(a.Fields) == len(b.Fields)
	if !same {
		return a.Place, path, true
	}
	for i := range a.Items {
		if at, where, differs := difference(a.Items[i], b.Items[i], path); differs {
			return at, where, true
		}
	}
	for i := range a.Fields {
		if a.Fields[i].Name != b.Fields[i].Name {
			return a.Place, path, true
		}
		inner := cue.Str(a.Fields[i].Name).String()
		if path != "" {
			inner = path + "." + inner
		}
		if at, where, differs := difference(a.Fields[i].Value, b.Fields[i].Value, inner); differs {
			return at, where, true
		}
	}
	return diag.Place{}, "", false
}
