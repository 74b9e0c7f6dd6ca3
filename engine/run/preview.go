package run

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/plan"
)

// Sketch is a population that could be made: who, and the first of them.
type Sketch struct {
	Plan     *plan.Plan
	Size     int64 // persons in all
	Seed     uint64
	Sampling string
	Persons  *frame.Batch // all columns of Plan.Schema
}

// Preview makes the first n persons that Run would make, and writes nothing.
// Errors are as with Run.
func Preview(ctx context.Context, cfg Config, n int) (*Sketch, error) {
	if n < 1 || n > generate.BatchRows {
		return nil, fmt.Errorf("%w: a preview shows 1 to %d persons, not %d", ErrUsage, generate.BatchRows, n)
	}
	r, err := ready(ctx, cfg)
	if err != nil {
		return nil, err
	}
	b, err := r.source().batch(r.persons.First, min(n, int(r.persons.Count)))
	if err != nil {
		return nil, err
	}
	return &Sketch{Plan: r.plan, Size: r.persons.Size, Seed: r.persons.Seed, Sampling: r.persons.Sampling, Persons: b}, nil
}

// Forecast says what a run would write.
type Forecast struct {
	Plan *plan.Plan `json:"-"`
	// Bundle is the bundle of the plan with all texts, for this population.
	Bundle   *bundle.Bundle `json:"-"`
	Size     int64          `json:"size"`
	Seed     uint64         `json:"seed"`
	Sampling string         `json:"sampling"`
	First    int64          `json:"first"`
	Rows     int64          `json:"rows"`
	Files    []ForecastFile `json:"files"`
	// Exceptions are cells that the allocation leaves more than a person off.
	Exceptions []check.Exception `json:"exceptions"`
	// Texts is what a model has still to write, nil when none writes.
	Texts *TextForecast `json:"texts,omitempty"`
}

// ForecastFile is a data file as it may be expected.
type ForecastFile struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"` // judged by the first rows
}

// Foresee compiles and allocates what Run would, and tells what would be
// written. Errors are as with Run.
func Foresee(ctx context.Context, cfg Config) (*Forecast, error) {
	r, err := ready(ctx, cfg)
	if err != nil {
		return nil, err
	}
	laid, err := r.lay()
	if err != nil {
		return nil, err
	}
	f := &Forecast{
		Plan: r.plan, Bundle: r.sealed(), Size: r.persons.Size, Seed: r.persons.Seed, Sampling: r.persons.Sampling,
		First: r.persons.First, Rows: r.persons.Count, Exceptions: r.allocated.exceptions,
	}
	if f.Texts, err = r.foreseeTexts(); err != nil {
		return nil, err
	}
	width, err := r.measure(laid.formats)
	if err != nil {
		return nil, err
	}
	for _, file := range laid.files {
		f.Files = append(f.Files, ForecastFile{file.name, file.count, int64(width[file.format] * float64(file.count))})
	}
	return f, nil
}

// sealed returns the bundle with the request and the allocation of this run.
func (r *run) sealed() *bundle.Bundle {
	b := *r.bundle
	b.Request = &bundle.Request{Size: r.persons.Size, Seed: r.persons.Seed, Sampling: r.persons.Sampling}
	b.Allocation = r.allocated.counts
	return &b
}

// ready runs the stages that come before anything is written.
func ready(ctx context.Context, cfg Config) (*run, error) {
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

// lay settles which files the run would write.
func (r *run) lay() (*release, error) {
	laid := &release{persons: r.persons, formats: r.Formats, perFile: r.RowsPerFile}
	if laid.formats == nil {
		laid.formats = AllFormats()
	}
	for _, name := range laid.formats {
		if _, err := dataset.FormatOf(name); err != nil {
			return nil, fmt.Errorf("%w: %v", ErrUsage, err)
		}
	}
	if laid.perFile <= 0 {
		laid.perFile = DefaultRowsPerFile
	}
	laid.perFile = max(1, laid.perFile/dataset.ChunkRows) * dataset.ChunkRows
	laid.layFiles()
	return laid, nil
}

// measureBatches is how many batches are written to see how wide a row is.
const measureBatches = 4

// measure writes the first rows in every format to a folder that is removed
// again, and returns the bytes per row.
func (r *run) measure(formats []string) (map[string]float64, error) {
	dir, err := os.MkdirTemp("", "personagen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	width := map[string]float64{}
	_, batch := portions(r.plan)
	rows := min(measureBatches*int64(batch), r.persons.Count)
	for _, format := range formats {
		bytes, err := r.writeSome(format, filepath.Join(dir, format), rows)
		if err != nil {
			return nil, err
		}
		width[format] = float64(bytes) / float64(rows)
	}
	return width, nil
}

// writeSome writes the first rows in one format and returns the file's size.
func (r *run) writeSome(format, path string, rows int64) (int64, error) {
	source := r.source()
	_, batch := portions(r.plan)
	err := writeBatches(r.plan, format, path, func(write func(*frame.Batch) error) error {
		for done := int64(0); done < rows; done += int64(batch) {
			n := int(min(int64(batch), rows-done))
			b, err := source.batch(r.persons.First+done, n)
			if err == nil {
				err = write(b)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// writeBatches writes the visible columns of what fill hands to write as one
// chunk of a data file.
func writeBatches(p *plan.Plan, format, path string, fill func(write func(*frame.Batch) error) error) error {
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

// WriteJSONL writes the persons as lines of JSON, with the bytes that they have
// in a release.
func (s *Sketch) WriteJSONL(w io.Writer) error {
	dir, err := os.MkdirTemp("", "personagen-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "persons.jsonl")
	err = writeBatches(s.Plan, "jsonl", path, func(write func(*frame.Batch) error) error { return write(s.Persons) })
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
