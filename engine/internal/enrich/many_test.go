package enrich_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/personagen/personagen/engine/endpoint/fake"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/spec/load"
)

// many is more persons than are read at once.
const many = 300

// crowd is a world of many persons.
func crowd(t *testing.T, text string) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crowd.cue")
	if err := os.WriteFile(path, []byte(strings.Replace(text, "size: 120", "size: 300", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	s, faults := load.Load(t.Context(), path, load.Options{})
	if faults != nil && faults.Failed() {
		t.Fatal(faults.Err())
	}
	b, faults := compile.Compile(t.Context(), s, compile.Options{})
	if b == nil {
		t.Fatal(faults.Err())
	}
	a, err := sample.Allocate(t.Context(), b.Model, many, 1)
	if err != nil {
		t.Fatal(err)
	}
	q, err := sample.NewQuota(b.Model, a)
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.New(b.Plan, q, 1, many)
	if err != nil {
		t.Fatal(err)
	}
	return &world{b.Plan, g}
}

// witness is a Watch that counts what it receives.
type witness struct {
	mu       sync.Mutex
	made     []int64
	ended    map[int64]int
	accepted int64
}

func (w *witness) Made(b *frame.Batch) error {
	for r := range b.N {
		w.made = append(w.made, b.First+int64(r))
	}
	return nil
}

func (w *witness) Ended(b *frame.Batch, row int, fates []enrich.Fate) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended == nil {
		w.ended = map[int64]int{}
	}
	w.ended[b.First+int64(row)]++
	for _, f := range fates {
		if f == enrich.Good {
			w.accepted++
		}
	}
	return nil
}

func (w *witness) check(t *testing.T, how string, c enrich.Counts) {
	t.Helper()
	for i, person := range w.made {
		if person != int64(i) {
			t.Fatalf("%s: got person %d as number %d that was made", how, person, i)
		}
	}
	if len(w.made) != many || len(w.ended) != many {
		t.Errorf("%s: got %d persons made and %d ended, want %d", how, len(w.made), len(w.ended), many)
	}
	for person, n := range w.ended {
		if n != 1 {
			t.Errorf("%s: person %d ended %d times, want once", how, person, n)
		}
	}
	all := c.Total()
	if c.Calls != 2*many {
		t.Errorf("%s: got %d calls, want %d", how, c.Calls, 2*many)
	}
	if c.Persons != many || all.Accepted+all.NotApplicable != 3*many || all.NotApplicable == 0 || w.accepted != all.Accepted+all.Cached {
		t.Errorf("%s: got %d persons, %+v and %d good texts, want every text of %d persons", how, c.Persons, all, w.accepted, many)
	}
}

// Persons of several blocks get their texts, and a Watch learns of each of them once,
// with a run in batches as without. The answers of a batch are in any order.
func TestManyPersons(t *testing.T) {
	w := crowd(t, identified)
	plain := &witness{}
	e := w.enricher(t, t.TempDir(), enrich.Options{Watch: plain})
	c, err := e.Run(t.Context(), &writer{}, w.source, 0, many, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain.check(t, "run", c)

	o := newOffice(t, identified)
	o.server.Batches.Faults = func(int) fake.BatchFault { return fake.Shuffled }
	inBatches, dir := &witness{}, t.TempDir()
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	e, err = enrich.New(w.plan, j, enrich.Options{Watch: inBatches})
	if err != nil {
		t.Fatal(err)
	}
	c, left, err := e.RunBatches(context.Background(), o.client(t), enrich.BatchOptions{Dir: filepath.Join(dir, "batches"), Note: func(string) {}}, w.source, 0, many)
	if err != nil || left.Batches != 0 {
		t.Fatalf("got %v, left %+v", err, left)
	}
	inBatches.check(t, "in batches", c)
	if n := o.server.Batches.Created(); n != 2 || o.questions() != 2*many {
		t.Errorf("got %d batches of %d requests, want 2 of %d", n, o.questions(), 2*many)
	}
}
