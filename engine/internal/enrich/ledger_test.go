package enrich

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/personagen/personagen/engine/journal"
)

// A ledger that was cut off between the entry of a batch and its head, as by a
// power failure, does not use the number of that batch again.
func TestBatchNumbersDoNotRestart(t *testing.T) {
	dir := t.TempDir()
	reopen := func() *ledger {
		t.Helper()
		l, err := openLedger(dir, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for want := int64(1); want <= 3; want++ {
		l := reopen()
		e := l.next()
		if e.Number != want {
			t.Fatalf("got batch number %d, want %d", e.Number, want)
		}
		e.State, e.ID = submitted, e.Name
		if err := l.save(e); err != nil {
			t.Fatal(err)
		}
		l.close()
		cutHead(t, dir)
		if n, err := Waiting(dir); err != nil || n != int(want) {
			t.Errorf("got %d waiting batchesing and error %v, want %d", n, err, want)
		}
	}
	l := reopen()
	defer l.close()
	entries, err := l.open()
	if err != nil || len(entries) != 3 {
		t.Fatalf("got %d open batches and error %v, want 3", len(entries), err)
	}
	for i, e := range entries {
		if e.Number != int64(i+1) || e.ID != e.Name {
			t.Errorf("got entry %+v, want that of batch %d", e, i+1)
		}
	}
}

// cutHead removes the last byte of a ledger, so that the last record that save
// wrote, the head, is not valid.
func cutHead(t *testing.T, dir string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatalf("no log in %s: %v", dir, err)
	}
	last := logs[len(logs)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-1); err != nil {
		t.Fatal(err)
	}
}
