package endpoint

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// replying returns a client without retries whose server answers with status 200
// and a body.
func replying(t testing.TB, body string) *Client {
	return newClient(t, Config{BaseURL: "http://model.test/v1", Model: "m", Retries: -1, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: readCloser(body)}, nil
	})}, nil)
}

// batchLine is the line of a batch's output file with a reply.
func batchLine(body string) []byte {
	return []byte(`{"custom_id":"a","response":{"status_code":200,"body":` + body + `},"error":null}`)
}

// Replies of other forms than OpenAI's are read, from the network and from
// batch files.
func TestAnswerForms(t *testing.T) {
	long := strings.Repeat("ț", 300)
	for _, c := range []struct {
		body, text string
		usage      Usage
	}{
		{`{"choices":[{"message":{"content":"short"}}]}`, "short", Usage{}},
		{`{"choices":[{"message":{"content":[{"type":"text","text":"` + long + `"},{"type":"text","text":"b"}]}}]}`, long + "b", Usage{}},
		{`{"choices":[{"message":{"content":null,"reasoning_content":"` + long + `"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`, "", Usage{Prompt: 1, Completion: 2}},
		{`{"choices":[{"message":{"role":"assistant","content":""},"finish_reason":"stop"}]}`, "", Usage{}},
		{`{"choices":[{"message":{"content":"` + strings.Repeat(`\u021b`, 100) + `"}}]}`, strings.Repeat("ț", 100), Usage{}},
		{`{"usage":{"prompt_tokens":12.0,"completion_tokens":3.0,"total_tokens":15.0},"choices":[{"message":{"content":"floats"}}]}`, "floats", Usage{Prompt: 12, Completion: 3}},
		{`{"id":7,"created":1.5e9,"choices":[{"index":0.0,"logprobs":"x","message":{"content":[{"text":"a"},{"text":"b"}]}}],"usage":{"prompt_tokens":1.0,"completion_tokens":"2"}}`, "ab", Usage{Prompt: 1}},
		{`{"choices":[{"message":{"content":"both"}}],"error":{"message":"ignored"}}`, "both", Usage{}},
	} {
		a, err := replying(t, c.body).Do(t.Context(), Request{User: "u"})
		if err != nil || a.Text != c.text || a.Usage != c.usage {
			t.Errorf("%s: got %q, %+v, %v", c.body, a.Text, a.Usage, err)
		}
		a, usage, err := replying(t, "").ReadBatchLine(batchLine(c.body))
		if err != nil || a.Text != c.text || a.Usage != c.usage || (usage == nil) != (c.usage == Usage{}) {
			t.Errorf("in a batch, %s: got %q, %+v, %v", c.body, a.Text, a.Usage, err)
		}
	}
}

// What follows the JSON object of a reply is ignored.
func TestTrailingGarbage(t *testing.T) {
	for _, garbage := range []string{"\n\n", "\ndata: [DONE]\n", "}", `{"choices":[]}`, "\x00<html>"} {
		a, err := replying(t, ` {"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":4.0,"completion_tokens":2}}`+garbage).Do(t.Context(), Request{User: "u"})
		if err != nil || a.Text != "a" || a.Usage != (Usage{Prompt: 4, Completion: 2}) {
			t.Errorf("%q: got %q, %+v, %v", garbage, a.Text, a.Usage, err)
		}
	}
}

// endless is the body of a reply that does not end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestReplyLimit(t *testing.T) {
	body := &endless{}
	c := newClient(t, Config{BaseURL: "http://model.test/v1", Model: "m", Retries: -1, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	})}, nil)
	if _, err := c.Do(t.Context(), Request{User: "u"}); KindOf(err) != Unreadable || !strings.Contains(err.Error(), "longer than 1114112 bytes") || !Charged(err) {
		t.Errorf("got %v", err)
	}
	if body.read > 2<<20 {
		t.Errorf("read %d bytes, limit %d", body.read, 2<<20)
	}
}

func TestUsage(t *testing.T) {
	for text, want := range map[string]Usage{
		`{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}`: {Prompt: 9, Completion: 4},
		`{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"audio_tokens":0,"cached_tokens":5},"completion_tokens_details":{"reasoning_tokens":3}}`: {Prompt: 9, Completion: 4, Cached: 5, Reasoning: 3},
		`{"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":1}`:                                                        {Prompt: 9, Completion: 4, Cached: 8},
		`{"prompt_tokens":9,"completion_tokens":4,"cached_tokens":20,"reasoning_tokens":6,"prompt_tokens_details":null}`:                                            {Prompt: 9, Completion: 6, Cached: 9, Reasoning: 6},

		`{"prompt_tokens":"9","completion_tokens":2,"prompt_tokens_details":"x"}`: {Completion: 2},
	} {
		if r, err := readReply([]byte(`{"usage":` + text + `}`)); r.usage == nil || *r.usage != want || r.absurd {
			t.Errorf("%s: got %+v, want %+v, %v", text, r.usage, want, err)
		}
	}
	for _, none := range []string{`null`, `{}`, `{"prompt_tokens":0,"completion_tokens":0}`, `"x"`, `{"prompt_tokens":"9"}`} {
		if r, _ := readReply([]byte(`{"usage":` + none + `}`)); r.usage != nil || r.absurd {
			t.Errorf("%s: got %+v, want nil", none, r.usage)
		}
	}
	for _, absurd := range []string{`{"prompt_tokens":9,"completion_tokens":-4}`, `{"prompt_tokens":1e300,"completion_tokens":2}`, `{"prompt_tokens":9999999999999999,"completion_tokens":9999999999999999}`} {
		if r, _ := readReply([]byte(`{"usage":` + absurd + `}`)); !r.absurd {
			t.Errorf("%s is believed: %+v", absurd, r.usage)
		}
	}
}

// Replies that are not chat completions are errors, from the network and from
// batch files.
func TestUnreadableReplies(t *testing.T) {
	for _, c := range []struct{ body, part string }{
		{`{"choices":{}}`, ""}, {`{"choices":"x"}`, ""}, {`{"choices":[null]}`, "no answer"}, {`{"choices":[]}`, "no answer"}, {`null`, "no answer"}, {`[]`, ""}, {`{"choices":[{"message":{"content":7}}]}`, ""},
		{`{"choices":[{"message":{"content":[{"text":"a"}}]}`, ""}, {`{"choices":[{"message":{"content":[{"text":7}]}}]}`, ""},
		{`{"choices":[{"message":{"content":"a"},"finish_reason":7}]}`, ""}, {`{"choices":[{"message":{"content":"a" "b"}}]}`, ""},
		{`{"model":7,"choices":[{"message":{"content":"a"}}]}`, ""}, {`{"choices":[{"message":{"content":"a"}}]`, ""},
		{`{"usage":{"prompt_tokens":1.0},"choices":[{"message":{"content":7}}]}`, ""},
		{`{"error":{"message":"upstream\nis busy","code":17}}`, "upstream is busy"}, {`{"error":"no slot","choices":[]}`, "no slot"}, {`{"error":{"message":7},"choices":null}`, "7"},
	} {
		_, err := replying(t, c.body).Do(t.Context(), Request{User: "u"})
		if KindOf(err) != Unreadable || !Charged(err) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: got %v", c.body, err)
		}
		if _, _, err = replying(t, "").ReadBatchLine(batchLine(c.body)); KindOf(err) != Unreadable || !Charged(err) || json.Valid([]byte(c.body)) && !strings.Contains(err.Error(), c.part) {
			t.Errorf("in a batch, %s: got %v", c.body, err)
		}
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine(" a\n\tb\xff "); got != "a b?" {
		t.Errorf("got %q", got)
	}
	if got := oneLine(strings.Repeat("ț", 1000)); utf8.RuneCountInString(got) != 301 {
		t.Errorf("got %d runes, want 301", utf8.RuneCountInString(got))
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"model":"m","choices":[{"message":{"content":[{"type":"text","text":"a"}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1.5,"completion_tokens":-2},"error":null}`))
	f.Add([]byte(`{"error":{"message":["x"]},"choices":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := readReply(body)
		if err == nil && r.usage != nil && (r.usage.Prompt < 0 || r.usage.Completion < 0 || r.usage.Cached > r.usage.Prompt) {
			t.Fatalf("got usage %+v", r.usage)
		}
		foreign(body)
		WithoutThoughts(string(body))
		NewSecret("sk-0123456789abcdefghij").isIn(string(body))
	})
}
