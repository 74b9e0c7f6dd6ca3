package load

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"github.com/personagen/personagen/engine/diag"
)

// Entry is an entry of a stanza of a spec, such as a table of the stanza "tables".
type Entry struct {
	Stanza, Name string
	Text         string // its value, in CUE
}

// Insert adds entries to the spec at path, a file or the folder of a package, and
// returns the new contents of the files that change. Everything else in the files stays
// as it is written. An entry is added to the end of its stanza, and to the list of the
// stanza in "order" if there is one. Nothing is written.
func Insert(path string, entries []Entry) (map[string][]byte, *diag.List) {
	faults := &diag.List{}
	at := diag.Place{File: path}
	files, err := cueFiles(path)
	if err != nil {
		faults.Errorf(at, "no-file", "%v", err)
		return nil, faults
	}
	var bodies []*body
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			faults.Errorf(at, "no-file", "%v", err)
			return nil, faults
		}
		file, err := parser.ParseFile(f, data, parser.ParseComments)
		if err != nil {
			faults.Errorf(at, "syntax", "%s cannot be parsed: %v", f, err).WithHint("personagen vet lists its faults")
			return nil, faults
		}
		bodies = append(bodies, bodiesOf(f, data, file)...)
	}
	main := slices.IndexFunc(bodies, func(b *body) bool { return len(b.fields("name")) > 0 })
	if main < 0 {
		faults.Errorf(at, "no-spec", "no spec is written in %s", path).WithHint("name the file or folder that contains its name and fields")
		return nil, faults
	}
	e := &editor{edits: map[string][]edit{}}
	for _, x := range entries {
		e.insert(bodies, bodies[main], x)
		e.list(bodies, x)
	}
	out := map[string][]byte{}
	for _, b := range bodies {
		if edits := e.edits[b.file]; edits != nil && out[b.file] == nil {
			out[b.file] = apply(b.data, edits)
		}
	}
	return out, faults
}

// cueFiles lists the .cue files of a spec.
func cueFiles(path string) ([]string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(real)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{real}, nil
	}
	list, err := os.ReadDir(real)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range list {
		if !f.IsDir() && isSpecFile(f.Name()) {
			files = append(files, filepath.Join(real, f.Name()))
		}
	}
	return files, nil
}

// body is a struct in which a file writes parts of the spec.
type body struct {
	file string
	data []byte
	list []ast.Decl
	end  int // offset of its closing brace, or of the end of the file
	top  bool
}

// bodiesOf finds the structs of #Spec in a file, or takes the file itself.
func bodiesOf(name string, data []byte, file *ast.File) []*body {
	var found []*body
	for _, d := range file.Decls {
		f, ok := d.(*ast.Field)
		if !ok || labelOf(f) != "#Spec" {
			continue
		}
		for _, s := range structsOf(f.Value) {
			b := &body{file: name, data: data, list: s.Elts, end: -1}
			if s.Rbrace.IsValid() {
				b.end = s.Rbrace.Offset()
			}
			found = append(found, b)
		}
	}
	if found == nil {
		found = []*body{{file: name, data: data, list: file.Decls, end: len(data), top: true}}
	}
	return found
}

// structsOf returns the structs of a value that may be unified with others.
func structsOf(x ast.Expr) []*ast.StructLit {
	switch x := x.(type) {
	case *ast.StructLit:
		return []*ast.StructLit{x}
	case *ast.BinaryExpr:
		return append(structsOf(x.X), structsOf(x.Y)...)
	case *ast.ParenExpr:
		return structsOf(x.X)
	}
	return nil
}

func labelOf(f *ast.Field) string {
	name, _, err := ast.LabelName(f.Label)
	if err != nil {
		return ""
	}
	return name
}

// fields returns the declarations of a name.
func (b *body) fields(name string) []*ast.Field {
	var found []*ast.Field
	for _, d := range b.list {
		if f, ok := d.(*ast.Field); ok && labelOf(f) == name {
			found = append(found, f)
		}
	}
	return found
}

type edit struct {
	at   int
	text string
}

type editor struct{ edits map[string][]edit }

func (e *editor) add(b *body, at int, text string) {
	e.edits[b.file] = append(e.edits[b.file], edit{at, text})
}

// insert adds an entry to the first stanza with braces, or else after the last
// declaration of the stanza, or else to the end of the spec.
func (e *editor) insert(bodies []*body, main *body, x Entry) {
	var last *ast.Field
	var in *body
	for _, b := range bodies {
		for _, f := range b.fields(x.Stanza) {
			for _, s := range structsOf(f.Value) {
				if s.Lbrace.IsValid() && s.Rbrace.IsValid() {
					e.beforeBrace(b, s.Rbrace.Offset(), x.Name+": "+x.Text)
					return
				}
			}
			last, in = f, b
		}
	}
	text := x.Stanza + ": " + x.Name + ": " + x.Text
	switch {
	case last != nil:
		at := last.End().Offset()
		e.add(in, at, "\n"+indented(text, indentAt(in.data, last.Pos().Offset())))
	case main.top || main.end < 0:
		lead := ""
		if len(main.data) > 0 && main.data[len(main.data)-1] != '\n' {
			lead = "\n"
		}
		if !main.top { // #Spec: name: "x"
			text = "#Spec: " + text
		}
		e.add(main, len(main.data), lead+indented(text, "")+"\n")
	default:
		e.beforeBrace(main, main.end, text)
	}
}

// list adds a name to the list of its stanza in "order".
func (e *editor) list(bodies []*body, x Entry) {
	for _, b := range bodies {
		for _, order := range b.fields("order") {
			for _, s := range structsOf(order.Value) {
				inner := &body{list: s.Elts}
				for _, f := range inner.fields(x.Stanza) {
					l, ok := f.Value.(*ast.ListLit)
					if !ok {
						continue
					}
					if n := len(l.Elts); n > 0 {
						e.add(b, l.Elts[n-1].End().Offset(), fmt.Sprintf(", %q", x.Name))
					} else {
						e.add(b, l.Rbrack.Offset(), fmt.Sprintf("%q", x.Name))
					}
					return
				}
			}
		}
	}
}

// beforeBrace adds a declaration as the last one before a closing brace.
func (e *editor) beforeBrace(b *body, at int, text string) {
	line := bytes.LastIndexByte(b.data[:at], '\n') + 1
	indent := indentAt(b.data, at)
	if strings.TrimSpace(string(b.data[line:at])) == "" { // the brace has its own line
		e.add(b, line, indented(text, indent+"\t")+"\n")
		return
	}
	e.add(b, at, "\n"+indented(text, indent+"\t")+"\n"+indent)
}

// indentAt returns the white space that begins the line of an offset.
func indentAt(data []byte, at int) string {
	line := data[bytes.LastIndexByte(data[:at], '\n')+1:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

func indented(text, indent string) string {
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent)
}

// apply makes edits, those at the same place in their order.
func apply(data []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Compare(a.at, b.at) })
	var out []byte
	from := 0
	for i, x := range edits {
		out = append(out, data[from:x.at]...)
		text := x.text
		// Of several declarations in the same one-line struct only the last is followed
		// by the indentation of the brace.
		if i+1 < len(edits) && edits[i+1].at == x.at && strings.HasPrefix(edits[i+1].text, "\n") {
			text = strings.TrimRight(text, "\n\t ")
		}
		out = append(out, text...)
		from = x.at
	}
	return append(out, data[from:]...)
}
