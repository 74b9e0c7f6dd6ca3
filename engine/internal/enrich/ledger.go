package enrich

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// ledger records what was sent in batches and may be charged. It is a journal,
// separate from that of the answers, so that a process may be killed at any moment.
// The files of requests are in the same folder.
type ledger struct {
	dir  string
	log  *journal.Journal
	head head
}

// head is the state of a ledger as a whole.
type head struct {
	Name string `json:"name"` // unique; part of the names of its batches
	Run  int64  `json:"run"`  // number of the current run
	Last int64  `json:"last"` // number of the last batch
	// Other is the most that requests cost which were not sent in batches.
	Other endpoint.Cost `json:"other,omitzero"`
}

// state is the progress of a batch.
type state string

const (
	sending   state = "sending"   // the file may be at the provider, which costs nothing
	creating  state = "creating"  // the file is at the provider, the batch may be
	submitted state = "submitted" // the batch is at the provider and has an id
	closed    state = "closed"    // the answers are in the journal, or there is no batch
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
	Cost       endpoint.Cost `json:"cost,omitzero"` // when it is closed
}

// attempt records what was tried for a field of a person that was asked for in
// batches and has no record in the journal yet.
type attempt struct {
	Run    int64  `json:"run"`              // the last run that asked
	Tries  int    `json:"tries"`            // answers that were refused
	Fault  string `json:"fault,omitempty"`  // of the last such answer
	Errors int    `json:"errors,omitempty"` // requests of that run without an answer
	Error  string `json:"error,omitempty"`  // of the last such request
}

var (
	headKey   = journal.MakeKey(sha256.Sum256([]byte("ledger")), 0)
	batchHash = sha256.Sum256([]byte("batch"))
)

// openLedger opens the ledger in a folder, for a new run.
func openLedger(dir string, o journal.Options) (*ledger, error) {
	log, err := journal.Open(dir, o)
	if err != nil {
		return nil, err
	}
	l := &ledger{dir: dir, log: log}
	known, err := l.readHead()
	if err == nil && !known {
		name := make([]byte, 8)
		rand.Read(name) // never fails
		l.head.Name = hex.EncodeToString(name)
	}
	if err == nil {
		err = l.recoverLast()
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

// readHead reads the head, if there is one. Every batch that it counts has an entry,
// so a larger number is not of a ledger.
func (l *ledger) readHead() (known bool, err error) {
	known, err = l.get(headKey, &l.head)
	if h := l.head; err == nil && (h.Last < 0 || h.Last > int64(l.log.Len()) || h.Run < 0 || h.Run == math.MaxInt64) {
		err = l.foreign(fmt.Errorf("run %d, batch %d of %d records", h.Run, h.Last, l.log.Len()))
	}
	return known, err
}

// foreign is the error of a record that save and put did not write.
func (l *ledger) foreign(cause error) error {
	return fmt.Errorf("%s has a record that is not of a ledger of batches: %w", l.dir, cause)
}

// recoverLast finds the number of the last batch. The head may be older than the
// entry of the last batch if the process was killed while save wrote both.
func (l *ledger) recoverLast() error {
	for n := l.head.Last + 1; ; n++ {
		_, known, err := l.entry(n)
		if err != nil || !known {
			return err
		}
		l.head.Last = n
	}
}

func (l *ledger) get(key journal.Key, to any) (bool, error) {
	data, ok, err := l.log.Get(key)
	if err != nil || !ok {
		return false, err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return false, l.foreign(err)
	}
	return true, nil
}

func (l *ledger) put(key journal.Key, value any) error {
	return l.log.Append(ledgerRecord(key, value))
}

func ledgerRecord(key journal.Key, value any) journal.Record {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return journal.Record{Key: key, Value: data}
}

// next returns an entry for a new batch. The first save of the entry uses up its
// number.
func (l *ledger) next() entry {
	number := l.head.Last + 1
	return entry{Number: number, Name: fmt.Sprintf("personagen-%s-%d", l.head.Name, number)}
}

// save writes an entry.
func (l *ledger) save(e entry) error {
	records := []journal.Record{ledgerRecord(batchKey(e.Number), e)}
	if e.Number > l.head.Last {
		l.head.Last = e.Number
		records = append(records, ledgerRecord(headKey, l.head))
	}
	return l.log.Append(records...)
}

// entry returns the entry of a batch, if there is one.
func (l *ledger) entry(number int64) (e entry, known bool, err error) {
	known, err = l.get(batchKey(number), &e)
	if err == nil && known && (e.Number != number || e.Requests < 0 || e.Worst.Money < 0 || e.Worst.Tokens < 0 || e.Cost.Money < 0) {
		err = l.foreign(fmt.Errorf("batch %d is said to be batch %d with %d requests", number, e.Number, e.Requests))
	}
	return e, known, err
}

// open lists the batches that are not closed.
func (l *ledger) open() (entries []entry, err error) {
	for n := int64(1); n <= l.head.Last; n++ {
		e, known, err := l.entry(n)
		if err != nil {
			return nil, err
		}
		if known && e.State != closed {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// batchKey is the key of a batch's entry.
func batchKey(number int64) journal.Key { return journal.MakeKey(batchHash, number) }

// attempt returns the record of a field's attempts, zero if there is none.
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

// keepStale renames a batch's answers, so that drop does not remove them.
func (l *ledger) keepStale(number int64) error {
	err := os.Rename(l.output(number), l.stale(number))
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// tidy removes files of batches that are not open, which a killed process may
// have left.
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

// Waiting returns the number of batches in a folder's ledger whose answers are
// not in the journal yet; 0 if there is no ledger.
func Waiting(dir string) (n int, err error) {
	err = readLedger(dir, func(l *ledger) error {
		open, err := l.open()
		for _, e := range open {
			if e.State != sending {
				n++
			}
		}
		return err
	})
	return n, err
}

// Spending returns what the batches in a folder's ledger have cost, with what was perhaps asked
// beside them, and the most that those can cost whose answers are not in the journal yet.
func Spending(dir string) (spent, reserved endpoint.Cost, err error) {
	err = readLedger(dir, func(l *ledger) error {
		spent = l.head.Other
		for n := int64(1); n <= l.head.Last; n++ {
			e, known, err := l.entry(n)
			switch {
			case err != nil || !known:
				return err
			case e.State == closed:
				spent = addCost(spent, e.Cost)
			default:
				reserved = addCost(reserved, e.Worst)
			}
		}
		return nil
	})
	return spent, reserved, err
}

func addCost(a, b endpoint.Cost) endpoint.Cost {
	return endpoint.Cost{Money: a.Money + b.Money, Tokens: a.Tokens + b.Tokens}
}

// readLedger visits the ledger in a folder, if there is one.
func readLedger(dir string, visit func(*ledger) error) error {
	if files, _ := filepath.Glob(filepath.Join(dir, "*.log")); len(files) == 0 {
		return nil
	}
	log, err := journal.Open(dir, journal.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer log.Close()
	l := &ledger{dir: dir, log: log}
	if _, err = l.readHead(); err == nil {
		err = l.recoverLast()
	}
	if err != nil {
		return err
	}
	return visit(l)
}
