// Package store holds the rows of data files so that a page can count, filter and sort
// them at once: short values as columns in memory, long texts and lists in the files, which
// are scanned when they are searched and read where a person is shown. There is no index
// and no database.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
)

// Options say how to read data files.
type Options struct {
	// Schema lists the columns, with types and labels; nil if they are inferred.
	Schema frame.Schema
	// Names maps names of columns in the files to those in Schema, Numerals are columns
	// whose numbers are stored as text; see dataset.OpenOptions.
	Names    map[string]string
	Numerals []string
	// Text reports that a column has long texts, which stay in the files. Other columns
	// of texts do if their first texts are long.
	Text func(name string) bool
	// Weight is the column of design weights, "" for none.
	Weight string
}

// Table is the rows of some files, one after the other.
type Table struct {
	Rows   int
	Schema frame.Schema // of all columns, in the order of the files
	// Columns are those in memory, in their order. The others are Scanned: texts, and
	// lists of texts or records, which are read from the files.
	Columns []*Column
	Scanned frame.Schema
	// Weights are the weights of the rows; nil if all are 1.
	Weights []float64
	// Issues counts the faults of values, which are read as null.
	Issues []dataset.IssueCount
	// Faults describe the first of them.
	Faults []string

	files    []file
	names    map[string]string
	numerals []string
	inferred bool // the schema is
}

// file is a data file with the rows from first.
type file struct {
	path   string
	first  int
	places []dataset.Place // from which parts of it are read, the first row included
	rows   int
}

// Limits of a table.
const (
	mostRows    = 1 << 31
	longText    = 64  // mean length in bytes of texts that stay in the files
	sampleRows  = 512 // from which it is told
	placeRows   = 64  // between the places of a text file
	batchRows   = 4096
	scanRows    = 256       // of a batch with long texts
	mostHeap    = 512 << 20 // bytes of short texts of a column without codes
	mostColumns = 4096
)

// All returns the selection of all rows.
func (t *Table) All() *Selection { return &Selection{all: t.Rows} }

// Column returns the named column in memory, or nil.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Field.Name == name {
			return c
		}
	}
	return nil
}

// Open reads data files. An error names the file and what is wrong with it; the faults of
// single values are Issues.
func Open(ctx context.Context, paths []string, o Options) (*Table, error) {
	if len(paths) == 0 {
		return nil, errors.New("there is no data file")
	}
	t := &Table{Schema: o.Schema, names: o.Names, numerals: o.Numerals}
	if err := t.describe(paths[0]); err != nil {
		return nil, err
	}
	if len(t.Schema) > mostColumns {
		return nil, fmt.Errorf("%s has %d columns; at most %d can be shown", paths[0], len(t.Schema), mostColumns)
	}
	inMemory, err := t.divide(paths[0], o)
	if err != nil {
		return nil, err
	}
	builders := make([]*builder, len(inMemory))
	for _, path := range paths {
		if err := t.load(ctx, path, inMemory, builders); err != nil {
			return nil, err
		}
	}
	for i, b := range builders {
		if b == nil {
			b = newBuilder(inMemory[i], 0)
		}
		t.Columns = append(t.Columns, b.finish())
		builders[i] = nil
	}
	return t, t.weigh(o.Weight)
}

// describe finds the schema of the files if the caller does not know it.
func (t *Table) describe(path string) error {
	if t.Schema != nil {
		return nil
	}
	r, err := dataset.Open(path, dataset.OpenOptions{})
	if err != nil {
		return inFolder(path, err)
	}
	defer r.Close()
	t.Schema, t.inferred = r.Schema(), true
	for _, i := range r.IssueCounts() {
		if i.Problem == dataset.Unsupported {
			t.Issues = append(t.Issues, i)
		}
	}
	stored, _ := r.Fields() // with labels and titles, if this program has written the file
	for i := range t.Schema {
		t.Schema[i].Nullable = true
		if k := stored.Index(t.Schema[i].Name); k >= 0 {
			t.Schema[i] = stored[k]
		}
	}
	return nil
}

// divide decides which columns are in memory: all but lists and long texts.
func (t *Table) divide(path string, o Options) (inMemory frame.Schema, err error) {
	var candidates frame.Schema
	for _, f := range t.Schema {
		if f.Type == frame.Text && (o.Text == nil || !o.Text(f.Name)) {
			candidates = append(candidates, f)
		}
	}
	long := map[string]bool{}
	if candidates != nil {
		r, err := t.reader(path, candidates)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		b := frame.New(candidates)
		n, err := r.Read(b, sampleRows)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, inFolder(path, err)
		}
		for k, f := range candidates {
			bytes, texts := 0, 0
			for i := range n {
				if !b.Columns[k].IsNull(f.Type, i) {
					bytes, texts = bytes+len(b.Columns[k].Texts[i]), texts+1
				}
			}
			long[f.Name] = bytes > longText*texts
		}
	}
	for _, f := range t.Schema {
		if f.Type.List() || f.Type == frame.Text && (long[f.Name] || o.Text != nil && o.Text(f.Name)) {
			t.Scanned = append(t.Scanned, f)
		} else {
			inMemory = append(inMemory, f)
		}
	}
	return inMemory, nil
}

// reader opens a file for some of its columns.
func (t *Table) reader(path string, columns frame.Schema) (*dataset.Reader, error) {
	return t.readerOf(path, columns, false)
}

// readerOf is reader. Raw texts may have bytes that are not UTF-8.
func (t *Table) readerOf(path string, columns frame.Schema, raw bool) (*dataset.Reader, error) {
	r, err := dataset.Open(path, dataset.OpenOptions{Schema: columns, Columns: t.names, Numerals: t.numerals, Inferred: t.inferred, Raw: raw, MaxIssues: 3})
	return r, inFolder(path, err)
}

// inFolder adds the folder of a file to an error that has its name.
func inFolder(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%c%w", filepath.Dir(path), filepath.Separator, err)
}

// load reads a file into the builders of the columns in memory.
func (t *Table) load(ctx context.Context, path string, columns frame.Schema, builders []*builder) error {
	probe, err := t.reader(path, columns)
	if err != nil {
		return err
	}
	defer probe.Close()
	f := file{path: path, first: t.Rows}
	rows, known := probe.Rows()
	if int64(t.Rows)+rows >= mostRows {
		return fmt.Errorf("%s: more than %d rows", path, mostRows)
	}
	if known {
		f.places, f.rows = probe.Groups(), int(rows)
		err = t.loadColumns(ctx, path, columns, builders, f.rows)
	} else {
		f.places, f.rows, err = t.loadLines(ctx, path, probe, builders)
	}
	if err != nil {
		return err
	}
	t.files, t.Rows = append(t.files, f), t.Rows+f.rows
	return nil
}

// loadColumns reads the columns of a Parquet file, some in each of several goroutines.
func (t *Table) loadColumns(ctx context.Context, path string, columns frame.Schema, builders []*builder, rows int) error {
	group, ctx := errgroup.WithContext(ctx)
	var lock sync.Mutex
	next := 0
	for range min(runtime.GOMAXPROCS(0), len(columns)) {
		group.Go(func() error {
			for {
				lock.Lock()
				i := next
				next++
				lock.Unlock()
				if i >= len(columns) {
					return nil
				}
				if builders[i] == nil {
					builders[i] = newBuilder(columns[i], rows)
				}
				r, err := t.reader(path, columns[i:i+1])
				if err != nil {
					return err
				}
				_, _, err = fill(ctx, path, r, builders[i:i+1], nil)
				lock.Lock()
				t.note(r, columns[i].Name)
				lock.Unlock()
				r.Close()
				if err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// loadLines reads all columns of a text file.
func (t *Table) loadLines(ctx context.Context, path string, r *dataset.Reader, builders []*builder) (places []dataset.Place, rows int, err error) {
	for i, f := range r.Schema() {
		if builders[i] == nil {
			builders[i] = newBuilder(f, 0)
		}
	}
	places, rows, err = fill(ctx, path, r, builders, func(row int) bool { return row%placeRows == 0 })
	t.note(r, "")
	return places, rows, err
}

// note keeps the faults of the values that a reader has read: of a column, or of all.
// Columns that the reader was not asked for are no fault.
func (t *Table) note(r *dataset.Reader, column string) {
	for _, i := range r.IssueCounts() {
		if i.Problem != dataset.ExtraColumn && (column == "" || i.Column == column) {
			t.Issues = append(t.Issues, i)
		}
	}
	for _, i := range r.Issues() {
		if i.Problem != dataset.ExtraColumn && (column == "" || i.Column == column) && len(t.Faults) < 10 {
			t.Faults = append(t.Faults, i.String())
		}
	}
}

// fill reads a file to its end into builders, one for each column of the reader. Where
// place says so, it keeps the places of rows.
func fill(ctx context.Context, path string, r *dataset.Reader, builders []*builder, place func(row int) bool) (places []dataset.Place, rows int, err error) {
	b := frame.New(r.Schema())
	size := batchRows
	if place != nil {
		size = placeRows
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		if place != nil && place(rows) {
			places = append(places, r.Place())
		}
		n, err := r.Read(b, size)
		if errors.Is(err, io.EOF) && n == 0 {
			return places, rows, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, inFolder(path, err)
		}
		for i, to := range builders {
			to.add(&b.Columns[i], n)
			if len(to.c.texts.bytes) > mostHeap {
				return nil, 0, fmt.Errorf("%s: the texts of column %q have more than %d MB; it cannot be shown as a field", path, to.c.Field.Name, mostHeap>>20)
			}
		}
		if rows += n; rows >= mostRows {
			return nil, 0, fmt.Errorf("%s: more than %d rows", path, mostRows)
		}
	}
}

// weigh takes the weights of the rows from their column.
func (t *Table) weigh(name string) error {
	if name == "" {
		return nil
	}
	c := t.Column(name)
	if c == nil || !c.Numeric() {
		return nil // the files do not have it
	}
	t.Weights = make([]float64, t.Rows)
	for row := range t.Rows {
		w, ok := c.Number(row)
		if !ok || w < 0 {
			return fmt.Errorf("row %d has no weight in column %q", row+1, name)
		}
		t.Weights[row] = w
	}
	return nil
}
