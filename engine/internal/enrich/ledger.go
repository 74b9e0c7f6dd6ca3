package enrich

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// ledger remembers what was sent in batches and what is owed for it. It is a
// journal of its own beside the one of answers, so that a process may be killed
// at any instant; the files of requests lie in the same folder.
type ledger struct {
	dir  string
	log  *journal.Journal
	head head
}

// head is what a ledger says of itself.
type head struct {
	Name string `json:"name"` // tells the batches of this ledger from all others
	Run  int64  `json:"run"`  // number of the run that writes
	Last int64  `json:"last"` // number of the last batch
}

// state is how far a batch is.
type state string

const (
	sending   state = "sending"   // its file may be at the provider; nothing is owed
	creating  state = "creating"  // its file is there, and the batch may be
	submitted state = "submitted" // the batch is there and has an id
	closed    state = "closed"    // its answers are in the journal, or there is no batch
)

// entry is a batch in the ledger.
type entry struct {
	Number     int64         `json:"number"`
	State      state         `json:"state"`
	BaseURL    string        `json:"base_url"`
	Model      string        `json:"model"`
	Population string        `json:"population"`
	Name       string        `json:"name"`           // at the provider
	File       string        `json:"file,omitempty"` // id of the file of requests there
	ID         string        `json:"id,omitempty"`   // of the batch there
	Requests   int64         `json:"requests"`
	Worst      endpoint.Cost `json:"worst"`
}

// attempt is what became of a field of a person that was asked for in batches
// and has no record in the journal yet.
type attempt struct {
	Run    int64  `json:"run"`              // the last that dealt with it
	Tries  int    `json:"tries"`            // answers that were refused
	Fault  string `json:"fault,omitempty"`  // of the last of them
	Errors int    `json:"errors,omitempty"` // requests of that run that had no answer
	Error  string `json:"error,omitempty"`  // the last of them
}

var (
	headKey   = journal.MakeKey(sha256.Sum256([]byte("ledger")), 0)
	batchHash = sha256.Sum256([]byte("batch"))
)

// openLedger opens the ledger in a folder, for a new run.
func openLedger(dir string) (*ledger, error) {
	log, err := journal.Open(dir, journal.Options{})
	if err != nil {
		return nil, err
	}
	l := &ledger{dir: dir, log: log}
	known, err := l.get(headKey, &l.head)
	if err == nil && !known {
		name := make([]byte, 8)
		rand.Read(name) // never fails
		l.head.Name = hex.EncodeToString(name)
	}
	l.head.Run++
	if err == nil {
		err = l.put(headKey, l.head)
	}
	if err != nil {
		log.Close()
		return nil, err
	}
	return l, nil
}

func (l *ledger) get(key journal.Key, to any) (bool, error) {
	data, ok, err := l.log.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return false, fmt.Errorf("%s holds a record that is none of a ledger of batches: %w", l.dir, err)
	}
	return true, nil
}

func (l *ledger) put(key journal.Key, value any) error {
	return l.log.Append(ledgerRecord(key, value))
}

func ledgerRecord(key journal.Key, value any) journal.Record {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts and numbers always marshal
	}
	return journal.Record{Key: key, Value: data}
}

// next numbers a new batch. The number is on disk with the batch's first entry.
func (l *ledger) next() entry {
	number := l.head.Last + 1
	return entry{Number: number, Name: fmt.Sprintf("personagen-%s-%d", l.head.Name, number)}
}

// save writes an entry.
func (l *ledger) save(e entry) error {
	records := []journal.Record{ledgerRecord(journal.MakeKey(batchHash, e.Number), e)}
	if e.Number > l.head.Last {
		l.head.Last = e.Number
		records = append(records, ledgerRecord(headKey, l.head))
	}
	return l.log.Append(records...)
}

// open lists the batches that are not closed.
func (l *ledger) open() (entries []entry, err error) {
	for n := int64(1); ; n++ {
		var e entry
		ok, err := l.get(journal.MakeKey(batchHash, n), &e)
		if err != nil {
			return nil, err
		}
		if !ok {
			return entries, nil
		}
		// The head may be older than the last entry when the process was killed.
		l.head.Last = max(l.head.Last, n)
		if e.State != closed {
			entries = append(entries, e)
		}
	}
}

// attempt returns what is known of a field; the zero value when nothing is.
func (l *ledger) attempt(key journal.Key) (a attempt, err error) {
	_, err = l.get(key, &a)
	return a, err
}

// The files of a batch.
func (l *ledger) input(number int64) string  { return l.path(number, "input.jsonl") }
func (l *ledger) index(number int64) string  { return l.path(number, "asked.jsonl") }
func (l *ledger) output(number int64) string { return l.path(number, "output.jsonl") }
func (l *ledger) errors(number int64) string { return l.path(number, "errors.jsonl") }
func (l *ledger) stale(number int64) string  { return l.path(number, "stale.jsonl") }

func (l *ledger) path(number int64, what string) string {
	return filepath.Join(l.dir, fmt.Sprintf("%06d.%s", number, what))
}

// drop removes the files of a batch.
func (l *ledger) drop(number int64) error {
	var err error
	for _, path := range []string{l.input(number), l.index(number), l.output(number), l.errors(number)} {
		if e := os.Remove(path); !os.IsNotExist(e) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// keep saves a batch's answers from being dropped.
func (l *ledger) keep(number int64) error {
	err := os.Rename(l.output(number), l.stale(number))
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// tidy removes the files of batches that are not open: a process was killed
// before it could.
func (l *ledger) tidy(open []entry) error {
	wanted := map[string]bool{}
	for _, e := range open {
		for _, path := range []string{l.input(e.Number), l.index(e.Number), l.output(e.Number), l.errors(e.Number)} {
			wanted[path] = true
		}
	}
	paths, err := filepath.Glob(filepath.Join(l.dir, "*.jsonl*"))
	for _, path := range paths {
		if !wanted[path] && !strings.HasSuffix(path, ".stale.jsonl") {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}

func (l *ledger) close() { l.log.Close() } // every record is on disk already

// Waiting counts the batches in the ledger in a folder whose answers are not in
// the journal yet; 0 when there is no ledger.
func Waiting(dir string) (int, error) {
	if files, _ := filepath.Glob(filepath.Join(dir, "*.log")); len(files) == 0 {
		return 0, nil
	}
	log, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer log.Close()
	l := &ledger{dir: dir, log: log}
	open, err := l.open()
	n := 0
	for _, e := range open {
		if e.State != sending {
			n++
		}
	}
	return n, err
}
