package release

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/internal/pipeline"
)

// Source gives one goroutine the rows of a population:
//
//	Batch(first int64, n int) (*frame.Batch, error)
//
// returns at most n persons, starting with person number first, with all columns
// of the plan. It may return fewer, but at least one, and may reuse its memory at
// the next call. A Reader is a Source.
type Source = pipeline.Source

// Write writes all rows into the data files and tallies them for the checks. It
// calls sources once per goroutine. Progress is called with the number of rows written.
func (d *Draft) Write(ctx context.Context, sources func(worker int) Source, progress func(rows int64)) error {
	o := &d.options
	p := pipeline.New(o.Plan, o.Aliases, d.suite, o.Workers, sources)
	p.Sample(o.Plan, o.Population.Seed)
	d.pipeline = p
	if err := d.makeFolders(); err != nil {
		return err
	}
	for _, part := range o.parts() {
		p.Progress = func(rows int64) { progress(part.First - o.Population.First + rows) }
		if err := o.writePart(ctx, p, part, d.dir, nil); err != nil {
			return err
		}
	}
	return nil
}

// writePart writes the files of a part to their folders in dir. With hash, each file is
// also passed to what hash returns.
func (o *Options) writePart(ctx context.Context, p *pipeline.Pipeline, part Part, dir string, hash func(file int) io.Writer) error {
	p.Files = nil
	defer func() {
		for _, w := range p.Files {
			w.Abort()
		}
	}()
	for i, f := range part.Files {
		options := dataset.Options{Metadata: o.metadata(f), Version: o.Version}
		if hash != nil {
			options.Copy = hash(i)
		}
		w, err := dataset.Create(f.Format, filepath.Join(dir, filepath.FromSlash(f.Name)), p.Columns.Schema, options)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, w)
	}
	if err := p.Run(ctx, part.First, part.Rows); err != nil {
		return err
	}
	for _, w := range p.Files {
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Check returns the result of the checks of the rows written.
func (d *Draft) Check() (*check.Result, error) {
	var err error
	if d.result, err = d.suite.Result(d.pipeline.Findings().Tally); err != nil {
		return nil, err
	}
	return d.result, d.suite.Close() // its temporary files are in the folder
}

// metadata returns what a Parquet file states about itself.
func (o *Options) metadata(f DataFile) []dataset.KeyValue {
	sources, _ := json.Marshal(o.Plan.Sources)
	return []dataset.KeyValue{
		{Key: "personagen.name", Value: o.Plan.Name},
		{Key: "personagen.plan", Value: o.Plan.Hash},
		{Key: "personagen.structure", Value: o.Plan.Structure},
		{Key: "personagen.seed", Value: fmt.Sprint(o.Population.Seed)},
		{Key: "personagen.size", Value: fmt.Sprint(o.Population.Size)},
		{Key: "personagen.sampling", Value: o.Population.Sampling},
		{Key: "personagen.first", Value: fmt.Sprint(f.First)},
		{Key: "personagen.sources", Value: string(sources)},
		{Key: "personagen.aliases", Value: o.Aliases},
	}
}
