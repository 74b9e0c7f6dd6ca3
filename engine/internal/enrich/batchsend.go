package enrich

import (
	"context"
	"errors"
	"fmt"

	"github.com/personagen/personagen/engine/endpoint"
)

var errFull = errors.New("the provider takes no more requests at present")

// ask writes a request to the current file. If it cannot be written now, ask
// returns the reason as blocked; the scan after the next collected batch tries
// again.
func (s *batcher) ask(ctx context.Context, p *person, c *call, tasks []task, tries []int) (blocked, err error) {
	req, err := p.request(ctx, c, tasks)
	if err != nil {
		return nil, err
	}
	client := s.clientOf(s.asking)
	worst := client.InBatch().Worst(req)
	if blocked, err := s.ready(ctx, worst); blocked != nil || err != nil {
		return blocked, err
	}
	for {
		if s.file == nil {
			if blocked, err := s.openFile(ctx, worst); blocked != nil || err != nil {
				return blocked, err
			}
		}
		if s.line, worst, err = client.AppendBatchLine(s.line[:0], requestID(s.file.entry.Requests, p.number()), req); err != nil {
			return nil, err
		}
		if !s.full(s.file, len(s.line)) {
			break
		}
		if s.file.entry.Requests == 0 {
			return nil, fmt.Errorf("a request of %d bytes is larger than a file may be", len(s.line))
		}
		if err := s.sendFile(ctx); err != nil {
			return nil, err
		}
	}
	if fits, err := s.file.reserved.Grow(ctx, worst); err != nil {
		return nil, err
	} else if !fits {
		s.note("the budget has room for the worst case of %s; a larger budget needs fewer rounds", requests(s.file.entry.Requests))
		return s.client.Budget().Refuse(worst), nil
	}
	line := indexLine{Person: p.number(), Call: c.Name, Worst: worst, Least: endpoint.LeastPrompt(req), MaxTokens: req.MaxTokens}
	for i, t := range tasks {
		line.Tasks = append(line.Tasks, indexTask{shortKey(t.key), tries[i]})
	}
	s.setAsked(p.number(), true)
	return nil, s.file.add(s.line, line)
}

// full reports whether a file has no room for another line.
func (s *batcher) full(f *batchFile, line int) bool {
	return f.entry.Requests >= s.maxRequests || f.bytes+int64(line) > s.client.Batches().Bytes
}

// ready calls BatchOptions.Ready before the first request is written. If the
// worst case of open batches leaves no budget for that, it is blocked.
func (s *batcher) ready(ctx context.Context, worst endpoint.Cost) (blocked, err error) {
	if s.probed || s.Ready == nil {
		return nil, nil
	}
	if probe := s.client.ProbeWorst(s.ProbeCalls()...); len(s.open) > 0 {
		if fits, err := s.client.Budget().Fits(ctx, probe); err != nil || !fits {
			return s.client.Budget().Refuse(probe), err
		}
	}
	s.probed = true
	return nil, s.readyOnLedger(ctx)
}

// readyOnLedger calls BatchOptions.Ready, and has the ledger know what that can cost before it
// does, and what it cost.
func (s *batcher) readyOnLedger(ctx context.Context) error {
	other, budget := s.ledger.head.Other, s.client.Budget()
	before, _ := budget.Spent()
	for range 1 + len(s.Clients) {
		s.ledger.head.Other = addCost(s.ledger.head.Other, s.client.ProbeWorst(s.ProbeCalls()...))
	}
	if err := s.ledger.put(headKey, s.ledger.head); err != nil {
		return err
	}
	err := s.Ready(ctx)
	after, _ := budget.Spent()
	s.ledger.head.Other = addCost(other, endpoint.Cost{Money: after.Money - before.Money, Tokens: after.Tokens - before.Tokens})
	return errors.Join(err, s.ledger.put(headKey, s.ledger.head))
}

// openFile opens a new file of requests, if the provider takes one more and the
// budget allows for a request.
func (s *batcher) openFile(ctx context.Context, worst endpoint.Cost) (blocked, err error) {
	if s.maxOpen > 0 && len(s.open) >= s.maxOpen {
		return errFull, nil
	}
	budget := s.client.Budget()
	if fits, err := budget.Fits(ctx, worst); err != nil || !fits {
		return budget.Refuse(worst), err
	}
	e := s.ledger.next()
	e.BaseURL, e.Model, e.Population = s.client.BaseURL(), s.asking, s.options.Population
	s.file, err = newBatchFile(s.ledger, e, budget.NewReservation())
	return nil, err
}

// sendFile closes the current file and makes a batch of it. The ledger records
// each step before the request that may cost money.
func (s *batcher) sendFile(ctx context.Context) error {
	f := s.file
	if f == nil {
		return nil
	}
	if err := f.close(); err != nil {
		return err
	}
	s.file = nil
	e := f.entry
	if e.Requests == 0 {
		f.reserved.Settle(endpoint.Cost{})
		return s.ledger.drop(e.Number)
	}
	e.State = sending
	if err := s.ledger.save(e); err != nil {
		return err
	}
	if s.Asked != nil {
		if err := s.Asked(e.Number, s.ledger.index(e.Number)); err != nil {
			return err
		}
	}
	notSent := func(err error) error {
		f.reserved.Settle(endpoint.Cost{})
		return errors.Join(err, s.closeEntry(e))
	}
	var err error
	if e.File, err = s.clientOf(e.Model).UploadBatch(ctx, s.ledger.input(e.Number), e.Name); err != nil {
		return notSent(err)
	}
	e.State = creating
	if err := s.ledger.save(e); err != nil {
		return err
	}
	b, err := s.clientOf(e.Model).MakeBatch(s.life, e.File, e.Name)
	switch {
	case err != nil && !endpoint.Charged(err):
		return notSent(err)
	case err != nil:
		return err // the next run finds out whether the batch exists
	}
	e.State, e.ID = submitted, b.ID
	if err := s.ledger.save(e); err != nil {
		return err
	}
	s.open = append(s.open, &openBatch{entry: e, reserved: f.reserved})
	if s.Shared {
		s.maxRequests = min(2*s.maxRequests, int64(s.client.Batches().Requests)) // the queue was full of others' batches
	}
	s.note("batch %d (%s): %s sent, cost at most %s", e.Number, e.ID, requests(e.Requests), e.Worst.Money.In(s.Currency))
	return nil
}

// abandonFile removes a file that was not finished.
func (s *batcher) abandonFile() {
	if s.file != nil {
		s.file.close()
		s.file.reserved.Settle(endpoint.Cost{})
		s.ledger.drop(s.file.entry.Number)
		s.file = nil
	}
}
