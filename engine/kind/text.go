package kind

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/spec"
)

// TextSpec is what a text, or every item of a list of texts, must be like.
type TextSpec struct {
	Call     string   `json:"call,omitempty"`
	Chars    Length   `json:"chars"`           // of the text, or of each item
	Items    *Length  `json:"items,omitempty"` // of a list, in items
	Mentions []string `json:"mentions,omitempty"`
	Except   []string `json:"except,omitempty"` // rules that do not apply
	// Language is the tag of what it is written in, "" for the spec's own.
	Language string `json:"language,omitempty"`
	// Offline is how the narrator writes it, nil when it does not.
	Offline *Narration `json:"offline,omitempty"`
}

// Length is from Min to Max, Target when there is a choice.
type Length struct {
	Min    int `json:"min"`
	Max    int `json:"max"`
	Target int `json:"target,omitempty"`
}

// Narration names the banks a text is put together from: a phrase of each of
// Parts, phrases of More until the target, a phrase of each of Close.
type Narration struct {
	Parts  []string `json:"parts"`
	More   []string `json:"more,omitempty"`
	Close  []string `json:"close,omitempty"`
	Joiner string   `json:"joiner"`
}

var textKind = Kind{Name: "text", Uses: mentioned, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Written, frame.Text, true
	f.Text = c.text(s)
}}

var textListKind = Kind{Name: "text_list", Uses: mentioned, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Written, frame.TextList, true
	f.Text = c.text(s)
	items := c.length(s.Body.Get("items"))
	f.Text.Items = &items
}}

// textSourceKind is one label per way the fields of a person were written, so
// that it travels as a code.
var textSourceKind = Kind{Name: "text_source", Meaning: Provenance, Uses: func(*spec.Field) []spec.String { return nil }, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Written, frame.Text, true
}}

func mentioned(s *spec.Field) []spec.String { return s.Body.Get("mentions").AsStrings() }

func values(n *spec.Node) []string {
	var out []string
	for _, t := range n.AsStrings() {
		out = append(out, t.Value)
	}
	return out
}

// text reads what texts and lists of texts have in common.
func (c *Compiler) text(s *spec.Field) *TextSpec {
	t := &TextSpec{Chars: c.length(s.Body.Get("chars")), Mentions: values(s.Body.Get("mentions")), Except: values(s.Body.Get("except"))}
	if n := s.Body.Get("call"); n != nil {
		t.Call = n.String
	}
	if n := s.Body.Get("language"); n != nil {
		t.Language = n.String
	}
	if n := s.Body.Get("offline"); n != nil {
		t.Offline = &Narration{Parts: values(n.Get("parts")), More: values(n.Get("more")), Close: values(n.Get("close")), Joiner: " "}
		if j := n.Get("joiner"); j != nil {
			t.Offline.Joiner = j.String
		}
	}
	return t
}

// length reads a range and reports one that is empty.
func (c *Compiler) length(n *spec.Node) Length {
	l := Length{Min: int(n.Get("min").Number), Max: int(n.Get("max").Number)}
	if t := n.Get("target"); t != nil {
		l.Target = int(t.Number)
	}
	switch {
	case l.Min > l.Max:
		c.Diags.Errorf(n.Place, "length", "min %d is larger than max %d", l.Min, l.Max).WithHint("exchange them")
	case l.Target > 0 && (l.Target < l.Min || l.Target > l.Max):
		c.Diags.Errorf(n.Place, "length", "the target %d does not lie between min %d and max %d", l.Target, l.Min, l.Max).WithHint("move it")
	}
	return l
}

// refuseWritten reports a template that names a field whose text comes later.
func (c *Compiler) refuseWritten(s *spec.Field, name string) {
	for _, use := range templateUses(s) {
		if use.Value == name {
			c.Diags.Errorf(use.Place, "not-known", "field %q is written after everything else: a template cannot name it", name).
				WithHint("name a field that is not a text")
		}
	}
}
