// Package pipeline makes the rows of a population in parallel and passes them on
// in order. Each worker takes rows from its own source, tallies them for the
// checks and encodes them; the encoded parts are appended to the data files in
// the order of the rows. The bytes do not depend on the number of workers.
package pipeline

import (
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/columns"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
)

// Source gives one worker the rows of a population.
type Source interface {
	// Batch returns at most n persons, starting with person number first. It may
	// return fewer, but at least one. It may reuse its memory at the next call.
	Batch(first int64, n int) (*frame.Batch, error)
}

// Pipeline is a set of workers. Its tallies add up over several calls of Run.
type Pipeline struct {
	Columns  *columns.Files    // of the files
	Files    []dataset.Writer  // that Run appends rows to; none for a dry run
	Progress func(rows int64)  // called after each chunk with the number of rows done in this call of Run; may be nil
	suite    *check.Suite      // that the tallies are for
	tallies  []*check.Tally    // one per worker
	samplers []*report.Sampler // one per worker; nil when no persons are sampled
	sources  []Source          // one per worker

	chunkRows, batchRows int
}

// New returns a pipeline for rows of the plan, whose files have the columns of a set of
// its aliases. Workers below 1 means one per processor.
func New(p *plan.Plan, aliases string, suite *check.Suite, workers int, sources func(worker int) Source) *Pipeline {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	out := &Pipeline{suite: suite, Columns: columns.Of(p, aliases)}
	out.chunkRows, out.batchRows = Portions(p)
	for w := range workers {
		out.sources = append(out.sources, sources(w))
		out.tallies = append(out.tallies, suite.NewTally())
	}
	return out
}

// Sample makes the workers keep a few persons for the report.
func (p *Pipeline) Sample(of *plan.Plan, seed uint64) {
	for range p.tallies {
		p.samplers = append(p.samplers, report.NewSampler(of, seed))
	}
}

// Workers returns the number of workers.
func (p *Pipeline) Workers() int { return len(p.sources) }

// Findings returns what all workers have gathered together.
func (p *Pipeline) Findings() *Findings {
	s := &Findings{Tally: p.tallies[0]}
	for _, other := range p.tallies[1:] {
		s.Tally.Merge(other)
	}
	p.tallies = p.tallies[:1]
	if len(p.samplers) > 0 {
		s.Sampler = p.samplers[0]
		for _, other := range p.samplers[1:] {
			s.Sampler.Merge(other)
		}
		p.samplers = p.samplers[:1]
	}
	return s
}

// chunk is a run of consecutive rows on its way through a worker to the files.
type chunk struct {
	first int64
	rows  int
	parts []dataset.Part // one per file
	done  chan error
}

// Run sends count rows, starting with row first, through the pipeline.
func (p *Pipeline) Run(ctx context.Context, first, count int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	free := make(chan *chunk, len(p.sources)+1)
	for range cap(free) {
		c := &chunk{done: make(chan error, 1)}
		for _, f := range p.Files {
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
	go func() { // hand out the chunks
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
			continue // drain the rest
		}
		written += int64(c.rows)
		if p.Progress != nil {
			p.Progress(written)
		}
		free <- c
	}
	workers.Wait()
	return context.Cause(ctx)
}

// fill makes the rows of a chunk, tallies and encodes them.
func (p *Pipeline) fill(ctx context.Context, worker int, c *chunk) error {
	view := frame.New(p.Columns.Schema)
	for done := 0; done < c.rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := p.sources[worker].Batch(c.first+int64(done), min(p.batchRows, c.rows-done))
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
		p.Columns.Show(view, b)
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

// append appends the parts of a chunk to the files.
func (p *Pipeline) append(ctx context.Context, c *chunk) error {
	if ctx.Err() != nil {
		return nil // Run reports the cause
	}
	for i, f := range p.Files {
		if err := f.Append(c.parts[i]); err != nil {
			return err
		}
	}
	return nil
}
