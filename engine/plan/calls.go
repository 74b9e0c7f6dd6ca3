package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/prompt"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// Call is a request to a model that writes text fields of a person.
type Call struct {
	Name   string   `json:"name"`
	Fields []string `json:"fields"`          // texts that it writes, in the order of the spec
	Needs  []string `json:"needs,omitempty"` // calls that come before it

	System string `json:"system,omitempty"` // the same for everyone
	Prompt string `json:"prompt"`           // a template
	// Sees lists the fields that the prompt names, texts of earlier calls
	// included.
	Sees []string `json:"sees,omitempty"`

	Model       string   `json:"model,omitempty"`
	Temperature *float64 `json:"temperature,omitempty"`
	MaxTokens   int      `json:"max_tokens"` // bound on an answer
	// Examples are answered calls to be shown before the person's own.
	Examples []Example `json:"examples,omitempty"`
}

// Example is an answered call: what the prompt would say, and the text or items
// of each field that is answered.
type Example struct {
	Prompt string            `json:"prompt"`
	Answer map[string]Answer `json:"answer"`
}

// Answer is a text, or the items of a list.
type Answer struct {
	Text  string   `json:"text,omitempty"`
	Items []string `json:"items,omitempty"`
}

// ToWrite is the name by which a prompt ranges over the fields to be written;
// names of fields begin with a small letter.
const ToWrite = "Fields"

// ToWriteParts are what a prompt can say of each of these fields.
var ToWriteParts = []string{"name", "title", "about", "min", "target", "max", "list", "items_min", "items_max", "mentions", "fault"}

// Call returns the named call, or nil.
func (p *Plan) Call(name string) *Call {
	for i := range p.Calls {
		if p.Calls[i].Name == name {
			return &p.Calls[i]
		}
	}
	return nil
}

// compileCalls reads the prompts, finds which call needs which, and orders
// them so that each comes after those it needs. Who answers them is checked
// as well.
func (c *compiler) compileCalls() {
	c.compileAuthors()
	k := &calls{compiler: c, writes: map[string][]string{}}
	for i := range c.spec.Calls {
		k.names = append(k.names, c.spec.Calls[i].Name)
	}
	k.assignFields()
	for i := range c.spec.Calls {
		if call, needs, ok := k.compile(&c.spec.Calls[i]); ok {
			k.compiled, k.needs = append(k.compiled, call), append(k.needs, needs)
		}
	}
	if !c.diags.Failed() {
		k.order()
	}
}

// calls carries the compilation of the calls.
type calls struct {
	*compiler
	names    []string
	writes   map[string][]string // call to its fields
	compiled []Call
	needs    [][]need // per compiled call
}

// need is a call that must come first, and where that is said.
type need struct {
	call string
	at   diag.Place
}

// assignFields finds which fields each call writes.
func (k *calls) assignFields() {
	for i := range k.spec.Fields {
		n := k.spec.Fields[i].Body.Get("call")
		if f := k.plan.Fields[i]; f.Text != nil && n != nil {
			t := n.AsString()
			if k.mustBeOneOf(t, "call", "unknown-call", k.names) {
				k.writes[t.Value] = append(k.writes[t.Value], f.Name)
			}
		}
	}
}

func (k *calls) compile(s *spec.Call) (call Call, needs []need, ok bool) {
	call = Call{Name: s.Name, Fields: k.writes[s.Name], Model: s.Model, Temperature: s.Temperature, MaxTokens: s.MaxTokens}
	if len(call.Fields) == 0 {
		k.diags.Errorf(s.Place, "idle-call", "call %q writes no field", s.Name).WithHint("name it as the call of a text field, or take it away")
		return call, nil, false
	}
	for _, t := range s.After {
		if k.mustBeOneOf(t, "call", "unknown-call", k.names) {
			needs = append(needs, need{t.Value, t.Place})
		}
	}
	template, ok := k.words(s.Prompt)
	if !ok {
		return call, nil, false
	}
	if s.System != nil {
		system, ok := k.words(s.System)
		if !ok {
			return call, nil, false
		}
		call.System = system.text
	}
	for i := range s.Examples {
		call.Examples = append(call.Examples, k.example(&s.Examples[i], &call))
	}
	call.Prompt = template.text
	t := k.parse(template)
	if t == nil {
		return call, nil, false
	}
	for _, ref := range t.References() {
		name, _, _ := strings.Cut(ref.Field, ".")
		f := k.kinds.Fields[name]
		if f == nil {
			continue // .Fields
		}
		call.Sees = append(call.Sees, name)
		if f.Class != kind.Written {
			continue
		}
		if writer, ok := k.writer(f, &call, template.place(ref.Offset)); ok {
			needs = append(needs, need{writer, template.place(ref.Offset)})
		}
	}
	k.try(t, template, &call)
	if call.MaxTokens == 0 {
		call.MaxTokens = k.boundTokens(call.Fields)
	}
	return call, needs, true
}

// example checks an answered call against the fields that the call writes.
func (k *calls) example(s *spec.Example, call *Call) Example {
	x := Example{Answer: map[string]Answer{}}
	if w, ok := k.words(s.Prompt); ok {
		x.Prompt = w.text
	}
	for _, a := range s.Answer {
		if !k.mustBeOneOf(spec.String{Value: a.Name, Place: a.Place}, "field of call \""+call.Name+"\"", "unknown-field", call.Fields) {
			continue
		}
		f := k.kinds.Fields[a.Name]
		list := a.Value.Kind == spec.ListNode
		if list != (f.Text.Items != nil) {
			k.diags.Errorf(a.Value.Place, "example", "field %q is a %s", f.Name, f.Kind).WithHint("answer a text with a string and a text_list with a list of strings")
			continue
		}
		if !list {
			x.Answer[f.Name] = Answer{Text: a.Value.String}
			k.exampleLength(a.Value, f)
			continue
		}
		var items []string
		for _, n := range a.Value.Items {
			items = append(items, n.String)
			k.exampleLength(n, f)
		}
		if n := len(items); n < f.Text.Items.Min || n > f.Text.Items.Max {
			k.diags.Errorf(a.Value.Place, "example", "the example has %d items, and field %q has %d to %d", n, f.Name, f.Text.Items.Min, f.Text.Items.Max).WithHint("an example must be what an answer has to be")
		}
		x.Answer[f.Name] = Answer{Items: items}
	}
	if len(x.Answer) == 0 && !k.diags.Failed() {
		k.diags.Errorf(s.Place, "example", "the example answers nothing").WithHint("give a text for at least one field of call %q", call.Name)
	}
	return x
}

// exampleLength holds an example to the length that answers must have.
func (k *calls) exampleLength(n *spec.Node, f *kind.Field) {
	chars, c := utf8.RuneCountInString(n.String), f.Text.Chars
	if chars < c.Min || chars > c.Max {
		k.diags.Errorf(n.Place, "example", "the example has %d characters, and field %q has %d to %d", chars, f.Name, c.Min, c.Max).WithHint("an example must be what an answer has to be")
	}
}

// writer finds the call whose text a prompt reads.
func (k *calls) writer(f *kind.Field, reader *Call, at diag.Place) (string, bool) {
	switch {
	case f.Text == nil || f.Text.Call == "":
		k.diags.Errorf(at, "not-written", "the prompt of call %q reads field %q, which no call writes", reader.Name, f.Name).WithHint("name a field that is known, or give %q a call", f.Name)
	case f.Text.Call == reader.Name:
		k.diags.Errorf(at, "not-written", "the prompt of call %q reads field %q, which that call itself is to write", reader.Name, f.Name).WithHint("move one of the fields to another call")
	default:
		return f.Text.Call, true
	}
	return "", false
}

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
	if in := (File{Path: k.spec.FileName(file.Path), SHA256: hex.EncodeToString(sum[:])}); !slices.Contains(k.plan.Files, in) {
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
	for _, part := range ToWriteParts {
		known = append(known, ToWrite+"."+part)
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
func (k *calls) try(t *prompt.Template, w words, call *Call) {
	values := map[string]any{}
	for _, name := range call.Sees {
		values[name] = example(k.kinds.Fields[name])
	}
	var fields []map[string]any
	for _, name := range call.Fields {
		fields = append(fields, Writing(k.kinds.Fields[name], nil, ""))
	}
	values[ToWrite] = fields
	err := t.Execute(&strings.Builder{}, values)
	if fault := (*prompt.Fault)(nil); errors.As(err, &fault) {
		k.templateFault(w, fault)
	}
}

// Writing is what a prompt can say of a field that it asks for; mentions are
// the values that must be said, fault is why the last answer was refused.
func Writing(f *kind.Field, mentions []string, fault string) map[string]any {
	w := map[string]any{
		"name": f.Name, "title": f.Title, "about": f.About,
		"min": int64(f.Text.Chars.Min), "target": int64(f.Text.Chars.Target), "max": int64(f.Text.Chars.Max),
		"list": f.Text.Items != nil, "items_min": int64(0), "items_max": int64(0), "mentions": mentions, "fault": fault,
	}
	if i := f.Text.Items; i != nil {
		w["items_min"], w["items_max"] = int64(i.Min), int64(i.Max)
	}
	if f.Text.Chars.Target == 0 {
		w["target"] = int64(f.Text.Chars.Min+f.Text.Chars.Max) / 2
	}
	return w
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

// boundTokens is how many tokens the longest answer may have: two characters a
// token are few in any language written with letters, and the names of the
// fields and the signs of JSON come on top.
func (k *calls) boundTokens(fields []string) int {
	chars := 0
	for _, name := range fields {
		text, n := k.kinds.Fields[name].Text, 1
		if text.Items != nil {
			n = text.Items.Max
		}
		chars += n*(text.Chars.Max+8) + len(name) + 16
	}
	return chars/2 + 64
}

// order puts each call after those it needs, the spec's order otherwise; a
// cycle is reported with its path.
func (k *calls) order() {
	const open, done = 1, 2
	state := map[string]int{}
	var path []string
	var visit func(i int, at diag.Place)
	visit = func(i int, at diag.Place) {
		call := k.compiled[i]
		switch state[call.Name] {
		case done:
			return
		case open:
			cycle := append(slices.Clone(path[slices.Index(path, call.Name):]), call.Name)
			k.diags.Errorf(at, "cycle", "calls need each other in a circle: %s", strings.Join(cycle, " -> ")).WithHint("let one of them do without the other's text")
			return
		}
		state[call.Name], path = open, append(path, call.Name)
		for _, n := range k.needs[i] {
			if !slices.Contains(call.Needs, n.call) {
				call.Needs = append(call.Needs, n.call)
				visit(slices.Index(k.names, n.call), n.at)
			}
		}
		path, state[call.Name] = path[:len(path)-1], done
		k.plan.Calls = append(k.plan.Calls, call)
	}
	for i := range k.compiled {
		visit(i, diag.Place{})
	}
}
