package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// bay is a spec whose persons have a tale, written by a call with an example, at
// endpoints that the spec defines.
const bay = `name: "bay", population: {size: 40, seed: 4}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "blue"]}
	tale: {kind: "text", call: "tell", chars: {min: 5, max: 400}}
	tools: {kind: "text_list", call: "tell", items: {min: 2, max: 4}, chars: {min: 2, max: 80}}
}
calls: tell: {
	prompt: "{{ .hue }}{{ range .Fields }}, {{ .name }}{{ end }}", system: "Write.", model: "by-the-call"
	examples: [{prompt: "green", answer: {tale: "Green as grass.", tools: ["a rake", "a hoe"]}}]
}
endpoints: {
	openai: {base_url: "https://lab.test/v1", model: "by-the-endpoint", mode: "json_object", tokens_field: "max_tokens"
		extra: {top_p: 0.5, stop: ["\n"], deep: {a: null, b: true}}, headers: "X-Team": "tides", max_in_flight: 3, retries: 0}
	harbour: {base_url: "http://harbour.test/v1", local: true, mode: "json_schema"}
}
prices: {date: "2031-05", currency: "EUR", models: "by-the-endpoint": {input: 1, output: 2}}
`

// seen records the requests that a model server receives.
type seen struct {
	*fake.Server
	mu     sync.Mutex
	hosts  []string
	bodies []map[string]json.RawMessage
	header http.Header
}

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.hosts = append(s.hosts, r.URL.Host)
	s.mu.Unlock()
	return s.Transport().RoundTrip(r)
}

func watch() *seen {
	s := &seen{Server: &fake.Server{}}
	s.Seen = func(body map[string]json.RawMessage, header http.Header) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bodies, s.header = append(s.bodies, body), header
	}
	return s
}

func baySpec(t *testing.T, text string) run.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "bay.cue")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return run.Config{Spec: path, Out: filepath.Join(dir, "out")}
}

func TestSpecSaysHowAnEndpointIsAsked(t *testing.T) {
	t.Setenv("LAB_KEY", "sk-lab")
	cfg, s := baySpec(t, bay), watch()
	cfg.Provider, cfg.Writer.Endpoint.Transport, cfg.Writer.Endpoint.KeyVar, cfg.Writer.Trust = "openai", s, "LAB_KEY", []string{"lab.test"}
	sum, err := run.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if hosts := slices.Compact(s.hosts); !slices.Equal(hosts, []string{"lab.test"}) || s.header.Get("X-Team") != "tides" || s.header.Get("Authorization") != "Bearer sk-lab" {
		t.Errorf("got requests to %v with headers %v", hosts, s.header)
	}
	body := s.bodies[len(s.bodies)-1]
	for name, want := range map[string]string{"model": `"by-the-endpoint"`, "top_p": "0.5", "stop": `["\n"]`, "deep": `{"a":null,"b":true}`, "response_format": `{"type":"json_object"}`} {
		if string(body[name]) != want {
			t.Errorf("%s: got %s, want %s", name, body[name], want)
		}
	}
	if body["max_tokens"] == nil || body["max_completion_tokens"] != nil {
		t.Errorf("got body %v", body)
	}
	var said []struct{ Role, Content string }
	if err := json.Unmarshal(body["messages"], &said); err != nil || len(said) != 4 {
		t.Fatalf("%v, messages %s", err, body["messages"])
	}
	if said[1].Role+said[1].Content != "usergreen" || said[2].Role != "assistant" || said[2].Content != `{"tale":"Green as grass.","tools":["a rake","a hoe"]}` {
		t.Errorf("example %+v", said[1:3])
	}
	if s.Peak() > 3 {
		t.Errorf("got %d calls at once, want at most 3", s.Peak())
	}
	if cost := sum.Manifest.Texts.Cost; len(cost) != 1 || cost[0].Amount <= 0 || cost[0].Currency != "EUR" || sum.Manifest.Texts.Model != "by-the-endpoint" {
		t.Errorf("%+v", sum.Manifest.Texts)
	}
	f, err := run.Estimate(context.Background(), cfg)
	if err != nil || f.Texts.Currency != "EUR" || f.Texts.Prices != "2031-05" || !f.Texts.Priced {
		t.Errorf("%+v, %v", f.Texts, err)
	}
}

func TestFlagsGoBeforeTheSpec(t *testing.T) {
	t.Setenv("LAB_KEY", "sk-lab")
	cfg, s := baySpec(t, bay), watch()
	cfg.Provider, cfg.Writer.Endpoint = "openai", endpoint.Config{Transport: s, BaseURL: "http://other.test/v1", Model: "by-the-flag"}
	if _, err := run.Run(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	if s.hosts[0] != "other.test" || string(s.bodies[0]["model"]) != `"by-the-flag"` || string(s.bodies[0]["top_p"]) != "0.5" {
		t.Errorf("asked %s for %v", s.hosts[0], s.bodies[0])
	}
	// The program's table has no price of this model in the currency of the spec.
	cfg.Writer.Budget, cfg.Out = 1, cfg.Out+"2"
	if _, err := run.Run(context.Background(), cfg); !errors.Is(err, run.ErrUsage) || !strings.Contains(err.Error(), "add it to the spec's prices") {
		t.Errorf("a budget without a price: %v", err)
	}
}

func TestSpecHasEndpointsOfItsOwn(t *testing.T) {
	cfg, s := baySpec(t, bay), watch()
	cfg.Provider, cfg.Writer.Endpoint.Transport = "harbour", s
	sum, err := run.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s.hosts[0] != "harbour.test" || sum.Manifest.Texts.Model != "by-the-call" || !slices.Equal(sum.Manifest.Texts.Cost, []release.Sum{{Currency: "EUR"}}) || s.header.Get("Authorization") != "" {
		t.Errorf("asked %v, %+v", s.hosts[0], sum.Manifest.Texts)
	}
	cfg.Provider = "harbor"
	if _, err := run.Run(context.Background(), cfg); !errors.Is(err, run.ErrUsage) || !strings.Contains(err.Error(), "did you mean harbour?") {
		t.Errorf("an unknown provider: %v", err)
	}
}

// The spec sets the limit on texts that are set aside, and the number of tries.
func TestSpecLimitsTheQuarantine(t *testing.T) {
	text := strings.Replace(bay, "chars: {min: 5, max: 400}}", `chars: {min: 5, max: 400}}
	song: {kind: "text", call: "tell", when: hue: "red", chars: {min: 300, max: 400}}`, 1)
	for limit, want := range map[string]error{"0.6": nil, "0.1": run.ErrChecks} {
		cfg, s := baySpec(t, text+"enrichment: {repairs: 0, quarantine: at_most: "+limit+"}\n"), watch()
		cfg.Provider, cfg.Writer.Endpoint.Transport = "harbour", s
		sum, err := run.Run(context.Background(), cfg)
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("limit %s: %v", limit, err)
		}
		if sum != nil && s.Calls() != 40 {
			t.Errorf("limit %s: got %d calls, want one per person", limit, s.Calls())
		}
	}
}

func TestClientAndSpecAgreeOnBodyFields(t *testing.T) {
	for _, name := range bundle.CostlyBodyFields {
		_, err := endpoint.New(endpoint.Config{BaseURL: "http://x.test", Model: "m", Extra: map[string]json.RawMessage{strings.ToUpper(name): json.RawMessage("1")}}, nil)
		if err == nil || !strings.Contains(err.Error(), "changes what a call costs") {
			t.Errorf("extra field %q: got error %v", name, err)
		}
	}
	for _, name := range bundle.OwnBodyFields {
		_, err := endpoint.New(endpoint.Config{BaseURL: "http://x.test", Model: "m", Extra: map[string]json.RawMessage{name: json.RawMessage("1")}}, nil)
		if err == nil || !strings.Contains(err.Error(), `"`+name+`" is set by the client`) {
			t.Errorf("extra field %q: got error %v", name, err)
		}
	}
}

// A release that is merged from shards states what all of their models wrote.
func TestMergeAddsUpWhatModelsWrote(t *testing.T) {
	t.Setenv("LAB_KEY", "sk-lab")
	cfg, s := baySpec(t, bay), watch()
	cfg.Provider, cfg.Writer.Endpoint.Transport, cfg.Writer.Endpoint.Model = "openai", s, "by-the-endpoint"
	one, err := run.Run(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for i, model := range []string{"by-the-endpoint", "by-the-call", "by-the-call"} {
		part := cfg
		part.Out, part.Shard, part.Writer.Endpoint.Model = cfg.Out+string(rune('1'+i)), release.Shard{Index: i + 1, Of: 3}, model
		if _, err := run.Run(context.Background(), part); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, part.Out)
	}
	merged, err := run.Merge(context.Background(), run.MergeConfig{Dirs: dirs, Out: cfg.Out + "all"})
	if err != nil {
		t.Fatal(err)
	}
	want := *one.Manifest.Texts
	want.Model = "by-the-endpoint, by-the-call"
	got := *merged.Manifest.Texts
	// The probe of every shard costs a call, and the price of one model is unknown.
	if len(got.Cost) != 1 || got.Cost[0].Currency != "EUR" || got.Cost[0].Amount <= 0 || got.Cost[0].Amount >= want.Cost[0].Amount || got.Tokens.Completion < want.Tokens.Completion*9/10 {
		t.Errorf("cost %v of %v, %+v of %+v", got.Cost, want.Cost, got.Tokens, want.Tokens)
	}
	got.Cost, got.Tokens, want.Cost, want.Tokens = nil, release.Tokens{}, nil, release.Tokens{}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := os.Stat(filepath.Join(merged.Dir, release.ManifestFile)); err != nil {
		t.Error(err)
	}
}

// A preset's key goes to the preset's host; another host gets a key only by a flag.
func TestKeysStayWithTheirHosts(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-of-the-preset")
	t.Setenv("OTHER_KEY", "sk-of-the-user")
	stranger := strings.Replace(bay, "https://lab.test/v1", "https://lab.test:8443/v1", 1)
	plainHTTP := strings.Replace(bay, "https://lab.test/v1", "http://api.openai.com/v1", 1)
	ownHost := strings.Replace(bay, "https://lab.test/v1", "https://API.openai.com:443/v1", 1)
	for _, c := range []struct {
		name, spec string
		endpoint   endpoint.Config
		trust      []string
		key, err   string
	}{
		{name: "the preset's host", spec: ownHost, key: "sk-of-the-preset"},
		{name: "the preset's host over http", spec: plainHTTP, err: "a key is not sent over http"},
		{name: "the spec's host", spec: stranger},
		{name: "the spec's host, trusted", spec: stranger, trust: []string{"lab.test"}, key: "sk-of-the-preset"},
		{name: "another host trusted", spec: stranger, trust: []string{"test", "lab.test:443"}},
		{name: "the spec's host with the user's key", spec: stranger, endpoint: endpoint.Config{KeyVar: "OTHER_KEY"}, err: "add --trust lab.test:8443"},
		{name: "the user's host", spec: stranger, endpoint: endpoint.Config{BaseURL: "https://mine.test/v1"}},
		{name: "the user's host and key", spec: stranger, endpoint: endpoint.Config{BaseURL: "https://mine.test/v1", KeyVar: "OTHER_KEY"}, key: "sk-of-the-user"},
		{name: "the user's key over http", spec: stranger, endpoint: endpoint.Config{BaseURL: "http://mine.test/v1", KeyVar: "OTHER_KEY"}, err: "a key is not sent over http"},
		{name: "the user's key on this machine", spec: stranger, endpoint: endpoint.Config{BaseURL: "http://127.0.0.1:9/v1", KeyVar: "OTHER_KEY"}, key: "sk-of-the-user"},
		{name: "a host that only begins like this machine", spec: stranger, endpoint: endpoint.Config{BaseURL: "http://localhost.evil.test/v1", KeyVar: "OTHER_KEY"}, err: "a key is not sent over http"},
		{name: "a key in place of a variable", spec: stranger, endpoint: endpoint.Config{BaseURL: "https://mine.test/v1", KeyVar: "sk-of-the-user"}, err: "not the key itself"},
	} {
		cfg, s := baySpec(t, c.spec), watch()
		cfg.Provider, cfg.Writer.Endpoint, cfg.Writer.Trust = "openai", c.endpoint, c.trust
		cfg.Writer.Endpoint.Transport = s
		var told []string
		cfg.Events = func(e run.Event) { told = append(told, e.Note) }
		_, err := run.Run(context.Background(), cfg)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "sk-") || s.Calls() > 0 {
				t.Errorf("%s: got error %v and %d calls, want %q", c.name, err, s.Calls(), c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := strings.TrimPrefix(s.header.Get("Authorization"), "Bearer "); got != c.key {
			t.Errorf("%s: got key %q, want %q", c.name, got, c.key)
		}
		want := "without a key"
		if c.key != "" {
			want = "with the key in "
		}
		if !slices.ContainsFunc(told, func(note string) bool {
			return strings.Contains(note, s.hosts[0]+" "+want) || strings.Contains(note, want)
		}) {
			t.Errorf("%s: no note says %q: %q", c.name, want, told)
		}
	}
}

// Under a budget, a spec can raise the price of a model that the program knows, but
// not lower it: neither in its prices nor by calling a host local.
func TestSpecCannotLowerAPrice(t *testing.T) {
	base := strings.Replace(bay, "by-the-endpoint", "gpt-4.1-mini", 1)
	own := base[:strings.Index(base, "prices:")]
	for _, c := range []struct {
		name, spec string
		budget     float64
		from, to   float64 // of the cost of a million of tokens out
	}{
		{"no price of the spec", own, 1, 1.6, 1.6},
		{"a price of 0", own + `prices: {date: "2031-05", models: "gpt-4.1-mini": {input: 0, output: 0}}`, 1, 1.6, 1.6},
		{"a price of 0 without a budget", own + `prices: {date: "2031-05", models: "gpt-4.1-mini": {input: 0, output: 0}}`, 0, 0, 0},
		{"in another currency", own + `prices: {date: "2031-05", currency: "EUR", models: "gpt-4.1-mini": {input: 0, output: 0.01}}`, 1, 1.6, 1.6},
		{"a higher price", own + `prices: {date: "2031-05", models: "gpt-4.1-mini": {input: 4, output: 16}}`, 1, 16, 16},
		{"a local host", strings.Replace(own, "max_in_flight: 3,", "max_in_flight: 3, local: true,", 1), 1, 1.6, 1.6},
		{"a local host without a budget", strings.Replace(own, "max_in_flight: 3,", "max_in_flight: 3, local: true,", 1), 0, 0, 0},
		{"a host of the own network", strings.Replace(strings.Replace(own, "max_in_flight: 3,", "max_in_flight: 3, local: true,", 1), "https://lab.test", "http://10.0.0.7:8000", 1), 1, 0, 0},
	} {
		cfg, _ := baySpec(t, c.spec), watch()
		cfg.Provider, cfg.Writer.Budget = "openai", c.budget
		f, err := run.Estimate(context.Background(), cfg)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		tokens := f.Texts.Tokens
		least := c.from * float64(tokens.Completion) / 1e6
		most := c.to * (float64(tokens.Completion) + float64(tokens.Prompt)) / 1e6
		if got := f.Texts.Cost; got < least-1e-9 || got > most+1e-9 {
			t.Errorf("%s: got cost %g, want %g to %g", c.name, got, least, most)
		}
	}
}

// One call at a time is one call at a time.
func TestOneWorkerIsOneCall(t *testing.T) {
	cfg, s := baySpec(t, strings.Replace(bay, "local: true, mode", "local: true, workers: 1, mode", 1)), watch()
	cfg.Provider, cfg.Writer.Endpoint.Transport = "harbour", s
	if _, err := run.Run(context.Background(), cfg); err != nil || s.Peak() != 1 {
		t.Errorf("got %d calls at once, %v", s.Peak(), err)
	}
}
