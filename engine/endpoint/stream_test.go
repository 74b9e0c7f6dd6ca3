package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/personagen/personagen/engine/endpoint/fake"
)

// slowly is a server with a speed in tokens a second, and its client.
func slowly(t *testing.T, s *fake.Server, length int) (*Client, Request) {
	s.TextLength = length
	cfg := direct(s)
	cfg.Timeout, cfg.Workers, cfg.Retries = 0, 1, 6
	req := ask(0)
	req.MaxTokens = length
	return newClient(t, cfg, nil), req
}

// A server of thirteen tokens a second writes an answer of six thousand tokens, which
// takes longer than any silence may. Nothing is cut, and each request is sent once.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake.Server{Speed: 13}
		c, req := slowly(t, s, 8_000)
		if _, err := c.Probe(t.Context(), Call{Schema: req.Schema, MaxTokens: req.MaxTokens}); err != nil {
			t.Fatal(err)
		}
		probes, start := s.Calls(), time.Now()
		for range 2 {
			a, err := c.Do(t.Context(), req)
			if err != nil || len(a.Text) < 24_000 || a.Usage.Completion < 6000 || a.FinishReason != "stop" {
				t.Fatalf("got %d characters, %+v, %v", len(a.Text), a.Usage, err)
			}
		}
		if n := s.Calls() - probes; n != 2 {
			t.Errorf("%d calls for 2 answers", n)
		}
		if took := time.Since(start); took < 14*time.Minute {
			t.Errorf("took %v", took)
		}
		spent, unknown := c.budget.Spent()
		if b := s.Billed(); spent.Tokens != b.Prompt+b.Completion || unknown.Tokens != 0 {
			t.Errorf("spent %+v, %+v unknown; billed %+v", spent, unknown, b)
		}
	})
}

// A stream that falls silent ends after some minutes, and the answer is asked for
// again. The attempt that was broken off is of unknown cost.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := false
		s := &fake.Server{Speed: 13, StreamCut: func(event int) bool { // once
			if event == 1000 && !cut {
				cut = true
				return true
			}
			return false
		}}
		c, req := slowly(t, s, 8_000)
		if _, err := c.Probe(t.Context(), Call{Schema: req.Schema, MaxTokens: req.MaxTokens}); err != nil {
			t.Fatal(err)
		}
		before, start := s.Calls(), time.Now()
		if _, err := c.Do(t.Context(), req); err != nil || s.Calls()-before != 2 {
			t.Fatalf("got %v after %d calls", err, s.Calls()-before)
		}
		if took := time.Since(start); took > 15*time.Minute {
			t.Errorf("took %v", took)
		}
		if _, unknown := c.budget.Spent(); unknown.Tokens == 0 {
			t.Error("nothing of unknown cost")
		}
	})
}

// Servers differ in how they stream. What one refuses or ignores is learned.
func TestStreamHabits(t *testing.T) {
	for _, c := range []struct {
		name    string
		server  *fake.Server
		refused string // field that gets a 400
		calls   int
	}{
		{"streams", &fake.Server{}, "", 1},
		{"answers as a whole", &fake.Server{NoStreams: true}, "", 1},
		{"refuses stream_options", &fake.Server{}, "stream_options", 2},
		{"breaks off", &fake.Server{Faults: fake.Sequence(fake.None, fake.CutInside)}, "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := c.server
				s.Speed = 13
				if c.refused != "" {
					s.Rejects = func(body map[string]json.RawMessage) string {
						if _, ok := body[c.refused]; ok {
							return "Unrecognized request argument supplied: " + c.refused
						}
						return ""
					}
				}
				client, req := slowly(t, s, 3_000)
				if _, err := client.Probe(t.Context(), Call{Schema: req.Schema, MaxTokens: req.MaxTokens}); err != nil {
					t.Fatal(err)
				}
				before := s.Calls()
				a, err := client.Do(t.Context(), req)
				if err != nil || len(a.Text) < 9_000 || s.Calls()-before != c.calls {
					t.Errorf("got %d characters, %v after %d calls, want %d", len(a.Text), err, s.Calls()-before, c.calls)
				}
			})
		})
	}
}

// Requests in flight together learn together: none fails, and streams are given up only
// when they are what the server refuses.
func TestStreamHabitsAreLearnedTogether(t *testing.T) {
	for _, c := range []struct {
		name, message string
		refuses       func(body map[string]json.RawMessage) bool
		streams       bool // at the end
	}{
		{"streams", "Streaming is not supported", func(b map[string]json.RawMessage) bool { return string(b["stream"]) == "true" }, false},
		{"stream_options", "Unrecognized request argument supplied: stream_options", func(b map[string]json.RawMessage) bool { return b["stream_options"] != nil }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &fake.Server{Speed: 13, TextLength: 3000}
				s.Rejects = func(body map[string]json.RawMessage) string {
					time.Sleep(time.Second) // all are in flight before the first is refused
					if c.refuses(body) {
						return c.message
					}
					return ""
				}
				cfg := direct(s)
				cfg.Timeout, cfg.Workers, cfg.MaxInFlight = 0, 8, 8
				client := newClient(t, cfg, nil)
				req := ask(0)
				req.MaxTokens = 3000
				if _, err := client.Probe(t.Context(), Call{Schema: req.Schema, MaxTokens: req.MaxTokens}); err != nil {
					t.Fatal(err)
				}
				before := s.Calls()
				var all sync.WaitGroup
				for range 8 {
					all.Go(func() {
						if _, err := client.Do(t.Context(), req); err != nil {
							t.Error(err)
						}
					})
				}
				all.Wait()
				if n := s.Calls() - before; n != 16 {
					t.Errorf("%d calls, want each request twice", n)
				}
				if got := client.Slow(req.MaxTokens); got != c.streams {
					t.Errorf("streams: %t, want %t", got, c.streams)
				}
			})
		})
	}
}

// Fast servers are asked for whole replies.
func TestFastServersDoNotStream(t *testing.T) {
	streamed := 0
	s := &fake.Server{Seen: func(body map[string]json.RawMessage, _ http.Header) {
		if string(body["stream"]) != "false" {
			streamed++
		}
	}}
	c := newClient(t, quick(t, s), nil)
	for i := range 5 {
		if _, err := c.Do(t.Context(), ask(i)); err != nil {
			t.Fatal(err)
		}
	}
	if streamed > 0 {
		t.Errorf("%d requests to stream", streamed)
	}
}

// A stream is judged by what it has, whatever its form.
func TestReadStream(t *testing.T) {
	event := func(delta, finish string) string {
		return fmt.Sprintf("data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":%s,\"finish_reason\":%s}]}\n\n", delta, finish)
	}
	const usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\n"
	whole := event(`{"role":"assistant","content":""}`, "null") + event(`{"content":"one "}`, "null") + event(`{"content":"two"}`, "null") + event(`{}`, `"stop"`)
	for _, c := range []struct{ name, body, text, fault string }{
		{"whole", whole + usage + "data: [DONE]\n\n", "one two", ""},
		{"without an end mark", whole + usage, "one two", ""},
		{"with comments and names", ": ping\r\n\r\nevent: x\nid: 1\n" + strings.ReplaceAll(whole, "\n\n", "\r\n\r\n") + "data:[DONE]", "one two", ""},
		{"thoughts beside the text", event(`{"reasoning_content":"hm"}`, "null") + whole, "one two", ""},
		{"usage in every event", strings.ReplaceAll(whole, `"model":"m"`, `"model":"m","usage":{"prompt_tokens":7,"completion_tokens":1}`), "one two", ""},
		{"no finish", event(`{"content":"one"}`, "null"), "", "unexpected EOF"},
		{"nothing", "", "", "unexpected EOF"},
		{"an error within", event(`{"content":"one"}`, "null") + "data: {\"error\":{\"message\":\"the model crashed\",\"code\":502}}\n\n", "", ""},
		{"no JSON", "data: <html>\n\n", "", "invalid character"},
		{"a long line", "data: " + strings.Repeat("x", mostEvent) + "\n", "", "longer"},
		{"without an end", strings.Repeat(": ping\n\n", 1_000_000), "", "longer"},
		{"too much text", strings.Repeat(event(`{"content":"`+strings.Repeat("x", 1000)+`"}`, "null"), 100), "", "longer"},
	} {
		r, err := readStream(io.MultiReader(strings.NewReader(c.body)), 20_000, 100, func() {})
		if (err != nil) != (c.fault != "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: got error %v, want %q", c.name, err, c.fault)
		}
		if err == nil && r.answered && r.text != c.text {
			t.Errorf("%s: got text %q, want %q", c.name, r.text, c.text)
		}
		if c.name == "an error within" && (r.answered || r.problem != "the model crashed" || r.status != 502) {
			t.Errorf("%s: got %+v", c.name, r)
		}
		if c.name == "whole" && (r.usage == nil || r.usage.Prompt != 7 || r.usage.Completion != 3 || r.finish != "stop") {
			t.Errorf("%s: got %+v", c.name, r)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add("data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n")
	f.Add(": ping\n\ndata: {\"error\":{\"code\":503}}\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		r, err := readStream(strings.NewReader(body), 1000, 10, func() {})
		if err == nil && !r.answered && r.problem == "" && !strings.Contains(body, "[DONE]") {
			t.Errorf("%q is accepted: %+v", body, r)
		}
		if len(r.text) > 1000 {
			t.Errorf("a text of %d bytes", len(r.text))
		}
		if _, ok := errors.AsType[tooLong](err); ok && len(body) < 1000 {
			t.Errorf("%q is too long: %v", body, err)
		}
	})
}
