package load

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"
)

// A spec is at the top level of its files or in the definition #Spec. A definition
// need not be concrete, so that plain `cue vet` passes although conditions are
// constraints, and it is closed, so that `cue vet` finds misspelt keys.
const specDefinition = "#Spec"

// openedSpec is the name of the definition while it is read. Under its own name it
// would be closed for the loader, too, and refuse the schema's defaults. The name is
// not hidden, because other packages refer to it.
const openedSpec = "PersonagenSpec"

// openDefinition renames the definition of a spec, and references to it, in files
// that CUE has parsed but not evaluated. It reports whether there is a definition.
func openDefinition(ps *packages) bool {
	if !defines(ps.all[0], specDefinition) {
		return false
	}
	ps.opened = true
	var rename func(ast.Node) bool
	rename = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // schemas.#Spec keeps its name
			if ps.selected(n, specDefinition) != nil {
				n.Sel.(*ast.Ident).Name = openedSpec
			}
			ast.Walk(n.X, rename, nil)
			return false
		case *ast.Ident:
			if n.Name == specDefinition {
				n.Name = openedSpec
			}
		}
		return true
	}
	for _, inst := range ps.all {
		for _, f := range inst.Files {
			ast.Walk(f, rename, nil)
		}
	}
	return true
}

// isSpecField reports whether d declares the definition of a spec under the given
// name.
func isSpecField(d ast.Decl, name string) bool {
	f, ok := d.(*ast.Field)
	if !ok {
		return false
	}
	id, ok := f.Label.(*ast.Ident)
	return ok && id.Name == name
}

// specValue returns the value of the opened definition, or root, which contains the
// error, if the evaluation failed.
func specValue(root cue.Value) cue.Value {
	if v := root.LookupPath(cue.MakePath(cue.Str(openedSpec))); v.Exists() {
		return v
	}
	return root
}

// outsideDefinition reports data beside the definition.
func (l *loader) outsideDefinition(inst *build.Instance) {
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if pos, ok := plainPart(d); ok && !isSpecField(d, openedSpec) {
				l.list.Errorf(l.place(pos), "outside", "this is outside the spec, which is in %s", specDefinition).
					WithHint("move it into the braces of %s, or make it a hidden field, such as _name", specDefinition)
			}
		}
	}
}

// otherDefinition reports, in files that contain only definitions and hidden
// fields, the definition that was probably meant to be #Spec.
func (l *loader) otherDefinition(inst *build.Instance) bool {
	var label *ast.Ident
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if _, ok := plainPart(d); ok {
				return false
			}
			if field, ok := d.(*ast.Field); ok && label == nil {
				if id, ok := field.Label.(*ast.Ident); ok && strings.HasPrefix(id.Name, "#") {
					label = id
				}
			}
		}
	}
	if label == nil {
		return false
	}
	l.list.Errorf(l.place(label.Pos()), "definition", "there is no spec: the file defines %s, not %s", label.Name, specDefinition).
		WithHint("rename the definition to %s, or write the spec without a definition", specDefinition)
	return true
}

// plainPart returns the position of a declaration that is data, as opposed to a
// definition or a hidden field.
func plainPart(d ast.Decl) (token.Pos, bool) {
	switch d := d.(type) {
	case *ast.EmbedDecl:
		return d.Pos(), true
	case *ast.Field:
		name, _, err := ast.LabelName(d.Label)
		return d.Pos(), err != nil || !isHidden(d.Label, name)
	case *ast.Comprehension, *ast.Ellipsis:
		return d.Pos(), true
	}
	return token.NoPos, false
}
