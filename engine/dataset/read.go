package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/frame"
)

// OpenOptions say what a reader shall deliver. The zero value delivers every
// column of the file with the type found there.
type OpenOptions struct {
	// Format is the name of the format; empty: by the extension of the path.
	Format string
	// Schema holds the wanted columns: names, types, labels. Without it the
	// reader infers one: Text, Integer, Number and TextList columns, for which
	// a text file is read twice.
	Schema frame.Schema
	// Columns maps names in the file to names in the Schema.
	Columns map[string]string
	// MaxIssues is the number of issues kept in full, 1000 when 0. All are
	// counted.
	MaxIssues int
}

// A Reader streams the rows of a data file into batches. Its memory does not
// grow with the number of rows.
//
// What the file holds is never a reason to fail as long as its rows can be
// told apart; see ReadIssue. A file that cannot be followed any more (a corrupt
// Parquet page, a quote that is never closed) is an error. A null in a wanted
// column that is not nullable is delivered as null, and no issue: the caller's
// checks see it.
type Reader struct {
	path     string
	schema   frame.Schema
	builders []*builder
	issues   *issueLog
	source   source
	row      int64
	err      error
}

// A source reads one format. It calls every builder once per row.
type source interface {
	names() []string     // columns of the file
	rows() (int64, bool) // if known beforehand
	metadata() []KeyValue
	read(max int) (n int, err error) // io.EOF with or after the last rows
	close() error
}

// Open opens a data file.
func Open(path string, o OpenOptions) (*Reader, error) {
	r, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return r, nil
}

func open(path string, o OpenOptions) (*Reader, error) {
	format, err := formatToRead(path, o.Format)
	if err != nil {
		return nil, err
	}
	if o.Schema != nil {
		if err := checkSchema(o.Schema); err != nil {
			return nil, err
		}
	}
	if o.MaxIssues == 0 {
		o.MaxIssues = 1000
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, schema: o.Schema, issues: &issueLog{keep: o.MaxIssues, index: map[[2]string]int{}}}
	switch format.Name {
	case "parquet":
		err = r.openParquet(file, o)
	case "jsonl":
		err = r.openJSONL(file, o)
	case "csv":
		err = r.openCSV(file, o)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

func formatToRead(path, name string) (Format, error) {
	if name == "" {
		return FormatOfPath(path)
	}
	return FormatOf(name)
}

// Schema lists the columns that Read delivers: the wanted ones, or else the
// inferred ones.
func (r *Reader) Schema() frame.Schema { return r.schema }

// Columns lists the names of the file's columns in their order there.
func (r *Reader) Columns() []string { return slices.Clone(r.source.names()) }

// Rows is the number of rows, if the format tells it beforehand (Parquet).
func (r *Reader) Rows() (int64, bool) { return r.source.rows() }

// Metadata is the key-value metadata of the file (Parquet).
func (r *Reader) Metadata() []KeyValue { return r.source.metadata() }

// Issues returns the faults found so far, at most OpenOptions.MaxIssues.
func (r *Reader) Issues() []ReadIssue { return slices.Clone(r.issues.list) }

// IssueCounts counts all faults found so far by column and problem, in the
// order in which they first occurred.
func (r *Reader) IssueCounts() []IssueCount { return slices.Clone(r.issues.counts) }

// Close closes the file.
func (r *Reader) Close() error { return r.source.close() }

// Read fills b with the next rows, at most max, and returns how many. At the
// end it returns 0 and io.EOF. b gets the reader's schema; its memory is used
// again, but texts stay valid.
func (r *Reader) Read(b *frame.Batch, max int) (int, error) {
	if max <= 0 {
		return 0, fmt.Errorf("%s: asked for %d rows", filepath.Base(r.path), max)
	}
	if r.err != nil {
		return 0, r.err
	}
	b.Schema, b.First, b.N = r.schema, r.row, 0
	if len(b.Columns) != len(r.schema) {
		b.Columns = make([]frame.Column, len(r.schema))
	}
	for i, to := range r.builders {
		to.start(&b.Columns[i])
	}
	n, err := r.source.read(max)
	for _, to := range r.builders {
		to.finish()
	}
	r.row += int64(n)
	b.N = n
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = fmt.Errorf("%s: %w", filepath.Base(r.path), err)
		return 0, r.err
	}
	if n == 0 {
		r.err = io.EOF
	}
	return n, r.err
}

// bind makes a builder for each wanted column and finds its place among the
// columns of the file. It returns, for each column of the file, its builder or
// nil. Columns without counterpart become issues.
func (r *Reader) bind(names []string, o OpenOptions) ([]*builder, error) {
	place, err := r.places(names, o)
	if err != nil {
		return nil, err
	}
	r.makeBuilders(o.Schema == nil)
	bound := make([]*builder, len(names))
	for i, name := range names {
		k, ok := place[i]
		if !ok {
			r.issues.addColumn(name, ExtraColumn, "")
			continue
		}
		bound[i] = r.builders[k]
		r.builders[k].found = true
	}
	return bound, nil
}

func (r *Reader) makeBuilders(lenient bool) {
	r.builders = make([]*builder, len(r.schema))
	for i := range r.schema {
		r.builders[i] = newBuilder(&r.schema[i], lenient, r.issues)
	}
}

// places maps the number of a file column to the number of the wanted column.
func (r *Reader) places(names []string, o OpenOptions) (map[int]int, error) {
	place := map[int]int{}
	taken := map[int]string{}
	for i, name := range names {
		k := r.schema.Index(ourName(o.Columns, name))
		if k < 0 {
			continue
		}
		if other, twice := taken[k]; twice {
			return nil, fmt.Errorf("columns %q and %q of the file both stand for %q", other, name, r.schema[k].Name)
		}
		taken[k] = name
		place[i] = k
	}
	return place, nil
}

func ourName(mapping map[string]string, name string) string {
	if ours, ok := mapping[name]; ok {
		return ours
	}
	return name
}

// reportMissing makes an issue of every wanted column that the file does not
// have. Its values are null.
func (r *Reader) reportMissing() {
	for _, to := range r.builders {
		if !to.found {
			r.issues.addColumn(to.field.Name, MissingColumn, "")
		}
	}
}
