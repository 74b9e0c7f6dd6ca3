package plan

import "github.com/personagen/personagen/engine/kind"

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
