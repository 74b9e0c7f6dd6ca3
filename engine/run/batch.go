package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/internal/enrich"
)

// Values of Writer.Mode.
const (
	Interactive = "interactive" // each request is answered at once
	InBatches   = "batch"       // files of requests are answered within a day, at a lower price
)

// Modes returns the values of Writer.Mode.
func Modes() []string { return []string{Interactive, InBatches} }

// inBatches reports whether a model writes and is asked in batches.
func (r *run) inBatches() bool { return r.usesModel() && r.Writer.Mode == InBatches }

// ledgerDir returns the folder of the ledger of batches of a journal.
func ledgerDir(journal string) string { return filepath.Join(journal, "batches") }

// Batches returns the folder of what is known of batches, in that of a journal, what they have
// cost, and the most that those can cost whose answers are not in the journal yet.
func Batches(journal string) (folder string, spent, reserved endpoint.Cost, err error) {
	folder = ledgerDir(journal)
	spent, reserved, err = enrich.Spending(folder)
	return folder, spent, reserved, err
}

// checkMode refuses a mode that the endpoint does not have. It also refuses the
// interactive mode while batches wait to be collected: asking the same questions
// again would pay for them twice.
func (r *run) checkMode(cfg endpoint.Config, journal string) error {
	if r.inBatches() {
		return r.checkBatches(cfg)
	}
	waiting, err := enrich.Waiting(ledgerDir(journal))
	if err != nil || waiting == 0 {
		return err
	}
	return fmt.Errorf("%w: not collected yet: %s of an earlier run with --mode %s; asking now would pay for the same texts twice: run with --mode %s again, or remove the folder %s to discard their answers",
		ErrUsage, batches(waiting), InBatches, InBatches, ledgerDir(journal))
}

// checkBatches refuses batches when the endpoint does not accept them.
func (r *run) checkBatches(cfg endpoint.Config) error {
	for i := range r.plan.Calls {
		if c := &r.plan.Calls[i]; r.inBatches() && r.answersAlone(c) {
			return fmt.Errorf("%w: call %q has the endpoint %s of its own, and batches go to one endpoint: leave out --mode", ErrUsage, c.Name, c.Endpoint)
		}
	}
	if r.inBatches() && cfg.Batch.Requests == 0 {
		return fmt.Errorf("%w: %s does not accept batches: leave out --mode, or choose a provider that does (%s)", ErrUsage, r.Provider, strings.Join(endpoint.BatchProviders(), ", "))
	}
	return nil
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

// enrichInBatches has the model write the texts that the journal does not have, by
// uploading files of requests.
func (r *run) enrichInBatches() error {
	m, start := r.model, time.Now()
	note := func(text string, done int64) {
		e := Event{Stage: "enrich", Done: done, Total: r.persons.Count, Note: text, Checkpoint: true}
		if m.monitor != nil {
			e.Distributions = m.monitor.Distributions()
		}
		r.event(e)
	}
	done := int64(0)
	options := enrich.BatchOptions{
		Dir:      ledgerDir(m.dir),
		Currency: m.price.currency,
		Note:     func(text string) { note(text, done) },
		Progress: func(c enrich.Counts) {
			done = c.Persons
			note(m.checkpoint(&c, time.Since(start)), done)
		},
	}
	options.Clients, options.Shared = m.others, r.Writer.AtOnce > 1
	if r.part != nil {
		options.Log, options.Asked = r.part.Ledger, r.part.Asked
	}
	options.Ready = func(ctx context.Context) error {
		r.announce(m.endpoint, m.enricher.Models()...)
		for _, c := range append([]*endpoint.Client{m.client}, slices.Collect(maps.Values(m.others))...) {
			if c.Mode() == "" {
				if err := r.probeMain(ctx, c); err != nil {
					return err
				}
			}
		}
		return nil
	}
	counts, left, err := m.enricher.RunBatches(r.ctx, m.client, options, r.readSource, r.persons.First, r.persons.Count)
	m.counts = counts
	if errors.Is(err, enrich.ErrOtherBatches) {
		return fmt.Errorf("%w: %v", ErrUsage, err)
	}
	if endpoint.KindOf(err) == endpoint.Incapable {
		return fmt.Errorf("%w: %v; no other request was sent", ErrUsage, err)
	}
	if err = m.outcome(err); err != nil && left.Batches > 0 {
		err = fmt.Errorf("%w; that run also collects %s with %d requests from the provider, which cost at most %s", err, batches(left.Batches), left.Requests, left.Worst.Money.In(m.price.currency))
	}
	return err
}

// probe finds out how an endpoint answers some calls with one that writes nothing. A batch
// answered in the wrong form would cost as much as a good one.
func (r *run) probe(ctx context.Context, c *endpoint.Client, calls []string) error {
	found, err := c.Probe(ctx, r.model.enricher.ProbeCalls(calls...)...)
	if err == nil {
		note := fmt.Sprintf("%s answers in mode %s", found.Model, found.Mode)
		if len(found.Refused) > 0 {
			note += "; it refuses " + strings.Join(found.Refused, ", ")
		}
		if found.Thinking {
			note += "; it thinks first, which costs tokens of max_tokens: turn thinking off if it can be"
		}
		if !r.inBatches() && c.Slow(r.model.enricher.MaxTokens()) {
			note += "; it is slow, so its answers are streamed"
		}
		r.event(Event{Stage: "enrich", Total: r.persons.Count, Note: note, Checkpoint: true})
	}
	return err
}

// probeMain probes a model of the endpoint of the run with the calls that have none of
// their own.
func (r *run) probeMain(ctx context.Context, c *endpoint.Client) error {
	var calls []string
	for i := range r.plan.Calls {
		if c := &r.plan.Calls[i]; !r.answersAlone(c) {
			calls = append(calls, c.Name)
		}
	}
	return r.probe(ctx, c, calls)
}
