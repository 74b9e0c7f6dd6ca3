package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/release"
	"github.com/personagen/personagen/engine/run"
)

// Texts says how a model writes the texts of a job.
//
// Each attempt at a part has its own texts. So what an attempt makes is put under its name,
// the attempt that is the first to put the choice of the part counts, and what it made is
// then put under the final names, by whoever finds the choice, before the receipt. Accepted
// answers are in the store before they count, for the next attempt to read. So is what was
// sent in batches: see chain.
//
// It has no key, and nothing that says where one is.
type Texts struct {
	Model       string   `json:"model,omitempty"`
	BaseURL     string   `json:"base_url,omitempty"`
	Calls       []string `json:"calls,omitempty"`
	Workers     int      `json:"workers,omitempty"`       // calls in flight at the start, of all parts
	MaxInFlight int      `json:"max_in_flight,omitempty"` // of all parts
	Budget      float64  `json:"budget,omitempty"`        // of all parts; 0 for no limit
	AtOnce      int      `json:"at_once"`                 // parts that are made at the same time, at most
	Batches     *Batches `json:"batches,omitempty"`       // nil if requests are answered one by one
}

// Batches says how requests are sent in files, as endpoint.BatchConfig does.
type Batches struct {
	Requests int           `json:"requests,omitempty"`
	Bytes    int64         `json:"bytes,omitempty"`
	Poll     time.Duration `json:"poll,omitempty"`
}

// textsOf returns nil if no model writes.
func textsOf(cfg run.Config) *Texts {
	if cfg.Provider == "" || cfg.Provider == run.Offline || cfg.Provider == run.NoTexts {
		return nil
	}
	w := &cfg.Writer
	var batches *Batches
	if b := w.Endpoint.Batch; w.Mode == run.InBatches {
		batches = &Batches{b.Requests, b.Bytes, b.Poll}
	}
	return &Texts{
		Batches: batches, Model: w.Endpoint.Model, BaseURL: w.Endpoint.BaseURL, Calls: w.Calls, Workers: w.Endpoint.Workers,
		MaxInFlight: w.Endpoint.MaxInFlight, Budget: w.Budget, AtOnce: max(1, w.AtOnce),
	}
}

// writer adds what the job says to what the user of a process says.
func (t *Texts) writer(o Options) run.Writer {
	w := run.Writer{Endpoint: o.Writer.Endpoint, Trust: o.Writer.Trust, Unwatched: o.Writer.Unwatched, Confirm: o.Writer.Confirm, AskAbove: o.Writer.AskAbove}
	w.Endpoint.Model, w.Endpoint.BaseURL = t.Model, t.BaseURL
	w.Endpoint.Workers, w.Endpoint.MaxInFlight = t.Workers, t.MaxInFlight
	w.Calls, w.Budget, w.AtOnce, w.Sealed = t.Calls, t.Budget, t.AtOnce, true
	if b := t.Batches; b != nil {
		w.Mode = run.InBatches
		w.Endpoint.Batch.Requests, w.Endpoint.Batch.Bytes, w.Endpoint.Batch.Poll = b.Requests, b.Bytes, b.Poll
	}
	return w
}

// Folders under _job/ of parts whose texts a model writes.
const (
	attempts = folder + "attempts/" // what attempts made, by part and attempt
	choices  = folder + "choices/"  // which attempt counts, by part
	journals = folder + "journal/"  // accepted answers, by part and attempt
)

func choiceName(part int) string    { return fmt.Sprintf("%s%06d.json", choices, part) }
func journalFolder(part int) string { return fmt.Sprintf("%s%06d/", journals, part) }
func attemptName(part int, attempt, of string) string {
	return fmt.Sprintf("%s%06d/%s/%s", attempts, part, attempt, of)
}

// attemptPart returns the part of an object that an attempt made.
func attemptPart(name string) (part int, is bool) {
	rest, is := strings.CutPrefix(name, attempts)
	number, _, _ := strings.Cut(rest, "/")
	part, err := strconv.Atoi(number)
	return part, is && err == nil
}

// choice says which attempt at a part counts.
type choice struct {
	Attempt string  `json:"attempt"`
	Receipt receipt `json:"receipt"`
}

func newAttempt() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// makeTextPart makes a part whose texts a model writes.
func (s *session) makeTextPart(ctx context.Context, i int) (made bool, err error) {
	dir, err := os.MkdirTemp(s.dir, "part-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	chosen, has, err := s.choice(ctx, i)
	if err != nil {
		return false, err
	}
	attempt := newAttempt()
	if !has {
		if chosen, err = s.attempt(ctx, i, attempt, dir); err != nil {
			return false, err
		}
	}
	if err := s.publish(ctx, chosen, dir); err != nil {
		return false, err
	}
	s.madePart(i)
	if chosen.Attempt != attempt {
		err = s.discard(ctx, i, attempt)
	}
	return true, err
}

// choice reads which attempt at a part counts, and reports whether that is decided.
func (s *session) choice(ctx context.Context, i int) (c choice, has bool, err error) {
	has, err = s.document(ctx, choiceName(i), &c)
	if err == nil && has {
		if err = c.Receipt.check(s.hash, i, s.parts.All[i]); err == nil && !isAttempt(c.Attempt) {
			err = fmt.Errorf("%w: %s names no attempt", ErrSealed, choiceName(i))
		}
	}
	return c, has, err
}

func isAttempt(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == 8
}

// attempt has the texts of a part written, makes its files in dir, puts them under the name
// of the attempt, and returns the choice, which may be another attempt.
func (s *session) attempt(ctx context.Context, i int, attempt, dir string) (c choice, err error) {
	part := s.parts.All[i]
	answers := filepath.Join(dir, "journal")
	if err := s.fetchJournal(ctx, i, answers); err != nil {
		return c, err
	}
	purse := s.purse(i, attempt)
	wait := groupWait
	if s.Texts.Batches != nil {
		wait = 0 // answers are judged one block of persons after the other
	}
	sent := &chain{session: s, ctx: context.WithoutCancel(ctx), part: i, attempt: attempt, journal: answers}
	if s.Texts.Batches != nil {
		if err := sent.fetch(ctx); err != nil {
			return c, err
		}
		if err := purse.inherit(sent); err != nil {
			return c, err
		}
	}
	defer func() { err = errors.Join(err, purse.handBack(ctx)) }()
	upload := &uploader{session: s, ctx: context.WithoutCancel(ctx), folder: journalFolder(i) + attempt + "/"}
	written, err := s.rows.WriteTexts(ctx, run.TextPart{
		First: part.First, Count: part.Rows, Part: release.Shard{Index: i + 1, Of: s.Job.Parts}, Journal: answers, Place: journalFolder(i),
		Options: journal.Options{GroupWait: wait, Synced: upload.add}, Budget: purse.budget, Temp: dir, Events: s.options.Events,
		Ledger: journal.Options{Synced: sent.add}, Asked: sent.asked,
	})
	if err != nil {
		return c, err
	}
	defer written.Close()
	files, found, err := s.parts.Make(ctx, part, dir, func(int) release.Source { return written.Source() })
	if err != nil {
		return c, err
	}
	c = choice{attempt, receipt{Job: s.hash, Part: i, Files: files, Texts: written.Texts()}}
	if c.Receipt.Fingerprints, err = writeFingerprints(i, found, localPath(dir, fingerprintName(i))); err != nil {
		return c, err
	}
	data, err := found.Bytes()
	if err == nil {
		err = os.WriteFile(localPath(dir, findingsName(i)), data, 0o600)
	}
	if err != nil {
		return c, err
	}
	c.Receipt.Findings = seal(findingsName(i), data)
	for _, of := range c.Receipt.objects() {
		path := localPath(dir, of.Name)
		of.Name = attemptName(i, attempt, of.Name)
		if err := s.put(ctx, inFile(of, path)); err != nil {
			return c, err
		}
	}
	// The first choice counts.
	err = s.placeDocument(ctx, choiceName(i), c)
	if err != nil && !errors.Is(err, ErrDiffers) {
		return c, err
	}
	first, has, err := s.choice(ctx, i)
	if err == nil && !has {
		err = fmt.Errorf("%s: what was written is not there", choiceName(i))
	}
	return first, err
}

// localPath is the file in dir of an object of a part: those of data have the names that
// release.Parts gives them.
func localPath(dir, name string) string {
	if strings.HasPrefix(name, folder) {
		return filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(name, folder), "/", "-"))
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// publish puts what the chosen attempt made under the final names, and the receipt.
func (s *session) publish(ctx context.Context, c choice, dir string) error {
	i := c.Receipt.Part
	for _, of := range c.Receipt.objects() {
		path := filepath.Join(dir, "chosen")
		if err := s.download(ctx, of, attemptName(i, c.Attempt, of.Name), path); err != nil {
			return err
		}
		if err := s.put(ctx, inFile(of, path)); err != nil {
			return err
		}
	}
	return s.placeDocument(ctx, receiptName(i), c.Receipt)
}

// download copies an object of known content to a file.
func (s *session) download(ctx context.Context, of Sealed, name, path string) error {
	in, err := s.store.Get(ctx, name)
	if err != nil {
		return err
	}
	defer in.Close()
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	defer to.Close()
	sum := newSum()
	if _, err := io.Copy(io.MultiWriter(to, sum), in); err != nil {
		return err
	}
	if sum.sealed(of.Name) != of {
		return fmt.Errorf("%w: %s is not what its attempt has made", ErrDiffers, name)
	}
	return to.Close()
}

// discard removes what an attempt that does not count put under its name.
func (s *session) discard(ctx context.Context, i int, attempt string) error {
	var names []string
	for o, err := range s.store.List(ctx, attemptName(i, attempt, "")) {
		if err != nil {
			return err
		}
		names = append(names, o.Name)
	}
	for _, name := range names {
		if err := s.store.Remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// purse returns the share of the budget that an attempt takes, slice by slice.
func (s *session) purse(part int, attempt string) *purse {
	p := &purse{session: s, part: part, attempt: attempt}
	if s.Texts.Budget > 0 {
		p.budget = endpoint.NewGrantedBudget(p.more)
	} else {
		p.budget = endpoint.NewBudget(endpoint.Cost{})
	}
	return p
}
