package release

import (
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/columns"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/plan"
)

// Reader reads the rows of data files, one file after the other, with all columns
// of a plan. Columns that a file lacks are computed where they are functions of
// other columns. It is for one goroutine.
type Reader struct {
	plan    *plan.Plan
	paths   []string // of the files to come
	reading *columns.Reading
	schema  frame.Schema // of all columns of the plan, with the labels of the files
	issues  []dataset.IssueCount
	faults  []string

	file    *dataset.Reader // nil between files
	read    *frame.Batch    // rows as the file has them
	part    *frame.Batch    // the same with all columns of the plan
	from    []int           // per column of the plan, column of read; -1 when it has none
	deriver *generate.Deriver

	gathered *frame.Batch // several parts as one batch
}

// maxFaults limits the faults that a Reader keeps in full.
const maxFaults = 10

// NewReader returns a reader of data files in the order of their rows. Their columns
// are those of a set of the plan's aliases, "" for the visible fields. Names maps
// other names in the files to fields.
func NewReader(p *plan.Plan, files []string, aliases string, names map[string]string) *Reader {
	r := &Reader{plan: p, paths: files, reading: columns.ReadingOf(p, aliases), part: frame.New(p.Schema()), gathered: frame.New(p.Schema())}
	maps.Copy(r.reading.Names, names)
	for _, f := range p.Schema() {
		r.schema = append(r.schema, r.reading.Field(f))
	}
	return r
}

// Issues counts the faults of the files read to their end.
func (r *Reader) Issues() []dataset.IssueCount { return r.issues }

// Faults describes the first of these faults, a line each.
func (r *Reader) Faults() []string { return r.faults }

// Close closes the file that is open. A reader that was read to io.EOF has none.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file = nil
	return err
}

// open opens the next file.
func (r *Reader) open() error {
	path := r.paths[0]
	r.paths = r.paths[1:]
	has, err := columnsOf(path, slices.Concat(r.schema, r.reading.Constants), r.reading.Names)
	if err != nil {
		return err
	}
	var wanted frame.Schema
	var derive []string
	r.from = make([]int, len(r.schema))
	for i, f := range r.plan.Fields {
		r.from[i] = -1
		switch {
		case !has[f.Name] && f.Follows():
			derive = append(derive, f.Name)
		case !has[f.Name] && f.Hidden: // only the generator needs a hidden field that is drawn
		default:
			r.from[i] = len(wanted)
			wanted = append(wanted, r.schema[i])
		}
	}
	if r.deriver, err = generate.NewDeriver(r.plan, derive); err != nil {
		return err
	}
	wanted = append(wanted, r.reading.Constants...) // to find other values
	r.file, err = dataset.Open(path, dataset.OpenOptions{Schema: wanted, Columns: r.reading.Names, Numerals: r.reading.Numerals, MaxIssues: maxFaults})
	r.read = frame.New(wanted)
	return err
}

// columnsOf returns the fields that a file has columns for. JSONL has no header,
// so the first rows are read for their keys.
func columnsOf(path string, schema frame.Schema, columns map[string]string) (map[string]bool, error) {
	probe, err := dataset.Open(path, dataset.OpenOptions{Schema: schema, Columns: columns})
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	if _, err := probe.Read(frame.New(schema), generate.BatchRows); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	has := map[string]bool{}
	for _, name := range probe.Columns() {
		if to, ok := columns[name]; ok {
			name = to
		}
		has[name] = true
	}
	return has, nil
}

// Batch returns the next n rows, fewer only at the end, and io.EOF when there are
// none. Rows are numbered from first. The batch is valid until the next call.
//
// Batches do not end where files or their row groups end, because what is
// written from them must not depend on how it was read.
func (r *Reader) Batch(first int64, n int) (*frame.Batch, error) {
	b, err := r.next(first, n)
	if err != nil || b.N == n {
		return b, err
	}
	r.gathered.Resize(first, 0)
	for {
		r.gathered.Append(b)
		if r.gathered.N == n {
			return r.gathered, nil
		}
		b, err = r.next(first+int64(r.gathered.N), n-r.gathered.N)
		if errors.Is(err, io.EOF) {
			return r.gathered, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// next returns the next rows of one file, at most n.
func (r *Reader) next(first int64, n int) (*frame.Batch, error) {
	for {
		if r.file == nil {
			if len(r.paths) == 0 {
				return nil, io.EOF
			}
			if err := r.open(); err != nil {
				return nil, err
			}
		}
		got, err := r.file.Read(r.read, n)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if got > 0 {
			return r.complete(first, got)
		}
		if err := r.finish(); err != nil {
			return nil, err
		}
	}
}

// complete returns the n rows in read as a batch with all columns of the plan.
func (r *Reader) complete(first int64, n int) (*frame.Batch, error) {
	r.part.First, r.part.N = first, n
	for i, from := range r.from {
		if from >= 0 {
			r.part.Columns[i] = r.read.Columns[from]
		} else {
			r.part.Columns[i].Resize(r.part.Schema[i].Type, n)
		}
	}
	return r.part, r.deriver.Fill(r.part)
}

// finish closes a file that was read to its end and keeps its faults.
func (r *Reader) finish() error {
	r.issues = append(r.issues, r.file.IssueCounts()...)
	for _, i := range r.file.Issues() {
		if len(r.faults) < maxFaults {
			r.faults = append(r.faults, i.String())
		}
	}
	return r.Close()
}
