package enrich

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// BatchOptions configure a run in batches.
type BatchOptions struct {
	// Dir is the folder of the ledger of batches and of their files.
	Dir string
	// Log are the options of the ledger.
	Log journal.Options
	// Asked, when set, is called with the path of the index of a batch before the provider may
	// have the batch. The ledger and these files in Dir are what the next run needs.
	Asked func(number int64, path string) error
	// Shared says that others send batches to the same account at the same time: a full queue
	// becomes free without this run.
	Shared bool
	// Clients are those of the models that another client asks than the one that is given
	// to RunBatches.
	Clients map[string]*endpoint.Client
	// Ready is called before the first new request is written, to find out how
	// the endpoint answers; nil if that is known.
	Ready func(context.Context) error
	// Currency is that of the prices, for notes; "" for none.
	Currency string
	// Note, when set, receives a line about each event.
	Note func(string)
	// Progress, when set, receives the counts after each scan.
	Progress func(Counts)
}

// AtProvider is what a run in batches leaves at the provider if it ends early.
type AtProvider struct {
	Batches  int
	Requests int64
	Worst    endpoint.Cost
}

// ErrOtherBatches is the error of a run whose ledger has batches about other
// persons, for another model or at another endpoint.
var ErrOtherBatches = errors.New("batches of another run wait to be collected")

// RunBatches does what Run does, with an endpoint that takes files of requests,
// in as many rounds as calls and repairs need: it scans all persons for what can
// be asked now, sends that in files, waits, judges the answers, and scans again.
// The next scan finds calls that depend on other calls' texts, repairs, and what
// the provider did not answer.
//
// Batches that an earlier run left at the provider are collected, however that
// run ended. If the context ends, batches remain at the provider, and the next
// run collects them.
//
// The error is like that of Run. A batch that the provider refuses, or does not
// know, ends the run. ErrOtherBatches is returned before anything is sent.
func (e *Enricher) RunBatches(ctx context.Context, c *endpoint.Client, o BatchOptions, sources func() Source, first, count int64) (Counts, AtProvider, error) {
	l, err := openLedger(o.Dir, o.Log)
	if err != nil {
		return e.newCounts(), AtProvider{}, err
	}
	defer l.close()
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })()
	s := &batcher{
		models: e.Models(),
		runner: &runner{Enricher: e, counts: e.newCounts(), life: calls, adopts: true}, BatchOptions: o, client: c, ledger: l,
		scanBlock: e.newBlock(sources()), judgeBlock: e.newBlock(sources()), first: first, count: count,
		asked: newBitset(count), reported: newBitset(count), maxRequests: int64(c.Batches().Requests),
	}
	s.bought = make([]bought, len(s.counts.Fields))
	s.boughtBefore = slices.Clone(s.bought)
	if err = s.run(ctx); ctx.Err() != nil && endpoint.KindOf(err) == endpoint.Cancelled {
		err = context.Cause(ctx)
	}
	s.abandonFile()
	return s.total(), s.atProvider(), err
}

func (s *batcher) run(ctx context.Context) error {
	if err := s.recoverBatches(); err != nil {
		return err
	}
	for {
		if err := s.scan(ctx); err != nil {
			return err
		}
		if len(s.open) == 0 {
			return s.blocked
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
		if s.fatal != nil {
			return s.fatal
		}
		if s.crowded {
			s.crowded = false
			if err := pause(ctx, s.client.Batches().MaxPoll); err != nil {
				return err
			}
		}
	}
}
