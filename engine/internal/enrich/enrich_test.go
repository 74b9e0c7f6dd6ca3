package enrich_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec/load"
)

const people = 120

// letters has two calls, the second of which reads a text of the first. Persons
// under 15 have no tools.
const letters = `
name: "letters"
population: {size: 120, seed: 1}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "green"]}
	years: {kind: "integer", min: 1, max: 60}
	story: {kind: "text", call: "early", about: "a life", chars: {min: 10, max: 400}}
	tools: {kind: "text_list", call: "early", when: years: >=15, items: {min: 2, max: 4}, chars: {min: 3, max: 80}}
	note: {kind: "text", call: "late", chars: {min: 5, max: 400}}
	origin: kind: "text_source"
}
rules: polite: {about: "no swearing", never: ["damn"]}
calls: early: {prompt: "{{ .years }}, {{ .hue }}{{ range .Fields }}, {{ .name }}{{ end }}", system: "Write.", model: "m", temperature: 0}
calls: late: prompt: "{{ .story }}{{ range .Fields }}, {{ .name }}{{ end }}"
calls: late: model: "m"
`

// world is a plan with a generator of its persons.
type world struct {
	plan      *plan.Plan
	generator *generate.Generator
}

func newWorld(t testing.TB, text string) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "letters.cue")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	w, err := loadWorld(path)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func loadWorld(path string) (*world, error) {
	ctx := context.Background()
	s, faults := load.Load(ctx, path, load.Options{})
	if faults != nil && faults.Failed() {
		return nil, faults.Err()
	}
	b, faults := compile.Compile(ctx, s, compile.Options{})
	if b == nil {
		return nil, faults.Err()
	}
	a, err := sample.Allocate(ctx, b.Model, people, 1)
	if err != nil {
		return nil, err
	}
	q, err := sample.NewQuota(b.Model, a)
	if err != nil {
		return nil, err
	}
	g, err := generate.New(b.Plan, q, 1, people)
	return &world{b.Plan, g}, err
}

func (w *world) source() enrich.Source { return w.generator.Worker() }

func (w *world) enricher(t testing.TB, dir string, o enrich.Options) *enrich.Enricher {
	t.Helper()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	e, err := enrich.New(w.plan, j, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// writer is a model within the process.
type writer struct {
	mu    sync.Mutex
	asked map[string]int // by user text
	calls int
	write func(n int, req endpoint.Request) (string, error)
}

func (a *writer) Width() int { return 8 }

func (a *writer) Do(ctx context.Context, req endpoint.Request) (endpoint.Answer, error) {
	a.mu.Lock()
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	n := a.calls
	a.calls++
	a.asked[req.User]++
	a.mu.Unlock()
	if ctx.Err() != nil {
		return endpoint.Answer{}, ctx.Err()
	}
	text, err := honest(n, req)
	if a.write != nil {
		text, err = a.write(n, req)
	}
	return endpoint.Answer{Text: text, Usage: endpoint.Usage{Prompt: 10, Completion: 5}}, err
}

// names lists the properties of a request's schema.
func names(req endpoint.Request) []string {
	var s struct{ Required []string }
	if err := json.Unmarshal(req.Schema, &s); err != nil {
		panic(err)
	}
	return s.Required
}

// honest answers every field well.
func honest(n int, req endpoint.Request) (string, error) {
	answer := map[string]any{}
	for _, name := range names(req) {
		answer[name] = fmt.Sprintf("a good text %d", n)
		if name == "tools" {
			answer[name] = []string{"hammer", "saw"}
		}
	}
	data, err := json.Marshal(answer)
	return string(data), err
}

func (w *world) run(t testing.TB, e *enrich.Enricher, m enrich.Model) enrich.Counts {
	t.Helper()
	c, err := e.Run(context.Background(), m, w.source, 0, people, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wholeOf checks that the counts include every field of every person.
func wholeOf(t testing.TB, c enrich.Counts, fields int) enrich.FieldCounts {
	t.Helper()
	all := c.Total()
	if c.Persons != people || len(c.Fields) != fields {
		t.Fatalf("got %d persons and %d fields, want %d and %d", c.Persons, len(c.Fields), people, fields)
	}
	for _, f := range c.Fields {
		if n := f.Accepted + f.Cached + f.Quarantined + f.NotApplicable + f.Unanswered; n != people {
			t.Errorf("field %s: %+v adds up to %d, want %d", f.Field, f, n, people)
		}
	}
	return all
}

func TestEveryFieldIsBoughtOnce(t *testing.T) {
	w, dir := newWorld(t, letters), t.TempDir()
	a := &writer{}
	all := wholeOf(t, w.run(t, w.enricher(t, dir, enrich.Options{}), a), 3)
	if all.Accepted+all.NotApplicable != 3*people || all.NotApplicable == 0 || all.Repaired != 0 || a.calls != 2*people {
		t.Errorf("got %+v after %d calls", all, a.calls)
	}
}

func TestRunAgainBuysNothing(t *testing.T) {
	w, dir := newWorld(t, letters), t.TempDir()
	e := w.enricher(t, dir, enrich.Options{})
	first := wholeOf(t, w.run(t, e, &writer{}), 3)
	again := &writer{}
	all := wholeOf(t, w.run(t, e, again), 3)
	if again.calls != 0 || all.Cached != first.Accepted {
		t.Errorf("got %d calls, %+v after %+v", again.calls, all, first)
	}
}

// TestWhatAChangeBuys changes the spec and lists the fields that are asked for.
func TestWhatAChangeBuys(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(letters, old) {
			t.Fatalf("the spec does not have %q", old)
		}
		return strings.Replace(letters, old, new, 1)
	}
	for _, c := range []struct {
		name, spec string
		fields     []string // that are bought
	}{
		{"nothing", letters, nil},
		{"a field added to a call", change("\torigin:", `	song: {kind: "text", call: "early", chars: {min: 5, max: 400}}`+"\n\torigin:"), []string{"song"}},
		{"a number that nobody reads", change("\torigin:", "\theight: {kind: \"number\", normal: {mean: 170, sd: 8}}\n\torigin:"), nil},
		{"a title of another field", change(`hue: {`, `hue: {title: "Hue", `), nil},
		{"the name of the column elsewhere", letters + "\naliases: other: story: \"tale\"\n", nil},
		{"how it is written offline", change(`chars: {min: 5, max: 400}`, `note: "by hand", chars: {min: 5, max: 400}`), nil},
		{"a length", change("chars: {min: 5, max: 400}", "chars: {min: 5, max: 300}"), []string{"note"}},
		{"what a list is about", change(`when: years: >=15`, `about: "of the craft", when: years: >=15`), []string{"tools"}},
		{"a rule of one field", letters + "\nrules: short: {about: \"no shouting\", never: [\"hurrah\"], fields: [\"note\"]}\n", []string{"note"}},
		{"a rule of all", change(`["damn"]`, `["damn", "blast"]`), []string{"note", "story", "tools"}},
		{"a prompt", change(`"{{ .story }}{{`, `"{{ .story }}!{{`), []string{"note"}},
		{"the first call's setting, and what reads its texts", change("temperature: 0", "temperature: 0.5"), []string{"note", "story", "tools"}},
		{"an example of one field", change("temperature: 0", `examples: [{prompt: "3, red", answer: tools: ["a rod", "a reel"]}], temperature: 0`), []string{"tools"}},
		{"where it is asked", letters + "\nendpoints: vllm: {base_url: \"http://x.test/v1\", max_in_flight: 9, extra: top_p: 0.5}\n", nil},
		{"a limit and a price", letters + "\nenrichment: {repairs: 1, quarantine: at_most: 0.2}\nprices: {date: \"2031-01\", models: m: {input: 1, output: 1}}\n", nil},
		{"the bound on an answer", change("temperature: 0", "max_tokens: 5000, temperature: 0"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			old := newWorld(t, letters)
			j, err := journal.Open(dir, journal.Options{})
			if err != nil {
				t.Fatal(err)
			}
			e, err := enrich.New(old.plan, j, enrich.Options{})
			if err != nil {
				t.Fatal(err)
			}
			old.run(t, e, &writer{})
			j.Close()

			var mu sync.Mutex
			bought := map[string]bool{}
			now := newWorld(t, c.spec)
			e = now.enricher(t, dir, enrich.Options{})
			estimated := map[string]bool{}
			stale := map[string]bool{}
			pending, err := e.Pending(context.Background(), now.source(), 0, people, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pending {
				for name, n := range p.Fields {
					estimated[name] = true
					if p.Stale[name] != 0 {
						stale[name] = true
					}
					if s := p.Stale[name]; s != 0 && s != n {
						t.Errorf("%s: %d of %d texts are stale", name, s, n)
					}
				}
			}
			now.run(t, e, &writer{write: func(n int, req endpoint.Request) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				for _, name := range names(req) {
					bought[name] = true
				}
				return honest(n+1_000_000, req)
			}})
			if d := cmp.Diff(c.fields, sortedNames(bought)); d != "" {
				t.Error("bought", d)
			}
			if d := cmp.Diff(c.fields, sortedNames(estimated)); d != "" {
				t.Error("estimated", d)
			}
			delete(estimated, "song") // new
			if d := cmp.Diff(sortedNames(estimated), sortedNames(stale)); d != "" {
				t.Error("stale", d)
			}
		})
	}
}

func sortedNames(m map[string]bool) (out []string) {
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// A field that is wrong at first is asked for again, alone and with the reason.
func TestRepair(t *testing.T) {
	w := newWorld(t, letters)
	var mu sync.Mutex
	var again []string
	a := &writer{write: func(n int, req endpoint.Request) (string, error) {
		if strings.Contains(req.User, "Correct this") {
			mu.Lock()
			again = append(again, strings.Join(names(req), " ")+strings.SplitAfterN(req.User, "Correct this:", 2)[1])
			mu.Unlock()
			return honest(n, req)
		}
		return `{"story": "what a damn life", "tools": ["hammer", "saw"], "note": "a note"}`, nil
	}}
	all := wholeOf(t, w.run(t, w.enricher(t, t.TempDir(), enrich.Options{}), a), 3)
	if len(again) != people || all.Repaired != people || all.Quarantined != 0 {
		t.Fatalf("asked again %d times, %+v", len(again), all)
	}
	want := "story\n- story: it says \"damn\", which it must not: no swearing\n"
	for _, asked := range again {
		if asked != want {
			t.Fatalf("asked again with %q, want %q", asked, want)
		}
	}
}

// A field that is always wrong is quarantined.
func TestQuarantine(t *testing.T) {
	w, dir := newWorld(t, letters), t.TempDir()
	stubborn := &writer{write: func(n int, req endpoint.Request) (string, error) {
		return `{"story": "short", "tools": ["hammer", "saw"], "note": "a note"}`, nil
	}}
	e := w.enricher(t, dir, enrich.Options{})
	counts := w.run(t, e, stubborn)
	if all := wholeOf(t, counts, 3); all.Quarantined != people || stubborn.calls != 4*people {
		t.Fatalf("got %+v after %d calls", all, stubborn.calls)
	}
	if share := counts.QuarantinedShare(); share < 0.3 || share > 0.5 {
		t.Errorf("quarantined share %v", share)
	}
	later := &writer{}
	if all := wholeOf(t, w.run(t, e, later), 3); all.Quarantined != people || later.calls != 0 {
		t.Fatalf("later: %+v after %d calls", all, later.calls)
	}
	b := w.filled(t, e)
	story, note := b.Columns[b.Schema.Index("story")], b.Columns[b.Schema.Index("note")]
	if !story.Null[0] || note.Null[0] || note.Texts[0] != "a note" {
		t.Errorf("story %q null %v, note %q null %v", story.Texts[0], story.Null[0], note.Texts[0], note.Null[0])
	}
}

func TestRefillTriesTheQuarantineAgain(t *testing.T) {
	w, dir := newWorld(t, letters), t.TempDir()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, _ := enrich.New(w.plan, j, enrich.Options{})
	w.run(t, e, &writer{write: func(int, endpoint.Request) (string, error) { return "no", nil }})
	e, _ = enrich.New(w.plan, j, enrich.Options{Refill: true})
	all := wholeOf(t, w.run(t, e, &writer{}), 3)
	if all.Quarantined != 0 || all.Accepted == 0 {
		t.Errorf("got %+v", all)
	}
	j.Close()
}

// filled returns the persons with their texts.
func (w *world) filled(t testing.TB, e *enrich.Enricher) *frame.Batch {
	t.Helper()
	b, err := w.source().Batch(0, people)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Reader().Fill(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReaderFillsTextsListsAndSources(t *testing.T) {
	w, dir := newWorld(t, letters), t.TempDir()
	e := w.enricher(t, dir, enrich.Options{Model: "other"})
	w.run(t, e, &writer{})
	b := w.filled(t, e)
	column := func(name string) *frame.Column { return &b.Columns[b.Schema.Index(name)] }
	young := 0
	for r := range b.N {
		tools := column("tools")
		items := tools.Texts[tools.Offsets[r]:tools.Offsets[r+1]]
		if column("years").Ints[r] < 15 {
			young++
			if !tools.Null[r] || len(items) != 0 {
				t.Fatalf("person %d is young and has tools %q", r, items)
			}
		} else if !slices.Equal(items, []string{"hammer", "saw"}) {
			t.Fatalf("person %d has tools %q", r, items)
		}
		if column("story").Null[r] || !strings.HasPrefix(column("story").Texts[r], "a good text") || column("origin").Texts[r] != "other" {
			t.Fatalf("person %d: story %q from %q", r, column("story").Texts[r], column("origin").Texts[r])
		}
	}
	if young == 0 || young == people {
		t.Fatalf("got %d young persons", young)
	}
}

// Runs are cancelled at every stage until one ends.
func TestStoppedRunsBuyNothingTwice(t *testing.T) {
	w, dir := newWorld(t, letters), t.TempDir()
	e := w.enricher(t, dir, enrich.Options{})
	var mu sync.Mutex
	answered := map[string]int{}
	for stop := 25; ; stop += 25 {
		ctx, cancel := context.WithCancel(context.Background())
		a := &writer{write: func(n int, req endpoint.Request) (string, error) {
			if n >= stop {
				cancel()
				return "", context.Canceled
			}
			mu.Lock()
			defer mu.Unlock()
			answered[req.User]++
			// The text is a function of the prompt, so that the second call's is too.
			return strings.ReplaceAll(`{"story": "a story of U", "tools": ["hammer", "saw"], "note": "a note"}`, "U", req.User[:min(len(req.User), 6)]), nil
		}}
		c, err := e.Run(ctx, a, w.source, 0, people, nil)
		cancel()
		if err == nil {
			wholeOf(t, c, 3)
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	total := 0
	for _, n := range answered {
		total += n
	}
	if total != 2*people {
		t.Errorf("got %d answers for %d calls", total, 2*people)
	}
}

func client(t testing.TB, s *fake.Server, budget *endpoint.Budget) *endpoint.Client {
	t.Helper()
	c, err := endpoint.New(endpoint.Config{BaseURL: "http://fake/v1", Model: "m", Mode: endpoint.Strict, Transport: s.Transport(), Local: budget == nil,
		Workers: 8, Backoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond, Retries: 8, BreakAfter: 50, Timeout: time.Second,
		Price: &endpoint.Price{Input: 1, Output: 1}}, budget)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Whatever goes wrong on the network, the counts include every field.
func TestFaultsOnTheWire(t *testing.T) {
	w := newWorld(t, strings.ReplaceAll(letters, "max: 80", "max: 400")+`
language: "en"
languages: en: {letters: "é", words: ["and", "the", "about", "so", "goes", "on", "text"]}
`)
	for _, share := range []float64{0.05, 0.4} {
		faults := fake.Random(3, share, fake.RateLimit, fake.RateLimitAfter, fake.Hang, fake.SlowBody, fake.WrongLanguage, fake.ServerError, fake.BadGateway, fake.CutBefore, fake.CutInside, fake.NotJSON,
			fake.ErrorIn200, fake.TruncatedJSON, fake.CodeFence, fake.WrongTypes, fake.MissingKeys, fake.Refusal, fake.RefusalInText,
			fake.Filtered, fake.Empty, fake.Length, fake.Duplicate, fake.SchemaIgnored)
		s := &fake.Server{Latency: time.Millisecond, RetryAfter: 2 * time.Millisecond, Faults: func(n int) fake.Fault {
			if n < 8 { // an HTML page ends a run whose server has not answered yet
				return fake.None
			}
			return faults(n)
		}}
		e := w.enricher(t, t.TempDir(), enrich.Options{})
		all := wholeOf(t, w.run(t, e, client(t, s, nil)), 3)
		if all.Accepted == 0 || all.Repaired == 0 || all.Repaired >= all.Accepted {
			t.Errorf("share %v: got %+v", share, all)
		}
		b := w.filled(t, e)
		for row, story := range b.Columns[b.Schema.Index("story")].Texts[:b.N] {
			if strings.Contains(story, "яблоки") {
				t.Errorf("person %d has a story in another language: %s", row, story)
			}
		}
		if all.Quarantined > int64(0.3*3*people) {
			t.Errorf("share %v: got %+v", share, all)
		}
		t.Logf("share %v: %+v, %d calls", share, all, s.Calls())
	}
}

func TestBudgetAndDownAreResumable(t *testing.T) {
	w, dir := newWorld(t, strings.ReplaceAll(letters, "max: 80", "max: 400")), t.TempDir()
	e := w.enricher(t, dir, enrich.Options{})
	s := &fake.Server{}
	_, err := e.Run(context.Background(), client(t, s, endpoint.NewBudget(endpoint.Cost{Tokens: 9_000})), w.source, 0, people, nil)
	if endpoint.KindOf(err) != endpoint.OverBudget {
		t.Fatalf("got error %v, want the budget's", err)
	}
	bought := s.Billed().Answers
	if bought == 0 || bought >= 2*people {
		t.Fatalf("got %d answers within the budget", bought)
	}
	down := &fake.Server{Faults: fake.Always(fake.Unauthorised)}
	if _, err = e.Run(context.Background(), client(t, down, nil), w.source, 0, people, nil); err == nil {
		t.Fatal("a run that nobody answers ended well")
	}
	rest := &fake.Server{}
	all := wholeOf(t, w.run(t, e, client(t, rest, nil)), 3)
	if n := bought + rest.Billed().Answers; n != 2*people || all.Cached == 0 {
		t.Errorf("%d answers were bought in all, want %d; %+v", n, 2*people, all)
	}
}

func TestProgressComesAtCheckpoints(t *testing.T) {
	w := newWorld(t, letters)
	e := w.enricher(t, t.TempDir(), enrich.Options{})
	var seen []int64
	_, err := e.Run(context.Background(), &writer{}, w.source, 0, people, func(c enrich.Counts) { seen = append(seen, c.Persons) })
	if err != nil || len(seen) == 0 || seen[len(seen)-1] != people {
		t.Errorf("progress %v, error %v", seen, err)
	}
}
