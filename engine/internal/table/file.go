// Package table reads files of figures and labels: CSV files in many forms, and sheets
// of workbooks. A Layout says how a file is written. The cells of the table that
// results keep their places in the file.
package table

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/inputs"
)

// MaxFaults is the number of faults of a file after which reading it stops.
const MaxFaults = 100

// File is a table in memory: a header and rows of the same length.
type File struct {
	Path   string // as shown in messages
	Header []string
	Rows   [][]string
	SHA256 string // of the file's bytes, in hex

	layout Layout
	data   []byte // of the file
	grid   *grid
	// Where Header and Rows come from, in the grid.
	head    int              // row of the lowest header, -1 for none
	columns []int32          // per column, or wideLabel or wideFigure; nil if they are the same
	rows    []int32          // per row; nil if row i is that below the header by i+1
	cells   []int32          // per row of a wide table: the column of its cell
	advice  map[int]*Guessed // about the figures of a column
}

// Read reads the table of a file whose layout is given. Messages call the file shown. A
// file that cannot be read is reported at from, the place that refers to it. Read
// returns either the file or its faults; the other is nil.
func Read(in *inputs.FS, path, shown string, layout Layout, from diag.Place) (f *File, faults *diag.List) {
	faults = &diag.List{}
	data, err := in.Read(path)
	if err != nil {
		reportUnreadable(in, path, shown, from, err, faults)
		return nil, faults
	}
	f = Parse(data, shown, layout, faults)
	if faults.Failed() {
		return nil, faults
	}
	return f, faults
}

// reportUnreadable reports why a file cannot be read.
func reportUnreadable(in *inputs.FS, path, shown string, from diag.Place, err error, faults *diag.List) {
	var d *diag.Diagnostic
	switch {
	case errors.Is(err, inputs.ErrTooLarge):
		d = faults.Errorf(from, "huge-file", "%s is larger than %d MB", shown, inputs.MaxBytes>>20)
	case errors.Is(err, fs.ErrNotExist):
		d = faults.Errorf(from, "missing-file", "there is no file %s", shown)
		var names []string
		for _, e := range in.List(filepath.Dir(path)) {
			names = append(names, e.Name())
		}
		if near := diag.Guess(filepath.Base(path), names); near != "" {
			d.WithHint("did you mean %q?", near)
			return
		}
	default:
		d = faults.Errorf(from, "unreadable-file", "%s cannot be read: %v", shown, inputs.Cause(err))
	}
	d.WithHint("%s", inputs.Hint(err))
}

// Parse reads the table in the bytes of a file, which messages call shown, and adds its
// faults to the list. The File is complete only if it has none.
func Parse(data []byte, shown string, layout Layout, faults *diag.List) *File {
	sum := sha256.Sum256(data)
	f := &File{Path: shown, SHA256: hex.EncodeToString(sum[:]), layout: layout, head: -1}
	before := len(faults.Items)
	f.grid = readGrid(data, shown, &layout, faults)
	if f.grid != nil {
		s := shaper{File: f, layout: &layout, faults: faults}
		s.shape()
	}
	f.data = data
	if failed := slices.IndexFunc(faults.Items[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error }); failed >= 0 {
		f.advise(&faults.Items[before+failed])
	}
	return f
}

// Place returns the place of a cell, with a column in bytes. Row -1 is the header. The
// place of a cell of a sheet has its name in the name of the file, as in
// "book.xlsx:Sheet1!B4". The place of a cell that does not exist is the file.
func (f *File) Place(row, column int) diag.Place {
	if f.grid == nil || row < -1 || row >= len(f.Rows) || column < 0 || row < 0 && f.head < 0 {
		return diag.Place{File: f.Path}
	}
	at := column
	if f.columns != nil {
		if column >= len(f.columns) {
			return diag.Place{File: f.Path}
		}
		at = int(f.columns[column])
	}
	switch {
	case row < 0 && at >= 0:
		return f.grid.place(f.head, at)
	case row < 0:
		return diag.Place{File: f.Path}
	case at == wideLabel:
		return f.grid.place(f.head, int(f.cells[row]))
	case at == wideFigure:
		at = int(f.cells[row])
	}
	return f.grid.place(f.gridRow(row), at)
}

// Columns of a wide table that are not columns of the file.
const (
	wideLabel  = -1
	wideFigure = -2
)

func (f *File) gridRow(row int) int {
	if f.rows == nil {
		return f.head + 1 + row
	}
	return int(f.rows[row])
}

// SameLine reports whether two rows of a wide table come from one row of the file.
func (f *File) SameLine(a, b int) bool { return f.gridRow(a) == f.gridRow(b) }

// Column returns the number of the column with a header.
func (f *File) Column(name string) (int, bool) {
	i := slices.Index(f.Header, name)
	return i, i >= 0
}

// Number reads the cell of a figure. See Numbers.Parse for the errors.
func (f *File) Number(row, column int) (float64, error) {
	return f.layout.Numbers.Parse(f.Rows[row][column])
}

// Figure returns the cell of a figure as a plain number, see Numbers.Plain.
func (f *File) Figure(row, column int) string {
	return f.layout.Numbers.Plain(f.Rows[row][column])
}

// NumberAdvice says what to write in the spec so that a figure, and those like it in its
// column, can be read, with the evidence; the text is "" if nothing is found.
func (f *File) NumberAdvice(row, column int) (text string, evidence []string) {
	g, known := f.advice[column]
	if !known {
		cells := make([]string, 0, len(f.Rows))
		for _, row := range f.Rows {
			cells = append(cells, row[column])
		}
		g = &Guessed{}
		g.Layout.Numbers, g.Settings = guessNumbers(cells, f.layout.Numbers)
		if f.advice == nil {
			f.advice = map[int]*Guessed{}
		}
		f.advice[column] = g
	}
	if _, err := g.Layout.Numbers.Parse(f.Rows[row][column]); err != nil && err != ErrMissing {
		return "", nil
	}
	return g.Written(), evidenceOf(g.Settings)
}
