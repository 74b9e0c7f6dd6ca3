package prompt

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
)

// value is what the walker knows of a value without executing the template: the
// path of the field that it comes from, or nothing, as for the result of a
// function. The root is the known value with the empty path.
type value struct {
	path  string
	known bool
}

func (v value) isRoot() bool { return v.known && v.path == "" }

// variable is a template variable in scope.
type variable struct {
	name string
	value
}

// walker follows dot and the variables through a parse tree, as the executor does,
// and records every field and every fault.
type walker struct {
	text   string
	any    bool            // every field is accepted
	leaves map[string]bool // known paths
	inner  map[string]bool // proper prefixes of known paths
	names  []string        // known paths, for suggestions
	scope  []variable
	fields []Reference
	faults []Fault
}

func newWalker(text string, known []string) *walker {
	w := &walker{text: text, any: known == nil, leaves: map[string]bool{}, inner: map[string]bool{}, names: known}
	for _, path := range known {
		w.leaves[path] = true
		for i, r := range path {
			if r == '.' {
				w.inner[path[:i]] = true
			}
		}
	}
	return w
}

func (w *walker) fault(at int, hint, format string, args ...any) {
	line, column := lineColumn(w.text, at)
	w.faults = append(w.faults, Fault{Offset: at, Line: line, Column: column, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// list walks the nodes of a list with the given dot. Variables that it declares go
// out of scope at its end.
func (w *walker) list(list *parse.ListNode, dot value) {
	if list == nil {
		return
	}
	depth := len(w.scope)
	for _, n := range list.Nodes {
		w.node(n, dot)
	}
	w.scope = w.scope[:depth]
}

func (w *walker) node(n parse.Node, dot value) {
	switch n := n.(type) {
	case *parse.ActionNode:
		w.assign(n.Pipe, w.pipe(n.Pipe, dot))
	case *parse.IfNode:
		w.branch(&n.BranchNode, dot, func(value) value { return dot })
	case *parse.WithNode:
		w.branch(&n.BranchNode, dot, func(v value) value { return v })
	case *parse.RangeNode:
		// The path of an item is that of the list.
		w.branch(&n.BranchNode, dot, func(v value) value { return v })
	case *parse.TemplateNode:
		w.fault(int(n.Position()), "write the text instead", "templates cannot be nested")
	}
}

// branch walks if, with and range; dotIn returns dot within the first list.
func (w *walker) branch(n *parse.BranchNode, dot value, dotIn func(value) value) {
	depth := len(w.scope)
	v := w.pipe(n.Pipe, dot)
	if n.NodeType == parse.NodeRange && len(n.Pipe.Decl) == 2 && !n.Pipe.IsAssign {
		w.declare(n.Pipe.Decl[0], value{}) // the index
		w.declare(n.Pipe.Decl[1], v)
	} else {
		w.assign(n.Pipe, v)
	}
	w.list(n.List, dotIn(v))
	w.list(n.ElseList, dot)
	w.scope = w.scope[:depth]
}

// assign gives a pipeline's variables its value. A variable that is set again
// becomes unknown, because that may happen in a branch.
func (w *walker) assign(p *parse.PipeNode, v value) {
	for _, d := range p.Decl {
		if !p.IsAssign {
			w.declare(d, v)
			continue
		}
		for i := range w.scope {
			if w.scope[i].name == d.Ident[0] {
				w.scope[i].value = value{}
			}
		}
	}
}

func (w *walker) declare(d *parse.VariableNode, v value) {
	w.scope = append(w.scope, variable{d.Ident[0], v})
}

// pipe walks a pipeline; its value is known if it is a single operand.
func (w *walker) pipe(p *parse.PipeNode, dot value) value {
	var v value
	for i, c := range p.Cmds {
		v = w.command(c, dot, i > 0)
	}
	if v.isRoot() {
		w.fault(int(p.Position()), "name a field", "a template cannot use the whole row")
		return value{}
	}
	if len(p.Cmds) > 1 {
		return value{}
	}
	return v
}

// command walks a command; piped means that it gets one more argument.
func (w *walker) command(c *parse.CommandNode, dot value, piped bool) value {
	if id, ok := c.Args[0].(*parse.IdentifierNode); ok {
		for _, a := range c.Args[1:] {
			if w.operand(a, dot).isRoot() {
				w.fault(int(a.Position()), "name a field", "a template cannot use the whole row")
			}
		}
		args := len(c.Args) - 1
		if piped {
			args++
		}
		w.call(id, args)
		return value{}
	}
	v := w.operand(c.Args[0], dot)
	for _, a := range c.Args[1:] {
		w.operand(a, dot)
	}
	if piped || len(c.Args) > 1 {
		w.fault(w.start(c.Args[0]), "start with a function", "%s is a value, not a function, and takes no arguments", c.Args[0])
		return value{}
	}
	return v
}

// call checks a function's name and number of arguments.
func (w *walker) call(id *parse.IdentifierNode, args int) {
	low, high, ok := arity(id.Ident)
	at := int(id.Position())
	switch {
	case !ok && excluded(id.Ident):
		w.fault(at, "see the list of functions", "function %q is not allowed: a text must depend on the persona alone and be the same every time", id.Ident)
	case !ok:
		hint := "see the list of functions"
		if g := diag.Guess(id.Ident, Functions()); g != "" {
			hint = fmt.Sprintf("did you mean %q?", g)
		}
		w.fault(at, hint, "no function is called %q", id.Ident)
	case args < low && high < 0:
		w.fault(at, "", "%s takes at least %s, got %d", id.Ident, arguments(low), args)
	case args < low || high >= 0 && args > high:
		w.fault(at, "", "%s takes %s, got %d", id.Ident, arguments(low), args)
	}
}

func arguments(n int) string { return humanize.Count(n, "argument", "arguments") }

// operand walks one operand and returns what is known of its value.
func (w *walker) operand(n parse.Node, dot value) value {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return w.path(dot, n.Ident, w.start(n))
	case *parse.VariableNode:
		return w.path(w.lookup(n.Ident[0]), n.Ident[1:], w.start(n))
	case *parse.ChainNode:
		return w.path(w.operand(n.Node, dot), n.Field, int(n.Position()))
	case *parse.PipeNode:
		return w.pipe(n, dot)
	case *parse.IdentifierNode:
		w.call(n, 0)
	}
	return value{}
}

// lookup returns the value of a variable; $ is the root. The parser has checked
// that it is declared.
func (w *walker) lookup(name string) value {
	for _, v := range slices.Backward(w.scope) {
		if v.name == name {
			return v.value
		}
	}
	return value{known: name == "$"}
}

// path follows names from a value and records the field that they lead to.
func (w *walker) path(v value, names []string, at int) value {
	if !v.known || len(names) == 0 {
		return v
	}
	path := v.path
	for _, name := range names {
		above := path
		path = strings.TrimPrefix(path+"."+name, ".")
		if w.any || w.leaves[path] || w.inner[path] {
			continue
		}
		if above != "" && !w.inner[above] {
			hint := fmt.Sprintf("it is a value or a list of values: remove %q", name)
			if w.leaves[name] || w.inner[name] {
				hint = fmt.Sprintf("write $.%s for the field of the row", name)
			}
			w.fault(at, hint, "field %q has no fields, so no %q", above, name)
			return value{}
		}
		hint := ""
		if g := diag.Guess(path, w.names); g != "" {
			hint = fmt.Sprintf("did you mean %q?", g)
		}
		w.fault(at, hint, "no field is called %q", path)
		return value{}
	}
	if !slices.ContainsFunc(w.fields, func(r Reference) bool { return r.Field == path }) {
		w.fields = append(w.fields, Reference{Field: path, Offset: at})
	}
	return value{path, true}
}

// start returns the offset of a node's first byte. The parser's position of .a.b
// and $a.b is that of the second name.
func (w *walker) start(n parse.Node) int {
	at, first := int(n.Position()), ""
	switch n := n.(type) {
	case *parse.FieldNode:
		if len(n.Ident) > 1 {
			first = "." + n.Ident[0]
		}
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			first = n.Ident[0]
		}
	}
	if from := at - len(first); from >= 0 && strings.HasPrefix(w.text[from:], first) {
		return from
	}
	return at
}

// arity returns the number of arguments that a function takes, high -1 for any
// number.
func arity(name string) (low, high int, ok bool) {
	if a, found := builtins[name]; found {
		return a[0], a[1], true
	}
	f, found := functions[name]
	if !found || name == asTextName {
		return 0, 0, false
	}
	t := reflect.TypeOf(f)
	if t.IsVariadic() {
		return t.NumIn() - 1, -1, true
	}
	return t.NumIn(), t.NumIn(), true
}
