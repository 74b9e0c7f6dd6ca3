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
	if !ps.spread() || !ps.loops() {
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

// loops reports whether a file has a comprehension that loops over something whose
// order is not evidently that of one file.
func (p *packages) loops() bool {
	for _, inst := range p.all {
		once := declaredOnce(inst)
		found := false
		for _, f := range inst.Files {
			ast.Walk(f, func(n ast.Node) bool {
				if loop, ok := n.(*ast.ForClause); ok && !inOneFile(loop.Source, once) {
					found = true
				}
				return !found
			}, nil)
		}
		if found {
			return true
		}
	}
	return false
}

// inOneFile reports whether an expression is a list as written, or names a list or a
// struct of plain fields in a field that is declared once in its package.
func inOneFile(x ast.Expr, once map[string]ast.Expr) bool {
	switch x := written(x, once).(type) {
	case *ast.ListLit:
		return true
	case *ast.StructLit:
		_, plain := plainFields(x)
		return plain
	}
	return false
}

// written returns the literal that an expression is or names; nil if it is not known.
func written(x ast.Expr, once map[string]ast.Expr) ast.Expr {
	switch x := x.(type) {
	case *ast.Ident:
		return once[x.Name]
	case *ast.SelectorExpr:
		s, ok := written(x.X, once).(*ast.StructLit)
		name, _, err := ast.LabelName(x.Sel)
		if !ok || err != nil {
			return nil
		}
		fields, _ := plainFields(s)
		return fields[name]
	}
	return x
}

// plainFields returns the fields of a struct, and whether it has nothing else and no
// name twice; without that there are none.
func plainFields(s *ast.StructLit) (map[string]ast.Expr, bool) {
	fields := map[string]ast.Expr{}
	for _, d := range s.Elts {
		f, ok := d.(*ast.Field)
		if !ok {
			return nil, false
		}
		name, _, err := ast.LabelName(f.Label)
		if _, twice := fields[name]; twice || err != nil {
			return nil, false
		}
		fields[name] = f.Value
	}
	return fields, true
}

// declaredOnce returns the values of the fields at the top level of a package whose
// names no other field, let clause or variable of the package has.
func declaredOnce(inst *build.Instance) map[string]ast.Expr {
	times, values := map[string]int{}, map[string]ast.Expr{}
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if field, ok := d.(*ast.Field); ok {
				if name, _, err := ast.LabelName(field.Label); err == nil {
					values[name] = field.Value
				}
			}
		}
		ast.Walk(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Field:
				if name, _, err := ast.LabelName(n.Label); err == nil {
					times[name]++
				}
			case *ast.LetClause:
				times[n.Ident.Name]++
			case *ast.ForClause:
				for _, variable := range []*ast.Ident{n.Key, n.Value} {
					if variable != nil {
						times[variable.Name]++
					}
				}
			case *ast.Alias:
				times[n.Ident.Name]++
			}
			return true
		}, nil)
	}
	for name := range values {
		if times[name] != 1 {
			delete(values, name)
		}
	}
	return values
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
