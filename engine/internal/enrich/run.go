package enrich

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/endpoint"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/kind"
)

// Model answers requests, as endpoint.Client does. Width is how many it answers
// at once.
type Model interface {
	Do(ctx context.Context, req endpoint.Request) (endpoint.Answer, error)
	Width() int
}

// Source makes persons for one goroutine, as generate.Worker does: all columns
// except the texts are filled, and the next call may overwrite the batch.
type Source interface {
	Batch(first int64, n int) (*frame.Batch, error)
}

// blockRows is how many persons are made at a time. It is small, because memory
// holds enough blocks for every call in flight to have a person.
const blockRows = 128

// block is a batch of persons whose texts are being written.
type block struct {
	source Source
	batch  *frame.Batch
	whens  map[int]*kind.BoundSelector // by column, of conditional fields
	cases  map[int][]int32

	mu      sync.Mutex // guards checker
	checker *rules.Checker
	refuses []bool // by demand, whether a text must meet it

	open int // persons not yet done; guarded by runner.mu
}

// runner writes the texts of a range of persons.
type runner struct {
	*Enricher
	model    Model
	progress func(Counts)
	life     context.Context // of requests, which may end later than the run
	adopts   bool            // records of earlier versions are written under new keys

	mu     sync.Mutex
	counts Counts
	free   chan *block
}

// grace is how long requests in flight may take after a run is interrupted: they
// may have been paid for.
const grace = 20 * time.Second

// checkpoint is the number of persons between calls of progress.
const checkpoint = 1000

// Run writes the missing texts of count persons from first on, with as many calls
// at once as the model serves. It calls sources for the source of each block of
// persons. Progress, when set, receives the counts every thousand persons and at
// the end.
//
// After an error or the end of the context, no new request is made, but Run waits
// for requests in flight, after an interruption for some seconds, and keeps their
// answers.
//
// The error is one that ends the run: the context's, of the endpoint
// (*endpoint.Error), or of the journal. Accepted texts are in the journal in any
// case. Without an error, fields may still be unanswered, because the endpoint
// failed for them alone: see Counts.
func (e *Enricher) Run(ctx context.Context, m Model, sources func() Source, first, count int64, progress func(Counts)) (Counts, error) {
	width := max(1, m.Width())
	r := &runner{Enricher: e, model: m, progress: progress, counts: e.newCounts(), adopts: true}
	blocks := int(min(int64(2+2*width/blockRows), (count+blockRows-1)/blockRows))
	r.free = make(chan *block, max(1, blocks))
	for range blocks {
		r.free <- e.newBlock(sources())
	}
	calls, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	r.life = calls
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cut) })()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	persons := make(chan *person)
	var workers sync.WaitGroup
	for range int(min(int64(width), count)) {
		workers.Go(func() { r.work(ctx, cancel, persons) })
	}
	r.deal(ctx, cancel, persons, first, count)
	close(persons)
	workers.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if progress != nil && (r.counts.Persons%checkpoint != 0 || r.counts.Persons == 0) {
		progress(r.counts.clone())
	}
	return r.counts.clone(), context.Cause(ctx)
}

// work writes the texts of persons. After the end of ctx it only releases their
// blocks.
func (r *runner) work(ctx context.Context, cancel context.CancelCauseFunc, persons <-chan *person) {
	for p := range persons {
		if ctx.Err() == nil {
			err := p.write(ctx)
			r.done()
			if err == nil && p.fates != nil {
				err = r.options.Watch.Ended(p.block.batch, p.row, p.fates)
			}
			if err != nil {
				cancel(err)
			}
		}
		r.release(p.block)
	}
}

// deal makes the persons, block by block, and sends them to the workers.
func (r *runner) deal(ctx context.Context, cancel context.CancelCauseFunc, persons chan<- *person, first, count int64) {
	for at, n := first, int64(0); at < first+count; at += n {
		n = r.portion(at, first+count-at)
		if err := r.awaitWindow(ctx, at, first); err != nil {
			cancel(err)
			return
		}
		var b *block
		select {
		case <-ctx.Done():
			return
		case b = <-r.free:
		}
		if err := b.load(at, int(n)); err != nil {
			cancel(err)
			return
		}
		if w := r.options.Watch; w != nil {
			if err := w.Made(b.batch); err != nil {
				cancel(err)
				return
			}
		}
		for row := range b.batch.N {
			persons <- r.newPerson(b, row)
		}
	}
}

// portion returns how many of the remaining persons are made together from one on: those of
// a block, and of one window.
func (e *Enricher) portion(at, left int64) int64 {
	n := min(blockRows, left)
	if e.avoid != nil {
		n = min(n, e.windowEnd(at)-at)
	}
	return n
}

// awaitWindow waits, where a window begins, for the texts of all persons before it, and makes
// its lists of what to avoid.
func (r *runner) awaitWindow(ctx context.Context, at, first int64) error {
	window := r.window(at)
	if window == 0 || at != window && at != first {
		return nil
	}
	if known, err := r.windowKnown(window); err != nil || known {
		return err
	}
	var idle []*block
	defer func() {
		for _, b := range idle {
			r.free <- b
		}
	}()
	for len(idle) < cap(r.free) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case b := <-r.free:
			idle = append(idle, b)
		}
	}
	if ctx.Err() != nil { // the last person may have ended the run
		return context.Cause(ctx)
	}
	return r.openWindow(ctx, idle[0].source, window, first)
}

// done counts a person.
func (r *runner) done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Persons++
	if r.progress != nil && r.counts.Persons%checkpoint == 0 {
		r.progress(r.counts.clone())
	}
}

// release frees a block after its last person.
func (r *runner) release(b *block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.open--; b.open == 0 {
		r.free <- b
	}
}

func (r *runner) count(change func(*Counts)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.counts)
}

func (e *Enricher) newBlock(s Source) *block {
	b := &block{source: s, checker: e.rules.Checker(), whens: map[int]*kind.BoundSelector{}, cases: map[int][]int32{}}
	b.bind(e)
	return b
}

func (b *block) bind(e *Enricher) {
	for _, d := range e.rules.Demands {
		b.refuses = append(b.refuses, d.Severity == refusing)
	}
	for _, c := range e.calls {
		for _, f := range c.fields {
			if f.When != nil {
				b.whens[f.column] = f.When.Bind(e.env)
			}
		}
	}
}

var errFewer = errors.New("there are fewer persons than requested")

// refusing is the severity of demands that an answer must meet.
const refusing = "fail"

// load makes the persons of the block.
func (b *block) load(first int64, n int) (err error) {
	if b.batch, err = b.source.Batch(first, n); err != nil {
		return err
	}
	if b.batch.N == 0 {
		return errFewer
	}
	b.open = b.batch.N
	b.findCases()
	b.checker.Load(b.batch)
	return nil
}

// findCases finds which persons have which conditional field.
func (b *block) findCases() {
	for column, when := range b.whens {
		b.cases[column] = when.Cases(b.batch, b.cases[column])
	}
}

// applies reports whether the person in a row has the field.
func (b *block) applies(c *call, f *field, row int) bool {
	return b.holds(f.column, row) && (c.sample == nil || c.sample.Has(b.batch.First+int64(row)))
}

// holds reports whether the condition of a field that a call gives holds in a row.
func (b *block) holds(column, row int) bool {
	cases, conditional := b.cases[column]
	return !conditional || cases[row] == 1
}

// unread reports whether a text that a judging call reads is missing, so that the person
// in a row is not judged.
func (b *block) unread(c *call, values map[string]any, row int) bool {
	return slices.ContainsFunc(c.reads, func(r read) bool {
		switch text := values[r.name].(type) {
		case string:
			return text == "" && b.holds(r.column, row)
		case []string:
			return len(text) == 0 && b.holds(r.column, row)
		}
		return true
	})
}

// faults returns the demands that a text or list does not meet, "" if it meets all.
// Original is the text of which it is the translation, "" for none.
func (b *block) faults(f *field, row int, r *record, original string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []rules.Fault
	switch {
	case listed(f.Field):
		found = b.checker.List(f.column, row, r.Items)
	case f.Text.Of != "":
		found = b.checker.Translation(f.column, row, r.Text, original)
	default:
		found = b.checker.Text(f.column, row, r.Text)
	}
	var reasons []string
	for _, fault := range found {
		if b.refuses[fault.Demand] {
			reasons = append(reasons, fault.Reason)
		}
	}
	if advice := lengthAdvice(f, r); advice != "" && len(reasons) > 0 {
		reasons = append(reasons, advice)
	}
	return strings.Join(reasons, "; ")
}

// lengthAdvice says by how many words a text is too short or too long, "" if it is neither:
// models count words better than characters.
func lengthAdvice(f *field, r *record) string {
	chars, words := utf8.RuneCountInString(r.Text), len(strings.Fields(r.Text))
	limits := f.Text.Chars
	if f.Text.Items != nil || words < fewWords {
		return ""
	}
	more := (limits.Aim() - chars) * words / chars
	switch {
	case chars < limits.Min:
		return fmt.Sprintf("write the whole text again, with about %s more", humanize.Count(int64(max(more, 1)), "word", "words"))
	case chars > limits.Max:
		return fmt.Sprintf("write the whole text again, with about %s fewer", humanize.Count(int64(max(-more, 1)), "word", "words"))
	}
	return ""
}

// fewWords are too few to tell how long the words of a text are.
const fewWords = 5
