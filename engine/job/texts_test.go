package job

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// lighthouse is a spec of whose persons few have a text.
const lighthouse = `name: "lighthouse", population: {size: 33000, seed: 4}
fields: {
	id: kind: "id"
	hue: {kind: "category", values: ["red", "blue"]}
	step: {kind: "integer", min: 1, max: 300}
	tale: {kind: "text", call: "tell", when: step: 7, chars: {min: 5, max: 400}}
}
calls: tell: {prompt: "{{ .id }} {{ .hue }} {{ .step }}", system: "Write.", model: "keeper", max_tokens: 60}
endpoints: tower: {base_url: "http://tower.test/v1", mode: "json_schema", retries: 0}
prices: {date: "2031-05", currency: "EUR", models: keeper: {input: 0.1, output: 2}}
`

func lighthouseConfig(t *testing.T, s *fake.Server) run.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lighthouse.cue")
	if err := os.WriteFile(path, []byte(lighthouse), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := run.Config{Spec: path, Formats: []string{"parquet", "jsonl"}, Version: "test", Workers: 2, Provider: "tower"}
	cfg.Writer.Endpoint = endpoint.Config{Workers: 4, MaxInFlight: 4, Transport: s.Transport()}
	return cfg
}

// keeper writes the same text for the same prompt.
func keeper() *fake.Server {
	return &fake.Server{Number: func(user string) int {
		h := fnv.New32a()
		h.Write([]byte(user))
		return int(h.Sum32() >> 1)
	}}
}

func textOptions(s *fake.Server) Options {
	o := testOptions
	o.Writer.Endpoint.Transport = s.Transport()
	return o
}

// accepted is the number of answers that a job has.
func accepted(t *testing.T, s store.Store, part int) int {
	t.Helper()
	dir := t.TempDir()
	if err := (&session{store: s}).fetchJournal(context.Background(), part, dir); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if r := j.Report(); !r.Whole() || r.Cut > 0 {
		t.Errorf("part %d: %v", part, r)
	}
	return j.Len()
}

func makeParts(t *testing.T, s store.Store, o Options, of Range) {
	t.Helper()
	if _, err := Part(context.Background(), s, of, o); err != nil {
		t.Fatal(err)
	}
}

// TestTextsEqualRun: with a model that writes the same to the same request, a job has the
// data of a run, wherever its attempts were killed, and no accepted answer is bought twice.
func TestTextsEqualRun(t *testing.T) {
	ctx := context.Background()
	model := keeper()
	cfg := lighthouseConfig(t, model)
	whole := cfg
	whole.Out, whole.RowsPerFile = filepath.Join(t.TempDir(), "out"), chunk
	if _, err := run.Run(ctx, whole); err != nil {
		t.Fatal(err)
	}
	all := model.Calls()
	want := map[string]string{}
	for _, name := range []string{"data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "jsonl/train-00000-of-00002.jsonl", release.StatsFile} {
		data, err := os.ReadFile(filepath.Join(whole.Out, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		want[name] = string(data)
	}

	sealed := store.Memory()
	if _, err := New(ctx, sealed, cfg, chunk); err != nil {
		t.Fatal(err)
	}
	start := contents(t, sealed)
	var bought map[string]string
	for name, empty := range stores(t) {
		for _, ends := range []int{12, 9, 27} {
			s := filled(t, empty(), start)
			model := keeper()
			o := textOptions(model)
			_, err := Part(ctx, &faulty{Store: s, left: ends, after: ends%2 == 0}, Range{0, 0}, o)
			if !errors.Is(err, errEnded) {
				t.Fatalf("%s, ended at operation %d: %v", name, ends, err)
			}
			kept, paid := accepted(t, s, 0), model.Calls()
			if lost := paid - kept; lost > 4 {
				t.Errorf("%s, ended at operation %d: %d answers are lost", name, ends, lost)
			}
			makeParts(t, s, o, Range{0, 1})
			if again := model.Calls() - paid; again != all-kept {
				t.Errorf("%s, ended at operation %d: %d calls with %d of %d answers kept", name, ends, again, kept, all)
			}
			if _, err := Reduce(ctx, s, Range{0, 0}, o); err != nil {
				t.Fatal(err)
			}
			if sum, err := Commit(ctx, s, false, o); err != nil || sum.Manifest.Texts == nil || sum.Manifest.Texts.Fields[0].Written != int64(all) {
				t.Fatalf("got %+v, %v", sum, err)
			}
			got := contents(t, s)
			for file, text := range want {
				if got[file] != text {
					t.Errorf("%s, ended at operation %d: %s differs", name, ends, file)
				}
			}
			if name != "memory" {
				break
			}
			if ends == 27 {
				bought = got
			}
		}
	}

	// With all answers, attempts that end later ask for nothing and leave nothing behind.
	answered := maps.Clone(start)
	for name, text := range bought {
		if strings.HasPrefix(name, journals) {
			answered[name] = text
		}
	}
	for at, ended := 6, true; ended; at += 4 {
		s := filled(t, store.Memory(), answered)
		model := keeper()
		o := textOptions(model)
		_, err := Part(ctx, &faulty{Store: s, left: at, after: at%8 == 2}, Range{1, 1}, o)
		if ended = err != nil; ended && !errors.Is(err, errEnded) {
			t.Fatalf("ended at operation %d: %v", at, err)
		}
		makeParts(t, s, o, Range{1, 1})
		got := contents(t, s)
		if name := "data/train-00001-of-00002.parquet"; got[name] != want[name] || got[receiptName(1)] == "" || model.Calls() > 0 {
			t.Errorf("ended at operation %d: %s differs, or %d calls", at, name, model.Calls())
		}
	}
}

// TestTextsRace: of several attempts at a part one counts, though each has other texts.
func TestTextsRace(t *testing.T) {
	ctx := context.Background()
	model := &fake.Server{} // other texts for each call
	cfg := lighthouseConfig(t, model)
	s := store.Memory()
	if _, err := New(ctx, s, cfg, chunk); err != nil {
		t.Fatal(err)
	}
	o := textOptions(model)
	var racing sync.WaitGroup
	for range 3 {
		racing.Go(func() {
			if _, err := Part(ctx, s, Range{0, 1}, o); err != nil {
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if _, err := Reduce(ctx, s, Range{0, 0}, o); err != nil {
		t.Fatal(err)
	}
	sum, err := Commit(ctx, s, false, o)
	if err != nil {
		t.Fatal(err)
	}
	all := contents(t, s)
	files := 0
	for _, f := range sum.Manifest.Files {
		if strings.Contains(f.Name, "/") {
			files++
		}
		if seal(f.Name, []byte(all[f.Name])).SHA256 != f.SHA256 {
			t.Errorf("%s is not the file of the manifest", f.Name)
		}
	}
	for name := range all {
		if strings.HasPrefix(name, "data/") || strings.HasPrefix(name, "jsonl/") {
			files--
		}
	}
	if files != 0 {
		t.Errorf("%d files more in the manifest than in the job", files)
	}
	// A file that is lost is that of the choice again.
	lost := sum.Manifest.Files[0].Name
	if err := s.Remove(ctx, lost); err != nil {
		t.Fatal(err)
	}
	makeParts(t, s, o, Range{0, 1})
	if contents(t, s)[lost] != all[lost] {
		t.Errorf("%s differs", lost)
	}
	if _, err := Sweep(ctx, s, false, o); err != nil {
		t.Fatal(err)
	}
	journalled := false
	for name := range contents(t, s) {
		if strings.HasPrefix(name, attempts) {
			t.Errorf("%s is left", name)
		}
		journalled = journalled || strings.HasPrefix(name, journals)
	}
	if !journalled {
		t.Error("the paid answers were swept away")
	}
}

// TestBudget: however parts are killed and race, what they spend is within the budget; what
// one does not spend another has, and a spent budget is to be raised or waited for.
func TestBudget(t *testing.T) {
	ctx := context.Background()
	const budget = 0.003 // EUR
	free := keeper()
	cfg := lighthouseConfig(t, free)
	cfg.Writer.Budget, cfg.Writer.AtOnce = budget, 2
	s := store.Memory()
	if _, err := New(ctx, s, cfg, chunk); err != nil {
		t.Fatal(err)
	}
	model := keeper()
	model.TextLength = 80 // what a call costs is near to the most it may cost
	o := textOptions(model)
	if _, err := Part(ctx, &faulty{Store: s, left: 15}, Range{0, 0}, o); !errors.Is(err, errEnded) {
		t.Fatalf("got %v", err)
	}
	var racing sync.WaitGroup
	for i := range 2 {
		racing.Go(func() {
			_, err := Part(ctx, s, Range{i, i}, o)
			if err != nil && !errors.Is(err, run.ErrResumable) {
				t.Errorf("part %d: %v", i, err)
			}
		})
	}
	racing.Wait()
	_, err := Part(ctx, s, Range{0, 1}, o)
	if !errors.Is(err, run.ErrResumable) || !strings.Contains(err.Error(), journals) {
		t.Errorf("with a budget that is spent: got %v", err)
	}
	if model.Peak() > 4 {
		t.Errorf("%d calls at once, want at most 4", model.Peak())
	}
	b := model.Billed()
	// The killed attempt loses what was reserved for its two calls in flight and the rest of a slice.
	if spent := (0.1*float64(b.Prompt) + 2*float64(b.Completion)) / 1e6; spent > budget || spent < budget/2 {
		t.Errorf("%g of %g EUR are spent", spent, budget)
	}
	var total endpoint.Money
	entries := 0
	for name, text := range contents(t, s) {
		if !strings.HasPrefix(name, grants) {
			continue
		}
		var g grant
		if err := json.Unmarshal([]byte(text), &g); err != nil || g.Total < 0 || g.Total > endpoint.NewMoney(budget) {
			t.Errorf("%s: %s, %v", name, text, err)
		}
		total += g.Amount
		entries++
	}
	if entries < 4 || total > endpoint.NewMoney(budget) {
		t.Errorf("%d entries with a total of %v", entries, total)
	}
}

// TestSealedTexts: a job says nothing about keys, and its address has none without the
// word of who takes part.
func TestSealedTexts(t *testing.T) {
	ctx := context.Background()
	t.Setenv("LAMP_KEY", "sk-lamp")
	model := keeper()
	cfg := lighthouseConfig(t, model)
	cfg.Writer.Endpoint.KeyVar, cfg.Writer.Endpoint.BaseURL = "LAMP_KEY", "https://stranger.test/v1"
	cfg.Writer.Trust = []string{"stranger.test"}
	s := store.Memory()
	if _, err := New(ctx, s, cfg, chunk); err != nil {
		t.Fatal(err)
	}
	for name, text := range contents(t, s) {
		if strings.Contains(text, "LAMP_KEY") || strings.Contains(text, "sk-lamp") {
			t.Errorf("%s speaks of the key", name)
		}
	}
	o := textOptions(model)
	o.Writer.Endpoint.KeyVar = "LAMP_KEY"
	if _, err := Part(ctx, s, Range{1, 1}, o); !errors.Is(err, run.ErrUsage) || !strings.Contains(err.Error(), "the job sends requests to stranger.test; add --trust stranger.test") {
		t.Errorf("got %v", err)
	}
	if model.Calls() > 0 {
		t.Error("something was sent")
	}
	o.Writer.Trust = []string{"stranger.test"}
	makeParts(t, s, o, Range{1, 1})

	cfg.Writer.AtOnce = 5
	if _, err := New(ctx, store.Memory(), cfg, chunk); !errors.Is(err, run.ErrUsage) || !strings.Contains(err.Error(), "4 calls in flight cannot be divided among 5") {
		t.Errorf("got %v", err)
	}
}

// TestForecast: what the texts will cost is estimated from some persons, and is accepted before
// anything is put.
func TestForecast(t *testing.T) {
	ctx := context.Background()
	model := keeper()
	cfg := lighthouseConfig(t, model)
	above := 0.0
	cfg.Writer.AskAbove = &above
	var asked *run.TextForecast
	declined := errors.New("declined")
	cfg.Writer.Confirm = func(f *run.TextForecast) error {
		asked = f
		return declined
	}
	s := store.Memory()
	if _, err := New(ctx, s, cfg, chunk); err != declined || len(contents(t, s)) > 0 {
		t.Fatalf("declined: got %v, and %d objects", err, len(contents(t, s)))
	}
	if asked.From != 0 || !asked.Priced || asked.Cost <= 0 {
		t.Errorf("got %+v", asked)
	}
	few := *asked
	cfg.Writer.Confirm = nil
	cfg.Size = 10 * estimated
	j, err := New(ctx, s, cfg, 32*chunk)
	if err != nil {
		t.Fatal(err)
	}
	f := j.Forecast()
	if f.From != estimated {
		t.Errorf("estimated from %d persons, want %d", f.From, estimated)
	}
	for _, x := range []struct{ got, of float64 }{
		{f.Cost, few.Cost}, {float64(f.Tokens.Prompt), float64(few.Tokens.Prompt)}, {float64(f.Calls[0].Persons), float64(few.Calls[0].Persons)},
		{float64(f.Calls[0].Fields["tale"]), float64(few.Calls[0].Fields["tale"])}, {f.Offers[0].Full, few.Offers[0].Full},
	} {
		if ratio := x.got / x.of / (10 * estimated / 33000.0); ratio < 0.9 || ratio > 1.1 {
			t.Errorf("got %g of the larger population, and %g of the smaller", x.got, x.of)
		}
	}
	if model.Calls() > 0 {
		t.Error("something was sent")
	}
}
