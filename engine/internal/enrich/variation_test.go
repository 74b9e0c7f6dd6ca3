package enrich_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/journal"
)

// exampled is letters with prompts that name the person, and some examples.
func exampled(n int, more string) string {
	var examples []string
	for i := range n {
		examples = append(examples, fmt.Sprintf(`{prompt: "example %d", answer: story: "the tale number %d of the examples"}`, i, i))
	}
	return strings.Replace(identified, "temperature: 0", "temperature: 0, examples: ["+strings.Join(examples, ", ")+"]", 1) + "\n" + more
}

// with uses a journal and closes it.
func (w *world) with(t *testing.T, dir string, o enrich.Options, use func(e *enrich.Enricher)) {
	t.Helper()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	e, err := enrich.New(w.plan, j, o)
	if err != nil {
		t.Fatal(err)
	}
	use(e)
}

// asks has a model write everybody's texts, with a journal that is closed then.
func (w *world) asks(t *testing.T, dir string, o enrich.Options, m enrich.Model) (c enrich.Counts) {
	t.Helper()
	w.with(t, dir, o, func(e *enrich.Enricher) { c = w.run(t, e, m) })
	return c
}

// asking records requests by the id of the person, which begins every prompt.
type asking struct {
	writer
	mu       sync.Mutex
	requests map[string][]endpoint.Request
}

func newAsking() *asking {
	a := &asking{requests: map[string][]endpoint.Request{}}
	a.write = func(n int, req endpoint.Request) (string, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		id, _, _ := strings.Cut(req.User, " ")
		a.requests[id] = append(a.requests[id], req)
		return told(req), nil
	}
	return a
}

// told answers every field well, as the request alone decides.
func told(req endpoint.Request) string {
	h := fnv.New64a()
	fmt.Fprint(h, req.User)
	text, _ := honest(int(h.Sum64()>>40), req)
	return text
}

// firsts returns what a person's first request is, by person.
func firsts(a *asking, of func(endpoint.Request) string) map[string]string {
	out := map[string]string{}
	for id, requests := range a.requests {
		out[id] = of(requests[0])
	}
	return out
}

func examplesOf(req endpoint.Request) string {
	var all []string
	for _, t := range req.Examples {
		all = append(all, t.User)
	}
	return strings.Join(all, ", ")
}

// count counts the values of a map.
func count(m map[string]string) map[string]int {
	out := map[string]int{}
	for _, v := range m {
		out[v]++
	}
	return out
}

// Every person is shown one example, always the same. One that is added goes to some persons,
// and only their texts are bought again.
func TestExamplesRotate(t *testing.T) {
	const rotate = "variation: examples: 1"
	w, dir, a := newWorld(t, exampled(3, rotate)), t.TempDir(), newAsking()
	w.asks(t, dir, enrich.Options{Seed: 7}, a)
	shown := firsts(a, examplesOf)
	if n := count(shown); len(n) != 3 || slices.Min(slices.Collect(maps.Values(n))) < 25 {
		t.Fatalf("shown %v", n)
	}
	again := newAsking()
	w.asks(t, t.TempDir(), enrich.Options{Seed: 7}, again)
	if d := cmp.Diff(shown, firsts(again, examplesOf)); d != "" {
		t.Error("another run:", d)
	}

	more, bought := newWorld(t, exampled(4, rotate)), newAsking()
	more.asks(t, dir, enrich.Options{Seed: 7}, bought)
	stories := 0
	for id, requests := range bought.requests {
		if !slices.Contains(names(requests[0]), "story") {
			continue
		}
		stories++
		if got := examplesOf(requests[0]); got != "example 3" {
			t.Errorf("person %s is asked again after %q, before after %q", id, got, shown[id])
		}
	}
	if stories < 15 || stories > 45 { // of 120, a quarter is 30
		t.Errorf("an example that is added buys %d texts again", stories)
	}

	two, b := newWorld(t, exampled(4, "variation: examples: 2")), newAsking()
	two.asks(t, t.TempDir(), enrich.Options{}, b)
	want := []string{"example 0, example 1", "example 1, example 2", "example 2, example 3", "example 3, example 0"}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(count(firsts(b, examplesOf))))); d != "" {
		t.Error(d)
	}
}

// Without variation, and for a call that does not vary, everyone is shown every example.
func TestCallsThatDoNotVary(t *testing.T) {
	for _, more := range []string{"", `variation: {examples: 1, calls: ["late"]}`, `variation: examples: 3`} {
		w, a := newWorld(t, exampled(3, more)), newAsking()
		w.asks(t, t.TempDir(), enrich.Options{}, a)
		if d := cmp.Diff(map[string]int{"example 0, example 1, example 2": people}, count(firsts(a, examplesOf))); d != "" {
			t.Error(more, d)
		}
	}
}

const shares = `variation: shares: [{share: 70, temperature: 0.5}, {share: 30, temperature: 1.0, model: "n"}]`

func settingsOf(req endpoint.Request) string {
	return fmt.Sprintf("%s %g", req.Model, *req.Temperature)
}

// Shares of the persons have their model and temperature, in all calls. A share that changes
// buys its own texts.
func TestShares(t *testing.T) {
	w, dir, a := newWorld(t, identified+"\n"+shares), t.TempDir(), newAsking()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := enrich.New(w.plan, j, enrich.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"m", "n"}, e.Models()); d != "" {
		t.Error(d)
	}
	pending, err := e.Pending(context.Background(), w.source(), 0, people, 3)
	if err != nil {
		t.Fatal(err)
	}
	w.run(t, e, a)
	by := count(firsts(a, settingsOf))
	if by["m 0.5"]+by["n 1"] != people || by["n 1"] < 20 || by["n 1"] > 52 {
		t.Fatalf("got %v", by)
	}
	for id, requests := range a.requests {
		if len(requests) != 2 || settingsOf(requests[0]) != settingsOf(requests[1]) {
			t.Errorf("person %s: %d requests, not all with one setting", id, len(requests))
		}
	}
	for _, p := range pending {
		sum := enrich.PendingShare{}
		for _, s := range p.Shares {
			if int(s.Persons) != by[fmt.Sprintf("%s %g", s.Model, *s.Temperature)] {
				t.Errorf("planned %+v, asked %v", s, by)
			}
			sum.Persons, sum.Prefix, sum.Estimate.Prompt, sum.Estimate.Completion = sum.Persons+s.Persons, sum.Prefix+s.Prefix, sum.Estimate.Prompt+s.Estimate.Prompt, sum.Estimate.Completion+s.Estimate.Completion
		}
		if sum.Persons != p.Persons || sum.Prefix != p.Prefix || sum.Estimate != p.Estimate {
			t.Errorf("shares add up to %+v of %+v", sum, p)
		}
	}
	if d := cmp.Diff(map[string]int{"m": by["m 0.5"], "n": by["n 1"]}, sources(t, w, e)); d != "" {
		t.Error(d)
	}
	j.Close()

	changed, b := newWorld(t, identified+"\n"+strings.Replace(shares, "1.0", "0.9", 1)), newAsking()
	changed.asks(t, dir, enrich.Options{Seed: 3}, b)
	if d := cmp.Diff(map[string]int{"n 0.9": by["n 1"]}, count(firsts(b, settingsOf))); d != "" {
		t.Error(d)
	}
	// A model that the user chooses writes everything.
	chosen := newAsking()
	w.asks(t, t.TempDir(), enrich.Options{Seed: 3, Model: "x"}, chosen)
	for setting := range count(firsts(chosen, settingsOf)) {
		if !strings.HasPrefix(setting, "x ") {
			t.Errorf("asked with %s", setting)
		}
	}
}

// sources counts the values of the column origin.
func sources(t *testing.T, w *world, e *enrich.Enricher) map[string]int {
	t.Helper()
	b := w.filled(t, e)
	out := map[string]int{}
	for _, text := range b.Columns[slices.IndexFunc(b.Schema, func(f frame.Field) bool { return f.Name == "origin" })].Texts[:people] {
		out[text]++
	}
	return out
}

// A batch is for one model; shares of several models have several batches.
func TestBatchesOfSeveralModels(t *testing.T) {
	o := newOffice(t, identified+"\n"+shares)
	j, err := journal.Open(o.dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	e, err := enrich.New(o.plan, j, enrich.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	other, err := endpoint.New(endpoint.Config{BaseURL: "http://fake/v1", Model: "n", Mode: endpoint.Strict, Transport: o.server.Transport(),
		Price: &endpoint.Price{Input: 1, Output: 1, Batch: 0.5}, Batch: o.config}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	c, _, err := e.RunBatches(context.Background(), o.client(t), enrich.BatchOptions{Dir: filepath.Join(o.dir, "batches"), Clients: map[string]*endpoint.Client{"n": other}}, o.source, 0, people)
	if err != nil {
		t.Fatal(err)
	}
	if all := wholeOf(t, c, 3); all.Accepted+all.NotApplicable != 3*people {
		t.Errorf("got %+v", all)
	}
	files := map[string]int{}
	for _, input := range o.server.Batches.Inputs() {
		m, n := strings.Count(string(input), `"model":"m"`), strings.Count(string(input), `"model":"n"`)
		if m > 0 && n > 0 {
			t.Errorf("a batch of %d and %d requests", m, n)
		}
		files["m"], files["n"] = files["m"]+m, files["n"]+n
	}
	w, a := newWorld(t, identified+"\n"+shares), newAsking()
	w.asks(t, t.TempDir(), enrich.Options{Seed: 3}, a)
	by := count(firsts(a, settingsOf))
	if files["m"] != 2*by["m 0.5"] || files["n"] != 2*by["n 1"] {
		t.Errorf("got requests %v, want two for each of %v", files, by)
	}
}

// avoiding is letters with prompts that show what to avoid.
var avoiding = strings.Replace(identified, `{{ .name }}{{ end }}", system`, `{{ .name }}{{ with .avoid }} without {{ join \"; \" . }}{{ end }}{{ end }}", system`, 1) +
	"\nvariation: avoid: {after: 20, most: 2, fields: [\"story\", \"tools\"]}\n"

// habitual is a model that repeats itself where it is not asked to avoid it.
func habitual(req endpoint.Request) string {
	h := fnv.New64a()
	fmt.Fprint(h, req.User)
	n := h.Sum64() >> 40
	habit := "Every morning she walks down to the old harbour"
	if strings.Contains(req.User, "walks down to the old") || strings.Contains(req.User, "Every morning she") {
		habit = fmt.Sprintf("Word%d by word%d it goes", n, n+1)
	}
	return fmt.Sprintf(`{"story": "%s, says number%d.", "tools": ["hammer", "saw %d"], "note": "a note of %d"}`, habit, n, n, n)
}

func (a *asking) habits() *asking {
	a.write = func(n int, req endpoint.Request) (string, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.requests[req.User] = append(a.requests[req.User], req)
		return habitual(req), nil
	}
	return a
}

// Prompts of later persons show what earlier texts have too often; a run that is broken off
// and continued asks what a whole one asks, and nothing twice.
func TestWindows(t *testing.T) {
	w := newWorld(t, avoiding)
	whole := newAsking().habits()
	all := wholeOf(t, w.asks(t, t.TempDir(), enrich.Options{}, whole), 3)
	if all.Accepted+all.NotApplicable != 3*people {
		t.Fatalf("got %+v", all)
	}
	shown := 0
	for user := range whole.requests {
		if strings.Contains(user, "story without Every morning she …; morning she walks down to the old harbour") {
			shown++
		}
	}
	if shown != people-20 {
		t.Errorf("%d prompts show what to avoid", shown)
	}

	dir, parts, runs := t.TempDir(), newAsking().habits(), 0
	write := parts.write
	for done := false; !done; runs++ {
		left := 37
		ctx, stop := context.WithCancel(context.Background())
		parts.write = func(n int, req endpoint.Request) (string, error) {
			if left--; left == 0 {
				stop()
			}
			return write(n, req)
		}
		// One at a time: the calls are in order, as the count is.
		var err error
		w.with(t, dir, enrich.Options{}, func(e *enrich.Enricher) { _, err = e.Run(ctx, narrow{parts}, w.source, 0, people, nil) })
		if done = err == nil; !done && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		stop()
	}
	if runs < 5 {
		t.Fatalf("only %d runs", runs)
	}
	if d := cmp.Diff(slices.Sorted(maps.Keys(whole.requests)), slices.Sorted(maps.Keys(parts.requests))); d != "" {
		t.Error(d)
	}
	for user, requests := range parts.requests {
		if len(requests) != 1 {
			t.Errorf("asked %d times: %s", len(requests), user)
		}
	}
}

// narrow is a model that answers one request at a time.
type narrow struct{ *asking }

func (narrow) Width() int { return 1 }

// What a window avoids stays, even if texts before it are written again; another journal has
// what a release needs.
func TestWindowsAreKept(t *testing.T) {
	w, dir, a := newWorld(t, avoiding), t.TempDir(), newAsking().habits()
	w.asks(t, dir, enrich.Options{}, a)
	longer := newWorld(t, strings.Replace(avoiding, `about: "a life"`, `about: "a whole life"`, 1))
	b := newAsking().habits()
	longer.asks(t, dir, enrich.Options{}, b)
	for _, requests := range b.requests {
		if got := names(requests[0]); slices.Contains(got, "tools") {
			t.Fatalf("a field that did not change is asked for: %v", got)
		}
	}

	e, copied := w.enricher(t, dir, enrich.Options{}), t.TempDir()
	to, err := journal.Open(copied, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Export(context.Background(), w.source(), 0, people, to); err != nil {
		t.Fatal(err)
	}
	to.Close()
	again := newAsking().habits()
	if all := wholeOf(t, w.asks(t, copied, enrich.Options{}, again), 3); all.Accepted != 0 || again.calls != 0 {
		t.Errorf("the copy lacks %d texts", all.Accepted)
	}
	if got := sources(t, w, w.enricher(t, copied, enrich.Options{})); got["m"] != people {
		t.Errorf("read %v", got)
	}
	// An estimate of what nobody has written yet counts the phrases.
	fresh := w.enricher(t, t.TempDir(), enrich.Options{})
	pending, err := fresh.Pending(context.Background(), w.source(), 0, people, 3)
	if err != nil || pending[0].Persons != people {
		t.Fatal(pending, err)
	}
	plain := newWorld(t, avoiding[:strings.Index(avoiding, "variation")])
	bare, err := plain.enricher(t, t.TempDir(), enrich.Options{}).Pending(context.Background(), plain.source(), 0, people, 3)
	if more := pending[0].Estimate.Prompt - bare[0].Estimate.Prompt; err != nil || more < 100*30 || more > 100*80 {
		t.Errorf("the phrases are estimated at %d tokens, %v", more, err)
	}
}

// In batches, each window is asked when the one before it is there.
func TestWindowsInBatches(t *testing.T) {
	w, a := newWorld(t, avoiding), newAsking().habits()
	w.asks(t, t.TempDir(), enrich.Options{}, a)
	o := newOffice(t, avoiding)
	o.server.Writes = func(asked fake.Asked) string {
		return habitual(endpoint.Request{User: asked.User})
	}
	all := o.finish(t)
	if all.Accepted+all.NotApplicable != 3*people {
		t.Fatalf("got %+v; notes:\n%s", all, strings.Join(o.notes, "\n"))
	}
	if n := o.server.Batches.Created(); n != 2*4 || o.questions() != 2*people {
		t.Errorf("got %d batches with %d requests", n, o.questions())
	}
	for user := range a.requests {
		if o.server.Served(user) != 1 {
			t.Errorf("not asked once: %s", user)
		}
	}
}
