package enrich

import (
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// rubbishPerson is a person whose call has one text and one list.
func rubbishPerson(number int64) (*person, *call, *field, *field) {
	text := &field{Field: &kind.Field{Name: "story", Text: &kind.TextSpec{Chars: kind.Length{Min: 10, Max: 400}}}, language: scriptsOf("ro")}
	list := &field{Field: &kind.Field{Name: "tools", Text: &kind.TextSpec{Chars: kind.Length{Min: 2, Max: 80}, Items: &kind.Length{Min: 2, Max: 6}}}}
	c := &call{Call: &plan.Call{Name: "tell", Examples: []plan.Example{{Prompt: "Write of Ada, 40.", Answer: map[string]plan.Answer{
		"story": {Text: "Ada mends nets by the harbour and sings in the choir of the old church on Sundays."},
		"tools": {Items: []string{"a rake", "a long net", "a lamp"}},
	}}}}}
	p := &person{runner: &runner{Enricher: &Enricher{rubbishSeen: newRubbish()}}, block: &block{batch: &frame.Batch{First: number, N: 1}}}
	return p, c, text, list
}

var rubbishRequest = endpoint.Request{
	System:   "You write short portraits of people who do not exist. Keep to the facts and to the lengths that are asked for.",
	User:     "The person lives in Upper Bend upon the Water, is 61 years old and keeps bees with two neighbours from the hill.\n- story: the life of the person in a few sentences, 10 to 400 characters\n\nYour last answer could not be used. Correct this:\n- story: the text has 9 characters; it must have 10 to 400",
	Examples: []endpoint.Turn{{User: "Write of Ada, 40.", Answer: `{"story":"Ada mends nets by the harbour and sings in the choir of the old church on Sundays."}`}},
}

func TestRubbish(t *testing.T) {
	values := map[string]any{"place": "Upper Bend upon the Water", "age": int64(61), "life": []any{map[string]any{"year": int64(1990), "text": "keeps bees with two neighbours from the hill"}}}
	const good = "At sixty-one she still walks to the hives before breakfast, counts the frames aloud and argues with the wind."
	for _, c := range []struct{ name, text, want string }{
		{"a text", good, ""},
		{"a text with the person's facts", "In Upper Bend upon the Water everyone knows her: she keeps bees with two neighbours from the hill.", ""},
		{"the system text", rubbishRequest.System, "repeats the request"},
		{"half of it in capitals", strings.ToUpper("keep to the facts and to the lengths that are asked for!"), "repeats the request"},
		{"the request for the field", "the life of the person in a few sentences, 10 to 400 characters", "repeats the request"},
		{"the repair message", "Your last answer could not be used. Correct this: story: the text has 9 characters", "repeats the request"},
		{"a short part of the request", "a few sentences", "repeats the request"},
		{"a short fact", "Upper Bend upon the Water", ""},
		{"the example", "Ada mends nets by the harbour and sings in the choir of the old church on Sundays.", "copies the example"},
		{"the example with another name", "Ion mends nets by the harbour and sings in the choir of the old church on Sundays!", "copies the example"},
		{"a placeholder in brackets", "[NAME] keeps bees and walks to the hives before breakfast.", `placeholder "[NAME]"`},
		{"a placeholder in braces", "She lives in {region} and walks to the hives.", `placeholder "{region}"`},
		{"a placeholder in angles", "She is called <nume> and walks to the hives.", `placeholder "<nume>"`},
		{"lorem ipsum", "Lorem ipsum dolor sit amet, consectetur.", "placeholder"},
		{"a word again and again", strings.Repeat("na ", 40), "repeats itself"},
		{"a sentence again and again", strings.Repeat("She counts the frames aloud. ", 5), "repeats itself"},
		{"a loop at the end", "At sixty-one she walks to the hives and counts the frames aloud." + strings.Repeat(" She sings and she sings in the choir.", 6), "repeats itself"},
		{"a refrain", "She keeps bees because her mother kept bees. She walks because her mother walked. At night she counts what is left, and it is enough.", ""},
		{"the type", "string", "placeholder"},
		{"the type at the end", "A text of the persona: string", "placeholder"},
		{"crosses", "She lives in XXXX with her bees.", "placeholder"},
		{"a link", "She keeps [a diary](https://diary.test) of the hives.", ""},
		{"a Roman numeral", "Her street is named after Ludovic XIII, whom nobody remembers.", ""},
		{"digits", "61 61 61 61", "has no words"},
		{"JSON", `{"story": "She keeps bees."}`, "JSON"},
		{"a fence", "```text\nShe keeps bees.", "JSON or code"},
		{"another script", "Она держит пчёл и встаёт раньше всех в деревне.", "another script"},
		{"a name in another script", "Ea citește Достоевский seara, după ce numără ramele din stup.", ""},
		{"a refusal", "I’m sorry, but I can't help with creating a profile of this person.", "refuses"},
		{"a refusal in Romanian", "Îmi pare rău, dar nu pot genera acest conținut.", "refuses"},
		{"another", "Ca model de limbaj, nu am acces la date personale.", "refuses"},
		{"a refusal in Portuguese", "Desculpe, mas não posso ajudar com isso.", "refuses"},
		{"another", "Como um modelo de linguagem, não tenho acesso a dados.", "refuses"},
		{"the first person", "I can't help smiling when the bees come home. I'm sorry to leave them in winter.", ""},
		{"regret in Romanian", "Nu pot să trăiesc fără stupii mei, spune ea râzând.", ""},
		{"regret in Portuguese", "Não posso viver sem as minhas abelhas, diz ela.", ""},
	} {
		p, call, text, _ := rubbishPerson(1)
		got := p.rubbish(call, text, &record{Field: "story", Text: c.text}, newSent(rubbishRequest, values))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		name  string
		items []string
		want  string
	}{
		{"a list", []string{"a smoker", "a veil", "old gloves"}, ""},
		{"one item of the example", []string{"a rake", "a veil", "old gloves"}, ""},
		{"the example", []string{"a rake", "a long net", "a lamp"}, "copies the example"},
		{"the example in another order", []string{"A lamp.", "a rake", "a veil"}, "copies the example"},
		{"words of the request", []string{"The person lives in", "is 61 years old and", "a few sentences 10 to"}, "repeats the request"},
		{"placeholders", []string{"item 1", "item 2"}, "placeholder"},
		{"a refusal", []string{"I cannot help with that", "a veil"}, "refuses"},
	} {
		p, call, _, list := rubbishPerson(1)
		got := p.rubbish(call, list, &record{Field: "tools", Items: c.items}, newSent(rubbishRequest, values))
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// Two persons do not get the same text; the same person may.
func TestSameText(t *testing.T) {
	p, c, text, _ := rubbishPerson(1)
	r := &record{Field: "story", Text: "At sixty-one she still walks to the hives before breakfast and counts the frames aloud."}
	said := newSent(endpoint.Request{User: "u"}, nil)
	p.rubbishSeen.remember(r, 1)
	if got := p.rubbish(c, text, r, said); got != "" {
		t.Errorf("the same person: got %q", got)
	}
	p.block.batch.First = 7
	if got := p.rubbish(c, text, r, said); !strings.Contains(got, "another person has the same") {
		t.Errorf("another person: got %q", got)
	}
	if got := p.rubbish(c, text, &record{Field: "story", Text: "She keeps bees."}, said); got != "" {
		t.Errorf("a short text: got %q", got)
	}
}

func TestScripts(t *testing.T) {
	for tag, known := range map[string]bool{"ro": true, "en": true, "pt-BR": true, "ru": true, "uk": true, "ja": true, "zh": true, "sr-Latn": true, "": false, "xx-unknown-tag-of-some-length": false} {
		if got := scriptsOf(tag); (got != nil) != known {
			t.Errorf("%s: got %d scripts", tag, len(got))
		}
	}
	if otherScript("彼女は毎朝、養蜂場へ歩いて行きます。", scriptsOf("ja")) || !otherScript("She walks to the hives.", scriptsOf("ja")) {
		t.Error("Japanese is misjudged")
	}
	if !slices.Contains(scriptsOf("ro-MD"), scriptsOf("en")[0]) {
		t.Error("two Latin languages differ")
	}
}
