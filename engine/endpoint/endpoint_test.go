package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

const testKey = "sk-very-secret-0123456789"

var twoFields = json.RawMessage(`{"type":"object","properties":{"hue":{"type":"string"},"tools":{"type":"array","items":{"type":"string"}}},"required":["hue","tools"],"additionalProperties":false}`)

// quick is a config for tests over the loopback interface, with short waits.
func quick(t testing.TB, s *fake.Server) Config {
	t.Helper()
	t.Setenv("TEST_API_KEY", testKey)
	server := s.Start()
	t.Cleanup(server.Close)
	return Config{
		BaseURL: server.URL + "/v1", Model: "test-model", KeyVar: "TEST_API_KEY", Mode: Strict,
		Backoff: time.Millisecond, Timeout: 200 * time.Millisecond, Retries: 3,
	}
}

// direct is a config without a network, for a fake clock.
func direct(s *fake.Server) Config {
	return Config{BaseURL: "http://model.test/v1", Model: "test-model", Mode: Strict, Transport: s.Transport()}
}

func newClient(t testing.TB, cfg Config, b *Budget) *Client {
	t.Helper()
	c, err := New(cfg, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func ask(n int) Request {
	return Request{System: "You know hues.", User: fmt.Sprint("person ", n), Schema: twoFields, MaxTokens: 400}
}

// The body and the headers that reach the server, in every mode.
func TestWire(t *testing.T) {
	cold, warm, seed := 0.0, 0.9, 7
	for _, c := range []struct {
		name   string
		cfg    Config
		req    Request
		fields map[string]string // JSON of body fields; "" for absent
	}{
		{"strict", Config{}, Request{System: "s \"q\"\n", User: "u <&>\u2028", Schema: twoFields, Temperature: &cold, MaxTokens: 90, Seed: &seed}, map[string]string{
			"model": `"test-model"`, "temperature": "0", "max_tokens": "90", "seed": "7",
			"messages":        `[{"role":"system","content":"s \"q\"\n"},{"role":"user","content":"u <&>` + "\u2028" + `"}]`,
			"response_format": `{"type":"json_schema","json_schema":{"name":"answer","schema":` + string(twoFields) + `,"strict":true}}`,
		}},
		{"json", Config{Mode: JSONObject}, Request{User: "u", Schema: twoFields, Temperature: &warm}, map[string]string{
			"temperature": "0.9", "max_tokens": "", "seed": "", "response_format": `{"type":"json_object"}`,
		}},
		{"object with schema", Config{Mode: ObjectSchema}, Request{User: "u", Schema: twoFields, Temperature: &warm}, map[string]string{
			"temperature": "0.9", "response_format": `{"type":"json_object","schema":` + string(twoFields) + `}`, "messages": `[{"role":"user","content":"u"}]`,
		}},
		{"examples", Config{}, Request{System: "s", User: "u", Examples: []Turn{{"a", "b"}, {"c", "d"}}}, map[string]string{
			"messages": `[{"role":"system","content":"s"},{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"},{"role":"user","content":"u"}]`,
		}},
		{"prompt", Config{Mode: Prompted}, Request{User: "u", Schema: twoFields}, map[string]string{
			"temperature": "", "response_format": "",
		}},
		{"free text", Config{}, Request{User: "u"}, map[string]string{
			"response_format": "", "messages": `[{"role":"user","content":"u"}]`,
		}},
		{"extra fields", Config{Extra: map[string]json.RawMessage{"top_k": json.RawMessage("3"), "enable_thinking": json.RawMessage("false")}, TokensField: "max_completion_tokens"},
			Request{User: "u", MaxTokens: 50}, map[string]string{
				"top_k": "3", "enable_thinking": "false", "max_tokens": "", "max_completion_tokens": "50",
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen map[string]json.RawMessage
			var header http.Header
			s := &fake.Server{Seen: func(b map[string]json.RawMessage, h http.Header) { seen, header = b, h.Clone() }}
			c.cfg.Headers = map[string]string{"X-Team": "blue"}
			var wire []byte
			c.cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				wire, _ = io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(wire))
				return http.DefaultTransport.RoundTrip(r)
			})
			client := newClient(t, c.cfg.Over(quick(t, s)), nil)
			if _, err := client.Do(t.Context(), c.req); err != nil {
				t.Fatal(err)
			}
			for name, want := range c.fields {
				if got := string(seen[name]); !sameJSON(got, want) {
					t.Errorf("%s: got %s, want %s", name, got, want)
				}
			}
			if header.Get("Authorization") != "Bearer "+testKey || header.Get("X-Team") != "blue" {
				t.Errorf("headers: %v", header)
			}
			if c.req.Schema != nil && !client.Mode().enforced() && !strings.Contains(string(seen["messages"]), "JSON Schema") {
				t.Errorf("the schema is not in the prompt: %s", seen["messages"])
			}
			if body, err := client.Body(c.req); err != nil || !bytes.Equal(body, wire) {
				t.Errorf("Body returns %s, %v; sent %s", body, err, wire)
			}
		})
	}
}

// sameJSON compares two JSON texts, or two empty ones.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return reflect.DeepEqual(x, y)
}

func TestAnswer(t *testing.T) {
	s := &fake.Server{TextLength: 3000, Thinks: 11}
	c := newClient(t, quick(t, s), nil)
	for n := range 2 {
		req := ask(n)
		req.MaxTokens = 0
		a, err := c.Do(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Hue   string
			Tools []string
		}
		if err := json.Unmarshal([]byte(a.Text), &got); err != nil || len(got.Hue) != 3000 || len(got.Tools) != 2 {
			t.Errorf("answer: %v, %d characters, %d tools", err, len(got.Hue), len(got.Tools))
		}
		want := Usage{Prompt: 6, Completion: int64((len(a.Text)+3)/4 + 11), Cached: int64(4 * n), Reasoning: 11}
		if a.Usage != want || a.Model != "test-model" || a.FinishReason != "stop" {
			t.Errorf("usage %+v, want %+v; model %q, finish %q", a.Usage, want, a.Model, a.FinishReason)
		}
	}
}

// Every fault of a server gives the expected answer or error.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault fake.Fault
		kind  Kind // "" for an answer
		calls int  // including retries
		part  string
	}{
		{fake.None, "", 1, `{"hue":"Text 0`},
		{fake.RateLimit, RateLimited, 4, "too many requests"},
		{fake.RateLimitAfter, RateLimited, 4, "too many requests"},
		{fake.ServerError, Overloaded, 4, "something broke"},
		{fake.BadGateway, Overloaded, 4, "HTML page"},
		{fake.Hang, Timeout, 2, "no answer within 200ms"},
		{fake.CutBefore, Disconnected, 4, "EOF"},
		{fake.CutInside, Disconnected, 4, "EOF"},
		{fake.SlowBody, "", 1, `{"hue":"Text 0`},
		{fake.NotJSON, Incapable, 1, "HTML page"},
		{fake.ErrorIn200, Overloaded, 4, "upstream is busy"},
		{fake.TruncatedJSON, "", 1, `{"hue":"Text 0`},
		{fake.CodeFence, "", 1, "```json\n"},
		{fake.WrongTypes, "", 1, `"tools":"one, two"`},
		{fake.MissingKeys, "", 1, `{"hue":"Text 0`},
		{fake.Refusal, Refused, 1, "I cannot help"},
		{fake.RefusalInText, "", 1, "I'm sorry"},
		{fake.Filtered, Refused, 1, "content filter"},
		{fake.Empty, "", 1, ""},
		{fake.Length, Truncated, 1, "token limit"},
		{fake.Duplicate, "", 1, `{"hue":"Text 0`},
		{fake.SchemaIgnored, "", 1, "Text 0 about text"},
		{fake.Unauthorised, Unauthorised, 1, "Incorrect API key provided: ***"},
		{fake.Quota, QuotaExhausted, 1, "current quota"},
		{fake.BadRequest, BadRequest, 1, "this request is bad"},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			s := &fake.Server{Faults: fake.Always(c.fault), RetryAfter: time.Millisecond, Latency: 10 * time.Millisecond}
			cfg := quick(t, s)
			if c.fault != fake.Hang {
				cfg.Timeout = time.Minute // a slow machine must not fail the test
			}
			client := newClient(t, cfg, nil)
			a, err := client.Do(t.Context(), ask(0))
			if KindOf(err) != c.kind || s.Calls() != c.calls {
				t.Errorf("got %v after %d calls, want %q after %d", err, s.Calls(), c.kind, c.calls)
			}
			text := a.Text
			if err != nil {
				text = err.Error()
			}
			if !strings.Contains(text, c.part) {
				t.Errorf("got %q, want it to contain %q", text, c.part)
			}
			if e, ok := errors.AsType[*Error](err); ok {
				if paid := c.kind == Refused || c.kind == Truncated; paid != (e.Answer != nil) || e.Attempts != c.calls {
					t.Errorf("answer of the error: %v, attempts: %d", e.Answer, e.Attempts)
				}
			}
			_, err = client.Do(t.Context(), ask(1))
			if fatal := c.kind.Fatal(); fatal != (KindOf(err) == Stopped) {
				t.Errorf("the next request: %v", err)
			}
		})
	}
}

func TestErrorReplies(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		kind   Kind
		part   string
	}{
		{429, `{"error":{"message":"Allocated quota exceeded, please increase your quota limit.","type":"insufficient_quota","code":"insufficient_quota"}}`, RateLimited, "Allocated"},
		{429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, QuotaExhausted, "exceeded"},
		{402, `{"error":{"message":"Insufficient Balance"}}`, QuotaExhausted, "Balance"},
		{400, `{"error":{"code":"Arrearage","message":"Access denied","type":"Arrearage"}}`, QuotaExhausted, "denied"},
		{400, `{"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content."}}`, Refused, "inappropriate"},
		{400, `{"object":"error","message":"max_tokens is too large","type":"BadRequestError","code":400}`, BadRequest, "max_tokens is too large"},
		{422, `{"detail":[{"loc":["body"],"msg":"field required"}]}`, BadRequest, "field required"},
		{404, `{"error":"model 'x' not found"}`, Incapable, "check the name of the model, m, and the base URL"},
		{400, `{"error":{"message":"The model m does not exist","code":"model_not_found"}}`, Incapable, "does not exist"},
		{400, `{"error":{"message":"Your credit balance is too low to access this API."}}`, QuotaExhausted, "credit"},
		{401, `{"error":{"message":"who?"}}`, Unauthorised, "no key was sent: give one with --key-var"},
		{200, "data: {\"choices\":[]}\n\ndata: [DONE]", Incapable, "streams its answer"},
		{200, "\n\n: comment", Incapable, "streams its answer"},
		{503, `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`, Overloaded, "Loading model"},
		{403, ``, Unauthorised, "(403)"},
		{529, `overloaded`, Overloaded, "overloaded"},
		{302, ``, Incapable, "base URL answers with status 302"},
		{200, `{"choices":[]}`, Unreadable, "no answer"},
		{200, `[]`, Unreadable, "not a chat completion: it is a JSON array"},
		{200, `{"choices":[{"message":{"content":{"a":1}}}]}`, Unreadable, "its content is neither a text nor a list"},
		{200, `{"choices":[{"message":{"content":"` + strings.Repeat("x", 300) + `\q"}}]}`, Unreadable, "not a chat completion"},
	} {
		cfg := Config{BaseURL: "http://model.test/v1", Model: "m", Retries: -1,
			Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: readCloser(c.body)}, nil
			})}
		_, err := newClient(t, cfg, nil).Do(t.Context(), Request{User: "u"})
		if KindOf(err) != c.kind || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%d %s: got %v, want %q with %q", c.status, c.body, err, c.kind, c.part)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type closer struct{ *strings.Reader }

func (closer) Close() error         { return nil }
func readCloser(text string) closer { return closer{strings.NewReader(text)} }

func TestUnreachable(t *testing.T) {
	s := &fake.Server{}
	server := s.Start()
	server.Close()
	b := NewBudget(Cost{Tokens: 1000})
	c := newClient(t, Config{BaseURL: server.URL + "/v1", Model: "m"}, b)
	_, err := c.Do(t.Context(), Request{User: "u", MaxTokens: 10})
	if KindOf(err) != Unreachable || !strings.Contains(err.Error(), "refused; nothing listens there; start the server") {
		t.Errorf("error: %v", err)
	}
	if spent, _ := b.Spent(); spent != (Cost{}) {
		t.Errorf("%+v spent on a call that was not sent", spent)
	}
}

// The key appears in no error, log or printed value.
func TestKeyIsNeverPrinted(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	show := func(values ...any) {
		for _, v := range values {
			fmt.Fprintf(&log, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
			text, err := json.Marshal(v)
			fmt.Fprintln(&log, string(text), err)
			logger.Info("value", "v", v)
		}
	}
	key := NewSecret(testKey)
	show(key, &key, struct{ k Secret }{key}, struct{ K Secret }{key}, map[string]Secret{"k": key}, []Secret{key})
	for _, fault := range fake.Faults {
		if fault == fake.Hang {
			continue
		}
		c := newClient(t, quick(t, &fake.Server{Faults: fake.Always(fault), RetryAfter: time.Millisecond}), nil)
		_, err := c.Do(t.Context(), ask(0))
		_, again := c.Do(t.Context(), ask(1))
		show(err, again)
		fmt.Fprintf(&log, "%+v %+v\n", c, c.cfg)
	}
	if strings.Contains(log.String(), testKey) || strings.Contains(log.String(), fmt.Sprintf("%x", testKey)) {
		t.Error("the key was printed")
	}
	if !strings.Contains(log.String(), hidden) {
		t.Error("nothing was printed in place of the key")
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("GOOD", " from-variable\n")
	t.Setenv("BLANK", " ")
	for _, c := range []struct{ variable, file, want, fault string }{
		{"", "", "", ""},
		{"GOOD", "", "from-variable", ""},
		{"GOOD", write("key", "from-file\n"), "from-file", ""},
		{"BLANK", "", "", "set the environment variable BLANK"},
		{"", write("two", "a b"), "", "must contain the key and nothing else"},
		{"", filepath.Join(dir, "absent"), "", "no such file"},
	} {
		key, err := readKey(c.variable, c.file)
		if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) || key.reveal() != c.want {
			t.Errorf("%q, %q: %q, %v", c.variable, c.file, key.reveal(), err)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{}, []string{"no model", "no base URL"}},
		{Config{Model: "m", BaseURL: "localhost:80"}, []string{"not of the form"}},
		{Config{Model: "m", BaseURL: "http://u:p@h/v1"}, []string{"no user, password"}},
		{Config{Model: "m", BaseURL: "http://h/v1?key=1"}, []string{"no user, password"}},
		{Config{Model: "m", BaseURL: "http://h/v1", Mode: "yaml", TokensField: "tokens"}, []string{"unknown schema mode", "unknown tokens field"}},
		{Config{Model: "m", BaseURL: "http://h/v1", Extra: map[string]json.RawMessage{"model": nil, "x": json.RawMessage("{")}}, []string{`"model" is set`, `"x" is not JSON`}},
		{Config{Model: "m", BaseURL: "http://h/v1", Headers: map[string]string{"authorization": "Bearer x"}}, []string{"must not be configured"}},
		{Config{Model: "m", BaseURL: "http://h/v1", Workers: -1, Timeout: -1}, []string{"workers must", "timeout must"}},
		{Config{Model: "m", BaseURL: "http://h/v1", KeyFile: "no_such_file"}, []string{"no_such_file"}},
	} {
		_, err := New(c.cfg, nil)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: got %v, want it to say %q", c.cfg, err, want)
			}
		}
	}
	_, err := New(Config{Model: "unheard-of", BaseURL: "http://h/v1"}, NewBudget(Cost{Money: 1}))
	if err == nil || !strings.Contains(err.Error(), "price") {
		t.Errorf("a budget in money without a price: %v", err)
	}
}

// A client without a key sends nothing.
func TestKeyless(t *testing.T) {
	s := &fake.Server{}
	cfg := quick(t, s)
	cfg.KeyVar = "NO_SUCH_VARIABLE"
	c := newClient(t, cfg, nil)
	_, first := c.Do(t.Context(), ask(0))
	_, second := c.Batch(t.Context(), "b")
	for _, err := range []error{c.Keyless(), first, second} {
		if err == nil || !strings.Contains(err.Error(), "set the environment variable NO_SUCH_VARIABLE") {
			t.Errorf("got %v", err)
		}
	}
	if KindOf(first) != Unauthorised || KindOf(second) != Unauthorised || Charged(first) || s.Calls() != 0 {
		t.Errorf("got %v, %v, %d calls", first, second, s.Calls())
	}
	if c := newClient(t, quick(t, s), nil); c.Keyless() != nil {
		t.Error(c.Keyless())
	}
}

func TestPresets(t *testing.T) {
	for _, name := range Providers() {
		cfg, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Model = "m"
		if cfg.BaseURL == "" {
			cfg.BaseURL = "https://mine.openai.azure.com/openai/v1"
		}
		if cfg.KeyVar != "" {
			t.Setenv(cfg.KeyVar, testKey)
		}
		newClient(t, cfg, nil)
	}
	if _, err := Preset("nobody"); err == nil || !strings.Contains(err.Error(), "openai") {
		t.Errorf("unknown preset: %v", err)
	}
	cfg, err := Preset("dashscope")
	if err != nil {
		t.Fatal(err)
	}
	over := Config{Model: "m", Extra: map[string]json.RawMessage{"top_k": json.RawMessage("1"), "enable_thinking": json.RawMessage("null")}}.Over(cfg)
	if over.BaseURL != cfg.BaseURL || string(over.Extra["top_k"]) != "1" || over.Extra["enable_thinking"] != nil {
		t.Errorf("Over: %+v", over)
	}
	if again, _ := Preset("dashscope"); string(again.Extra["enable_thinking"]) != "false" {
		t.Error("Over changed the preset")
	}
}

func TestBadRequests(t *testing.T) {
	hot := 3.0
	s := &fake.Server{}
	cfg := direct(s)
	c := newClient(t, cfg, NewBudget(Cost{Tokens: 1e6}))
	for _, req := range []Request{
		{}, {User: "u"}, {User: "u", MaxTokens: -1}, {User: "u", MaxTokens: 1, Temperature: &hot},
		{User: "u", MaxTokens: 1, Schema: json.RawMessage("{")},
	} {
		if _, err := c.Do(t.Context(), req); KindOf(err) != BadRequest {
			t.Errorf("%+v: got %v", req, err)
		}
	}
	cfg.Mode = ""
	if _, err := newClient(t, cfg, nil).Do(t.Context(), ask(0)); KindOf(err) != BadRequest || !strings.Contains(err.Error(), "Probe") {
		t.Errorf("a schema without a mode: %v", err)
	}
	cfg.Model = "text-davinci-003" // go-openai refuses models without chat
	cfg.Mode = Strict
	if _, err := newClient(t, cfg, nil).Do(t.Context(), ask(0)); KindOf(err) != BadRequest || Charged(err) || !strings.Contains(err.Error(), "not supported") {
		t.Errorf("a model without chat: %v", err)
	}
	if s.Calls() != 0 {
		t.Errorf("%d bad requests were sent", s.Calls())
	}
}

// go-openai refuses max_tokens, and temperatures other than 1, for the names of
// OpenAI's reasoning models. A compatible server may accept them.
func TestReasoningModels(t *testing.T) {
	warm := 0.7
	for _, model := range []string{"o3-mini", "gpt-5-nano", "o1"} {
		for _, field := range []string{"max_tokens", "max_completion_tokens"} {
			var seen map[string]json.RawMessage
			s := &fake.Server{Seen: func(body map[string]json.RawMessage, _ http.Header) { seen = body }}
			cfg := direct(s)
			cfg.Model, cfg.TokensField = model, field
			req := ask(0)
			req.Temperature = &warm
			if _, err := newClient(t, cfg, nil).Do(t.Context(), req); err != nil {
				t.Errorf("%s with %s: %v", model, field, err)
			}
			if string(seen[field]) != "400" || string(seen["temperature"]) != "0.7" {
				t.Errorf("%s: got %s %s and temperature %s", model, field, seen[field], seen["temperature"])
			}
		}
	}
}

func ExampleClient() {
	server := (&fake.Server{TextLength: 9}).Start()
	defer server.Close()
	client, err := New(Config{BaseURL: server.URL + "/v1", Model: "small"}, NewBudget(Cost{Tokens: 10_000}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	schema := json.RawMessage(`{"type":"object","properties":{"hue":{"type":"string"}},"required":["hue"],"additionalProperties":false}`)
	found, err := client.Probe(context.Background(), Call{Schema: schema})
	fmt.Println(found.Mode, err)
	answer, err := client.Do(context.Background(), Request{User: "Which hue?", Schema: schema, MaxTokens: 50})
	fmt.Println(answer.Text, err)
	// Output:
	// json_schema <nil>
	// {"hue":"Text 1 ab"} <nil>
}
