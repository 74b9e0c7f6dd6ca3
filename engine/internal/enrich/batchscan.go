package enrich

import (
	"context"
	"errors"
	"slices"
)

// maxErrors is how often a request that gets no answer is sent in one run.
const maxErrors = 3

// scan goes over all persons, counts, and sends what can be asked, once for each model.
func (s *batcher) scan(ctx context.Context) error {
	var blocked error
	for _, s.asking = range s.models {
		if err := s.scanModel(ctx); err != nil {
			return err
		}
		if err := s.sendFile(ctx); err != nil {
			return err
		}
		if s.blocked != nil {
			blocked = s.blocked
		}
	}
	s.blocked = blocked
	if s.Progress != nil {
		s.Progress(s.total())
	}
	return nil
}

// scanModel goes over all persons, counts, and asks one model what can be asked.
func (s *batcher) scanModel(ctx context.Context) error {
	s.counts, s.blocked, s.boughtBefore = s.newCounts(), nil, slices.Clone(s.bought)
	for at, n := s.first, int64(0); at < s.first+s.count; at += n {
		n = s.portion(at, s.first+s.count-at)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		open, err := s.windowOpen(ctx, at)
		if err != nil {
			return err
		}
		if err := s.scanBlock.load(at, int(n)); err != nil {
			return err
		}
		if s.options.Watch != nil && !s.scanned {
			if err := s.options.Watch.Made(s.scanBlock.batch); err != nil {
				return err
			}
		}
		for row := range s.scanBlock.batch.N {
			p := s.newPerson(s.scanBlock, row)
			if !open {
				p.leave(nil, 0, nil)
			} else if err := s.scanPerson(ctx, p); err != nil {
				return err
			}
		}
	}
	s.scanned = true
	return nil
}

// windowOpen reports whether persons of a window can be asked about. What they are to avoid
// is found out when nobody before them needs a request any more.
func (s *batcher) windowOpen(ctx context.Context, at int64) (bool, error) {
	window := s.window(at)
	if known, err := s.windowKnown(window); err != nil || known {
		return known, err
	}
	if s.counts.Persons < at-s.first {
		return false, nil
	}
	return true, s.openWindow(ctx, s.scanBlock.source, window, s.first)
}

// scanPerson asks for what a person misses, if no request about the person is at
// the provider and nothing blocks the scan.
func (s *batcher) scanPerson(ctx context.Context, p *person) error {
	for i := range p.calls {
		c := &p.calls[i]
		missing, err := p.missing(c)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			continue
		}
		if s.asked.has(p.number() - s.first) {
			p.leave(missing, i+1, nil)
			return nil
		}
		tasks, tries, err := s.dueTasks(p, missing)
		var givenUp *givenUpError
		if errors.As(err, &givenUp) {
			p.leave(tasks, i+1, givenUp)
			return s.reportEnd(p)
		}
		if err != nil {
			return err
		}
		if len(tasks) == 0 {
			continue
		}
		if s.blocked == nil && p.variant(c, p.number()).model == s.asking {
			if s.blocked, err = s.ask(ctx, p, c, tasks, tries); err != nil {
				return err
			}
		}
		p.leave(tasks, i+1, nil)
		return nil
	}
	return s.reportEnd(p)
}

// reportEnd counts a person who needs no further request, and reports the
// outcome once.
func (s *batcher) reportEnd(p *person) error {
	s.counts.Persons++
	i := p.number() - s.first
	if p.fates == nil || s.reported.has(i) {
		return nil
	}
	s.reported.set(i, true)
	return s.options.Watch.Ended(p.block.batch, p.row, p.fates)
}

// givenUpError says why this run asks no more about a person.
type givenUpError struct{ reason string }

func (g *givenUpError) Error() string { return g.reason }

// dueTasks returns the missing tasks of a person that are to be asked for, with
// the fault of the last answer, and the numbers of their next tries. It leaves
// out what this run has quarantined. The error is a *givenUpError if requests got
// no answer too often.
func (s *batcher) dueTasks(p *person, missing []task) (tasks []task, tries []int, err error) {
	var givenUp *givenUpError
	for _, t := range missing {
		a, err := s.ledger.attempt(t.key)
		if err != nil {
			return nil, nil, err
		}
		if a.Tries >= s.options.Tries {
			if a.Run == s.ledger.head.Run {
				p.setFate(t.field, Bad)
				p.count(func(n *Counts) { n.Fields[t.field.number].Quarantined++ })
				continue
			}
			a = attempt{} // Options.Refill: start again
		}
		if a.Run == s.ledger.head.Run && a.Errors >= maxErrors {
			givenUp = &givenUpError{a.Error}
		}
		t.fault = a.Fault
		tasks, tries = append(tasks, t), append(tries, a.Tries+1)
	}
	if givenUp != nil {
		return tasks, nil, givenUp
	}
	return tasks, tries, nil
}
