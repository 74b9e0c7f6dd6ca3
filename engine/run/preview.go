package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/plan"
)

// PreviewResult has the first persons of a population that Run would make.
type PreviewResult struct {
	Plan     *plan.Plan
	Size     int64 // persons of the population
	Seed     uint64
	Sampling string
	Persons  *frame.Batch // with all columns of Plan.Schema, hidden ones too
}

// Preview makes the first n persons that Run would make, and writes nothing. Its
// texts are the narrator's. Errors are as with Run.
func Preview(ctx context.Context, cfg Config, n int) (*PreviewResult, error) {
	if n < 1 || n > generate.BatchRows {
		return nil, fmt.Errorf("%w: a preview shows 1 to %d persons, not %d", ErrUsage, generate.BatchRows, n)
	}
	r, err := allocated(ctx, cfg)
	if err != nil {
		return nil, err
	}
	b, err := r.source().Batch(r.persons.First, min(n, int(r.persons.Count)))
	if err != nil {
		return nil, err
	}
	return &PreviewResult{Plan: r.plan, Size: r.persons.Size, Seed: r.persons.Seed, Sampling: r.persons.Sampling, Persons: b}, nil
}

// allocated runs the stages that write nothing and send nothing.
func allocated(ctx context.Context, cfg Config) (*run, error) {
	r := &run{Config: cfg, ctx: ctx}
	for _, stage := range []func() error{r.compile, r.allocate} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := stage(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// WriteJSONL writes the persons as lines of JSON, with the bytes that they have
// in a release.
func (p *PreviewResult) WriteJSONL(w io.Writer) error {
	dir, err := os.MkdirTemp("", "personagen-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "persons.jsonl")
	err = writeFile(p.Plan, "jsonl", path, func(write func(*frame.Batch) error) error { return write(p.Persons) })
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// writeFile writes a small data file, as one chunk, with the visible columns of
// the batches that fill passes to write.
func writeFile(p *plan.Plan, format, path string, fill func(write func(*frame.Batch) error) error) error {
	var schema frame.Schema
	visible := p.Visible()
	for _, i := range visible {
		schema = append(schema, p.Fields[i].Column())
	}
	w, err := dataset.Create(format, path, schema, dataset.Options{})
	if err != nil {
		return err
	}
	defer w.Abort()
	part, view := w.NewPart(), frame.New(schema)
	err = fill(func(b *frame.Batch) error {
		view.First, view.N = b.First, b.N
		for i, column := range visible {
			view.Columns[i] = b.Columns[column]
		}
		return part.Write(view)
	})
	if err != nil {
		return err
	}
	if err := part.Finish(); err != nil {
		return err
	}
	if err := w.Append(part); err != nil {
		return err
	}
	return w.Close()
}
