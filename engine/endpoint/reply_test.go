package endpoint

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzReply compares the reading of objects, arrays and usage with encoding/json.
func FuzzReply(f *testing.F) {
	f.Add(`{"model":"m","choices":[{"message":{"content":"a\"]},","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":3}}}`)
	f.Add(" { \"a\" : [ 1 , {\"b\":\"}\"} , [ ] ] , \"c\" : \"\\\\\" }\n")
	f.Add(`[1,"]",{"a":[","]},[[]],null]`)
	f.Add(`{"usage":{"prompt_tokens":1e3,"completion_tokens":-4,"cached_tokens":12.0}}`)
	f.Add(`{"a":1,}`)
	f.Add(`{`)
	f.Add(`[1 2`)
	f.Fuzz(func(t *testing.T, text string) {
		readChat([]byte(text)) // whatever it is, this must end
		if !json.Valid([]byte(text)) {
			return
		}
		compareMembers(t, text)
		compareElements(t, text)
	})
}

func compareMembers(t *testing.T, text string) {
	var want map[string]json.RawMessage
	isObject := json.Unmarshal([]byte(text), &want) == nil && want != nil
	got := map[string]json.RawMessage{}
	whole := members([]byte(text), func(name, value []byte) {
		var plain string
		if err := json.Unmarshal(slices.Concat([]byte(`"`), name, []byte(`"`)), &plain); err != nil {
			t.Errorf("%s: the name %q: %v", text, name, err)
		}
		got[plain] = bytes.Clone(value)
	})
	if whole != isObject {
		t.Fatalf("%s: an object: %v, want %v", text, whole, isObject)
	}
	if !isObject {
		return
	}
	if len(got) != len(want) {
		t.Errorf("%s: %q, want %q", text, got, want)
	}
	for name, value := range want {
		if string(got[name]) != string(value) {
			t.Errorf("%s: %s is %q, want %q", text, name, got[name], value)
		}
	}
}

func compareElements(t *testing.T, text string) {
	var want []json.RawMessage
	isArray := json.Unmarshal([]byte(text), &want) == nil && want != nil
	var got []json.RawMessage
	whole := elements([]byte(text), func(_ int, value []byte) { got = append(got, bytes.Clone(value)) })
	if whole != isArray {
		t.Fatalf("%s: an array: %v, want %v", text, whole, isArray)
	}
	if isArray && !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Errorf("%s: %q, want %q", text, got, want)
	}
}

func TestUsage(t *testing.T) {
	for text, want := range map[string]Usage{
		`{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}`: {Prompt: 9, Completion: 4},
		`{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":3}}`: {Prompt: 9, Completion: 4, Cached: 5, Reasoning: 3},
		`{"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":1}`:                                                        {Prompt: 9, Completion: 4, Cached: 8},
		`{"prompt_tokens":9,"completion_tokens":4,"cached_tokens":20,"reasoning_tokens":6,"prompt_tokens_details":null}`:                                            {Prompt: 9, Completion: 6, Cached: 9, Reasoning: 6},
		`{ "prompt_tokens" : 9.0 , "completion_tokens" : -4 }`:                                                                                                      {Prompt: 9},
		`{"prompt_tokens":1e300,"completion_tokens":2}`:                                                                                                             {Completion: 2},
	} {
		if got := readUsage([]byte(text)); got == nil || *got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	for _, none := range []string{`null`, `{}`, `{"prompt_tokens":0,"completion_tokens":0}`, `"x"`, `{"prompt_tokens":"9"}`} {
		if got := readUsage([]byte(none)); got != nil {
			t.Errorf("%s: %+v", none, got)
		}
	}
}

// A reply that is only nearly a chat completion is no answer.
func TestUnreadableReplies(t *testing.T) {
	for _, body := range []string{
		`{"choices":{}}`, `{"choices":"x"}`, `{"choices":[null]}`, `{"choices":[{"message":{"content":7}}]}`,
		`{"choices":[{"message":{"content":[{"text":"a"}}]}`, `{"choices":[{"message":{"content":[{"text":7}]}}]}`,
		`{"choices":[{"message":{"content":"a"},"finish_reason":7}]}`, `{"choices":[{"message":{"content":"a" "b"}}]}`,
		`{"model":7,"choices":[{"message":{"content":"a"}}]}`, `null`, `{"choices":[{"message":{"content":"a"}}]`,
	} {
		x := &exchange{status: 200}
		var ok bool
		if x.chat, ok = readChat([]byte(body)); !ok {
			continue
		}
		a, err := (&Client{}).decode(x)
		if err == nil || err.Kind != Unreadable || strings.Contains(err.Message, "\n") {
			t.Errorf("%s: %+v, %v", body, a, err)
		}
	}
}
