package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// source is the text of a prompt, from the spec or from a file that it names.
type source struct {
	text string
	node *spec.Node // nil for a file
	file string     // as messages name it
	// example marks the prompt of an example.
	example bool
}

// place returns the place of a byte of the text.
func (w source) place(offset int) diag.Place {
	if w.node != nil {
		return w.node.PositionAt(offset)
	}
	line := strings.Count(w.text[:offset], "\n")
	return diag.Place{File: w.file, Line: 1 + line, Column: offset - strings.LastIndexByte(w.text[:offset], '\n')}
}

// source reads a text or its file, or reports that it cannot.
func (c *compiler) source(n *spec.Node) (source, bool) {
	if n.Kind == spec.StringNode {
		return source{text: n.String, node: n}, true
	}
	file := n.Get("file")
	shown := c.spec.Shown(file.Path)
	data, err := c.spec.Inputs.Read(file.Path)
	if err != nil {
		c.diags.Errorf(file.Place, "unreadable-file", "%s cannot be read: %v", shown, inputs.Cause(err)).WithHint("%s", inputs.Hint(err))
		return source{}, false
	}
	sum := sha256.Sum256(data)
	if in := (plan.File{Path: c.spec.FileName(file.Path), SHA256: hex.EncodeToString(sum[:])}); !slices.Contains(c.plan.Files, in) {
		c.plan.Files = append(c.plan.Files, in)
	}
	text := plaintext.NFC(strings.TrimPrefix(string(data), "\ufeff"))
	w := source{text: text, file: shown}
	if at, r, found := plaintext.Steering(text); found {
		c.diags.Errorf(w.place(at), "invisible", "there is the invisible character %U", r).WithHint("remove it: it can steer a terminal or reverse what is read")
		return source{}, false
	}
	return w, true
}

// parse parses a prompt and reports its faults at their places.
func (c *compiler) parse(w source) *prompt.Template {
	var known []string
	for _, f := range c.plan.Fields {
		if paths := f.RecordPaths(); paths != nil {
			known = append(known, paths...)
			continue
		}
		known = append(known, f.Name)
	}
	return c.parseOver(w, known)
}

// parseOver parses a prompt over some fields and those to write.
func (c *compiler) parseOver(w source, known []string) *prompt.Template {
	for _, part := range plan.ToWriteParts {
		known = append(known, plan.ToWrite+"."+part)
	}
	t, faults := prompt.Parse("prompt", w.text, known)
	for _, fault := range faults {
		c.templateFault(w, &fault)
	}
	return t
}

func (c *compiler) templateFault(w source, fault *prompt.Fault) {
	d := c.diags.Errorf(w.place(fault.Offset), "template", "%s", fault.Message)
	if fault.Hint != "" {
		d.WithHint("%s", fault.Hint)
	}
	if w.example {
		d.Note("the prompt of an example is a template that knows .Fields alone; write its other values as text, and braces that are text as {{ `{{` }}")
	}
}

// try executes a prompt on example values.
func (c *compiler) try(t *prompt.Template, w source, call *plan.Call) {
	values := map[string]any{}
	for _, name := range call.Sees {
		values[name] = exampleOf(c.kinds.Fields[name])
	}
	c.execute(t, w, values, call.Fields)
}

// execute executes a prompt that asks for some fields.
func (c *compiler) execute(t *prompt.Template, w source, values map[string]any, names []string) {
	var fields []map[string]any
	for _, name := range names {
		f, original := c.kinds.Fields[name], ""
		if f.Original() != "" {
			original = "text"
		}
		fields = append(fields, plan.Writing(f, nil, nil, original, ""))
	}
	values[plan.ToWrite] = fields
	err := t.Execute(c.ctx, io.Discard, values)
	if fault := (*prompt.Fault)(nil); errors.As(err, &fault) {
		c.templateFault(w, fault)
	}
}

// exampleOf returns a value of the field as prompts see it.
func exampleOf(f *kind.Field) any {
	switch f.Type {
	case frame.Records:
		return f.Example()
	case frame.Category:
		if f.Domain.Size() > 0 {
			return f.Domain.Value(0)
		}
	case frame.CategoryList, frame.TextList:
		return []string{"text"}
	case frame.Integer:
		return int64(1)
	case frame.Number:
		return 1.0
	case frame.Date:
		return "2000-02-29"
	}
	return "text"
}
