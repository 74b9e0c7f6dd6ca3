package enrich_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/journal"
)

// identified is letters with prompts that differ by person, so that the server
// counts the answers of each.
var identified = strings.NewReplacer("max: 80", "max: 400", `prompt: "{{ .years }}`, `prompt: "{{ .id }} {{ .years }}`, `"{{ .story }}`, `"{{ .id }} {{ .story }}`).Replace(letters)

// office runs in batches against a server.
type office struct {
	*world
	server *fake.Server
	config endpoint.BatchConfig
	budget *endpoint.Budget
	dir    string
	model  string
	notes  []string
	stop   func(note string)
}

func newOffice(t testing.TB, spec string) *office {
	return &office{world: newWorld(t, spec), server: &fake.Server{}, dir: t.TempDir(),
		config: endpoint.BatchConfig{Requests: 1000, Poll: time.Millisecond, MaxPoll: 2 * time.Millisecond}}
}

func (o *office) client(t testing.TB) *endpoint.Client {
	t.Helper()
	c, err := endpoint.New(endpoint.Config{BaseURL: "http://fake/v1", Model: "m", Mode: endpoint.Strict, Transport: o.server.Transport(),
		Backoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond, Retries: 6, Timeout: 5 * time.Second,
		Price: &endpoint.Price{Input: 1, Output: 1, Batch: 0.5}, Batch: o.config}, o.budget)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (o *office) run(t testing.TB, ctx context.Context, options enrich.Options) (enrich.Counts, enrich.AtProvider, error) {
	t.Helper()
	j, err := journal.Open(o.dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	options.Model = o.model
	e, err := enrich.New(o.plan, j, options)
	if err != nil {
		t.Fatal(err)
	}
	return e.RunBatches(ctx, o.client(t), enrich.BatchOptions{Dir: filepath.Join(o.dir, "batches"), Note: func(text string) {
		if o.notes = append(o.notes, text); o.stop != nil {
			o.stop(text)
		}
	}}, o.source, 0, people)
}

// finish runs to the end and checks that the counts include every field.
func (o *office) finish(t testing.TB) enrich.FieldCounts {
	t.Helper()
	c, left, err := o.run(t, context.Background(), enrich.Options{})
	if err != nil || left.Batches > 0 {
		t.Fatalf("got %v, left %+v; notes:\n%s", err, left, strings.Join(o.notes, "\n"))
	}
	return wholeOf(t, c, 3)
}

// questions returns the number of requests that were sent.
func (o *office) questions() (n int) {
	for _, input := range o.server.Batches.Inputs() {
		n += bytes.Count(input, []byte("\n"))
	}
	return n
}

func TestBatchesWriteWhatRunWrites(t *testing.T) {
	o := newOffice(t, identified)
	o.config.Requests = 50
	all := o.finish(t)
	if all.Accepted+all.NotApplicable != 3*people || all.Repaired != 0 || all.Cached != 0 {
		t.Errorf("got %+v", all)
	}
	// Two rounds of 120 requests in files of 50.
	if n := o.server.Batches.Created(); n != 6 || o.questions() != 2*people {
		t.Errorf("got %d batches, %d requests", n, o.questions())
	}
	files, err := filepath.Glob(filepath.Join(o.dir, "batches", "*.jsonl"))
	if err != nil || len(files) > 0 {
		t.Errorf("files were left: %v", files)
	}
	// An interactive run on the same journal has nothing to ask.
	if c := o.world.run(t, o.enricher(t, o.dir, enrich.Options{Model: "m"}), &writer{}); c.Calls != 0 || c.Total().Cached != all.Accepted {
		t.Errorf("got %+v", c)
	}
}

func TestBatchesBuyNothingTwice(t *testing.T) {
	o := newOffice(t, identified)
	first := o.finish(t)
	again := o.finish(t)
	if again.Cached != first.Accepted || again.Accepted != 0 || o.server.Batches.Created() != 2 {
		t.Errorf("got %+v after %+v, %d batches", again, first, o.server.Batches.Created())
	}
}

func TestBatchesSplitByBytes(t *testing.T) {
	o := newOffice(t, identified)
	o.config.Bytes = 20_000
	o.finish(t)
	for _, input := range o.server.Batches.Inputs() {
		if len(input) > 20_000 {
			t.Errorf("a file of %d bytes", len(input))
		}
	}
	o = newOffice(t, identified)
	o.config.Bytes = 100
	if _, _, err := o.run(t, context.Background(), enrich.Options{}); err == nil || !strings.Contains(err.Error(), "larger than a file may be") {
		t.Errorf("got error %v", err)
	}
}

// Only what was refused is asked for again, in another batch, with the reason.
func TestBatchesRepair(t *testing.T) {
	o := newOffice(t, identified)
	o.server.Faults = fake.Random(5, 0.3, fake.MissingKeys)
	all := o.finish(t)
	if all.Quarantined > 20 || all.Repaired == 0 {
		t.Errorf("got %+v", all)
	}
	corrected := 0
	for _, input := range o.server.Batches.Inputs()[1:] {
		corrected += bytes.Count(input, []byte("Correct this"))
	}
	if corrected < int(all.Repaired) || o.questions() > 2*people+corrected {
		t.Errorf("got %d requests, %d of them with a reason; %+v", o.questions(), corrected, all)
	}
}

func TestBatchesQuarantineAndRefill(t *testing.T) {
	o := newOffice(t, identified)
	o.server.Faults = fake.Always(fake.RefusalInText)
	all := o.finish(t)
	// Every call is asked three times; the second does not need the first.
	if all.Quarantined+all.NotApplicable != 3*people || o.questions() != 6*people {
		t.Errorf("got %+v, %d requests", all, o.questions())
	}
	if all = o.finish(t); o.questions() != 6*people || all.Quarantined == 0 {
		t.Errorf("a second run asked again: %d requests", o.questions())
	}
	c, _, err := o.run(t, context.Background(), enrich.Options{Refill: true})
	if all := wholeOf(t, c, 3); err != nil || all.Quarantined+all.NotApplicable != 3*people || o.questions() != 12*people {
		t.Errorf("a vain refill: %v, %+v, %d requests", err, all, o.questions())
	}
	o.server.Faults = nil
	c, _, err = o.run(t, context.Background(), enrich.Options{Refill: true})
	if all := wholeOf(t, c, 3); err != nil || all.Quarantined != 0 {
		t.Errorf("got %v, %+v", err, all)
	}
}

// Whatever happens to a batch, its answers are kept, and only requests without an
// answer are sent again.
func TestBatchFaults(t *testing.T) {
	for _, fault := range fake.BatchFaults {
		t.Run(string(fault), func(t *testing.T) {
			o := newOffice(t, identified)
			o.config.Requests = 40
			n := 0
			o.server.Batches.Faults = func(int) fake.BatchFault {
				if n++; n == 1 || n == 5 || n == 6 {
					return fault
				}
				return fake.Fine
			}
			if fault == fake.Invalid {
				_, _, err := o.run(t, context.Background(), enrich.Options{})
				if err == nil || !strings.Contains(err.Error(), "not supported by the Batch API") {
					t.Fatalf("got error %v", err)
				}
				n = 10
			}
			all := o.finish(t)
			if all.Accepted+all.Cached+all.NotApplicable != 3*people {
				t.Errorf("got %+v", all)
			}
			if n := o.server.Billed().Answers; n != 2*people && fault != fake.LinesMissing {
				t.Errorf("%d answers were paid for, want %d", n, 2*people)
			}
		})
	}
}

// A request that gets no answer is given up for this run; the next run sends it
// again.
func TestBatchesGiveUp(t *testing.T) {
	for fault, requests := range map[fake.Fault]int{fake.ServerError: 3 * people, fake.BadRequest: people} {
		o := newOffice(t, identified)
		o.server.Faults = fake.Always(fault)
		c, left, err := o.run(t, context.Background(), enrich.Options{})
		if all := wholeOf(t, c, 3); err != nil || left.Batches > 0 || all.Unanswered+all.NotApplicable != 3*people || c.Failure == "" || o.questions() != requests {
			t.Errorf("%s: got %v, %+v, %q, %d requests", fault, err, all, c.Failure, o.questions())
		}
		o.server.Faults = nil
		if all := o.finish(t); all.Unanswered != 0 {
			t.Errorf("%s: got %+v", fault, all)
		}
	}
	o := newOffice(t, identified)
	o.server.Faults = fake.Sequence(fake.None, fake.Quota)
	if _, _, err := o.run(t, context.Background(), enrich.Options{}); endpoint.KindOf(err) != endpoint.QuotaExhausted {
		t.Errorf("got error %v, want that of an empty account", err)
	}
}

// If the provider's queue takes few requests, fewer batches are open at once, and
// a file that exceeds the queue alone is split.
func TestBatchesKeepToTheQueue(t *testing.T) {
	o := newOffice(t, identified)
	o.config.Requests, o.server.Batches.Queue = 40, 90
	o.finish(t)
	o = newOffice(t, identified)
	o.server.Batches.Queue = 50
	if o.finish(t); !strings.Contains(strings.Join(o.notes, "\n"), "continuing with files of 60 requests") {
		t.Errorf("notes:\n%s", strings.Join(o.notes, "\n"))
	}
}

// The worst case of a batch is reserved, so that the budget is never exceeded.
// Requests that do not fit wait until batches are collected.
func TestBatchesKeepToTheBudget(t *testing.T) {
	whole := newOffice(t, identified)
	whole.budget = endpoint.NewBudget(endpoint.Cost{})
	whole.finish(t)
	spent, unknown := whole.budget.Spent()
	billed := whole.server.Billed()
	if want := (endpoint.Price{Input: 0.5, Output: 0.5}).Cost(endpoint.Usage{Prompt: billed.Prompt, Completion: billed.Completion}); spent.Tokens != want.Tokens || unknown.Tokens != 0 ||
		spent.Money < want.Money || spent.Money > want.Money+2*people {
		t.Fatalf("spent %+v (%+v unknown), billed %+v", spent, unknown, want)
	}

	o := newOffice(t, identified)
	limit := endpoint.Cost{Money: spent.Money * 5 / 4}
	o.budget = endpoint.NewBudget(limit)
	c, _, err := o.run(t, context.Background(), enrich.Options{})
	used, _ := o.budget.Spent()
	if used.Money > limit.Money || used.Money == 0 {
		t.Errorf("spent %v of %v", used.Money, limit.Money)
	}
	if o.server.Batches.Created() < 4 {
		t.Errorf("got %d batches", o.server.Batches.Created())
	}
	if err != nil && endpoint.KindOf(err) != endpoint.OverBudget {
		t.Fatal(err)
	}
	t.Logf("%d batches, spent %v of %v, %+v, error %v", o.server.Batches.Created(), used.Money, limit.Money, c.Total(), err)
	o.budget = nil
	if all := o.finish(t); all.Unanswered > 0 || o.server.Billed().Answers != 2*people {
		t.Errorf("got %+v, %d answers", all, o.server.Billed().Answers)
	}

	o = newOffice(t, identified)
	o.budget = endpoint.NewBudget(endpoint.Cost{Tokens: 100})
	if _, _, err := o.run(t, context.Background(), enrich.Options{}); endpoint.KindOf(err) != endpoint.OverBudget || o.server.Batches.Created() != 0 {
		t.Errorf("got error %v, %d batches", err, o.server.Batches.Created())
	}
}

// An interrupted run leaves its batches at the provider. The next run collects
// them, even if the spec changed meanwhile.
func TestBatchesGoOnAtTheProvider(t *testing.T) {
	interrupted := func() *office {
		o := newOffice(t, identified)
		o.server.Batches.Delay = 300 * time.Millisecond
		ctx, cancel := context.WithCancel(context.Background())
		o.stop = func(note string) {
			if strings.Contains(note, "requests sent") {
				cancel()
			}
		}
		_, left, err := o.run(t, ctx, enrich.Options{})
		if !errors.Is(err, context.Canceled) || left.Batches != 1 || left.Requests != people || left.Worst.Money == 0 {
			t.Fatalf("got error %v, left %+v", err, left)
		}
		if n, err := enrich.Waiting(filepath.Join(o.dir, "batches")); n != 1 || err != nil {
			t.Fatalf("got %d waiting batches, %v", n, err)
		}
		o.stop = nil
		return o
	}
	o := interrupted()
	if all := o.finish(t); all.Unanswered != 0 || o.server.Billed().Answers != 2*people {
		t.Errorf("got %+v, %d answers", all, o.server.Billed().Answers)
	}
	if n, err := enrich.Waiting(filepath.Join(o.dir, "batches")); n != 0 || err != nil {
		t.Fatalf("got %d waiting batches, %v", n, err)
	}

	o = interrupted()
	o.model = "another"
	if _, _, err := o.run(t, context.Background(), enrich.Options{}); !errors.Is(err, enrich.ErrOtherBatches) || !strings.Contains(err.Error(), "for model m at http://fake/v1") {
		t.Errorf("another model: error %v", err)
	}

	// A new field is bought in the next round; the others are not bought again.
	o = interrupted()
	o.world = newWorld(t, strings.Replace(identified, "\torigin:", "\tsong: {kind: \"text\", call: \"early\", chars: {min: 5, max: 400}}\n\torigin:", 1))
	c, _, err := o.run(t, context.Background(), enrich.Options{})
	if all := wholeOf(t, c, 4); err != nil || all.Unanswered != 0 || o.server.Billed().Answers != 3*people {
		t.Errorf("a field more: %v, %+v, %d answers", err, all, o.server.Billed().Answers)
	}

	// Answers that the spec no longer asks for are kept in a file.
	o = interrupted()
	o.world = newWorld(t, strings.Replace(identified, "a life", "another life", 1))
	o.finish(t)
	if kept, err := os.ReadFile(filepath.Join(o.dir, "batches", "000001.stale.jsonl")); err != nil || bytes.Count(kept, []byte("\n")) != people {
		t.Errorf("got %v, %d bytes kept", err, len(kept))
	}
}

// A batch that the endpoint does not know ends the run with advice.
func TestBatchesOfAnotherAccount(t *testing.T) {
	o := newOffice(t, identified)
	o.server.Batches.Delay = time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	o.stop = func(string) { cancel() }
	o.run(t, ctx, enrich.Options{})
	o.server, o.stop = &fake.Server{}, nil
	_, _, err := o.run(t, context.Background(), enrich.Options{})
	if err == nil || !strings.Contains(err.Error(), "use the account that sent it, or discard its answers by removing the folder "+filepath.Join(o.dir, "batches")) {
		t.Errorf("got error %v", err)
	}
}

func ExampleWaiting() {
	n, err := enrich.Waiting("no/such/folder")
	fmt.Println(n, err)
	// Output: 0 <nil>
}
