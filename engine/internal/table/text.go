package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/sheet"
)

// grid is the cells of a file before its layout gives them a meaning: without the
// skipped lines, and without blanks around the cells. Rows may differ in length.
type grid struct {
	cells [][]string
	place func(row, column int) diag.Place
}

// readGrid reads the cells of a text file or sheet. It returns nil after it has reported
// a fault of the file as a whole.
func readGrid(data []byte, shown string, layout *Layout, faults *diag.List) *grid {
	if layout.Sheet != nil {
		return sheetGrid(data, shown, layout, faults)
	}
	if !CheckText(data, layout.placeOr(shown), shown, faults) {
		return nil
	}
	if sheet.Is(data) {
		faults.Errorf(layout.placeOr(shown), "workbook", "%s is a workbook, not a text file", shown).
			WithHint("read a sheet of it: xlsx: {file: ..., sheet: ...} in place of csv")
		return nil
	}
	if len(layout.Fixed) == 0 && office.Is(shown, data) {
		return officeGrid(data, shown, layout, faults)
	}
	if layout.Table != "" {
		faults.Errorf(layout.placeOr(shown), "one-table", "%s has only one table", shown).WithHint("remove table")
		return nil
	}
	if layout.Language != "" {
		faults.Errorf(layout.placeOr(shown), "no-language", "%s says nothing about languages", shown).WithHint("remove language")
		return nil
	}
	t := &text{path: shown, separator: ','}
	return t.read(data, layout, faults)
}

// sheetGrid reads the cells of a sheet.
func sheetGrid(data []byte, shown string, layout *Layout, faults *diag.List) *grid {
	c, err := sheet.Read(data, layout.Sheet.Name, layout.Sheet.Range)
	if err != nil {
		d := faults.Errorf(layout.placeOr(shown), "sheet", "%s cannot be read: %v", shown, err)
		if e := (*sheet.Error)(nil); errors.As(err, &e) {
			d.WithHint("%s", e.Hint)
		}
		return nil
	}
	skip := min(layout.Skip, len(c.Rows))
	place := func(row, column int) diag.Place {
		return diag.Place{File: fmt.Sprintf("%s:%s!%s", shown, c.Sheet, c.Name(skip+row, column))}
	}
	g := &grid{cells: c.Rows[skip:], place: place}
	for r, row := range g.cells {
		for i, cell := range row {
			row[i] = plaintext.NFC(trimmed(cell))
			if _, c, found := plaintext.Steering(row[i]); found {
				faults.Errorf(place(r, i), "invisible", "there is the invisible character %U", c).WithHint("remove it: it can steer a terminal or reverse what is read")
				return nil
			}
		}
	}
	return g
}

// text is a file of separated values.
type text struct {
	path      string
	separator rune
	data      []byte  // in UTF-8, without byte order mark and skipped lines
	starts    []start // of the records
	line      int     // lines before data
}

// start is where a record begins.
type start struct {
	offset int // in data
	line   int // from 0
}

func (t *text) read(data []byte, layout *Layout, faults *diag.List) *grid {
	var err error
	if t.data, err = decode(data, layout.Encoding); err != nil {
		faults.Errorf(layout.placeOr(t.path), "encoding", "%s cannot be decoded: %v", t.path, err).WithHint("correct encoding, for example encoding: \"windows-1252\"")
		return nil
	}
	if !t.checkUTF8(faults) || !t.checkVisible(layout, faults) {
		return nil
	}
	if bytes.IndexByte(t.data, '\n') < 0 { // the line ends of old Macintosh programs
		t.data = bytes.ReplaceAll(t.data, []byte{'\r'}, []byte{'\n'})
	}
	if !t.begin(layout, faults) {
		return nil
	}
	if len(layout.Fixed) > 0 {
		return t.fixed(layout, faults)
	}
	return t.records(faults)
}

// exportCodes is how the records of a statistics program are read.
const exportCodes = "export the records as CSV with their codes, and the value labels as a CSV file with a row for each code: column, code, label (import --microdata FILE --labels CODEBOOK)"

// CheckText refuses a file, which messages call shown, that begins as one of another kind
// does, whatever its name says.
func CheckText(data []byte, at diag.Place, shown string, faults *diag.List) bool {
	what, hint := notText(data)
	if what != "" {
		faults.Errorf(at, "not-text", "%s is %s, not a text file", shown, what).WithHint("%s", hint)
	}
	return what == ""
}

// notText recognises files of other kinds that bear the name of a table.
func notText(data []byte) (what, hint string) {
	begin := bytes.Clone(bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf")), " \t\r\n"))
	for i, c := range begin {
		if c >= 'A' && c <= 'Z' {
			begin[i] = c - 'A' + 'a'
		}
	}
	for _, k := range []struct{ mark, what, hint string }{
		{"\x1f\x8b", "compressed", "unpack it first, for example with gunzip"},
		{"\xd0\xcf\x11\xe0", "an old workbook (xls)", "save it as .xlsx, and read a sheet of it: xlsx: {file: ..., sheet: ...} in place of csv"},
		{"version https://git-lfs", "a pointer of Git LFS", "fetch the data: git lfs pull"},
		{"$fl2", "a file of SPSS", exportCodes},
		{"$fl3", "a file of SPSS", exportCodes},
		{"<stata_dta>", "a file of Stata", exportCodes},
		{"%pdf", "a PDF document", "copy the table into a spreadsheet, or look for the office's CSV"},
		{"<!doctype", "a web page", "download the table itself; the page may say why it is not there"},
		{"<html", "a web page", "download the table itself; the page may say why it is not there"},
		{"<?xml", "an XML document", "look for the office's CSV or .xlsx"},
	} {
		if bytes.HasPrefix(begin, []byte(k.mark)) {
			return k.what, k.hint
		}
	}
	return "", ""
}

// placeOr returns the place of the layout's stanza, or else a file.
func (l *Layout) placeOr(file string) diag.Place {
	if l.Place.File != "" {
		return l.Place
	}
	return diag.Place{File: file}
}

// begin finds the separator and skips the lines above the header.
func (t *text) begin(layout *Layout, faults *diag.List) bool {
	if layout.Separator != "" {
		t.separator, _ = utf8.DecodeRuneInString(layout.Separator)
	}
	first, rest, _ := bytes.Cut(t.data, []byte{'\n'})
	if named, ok := separatorLine(string(first)); ok {
		if layout.Separator != "" && named != t.separator {
			faults.Errorf(diag.Place{File: t.path, Line: 1, Column: 1}, "two-separators", "the first line of the file says that the separator is %q, the spec that it is %q", named, t.separator).
				WithHint("remove separator from the spec, or correct it")
			return false
		}
		t.separator, t.data, t.line = named, rest, 1
	}
	for range layout.Skip {
		_, rest, ok := bytes.Cut(t.data, []byte{'\n'})
		if !ok && len(t.data) == 0 {
			faults.Errorf(layout.placeOr(t.path), "skip", "%s has only %d lines", t.path, t.line).WithHint("correct skip")
			return false
		}
		t.data = rest
		t.line++
	}
	return true
}

// separatorLine reads a line such as "sep=;", which spreadsheets understand.
func separatorLine(line string) (rune, bool) {
	line = strings.Trim(strings.TrimRight(line, "\r"), `"`)
	if len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		return 0, false
	}
	r, size := utf8.DecodeRuneInString(line[4:])
	ok := strings.Trim(line[4+size:], ",;\t") == "" && ValidSeparator(string(r))
	return r, ok
}

// ValidSeparator reports whether a text is one character that can separate cells.
func ValidSeparator(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	return size == len(text) && size > 0 && r != '"' && r != '\r' && r != '\n' && r != utf8.RuneError && r >= '\t'
}

// records reads the rows.
func (t *text) records(faults *diag.List) *grid {
	composed := norm.NFC.IsNormal(t.data)
	g := &grid{place: t.place}
	cells := 0
	r := t.reader(t.data)
	for {
		begin := t.next(r)
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.reportSyntax(err, faults)
			return g
		}
		cells += len(record)
		if len(record) > maxColumns || cells > maxCells {
			t.starts = append(t.starts, begin)
			what := fmt.Sprintf("the row has %s cells, and at most %s are read", humanize.Thousands(int64(len(record))), humanize.Thousands(maxColumns))
			if len(record) <= maxColumns {
				what = fmt.Sprintf("the file has more than %s cells up to here, and no more are read", humanize.Thousands(maxCells))
			}
			faults.Errorf(t.place(len(t.starts)-1, 0), "too-many-cells", "%s", what).WithHint("keep only the rows and columns that the spec needs")
			return nil
		}
		for i, cell := range record {
			if !composed {
				cell = plaintext.NFC(cell)
			}
			record[i] = trimmed(cell)
		}
		t.starts = append(t.starts, begin)
		g.cells = append(g.cells, record)
	}
	if len(g.cells) == 0 {
		faults.Errorf(diag.Place{File: t.path}, "empty-file", "the file is empty").WithHint("write column names on the first line")
		return nil
	}
	return g
}

func (t *text) reader(data []byte) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma = t.separator
	r.FieldsPerRecord = -1 // rows are compared with the header later
	return r
}

// trimmed removes blanks of every kind around a cell.
func trimmed(cell string) string {
	if cell == "" {
		return cell
	}
	if a, b := cell[0], cell[len(cell)-1]; a > ' ' && a < 0x80 && b > ' ' && b < 0x80 {
		return cell
	}
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || r == 0xfeff || r == 0x200b })
}

// next returns the start of the record that r reads next.
func (t *text) next(r *csv.Reader) start {
	at := start{offset: int(r.InputOffset())}
	if n := len(t.starts); n > 0 {
		last := t.starts[n-1]
		at.line = last.line + bytes.Count(t.data[last.offset:at.offset], []byte("\n"))
	}
	return at
}

// checkUTF8 reports the first byte that is not valid UTF-8.
func (t *text) checkUTF8(faults *diag.List) bool {
	if utf8.Valid(t.data) {
		return true
	}
	bad := 0
	for bad < len(t.data) {
		r, n := utf8.DecodeRune(t.data[bad:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		bad += n
	}
	before := t.data[:bad]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	at := diag.Place{File: t.path, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + bad - lineStart}
	faults.Errorf(at, "not-utf8", "byte 0x%02X is not valid UTF-8", t.data[bad]).
		WithHint("save the file as UTF-8, or say how it is encoded: encoding: \"windows-1252\"")
	return false
}

// checkVisible reports a character that would steer a terminal or the direction of the
// text around it.
func (t *text) checkVisible(layout *Layout, faults *diag.List) bool {
	at, c, found := plaintext.Steering(string(t.data))
	if !found {
		return true
	}
	before := t.data[:at]
	place := diag.Place{File: t.path, Line: 1 + bytes.Count(before, []byte("\n")), Column: at - bytes.LastIndexByte(before, '\n')}
	d := faults.Errorf(place, "invisible", "there is the invisible character %U", c)
	switch {
	case c == 0:
		d.WithHint("the file is no text, or is in another encoding: encoding: \"utf-16le\"")
	case c < 0xa0 && c >= 0x80 && layout.Encoding != "":
		d.WithHint("the encoding %s has no letter there: is it encoding: \"windows-1252\" or \"windows-1250\"?", layout.Encoding)
	default:
		d.WithHint("remove it: it can steer a terminal or reverse what is read")
	}
	return false
}

// reportSyntax reports an error of the CSV reader.
func (t *text) reportSyntax(err error, faults *diag.List) {
	at, reason := diag.Place{File: t.path}, err.Error()
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		at.Line, at.Column, reason = t.line+parse.Line, parse.Column, parse.Err.Error()
		switch {
		case errors.Is(parse.Err, csv.ErrBareQuote):
			reason = "a cell that does not begin with a quotation mark contains one"
		case errors.Is(parse.Err, csv.ErrQuote):
			reason = "a quoted cell is not closed, or continues after its closing quotation mark"
		}
		if parse.StartLine != parse.Line {
			reason += fmt.Sprintf(" (the row begins on line %d)", t.line+parse.StartLine)
		}
	}
	faults.Errorf(at, "csv-syntax", "%s", reason).
		WithHint(`put the whole cell in quotation marks, and double each quotation mark inside it ("")`)
}

// place returns the place of a cell.
func (t *text) place(row, column int) diag.Place {
	at := diag.Place{File: t.path}
	if row < 0 || row >= len(t.starts) || column < 0 {
		return at
	}
	// Only messages need places, so parsing the row again costs less than keeping
	// the position of every cell.
	begin := t.starts[row]
	r := t.reader(t.data[begin.offset:])
	record, err := r.Read()
	if err != nil || column >= len(record) {
		return at
	}
	line, col := r.FieldPos(column)
	at.Line, at.Column = t.line+begin.line+line, col
	return at
}
