package plan

import (
	"strings"

	"github.com/personagen/personagen/engine/kind"
)

// Call is a request to a model that writes some text fields of a person.
type Call struct {
	Name   string   `json:"name"`
	Fields []string `json:"fields"`          // texts that it writes, in the order of the spec
	Needs  []string `json:"needs,omitempty"` // calls that come before it

	System string `json:"system,omitempty"` // the same for everyone
	Prompt string `json:"prompt"`           // a template
	// Sees lists the fields that the prompt names, which may be texts of earlier
	// calls.
	Sees []string `json:"sees,omitempty"`

	Model       string   `json:"model,omitempty"`
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

// Answer is the text of a field, or the items of a list.
type Answer struct {
	Text  string   `json:"text,omitempty"`
	Items []string `json:"items,omitempty"`
}

// IsTemplate reports whether the prompt of an example is a template.
func IsTemplate(prompt string) bool { return strings.Contains(prompt, "{{") }

// ToWrite is the name by which a prompt ranges over the fields that it asks for. No
// field has this name, because names of fields begin with a small letter.
const ToWrite = "Fields"

// ToWriteParts are the parts of each of these fields: the keys of Writing.
var ToWriteParts = []string{"name", "title", "about", "min", "target", "max", "list", "items_min", "items_max", "mentions", "avoid", "language", "original", "fault"}

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
		"name": f.Name, "title": f.Title, "about": f.About,
		"min": int64(f.Text.Chars.Min), "target": int64(f.Text.Chars.Target), "max": int64(f.Text.Chars.Max),
		"list": f.Text.Items != nil, "items_min": int64(0), "items_max": int64(0), "mentions": mentions, "avoid": avoid, "fault": fault,
		"language": f.Text.Language, "original": original,
	}
	if i := f.Text.Items; i != nil {
		w["items_min"], w["items_max"] = int64(i.Min), int64(i.Max)
	}
	if f.Text.Chars.Target == 0 {
		w["target"] = int64(f.Text.Chars.Min+f.Text.Chars.Max) / 2
	}
	return w
}
