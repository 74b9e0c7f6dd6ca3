package prompt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/template"
	"text/template/parse"
)

// Limits on one execution of a template, that is on the text of one person. A spec
// may come from a stranger, and a template can loop and double.
const (
	MaxSteps = 100_000 // runs of a range's body, items of a list, calls of a function
	MaxBytes = 1 << 20 // bytes of the text, and of all values that functions make
)

var (
	errSteps = fmt.Errorf("the template takes more than %d steps", MaxSteps)
	errBytes = fmt.Errorf("the template makes more than %d bytes", MaxBytes)
)

// stepName is the function that the first action of every range's body calls.
const stepName = "countStep"

// budget is what one execution may still use. Functions that can do or make much
// count it; they are bound to the budget when the template is cloned for an
// execution.
type budget struct {
	ctx   context.Context
	steps int
	bytes int
}

func (b *budget) reset(ctx context.Context) { b.ctx, b.steps, b.bytes = ctx, MaxSteps, MaxBytes }

// step counts n steps.
func (b *budget) step(n int) error {
	if n < 0 || n > b.steps {
		return errSteps
	}
	b.steps -= n
	if b.steps&0xff == 0 || n > 0xff {
		return b.ctx.Err()
	}
	return nil
}

// grow counts n bytes of a value before it is made.
func (b *budget) grow(n int) error {
	if n < 0 || n > b.bytes {
		return errBytes
	}
	b.bytes -= n
	return nil
}

// fits reports a value that would have n bytes, before it is made.
func (b *budget) fits(n int) error {
	if n < 0 || n > b.bytes {
		return errBytes
	}
	return nil
}

// product returns a*b for numbers that are not negative, or a number that exceeds
// every budget.
func product(a, b int) int {
	if a > 0 && b > 0 && a > MaxBytes/b {
		return MaxBytes + 1
	}
	return max(a, 0) * max(b, 0)
}

// Execution errors that are about the limits, and not about a value.
func exhausted(err error) bool { return errors.Is(err, errSteps) || errors.Is(err, errBytes) }

// limitedWriter counts the text that a template writes.
type limitedWriter struct {
	io.Writer
	left int
}

func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.left -= len(b); w.left < 0 {
		return 0, errBytes
	}
	return w.Writer.Write(b)
}

// countSteps puts an action that counts at the head of every range's body.
func countSteps(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.IfNode:
			countSteps(n.List)
			countSteps(n.ElseList)
		case *parse.WithNode:
			countSteps(n.List)
			countSteps(n.ElseList)
		case *parse.RangeNode:
			countSteps(n.List)
			countSteps(n.ElseList)
			name := parse.NewIdentifier(stepName).SetPos(n.Pos)
			command := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{name}}
			pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: n.Pos, Cmds: []*parse.CommandNode{command}}
			count := &parse.ActionNode{NodeType: parse.NodeAction, Pos: n.Pos, Pipe: pipe}
			n.List.Nodes = append([]parse.Node{count}, n.List.Nodes...)
		}
	}
}

// executor is a template whose functions are bound to a budget of its own. One
// goroutine at a time uses it.
type executor struct {
	template *template.Template
	budget   budget
}

// newExecutor clones a template and binds the functions of the clone.
func newExecutor(t *template.Template) *executor {
	e := &executor{template: template.Must(t.Clone())} // Clone fails only for html/template
	bound := template.FuncMap{stepName: func() (string, error) { return "", e.budget.step(1) }}
	for name, f := range functions {
		bound[name] = e.budget.bind(name, f)
	}
	for name, f := range printers {
		bound[name] = e.budget.bind(name, f)
	}
	e.template.Funcs(bound)
	return e
}
