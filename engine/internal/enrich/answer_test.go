package enrich

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
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
		{"a draft in thoughts", `<think>first {"a": "draft"}, no</think>{"a": "final"}`, map[string]string{"a": `"final"`}},
		{"thoughts without their beginning", `so {"a": "draft"}</think> {"a": "final"}`, map[string]string{"a": `"final"`}},
		{"thoughts without an end", `<think>so {"a": "draft"}`, nil},
		{"a tag in a text", `{"a": "the <think> tag"}`, map[string]string{"a": `"the <think> tag"`}},
		{"a brace before the answer", `I keep to {name}: {"a": "x"}`, map[string]string{"a": `"x"`}},
		{"an object without the fields", `Schema: {"type": "object"} {"a": "x"} {"done": true}`, map[string]string{"a": `"x"`}},
		{"two answers", `{"a": "first", "b": ["y"]} Better: {"a": "second", "b": ["z"]}`, map[string]string{"a": `"second"`, "b": `["z"]`}},
		{"a part after the whole", `{"a": "x", "b": ["y"]} or {"a": "z"}`, map[string]string{"a": `"x"`, "b": `["y"]`}},
		{"a line break in a string", "{\"a\": \"one\ntwo\x01\"}", map[string]string{"a": `"one\ntwo\u0001"`}},
		{"a comma at the end", `{"a": "x",}`, map[string]string{"a": `"x"`}},
		{"nested", `{"persona": {"a": "x"}}`, map[string]string{"a": `"x"`}},
		{"nested under the name of a field", `{"a": {"a": "x", "b": ["y"]}}`, map[string]string{"a": `"x"`, "b": `["y"]`}},
		{"nested in a list", `{"personas": [{"a": "x"}]}`, map[string]string{"a": `"x"`}},
		{"two within one", `{"draft": {"a": "x"}, "final": {"a": "y"}}`, nil},
		{"other case", `{"A": "x", "B ": ["y"]}`, map[string]string{"a": `"x"`, "b": `["y"]`}},
		{"two of other case", `{"A": "x", "A ": "y"}`, map[string]string{}},
		{"escaped quotes", `{"a": "say \"{\" \'so\'"}`, map[string]string{"a": `"say \"{\" 'so'"`}},
		{"an end after a comma", `{"a": ["x"],`, map[string]string{"a": `["x"]`}},
		{"thoughts after the answer", `{"a": "final"} <think>or {"a": "draft"}?</think>`, map[string]string{"a": `"final"`}},
		{"thoughts after the answer without an end", `{"a": "final"} <think>or {"a": "draft"}`, map[string]string{"a": `"final"`}},
		{"thoughts within thoughts", `<think><think>{"a": "draft"}</think>{"a": "draft"}</think>{"a": "final"}`, map[string]string{"a": `"final"`}},
		{"a tag with an attribute", `<thinking kind="deep">{"a": "draft"}</thinking>{"a": "final"}`, map[string]string{"a": `"final"`}},
		{"thoughts of another family without an end", `[THINK]{"a": "draft"}`, nil},
		{"and another", `◁think▷{"a": "draft"}`, nil},
		{"and one with a prefix", `<seed:think>{"a": "draft"}`, nil},
		{"channels", `<|channel|>analysis<|message|>{"a": "draft"}<|end|><|start|>assistant<|channel|>final<|message|>{"a": "final"}`, map[string]string{"a": `"final"`}},
		{"a channel without an end", `<|channel|>analysis<|message|>{"a": "draft"}`, nil},
		{"single quotes", `{'a': 'it\'s the boys\' "own", don't', 'b': ['y', "z's"]}`, map[string]string{"a": `"it's the boys' \"own\", don't"`, "b": `["y","z's"]`}},
		{"Python literals", `{"score": NaN, 'ok': True, "none": None, "a": "x"}`, map[string]string{"a": `"x"`}},
		{"names without quotes", `{a: "x", b: ["y"]}`, map[string]string{"a": `"x"`, "b": `["y"]`}},
		{"a comma at the end of a list", `{"a": "x", "b": ["y", ]}`, map[string]string{"a": `"x"`, "b": `["y"]`}},
		{"comments", "{\"a\": \"x // y\", // the text\n /* the list */ \"b\": [\"y\"]}", map[string]string{"a": `"x // y"`, "b": `["y"]`}},
		{"backslashes of Markdown", `{"a": "one\_two \*three\*"}`, map[string]string{"a": `"one_two *three*"`}},
		{"escaped", `"{\"a\": \"x\"}"`, map[string]string{"a": `"x"`}},
		{"escaped twice", `"\"{\\\"a\\\": \\\"x\\\"}\""`, map[string]string{"a": `"x"`}},
		{"escaped within an object", `{"answer": "{\"a\": \"x\"}"}`, map[string]string{"a": `"x"`}},
		{"numbers as words", `{"a": infinite}`, nil},
		{"a quote within a text", `{"a": "he said "no" to me"}`, nil},
		{"braces without an end", strings.Repeat(`{"a":`, 100_000), nil},
		{"empty", "", nil},
	} {
		got, err := parseAnswer(c.text, []string{"a", "b"})
		if (err != nil) != (c.want == nil) {
			t.Errorf("%s: got error %v", c.name, err)
			continue
		}
		for name, raw := range c.want {
			if string(got[name]) != raw {
				t.Errorf("%s, %s: got %s, want %s", c.name, name, got[name], raw)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %d members, want %d", c.name, len(got), len(c.want))
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
		{`12.50`, "", false, nil},
		{`"one\r\ntwo\rs\u0326i"`, "one\ntwo\nși", true, []string{"one", "two", "și"}},
		{`null`, "", false, nil},
		{`true`, "", false, nil},
		{`{"a": 1}`, "", false, nil},
		{`{"text": "a text"}`, "a text", true, []string{"a text"}},
		{`{"1": "one", "2": "two"}`, "", false, []string{"one", "two"}},
		{`[{"item": "one"}, {"item": "two"}]`, "", false, []string{"one", "two"}},
		{`{"items": ["one", "two"]}`, "", false, []string{"one", "two"}},
		{`["one", 2]`, "", false, nil},
		{`"1. 1980s disco\n2. 3D printing\n3) 5-a-side football\n2.5 km on foot\n4.Chess"`, "1. 1980s disco\n2. 3D printing\n3) 5-a-side football\n2.5 km on foot\n4.Chess", true, []string{"1980s disco", "3D printing", "5-a-side football", "2.5 km on foot", "Chess"}},
		{`["1. one", "2. two"]`, "", false, []string{"one", "two"}},
		{`["1. FC Union", "two"]`, "", false, []string{"1. FC Union", "two"}},
		{`["J. S. Bach", "W. A. Mozart"]`, "", false, []string{"J. S. Bach", "W. A. Mozart"}},
		{`["one", ["two"]]`, "", false, nil},
		{`"<think>so</think>A text"`, "A text", true, nil},
		{`{"type": "string", "value": "a text"}`, "a text", true, []string{"a text"}},
		{`{"type": "array", "items": ["one", "two"]}`, "", false, []string{"one", "two"}},
		{`["- one\n- two"]`, "", false, []string{"one", "two"}},
		{`"#1 7 habits\n#2 24-hour swims"`, "#1 7 habits\n#2 24-hour swims", true, []string{"7 habits", "24-hour swims"}},
		{`["**1.** 7 habits", "**2.** 3D printing"]`, "", false, []string{"7 habits", "3D printing"}},
		{`["1: 7 habits", "2: 3D printing"]`, "", false, []string{"7 habits", "3D printing"}},
		{`"- 1. 7 habits\n- 2. 3D printing"`, "- 1. 7 habits\n- 2. 3D printing", true, []string{"7 habits", "3D printing"}},
		{`"1) 7 habits\n2) 3D printing"`, "1) 7 habits\n2) 3D printing", true, []string{"7 habits", "3D printing"}},
		{`"– 7 habits\n– 3D printing"`, "– 7 habits\n– 3D printing", true, []string{"7 habits", "3D printing"}},
		{`["-7 habits", "-3D printing"]`, "", false, []string{"7 habits", "3D printing"}},
		{`["-7 degrees", "3D printing"]`, "", false, []string{"-7 degrees", "3D printing"}},
		{`["7 habits", "24-hour swims"]`, "", false, []string{"7 habits", "24-hour swims"}},
		{`["1 dog", "2 cats"]`, "", false, []string{"1 dog", "2 cats"}},
		{`"[\"one\", \"two\"]"`, `["one", "two"]`, true, []string{"one", "two"}},
		{`"['it\\'s', 'two']"`, `['it\'s', 'two']`, true, []string{"it's", "two"}},
		{`"- one\n- two"`, "- one\n- two", true, []string{"one", "two"}},
		{`"['one"`, "['one", true, nil},
	} {
		text, ok := asText(json.RawMessage(c.member))
		if text != c.text || ok != c.isText {
			t.Errorf("%s as a text: got %q %v, want %q %v", c.member, text, ok, c.text, c.isText)
		}
		items, ok := asItems(json.RawMessage(c.member))
		if !slices.Equal(items, c.items) || ok != (c.items != nil) {
			t.Errorf("%s as a list: got %q %v, want %q", c.member, items, ok, c.items)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"a": ["x", 1], "b": "['y']"}`)
	f.Add(`{"0": ["0",10],`)
	f.Add(`{"persona": {"A": {"1": "x"}}} <think> {"a": "1. x\r\n2. y",}`)
	f.Add("```json\n{\"a\": \"- one\\n- two\"")
	f.Fuzz(func(t *testing.T, text string) {
		members, err := parseAnswer(text, []string{"a", "b"})
		if err != nil && len(members) > 0 {
			t.Fatalf("got %d members and error %v", len(members), err)
		}
		for _, m := range members {
			asText(m)
			if items, ok := asItems(m); !ok && items != nil {
				t.Fatalf("items %q of no list", items)
			}
		}
	})
}

// No answer, however it is nested, takes long to read.
func TestNestingIsBounded(t *testing.T) {
	for _, text := range []string{
		strings.Repeat(`{"a":`, 9000) + `"x"` + strings.Repeat(`}`, 9000),
		`{"a":"` + strings.Repeat(`\"[`, 60000) + `"}`, strings.Repeat(`{"a":[`, 40000), strings.Repeat(`{"c":1}`, 30000),
	} {
		start := time.Now()
		members, _ := parseAnswer(text, []string{"a", "b"})
		for _, m := range members {
			asText(m)
			asItems(m)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.20s...: took %v", text, took)
		}
	}
}
