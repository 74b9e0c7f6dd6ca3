package table

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf16"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
)

// Files are kept in memory, cell by cell, so their number is bounded.
const (
	maxCells   = 20_000_000
	maxColumns = 100_000
)

// checkForm reports a file that is no CSV in UTF-8: a workbook, a compressed file, a
// page, another encoding, other line ends. Their first fault would otherwise be a
// byte or a missing column, which says nothing about the cause.
func (f *File) checkForm(faults *diag.List) bool {
	for _, form := range forms {
		if form.is(f.data) {
			faults.Errorf(diag.Place{File: f.Path, Line: 1, Column: 1}, "not-csv", "the file is %s", form.name).WithHint("%s", form.hint)
			return false
		}
	}
	return true
}

// form is a kind of file that people take for a CSV file.
type form struct {
	name, hint string
	is         func(data []byte) bool
}

var forms = []form{
	{"a workbook or a zip archive, not CSV", "export the sheet as CSV in UTF-8", begins("PK\x03\x04")},
	{"an old workbook (xls), not CSV", "export the sheet as CSV in UTF-8", begins("\xd0\xcf\x11\xe0")},
	{"a PDF document, not CSV", "write its table as CSV in UTF-8", begins("%PDF-")},
	{"a Parquet file, not CSV", "export it as CSV in UTF-8", begins("PAR1")},
	{"compressed, not CSV", "decompress it", begins("\x1f\x8b", "BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd")},
	{"a web page, not CSV", "download the data itself: the server sent a page, perhaps about an error", page},
	{"a pointer of Git LFS, not the data", "fetch the data: git lfs pull", begins("version https://git-lfs.github.com/spec/")},
	{"in UTF-16, not UTF-8", "save the file as UTF-8", wide},
	{"one line, because its lines end in a carriage return alone", `save the file with line feeds ("\n" or "\r\n")`, macLines},
	{"preceded by a line sep=, which only spreadsheets know", "remove the first line, and separate the columns with commas", begins("sep=", "SEP=", "\"sep=")},
}

func begins(starts ...string) func([]byte) bool {
	return func(data []byte) bool {
		return slices.ContainsFunc(starts, func(s string) bool { return bytes.HasPrefix(data, []byte(s)) })
	}
}

// page reports whether a file begins as HTML or XML does.
func page(data []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(data[:min(len(data), 200)]))
	return bytes.HasPrefix(start, []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html")) || bytes.HasPrefix(start, []byte("<?xml"))
}

// wide reports whether a file is in UTF-16, with a byte order mark or, if every
// second byte of its beginning is 0, without one.
func wide(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return true
	}
	start := data[:min(len(data), 64)&^1]
	units := make([]uint16, 0, len(start)/2)
	for i := 0; i < len(start); i += 2 {
		if start[i] != 0 && start[i+1] != 0 {
			return false
		}
		units = append(units, uint16(start[i])|uint16(start[i+1]))
	}
	return len(units) > 1 && bytes.Count(start, []byte{0}) == len(units) && !slices.Contains(utf16.Decode(units), 0)
}

// macLines reports whether lines end in carriage returns only.
func macLines(data []byte) bool {
	end := bytes.IndexByte(data, '\r')
	return end >= 0 && end+1 < len(data) && !bytes.Contains(data, []byte("\n")) && bytes.Contains(data[end+1:], []byte(","))
}

// checkSize reports a file with more cells than memory should hold. It counts commas
// and line ends, quoted ones too.
func (f *File) checkSize(faults *diag.List) bool {
	cells, line := 0, 0
	for rest := f.data; len(rest) > 0; {
		row := rest
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			row = rest[:end+1]
		}
		rest = rest[len(row):]
		line++
		columns := bytes.Count(row, []byte(",")) + 1
		cells += columns
		what := ""
		switch {
		case columns > maxColumns:
			what = fmt.Sprintf("the row has %s cells, and at most %s are read", humanize.Thousands(int64(columns)), humanize.Thousands(maxColumns))
		case cells > maxCells:
			what = fmt.Sprintf("the file has more than %s cells up to here, and no more are read", humanize.Thousands(maxCells))
		default:
			continue
		}
		faults.Errorf(diag.Place{File: f.Path, Line: line, Column: 1}, "huge-file", "%s", what).WithHint("keep only the rows and columns that the spec needs")
		return false
	}
	return true
}
