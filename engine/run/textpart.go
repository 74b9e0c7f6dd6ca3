package run

import (
	"context"
	"fmt"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
	"github.com/personagen/personagen/engine/release"
)

// TextPart says which part of a population a model writes the texts of, and with what.
type TextPart struct {
	First, Count int64           // persons
	Part         release.Shard   // which part that is, counted from 1
	Journal      string          // folder
	Place        string          // of the journal, for messages
	Options      journal.Options // of the journal
	// Ledger and Asked are those of enrich.BatchOptions, for texts in batches.
	Ledger journal.Options
	Asked  func(number int64, path string) error
	Budget *endpoint.Budget
	Temp   string // folder for temporary files
	Events func(Event)
}

// Written is a part of a population whose texts are all in a journal. Close ends it.
type Written struct{ run *run }

// CheckWriter reports what is wrong with how Config has a model asked. It sends nothing.
func (p *Prepared) CheckWriter() error {
	r := *p.run
	m, _, err := r.newModelWriter()
	if m != nil {
		m.close()
	}
	return err
}

// WriteTexts has the model write the texts of a part that its journal lacks. Errors are as
// with Run.
func (p *Prepared) WriteTexts(ctx context.Context, t TextPart) (_ *Written, err error) {
	r := *p.run
	r.ctx, r.part, r.budget, r.journalOptions, r.Events = ctx, &t, t.Budget, t.Options, t.Events
	r.Writer.Journal = t.Journal
	r.persons.First, r.persons.Count, r.persons.Shard = t.First, t.Count, t.Part
	w := &Written{&r}
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	connect := func() error {
		err := r.connect()
		if r.model != nil {
			r.model.place = t.Place
		}
		return err
	}
	for _, stage := range []func() error{connect, r.precheck, r.confirm, r.enrich} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := stage(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// tempDir is for temporary files of the checks.
func (r *run) tempDir() string {
	if r.part != nil {
		return r.part.Temp
	}
	return r.draft.TempDir()
}

// Source returns the rows of the part, with their texts, for one goroutine. It is not to be
// called by several at once.
func (w *Written) Source() release.Source { return w.run.source() }

// Texts returns what the manifest says of the texts, once all rows are read.
func (w *Written) Texts() *release.Texts { return w.run.texts() }

// Close closes the journal.
func (w *Written) Close() {
	if w.run.model != nil {
		w.run.model.close()
	}
}

// CheckTexts returns an error that wraps ErrChecks when more texts were set aside than the
// plan allows.
func (p *Prepared) CheckTexts(t *release.Texts) error {
	if t == nil {
		return nil
	}
	var written, quarantined, untranslated int64
	for _, f := range t.Fields {
		written += f.Written
		quarantined += f.Quarantined
		untranslated += f.Untranslated
	}
	all := max(1, written+quarantined+untranslated)
	share, most := float64(quarantined)/float64(all), p.run.plan.MostQuarantined()
	if share <= most {
		return nil
	}
	return fmt.Errorf("%w: %.2f %% of the texts failed every attempt and were set aside, at most %.2f %% may be (%s)", ErrChecks, 100*share, 100*most, commonReasons(t))
}
