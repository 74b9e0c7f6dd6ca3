package job

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// batchConfig is that of a job whose texts are written in batches of 40 requests.
func batchConfig(t *testing.T, s *fake.Server) run.Config {
	cfg := lighthouseConfig(t, s)
	cfg.Writer.Mode = run.InBatches
	cfg.Writer.Endpoint.Batch = endpoint.BatchConfig{Requests: 40, Poll: time.Millisecond}
	return cfg
}

func batchOptions(s *fake.Server) Options {
	o := textOptions(s)
	o.Writer.Endpoint.Batch.MaxPoll = 10 * time.Millisecond
	return o
}

// TestBatchesEqualRun: with a model that writes the same to the same request, a job in batches
// has the data of a run, wherever its attempts were killed, and no request is paid for twice.
func TestBatchesEqualRun(t *testing.T) {
	ctx := context.Background()
	model := keeper()
	cfg := batchConfig(t, model)
	whole := lighthouseConfig(t, model)
	whole.Out, whole.RowsPerFile = filepath.Join(t.TempDir(), "out"), chunk
	if _, err := run.Run(ctx, whole); err != nil {
		t.Fatal(err)
	}
	all := model.Billed().Answers
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
	start, first := contents(t, sealed), 0
	for at, ended := 6, true; ended; at += 7 {
		s := filled(t, store.Memory(), start)
		model := keeper()
		model.Batches.Delay = time.Millisecond
		o := batchOptions(model)
		_, err := Part(ctx, &faulty{Store: s, left: at, after: at%2 == 0}, Range{0, 0}, o)
		if ended = err != nil; ended && !errors.Is(err, errEnded) && !strings.Contains(err.Error(), errEnded.Error()) {
			t.Fatalf("ended at operation %d: %v", at, err)
		}
		makeParts(t, s, o, Range{0, 0})
		if n := model.Billed().Answers; first == 0 {
			first = n
		} else if n != first {
			t.Errorf("ended at operation %d: %d answers are paid for, want %d", at, n, first)
		}
		if name := "data/train-00000-of-00002.parquet"; contents(t, s)[name] != want[name] {
			t.Errorf("ended at operation %d: %s differs", at, name)
		}
		if t.Failed() {
			return
		}
		if at > 6 {
			continue
		}
		makeParts(t, s, o, Range{1, 1})
		if n := model.Billed().Answers; n != all {
			t.Errorf("%d answers are paid for, want %d", n, all)
		}
		if _, err := Reduce(ctx, s, Range{0, 0}, o); err != nil {
			t.Fatal(err)
		}
		sum, err := Commit(ctx, s, false, o)
		if err != nil || sum.Manifest.Texts == nil || sum.Manifest.Texts.Mode != run.InBatches {
			t.Fatalf("got %+v, %v", sum, err)
		}
		got := contents(t, s)
		for file, text := range want {
			if got[file] != text {
				t.Errorf("ended at operation %d: %s differs", at, file)
			}
		}
	}
}

// TestBatchesRace: of attempts at the same part at the same time, one sends batches.
func TestBatchesRace(t *testing.T) {
	ctx := context.Background()
	model := keeper()
	model.Batches.Delay = 50 * time.Millisecond
	cfg := batchConfig(t, model)
	s := store.Memory()
	if _, err := New(ctx, s, cfg, chunk); err != nil {
		t.Fatal(err)
	}
	o := batchOptions(model)
	var racing sync.WaitGroup
	for range 3 {
		racing.Go(func() {
			if _, err := Part(ctx, s, Range{0, 0}, o); err != nil && !errors.Is(err, run.ErrResumable) {
				t.Error(err)
			}
		})
	}
	racing.Wait()
	makeParts(t, s, o, Range{0, 0})
	asked, requests := map[string]int{}, 0
	for _, input := range model.Batches.Inputs() {
		for line := range strings.Lines(string(input)) {
			var l struct {
				Body struct{ Messages []struct{ Content string } }
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			asked[l.Body.Messages[len(l.Body.Messages)-1].Content]++
			requests++
		}
	}
	// Each attempt that was stopped may have been making one batch.
	if twice := requests - len(asked); twice > 2*40 {
		t.Errorf("%d of %d requests were sent twice", twice, requests)
	}
}

// TestBatchesBudget: what killed attempts have left at the provider stays within the budget,
// and the next attempt has the money for it.
func TestBatchesBudget(t *testing.T) {
	ctx := context.Background()
	model := keeper()
	model.TextLength = 80
	cfg := batchConfig(t, model)
	const budget = 0.03 // EUR, some more than all texts can cost
	cfg.Writer.Budget = budget
	s := store.Memory()
	if _, err := New(ctx, s, cfg, chunk); err != nil {
		t.Fatal(err)
	}
	o := batchOptions(model)
	for kills := 0; ; kills++ {
		_, err := Part(ctx, &faulty{Store: s, left: 20 + 11*kills}, Range{0, 0}, o)
		if err == nil {
			if kills < 5 {
				t.Errorf("only %d attempts were killed", kills)
			}
			break
		}
		if kills > 40 {
			t.Fatalf("no end: %v", err)
		}
	}
	b := model.Billed()
	spent := (0.1*float64(b.Prompt) + 2*float64(b.Completion)) / 1e6
	var last grant
	for name, text := range contents(t, s) {
		var g grant
		if strings.HasPrefix(name, grants) && json.Unmarshal([]byte(text), &g) == nil && name == grantName(len(listed(t, s, grants))) {
			last = g
		}
	}
	if got := last.Total.Amount(); got < spent || got > budget {
		t.Errorf("the account says %g of %g EUR, and %g are spent", got, budget, spent)
	}
}

func listed(t *testing.T, s store.Store, prefix string) (names []string) {
	for o, err := range s.List(context.Background(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
	return names
}
