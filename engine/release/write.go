package release

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

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
	var open []dataset.Writer
	defer func() {
		for _, w := range open {
			w.Abort()
		}
	}()
	if err := d.makeFolders(); err != nil {
		return err
	}
	create := func(f DataFile) (dataset.Writer, error) {
		w, err := dataset.Create(f.Format, filepath.Join(d.dir, f.Name), p.Columns.Schema, dataset.Options{Metadata: d.metadata(f), Version: o.Version})
		if err == nil {
			open = append(open, w)
		}
		return w, err
	}

	// Files with all rows stay open throughout; numbered files follow each other.
	var whole []dataset.Writer
	var numbered []DataFile
	for _, f := range d.files {
		if f.Rows < o.Population.Count {
			numbered = append(numbered, f)
			continue
		}
		w, err := create(f)
		if err != nil {
			return err
		}
		whole = append(whole, w)
	}
	if len(numbered) == 0 {
		numbered = []DataFile{{First: o.Population.First, Rows: o.Population.Count}} // a range without a file
	}
	for _, f := range numbered {
		p.Files = whole
		var part dataset.Writer
		if f.Name != "" {
			var err error
			if part, err = create(f); err != nil {
				return err
			}
			p.Files = append(slices.Clip(whole), part)
		}
		p.Progress = func(rows int64) { progress(f.First - o.Population.First + rows) }
		if err := p.Run(ctx, f.First, f.Rows); err != nil {
			return err
		}
		if part != nil {
			if err := part.Close(); err != nil {
				return err
			}
		}
	}
	for _, w := range whole {
		if err := w.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Check returns the result of the checks of the rows written.
func (d *Draft) Check() (*check.Result, error) {
	var err error
	if d.result, err = d.pipeline.Result(); err != nil {
		return nil, err
	}
	return d.result, d.suite.Close() // its temporary files are in the folder
}

// metadata returns what a Parquet file states about itself.
func (d *Draft) metadata(f DataFile) []dataset.KeyValue {
	o := &d.options
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
