package run

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
)

// Modes of asking a model.
const (
	Interactive = "interactive" // one request at a time, answered at once
	InBatches   = "batch"       // files of requests, answered within a day for less money
)

// Modes lists the modes of asking a model.
func Modes() []string { return []string{Interactive, InBatches} }

// inBatches reports whether a model is asked in batches.
func (r *run) inBatches() bool { return r.usesModel() && r.Author.Mode == InBatches }

// ledgerDir is the folder of the ledger of batches beside a journal.
func ledgerDir(journal string) string { return filepath.Join(journal, "batches") }

// checkMode refuses a mode that the endpoint does not have, and the interactive
// one while answers to the same questions wait to be collected.
func (r *run) checkMode(cfg endpoint.Config, journal string) error {
	if r.inBatches() {
		return r.checkBatches(cfg)
	}
	waiting, err := enrich.Waiting(ledgerDir(journal))
	if err != nil || waiting == 0 {
		return err
	}
	return fmt.Errorf("%w: not collected yet: %s of an earlier run with --mode %s, and asking now would pay for the same texts twice: run with --mode %s again, or give the answers up by removing the folder %s",
		ErrUsage, batches(waiting), InBatches, InBatches, ledgerDir(journal))
}

// checkBatches refuses batches where the endpoint takes none.
func (r *run) checkBatches(cfg endpoint.Config) error {
	if r.inBatches() && cfg.Batch.Requests == 0 {
		return fmt.Errorf("%w: %s takes no batches: leave --mode away, or take a provider that does (%s)", ErrUsage, r.Provider, strings.Join(endpoint.BatchProviders(), ", "))
	}
	return nil
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

// enrichInBatches has the model write what the journal does not have, by way of
// files of requests.
func (r *run) enrichInBatches() error {
	a, start := r.author, time.Now()
	note := func(text string, done int64) {
		e := Event{Stage: "enrich", Done: done, Total: r.persons.Count, Note: text, Checkpoint: true}
		if a.monitor != nil {
			e.Distributions = a.monitor.Distributions()
		}
		r.event(e)
	}
	done := int64(0)
	options := enrich.BatchOptions{
		Dir:      ledgerDir(a.dir),
		Currency: a.price.currency,
		Note:     func(text string) { note(text, done) },
		Progress: func(c enrich.Counts) {
			done = c.Persons
			note(a.checkpoint(&c, time.Since(start)), done)
		},
	}
	if a.client.Mode() == "" {
		options.Ready = r.probe
	}
	counts, left, err := a.enricher.RunBatches(r.ctx, a.client, options, func() enrich.Source { return r.generator.Worker() }, r.persons.First, r.persons.Count)
	a.counts = counts
	if errors.Is(err, enrich.ErrOtherBatches) {
		return fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if endpoint.KindOf(err) == endpoint.Incapable {
		return fmt.Errorf("%w: %v; nothing else was asked", ErrUsage, err)
	}
	if err = a.outcome(err); err != nil && left.Batches > 0 {
		err = fmt.Errorf("%w; at the provider, and collected then: %s with %d requests, which cost at most %s", err, batches(left.Batches), left.Requests, left.Worst.Money.In(a.price.currency))
	}
	return err
}

// probe finds out how the endpoint answers, by one call of its own: a batch that
// is answered in another form costs as much as a good one.
func (r *run) probe(ctx context.Context) error {
	found, err := r.author.client.Probe(ctx, r.author.enricher.Schemas()...)
	if err == nil {
		r.event(Event{Stage: "enrich", Total: r.persons.Count, Note: fmt.Sprintf("%s answers in mode %s", found.Model, found.Mode), Checkpoint: true})
	}
	return err
}
