package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// words is a text of the spec, or of a file that the spec names.
type words struct {
	text string
	node *spec.Node // nil for a file
	file string     // as messages write it
}

// place is where a byte of the words stands.
func (w words) place(offset int) diag.Place {
	if w.node != nil {
		return w.node.PositionAt(offset)
	}
	line := strings.Count(w.text[:offset], "\n")
	return diag.Place{File: w.file, Line: 1 + line, Column: offset - strings.LastIndexByte(w.text[:offset], '\n')}
}

// words reads a text or its file; a fault is reported.
func (k *calls) words(n *spec.Node) (words, bool) {
	if n.Kind == spec.StringNode {
		return words{text: n.String, node: n}, true
	}
	file := n.Get("file")
	shown := k.spec.Shown(file.Path)
	data, err := os.ReadFile(file.Path)
	if err != nil {
		if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		k.diags.Errorf(file.Place, "unreadable-file", "%s cannot be read: %v", shown, err).WithHint("paths are relative to the folder of the .cue file that names them")
		return words{}, false
	}
	sum := sha256.Sum256(data)
	if in := (plan.File{Path: k.spec.FileName(file.Path), SHA256: hex.EncodeToString(sum[:])}); !slices.Contains(k.plan.Files, in) {
		k.plan.Files = append(k.plan.Files, in)
	}
	return words{text: strings.TrimPrefix(string(data), "\ufeff"), file: shown}, true
}

// parse parses a prompt; its faults are reported where they stand.
func (k *calls) parse(w words) *prompt.Template {
	var known []string
	for _, f := range k.plan.Fields {
		known = append(known, f.Name)
	}
	for _, part := range plan.ToWriteParts {
		known = append(known, plan.ToWrite+"."+part)
	}
	t, faults := prompt.Parse("prompt", w.text, known)
	for _, fault := range faults {
		k.templateFault(w, &fault)
	}
	return t
}

func (k *calls) templateFault(w words, fault *prompt.Fault) {
	d := k.diags.Errorf(w.place(fault.Offset), "template", "%s", fault.Message)
	if fault.Hint != "" {
		d.WithHint("%s", fault.Hint)
	}
}

// try executes a prompt on values such as it will see.
func (k *calls) try(t *prompt.Template, w words, call *plan.Call) {
	values := map[string]any{}
	for _, name := range call.Sees {
		values[name] = example(k.kinds.Fields[name])
	}
	var fields []map[string]any
	for _, name := range call.Fields {
		fields = append(fields, plan.Writing(k.kinds.Fields[name], nil, ""))
	}
	values[plan.ToWrite] = fields
	err := t.Execute(&strings.Builder{}, values)
	if fault := (*prompt.Fault)(nil); errors.As(err, &fault) {
		k.templateFault(w, fault)
	}
}

// example is a value of the field as prompts see it.
func example(f *kind.Field) any {
	switch f.Type {
	case frame.Category:
		if len(f.Domain.Labels) > 0 {
			return f.Domain.Labels[0]
		}
	case frame.CategoryList, frame.TextList:
		return []string{"text"}
	case frame.Integer:
		return int64(1)
	case frame.Number:
		return 1.0
	}
	return "text"
}
