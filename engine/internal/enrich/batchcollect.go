package enrich

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/humanize"
)

// maxFailures is how many status requests may fail in a row.
const maxFailures = 5

// wait polls the batches, less and less often, until all have ended and are
// collected; or until one is, if the last scan was blocked.
func (s *batcher) wait(ctx context.Context) error {
	limits := s.client.Batches()
	interval, failures := limits.Poll, 0
	for len(s.open) > 0 {
		ended := false
		for _, b := range slices.Clone(s.open) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			now, err := s.clientOf(b.Model).Batch(ctx, b.ID)
			switch {
			case err == nil:
				failures = 0
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case !endpoint.KindOf(err).Temporary() || failures+1 >= maxFailures:
				return fmt.Errorf("batch %s: %w%s", b.ID, err, s.advice(err))
			default:
				failures++
				continue
			}
			if !now.Ended {
				s.noteProgress(b, now)
				continue
			}
			ended = true
			if err := s.collect(ctx, b, now); err != nil {
				return err
			}
		}
		if ended && (s.blocked != nil || s.fatal != nil) || len(s.open) == 0 {
			return nil
		}
		if err := pause(ctx, interval); err != nil {
			return err
		}
		interval = min(interval*3/2, limits.MaxPoll)
	}
	return nil
}

// pause waits, unless the context ends.
func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(wait):
		return nil
	}
}

func (s *batcher) noteProgress(b *openBatch, now endpoint.Batch) {
	if progress := fmt.Sprint(now.Status, now.Done); progress != b.noted {
		b.noted = progress
		s.note("batch %d (%s): %s, %d of %d done", b.Number, b.ID, now.Status, now.Done, b.Requests)
	}
}

// advice says what to do if the endpoint does not know a batch.
func (s *batcher) advice(err error) string {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e.Status == 404 {
		return fmt.Sprintf("; use the account that sent it, or discard its answers by removing the folder %s", s.ledger.dir)
	}
	return ""
}

// collect brings the answers of a batch that has ended into the journal. It can
// be interrupted and repeated.
func (s *batcher) collect(ctx context.Context, b *openBatch, now endpoint.Batch) error {
	if now.Failed {
		return s.collectFailed(b, now)
	}
	for _, f := range []struct{ id, path string }{{now.Output, s.ledger.output(b.Number)}, {now.Errors, s.ledger.errors(b.Number)}} {
		if f.id == "" {
			continue
		}
		if _, err := os.Stat(f.path); err == nil {
			continue // downloaded by an earlier run
		}
		if err := s.clientOf(b.Model).Download(ctx, f.id, f.path, endpoint.FileLimit(b.Requests, s.MaxTokens())); err != nil {
			return fmt.Errorf("the answers of batch %s: %w%s", b.ID, err, s.advice(err))
		}
	}
	sum, err := s.judge(ctx, b, now)
	if err != nil {
		return err
	}
	b.reserved.SettlePartly(sum.actual, sum.unknown)
	b.Cost = addCost(sum.actual, sum.unknown)
	s.note("batch %d (%s) %s: %s, %s accepted, %d refused, %s without an answer; cost %s",
		b.Number, b.ID, now.Status, humanize.Count(sum.answers, "answer", "answers"), texts(sum.accepted), sum.refused, requests(sum.unanswered), (sum.actual.Money + sum.unknown.Money).In(s.Currency))
	if sum.misreported > 0 {
		s.note("batch %d: %s numbers of tokens that cannot be, and count with the most they can cost", b.Number, humanize.Count(sum.misreported, "answer reports", "answers report"))
	}
	if sum.stale > 0 {
		if err := s.ledger.keepStale(b.Number); err != nil {
			return err
		}
		s.note("batch %d: the spec no longer asks for %s; the answers are kept in %s", b.Number, texts(sum.stale), s.ledger.stale(b.Number))
	}
	return s.remove(b)
}

// collectFailed removes a batch whose file was refused, so that nothing was
// answered.
func (s *batcher) collectFailed(b *openBatch, now endpoint.Batch) error {
	b.reserved.Settle(endpoint.Cost{})
	if err := s.remove(b); err != nil {
		return err
	}
	others := len(s.open)
	s.crowded = now.Full && others == 0 && s.Shared
	switch {
	case now.Full && others > 0:
		s.maxOpen, s.blocked = others, errFull
		s.note("batch %d (%s): %s; continuing with at most %d at once", b.Number, b.ID, now.Reason, others)
	case now.Full && b.Requests > 1:
		s.maxRequests = b.Requests / 2
		s.note("batch %d (%s): %s; continuing with files of %d requests", b.Number, b.ID, now.Reason, s.maxRequests)
	case now.Full && s.Shared:
		s.note("batch %d (%s): %s; waiting for the batches of others", b.Number, b.ID, now.Reason)
	default:
		s.fatal = &endpoint.Error{Kind: endpoint.BadRequest, Message: fmt.Sprintf("the provider did not take batch %s: %s", b.ID, now.Reason)}
	}
	return nil
}

// remove closes a batch, so that its persons can be asked about again.
func (s *batcher) remove(b *openBatch) error {
	if err := s.setAllAsked(b.entry, false); err != nil {
		return err
	}
	s.open = slices.DeleteFunc(s.open, func(o *openBatch) bool { return o == b })
	return s.closeEntry(b.entry)
}
