package load

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/token"
)

// A spec stands at the top level of its files, or in the definition #Spec. In a
// definition nothing needs to be concrete, so that plain `cue vet` passes
// although conditions are constraints; and beside the schema it is closed, so
// that `cue vet` sees misspelt keys.
const specDefinition = "#Spec"

// openedSpec is the definition's name while it is read: as a definition it would
// be closed for the loader, too, and refuse the schema's defaults. It is not
// hidden, because other packages refer to it.
const openedSpec = "PersonagenSpec"

// openDefinition renames the definition of a spec, and references to it, in
// files that CUE has parsed but not yet evaluated. It reports whether there is one.
func openDefinition(ps *packages) bool {
	if !defines(ps.all[0], specDefinition) {
		return false
	}
	ps.opened = true
	var rename func(ast.Node) bool
	rename = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // schemas.#Spec stays
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

// isSpecField reports a declaration of the definition under the given name.
func isSpecField(d ast.Decl, name string) bool {
	f, ok := d.(*ast.Field)
	if !ok {
		return false
	}
	id, ok := f.Label.(*ast.Ident)
	return ok && id.Name == name
}

// specValue is the value of the opened definition; where the evaluation failed
// so that there is none, what it failed with.
func specValue(root cue.Value) cue.Value {
	if v := root.LookupPath(cue.MakePath(cue.Str(openedSpec))); v.Exists() {
		return v
	}
	return root
}

// outsideDefinition reports what stands beside the definition and not in it.
func (l *loader) outsideDefinition(inst *build.Instance) {
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if pos, ok := plainPart(d); ok && !isSpecField(d, openedSpec) {
				l.list.Errorf(l.place(pos), "outside", "stands outside the spec, which is in %s", specDefinition).
					WithHint("move it into the braces of %s, or make it a hidden field, such as _name", specDefinition)
			}
		}
	}
}

// otherDefinition looks for the definition that was meant to be #Spec in files
// that hold nothing but definitions and hidden fields.
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
	l.list.Errorf(l.place(label.Pos()), "definition", "no spec: there is %s, and no %s", label.Name, specDefinition).
		WithHint("call the definition that holds the spec %s, or write the spec without a definition", specDefinition)
	return true
}

// plainPart gives the place of a declaration that is data, not a helper.
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
