// Package table reads CSV files and gives the line and column of every cell.
package table

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/inputs"
	"github.com/personagen/personagen/engine/internal/plaintext"
)

// MaxFaults is the number of faults of a file after which reading it stops.
const MaxFaults = 100

// File is a CSV file in memory: a header and rows of the same length.
type File struct {
	Path   string // as shown in messages
	Header []string
	Rows   [][]string
	SHA256 string // of the file's bytes, in hex

	data   []byte  // without the byte order mark
	starts []start // of the header, then of each row
	bom    int     // length of the byte order mark in bytes
}

// start is where a record begins.
type start struct {
	offset int // in data
	line   int // from 0
}

// Read reads the CSV file at path: RFC 4180 with a header, in UTF-8 with or without
// a byte order mark. Messages call the file shown. A file that cannot be read is
// reported at from, the place that refers to it. Read returns either the file or
// its faults; the other is nil.
func Read(in *inputs.FS, path, shown string, from diag.Place) (*File, *diag.List) {
	faults := &diag.List{}
	data, err := in.Read(path)
	if err != nil {
		reportUnreadable(in, path, shown, from, err, faults)
		return nil, faults
	}
	f := Parse(data, shown, faults)
	if faults.Failed() {
		return nil, faults
	}
	return f, nil
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

// Parse parses the bytes of a CSV file, which messages call shown, and adds its
// faults to the list. The File is complete only if it has none.
func Parse(data []byte, shown string, faults *diag.List) *File {
	sum := sha256.Sum256(data)
	f := &File{Path: shown, SHA256: hex.EncodeToString(sum[:])}
	f.data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	f.bom = len(data) - len(f.data)
	if !f.checkForm(faults) || !f.checkUTF8(faults) || !f.checkVisible(faults) || !f.checkSize(faults) {
		return f
	}
	composed := norm.NFC.IsNormal(f.data)
	r := csv.NewReader(bytes.NewReader(f.data))
	r.FieldsPerRecord = -1 // report every row of a wrong length, not only the first
	for len(faults.Items) < MaxFaults {
		begin := f.next(r)
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			f.reportSyntax(err, faults)
			return f
		}
		if !composed {
			for i := range record {
				record[i] = plaintext.NFC(record[i])
			}
		}
		f.starts = append(f.starts, begin)
		if f.Header == nil {
			f.Header = record
			f.checkHeader(faults)
			continue
		}
		if len(record) != len(f.Header) {
			f.reportLength(record, faults)
		}
		f.Rows = append(f.Rows, record)
	}
	if f.Header == nil {
		faults.Errorf(diag.Place{File: shown}, "empty-file", "the file is empty").WithHint("write column names on the first line")
	}
	return f
}

// next returns the start of the record that r reads next.
func (f *File) next(r *csv.Reader) start {
	at := start{offset: int(r.InputOffset())}
	if n := len(f.starts); n > 0 {
		last := f.starts[n-1]
		at.line = last.line + bytes.Count(f.data[last.offset:at.offset], []byte("\n"))
	}
	return at
}

// checkUTF8 reports the first byte that is not valid UTF-8.
func (f *File) checkUTF8(faults *diag.List) bool {
	if utf8.Valid(f.data) {
		return true
	}
	bad := 0
	for bad < len(f.data) {
		r, n := utf8.DecodeRune(f.data[bad:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		bad += n
	}
	before := f.data[:bad]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	at := diag.Place{File: f.Path, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + bad - lineStart}
	faults.Errorf(at, "not-utf8", "byte 0x%02X is not valid UTF-8", f.data[bad]).WithHint("save the file as UTF-8")
	return false
}

// checkVisible reports a character that would steer a terminal or the direction of the
// text around it.
func (f *File) checkVisible(faults *diag.List) bool {
	at, c, found := plaintext.Steering(string(f.data))
	if !found {
		return true
	}
	before := f.data[:at]
	place := diag.Place{File: f.Path, Line: 1 + bytes.Count(before, []byte("\n")), Column: at - bytes.LastIndexByte(before, '\n')}
	faults.Errorf(place, "invisible", "there is the invisible character %U", c).WithHint("remove it: it can steer a terminal or reverse what is read")
	return false
}

// reportSyntax reports an error of the CSV reader.
func (f *File) reportSyntax(err error, faults *diag.List) {
	at, reason := diag.Place{File: f.Path}, err.Error()
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		at.Line, at.Column, reason = parse.Line, parse.Column, parse.Err.Error()
		switch {
		case errors.Is(parse.Err, csv.ErrBareQuote):
			reason = "a cell that does not begin with a quotation mark contains one"
		case errors.Is(parse.Err, csv.ErrQuote):
			reason = "a quoted cell is not closed, or continues after its closing quotation mark"
		}
		if parse.StartLine != parse.Line {
			reason += fmt.Sprintf(" (the row begins on line %d)", parse.StartLine)
		}
	}
	faults.Errorf(at, "csv-syntax", "%s", reason).
		WithHint(`put the whole cell in quotation marks, and double each quotation mark inside it ("")`)
}

// checkHeader reports columns without a name or with the same name, and a
// separator other than the comma.
func (f *File) checkHeader(faults *diag.List) {
	if len(f.Header) == 1 && strings.ContainsAny(f.Header[0], ";\t") {
		faults.Errorf(f.Place(-1, 0), "separator", "the header has one column, which contains semicolons or tabs").
			WithHint("separate the columns with commas")
		return
	}
	first := map[string]int{}
	for i, name := range f.Header {
		if len(faults.Items) >= MaxFaults { // finding a place takes as long as the header is
			return
		}
		if strings.TrimSpace(name) == "" {
			faults.Errorf(f.Place(-1, i), "empty-header", "column %d has no name", i+1).
				WithHint("name it or remove it; if this line is a title, remove it: the first line names the columns")
			continue
		}
		if j, twice := first[name]; twice {
			faults.Errorf(f.Place(-1, i), "duplicate-header", "columns %d and %d are both called %q", j+1, i+1, name).
				WithHint("rename one of them")
			continue
		}
		first[name] = i
	}
}

// reportLength reports that the last row read is not as long as the header.
func (f *File) reportLength(record []string, faults *diag.List) {
	row := len(f.starts) - 2
	at := f.Place(row, min(len(record), len(f.Header)+1)-1)
	hint := "quote cells that contain a comma, and write empty cells too"
	if len(record) == 1 {
		hint = "remove notes above and below the table, or write empty cells too"
	}
	faults.Errorf(at, "ragged-row", "the row has %s, the header has %d", humanize.Count(len(record), "cell", "cells"), len(f.Header)).
		WithHint("%s", hint)
}

// Place returns the place of a cell, with a column in bytes. Row -1 is the header.
// The place of a cell that does not exist is the file, without line and column.
func (f *File) Place(row, column int) diag.Place {
	at := diag.Place{File: f.Path}
	if row < -1 || row+1 >= len(f.starts) || column < 0 {
		return at
	}
	// Only messages need places, so parsing the row again costs less than keeping
	// the position of every cell.
	begin := f.starts[row+1]
	r := csv.NewReader(bytes.NewReader(f.data[begin.offset:]))
	record, err := r.Read()
	if err != nil || column >= len(record) {
		return at
	}
	line, col := r.FieldPos(column)
	at.Line, at.Column = begin.line+line, col
	if at.Line == 1 {
		at.Column += f.bom
	}
	return at
}

// maxNumber bounds a figure, so that sums of figures are finite and exact.
const maxNumber = 1e15

// Errors of ParseNumber.
var (
	ErrEmpty     = errors.New("the cell is empty")
	ErrNotNumber = errors.New("not a number")
)

// ParseNumber parses a cell such as 12, -3.5 or 1e6 and ignores spaces around it.
// The error is ErrEmpty for a blank cell; any other error wraps ErrNotNumber.
// Thousands separators, decimal commas, NaN and infinities are not accepted.
func ParseNumber(cell string) (float64, error) {
	text := strings.TrimSpace(cell)
	if text == "" {
		return 0, ErrEmpty
	}
	if strings.Trim(text, "0123456789+-.eE") != "" || !strings.ContainsAny(text, "0123456789") {
		return 0, fmt.Errorf("%q is %w", cell, ErrNotNumber)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is %w", cell, ErrNotNumber)
	}
	if math.Abs(n) > maxNumber {
		return 0, fmt.Errorf("%q is %w of at most %g", cell, ErrNotNumber, float64(maxNumber))
	}
	return n, nil
}
