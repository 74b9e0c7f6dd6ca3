package enrich

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/personagen/personagen/engine/endpoint"
)

// BatchOptions say how a run in batches goes.
type BatchOptions struct {
	// Dir is the folder of the ledger of batches and of their files.
	Dir string
	// Ready is called before the first new request is written, to find out how
	// the endpoint answers; nil when that is known.
	Ready func(context.Context) error
	// Currency is that of the prices, for the notes; "" when there is none.
	Currency string
	// Note, when set, hears in a line what happens.
	Note func(string)
	// Progress, when set, hears how far the texts are.
	Progress func(Counts)
}

// AtProvider is what a run in batches leaves at the provider when it ends early.
type AtProvider struct {
	Batches  int
	Requests int64
	Worst    endpoint.Cost
}

// batcher writes the texts of a range of persons in batches: it looks at all of
// them for what can be asked now, sends that off in files, waits, judges the
// answers, and looks again. Calls that read other calls' texts, repairs, and
// what a provider failed to answer are all found by looking again.
type batcher struct {
	*runner
	BatchOptions
	client *endpoint.Client
	ledger *ledger
	block  *block // for looking
	judges *block // for judging

	first, count int64
	out          marks // a request is out
	told         marks // the watch has heard how the texts of the person ended
	looked       bool  // at everybody, once
	open         []*outstanding
	file         *batchFile // being written
	line         []byte

	most     int      // batches at once that the provider takes; 0 for not known
	requests int64    // most requests of a file
	cut      error    // why the last look was not over everybody; nil when it was
	bought   []bought // by field, in this run
	before   []bought // of these, before the last look
	calls    int64
	usage    endpoint.Usage
	ends     error // after which nothing more is sent
	probed   bool
}

// outstanding is a batch at the provider.
type outstanding struct {
	entry
	hold *endpoint.Reservation
	told string // how far it was
}

// bought counts accepted texts of a field in this run.
type bought struct{ accepted, repaired int64 }

// ErrOtherBatches is the error of a run that finds batches in its ledger that are
// about other persons, for another model or at another endpoint.
var ErrOtherBatches = errors.New("batches of another run wait to be collected")

// mostErrors is how often a request of which nothing came is sent in one run.
const mostErrors = 3

// mostFailures is how many looks at batches may fail in a row.
const mostFailures = 5

// RunBatches does what Run does by way of an endpoint that takes files of
// requests, in as many rounds as calls and repairs need. Batches that an
// earlier run has left at the provider are collected, whatever it was that
// ended that run. When the context ends, batches go on at the provider, and the
// next run collects them.
//
// The error is like that of Run. A batch that the provider refuses, and one that
// it does not know, end the run. ErrOtherBatches comes before anything is sent.
func (e *Enricher) RunBatches(ctx context.Context, c *endpoint.Client, o BatchOptions, sources func() Source, first, count int64) (Counts, AtProvider, error) {
	l, err := openLedger(o.Dir)
	if err != nil {
		return e.newCounts(), AtProvider{}, err
	}
	defer l.close()
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })()
	s := &batcher{
		runner: &runner{Enricher: e, counts: e.newCounts(), life: calls}, BatchOptions: o, client: c, ledger: l,
		block: e.newBlock(sources()), judges: e.newBlock(sources()), first: first, count: count,
		out: newMarks(count), told: newMarks(count), requests: int64(c.Batches().Requests),
	}
	s.bought = make([]bought, len(s.counts.Fields))
	s.before = slices.Clone(s.bought)
	if err = s.run(ctx); ctx.Err() != nil && endpoint.KindOf(err) == endpoint.Cancelled {
		err = context.Cause(ctx)
	}
	s.abandon()
	var left AtProvider
	for _, b := range s.open {
		left.Batches++
		left.Requests += b.Requests
		left.Worst.Money += b.Worst.Money
		left.Worst.Tokens += b.Worst.Tokens
	}
	return s.tally(), left, err
}

func (s *batcher) run(ctx context.Context) error {
	if err := s.recover(); err != nil {
		return err
	}
	for {
		if err := s.look(ctx); err != nil {
			return err
		}
		if len(s.open) == 0 {
			return s.cut
		}
		if err := s.wait(ctx); err != nil {
			return err
		}
		if s.ends != nil {
			return s.ends
		}
	}
}

// tally is the outcome of the last look together with what this run bought.
func (s *batcher) tally() Counts {
	c := s.counts.clone()
	for i, b := range s.bought {
		f, known := &c.Fields[i], s.before[i].accepted
		f.Accepted, f.Repaired = b.accepted, b.repaired
		f.Cached = max(0, f.Cached-known)
		f.Unanswered = max(0, f.Unanswered-(b.accepted-known))
	}
	c.Calls, c.Usage = s.calls, s.usage
	return c
}

func (s *batcher) tell(format string, args ...any) {
	if s.Note != nil {
		s.Note(fmt.Sprintf(format, args...))
	}
}

// recover finds what earlier runs have left.
func (s *batcher) recover() error {
	entries, err := s.ledger.open()
	if err != nil {
		return err
	}
	if err := s.ledger.tidy(entries); err != nil {
		return err
	}
	for _, e := range entries {
		if e.State == sending { // at most a file is there, which costs nothing
			if err := s.forget(e); err != nil {
				return err
			}
			continue
		}
		if e.BaseURL != s.client.BaseURL() || e.Model != s.model() || e.Population != s.options.Population {
			return fmt.Errorf("%w: for model %s at %s, perhaps about other persons; run that again first, or give its answers up by removing the folder %s", ErrOtherBatches, e.Model, e.BaseURL, s.ledger.dir)
		}
		if e.State == creating {
			b, err := s.client.LostBatch(s.life, e.File, e.Name)
			if err != nil {
				return err
			}
			if b == nil {
				if err := s.forget(e); err != nil {
					return err
				}
				continue
			}
			e.State, e.ID = submitted, b.ID
			if err := s.ledger.save(e); err != nil {
				return err
			}
		}
		if err := s.resume(e); err != nil {
			return err
		}
	}
	return nil
}

// forget closes an entry of which no batch came.
func (s *batcher) forget(e entry) error {
	e.State = closed
	return errors.Join(s.ledger.save(e), s.ledger.drop(e.Number))
}

// resume takes up a batch of an earlier run.
func (s *batcher) resume(e entry) error {
	s.tell("batch %d (%s) of an earlier run, with %d requests, is at the provider", e.Number, e.ID, e.Requests)
	s.open = append(s.open, &outstanding{entry: e, hold: s.client.Budget().ReserveSent(e.Worst)})
	return s.markAll(e, true)
}

// markAll notes whether the requests of a batch are out. A person has one
// request out at most.
func (s *batcher) markAll(e entry, out bool) error {
	return s.eachAsked(e, func(_ int64, a asked) error {
		s.mark(a.Person, out)
		return nil
	})
}

// model is the one that all calls name; it is only told.
func (s *batcher) model() string { return s.Enricher.calls[0].model }

// marks is a set of persons, counted from the first of the run.
type marks []uint64

func newMarks(n int64) marks { return make(marks, (n+63)/64) }

func (m marks) has(i int64) bool { return m[i/64]&(1<<(i%64)) != 0 }

func (m marks) set(i int64, on bool) {
	if on {
		m[i/64] |= 1 << (i % 64)
	} else {
		m[i/64] &^= 1 << (i % 64)
	}
}

// mark notes whether a request about a person is out; batches of earlier runs
// may be about others than this one.
func (s *batcher) mark(person int64, out bool) {
	if i := person - s.first; i >= 0 && i < s.count {
		s.out.set(i, out)
	}
}

// look goes over all persons, counts, and sends off what can be asked.
func (s *batcher) look(ctx context.Context) error {
	s.counts, s.cut, s.before = s.newCounts(), nil, slices.Clone(s.bought)
	for at := s.first; at < s.first+s.count; at += blockRows {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.block.load(at, int(min(blockRows, s.first+s.count-at))); err != nil {
			return err
		}
		if s.options.Watch != nil && !s.looked {
			if err := s.options.Watch.Made(s.block.batch); err != nil {
				return err
			}
		}
		for row := range s.block.batch.N {
			p := person{runner: s.runner, block: s.block, row: row, values: s.facts(s.block.batch, row)}
			if s.options.Watch != nil {
				p.fates = make([]Fate, len(s.counts.Fields))
			}
			if err := s.consider(ctx, &p); err != nil {
				return err
			}
		}
	}
	s.looked = true
	if err := s.send(ctx); err != nil {
		return err
	}
	if s.Progress != nil {
		s.Progress(s.tally())
	}
	return nil
}

// consider asks for what a person misses, if nothing is out and there is room.
func (s *batcher) consider(ctx context.Context, p *person) error {
	number := p.block.batch.First + int64(p.row)
	for i := range p.calls {
		c := &p.calls[i]
		missing, err := p.missing(c)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			continue
		}
		if s.out.has(number - s.first) {
			p.leave(missing, i+1, nil)
			return nil
		}
		tasks, tries, err := s.due(p, missing)
		var gone *gaveUp
		if errors.As(err, &gone) {
			p.leave(tasks, i+1, gone)
			return s.ended(p)
		}
		if err != nil {
			return err
		}
		if len(tasks) == 0 {
			continue
		}
		if s.cut == nil {
			if s.cut, err = s.ask(ctx, p, c, tasks, tries); err != nil {
				return err
			}
		}
		p.leave(tasks, i+1, nil)
		return nil
	}
	return s.ended(p)
}

// ended counts a person about whom nothing more is asked.
func (s *batcher) ended(p *person) error {
	s.counts.Persons++
	i := p.block.batch.First + int64(p.row) - s.first
	if p.fates == nil || s.told.has(i) {
		return nil
	}
	s.told.set(i, true)
	return s.options.Watch.Ended(p.block.batch, p.row, p.fates)
}

// gaveUp is the reason why a person is not asked about again in this run.
type gaveUp struct{ reason string }

func (g *gaveUp) Error() string { return g.reason }

// due takes from the tasks of a person what this run has quarantined again, and
// gives the others the faults of their last answers and the numbers of their
// next tries. The error is of type *gaveUp when nothing comes of the requests.
func (s *batcher) due(p *person, missing []task) (tasks []task, tries []int, err error) {
	var gone *gaveUp
	for _, t := range missing {
		a, err := s.ledger.attempt(t.key)
		if err != nil {
			return nil, nil, err
		}
		if a.Tries >= s.options.Tries {
			if a.Run == s.ledger.head.Run {
				p.fate(t.field, Bad)
				p.count(func(n *Counts) { n.Fields[t.field.number].Quarantined++ })
				continue
			}
			a = attempt{} // asked for again, from the beginning
		}
		if a.Run == s.ledger.head.Run && a.Errors >= mostErrors {
			gone = &gaveUp{a.Error}
		}
		t.fault = a.Fault
		tasks, tries = append(tasks, t), append(tries, a.Tries+1)
	}
	if gone != nil {
		return tasks, nil, gone
	}
	return tasks, tries, nil
}

var errFull = errors.New("the provider has as much as it takes")

// ask writes a request. A reason for not doing so, that will pass, is returned
// as cut.
func (s *batcher) ask(ctx context.Context, p *person, c *call, tasks []task, tries []int) (cut, err error) {
	req, err := p.request(c, tasks)
	if err != nil {
		return nil, err
	}
	worst := s.client.InBatch().Worst(req)
	if cut, err := s.ready(ctx, worst); cut != nil || err != nil {
		return cut, err
	}
	limits := s.client.Batches()
	for {
		if s.file == nil {
			if s.most > 0 && len(s.open) >= s.most {
				return errFull, nil
			}
			if !s.client.Budget().Fits(worst) {
				return s.client.Budget().Refuse(worst), nil
			}
			if err := s.begin(); err != nil {
				return nil, err
			}
		}
		number := p.block.batch.First + int64(p.row)
		if s.line, worst, err = s.client.AppendBatchLine(s.line[:0], requestID(s.file.entry.Requests, number), req); err != nil {
			return nil, err
		}
		full := s.file.entry.Requests >= s.requests || limits.Bytes > 0 && s.file.bytes+int64(len(s.line)) > limits.Bytes
		if full && s.file.entry.Requests > 0 {
			if err := s.send(ctx); err != nil {
				return nil, err
			}
			continue
		}
		if full {
			return nil, fmt.Errorf("a request of %d bytes is more than the provider takes", len(s.line))
		}
		if !s.file.hold.Grow(worst) {
			s.tell("the budget has room for the worst case of %d requests more; a larger one makes fewer rounds", s.file.entry.Requests)
			return s.client.Budget().Refuse(worst), nil
		}
		a := asked{Person: number, Call: c.Name, Worst: worst}
		for i, t := range tasks {
			a.Tasks = append(a.Tasks, askedTask{shortKey(t.key), tries[i]})
		}
		s.mark(number, true)
		return nil, s.file.add(s.line, a)
	}
}

// ready finds out how the endpoint answers before the first request is written.
// While batches are out whose worst case leaves no room for that, it waits.
func (s *batcher) ready(ctx context.Context, worst endpoint.Cost) (cut, err error) {
	if s.probed || s.Ready == nil {
		return nil, nil
	}
	if probe := s.client.ProbeWorst(s.Schemas()...); len(s.open) > 0 && !s.client.Budget().Fits(probe) {
		return s.client.Budget().Refuse(probe), nil
	}
	s.probed = true
	return nil, s.Ready(ctx)
}

// begin opens a new file of requests.
func (s *batcher) begin() (err error) {
	e := s.ledger.next()
	e.BaseURL, e.Model, e.Population = s.client.BaseURL(), s.model(), s.options.Population
	s.file, err = newBatchFile(s.ledger, e, s.client.Budget().NewReservation())
	return err
}

// send closes the file that is being written and makes a batch of it. The
// ledger is a step ahead of every request from which on something may be owed.
func (s *batcher) send(ctx context.Context) error {
	f := s.file
	if f == nil {
		return nil
	}
	if err := f.close(); err != nil {
		return err
	}
	s.file = nil
	e := f.entry
	fail := func(err error) error {
		f.hold.Settle(endpoint.Cost{})
		return errors.Join(err, s.forget(e))
	}
	if e.Requests == 0 {
		f.hold.Settle(endpoint.Cost{})
		return s.ledger.drop(e.Number)
	}
	e.State = sending
	if err := s.ledger.save(e); err != nil {
		return err
	}
	var err error
	if e.File, err = s.client.UploadBatch(ctx, s.ledger.input(e.Number), e.Name); err != nil {
		return fail(err)
	}
	e.State = creating
	if err := s.ledger.save(e); err != nil {
		return err
	}
	b, err := s.client.MakeBatch(s.life, e.File, e.Name)
	if err != nil && !endpoint.Charged(err) {
		return fail(err)
	} else if err != nil {
		return err // the next run finds out
	}
	e.State, e.ID = submitted, b.ID
	if err := s.ledger.save(e); err != nil {
		return err
	}
	s.open = append(s.open, &outstanding{entry: e, hold: f.hold})
	s.tell("batch %d (%s): %d requests sent, which cost at most %s", e.Number, e.ID, e.Requests, e.Worst.Money.In(s.Currency))
	return nil
}

// abandon removes a file that was not finished.
func (s *batcher) abandon() {
	if s.file != nil {
		s.file.close()
		s.file.hold.Settle(endpoint.Cost{})
		s.ledger.drop(s.file.entry.Number)
		s.file = nil
	}
}

// wait looks at the batches, less and less often, until all have ended and are
// collected; or one is, where something waits for the room it took.
func (s *batcher) wait(ctx context.Context) error {
	limits := s.client.Batches()
	pause, failures := limits.Poll, 0
	for len(s.open) > 0 {
		ended := false
		for _, b := range slices.Clone(s.open) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			now, err := s.client.Batch(ctx, b.ID)
			switch {
			case err == nil:
				failures = 0
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case !passes(err) || failures+1 >= mostFailures:
				return fmt.Errorf("batch %s: %w%s", b.ID, err, s.advice(err))
			default:
				failures++
				continue
			}
			if now.Ended {
				ended = true
				if err := s.collect(ctx, b, now); err != nil {
					return err
				}
			} else if told := fmt.Sprint(now.Status, now.Done); told != b.told {
				b.told = told
				s.tell("batch %d (%s): %s, %d of %d done", b.Number, b.ID, now.Status, now.Done, b.Requests)
			}
		}
		if ended && (s.cut != nil || s.ends != nil) || len(s.open) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
		pause = min(pause*3/2, limits.MaxPoll)
	}
	return nil
}

// advice says what to do when a batch is not known to the endpoint.
func (s *batcher) advice(err error) string {
	if e, ok := errors.AsType[*endpoint.Error](err); ok && e.Status == 404 {
		return fmt.Sprintf("; use the account that it was sent from, or give its answers up by removing the folder %s", s.ledger.dir)
	}
	return ""
}

// passes reports whether an error may be gone at the next look.
func passes(err error) bool {
	switch endpoint.KindOf(err) {
	case endpoint.RateLimited, endpoint.Overloaded, endpoint.Timeout, endpoint.Disconnected, endpoint.Unreadable:
		return true
	}
	return false
}

// collect brings the answers of a batch that has ended into the journal. It may
// be broken off and done again.
func (s *batcher) collect(ctx context.Context, b *outstanding, now endpoint.Batch) error {
	if now.Failed {
		return s.refused(b, now)
	}
	for _, f := range []struct{ id, path string }{{now.Output, s.ledger.output(b.Number)}, {now.Errors, s.ledger.errors(b.Number)}} {
		if f.id == "" {
			continue
		}
		if _, err := os.Stat(f.path); err == nil {
			continue // an earlier run has it
		}
		if err := s.client.Download(ctx, f.id, f.path); err != nil {
			return fmt.Errorf("the answers of batch %s: %w%s", b.ID, err, s.advice(err))
		}
	}
	found, err := s.judge(ctx, b, now)
	if err != nil {
		return err
	}
	b.hold.SettlePartly(found.actual, found.unknown)
	s.tell("batch %d (%s) %s: %d answers, %d texts accepted, %d refused, %d requests without an answer; cost %s",
		b.Number, b.ID, now.Status, found.answers, found.accepted, found.refused, found.unanswered, (found.actual.Money + found.unknown.Money).In(s.Currency))
	if found.stale > 0 {
		if err := s.ledger.keep(b.Number); err != nil {
			return err
		}
		s.tell("batch %d: %d texts are what the spec no longer asks for; the answers are kept in %s", b.Number, found.stale, s.ledger.stale(b.Number))
	}
	return s.remove(b)
}

// remove takes a batch that is dealt with off the list and sets its persons
// free.
func (s *batcher) remove(b *outstanding) error {
	if err := s.markAll(b.entry, false); err != nil {
		return err
	}
	s.open = slices.DeleteFunc(s.open, func(o *outstanding) bool { return o == b })
	return s.forget(b.entry)
}

// refused deals with a batch of which nothing was answered because its file was
// not taken.
func (s *batcher) refused(b *outstanding, now endpoint.Batch) error {
	b.hold.Settle(endpoint.Cost{})
	if err := s.remove(b); err != nil {
		return err
	}
	others := len(s.open)
	switch {
	case now.Full && others > 0:
		s.most, s.cut = others, errFull
		s.tell("batch %d (%s): %s; going on with at most %d at once", b.Number, b.ID, now.Reason, others)
	case now.Full && b.Requests > 1:
		s.requests = b.Requests / 2
		s.tell("batch %d (%s): %s; going on with files of %d requests", b.Number, b.ID, now.Reason, s.requests)
	default:
		s.ends = &endpoint.Error{Kind: endpoint.BadRequest, Message: fmt.Sprintf("the provider did not take batch %s: %s", b.ID, now.Reason)}
	}
	return nil
}
