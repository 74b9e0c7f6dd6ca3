package enrich

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// found is what the answers of a batch came to.
type found struct {
	answers, unanswered      int64 // requests
	accepted, refused, stale int64 // texts
	actual, unknown          endpoint.Cost
}

// eachAsked reads the index of a batch.
func (s *batcher) eachAsked(e entry, visit func(number int64, a asked) error) error {
	path, number := s.ledger.index(e.Number), int64(0)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("it is no longer known what batch %s is about: %w", e.ID, err)
	}
	err := eachLine(path, func(_ int64, line []byte) error {
		var a asked
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, number+1, err)
		}
		number++
		return visit(number-1, a)
	})
	if err == nil && number != e.Requests {
		err = fmt.Errorf("%s has %d lines, and the batch %d requests", path, number, e.Requests)
	}
	return err
}

// request of a batch, with its number.
type numbered struct {
	asked
	number int64
}

// judge holds the answers of a batch to the rules, person by person in their
// order, whatever the order of the answers.
func (s *batcher) judge(ctx context.Context, b *outstanding, now endpoint.Batch) (found, error) {
	var sum found
	lines, err := s.ledger.replies(b.entry)
	if err != nil {
		return sum, err
	}
	defer lines.close()
	j := judging{batcher: s, lines: lines, sum: &sum, complete: now.Status == "completed"}
	var group []numbered
	err = s.eachAsked(b.entry, func(number int64, a asked) error {
		if len(group) > 0 && (a.Person < group[len(group)-1].Person || a.Person >= group[0].Person+blockRows) {
			if err := j.group(ctx, group); err != nil {
				return err
			}
			group = group[:0]
		}
		group = append(group, numbered{a, number})
		return nil
	})
	if err == nil && len(group) > 0 {
		err = j.group(ctx, group)
	}
	return sum, err
}

// judging is the state of judging a batch.
type judging struct {
	*batcher
	lines    *replies
	sum      *found
	complete bool // the provider says that it has answered everything
	line     []byte

	written  []journal.Record // for the journal
	attempts []journal.Record // for the ledger
	bought   []bought
}

// group judges the answers about persons who stand close together. What was
// accepted is on disk before what was not.
func (j *judging) group(ctx context.Context, requests []numbered) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	first := requests[0].Person
	if err := j.judges.load(first, int(requests[len(requests)-1].Person-first)+1); err != nil {
		return err
	}
	j.written, j.attempts = j.written[:0], j.attempts[:0]
	j.bought = make([]bought, len(j.batcher.bought))
	aside := &runner{Enricher: j.Enricher, counts: j.newCounts()} // what is counted here is counted by looks
	for _, r := range requests {
		row := int(r.Person - first)
		p := person{runner: aside, block: j.judges, row: row, values: j.facts(j.judges.batch, row)}
		if err := j.request(&p, r); err != nil {
			return err
		}
	}
	if err := j.journal.Append(j.written...); err != nil {
		return err
	}
	if err := j.ledger.log.Append(j.attempts...); err != nil {
		return err
	}
	for i, b := range j.bought {
		j.batcher.bought[i].accepted += b.accepted
		j.batcher.bought[i].repaired += b.repaired
	}
	return nil
}

// request judges the answer to one request.
func (j *judging) request(p *person, r numbered) error {
	answer, err := j.read(r)
	tasks, tries, c, missErr := j.tasks(p, r)
	if missErr != nil {
		return missErr
	}
	text, fault, failed := outcome(answer, err)
	if failed != nil {
		return j.failed(tasks, tries, failed)
	}
	good, bad := p.sift(c, tasks, text, fault)
	inside := r.Person >= j.first && r.Person < j.first+j.count
	for _, g := range good {
		j.sum.accepted++
		j.written = append(j.written, journal.Record{Key: g.key, Value: g.record.bytes()})
		if n := &j.bought[g.field.number]; inside {
			n.accepted++
			if tries[g.key] > 1 {
				n.repaired++
			}
		}
	}
	for _, t := range bad {
		j.sum.refused++
		a := attempt{Run: j.ledger.head.Run, Tries: tries[t.key], Fault: t.fault}
		if a.Tries >= j.options.Tries {
			j.written = append(j.written, journal.Record{Key: t.key, Value: (&record{Source: c.model, Refused: t.fault}).bytes()})
		}
		j.attempts = append(j.attempts, ledgerRecord(t.key, a))
	}
	return nil
}

// read finds and pays for the answer to a request.
func (j *judging) read(r numbered) (endpoint.Answer, error) {
	line, err := j.lines.line(r.number, j.line)
	if err != nil {
		return endpoint.Answer{}, err
	}
	if line == nil {
		j.sum.unanswered++
		if j.complete { // it may have been paid for all the same
			j.unknown(r)
		}
		return endpoint.Answer{}, &endpoint.Error{Kind: endpoint.Unanswered, Message: "the provider's files do not have it"}
	}
	j.line = line
	answer, usage, err := j.client.ReadBatchLine(line)
	switch {
	case usage != nil:
		cost := j.client.InBatch().Cost(*usage)
		j.sum.actual.Money += cost.Money
		j.sum.actual.Tokens += cost.Tokens
		j.batcher.usage = addUsage(j.batcher.usage, *usage)
	case err == nil || endpoint.Charged(err):
		j.unknown(r)
	}
	if usage != nil || err == nil {
		j.sum.answers++
		j.batcher.calls++
	} else {
		j.sum.unanswered++
	}
	return answer, err
}

func (j *judging) unknown(r numbered) {
	j.sum.unknown.Money += r.Worst.Money
	j.sum.unknown.Tokens += r.Worst.Tokens
}

// tasks finds what a request asked for and is still missing.
func (j *judging) tasks(p *person, r numbered) (tasks []task, tries map[journal.Key]int, c *call, err error) {
	asked := map[string]int{}
	for _, t := range r.Tasks {
		asked[t.Key] = t.Try
	}
	for i := range p.calls {
		missing, err := p.missing(&p.calls[i])
		if err != nil {
			return nil, nil, nil, err
		}
		if p.calls[i].Name != r.Call {
			continue
		}
		c, tries = &p.calls[i], map[journal.Key]int{}
		for _, t := range missing {
			if try, ok := asked[shortKey(t.key)]; ok {
				tasks, tries[t.key] = append(tasks, t), try
			}
		}
		shown := c.shown(p.values)
		for k := range c.fields {
			delete(asked, shortKey(c.fields[k].key(shown, p.block.batch, p.row)))
		}
		break
	}
	j.sum.stale += int64(len(asked))
	return tasks, tries, c, nil
}

// failed notes that nothing came of a request.
func (j *judging) failed(tasks []task, tries map[journal.Key]int, failed error) error {
	switch endpoint.KindOf(failed) {
	case "":
		return failed // of the disk
	case endpoint.Unauthorised, endpoint.QuotaExhausted:
		j.ends = failed
	}
	for _, t := range tasks {
		a, err := j.ledger.attempt(t.key)
		if err != nil {
			return err
		}
		if a.Run != j.ledger.head.Run {
			a.Run, a.Errors = j.ledger.head.Run, 0
		}
		if a.Tries = tries[t.key] - 1; a.Tries == 0 {
			a.Fault = ""
		}
		a.Error = failed.Error()
		if a.Errors++; endpoint.KindOf(failed) == endpoint.BadRequest {
			a.Errors = mostErrors
		}
		j.attempts = append(j.attempts, ledgerRecord(t.key, a))
	}
	return nil
}
