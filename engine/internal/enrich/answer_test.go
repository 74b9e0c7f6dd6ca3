package enrich

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestParseAnswer(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       map[string]string // raw members; nil for an error
	}{
		{"plain", `{"a": "x", "b": ["y"]}`, map[string]string{"a": `"x"`, "b": `["y"]`}},
		{"fence", "```json\n{\"a\": 1}\n```", map[string]string{"a": "1"}},
		{"words around", "Here it is: {\"a\": null}. Bye", map[string]string{"a": "null"}},
		{"breaks off in a value", `{"a": "x", "b": "unfin`, map[string]string{"a": `"x"`}},
		{"breaks off in the first value", `{"a": "unfin`, nil},
		{"no object", "I cannot do that", nil},
		{"empty object", "{}", nil},
		{"empty", "", nil},
	} {
		got, err := parseAnswer(c.text)
		if (err != nil) != (c.want == nil) {
			t.Errorf("%s: error %v", c.name, err)
			continue
		}
		for name, raw := range c.want {
			if string(got[name]) != raw {
				t.Errorf("%s: %s is %s, want %s", c.name, name, got[name], raw)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %d members, want %d", c.name, len(got), len(c.want))
		}
	}
}

func TestCoerce(t *testing.T) {
	for _, c := range []struct {
		member string
		text   string
		isText bool
		items  []string // nil if it is not a list
	}{
		{`"a text "`, "a text", true, nil},
		{`12.50`, "12.50", true, nil},
		{`null`, "", false, nil},
		{`true`, "", false, nil},
		{`{"a": 1}`, "", false, nil},
		{`["one", 2]`, "", false, []string{"one", "2"}},
		{`["one", ["two"]]`, "", false, nil},
		{`"[\"one\", \"two\"]"`, `["one", "two"]`, true, []string{"one", "two"}},
		{`"['it\\'s', 'two']"`, `['it\'s', 'two']`, true, []string{"it's", "two"}},
		{`"- one\n- two"`, "- one\n- two", true, []string{"one", "two"}},
		{`"['one"`, "['one", true, nil},
	} {
		text, ok := asText(json.RawMessage(c.member))
		if text != c.text || ok != c.isText {
			t.Errorf("%s as a text: %q %v, want %q %v", c.member, text, ok, c.text, c.isText)
		}
		items, ok := asItems(json.RawMessage(c.member))
		if !slices.Equal(items, c.items) || ok != (c.items != nil) {
			t.Errorf("%s as a list: %q %v, want %q", c.member, items, ok, c.items)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"a": ["x", 1], "b": "['y']"}`)
	f.Add("```json\n{\"a\": \"- one\\n- two\"")
	f.Fuzz(func(t *testing.T, text string) {
		members, err := parseAnswer(text)
		if (err == nil) != (len(members) > 0) {
			t.Fatalf("%d members and error %v", len(members), err)
		}
		for _, m := range members {
			asText(m)
			if items, ok := asItems(m); !ok && items != nil {
				t.Fatalf("items %q of no list", items)
			}
		}
	})
}
