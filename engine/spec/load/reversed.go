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

// loops reports whether a file has a comprehension that loops.
func (p *packages) loops() bool {
	found := false
	for _, inst := range p.all {
		for _, f := range inst.Files {
			ast.Walk(f, func(n ast.Node) bool {
				_, loop := n.(*ast.ForClause)
				found = found || loop
				return !found
			}, nil)
		}
	}
	return found
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
