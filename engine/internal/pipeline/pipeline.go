package run

import (
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/narrate"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
)

// source gives one worker the batches of a range of persons.
type source interface {
	// batch returns the persons from number first on, at most n of them; it
	// may reuse its memory at the next call.
	batch(first int64, n int) (*frame.Batch, error)
}

// generated makes the persons and writes their texts.
type generated struct {
	worker *generate.Worker
	writer *narrate.Worker // nil when the narrator has nothing to write
	reader *enrich.Reader  // nil when no model writes
}

// source returns a source of its own for one goroutine.
func (r *run) source() *generated {
	g := &generated{worker: r.generator.Worker()}
	if r.narrator != nil {
		g.writer = r.narrator.Worker()
	}
	if r.author != nil {
		g.reader = r.author.reader()
	}
	return g
}

func (g *generated) batch(first int64, n int) (*frame.Batch, error) {
	if g.writer != nil {
		if from := g.writer.From(first); from < first {
			before, err := g.worker.Batch(from, int(first-from))
			if err != nil {
				return nil, err
			}
			g.writer.Meet(before)
		}
	}
	b, err := g.worker.Batch(first, n)
	if err == nil && g.writer != nil {
		g.writer.Fill(b)
	}
	if err == nil && g.reader != nil {
		err = g.reader.Fill(b)
	}
	return b, err
}

// tallies are the tallies of all workers, and the persons each kept for the
// report.
type tallies struct {
	all      []*check.Tally
	samplers []*report.Sampler // nil when none are kept
}

// gallery merges the samplers and chooses the persons to show.
func (t *tallies) gallery() []report.Persona {
	if len(t.samplers) == 0 {
		return nil
	}
	for _, other := range t.samplers[1:] {
		t.samplers[0].Merge(other)
	}
	t.samplers = t.samplers[:1]
	return t.samplers[0].Gallery()
}

// result merges the tallies and draws the conclusions.
func (t *tallies) result(s *check.Suite) (*check.Result, error) {
	for _, other := range t.all[1:] {
		t.all[0].Merge(other)
	}
	t.all = t.all[:1]
	return s.Result(t.all[0])
}

// chunk is some consecutive rows on their way through a worker to the files.
type chunk struct {
	first int64
	rows  int
	parts []dataset.Part // one per file
	done  chan error
}

// pipeline sends chunks of rows through workers that fill, tally and encode
// them, and appends them to the files in the order of the rows. The files'
// bytes do not depend on the number of workers.
type pipeline struct {
	files     []dataset.Writer
	visible   []int
	schema    frame.Schema // of the visible columns
	chunkRows int
	batchRows int
	sources   []source
	tallies   []*check.Tally
	samplers  []*report.Sampler // per worker, nil for none
	progress  func(rows int64)
}

func newPipeline(p *plan.Plan, suite *check.Suite, workers int, sources func(worker int) source) *pipeline {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	chunk, batch := portions(p)
	pl := &pipeline{visible: p.Visible(), chunkRows: chunk, batchRows: batch}
	all := p.Schema()
	for _, i := range pl.visible {
		pl.schema = append(pl.schema, all[i])
	}
	for w := range workers {
		pl.sources = append(pl.sources, sources(w))
		pl.tallies = append(pl.tallies, suite.NewTally())
	}
	return pl
}

// run sends count rows from first on through the pipeline.
func (p *pipeline) run(ctx context.Context, first, count int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	free := make(chan *chunk, len(p.sources)+1)
	for range cap(free) {
		c := &chunk{done: make(chan error, 1)}
		for _, f := range p.files {
			c.parts = append(c.parts, f.NewPart())
		}
		free <- c
	}
	work := make(chan *chunk)
	ordered := make(chan *chunk, cap(free))

	var workers sync.WaitGroup
	for w := range p.sources {
		workers.Go(func() {
			for c := range work {
				c.done <- p.fill(ctx, w, c)
			}
		})
	}
	go func() { // deal the chunks out
		defer close(ordered)
		defer close(work)
		for at := first; at < first+count; at += int64(p.chunkRows) {
			select {
			case <-ctx.Done():
				return
			case c := <-free:
				c.first, c.rows = at, int(min(int64(p.chunkRows), first+count-at))
				ordered <- c
				work <- c
			}
		}
	}()
	written := int64(0)
	for c := range ordered {
		err := <-c.done
		if err == nil {
			err = p.append(ctx, c)
		}
		if err != nil {
			cancel(err)
			continue // let the rest drain
		}
		written += int64(c.rows)
		if p.progress != nil {
			p.progress(written)
		}
		free <- c
	}
	workers.Wait()
	return context.Cause(ctx)
}

// fill makes, tallies and encodes the rows of a chunk.
func (p *pipeline) fill(ctx context.Context, worker int, c *chunk) error {
	view := frame.New(p.schema)
	for done := 0; done < c.rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := p.sources[worker].batch(c.first+int64(done), min(p.batchRows, c.rows-done))
		if err != nil {
			return err
		}
		if b.N == 0 {
			return io.ErrUnexpectedEOF
		}
		p.tallies[worker].Add(b)
		if p.samplers != nil {
			p.samplers[worker].Add(b)
		}
		view.First, view.N = b.First, b.N
		for i, column := range p.visible {
			view.Columns[i] = b.Columns[column]
		}
		for _, part := range c.parts {
			if err := part.Write(view); err != nil {
				return err
			}
		}
		done += b.N
	}
	for _, part := range c.parts {
		if err := part.Finish(); err != nil {
			return err
		}
	}
	return nil
}

// append adds a chunk's parts to the files.
func (p *pipeline) append(ctx context.Context, c *chunk) error {
	if ctx.Err() != nil {
		return nil // the cause is reported once
	}
	for i, f := range p.files {
		if err := f.Append(c.parts[i]); err != nil {
			return err
		}
	}
	return nil
}
