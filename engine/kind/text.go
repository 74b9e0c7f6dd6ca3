package kind

import (
	"cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// TextSpec is what a text, or every item of a list of texts, must be like.
type TextSpec struct {
	Call     string   `json:"call,omitempty"`     // the call that writes it, "" for none
	Chars    Length   `json:"chars"`              // in characters, of the text or of each item
	Items    *Length  `json:"items,omitempty"`    // number of items of a list, nil for a text
	Mentions []string `json:"mentions,omitempty"` // fields whose values it must contain
	Except   []string `json:"except,omitempty"`   // rules that do not apply to it
	// Language is the tag of the language that it is written in, "" for the
	// language of the spec.
	Language string `json:"language,omitempty"`
	// Of is the text of which it is the translation, "" for none. Ratio bounds its
	// characters per character of that text; it is nil for other texts.
	Of    string `json:"of,omitempty"`
	Ratio *Ratio `json:"ratio,omitempty"`
	// Offline is how the offline narrator composes it, nil if it does not.
	Offline *Narration `json:"offline,omitempty"`
}

// Length is a range of lengths, with the length to aim at.
type Length struct {
	Min    int `json:"min"`
	Max    int `json:"max"`
	Target int `json:"target,omitempty"` // 0 for none
}

// Aim is the length that a text is expected to have: the target, or else the middle.
func (l Length) Aim() int { return cmp.Or(l.Target, (l.Min+l.Max)/2) }

// Narration names the phrase banks from which the narrator composes a text: by its only
// outline, or by one of Outlines, which replace it.
type Narration struct {
	Outline
	Outlines  []Outline `json:"outlines,omitempty"`
	ApartFrom []string  `json:"apart_from,omitempty"` // earlier texts whose facts it does not tell
	Joiner    string    `json:"joiner"`               // between phrases
}

// Outline is an order of phrases: one of each bank of Parts, then phrases of More until the
// target length, then one of each bank of Close.
type Outline struct {
	Parts []string `json:"parts,omitempty"`
	More  []string `json:"more,omitempty"`
	Close []string `json:"close,omitempty"`
}

// All returns the outlines among which a person has one.
func (n *Narration) All() []Outline {
	if n.Outlines != nil {
		return n.Outlines
	}
	return []Outline{n.Outline}
}

var textKind = Kind{Name: "text", Uses: textUses, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Written, frame.Text, true
	f.Text = c.readTextSpec(s)
	c.readTranslation(s, f)
}}

var textListKind = Kind{Name: "text_list", Uses: textUses, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Written, frame.TextList, true
	f.Text = c.readTextSpec(s)
	items := c.readLength(s.Body.Get("items"))
	f.Text.Items = &items
}}

// textSourceKind says who wrote a person's texts. Whoever writes the texts fills
// it.
var textSourceKind = Kind{Name: "text_source", Meaning: Provenance, Uses: func(*spec.Field) []spec.String { return nil }, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Written, frame.Text, true
}}

// textUses returns the fields that a text must mention, and the text that it translates.
func textUses(s *spec.Field) []spec.String {
	uses := s.Body.Get("mentions").AsStrings()
	if of := s.Body.Get("of"); of != nil {
		uses = append(uses, of.AsString())
	}
	return uses
}

func stringValues(n *spec.Node) []string {
	var out []string
	for _, t := range n.AsStrings() {
		out = append(out, t.Value)
	}
	return out
}

// readTextSpec reads the settings that texts and lists of texts share.
func (c *Compiler) readTextSpec(s *spec.Field) *TextSpec {
	t := &TextSpec{Chars: c.readLength(s.Body.Get("chars")), Mentions: stringValues(s.Body.Get("mentions")), Except: stringValues(s.Body.Get("except"))}
	if n := s.Body.Get("call"); n != nil {
		t.Call = n.String
	}
	if n := s.Body.Get("language"); n != nil {
		t.Language = n.String
	}
	if n := s.Body.Get("offline"); n != nil {
		t.Offline = &Narration{Outline: readOutline(n), ApartFrom: stringValues(n.Get("apart_from")), Joiner: " "}
		if all := n.Get("outlines"); all != nil {
			for _, o := range all.Items {
				t.Offline.Outlines = append(t.Offline.Outlines, readOutline(o))
			}
		}
		if j := n.Get("joiner"); j != nil {
			t.Offline.Joiner = j.String
		}
	}
	return t
}

func readOutline(n *spec.Node) Outline {
	return Outline{Parts: stringValues(n.Get("parts")), More: stringValues(n.Get("more")), Close: stringValues(n.Get("close"))}
}

// readLength reads a range of lengths and reports one that is empty.
func (c *Compiler) readLength(n *spec.Node) Length {
	l := Length{Min: int(n.Get("min").Number), Max: int(n.Get("max").Number)}
	if t := n.Get("target"); t != nil {
		l.Target = int(t.Number)
	}
	switch {
	case l.Min > l.Max:
		c.Diags.Errorf(n.Place, "length", "min %d is above max %d", l.Min, l.Max).WithHint("swap them")
	case l.Target > 0 && (l.Target < l.Min || l.Target > l.Max):
		c.Diags.Errorf(n.Place, "length", "target %d is not between min %d and max %d", l.Target, l.Min, l.Max).WithHint("change the target")
	}
	return l
}

// refuseWritten reports the place where a template uses a written field.
func (c *Compiler) refuseWritten(s *spec.Field, name string) {
	for _, use := range templateUses(s) {
		if use.Value == name {
			c.Diags.Errorf(use.Place, "not-known", "field %q is written after all other fields, so a template cannot use it", name).
				WithHint("use a field that is not a text")
		}
	}
}
