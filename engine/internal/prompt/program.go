package prompt

import (
	"math"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/personagen/personagen/engine/frame"
)

// Program writes a template from the columns of a batch, without the reflection and the
// maps of values that Execute needs: the nodes of the template are compiled to closures.
// It belongs to one goroutine.
type Program struct {
	body  []statement
	state state
}

// statement writes a node of the template, and expression evaluates an operand or a
// pipeline. They set state.failed where Execute is to say what happens.
type (
	statement  func(s *state)
	expression func(s *state) datum
)

// state is that of one execution.
type state struct {
	batch     *frame.Batch
	row       int
	out       []byte
	dot       datum   // within with and range
	variables []datum // by slot
	arguments []datum // of the calls under way
	work      int
	most      int // length of out at which the row is left to Execute
	failed    bool
}

// maxWork bounds the work of a program: calls, their texts in bytes, and items of lists.
// It is far from every limit of Execute, which runs what takes more.
const maxWork = MaxSteps / 10

// Compile returns the template as a program over the columns of a batch: column gives the
// position of each field that the template refers to, by its dotted name, and false where
// the batch has none. It returns nil if the template uses what programs do not know: break,
// continue, and functions that are not in calls or whose work costs bounds.
func (t *Template) Compile(column func(name string) (int, bool)) *Program {
	c := &programmer{column: column, atRoot: true}
	p := &Program{body: c.list(t.root)}
	if c.failed {
		return nil
	}
	p.state.variables = make([]datum, c.slots)
	return p
}

// Append appends the text of row r of a batch. It returns false where the text is left to
// Execute, because of an error or of much work.
func (p *Program) Append(dst []byte, b *frame.Batch, r int) ([]byte, bool) {
	s := &p.state
	s.batch, s.row, s.out, s.most, s.work, s.failed = b, r, dst, len(dst)+maxWork, 0, false
	s.run(p.body)
	out := s.out
	s.batch, s.out = nil, nil
	return out, !s.failed && len(out) <= s.most
}

func (s *state) run(body []statement) {
	for _, do := range body {
		do(s)
	}
}

// fail leaves the row to Execute.
func (s *state) fail() datum {
	s.failed = true
	return datum{}
}

// spend counts work.
func (s *state) spend(n int) {
	if s.work += n; s.work > maxWork {
		s.failed = true
	}
}

// programmer compiles the nodes of a template.
type programmer struct {
	column func(name string) (int, bool)
	atRoot bool     // dot is the row
	scope  []string // variables, each in the slot of its position
	slots  int      // the most variables in scope
	failed bool     // some node cannot be compiled
}

func (c *programmer) fail() expression {
	c.failed = true
	return nil
}

func (c *programmer) list(list *parse.ListNode) []statement {
	if list == nil {
		return nil
	}
	depth := len(c.scope)
	var body []statement
	for _, n := range list.Nodes {
		body = append(body, c.node(n))
	}
	c.scope = c.scope[:depth]
	return body
}

// within compiles a list in which dot is another value than the row.
func (c *programmer) within(list *parse.ListNode) []statement {
	atRoot := c.atRoot
	c.atRoot = false
	body := c.list(list)
	c.atRoot = atRoot
	return body
}

func (c *programmer) node(n parse.Node) statement {
	depth := len(c.scope)
	defer func() {
		if n.Type() != parse.NodeAction { // whose variables stay in scope until the end of the list
			c.scope = c.scope[:depth]
		}
	}()
	switch n := n.(type) {
	case *parse.TextNode:
		text := string(n.Text)
		return func(s *state) { s.out = append(s.out, text...) }
	case *parse.ActionNode:
		value := c.declaring(n.Pipe)
		if len(n.Pipe.Decl) > 0 {
			return func(s *state) { value(s) }
		}
		return func(s *state) { s.write(value(s)) }
	case *parse.IfNode:
		test, then, otherwise := c.declaring(n.Pipe), c.list(n.List), c.list(n.ElseList)
		return func(s *state) {
			if v := test(s); v.truth() {
				s.run(then)
			} else {
				s.run(otherwise)
			}
		}
	case *parse.WithNode:
		value, then, otherwise := c.declaring(n.Pipe), c.within(n.List), c.list(n.ElseList)
		return func(s *state) {
			if v := value(s); v.truth() {
				dot := s.dot
				s.dot = v
				s.run(then)
				s.dot = dot
			} else {
				s.run(otherwise)
			}
		}
	case *parse.RangeNode:
		return c.ranging(n)
	}
	c.failed = true
	return nil
}

func (c *programmer) ranging(n *parse.RangeNode) statement {
	value := c.pipe(n.Pipe)
	index, item := -1, -1 // slots
	switch d := n.Pipe.Decl; {
	case n.Pipe.IsAssign:
		c.failed = true
	case len(d) == 2:
		index, item = c.declare(d[0]), c.declare(d[1])
	case len(d) == 1:
		item = c.declare(d[0])
	}
	body, otherwise := c.within(n.List), c.list(n.ElseList)
	return func(s *state) {
		v := value(s)
		if v.kind != kindList {
			s.failed = true
			return
		}
		dot := s.dot
		for i := range v.items.len() {
			if s.spend(1); s.failed || len(s.out) > s.most {
				return
			}
			s.dot = v.items.at(i)
			if item >= 0 {
				s.variables[item] = s.dot
			}
			if index >= 0 {
				s.variables[index] = datum{kind: kindInt, number: int64(i)}
			}
			s.run(body)
		}
		if s.dot = dot; v.items.len() == 0 {
			s.run(otherwise)
		}
	}
}

// declaring compiles a pipeline with the variables that it sets.
func (c *programmer) declaring(p *parse.PipeNode) expression {
	value := c.pipe(p)
	if len(p.Decl) == 0 {
		return value
	}
	slot := -1
	if p.IsAssign {
		slot = c.slot(p.Decl[0].Ident[0])
	} else {
		slot = c.declare(p.Decl[0])
	}
	return func(s *state) datum {
		v := value(s)
		s.variables[slot] = v
		return v
	}
}

// declare returns the slot of a new variable.
func (c *programmer) declare(v *parse.VariableNode) int {
	c.scope = append(c.scope, v.Ident[0])
	c.slots = max(c.slots, len(c.scope))
	return len(c.scope) - 1
}

// slot returns the slot of a variable in scope; the parser has checked that it is declared.
func (c *programmer) slot(name string) int {
	for i, known := range slices.Backward(c.scope) {
		if known == name {
			return i
		}
	}
	c.failed = true // $ is the row
	return 0
}

func (c *programmer) pipe(p *parse.PipeNode) expression {
	var value expression
	for _, command := range p.Cmds {
		value = c.command(command, value)
	}
	return value
}

// command compiles a command, with the value of the command before it in the pipeline, or
// nil, as its last argument.
func (c *programmer) command(n *parse.CommandNode, last expression) expression {
	function, ok := n.Args[0].(*parse.IdentifierNode)
	if !ok {
		return c.operand(n.Args[0])
	}
	var arguments []expression
	literal := last == nil
	for _, a := range n.Args[1:] {
		arguments = append(arguments, c.operand(a))
		literal = literal && slices.Contains([]parse.NodeType{parse.NodeString, parse.NodeNumber, parse.NodeBool}, a.Type())
	}
	if last != nil {
		arguments = append(arguments, last)
	}
	call := c.call(function.Ident, arguments, last != nil)
	if s := (state{}); literal && !c.failed {
		if v := call(&s); !s.failed {
			return constant(v)
		}
	}
	return call
}

func (c *programmer) operand(n parse.Node) expression {
	switch n := n.(type) {
	case *parse.DotNode:
		if !c.atRoot {
			return func(s *state) datum { return s.dot }
		}
	case *parse.FieldNode:
		if c.atRoot {
			return c.field(n.Ident)
		}
		return c.members(func(s *state) datum { return s.dot }, n.Ident)
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			return c.field(n.Ident[1:])
		}
		slot := c.slot(n.Ident[0])
		return c.members(func(s *state) datum { return s.variables[slot] }, n.Ident[1:])
	case *parse.ChainNode:
		return c.members(c.operand(n.Node), n.Field)
	case *parse.PipeNode:
		return c.pipe(n)
	case *parse.IdentifierNode:
		return c.call(n.Ident, nil, false)
	case *parse.StringNode:
		return constant(datum{kind: kindText, text: n.Text})
	case *parse.BoolNode:
		return constant(truthOf(n.True))
	case *parse.NumberNode:
		switch {
		case n.IsComplex:
		case n.IsFloat && strings.Trim(n.Text, "+-0123456789") == ".":
			return constant(datum{kind: kindFloat, number: int64(math.Float64bits(n.Float64))})
		case n.IsInt && strings.Trim(n.Text, "+-0123456789") == "": // others, such as 0x1p2, have rules of their own
			return constant(datum{kind: kindInt, number: n.Int64})
		}
	}
	return c.fail()
}

func constant(d datum) expression { return func(*state) datum { return d } }

// field compiles a path from the row: a column, by the longest name that the batch has, and
// members of it.
func (c *programmer) field(path []string) expression {
	for n := len(path); n > 0; n-- {
		if column, ok := c.column(strings.Join(path[:n], ".")); ok {
			return c.members(func(s *state) datum {
				return cell(&s.batch.Schema[column], &s.batch.Columns[column], s.row)
			}, path[n:])
		}
	}
	return c.fail()
}

// members compiles a path from a record.
func (c *programmer) members(of expression, path []string) expression {
	for _, name := range path {
		from := of
		of = func(s *state) datum {
			v := from(s)
			member, ok := v.member(name)
			if !ok {
				s.failed = true
			}
			return member
		}
	}
	return of
}
