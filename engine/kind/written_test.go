package kind

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
)

func TestWrittenFields(t *testing.T) {
	fields := must(t, `fields: {
		hue: {kind: "category", values: ["red", "blue"]}
		tale: {kind: "text", call: "c", chars: {min: 10, target: 50, max: 90}, mentions: ["hue"], except: ["r"], offline: {parts: ["a", "b"], more: ["c"], close: ["d"], joiner: "\n"}}
		tools: {kind: "text_list", items: {min: 1, max: 3}, chars: {min: 2, max: 9}, offline: parts: ["e"]}
		bare: {kind: "text", chars: {min: 1, max: 1}}
		by: kind: "text_source"
	}`, nil)
	want := []*TextSpec{
		nil,
		{Call: "c", Chars: Length{10, 90, 50}, Mentions: []string{"hue"}, Except: []string{"r"},
			Offline: &Narration{Outline: Outline{Parts: []string{"a", "b"}, More: []string{"c"}, Close: []string{"d"}}, Joiner: "\n"}},
		{Chars: Length{2, 9, 0}, Items: &Length{1, 3, 0}, Offline: &Narration{Outline: Outline{Parts: []string{"e"}}, Joiner: " "}},
		{Chars: Length{1, 1, 0}},
		nil,
	}
	types := []frame.Type{frame.Category, frame.Text, frame.TextList, frame.Text, frame.Text}
	for i, f := range fields {
		if d := cmp.Diff(want[i], f.Text); d != "" {
			t.Errorf("%s:\n%s", f.Name, d)
		}
		if f.Type != types[i] || (f.Class == Written) != (i > 0) || f.Nullable != (i > 0) || f.Finite() != (i == 0) {
			t.Errorf("got %+v", f)
		}
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var read Field
		if err := json.Unmarshal(data, &read); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(f.Text, read.Text); d != "" {
			t.Errorf("%s after JSON:\n%s", f.Name, d)
		}
	}
}

func TestWrittenFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`tale: {kind: "text", chars: {min: 5, max: 4}}`,
			"spec.cue:3:29 length: min 5 is above max 4 | swap them"},
		{`tale: {kind: "text", chars: {min: 5, target: 3, max: 9}}`,
			"spec.cue:3:29 length: target 3 is not between min 5 and max 9 | change the target"},
		{`tools: {kind: "text_list", items: {min: 3, max: 2}, chars: {min: 2, max: 9}}`,
			"spec.cue:3:35 length: min 3 is above max 2 | swap them"},
		{`tale: {kind: "text", chars: {min: 1, max: 4}}
x: {kind: "template", text: "so {{ .tale }}"}`,
			"spec.cue:4:36 not-known: field \"tale\" is written after all other fields, so a template cannot use it | use a field that is not a text"},
		{`tale: {kind: "text", chars: {min: 1, max: 4}}
x: {kind: "group", of: "tale", map: {a: "b"}}`,
			"spec.cue:4:24 not-finite: field \"tale\" is a text, which has no finite list of values | use a category, integer, group or constant"},
		{`by: kind: "text_source"
x: {kind: "number", when: by: "offline", uniform: {low: 1, high: 2}}`,
			"spec.cue:4:27 not-finite: field \"by\" is a text_source, which has no finite list of values | use a category, integer, group or constant"},
	} {
		got, _ := compile(t, "fields: {\n"+c.text+"\n}", nil)
		if d := cmp.Diff(c.want, show(got.Diags)); d != "" {
			t.Errorf("%s\n%s", c.text, d)
		}
	}
}
