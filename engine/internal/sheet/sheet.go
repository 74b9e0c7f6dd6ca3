// Package sheet reads the cells of Excel workbooks (.xlsx, .xlsm), as text. It is the
// only package that imports excelize.
package sheet

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
)

// Limits of a workbook, which may come from a stranger.
const (
	maxUnpacked = 128 << 20 // bytes of all its parts
	maxParts    = 10_000
	maxCells    = 5_000_000 // of the part of a sheet that is read, empty ones included
	maxMerged   = 100_000   // merged areas
)

// Cells is a rectangle of a sheet.
type Cells struct {
	Sheet     string
	Rows      [][]string // rows may have different lengths
	Top, Left int        // number of the first row and column, from 1
}

// Name returns the name of a cell, such as "B4".
func (c *Cells) Name(row, column int) string {
	name, err := excelize.CoordinatesToCellName(c.Left+column, c.Top+row)
	if err != nil {
		return ""
	}
	return name
}

// Error says why a workbook cannot be read and what to do.
type Error struct{ Text, Hint string }

func (e *Error) Error() string { return e.Text }

func refuse(hint, format string, args ...any) *Error {
	return &Error{fmt.Sprintf(format, args...), hint}
}

// Is reports whether data is a zip archive or an old Office file, and so no text.
func Is(data []byte) bool {
	return bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, old)
}

var old = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// open checks the limits of a workbook and opens it.
func open(data []byte) (*excelize.File, error) {
	if bytes.HasPrefix(data, old) {
		return nil, refuse("open it in a spreadsheet program and save it as .xlsx without a password", "it is an old .xls file, or an encrypted one")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	switch {
	case err != nil && Is(data):
		return nil, refuse("download the file again", "the workbook is damaged or cut off: %v", err)
	case err != nil:
		return nil, refuse("name an .xlsx file; for a text file, use csv in place of xlsx", "it is not an Excel workbook: %v", err)
	}
	var total uint64
	for _, part := range z.File {
		total += part.UncompressedSize64
		if part.UncompressedSize64 > maxUnpacked || total > maxUnpacked {
			return nil, refuse("keep only the sheet that the spec needs, or save the sheet as CSV", "it unpacks to more than %d MB", maxUnpacked>>20)
		}
		if part.Name == "mimetype" || strings.HasSuffix(part.Name, ".iwa") {
			return nil, refuse("save it as .xlsx", "it is a document of another spreadsheet program")
		}
		if part.Name == "xl/workbook.bin" {
			return nil, refuse("save it as .xlsx", "it is an .xlsb file")
		}
	}
	if len(z.File) > maxParts {
		return nil, refuse("save the sheet as CSV", "it has more than %d parts", maxParts)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked, RawCellValue: true})
	if err != nil {
		return nil, refuse("open it in a spreadsheet program and save it again", "it is not a sound Excel workbook: %v", err)
	}
	return f, nil
}

// guard turns a panic of the library about a damaged workbook into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = refuse("open it in a spreadsheet program and save it again", "it is not a sound Excel workbook: %v", p)
	}
}

// Names lists the sheets of a workbook in order. Every error is an *Error.
func Names(data []byte) (names []string, err error) {
	defer guard(&err)
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.GetSheetList(), nil
}

// Read reads a rectangle of a sheet, such as "A5:F30", "A5:F", "A5" or "" for all. The
// name "" is the only sheet that has cells. Numbers have the digits that Excel keeps,
// 15, and no exponent; dates are ISO dates; percentages have their sign; formulas have
// the value that was computed last, or "=" and the formula if there is none; every
// cell of a merged area has its text. Every error is an *Error.
func Read(data []byte, name, area string) (c *Cells, err error) {
	defer guard(&err)
	box, err := parseRange(area)
	if err != nil {
		return nil, err
	}
	f, err := open(data)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names := f.GetSheetList()
	if name == "" {
		if name, err = onlySheet(f, names); err != nil {
			return nil, err
		}
	} else if i, _ := f.GetSheetIndex(name); i < 0 {
		hint := "its sheets are " + humanize.Quoted(names)
		if near := diag.Guess(name, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, refuse(hint, "it has no sheet %q", name)
	}
	c = &Cells{Sheet: name, Top: box.top, Left: box.left}
	r := reader{file: f, cells: c, box: box, formats: map[int]format{}}
	if err := r.values(); err != nil {
		return nil, err
	}
	if err := r.merged(); err != nil {
		return nil, err
	}
	r.formulas()
	return c, nil
}

// onlySheet returns the sheet that has cells, if there is just one.
func onlySheet(f *excelize.File, names []string) (string, error) {
	var filled []string
	for _, name := range names {
		rows, err := f.Rows(name)
		if err != nil {
			continue // a sheet of charts
		}
		for rows.Next() {
			cells, err := rows.Columns()
			if err != nil || strings.Join(cells, "") != "" {
				filled = append(filled, name)
				break
			}
		}
		rows.Close()
	}
	switch len(filled) {
	case 0:
		return "", refuse("open it in a spreadsheet program and save it again", "it has no cells")
	case 1:
		return filled[0], nil
	}
	return "", refuse("say which one is read, for example sheet: "+strconv.Quote(filled[0])+"; its sheets are "+humanize.Quoted(filled), "it has %s", humanize.Count(len(filled), "sheet", "sheets"))
}

// box is a rectangle, from 1; right and bottom are included.
type box struct{ left, top, right, bottom int }

func parseRange(area string) (box, error) {
	b := box{1, 1, excelize.MaxColumns, excelize.TotalRows}
	if area == "" {
		return b, nil
	}
	wrong := refuse(`write the first and last cell, such as "A5:F30", or "A5:F" for all rows from the fifth`, "the range %q is not one of cells", area)
	first, last, two := strings.Cut(strings.ReplaceAll(area, "$", ""), ":")
	col, row, ok := parseCell(first)
	if !ok || col == 0 {
		return b, wrong
	}
	b.left, b.top = col, max(1, row)
	if !two {
		return b, nil
	}
	if col, row, ok = parseCell(last); !ok {
		return b, wrong
	}
	if col > 0 {
		b.right = col
	}
	if row > 0 {
		b.bottom = row
	}
	if b.right < b.left || b.bottom < b.top {
		return b, wrong
	}
	return b, nil
}

// parseCell parses "F30", "F" (row 0) and "30" (column 0).
func parseCell(text string) (col, row int, ok bool) {
	letters := strings.TrimRight(text, "0123456789")
	var err error
	if letters != "" {
		if col, err = excelize.ColumnNameToNumber(letters); err != nil {
			return 0, 0, false
		}
	}
	if digits := text[len(letters):]; digits != "" {
		if row, err = strconv.Atoi(digits); err != nil || row < 1 || row > excelize.TotalRows {
			return 0, 0, false
		}
	}
	return col, row, col+row > 0
}

type reader struct {
	file    *excelize.File
	cells   *Cells
	box     box
	formats map[int]format // by style
}

// format is how a spreadsheet shows a number.
type format int

const (
	plain format = iota
	percent
	date
	clock // date and time of day
)

// values reads the cells, row by row, without those beyond the last filled one.
func (r *reader) values() error {
	broken := func(err error) error {
		return refuse("open it in a spreadsheet program and save it again", "the sheet %q cannot be read: %v", r.cells.Sheet, err)
	}
	rows, err := r.file.Rows(r.cells.Sheet)
	if err != nil {
		return broken(err)
	}
	defer rows.Close()
	n, filled := 0, 0 // cells so far, and rows up to the last filled one
	for row := 1; rows.Next() && row <= r.box.bottom; row++ {
		cells, err := rows.Columns()
		if err != nil {
			return broken(err)
		}
		if row < r.box.top {
			continue
		}
		cells = cells[min(len(cells), r.box.left-1):min(len(cells), r.box.right)]
		if n += len(cells) + 1; n > maxCells {
			return refuse("give the part that is needed, for example range: \"A5:F30\"", "the sheet %q has more than %d cells", r.cells.Sheet, maxCells)
		}
		for i, text := range cells {
			if text != "" {
				filled = len(r.cells.Rows) + 1
				if cells[i], err = r.number(text, r.box.left+i, row); err != nil {
					return broken(err)
				}
			}
		}
		r.cells.Rows = append(r.cells.Rows, cells)
	}
	if err := rows.Error(); err != nil {
		return broken(err)
	}
	r.cells.Rows = r.cells.Rows[:filled]
	return nil
}

// number returns the text of a cell that may be a number.
func (r *reader) number(raw string, col, row int) (string, error) {
	x, err := strconv.ParseFloat(raw, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || strings.TrimLeft(raw, "0123456789.eE+-") != "" {
		return raw, nil
	}
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil {
		return raw, err
	}
	kind, err := r.file.GetCellType(r.cells.Sheet, name)
	if err != nil {
		return raw, err
	}
	switch kind {
	case excelize.CellTypeSharedString, excelize.CellTypeInlineString, excelize.CellTypeBool:
		return raw, nil // text, with its zeros at the beginning
	}
	style, err := r.file.GetCellStyle(r.cells.Sheet, name)
	if err != nil {
		return raw, err
	}
	switch f := r.format(style); {
	case f == percent:
		return digits(x*100) + "%", nil
	case (f == date || f == clock) && x >= 1 && x < 2958466:
		t, err := excelize.ExcelDateToTime(x, r.since1904())
		if err != nil {
			return raw, nil
		}
		if f == date && x == math.Trunc(x) {
			return t.Format(time.DateOnly), nil
		}
		return t.Format("2006-01-02T15:04:05"), nil
	}
	return digits(x), nil
}

func (r *reader) since1904() bool {
	props, err := r.file.GetWorkbookProps()
	return err == nil && props.Date1904 != nil && *props.Date1904
}

// digits writes a number with 15 significant digits, as spreadsheets show it, and
// without an exponent if it is of a usual size.
func digits(x float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil {
		short = x
	}
	if a := math.Abs(short); a != 0 && (a < 1e-9 || a >= 1e21) {
		return strconv.FormatFloat(short, 'g', -1, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// format returns how a style shows numbers.
func (r *reader) format(style int) format {
	if f, ok := r.formats[style]; ok {
		return f
	}
	f := plain
	if s, err := r.file.GetStyle(style); err == nil && s != nil {
		switch n := s.NumFmt; {
		case s.CustomNumFmt != nil:
			f = formatOf(*s.CustomNumFmt)
		case n == 9 || n == 10:
			f = percent
		case n >= 14 && n <= 17 || n >= 27 && n <= 36 || n >= 50 && n <= 58:
			f = date
		case n == 22:
			f = clock
		}
	}
	r.formats[style] = f
	return f
}

// formatOf reads a format code such as "0.0%" or "dd/mm/yyyy". Quoted text, escaped
// characters and what is in brackets do not count.
func formatOf(code string) format {
	var b strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '\\', '_', '*':
			i++
		case '"', '[':
			end := strings.IndexByte(code[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				i = len(code)
			} else {
				i += end + 1
			}
		case ';':
			i = len(code) // formats of negative numbers and of zero follow
		default:
			b.WriteByte(c)
		}
	}
	text := strings.ToLower(b.String())
	switch {
	case strings.Contains(text, "general") || text == "@":
		return plain
	case strings.Contains(text, "%"):
		return percent
	case !strings.ContainsAny(text, "ydm"):
		return plain
	case strings.ContainsAny(text, "hs"):
		return clock
	case strings.ContainsAny(text, "0#?"):
		return plain
	}
	return date
}

// merged copies the text of merged areas to all their cells. A number is not copied to
// further rows: it is one figure.
func (r *reader) merged() error {
	areas, err := r.file.GetMergeCells(r.cells.Sheet)
	if err != nil {
		return refuse("open it in a spreadsheet program and save it again", "the merged cells of sheet %q cannot be read: %v", r.cells.Sheet, err)
	}
	if len(areas) > maxMerged {
		return refuse("save the sheet as CSV", "the sheet %q has more than %d merged areas", r.cells.Sheet, maxMerged)
	}
	n := 0
	for _, a := range areas {
		left, top, err1 := excelize.CellNameToCoordinates(a.GetStartAxis())
		right, bottom, err2 := excelize.CellNameToCoordinates(a.GetEndAxis())
		if err1 != nil || err2 != nil {
			continue
		}
		text := r.at(top, left)
		if text == "" || isNumber(text) && bottom > top {
			continue
		}
		for row := top; row <= min(bottom, r.cells.Top+len(r.cells.Rows)-1); row++ {
			for col := left; col <= min(right, r.box.right); col++ {
				if n++; n > maxCells {
					return refuse("save the sheet as CSV", "the merged areas of sheet %q have more than %d cells", r.cells.Sheet, maxCells)
				}
				r.set(row, col, text)
			}
		}
	}
	return nil
}

func isNumber(text string) bool {
	_, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	return err == nil
}

func (r *reader) at(row, col int) string {
	i, j := row-r.cells.Top, col-r.cells.Left
	if i < 0 || i >= len(r.cells.Rows) || j < 0 || j >= len(r.cells.Rows[i]) {
		return ""
	}
	return r.cells.Rows[i][j]
}

func (r *reader) set(row, col int, text string) {
	i, j := row-r.cells.Top, col-r.cells.Left
	if i < 0 || j < 0 {
		return
	}
	for len(r.cells.Rows[i]) <= j {
		r.cells.Rows[i] = append(r.cells.Rows[i], "")
	}
	r.cells.Rows[i][j] = text
}

// maxFormulas bounds the empty cells that are looked at for a formula.
const maxFormulas = 200_000

// formulas writes the formulas that have no value into their cells.
func (r *reader) formulas() {
	n := 0
	for i, cells := range r.cells.Rows {
		for j, text := range cells {
			if text != "" {
				continue
			}
			if n++; n > maxFormulas {
				return
			}
			if formula, err := r.file.GetCellFormula(r.cells.Sheet, r.cells.Name(i, j)); err == nil && formula != "" {
				cells[j] = "=" + formula
			}
		}
	}
}
