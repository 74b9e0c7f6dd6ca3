package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
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
	all := o.parts()
	d.written = make([]File, len(d.files))
	for i, part := range all {
		p.Progress = func(rows int64) { progress(part.First - o.Population.First + rows) }
		files, err := o.writePart(ctx, p, part, d.dir)
		if err != nil {
			return err
		}
		for k, f := range files {
			d.written[k*len(all)+i] = f // as layout orders them
		}
	}
	return nil
}

// writePart writes the files of a part to their folders in dir. It returns their rows of
// the manifest, with the hashes of what should be on the disk.
func (o *Options) writePart(ctx context.Context, p *pipeline.Pipeline, part Part, dir string) ([]File, error) {
	p.Files = nil
	hashes := make([]counted, len(part.Files))
	defer func() {
		for _, w := range p.Files {
			w.Abort()
		}
	}()
	for i, f := range part.Files {
		hashes[i].Hash = sha256.New()
		options := dataset.Options{Metadata: o.metadata(f), Version: o.Version, Copy: &hashes[i]}
		w, err := dataset.Create(f.Format, filepath.Join(dir, filepath.FromSlash(f.Name)), p.Columns.Schema, options)
		if err != nil {
			return nil, err
		}
		p.Files = append(p.Files, w)
	}
	if err := p.Run(ctx, part.First, part.Rows); err != nil {
		return nil, err
	}
	files := make([]File, len(part.Files))
	for i, w := range p.Files {
		if err := w.Close(); err != nil {
			return nil, err
		}
		f := part.Files[i]
		files[i] = File{Name: f.Name, Bytes: hashes[i].bytes, Rows: f.Rows, SHA256: hex.EncodeToString(hashes[i].Sum(nil))}
	}
	return files, nil
}

// counted is a hash that counts its bytes.
type counted struct {
	hash.Hash
	bytes int64
}

func (c *counted) Write(p []byte) (int, error) {
	c.bytes += int64(len(p))
	return c.Hash.Write(p)
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
