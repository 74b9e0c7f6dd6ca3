package enrich_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/enrich"
)

// tales is a spec with what parrots need: instructions, an example and a repair
// message.
const tales = `
name: "tales", language: "en"
population: {size: 120, seed: 1}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "green"]}
	years: {kind: "integer", min: 1, max: 60}
	story: {kind: "text", call: "tell", about: "a portrait in two sentences", chars: {min: 10, max: 2000}}
	tools: {kind: "text_list", call: "tell", items: {min: 2, max: 40}, chars: {min: 2, max: 400}}
}
calls: tell: {
	model: "m"
	system: "You write short portraits of people who do not exist. Keep to the facts, and observe the lengths that are asked for."
	prompt: """
		The person is {{ .years }} years old and likes {{ .hue }} above all other colours.
		{{ range .Fields }}- {{ .name }}: {{ .about }}, {{ .min }} to {{ .max }} characters{{ if .fault }}; your last answer was refused because {{ .fault }}{{ end }}
		{{ end }}
		"""
	examples: [{prompt: "The person is 7 years old and likes blue.", answer: {
		story: "Ada is seven and paints every wall of the old house blue, to the despair of her aunts."
		tools: ["a wide brush", "a tin of blue paint", "an old shirt"]
	}}]
}
`

// A model that repeats what it is sent, in whatever way, gets no text accepted.
func TestParrots(t *testing.T) {
	w := newWorld(t, tales)
	parts := func(text string) []string {
		var items []string
		words := strings.Fields(text)
		for len(words) > 0 {
			n := min(4, len(words))
			items, words = append(items, strings.Join(words[:n], " ")), words[n:]
		}
		return items[:min(len(items), 30)]
	}
	every := func(text string) func(*fake.Asked) string {
		return func(a *fake.Asked) string {
			return a.Object(func(string) string { return text }, func(string) []string { return parts(text) })
		}
	}
	for name, parrot := range map[string]func(a *fake.Asked) string{
		"the prompt":                     func(a *fake.Asked) string { return every(a.User)(a) },
		"the system text":                func(a *fake.Asked) string { return every(a.System)(a) },
		"both":                           func(a *fake.Asked) string { return every(a.System + "\n" + a.User)(a) },
		"the prompt in capitals":         func(a *fake.Asked) string { return every(strings.ToUpper(a.User))(a) },
		"the prompt without line breaks": func(a *fake.Asked) string { return every(strings.Join(strings.Fields(a.User), " "))(a) },
		"the prompt after a word":        func(a *fake.Asked) string { return every("Certainly: " + a.User)(a) },
		"its last line": func(a *fake.Asked) string {
			lines := strings.Split(strings.TrimSpace(a.User), "\n")
			return every(lines[len(lines)-1])(a)
		},
		"the example": func(a *fake.Asked) string { return a.Examples[len(a.Examples)-1] },
		"the schema":  func(a *fake.Asked) string { return every(string(a.Schema))(a) },
		"the field's name": func(a *fake.Asked) string {
			return a.Object(func(n string) string { return "string" }, func(n string) []string { return []string{"string", "string 2"} })
		},
		"lorem ipsum": func(a *fake.Asked) string { return every(fmt.Sprint("Lorem ipsum dolor sit amet ", a.Number))(a) },
		"[NAME] and number": func(a *fake.Asked) string {
			return every(fmt.Sprintf("[NAME] is person %d of the village", a.Number))(a)
		},
		"a refusal": func(a *fake.Asked) string {
			return every("I'm sorry, but I can't help with creating a profile of this person.")(a)
		},
		"numbers": func(a *fake.Asked) string {
			return strings.NewReplacer(`"n"`, "123456789012345678901234567890").Replace(a.Object(func(string) string { return "n" }, func(string) []string { return []string{"n", "n"} }))
		},
		"thoughts only": func(a *fake.Asked) string { return "<think>A draft: " + a.Answer + " no, that is weak." },
	} {
		s := &fake.Server{Writes: func(a fake.Asked) string { return parrot(&a) }}
		e := w.enricher(t, t.TempDir(), enrich.Options{})
		got := w.run(t, e, client(t, s, nil))
		if total := got.Total(); total.Accepted != 0 || total.Quarantined == 0 {
			t.Errorf("a parrot of %s: got %+v", name, got.Fields)
		}
	}
}

// Answers of models that mean well are accepted, whatever is around them.
func TestAnswersInOtherForms(t *testing.T) {
	w := newWorld(t, tales)
	good := func(a *fake.Asked) string {
		return a.Object(func(string) string {
			return fmt.Sprintf("She is the %dth of her street, and mends whatever the neighbours bring to her door.", a.Number)
		}, func(string) []string { return []string{fmt.Sprint("a lamp number ", a.Number), "a rake"} })
	}
	for name, form := range map[string]func(a *fake.Asked) string{
		"a draft in thoughts": func(a *fake.Asked) string {
			return `<think>Draft: {"story": "TOO WEAK, must rewrite this", "tools": ["x", "y"]}</think>` + "\n```json\n" + good(a) + "\n```"
		},
		"a brace in thoughts": func(a *fake.Asked) string { return "<think>I keep {name} and {region}.</think>\n" + good(a) },
		"a brace before":      func(a *fake.Asked) string { return "Here is the JSON you asked for {as requested}:\n" + good(a) },
		"a schema before":     func(a *fake.Asked) string { return `Schema: {"type": "object"} Answer: ` + good(a) },
		"nested":              func(a *fake.Asked) string { return `{"persona": ` + good(a) + `}` },
		"other case": func(a *fake.Asked) string {
			return strings.NewReplacer(`"story"`, `"Story"`, `"tools"`, `"TOOLS"`).Replace(good(a))
		},
		"raw line breaks": func(a *fake.Asked) string { return strings.Replace(good(a), "and mends", "and\nmends", 1) },
		"a list in lines": func(a *fake.Asked) string {
			return a.Object(func(string) string { return "She is number " + fmt.Sprint(a.Number) + " and mends what others bring." }, marked(a))
		},
		"a list of objects": func(a *fake.Asked) string {
			var o map[string]any
			json.Unmarshal([]byte(good(a)), &o)
			if items, ok := o["tools"].([]any); ok {
				for i := range items {
					items[i] = map[string]any{"item": items[i]}
				}
			}
			data, _ := json.Marshal(o)
			return string(data)
		},
	} {
		s := &fake.Server{Writes: func(a fake.Asked) string { return form(&a) }}
		e := w.enricher(t, t.TempDir(), enrich.Options{})
		got := w.run(t, e, client(t, s, nil))
		if total := got.Total(); total.Accepted != 2*people || total.Repaired != 0 {
			t.Errorf("%s: got %+v", name, got.Fields)
		}
		b := w.filled(t, e)
		for row, story := range b.Columns[b.Schema.Index("story")].Texts[:b.N] {
			if strings.Contains(story, "WEAK") {
				t.Errorf("%s: person %d has the draft", name, row)
			}
		}
	}
}

// marked returns the items of a list.
func marked(a *fake.Asked) func(string) []string {
	return func(string) []string { return []string{fmt.Sprint("1. 1980s disco ", a.Number), "2. 3D printing"} }
}

// The same text for everybody is accepted once.
func TestOneTextForAll(t *testing.T) {
	w := newWorld(t, tales)
	s := &fake.Server{Writes: func(a fake.Asked) string {
		return a.Object(func(string) string {
			return "She lives by the water, mends nets in winter and sings in the evening choir."
		},
			func(string) []string {
				return []string{"an anchor of rusty iron", "a net with holes of all sizes", "a song book without a cover", "a pair of woollen gloves"}
			})
	}}
	e := w.enricher(t, t.TempDir(), enrich.Options{})
	got := w.run(t, e, client(t, s, nil))
	if total := got.Total(); total.Accepted != 2 {
		t.Errorf("got %+v", total)
	}
}
