package endpoint

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	openai "github.com/sashabaranov/go-openai"
)

const fuzzKey = "sk-0123456789abcdefghijklmnop"

// checkMessage requires the message of an error to be short, on one line and without
// the key.
func checkMessage(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	if KindOf(err) == "" || strings.ContainsAny(text, "\n\r\x1b") || !utf8.ValidString(text) || len(text) > 8000 {
		t.Errorf("got kind %q of %q", KindOf(err), text)
	}
	if strings.Contains(text, fuzzKey) {
		t.Errorf("the key is in %q", text)
	}
}

// FuzzExchange sends one request to a server that answers with any status, headers
// and body. The answer or a typed error comes back at once, and the budget is kept.
func FuzzExchange(f *testing.F) {
	ok := `{"model":"m","choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`
	f.Add(200, "Content-Type", "application/json", ok)
	f.Add(429, "Retry-After", "1e300", `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`)
	f.Add(503, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT", `upstream`)
	f.Add(400, "X-Ratelimit-Remaining-Tokens", "-Inf", `{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens","code":"unsupported_parameter"}}`)
	f.Add(401, "", "", `{"detail":"Incorrect API key provided: `+fuzzKey+`"}`)
	f.Add(422, "", "", `{"detail":[{"loc":["body","response_format"],"msg":"extra fields not permitted","type":"value_error"}]}`)
	f.Add(404, "Content-Encoding", "gzip", "<html><title>\x1b[31m404</title>")
	f.Add(200, "Content-Type", "text/event-stream", "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n")
	f.Add(302, "Location", "http://elsewhere.test/", "")
	f.Setenv("FUZZ_ENDPOINT_KEY", fuzzKey)
	f.Fuzz(func(t *testing.T, status int, header, value, body string) {
		if status < 100 || status > 999 {
			return // net/http refuses these
		}
		sent := 0
		budget := NewBudget(Cost{Tokens: 100_000})
		cfg := Config{BaseURL: "https://model.test/v1", Model: "m", KeyVar: "FUZZ_ENDPOINT_KEY", Retries: -1, Mode: Strict, Timeout: time.Minute,
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if sent++; r.URL.Host != "model.test" && r.Header.Get("Authorization") != "" {
					t.Errorf("the key goes to %s", r.URL.Host)
				}
				h := http.Header{}
				h.Set(header, value)
				return &http.Response{StatusCode: status, Header: h, Body: readCloser(body), Request: r}, nil
			})}
		c, err := New(cfg, budget)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		answer, err := c.Do(ctx, Request{User: "u", MaxTokens: 50, Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`)})
		if ctx.Err() != nil {
			t.Fatalf("still waiting after %d requests", sent)
		}
		if err != nil {
			checkMessage(t, err)
		} else if strings.Contains(answer.Text, fuzzKey) {
			t.Errorf("the key is in the answer %q", answer.Text)
		}
		if spent, _ := budget.Spent(); spent.Tokens < 0 || spent.Tokens > 100_000 || spent.Money < 0 {
			t.Errorf("spent %+v of 100,000 tokens", spent)
		}
	})
}

// Waits that a server asks for by headers are from 0 to a day.
func FuzzWaits(f *testing.F) {
	for _, text := range []string{"1", "-1", "1e300", "NaN", "-Inf", "6m0s", "20ms", "Fri, 31 Dec 9999 23:59:59 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", "1893456000", "9223372036854775807ns"} {
		f.Add(text, "0", text, "100", int64(7))
	}
	f.Add("", "-1e308", "1s", "1e308", int64(1))
	f.Fuzz(func(t *testing.T, after, remaining, reset, limit string, tokens int64) {
		now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
		h := http.Header{}
		for _, what := range []string{"Requests", "Tokens"} {
			h.Set("X-Ratelimit-Remaining-"+what, remaining)
			h.Set("X-Ratelimit-Reset-"+what, reset)
			h.Set("X-Ratelimit-Limit-"+what, limit)
		}
		waits := map[string]time.Duration{"rest": restFor(h, max(tokens, 0), now), "requests": rest(h, "Requests", 1, now), "tokens": rest(h, "Tokens", float64(max(tokens, 0)), now)}
		for _, name := range []string{"Retry-After", "Retry-After-Ms"} {
			waits[name] = retryAfter(http.Header{name: {after}}, now)
		}
		for name, wait := range waits {
			if wait < 0 || wait > 24*time.Hour {
				t.Errorf("%s: %v", name, wait)
			}
		}
	})
}

// The state of a batch is read from any reply, without the key and with counts that
// are no less than 0.
func FuzzBatchState(f *testing.F) {
	f.Add(`{"id":"b","status":"completed","input_file_id":"i","output_file_id":"o","error_file_id":null,"request_counts":{"total":2,"completed":1,"failed":1},"metadata":{"personagen":"n"}}`)
	f.Add(`{"id":"b","status":"failed","errors":{"data":[{"code":"token_limit_exceeded","message":"Enqueued token limit reached` + fuzzKey + `"}]}}`)
	f.Add(`{"id":"../../x","status":"\u001b[2J","request_counts":{"total":-1}}`)
	f.Setenv("FUZZ_ENDPOINT_KEY", fuzzKey)
	c, err := New(Config{BaseURL: "https://model.test/v1", Model: "m", KeyVar: "FUZZ_ENDPOINT_KEY"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var wire openai.Batch
		if json.Unmarshal([]byte(text), &wire) != nil {
			return
		}
		b := c.batch(wire)
		for _, shown := range []string{b.ID, b.Status, b.Reason, b.Input, b.Output, b.Errors} {
			if strings.Contains(shown, fuzzKey) || strings.ContainsAny(shown, "\n\x1b") {
				t.Errorf("%q", shown)
			}
		}
		if b.Total < 0 || b.Done < 0 || b.Failed && !b.Ended {
			t.Errorf("%+v", b)
		}
	})
}

// What is scrubbed does not hold the key, in any form that is looked for.
func FuzzScrub(f *testing.F) {
	f.Add("a", fuzzKey, "b")
	f.Add("sk-01234", "56789abcdefghij", `\u0073k-`)
	f.Add("%2B", `sk-+/"&0123456789`, "")
	f.Fuzz(func(t *testing.T, before, key, after string) {
		if len(key) < leastSecret || strings.Contains(hidden, key) || strings.Contains(key, "*") {
			return
		}
		s := NewSecret(key)
		for _, text := range []string{before + key + after, before + quotedForm(key) + after} {
			if got := s.scrub(text); strings.Contains(got, key) {
				t.Errorf("the key %q is in %q", key, got)
			}
		}
		if !s.isIn(before + key + after) {
			t.Errorf("the key %q is not found in %q", key, before+key+after)
		}
	})
}

// The answer to a probe is judged, whatever it is.
func FuzzCanary(f *testing.F) {
	c, err := New(Config{BaseURL: "https://model.test/v1", Model: "m"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"canary":"`+c.canary()+`","a":"x"}`, "stop")
	f.Add("<think>hm</think>\n```json\n{\"canary\": \""+c.canary()+"\"}\n```", "length")
	f.Add("{\x1b[31m", "")
	f.Fuzz(func(t *testing.T, text, finish string) {
		for _, mode := range modes {
			reason := c.checkCanary(&Answer{Text: text, FinishReason: finish}, mode)
			if !utf8.ValidString(reason) || strings.ContainsAny(reason, "\n\x1b") || len(reason) > 1000 {
				t.Errorf("%s: %q", mode, reason)
			}
			if reason == "" && !strings.Contains(text, c.canary()) {
				t.Errorf("%s: %q passes without the canary", mode, text)
			}
		}
		if rest := WithoutThoughts(text); !strings.Contains(text, rest) {
			t.Errorf("%q is no part of %q", rest, text)
		}
	})
}

// A schema is the spec's; the probe's property is added to any that it accepts.
func FuzzCanarySchema(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}`)
	f.Add(`{"properties":{ },"required":null}`)
	f.Add(`{"properties":{"a":1},"required":["a","a"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		out, err := withCanary(json.RawMessage(text), "word")
		if err != nil {
			return
		}
		var s struct {
			Properties map[string]json.RawMessage
			Required   []string
		}
		if err := json.Unmarshal(out, &s); err != nil || s.Properties[canaryName] == nil || len(s.Required) == 0 || s.Required[0] != canaryName {
			t.Errorf("%s became %s: %v", text, out, err)
		}
	})
}
