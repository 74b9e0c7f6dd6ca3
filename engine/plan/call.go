package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/kind"
)

// Call is a request to a model that writes some text fields of a person, or gives scores.
type Call struct {
	Name   string   `json:"name"`
	Fields []string `json:"fields"`          // texts or scores that it gives, in the order of the spec
	Needs  []string `json:"needs,omitempty"` // calls that come before it

	System string `json:"system,omitempty"` // the same for everyone
	Prompt string `json:"prompt"`           // a template
	// Sees lists the fields that the prompt names, which may be texts of earlier
	// calls.
	Sees []string `json:"sees,omitempty"`

	Model       string   `json:"model,omitempty"`
	Endpoint    string   `json:"endpoint,omitempty"` // that answers it, "" for that of the run
	Temperature *float64 `json:"temperature,omitempty"`
	MaxTokens   int      `json:"max_tokens"` // of an answer
	// Examples are answered calls that the model is shown first.
	Examples []Example `json:"examples,omitempty"`
}

// Example is an answered call: its prompt, a text or a template over ToWrite alone, and the
// answer for some of its fields.
type Example struct {
	Prompt string            `json:"prompt"`
	Answer map[string]Answer `json:"answer"`
}

// Answer is the text of a field, the items of a list, or a score.
type Answer struct {
	Score *int64   `json:"score,omitempty"`
	Text  string   `json:"text,omitempty"`
	Items []string `json:"items,omitempty"`
}

// IsTemplate reports whether the prompt of an example is a template.
func IsTemplate(prompt string) bool { return strings.Contains(prompt, "{{") }

// ToWrite is the name by which a prompt ranges over the fields that it asks for. No
// field has this name, because names of fields begin with a small letter.
const ToWrite = "Fields"

// ToWriteParts are the parts of each of these fields: the keys of Writing.
var ToWriteParts = []string{"name", "title", "about", "min", "target", "max", "list", "items_min", "items_max", "mentions", "avoid", "scale", "language", "original", "fault"}

// Call returns the named call, or nil.
func (p *Plan) Call(name string) *Call {
	for i := range p.Calls {
		if p.Calls[i].Name == name {
			return &p.Calls[i]
		}
	}
	return nil
}

// Writing returns what a prompt can say about a field that it asks for. Mentions are
// the values that the text must contain, avoid what was written too often; original is the
// text that it translates, "" for none; fault is why the last answer was refused.
func Writing(f *kind.Field, mentions, avoid []string, original, fault string) map[string]any {
	w := map[string]any{
		"name": f.Name, "title": f.Title, "about": f.About, "list": false, "items_min": int64(0), "items_max": int64(0),
		"mentions": mentions, "avoid": avoid, "scale": f.Scale(), "language": "", "original": original, "fault": fault,
	}
	if f.Scale() {
		w["min"], w["target"], w["max"] = f.Domain.Min, (f.Domain.Min+f.Domain.Max)/2, f.Domain.Max
		return w
	}
	chars := f.Chars()
	w["min"], w["target"], w["max"] = int64(chars.Min), int64(chars.Aim()), int64(chars.Max)
	if f.Text != nil {
		w["language"] = f.Text.Language
	}
	if f.Text != nil && f.Text.Items != nil {
		w["list"], w["items_min"], w["items_max"] = true, int64(f.Text.Items.Min), int64(f.Text.Items.Max)
	}
	return w
}

// OnlyCalls returns the plan in which a model answers the named calls of the spec alone.
// The texts of other calls are left to the narrator. The error names a call that the plan
// does not have.
func (p *Plan) OnlyCalls(names []string) (*Plan, error) {
	out := *p
	out.Calls, out.Fields = nil, slices.Clone(p.Fields)
	kept := map[string]bool{}
	var all []string
	for _, c := range p.Calls {
		name := c.declared()
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
		if slices.Contains(names, name) {
			kept[c.Name] = true
			out.Calls = append(out.Calls, c)
		}
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, fmt.Errorf("the spec has no call %q; it has %s", name, strings.Join(all, ", "))
		}
	}
	for i := range out.Calls {
		out.Calls[i].Needs = slices.DeleteFunc(slices.Clone(out.Calls[i].Needs), func(name string) bool { return !kept[name] })
	}
	for i, f := range out.Fields {
		if f.Text != nil && f.Text.Call != "" && !kept[f.Text.Call] {
			field, text := *f, *f.Text
			text.Call, field.Text = "", &text
			out.Fields[i] = &field
		}
	}
	for i := range out.Calls {
		for _, name := range out.Calls[i].Fields {
			of := ""
			if f := out.Field(name); f != nil {
				of = f.Original()
			}
			if of != "" && out.Field(of).Call() == "" {
				return nil, fmt.Errorf("call %q translates the text %q, which another call writes: name that call, too", out.Calls[i].declared(), of)
			}
		}
	}
	out.Stamp()
	return &out, nil
}

// declared is the name of the call of the spec that the call is, or is a part of.
func (c *Call) declared() string {
	name, _, _ := strings.Cut(c.Name, ".")
	return name
}
