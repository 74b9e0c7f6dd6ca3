package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/inputs"
)

// OpenOptions are options of Open. With the zero value the reader returns every
// column of the file, with a type that it infers.
type OpenOptions struct {
	// Format is the name of the format; the default depends on the extension of the
	// path.
	Format string
	// Schema lists the columns to read, with types and labels. If it is nil the
	// reader infers Text, Integer, Number and TextList columns; it reads a text file
	// twice for that.
	Schema frame.Schema
	// Inferred says that another Reader has inferred the Schema: columns of texts accept
	// every value as a text, as they do without a Schema.
	Inferred bool
	// Columns maps names of columns in the file to names in the Schema.
	Columns map[string]string
	// Numerals are columns of the Schema whose numbers are stored as text.
	Numerals []string
	// Raw leaves bytes in texts that are not UTF-8, for callers that only look for something
	// in them. It saves a fifth of the time. Without it, such bytes are replaced.
	Raw bool
	// MaxIssues limits the issues that are kept in full; 0 means 1000. All are
	// counted.
	MaxIssues int
}

// A Reader reads the rows of a data file into batches. Its memory does not grow
// with the number of rows.
//
// Wrong values are issues, not errors, if the rows can still be separated; see
// ReadIssue. A file that cannot be read further (a corrupt Parquet page, a quote that
// is never closed) is an error. A null in a column that is not nullable is read as
// null and is not an issue; checking that is left to the caller.
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
	rows() (int64, bool) // false if unknown before reading
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
	file, err := inputs.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	return openFile(file, path, format, o)
}

// OpenFile is Open for a file that is open already; the name in its path is for messages.
// The Reader closes the file, as does OpenFile if it fails.
func OpenFile(file *os.File, path string, o OpenOptions) (*Reader, error) {
	format, err := formatToRead(path, o.Format)
	if err == nil && o.Schema != nil {
		err = checkSchema(o.Schema)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if o.MaxIssues == 0 {
		o.MaxIssues = 1000
	}
	r, err := openFile(file, path, format, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return r, nil
}

func openFile(file *os.File, path string, format Format, o OpenOptions) (r *Reader, err error) {
	r = &Reader{path: path, schema: o.Schema, issues: &issueLog{keep: o.MaxIssues, index: map[[2]string]int{}}}
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

// Schema returns the columns that Read fills: those of OpenOptions.Schema, or the
// inferred ones.
func (r *Reader) Schema() frame.Schema { return r.schema }

// Columns returns the names of the columns of the file, in its order. For JSONL
// these are the keys read so far.
func (r *Reader) Columns() []string { return slices.Clone(r.source.names()) }

// Rows returns the number of rows, or false if the format does not state it, which
// only Parquet does.
func (r *Reader) Rows() (int64, bool) { return r.source.rows() }

// Metadata returns the key-value metadata of a Parquet file.
func (r *Reader) Metadata() []KeyValue { return r.source.metadata() }

// Issues returns the faults found so far, at most OpenOptions.MaxIssues.
func (r *Reader) Issues() []ReadIssue { return slices.Clone(r.issues.list) }

// IssueCounts counts all faults found so far by column and problem, in the
// order in which they first occurred.
func (r *Reader) IssueCounts() []IssueCount { return slices.Clone(r.issues.counts) }

// Close closes the file.
func (r *Reader) Close() error { return r.source.close() }

// Read fills b with the next rows, at most max, and returns their number. At the
// end it returns 0 and io.EOF. It sets the schema of b and reuses its memory;
// texts of earlier batches stay valid.
func (r *Reader) Read(b *frame.Batch, max int) (int, error) {
	if max <= 0 {
		return 0, fmt.Errorf("%s: Read was asked for %d rows", filepath.Base(r.path), max)
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

// bind makes a builder for each column of the schema. It returns the builder of
// each column of the file, nil and an issue for those that are not in the schema.
func (r *Reader) bind(names []string, o OpenOptions) ([]*builder, error) {
	place, err := r.places(names, o)
	if err != nil {
		return nil, err
	}
	r.makeBuilders(o)
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

func (r *Reader) makeBuilders(o OpenOptions) {
	r.builders = make([]*builder, len(r.schema))
	for i := range r.schema {
		r.builders[i] = newBuilder(&r.schema[i], o.Schema == nil || o.Inferred, r.issues)
		r.builders[i].numeral = slices.Contains(o.Numerals, r.schema[i].Name)
		r.builders[i].setRaw(o.Raw)
	}
}

// places maps the index of a column in the file to its index in the schema.
func (r *Reader) places(names []string, o OpenOptions) (map[int]int, error) {
	place := map[int]int{}
	taken := map[int]string{}
	number := numbered(r.schema)
	for i, name := range names {
		k, ok := number[fieldName(o.Columns, name)]
		if !ok {
			continue
		}
		if other, twice := taken[k]; twice {
			return nil, fmt.Errorf("columns %q and %q of the file are both mapped to %q", other, name, r.schema[k].Name)
		}
		taken[k] = name
		place[i] = k
	}
	return place, nil
}

// numbered returns the position of every column of a schema by its name.
func numbered(s frame.Schema) map[string]int {
	number := make(map[string]int, len(s))
	for i := range s {
		number[s[i].Name] = i
	}
	return number
}

func fieldName(mapping map[string]string, name string) string {
	if ours, ok := mapping[name]; ok {
		return ours
	}
	return name
}

// reportMissing adds an issue for every column of the schema that the file does
// not have. Its values are null.
func (r *Reader) reportMissing() {
	for _, to := range r.builders {
		if !to.found {
			r.issues.addColumn(to.field.Name, MissingColumn, "")
		}
	}
}
