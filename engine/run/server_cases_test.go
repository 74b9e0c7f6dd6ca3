package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/run"
)

// port is a spec of four persons with a text and a list each.
const port = `
name: "port"
language: "en"
population: {size: 4, seed: 1}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "green"]}
	years: {kind: "integer", min: 1, max: 60}
	story: {kind: "text", call: "early", chars: {min: 10, max: 400}}
	likes: {kind: "text_list", call: "early", items: {min: 2, max: 5}, chars: {min: 3, max: 60}}
	origin: kind: "text_source"
}
calls: early: {
	prompt: "Person {{ .id }}: {{ .years }}, {{ .hue }}. Write{{ range .Fields }}, {{ .name }}{{ end }}."
	system: "Write short texts.", model: "m", temperature: 0.7, max_tokens: 600
	examples: [{prompt: "A person: 33, blue.", answer: {story: "He repairs old clocks behind the mill and never hurries anyone.", likes: ["plum jam on rye bread", "quiet mornings by the weir"]}}]
}
`

// words make texts of persons that differ.
var words = strings.Fields("river stone bread engine violin garden market snow letter bridge carpet lantern orchard ferry clock kettle")

func sentence(n, length int) string {
	var b strings.Builder
	for i := range length {
		b.WriteString(words[(n*7+i*(3+n%5)+i*i)%len(words)] + " ")
	}
	return "So " + strings.TrimSpace(b.String()) + fmt.Sprintf(" %d.", n)
}

// goodAnswer is the object that a good model writes.
func goodAnswer(a fake.Asked) string {
	return a.Object(func(string) string { return sentence(a.Number, 12) }, func(string) []string {
		return []string{"red " + words[a.Number%16], "old " + words[(a.Number+5)%16], "wet " + words[(a.Number+9)%16]}
	})
}

// draftAnswer is an object with the same fields that must not be taken.
func draftAnswer(a fake.Asked) string {
	return a.Object(func(string) string { return "DRAFT of a text that is to be written again" }, func(string) []string { return []string{"DRAFT one", "DRAFT two"} })
}

// texts makes a server write its answers, but not those to probes, with a function.
func texts(write func(a fake.Asked) string) *fake.Server {
	return &fake.Server{Writes: func(a fake.Asked) string {
		if a.Canary {
			return goodAnswer(a)
		}
		return write(a)
	}}
}

// fields makes a server write the same for every text and every list.
func fields(text string, list ...string) *fake.Server {
	return texts(func(a fake.Asked) string {
		return a.Object(func(string) string { return text }, func(string) []string { return list })
	})
}

// replies makes a server send a body instead of its answers, but not of those to probes.
func replies(body func(a fake.Asked) string) *fake.Server {
	s := texts(goodAnswer)
	s.Replies = func(a fake.Asked) string {
		if a.Canary {
			return ""
		}
		return body(a)
	}
	return s
}

// refuses makes a server refuse requests whose body has a field, unless it is allowed.
func refuses(field string, allowed func(json.RawMessage) bool, message string) *fake.Server {
	s := texts(goodAnswer)
	s.Rejects = func(body map[string]json.RawMessage) string {
		if value, ok := body[field]; ok && (allowed == nil || !allowed(value)) {
			return message
		}
		return ""
	}
	return s
}

func envelope(message string) string {
	return `{"model":"m","choices":[{"index":0,"finish_reason":"stop","message":` + message + `}],"usage":{"prompt_tokens":120,"completion_tokens":80}}`
}

func encoded(text string) string { data, _ := json.Marshal(text); return string(data) }

// TestCasesServer runs a small spec against servers with the habits that users report,
// and with further ones of each kind. Whatever a server does, a run ends soon, takes
// no rubbish for a text, and says why.
func TestCasesServer(t *testing.T) {
	const all = 8 // texts of four persons
	wrapped := func(before, after string) *fake.Server {
		return texts(func(a fake.Asked) string { return before + goodAnswer(a) + after })
	}
	drafted := func(form string) *fake.Server {
		return texts(func(a fake.Asked) string { return fmt.Sprintf(form, draftAnswer(a), goodAnswer(a)) })
	}
	list := func(marked string) *fake.Server {
		return texts(func(a fake.Asked) string {
			return fmt.Sprintf(`{"story":%q,"likes":%s}`, sentence(a.Number, 12), encoded(marked))
		})
	}
	faulty := func(f fake.Fault) *fake.Server { // after the probe
		return &fake.Server{Faults: func(n int) fake.Fault {
			if n == 0 {
				return fake.None
			}
			return f
		}, Writes: goodAnswer}
	}
	plain := texts(goodAnswer)
	plain.Refuses = []string{"json_schema", "json_object"}
	for _, c := range []struct {
		name     string
		server   *fake.Server
		accepted int   // texts, at least
		err      error // nil for success
		says     string
		calls    int // at most, 0 for any number
	}{
		{"good", texts(goodAnswer), all, nil, "", 5},
		{"no response formats", plain, all, nil, "", 8},
		// Thoughts.
		{"a draft in thoughts", drafted("<think>first %s</think>\n```json\n%s\n```"), all, nil, "", 0},
		{"a draft in other thoughts", drafted("<reasoning>first %s</reasoning>%s"), all, nil, "", 0},
		{"a draft before a closing tag", drafted("first %s</think>%s"), all, nil, "", 0},
		{"a draft in thoughts after the answer", texts(func(a fake.Asked) string { return goodAnswer(a) + "<think>or " + draftAnswer(a) + "</think>" }), all, nil, "", 0},
		{"a draft in channels", drafted("<|channel|>analysis<|message|>%s<|end|><|start|>assistant<|channel|>final<|message|>%s"), all, nil, "", 0},
		{"thoughts without an end", texts(func(a fake.Asked) string { return "<think>" + draftAnswer(a) }), 0, run.ErrChecks, "not a JSON object", 0},
		{"a brace in thoughts", wrapped("<think>The placeholders are {name} and {region}.</think>\n", ""), all, nil, "", 0},
		{"the answer in reasoning_content", replies(func(a fake.Asked) string {
			return envelope(`{"content":null,"reasoning_content":` + encoded(goodAnswer(a)) + `}`)
		}), 0, run.ErrChecks, "", 0},
		// Forms of answers.
		{"a brace before the answer", wrapped("Here is the JSON {as requested}:\n", ""), all, nil, "", 0},
		{"a fence with words around", wrapped("Sure!\n```json\n", "\n```\nLet me know {if} you need more."), all, nil, "", 0},
		{"the schema first", wrapped(`Schema: {"type": "object"} `, ""), all, nil, "", 0},
		{"nested", wrapped(`{"persona": `, `}`), all, nil, "", 0},
		{"nested twice", wrapped(`{"result": {"persona": `, `}}`), all, nil, "", 0},
		{"in a list", wrapped("[", "]"), all, nil, "", 0},
		{"keys in another case", texts(func(a fake.Asked) string {
			return strings.NewReplacer(`"story"`, `"Story"`, `"likes"`, `"LIKES"`).Replace(goodAnswer(a))
		}), all, nil, "", 0},
		{"raw line breaks", texts(func(a fake.Asked) string { return strings.ReplaceAll(goodAnswer(a), "So ", "So\n") }), all, nil, "", 0},
		{"single quotes", texts(func(a fake.Asked) string { return strings.ReplaceAll(goodAnswer(a), `"`, "'") }), all, nil, "", 0},
		{"a comma at the end", texts(func(a fake.Asked) string { return strings.TrimSuffix(goodAnswer(a), "}") + ",}" }), all, nil, "", 0},
		{"NaN beside the fields", wrapped(`{"score": NaN, "answer": `, "}"), all, nil, "", 0},
		{"escaped twice", texts(func(a fake.Asked) string { return encoded(encoded(goodAnswer(a))) }), all, nil, "", 0},
		{"text instead of JSON", texts(func(a fake.Asked) string { return sentence(a.Number, 12) }), 0, run.ErrChecks, "not a JSON object", 0},
		{"braces without an end", texts(func(fake.Asked) string { return strings.Repeat("{", 30_000) }), 0, run.ErrChecks, "", 0},
		// Lists.
		{"lines with numbers", list("1. 1980s disco\n2. 3D printing\n3. 5-a-side football"), all, nil, "", 0},
		{"lines with brackets", list("1) 7 habits\n2) 24-hour swims"), all, nil, "", 0},
		{"lines with bullets", list("• 7 habits\n• 24-hour swims"), all, nil, "", 0},
		{"lines with dashes", list("– 7 habits\n– 24-hour swims"), all, nil, "", 0},
		{"a list with commas", list("tea, rain, music"), 4, run.ErrChecks, "must be a list", 0},
		// Envelopes.
		{"no choices", replies(func(fake.Asked) string { return `{"choices":[]}` }), 0, run.ErrResumable, "no answer in it", 20},
		{"null content", replies(func(fake.Asked) string { return envelope(`{"content":null}`) }), 0, run.ErrChecks, "", 0},
		{"content in parts", replies(func(a fake.Asked) string {
			return envelope(`{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":` + encoded(goodAnswer(a)) + `}]}`)
		}), all, nil, "", 0},
		{"tool calls", replies(func(fake.Asked) string { return envelope(`{"content":null,"tool_calls":[{"id":"1"}]}`) }), 0, run.ErrChecks, "", 0},
		{"a refusal", faulty(fake.Refusal), 0, run.ErrChecks, "I cannot help", 0},
		{"length", faulty(fake.Length), 0, run.ErrChecks, "cut off", 0},
		{"content filter", faulty(fake.Filtered), 0, run.ErrChecks, "content filter", 0},
		{"another model's name", replies(func(a fake.Asked) string {
			return strings.Replace(envelope(`{"content":`+encoded(goodAnswer(a))+`}`), `"model":"m"`, `"model":"other\u001b[31m"`, 1)
		}), all, nil, "", 0},
		{"an error with status 200", replies(func(fake.Asked) string { return `{"error":{"message":"the upstream died","code":"x"}}` }), 0, run.ErrResumable, "the upstream died", 20},
		{"a wrong key with status 200", replies(func(fake.Asked) string { return `{"error":{"message":"bad key","code":401}}` }), 0, run.ErrResumable, "bad key", 3},
		{"an HTML page", &fake.Server{Replies: func(fake.Asked) string { return "<html>Sign in</html>" }}, 0, run.ErrUsage, "HTML page", 1},
		{"a stream", &fake.Server{Replies: func(fake.Asked) string { return "data: {\"choices\":[]}\n\ndata: [DONE]\n\n" }}, 0, run.ErrUsage, "streams its answer", 1},
		{"a compressed reply", &fake.Server{Replies: func(fake.Asked) string { return "\x1f\x8b\x08\x00" }}, 0, run.ErrUsage, "compresses its reply", 1},
		{"words before the reply", replies(func(a fake.Asked) string { return "\n   \n" + envelope(`{"content":`+encoded(goodAnswer(a))+`}`) }), all, nil, "", 0},
		{"a reply without an end", replies(func(fake.Asked) string { return envelope(`"` + strings.Repeat("x", 3<<20) + `"`) }), 0, run.ErrResumable, "longer than", 6},
		// Statuses.
		{"a wrong key", &fake.Server{Faults: fake.Always(fake.Unauthorised)}, 0, run.ErrResumable, "no key was sent", 1},
		{"an empty account", faulty(fake.Quota), 0, run.ErrResumable, "current quota", 3},
		{"bad requests", faulty(fake.BadRequest), 0, run.ErrResumable, "this request is bad", 5},
		{"a full context", refuses("messages", func(m json.RawMessage) bool { return !strings.Contains(string(m), "Person ") }, "maximum context length is 4096 tokens"), 0, run.ErrResumable, "raise it at the server", 6},
		{"an unknown model", refuses("model", nil, "The model `m` does not exist"), 0, run.ErrUsage, "check the name of the model", 1},
		{"no temperature", refuses("temperature", nil, "Unsupported value: 'temperature'. Only the default (1) value is supported."), all, nil, "", 6},
		{"max_completion_tokens", refuses("max_tokens", nil, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."), all, nil, "", 6},
		{"one in two limited", &fake.Server{Writes: goodAnswer, Faults: func(n int) fake.Fault {
			return map[bool]fake.Fault{true: fake.RateLimit}[n%2 == 1]
		}}, all, nil, "", 0},
		{"connections that break", faulty(fake.CutInside), 0, run.ErrResumable, "EOF", 0},
		{"internal errors", faulty(fake.ServerError), 0, run.ErrResumable, "something broke", 0},
		// Rubbish.
		{"the example", texts(func(a fake.Asked) string { return a.Examples[0] }), 0, run.ErrChecks, "copies the example", 0},
		{"the request", texts(func(a fake.Asked) string {
			return a.Object(func(string) string { return a.User }, func(string) []string { return []string{a.User, a.System} })
		}), 0, run.ErrChecks, "repeats the request", 0},
		{"the same for everybody", fields("She mends nets in winter and sings in the choir of the old church on Sundays.", "mending nets by the old harbour", "singing in the choir on Sundays", "counting the boats at night", "reading by the stove"), 2, run.ErrChecks, "another person has the same", 0},
		{"placeholders", fields("[NAME] lives by the sea.", "[hobby 1]", "[hobby 2]"), 0, run.ErrChecks, "placeholder", 0},
		{"lorem ipsum", fields("Lorem ipsum dolor sit amet.", "lorem", "ipsum"), 0, run.ErrChecks, "placeholder", 0},
		{"the type", fields("A story of the persona: string", "string", "text"), 0, run.ErrChecks, "placeholder", 0},
		{"another script", fields("Она живёт у моря и чинит сети зимой.", "рыбалка у моря", "старые песни"), 0, run.ErrChecks, "another script", 0},
		{"a refusal as a text", fields("I'm sorry, but I can't help with creating a profile.", "I cannot assist with this request.", "I cannot assist with that."), 0, run.ErrChecks, "refuses to write", 0},
		{"a loop", fields(strings.Repeat("and so on and on it goes ", 10), "na na na", "la la la"), 0, run.ErrChecks, "repeats itself", 0},
		{"a number", texts(func(fake.Asked) string { return `{"story": 123456789012345678901234567890, "likes": ["1", "2", "3"]}` }), 0, run.ErrChecks, "must be a string", 0},
		{"control characters", fields("Mends nets in win\x00ter \x1b[31m and sings.", "a\u202eb c", "d\u200b\u202e e"), 0, run.ErrChecks, "", 0},
		{"tags", fields("<p>Mends nets.</p><script>alert(1)</script>", "<b>tea</b>", "<i>rain</i>"), 0, run.ErrChecks, "remains of a template", 0},
		{"the end of a turn", fields("She mends nets in winter.<|im_end|>", "tea<|im_end|>", "rain<|im_end|>"), 0, run.ErrChecks, "placeholder", 0},
		{"swapped kinds", texts(func(fake.Asked) string { return `{"story": ["one.", "two."], "likes": "tea and rain"}` }), 0, run.ErrChecks, "must be a", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			spec := filepath.Join(dir, "port.cue")
			if err := os.WriteFile(spec, []byte(port), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			_, err := run.Run(ctx, run.Config{
				Spec: spec, Out: filepath.Join(dir, "out"), Provider: "vllm", Formats: []string{"jsonl"},
				Writer: run.Writer{Unwatched: true, Endpoint: endpoint.Config{BaseURL: "http://127.0.0.1/v1", Model: "m", Transport: c.server.Transport(), Workers: 1, MaxInFlight: 1,
					Backoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond}},
			})
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("got error %v, want %v", err, c.err)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\x1b\x00") {
				t.Errorf("control characters in %q", err)
			}
			if n := c.server.Calls(); c.calls > 0 && n > c.calls {
				t.Errorf("%d calls, want at most %d", n, c.calls)
			}
			data, _ := os.ReadFile(filepath.Join(dir, "out", "jsonl/train-00000-of-00001.jsonl"))
			accepted := 0
			for line := range strings.Lines(string(data)) {
				var p struct {
					Story *string
					Likes []string
				}
				if err := json.Unmarshal([]byte(line), &p); err != nil {
					t.Fatal(err)
				}
				if p.Story != nil {
					accepted++
				}
				if p.Likes != nil {
					accepted++
				}
			}
			if (c.accepted == 0 || c.accepted == all) && accepted != c.accepted || accepted < c.accepted {
				t.Errorf("%d texts are accepted, want %d:\n%s", accepted, c.accepted, data)
			}
			if strings.Contains(string(data), "DRAFT") {
				t.Errorf("a draft is accepted:\n%s", data)
			}
		})
	}
}
