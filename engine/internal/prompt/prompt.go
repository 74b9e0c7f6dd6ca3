// Package prompt implements the templates of specs: Go's text/template with the
// functions of sprig whose results depend on their arguments alone. Parse returns
// a Template, or all its faults with line and column. It checks the names of
// fields and functions, so that an error does not appear only when some persona is
// written.
//
// Note: an action whose value is a number writes it in full (1234567, not
// 1.234567e+06), and one whose value is a list separates the items by ", ". Within
// printf and other functions Go's rules apply.
package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
)

// Template is a parsed template. It is safe for concurrent use.
type Template struct {
	name   string
	text   string
	exec   *template.Template
	fields []Reference
	parts  []Part          // nil unless plain
	root   *parse.ListNode // as written, for Compile
	idle   sync.Pool       // of *executor
}

// Reference is the first reference to a field. The field is a dotted path.
type Reference struct {
	Field  string
	Offset int // in bytes, from 0
}

// Part is a part of a plain template: a literal text, or the value of a field.
type Part struct {
	Text  string
	Field string // "" for a literal
}

// Fault is a fault of a template, found when it is parsed or executed. Offset
// counts bytes from 0, Line and Column (in bytes) from 1.
type Fault struct {
	Name                 string
	Offset, Line, Column int
	Message              string
	Hint                 string // what to do; may be ""
	Exhausted            bool   // a limit was exceeded: other persons will fare alike
}

// Error returns name:line:column: message.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.Name, f.Line, f.Column, f.Message)
}

// treeName is the tree's name within text/template. It is fixed, so that messages
// can be parsed whatever the template's name is.
const treeName = "prompt"

// Parse parses a template over the known fields. A known field may be a dotted
// path: "boss.name" allows {{ .boss.name }}, and "people.name" allows
// {{ range .people }}{{ .name }}{{ end }}. If known is nil, every field is
// accepted. Faults are in the order of the text. If there are any, the template is
// nil.
func Parse(name, text string, known []string) (*Template, []Fault) {
	tree, trees, err := parseTree(text)
	if err != nil {
		return nil, []Fault{syntaxFault(name, text, err)}
	}
	w := newWalker(text, known)
	for _, t := range trees {
		if t != tree {
			w.fault(int(t.Root.Position()), "write the text instead", "templates cannot be defined")
		}
	}
	w.list(tree.Root, value{known: true})
	if len(w.faults) > 0 {
		for i := range w.faults {
			w.faults[i].Name = name
		}
		slices.SortStableFunc(w.faults, func(a, b Fault) int { return a.Offset - b.Offset })
		return nil, w.faults
	}
	t := &Template{name: name, text: text, fields: w.fields, parts: plainParts(tree.Root), root: tree.Root.CopyList()}
	writeAsText(tree.Root)
	countSteps(tree.Root)
	exec, err := template.New(treeName).Funcs(functions).Funcs(template.FuncMap{stepName: func() string { return "" }}).Option("missingkey=error").AddParseTree(treeName, tree)
	if err != nil {
		return nil, []Fault{{Name: name, Line: 1, Column: 1, Message: err.Error()}}
	}
	t.exec = exec
	return t, nil
}

// References lists the fields that the template refers to, in the order of their
// first reference.
func (t *Template) References() []Reference { return t.fields }

// Fields lists the names in References.
func (t *Template) Fields() []string {
	names := make([]string, len(t.fields))
	for i, r := range t.fields {
		names[i] = r.Field
	}
	return names
}

// Plain returns the parts of a template that consists of literal text and
// {{ .field }} actions only. Writing the parts in order, values with AppendText, is
// equivalent to Execute.
func (t *Template) Plain() ([]Part, bool) { return t.parts, t.parts != nil }

// Execute writes the template for the given values: string, int64, float64,
// []string, or nested maps and lists of them for dotted paths. nil is written as
// nothing. An error of the template, which may be that it exceeds MaxSteps or
// MaxBytes, is a *Fault. The error is the context's once that is done.
func (t *Template) Execute(ctx context.Context, w io.Writer, values map[string]any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, _ := t.idle.Get().(*executor)
	if e == nil {
		e = newExecutor(t.exec)
	}
	e.budget.reset(ctx)
	err := e.template.Execute(&limitedWriter{w, MaxBytes}, values)
	t.idle.Put(e)
	if err == nil {
		return nil
	}
	if done := ctx.Err(); done != nil {
		return done
	}
	f := &Fault{Name: t.name, Line: 1, Column: 1, Message: err.Error()}
	if failed, ok := err.(template.ExecError); ok {
		f = executionFault(t.name, t.text, failed)
	} else if !exhausted(err) {
		return err // of the writer
	}
	if exhausted(err) {
		f.Exhausted = true
		f.Hint = "a template writes one short text per person; loop less and repeat less"
		for _, limit := range []error{errSteps, errBytes} {
			if errors.Is(err, limit) {
				f.Message = limit.Error()
			}
		}
	}
	return f
}

// AppendText appends a value as templates write it.
func AppendText(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return dst
	case string:
		return append(dst, v...)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case float64:
		return AppendFloat(dst, v)
	case []string:
		return append(dst, strings.Join(v, listSeparator)...)
	case []any:
		for i, item := range v {
			if i > 0 {
				dst = append(dst, listSeparator...)
			}
			dst = AppendText(dst, item)
		}
		return dst
	}
	return fmt.Append(dst, v)
}

const listSeparator = ", "

// AppendFloat appends a number with the fewest digits that identify it and without
// an exponent.
func AppendFloat(dst []byte, v float64) []byte {
	return strconv.AppendFloat(dst, v+0, 'f', -1, 64) // -0 + 0 is 0
}

// asText is the last function of every action's pipeline.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case map[string]any:
		return "", errRecord
	case []any:
		if slices.ContainsFunc(v, func(item any) bool { _, ok := item.(map[string]any); return ok }) {
			return "", errRecord
		}
	}
	return string(AppendText(nil, v)), nil
}

var errRecord = errors.New("a record cannot be written as a whole: write its fields, those of a list between {{ range }} and {{ end }}")

// plainParts returns the parts of a plain template, nil for other templates.
func plainParts(root *parse.ListNode) []Part {
	parts := []Part{}
	for _, n := range root.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			parts = append(parts, Part{Text: string(n.Text)})
		case *parse.ActionNode:
			field, ok := singleField(n.Pipe)
			if !ok {
				return nil
			}
			parts = append(parts, Part{Field: field})
		default:
			return nil
		}
	}
	return parts
}

func singleField(p *parse.PipeNode) (string, bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return "", false
	}
	f, ok := p.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(f.Ident) != 1 {
		return "", false
	}
	return f.Ident[0], true
}

// writeAsText appends asText to every pipeline that writes a value.
func writeAsText(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				name := parse.NewIdentifier(asTextName).SetPos(n.Pos)
				n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{name}})
			}
		case *parse.IfNode:
			writeAsText(n.List)
			writeAsText(n.ElseList)
		case *parse.RangeNode:
			writeAsText(n.List)
			writeAsText(n.ElseList)
		case *parse.WithNode:
			writeAsText(n.List)
			writeAsText(n.ElseList)
		}
	}
}

var executionError = regexp.MustCompile(`(?s)^template: ` + treeName + `:(\d+):(\d+): executing "` + treeName + `" at <(.*?)>: (.*)$`)

// executionFault converts an error of the executor to a fault.
func executionFault(name, text string, err error) *Fault {
	f := &Fault{Name: name, Line: 1, Column: 1, Message: err.Error()}
	m := executionError.FindStringSubmatch(err.Error())
	if m == nil {
		return f
	}
	line, _ := strconv.Atoi(m[1])
	column, _ := strconv.Atoi(m[2]) // counted from 0
	f.Offset = min(lineStart(text, line)+column, len(text))
	f.Line, f.Column = lineColumn(text, f.Offset)
	f.Message = fmt.Sprintf("%s: %s", m[3], m[4])
	switch {
	case strings.Contains(m[4], "wrong type for value"):
		f.Hint = "convert it: toString returns a text, int and float64 return numbers"
	case strings.Contains(m[4], "incompatible types for comparison"):
		f.Hint = "compare values of the same type: an integer with 5, another number with 5.0, a missing value with \"\""
	default:
		f.Hint = "correct the arguments, or test them first with {{ if … }}"
	}
	return f
}

// lineStart returns the offset of the first byte of a line, at most the length of
// the text.
func lineStart(text string, line int) int {
	at := 0
	for range line - 1 {
		next := strings.IndexByte(text[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return at
}

// lineColumn returns the line and the column, both from 1, columns in bytes.
func lineColumn(text string, offset int) (line, column int) {
	before := text[:offset]
	return 1 + strings.Count(before, "\n"), offset - strings.LastIndexByte(before, '\n')
}
