package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"

	"github.com/personagen/personagen/schemas"
)

// packages are the CUE packages that a spec is written in: the one that Load
// reads comes first, then the imported packages that define #Spec, so that a
// spec can refer to that of another package: `#Spec: other.#Spec`.
type packages struct {
	all     []*build.Instance
	imports map[*ast.ImportSpec]*build.Instance
	opened  bool // whether #Spec has been renamed
}

// packagesOf follows the imports of inst, except the schema.
func packagesOf(inst *build.Instance) *packages {
	p := &packages{imports: map[*ast.ImportSpec]*build.Instance{}}
	p.add(inst, map[*build.Instance]bool{})
	return p
}

func (p *packages) add(inst *build.Instance, seen map[*build.Instance]bool) {
	seen[inst] = true
	p.all = append(p.all, inst)
	for _, f := range inst.Files {
		for decl := range f.ImportSpecs() {
			path, err := strconv.Unquote(decl.Path.Value)
			dep := inst.LookupImport(path)
			if err != nil || path == schemas.ImportPath || dep == nil || !defines(dep, specDefinition) {
				continue
			}
			p.imports[decl] = dep
			if !seen[dep] {
				p.add(dep, seen)
			}
		}
	}
}

// selected returns the package whose definition x selects by name, as in
// other.#Spec, and nil when x is anything else.
func (p *packages) selected(x *ast.SelectorExpr, name string) *build.Instance {
	pkg, ok := x.X.(*ast.Ident)
	sel, isName := x.Sel.(*ast.Ident)
	if !ok || !isName || sel.Name != name {
		return nil
	}
	decl, _ := pkg.Node.(*ast.ImportSpec)
	return p.imports[decl]
}

func defines(inst *build.Instance, name string) bool {
	for _, f := range inst.Files {
		for _, d := range f.Decls {
			if isSpecField(d, name) {
				return true
			}
		}
	}
	return false
}

// names lists the names that an expression in the spec may refer to: fields of
// the spec and top-level fields of its packages.
func (p *places) names() []string {
	var names []string
	for key := range p.at {
		if name, rest, _ := strings.Cut(key, "\x00"); rest == "" {
			names = append(names, name)
		}
	}
	for _, inst := range p.packages.all {
		for _, f := range inst.Files {
			for _, d := range f.Decls {
				if field, ok := d.(*ast.Field); ok && !isSpecField(d, openedSpec) {
					if name, _, err := ast.LabelName(field.Label); err == nil {
						names = append(names, name)
					}
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// outOfScope says how to refer to a name that is declared outside the scope of
// the reference: in other braces of #Spec, or by let in another file.
func (p *places) outOfScope(name string) string {
	if p.packages.opened && len(p.at[name+"\x00"]) > 0 {
		return fmt.Sprintf("write %s.%s", specDefinition, name)
	}
	hint := ""
	for _, inst := range p.packages.all {
		for _, f := range inst.Files {
			ast.Walk(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.LetClause:
					if n.Ident.Name == name {
						hint = fmt.Sprintf("%s, at %s, is visible only in its own braces or file; declare a hidden field at the top level of a file instead", name, p.place(n.Pos()))
					}
				case *ast.Field:
					if id, ok := n.Label.(*ast.Ident); ok && id.Name == name && isHidden(id, name) {
						hint = fmt.Sprintf("%s, at %s, is visible only in its own braces; move it to the top level of its file", name, p.place(n.Pos()))
					}
				}
				return hint == ""
			}, nil)
		}
	}
	return hint
}
