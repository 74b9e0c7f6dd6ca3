package load

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/schemas"
)

// packages are the CUE packages of a spec: first the one that Load reads, then the
// imported packages that define #Spec, because a spec can refer to that of another
// package: `#Spec: other.#Spec`.
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
			if err != nil || importedPath(path) == schemas.ImportPath || dep == nil || !defines(dep, specDefinition) {
				continue
			}
			p.imports[decl] = dep
			if !seen[dep] {
				p.add(dep, seen)
			}
		}
	}
}

// selected returns the package of a selector such as other.#Spec if its name is the
// given one, and nil for other selectors.
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

// declared returns the names that an expression in a package may refer to, with the
// places of their declarations: the fields of the spec and the top-level fields of
// the package.
func (p *places) declared(inst *build.Instance) map[string]diag.Place {
	names := map[string]diag.Place{}
	for key, d := range p.at {
		if name, rest, _ := strings.Cut(key, "\x00"); rest == "" {
			names[name] = p.place(d[0].label)
		}
	}
	for _, f := range inst.Files {
		eachTopField(f, func(label *ast.Ident) {
			if label.Name != openedSpec {
				names[label.Name] = p.place(label.Pos())
			}
		})
	}
	return names
}

func eachTopField(f *ast.File, visit func(label *ast.Ident)) {
	for _, d := range f.Decls {
		if field, ok := d.(*ast.Field); ok {
			if id, ok := field.Label.(*ast.Ident); ok {
				visit(id)
			}
		}
	}
}

// packageAt returns the package of a file, given its path as in messages.
func (p *places) packageAt(file string) *build.Instance {
	for _, inst := range p.packages.all {
		for _, f := range inst.Files {
			if p.loader.shown(f.Filename) == file {
				return inst
			}
		}
	}
	return p.packages.all[0]
}

// outOfScope returns a hint for a name that is declared where the reference cannot
// see it: in other braces of #Spec, by let in another file, or in a file of the
// package that was not loaded. It is "" for other names.
func (p *places) outOfScope(name string, inst *build.Instance) string {
	if p.packages.opened && len(p.at[name+"\x00"]) > 0 {
		return fmt.Sprintf("write %s.%s", specDefinition, name)
	}
	hint := ""
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
	if hint == "" {
		hint = p.notLoaded(name, inst)
	}
	return hint
}

// notLoaded returns a hint for a name that is declared in a file of the package that
// was not loaded, because the user named only one of its files; otherwise "".
func (p *places) notLoaded(name string, inst *build.Instance) string {
	dir := filepath.Dir(p.first)
	hint := ""
	for _, e := range p.loader.inputs.List(dir) {
		file := filepath.Join(dir, e.Name())
		if inst.PkgName == "" || inst != p.packages.all[0] || p.own[file] || !isSpecFile(e.Name()) || p.loader.packageOf(file) != inst.PkgName {
			continue
		}
		text, err := p.loader.inputs.Read(file)
		if err != nil {
			continue
		}
		f, err := parser.ParseFile(file, text)
		if err != nil {
			continue
		}
		eachTopField(f, func(label *ast.Ident) {
			if label.Name == name && hint == "" {
				hint = fmt.Sprintf("%s is declared at %s, in a file of the package that is not loaded; name the folder instead: %s", name, p.place(label.Pos()), p.loader.shown(dir))
			}
		})
	}
	return hint
}
