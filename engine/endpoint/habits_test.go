package endpoint

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// chat is the body of a reply with an answer and the JSON of its usage.
func chat(text, usage string) string {
	encoded, _ := json.Marshal(text)
	return fmt.Sprintf(`{"model":"m","choices":[{"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],"usage":%s}`, encoded, usage)
}

// The probe asks as the run would, and learns which fields the server accepts.
func TestProbeLearns(t *testing.T) {
	warm := 0.7
	for _, c := range []struct {
		name    string
		server  *fake.Server
		calls   int
		refused string
		err     string
	}{
		{"any temperature but 1", &fake.Server{Rejects: func(b map[string]json.RawMessage) string {
			if t := string(b["temperature"]); t != "" && t != "1" {
				return "Unsupported value: 'temperature' does not support " + t + " with this model. Only the default (1) value is supported."
			}
			return ""
		}}, 2, "temperature", ""},
		{"another field for the bound", &fake.Server{Rejects: func(b map[string]json.RawMessage) string {
			if b["max_tokens"] != nil {
				return "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
			}
			return ""
		}}, 2, "max_tokens", ""},
		{"both", &fake.Server{Rejects: func(b map[string]json.RawMessage) string {
			switch {
			case b["max_tokens"] != nil:
				return "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
			case b["temperature"] != nil:
				return "temperature is deprecated for this model"
			}
			return ""
		}}, 3, "temperature", ""},
		{"streams unless told not to", &fake.Server{Rejects: func(b map[string]json.RawMessage) string {
			if string(b["stream"]) != "false" {
				return "stream"
			}
			return ""
		}}, 1, "", ""},
		{"thoughts first", &fake.Server{Replies: func(a fake.Asked) string {
			if a.MaxTokens < 400 {
				return `{"choices":[{"message":{"content":""},"finish_reason":"length"}],"usage":{"prompt_tokens":50,"completion_tokens":200,"completion_tokens_details":{"reasoning_tokens":200}}}`
			}
			return ""
		}}, 2, "", ""},
		{"thoughts in the answer", &fake.Server{Refuses: []string{"json_schema", "json_object"}, Writes: func(a fake.Asked) string {
			return "<think>The schema has {braces}.</think>\n" + a.Answer
		}}, 4, "", ""},
		{"everything in reasoning_content", &fake.Server{Replies: func(a fake.Asked) string {
			return `{"choices":[{"message":{"content":null,"reasoning_content":"{}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":9}}`
		}}, 4, "", "thoughts and wrote nothing"},
	} {
		cfg := quick(t, c.server)
		cfg.Mode, cfg.Timeout = "", time.Minute
		client := newClient(t, cfg, nil)
		found, err := client.Probe(t.Context(), Call{Schema: twoFields, Temperature: &warm, MaxTokens: 3000})
		if c.server.Calls() != c.calls || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %v after %d calls, want %q after %d", c.name, err, c.server.Calls(), c.err, c.calls)
		}
		if got := strings.Join(found.Refused, ", "); !strings.Contains(got, c.refused) {
			t.Errorf("%s: got refused fields %q, want %q", c.name, got, c.refused)
		}
		if err == nil {
			req := ask(1)
			req.Temperature = &warm
			if _, err := client.Do(t.Context(), req); err != nil {
				t.Errorf("%s: after the probe: %v", c.name, err)
			}
			if body, _ := client.Body(req); c.refused == "temperature" && strings.Contains(string(body), "temperature") {
				t.Errorf("%s: a batch sends %s", c.name, body)
			}
		}
	}
}

// Errors that concern every request end a run at the first try.
func TestOneTry(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, want string
	}{
		{401, `{"error":{"message":"Incorrect API key provided: ` + testKey + `"}}`, "provided: ***; check the key in TEST_API_KEY"},
		{403, `{"error":{"message":"no access"}}`, "check the key in TEST_API_KEY"},
		{404, `{"error":{"message":"The model does not exist"}}`, "check the name of the model, test-model"},
		{404, `404 page not found`, "and the base URL"},
		{405, `{}`, "check the name of the model"},
		{400, `{"error":{"message":"unknown model test-model"}}`, "check the name of the model"},
		{422, `{"detail":[{"loc":["body","messages"],"msg":"field required"}]}`, "field required"},
		{308, ``, "status 308, which sends elsewhere"},
		{200, `<html><body>Sign in</body></html>`, "HTML page"},
		{200, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n", "streams its answer"},
	} {
		calls := 0
		cfg := quick(t, &fake.Server{})
		cfg.Mode = ""
		cfg.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			calls++
			return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: readCloser(c.body)}, nil
		})
		_, err := newClient(t, cfg, nil).Probe(t.Context(), Call{Schema: twoFields})
		if calls != 1 || !KindOf(err).Fatal() || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), testKey[:20]) {
			t.Errorf("%d %s: got %v after %d calls, want %q after one", c.status, c.body, err, calls, c.want)
		}
	}
}

// The budget holds whatever a server reports.
func TestBudgetHoldsAgainstLies(t *testing.T) {
	price := Price{Input: 1, Output: 2}
	req := Request{User: strings.Repeat("word ", 200), MaxTokens: 100}
	worst := price.Worst(req)
	text := strings.Repeat("text ", 60)
	for usage, want := range map[string]Cost{
		`{"prompt_tokens":9999999999999999,"completion_tokens":9999999999999999}`: worst,
		`{"prompt_tokens":1e300,"completion_tokens":1}`:                           worst,
		`{"prompt_tokens":-5,"completion_tokens":80}`:                             worst,
		`{"prompt_tokens":0,"completion_tokens":80}`:                              worst,
		`{"prompt_tokens":1,"completion_tokens":1}`:                               worst,
		`{"prompt_tokens":250,"completion_tokens":0}`:                             worst,
		`null`: worst,
		`{"prompt_tokens":250,"completion_tokens":60}`: price.Cost(Usage{Prompt: 250, Completion: 60}),
	} {
		b := NewBudget(Cost{Money: NewMoney(1)})
		s := &fake.Server{Replies: func(fake.Asked) string { return chat(text, usage) }}
		cfg := quick(t, s)
		cfg.Price = &price
		c := newClient(t, cfg, b)
		a, err := c.Do(t.Context(), req)
		spent, _ := b.Spent()
		if err != nil || spent != want {
			t.Errorf("%s: got cost %+v, want %+v, %v", usage, spent, want, err)
		}
		if told := c.Stats().Misreported; usage != "null" && (told == 1) != (want == worst) || told == 1 && a.Usage != (Usage{}) {
			t.Errorf("%s: got %d misreported and usage %+v", usage, told, a.Usage)
		}
	}
	if c := (Cost{mostMoney, mostMoney}); c.plus(c) != c || price.Cost(Usage{Prompt: 1 << 62, Completion: 1 << 62}).Money != mostMoney {
		t.Error("sums of costs overflow")
	}
	if got, want := (Price{Input: 0, Output: 9, Batch: 0.1}).AtLeast(Price{Input: 1, Cached: 0.5, Output: 2, Batch: 0.5}), (Price{Input: 1, Cached: 0.5, Output: 9, Batch: 0.5}); got != want {
		t.Errorf("got price %+v, want %+v", got, want)
	}
}

// What was never sent costs nothing, whatever stops it.
func TestUnsentCostsNothing(t *testing.T) {
	b := NewBudget(Cost{Tokens: 100_000})
	c := newClient(t, Config{BaseURL: "http://no-such-host.invalid/v1", Model: "m", Retries: -1}, b)
	_, err := c.Do(t.Context(), Request{User: "u", MaxTokens: 10})
	if spent, _ := b.Spent(); spent != (Cost{}) || err == nil {
		t.Errorf("got %v and cost %+v", err, spent)
	}
}

// The key is hidden before a text is cut, in every form that a server can send.
func TestScrub(t *testing.T) {
	key := NewSecret(testKey)
	for _, text := range []string{
		testKey, strings.Repeat("x", 290) + testKey, "part " + testKey[:18], "tail " + testKey[8:], "a\n" + testKey + "\n" + testKey,
	} {
		got := oneLine(key.scrub(text))
		for at := 0; at+leastPart <= len(testKey); at++ {
			if strings.Contains(got, testKey[at:at+leastPart]) {
				t.Errorf("%q shows a part of the key: %q", text, got)
			}
		}
	}
	if got := oneLine("red\x1b[31m \u202etfel\x07"); strings.ContainsAny(got, "\x1b\u202e\x07") {
		t.Errorf("got %q", got)
	}
	escaped := `{"hue":"\u0073k-very-secret-0123456789"}`
	for _, text := range []string{testKey, escaped, `{"hue":"[\"\\u0073k-very-secret-0123456789\"]"}`} {
		s := &fake.Server{Replies: func(fake.Asked) string { return chat(text, "null") }}
		_, err := newClient(t, quick(t, s), nil).Do(t.Context(), ask(0))
		if KindOf(err) != Refused || strings.Contains(fmt.Sprintf("%+v %+v", err, err.(*Error).Answer), "secret") {
			t.Errorf("an answer with the key: got %v", err)
		}
	}
}

// Memory with many calls in flight does not depend on what servers send.
func TestMemoryIsBounded(t *testing.T) {
	const width = 500
	for name, body := range map[string]string{
		"endless":          "",
		"choices":          `{"choices":[` + strings.Repeat(`{},`, 1<<21),
		"parts":            `{"choices":[{"message":{"content":[` + strings.Repeat(`{"type":"text","text":""},`, 1<<18),
		"nested":           `{"error":` + strings.Repeat(`[`, 1<<21),
		"a long error":     `{"error":{"message":"` + strings.Repeat("x", 1<<22),
		"announced length": "x",
	} {
		cfg := Config{BaseURL: "http://model.test/v1", Model: "m", Retries: -1, Workers: width, BreakAfter: 1 << 30, Mode: Strict}
		cfg.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			r := &http.Response{StatusCode: 200, Header: http.Header{}, Body: readCloser(body), ContentLength: 1 << 40}
			if body == "" {
				r.Body = io.NopCloser(&endless{})
			}
			return r, nil
		})
		c := newClient(t, cfg, nil)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var all sync.WaitGroup
		for n := range width {
			all.Go(func() {
				req := ask(n)
				req.MaxTokens = 2000
				if _, err := c.Do(t.Context(), req); KindOf(err) != Unreadable {
					t.Errorf("%s: got %v", name, err)
				}
			})
		}
		all.Wait()
		runtime.ReadMemStats(&after)
		each := (after.TotalAlloc - before.TotalAlloc) / width
		if limit := uint64(8 * replyLimit(2000)); each > limit {
			t.Errorf("%s: each call allocates %d bytes, want at most %d", name, each, limit)
		}
	}
}

// A slow server is given the time that an answer of full length takes.
func TestTimeLimitFollowsThePace(t *testing.T) {
	c := newClient(t, Config{BaseURL: "http://model.test/v1", Model: "m", Workers: 1}, nil)
	req := Request{User: "u", MaxTokens: 6000}
	if got := c.timeout(req); got != 20*time.Minute {
		t.Errorf("got %v before a measurement", got)
	}
	c.measure(26, 13*time.Second) // two tokens a second
	if got := c.timeout(req); got < 100*time.Minute || got > 3*time.Hour {
		t.Errorf("got %v at two tokens a second", got)
	}
	if got := c.timeout(Request{User: "u", MaxTokens: 10}); got != leastTimeout {
		t.Errorf("got %v for a short answer", got)
	}
	fixed := newClient(t, Config{BaseURL: "http://model.test/v1", Model: "m", Timeout: time.Second}, nil)
	if got := fixed.timeout(req); got != time.Second {
		t.Errorf("got %v, want what the config says", got)
	}
}

// The key goes into the header that the server reads it from, and no other.
func TestKeyHeaderAndQuery(t *testing.T) {
	var header http.Header
	s := &fake.Server{Seen: func(_ map[string]json.RawMessage, h http.Header) { header = h }}
	cfg := quick(t, s)
	cfg.KeyHeader, cfg.Query = "api-key", map[string]string{"api-version": "preview"}
	var address string
	cfg.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		address = r.URL.RequestURI()
		return http.DefaultTransport.RoundTrip(r)
	})
	if _, err := newClient(t, cfg, nil).Do(t.Context(), ask(0)); err != nil {
		t.Fatal(err)
	}
	if header.Get("api-key") != testKey || header.Get("Authorization") != "" || address != "/v1/chat/completions?api-version=preview" {
		t.Errorf("got %s with headers %v", address, header)
	}
	for _, bad := range []Config{
		{KeyHeader: "Referer"}, {Query: map[string]string{"api_key": "x"}}, {Query: map[string]string{"subscription-key": "x"}},
		{Headers: map[string]string{"X-Goog-Api-Key": "x"}}, {KeyVar: "sk-proj-123"}, {Extra: map[string]json.RawMessage{"Service_Tier": json.RawMessage(`"priority"`)}},
		{Extra: map[string]json.RawMessage{"N": json.RawMessage("4")}}, {BaseURL: "http://lab.test/v1", KeyVar: "TEST_API_KEY"},
	} {
		if _, err := New(bad.Over(Config{BaseURL: "https://model.test/v1", Model: "m"}), nil); err == nil || strings.Contains(err.Error(), "sk-proj") {
			t.Errorf("%+v: got %v", bad, err)
		}
	}
}
