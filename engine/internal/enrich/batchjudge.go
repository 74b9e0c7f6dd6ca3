package enrich

import (
	"context"
	"errors"
	"slices"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/journal"
)

// batchSum sums up the answers of a batch.
type batchSum struct {
	answers, unanswered      int64 // requests
	misreported              int64 // answers with numbers of tokens that cannot be
	accepted, refused, stale int64 // texts
	actual, unknown          endpoint.Cost
}

// numbered is a request of a batch with its number.
type numbered struct {
	indexLine
	number int64
}

// judge checks the answers of a batch, person by person in the order of the
// index, whatever the order of the answers.
func (s *batcher) judge(ctx context.Context, b *openBatch, now endpoint.Batch) (batchSum, error) {
	var sum batchSum
	lines, err := s.ledger.replies(b.entry)
	if err != nil {
		return sum, err
	}
	defer lines.close()
	j := judging{batcher: s, client: s.clientOf(b.Model), lines: lines, sum: &sum, complete: now.Status == "completed"}
	var group []numbered
	err = s.ledger.eachAsked(b.entry, func(number int64, a indexLine) error {
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
	client   *endpoint.Client // of the batch
	lines    *replies
	sum      *batchSum
	complete bool // the provider reports every request as answered
	line     []byte

	written  []journal.Record // for the journal
	attempts []journal.Record // for the ledger
	bought   []bought
}

// group judges the answers about persons of one block. Accepted texts are on disk
// before the attempts that failed.
func (j *judging) group(ctx context.Context, requests []numbered) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	first := requests[0].Person
	if err := j.judgeBlock.load(first, int(requests[len(requests)-1].Person-first)+1); err != nil {
		return err
	}
	j.written, j.attempts = j.written[:0], j.attempts[:0]
	j.bought = make([]bought, len(j.batcher.bought))
	scratch := &runner{Enricher: j.Enricher, counts: j.newCounts()} // scans count, not this
	for _, r := range requests {
		if err := j.request(ctx, scratch.newPerson(j.judgeBlock, int(r.Person-first)), r); err != nil {
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
func (j *judging) request(ctx context.Context, p *person, r numbered) error {
	answer, err := j.read(r)
	tasks, tries, c, missErr := j.tasks(p, r)
	if missErr != nil {
		return missErr
	}
	text, fault, failed := answerText(answer, err)
	if failed != nil {
		return j.failed(tasks, tries, failed)
	}
	if c == nil {
		return nil // the spec no longer has the call
	}
	req, err := j.asked(ctx, p, c, tasks)
	if err != nil {
		return err
	}
	good, bad := p.checkAnswer(c, req, tasks, text, fault)
	inRange := r.Person >= j.first && r.Person < j.first+j.count
	for _, g := range good {
		j.sum.accepted++
		j.written = append(j.written, journal.Record{Key: g.key, Value: g.record.bytes()})
		if n := &j.bought[g.field.number]; inRange {
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
			j.written = append(j.written, journal.Record{Key: t.key, Value: (&record{Source: p.variant(c, r.Person).model, Refused: t.fault}).bytes()})
		}
		j.attempts = append(j.attempts, ledgerRecord(t.key, a))
	}
	return nil
}

// asked returns the request that was sent for tasks, with what was wrong with the
// answers before.
func (j *judging) asked(ctx context.Context, p *person, c *call, tasks []task) (endpoint.Request, error) {
	sent := slices.Clone(tasks)
	for i := range sent {
		a, err := j.ledger.attempt(sent[i].key)
		if err != nil {
			return endpoint.Request{}, err
		}
		sent[i].fault = a.Fault
	}
	if len(sent) == 0 {
		return endpoint.Request{}, nil
	}
	return p.request(ctx, c, sent)
}

// read finds the answer to a request and accounts for its cost.
func (j *judging) read(r numbered) (endpoint.Answer, error) {
	line, err := j.lines.line(r.number, j.line)
	if err != nil {
		return endpoint.Answer{}, err
	}
	if line == nil {
		j.sum.unanswered++
		if j.complete { // it may have been paid for nevertheless
			j.addUnknown(r)
		}
		return endpoint.Answer{}, &endpoint.Error{Kind: endpoint.Unanswered, Message: "the provider's files do not have it"}
	}
	j.line = line
	answer, usage, err := j.client.ReadBatchLine(line)
	text := answer.Text
	if failed, ok := errors.AsType[*endpoint.Error](err); ok && failed.Answer != nil {
		text = failed.Answer.Text
	}
	if usage != nil && !endpoint.Believable(*usage, r.Least, text, r.Worst.Tokens-int64(r.MaxTokens), r.MaxTokens) {
		j.sum.misreported++
		j.sum.answers++
		j.batcher.calls++
		j.addUnknown(r)
		return answer, err
	}
	switch {
	case usage != nil:
		cost := j.client.InBatch().Cost(*usage)
		j.sum.actual.Money += cost.Money
		j.sum.actual.Tokens += cost.Tokens
		j.batcher.usage = addUsage(j.batcher.usage, *usage)
	case err == nil || endpoint.Charged(err):
		j.addUnknown(r)
	}
	if usage != nil || err == nil {
		j.sum.answers++
		j.batcher.calls++
	} else {
		j.sum.unanswered++
	}
	return answer, err
}

func (j *judging) addUnknown(r numbered) {
	j.sum.unknown.Money += r.Worst.Money
	j.sum.unknown.Tokens += r.Worst.Tokens
}

// tasks returns what a request asked for and is still missing, and counts what
// the spec no longer asks for.
func (j *judging) tasks(p *person, r numbered) (tasks []task, tries map[journal.Key]int, c *call, err error) {
	asked := map[string]int{}
	for _, t := range r.Tasks {
		asked[t.Key] = t.Try
	}
	for i := range p.calls {
		missing, err := p.missing(&p.calls[i]) // of earlier calls too: it adds their texts to p.values
		if err != nil {
			return nil, nil, nil, err
		}
		if p.calls[i].Name != r.Call {
			continue
		}
		c, tries = &p.calls[i], map[journal.Key]int{}
		a, _, err := p.asks(c, r.Person, p.values)
		if err != nil {
			return nil, nil, nil, err
		}
		keys := func(f *field) []journal.Key { // also those under which an earlier version asked
			to := a.to(f, p.values)
			return append(f.formerKeys(to, p.block.batch, p.row), f.key(to, p.block.batch, p.row))
		}
		for _, t := range missing {
			for _, key := range keys(t.field) {
				if try, ok := asked[shortKey(key)]; ok {
					tasks, tries[t.key] = append(tasks, t), try
					break
				}
			}
		}
		for k := range c.fields {
			for _, key := range keys(&c.fields[k]) {
				delete(asked, shortKey(key))
			}
		}
		break
	}
	j.sum.stale += int64(len(asked))
	return tasks, tries, c, nil
}

// failed records that a request got no answer.
func (j *judging) failed(tasks []task, tries map[journal.Key]int, failed error) error {
	switch endpoint.KindOf(failed) {
	case "":
		return failed // of the disk
	case endpoint.Unauthorised, endpoint.QuotaExhausted:
		j.fatal = failed
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
			a.Errors = maxErrors
		}
		j.attempts = append(j.attempts, ledgerRecord(t.key, a))
	}
	return nil
}
