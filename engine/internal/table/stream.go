package table

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/sheet"
)

// maxRecord bounds the bytes of a record of a Stream, and of a line above the header.
const maxRecord = 4 << 20

// Stream reads a text file record by record: its memory does not grow with the file. Of
// a Layout it uses Encoding, Separator, Fixed, Skip, Header and NoHeader.
type Stream struct {
	Header []string

	path   string
	layout *Layout
	meter  *meter
	csv    *csv.Reader
	fixed  *fixedStream // of fixed columns; then csv is nil
	line   int          // lines above the records
	width  int          // cells of the last record
	last   int          // its line
	cells  []string
	coded  bool // whether the layout or a byte order mark names the encoding
}

// columnLabels are labels of a column.
type columnLabels struct {
	column int
	labels *Labels
}

// NewStream reads the header of a text file, which messages call shown. It returns nil
// after it has reported a fault.
func NewStream(r io.Reader, shown string, layout *Layout, faults *diag.List) *Stream {
	s := &Stream{path: shown, layout: layout}
	in := bufio.NewReaderSize(r, 1<<16)
	begin, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		s.fail(err, faults)
		return nil
	}
	if !CheckText(begin, layout.placeOr(shown), shown, faults) {
		return nil
	}
	if sheet.Is(begin) {
		faults.Errorf(layout.placeOr(shown), "workbook", "%s is a workbook, not a text file", shown).WithHint("save the sheet with the records as a CSV file")
		return nil
	}
	if in = s.decoded(in, begin, faults); in == nil || !s.begin(in, faults) || !s.readHeader(faults) {
		return nil
	}
	return s
}

// decoded returns the text in UTF-8 without a byte order mark, with "\n" at the ends of
// lines. It returns nil after it has reported a fault.
func (s *Stream) decoded(in *bufio.Reader, begin []byte, faults *diag.List) *bufio.Reader {
	var of encoding.Encoding
	for _, m := range marks {
		if bytes.HasPrefix(begin, m.mark) {
			of, s.coded = m.encoding, true
			in.Discard(len(m.mark))
			break
		}
	}
	if !s.coded && s.layout.Encoding != "" {
		var err error
		if of, err = encodingNamed(s.layout.Encoding); err != nil {
			faults.Errorf(s.layout.placeOr(s.path), "encoding", "%s cannot be decoded: %v", s.path, err).WithHint("correct encoding, for example encoding: \"windows-1252\"")
			return nil
		}
		s.coded = of != nil
	}
	if of != nil {
		in = bufio.NewReaderSize(transform.NewReader(in, of.NewDecoder()), 1<<16)
	}
	if begin, _ := in.Peek(1 << 16); bytes.IndexByte(begin, '\n') < 0 && bytes.IndexByte(begin, '\r') >= 0 {
		in = bufio.NewReaderSize(lineEnds{in}, 1<<16) // of old Macintosh programs
	}
	return in
}

// lineEnds replaces carriage returns by line feeds.
type lineEnds struct{ r io.Reader }

func (l lineEnds) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	for i := range b[:n] {
		if b[i] == '\r' {
			b[i] = '\n'
		}
	}
	return n, err
}

// meter limits how far its reader is read beyond the last complete record.
type meter struct {
	r          io.Reader
	read, upTo int64
}

var errLongRecord = fmt.Errorf("it has more than %d MB", maxRecord>>20)

func (m *meter) Read(b []byte) (int, error) {
	if m.read >= m.upTo {
		return 0, errLongRecord
	}
	n, err := m.r.Read(b)
	m.read += int64(n)
	return n, err
}

// begin finds the separator and skips the lines above the header.
func (s *Stream) begin(in *bufio.Reader, faults *diag.List) bool {
	separator := ','
	if s.layout.Separator != "" {
		separator, _ = utf8.DecodeRuneInString(s.layout.Separator)
	}
	begin, _ := in.Peek(32)
	if first, _, ok := bytes.Cut(begin, []byte{'\n'}); ok {
		if named, ok := separatorLine(string(first)); ok {
			if s.layout.Separator != "" && named != separator {
				faults.Errorf(diag.Place{File: s.path, Line: 1, Column: 1}, "two-separators", "the first line of the file says that the separator is %q, the spec that it is %q", named, separator).
					WithHint("remove separator from the spec, or correct it")
				return false
			}
			in.Discard(len(first) + 1)
			separator, s.line = named, 1
		}
	}
	for range s.layout.Skip {
		if err := skipLine(in); errors.Is(err, io.EOF) {
			faults.Errorf(s.layout.placeOr(s.path), "skip", "%s has only %d lines", s.path, s.line).WithHint("correct skip")
			return false
		} else if err != nil {
			s.fail(err, faults)
			return false
		}
		s.line++
	}
	if len(s.layout.Fixed) > 0 {
		s.fixed = &fixedStream{in: in, columns: s.layout.Fixed}
		return true
	}
	s.meter = &meter{r: in, upTo: maxRecord}
	s.csv = csv.NewReader(s.meter)
	s.csv.Comma, s.csv.FieldsPerRecord, s.csv.ReuseRecord = separator, -1, true
	return true
}

func skipLine(in *bufio.Reader) error {
	for n := 0; ; {
		part, err := in.ReadSlice('\n')
		if n += len(part); n > maxRecord {
			return errLongRecord
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// record reads the next record that is not empty. It reports a fault.
func (s *Stream) record(faults *diag.List) ([]string, error) {
	for {
		cells, err := s.read()
		if err != nil {
			if s.width = 0; !errors.Is(err, io.EOF) {
				s.fail(err, faults)
			}
			return nil, err
		}
		s.width = len(cells)
		s.last = s.Place(0).Line
		for i, cell := range cells {
			if !s.readable(cell, i, faults) {
				return nil, errFault
			}
			cells[i] = trimmed(plaintext.NFC(cell))
		}
		if !empty(cells) {
			return cells, nil
		}
	}
}

// read reads the cells of the next record.
func (s *Stream) read() ([]string, error) {
	if s.fixed != nil {
		cells, lines, err := s.fixed.next()
		s.line += lines
		return cells, err
	}
	s.meter.upTo = s.csv.InputOffset() + maxRecord
	return s.csv.Read()
}

var errFault = errors.New("a fault was reported")

// readable reports a cell that is not text.
func (s *Stream) readable(cell string, column int, faults *diag.List) bool {
	plain := true
	for i := range len(cell) {
		plain = plain && cell[i] >= ' ' && cell[i] < 0x7f
	}
	if plain {
		return true
	}
	if !utf8.ValidString(cell) || s.coded && strings.ContainsRune(cell, utf8.RuneError) {
		hint := "save the file as UTF-8, or say how it is encoded: encoding: \"windows-1252\""
		if s.coded {
			hint = "correct encoding"
		}
		faults.Errorf(s.Place(column), "not-utf8", "the cell is not in the encoding of the file").WithHint("%s", hint)
		return false
	}
	if _, c, found := plaintext.Steering(cell); found {
		faults.Errorf(s.Place(column), "invisible", "there is the invisible character %U", c).WithHint("remove it: it can steer a terminal or reverse what is read")
		return false
	}
	return true
}

// fail reports that the file cannot be read further.
func (s *Stream) fail(err error, faults *diag.List) {
	t := text{path: s.path, line: s.line}
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		t.reportSyntax(err, faults)
		return
	}
	at := diag.Place{File: s.path}
	if s.last > 0 {
		at.Line = s.last
	}
	if errors.Is(err, errLongRecord) {
		faults.Errorf(at, "long-record", "the record after this line cannot be read: %v", err).
			WithHint("look for a quotation mark that is not closed, or another separator")
		return
	}
	faults.Errorf(at, "unreadable-file", "%s cannot be read further: %v", s.path, err)
}

func (s *Stream) readHeader(faults *diag.List) bool {
	if s.fixed != nil {
		s.Header = fixedNames(s.layout.Fixed)
		return true
	}
	var rows [][]string
	width := 0
	for range s.layout.headerRows() {
		row, err := s.record(faults)
		if errors.Is(err, io.EOF) {
			faults.Errorf(s.layout.placeOr(s.path), "no-header", "%s has no row of column names left", s.path).WithHint("correct skip or header; the first row names the columns")
			return false
		}
		if err != nil {
			return false
		}
		rows, width = append(rows, slices.Clone(row)), max(width, len(row))
	}
	if s.layout.NoHeader { // the first record says how many columns there are
		row, err := s.record(faults)
		if err != nil && !errors.Is(err, io.EOF) {
			return false
		}
		s.cells, width = slices.Clone(row), len(row)
	}
	if width > maxColumns {
		faults.Errorf(diag.Place{File: s.path, Line: s.line + 1}, "too-many-cells", "the header has %s columns, and at most %s are read", humanize.Thousands(int64(width)), humanize.Thousands(maxColumns)).
			WithHint("keep only the columns that the spec needs")
		return false
	}
	seen := map[string]bool{}
	for c := range width {
		_, name := headerOf(rows, c)
		if name == "" {
			name = numbered(c)
		}
		if seen[name] {
			faults.Errorf(diag.Place{File: s.path, Line: s.line + 1}, "duplicate-header", "two columns are called %q", name).WithHint("rename one of them in the file")
			return false
		}
		seen[name] = true
		s.Header = append(s.Header, name)
	}
	return true
}

// Drops are the records of a file that a layout leaves out.
type Drops []columnLabels

// Drops finds the columns of the layout's Drop. It is not ok after it has reported that
// one does not exist.
func (l *Layout) Drops(columns []string, shown string, faults *diag.List) (drops Drops, ok bool) {
	for i := range l.Drop {
		of := &l.Drop[i]
		c := slices.Index(columns, of.Of)
		if c < 0 {
			faults.Errorf(of.Place, "unknown-column", "%s has no column %q, which drop names", shown, of.Of).WithHint("its columns are %s", humanize.Quoted(columns))
			return nil, false
		}
		drops = append(drops, columnLabels{c, of})
	}
	return drops, true
}

// Has reports whether a record is left out.
func (d Drops) Has(cells []string) bool {
	return slices.ContainsFunc(d, func(x columnLabels) bool { return x.labels.has(cells[x.column]) })
}

// Next returns the cells of the next record, one for each column. They are valid until the
// next call; their texts stay valid. After the last record it returns io.EOF; any other
// error has been reported.
func (s *Stream) Next(faults *diag.List) ([]string, error) {
	cells := s.cells // of the first record, without a header
	if s.cells = nil; cells == nil {
		var err error
		if cells, err = s.record(faults); err != nil {
			if s.fixed != nil && errors.Is(err, io.EOF) {
				if short := tooShort(s.layout.Fixed, s.fixed.longest); short != "" {
					faults.Errorf(s.layout.placeOr(s.path), "fixed", "%s", short).WithHint("correct fixed: it gives the first and the last character of each column, counted from 1")
					return nil, errFault
				}
			}
			return nil, err
		}
	}
	if len(cells) < len(s.Header) || len(cells) > len(s.Header) && !empty(cells[len(s.Header):]) {
		faults.Errorf(s.Place(0), "ragged-row", "the record has %s, the header %d", humanize.Count(len(cells), "cell", "cells"), len(s.Header)).
			WithHint("correct the record; a cell that contains the separator needs quotation marks")
		return nil, errFault
	}
	return cells[:len(s.Header)], nil
}

// Place returns the place of a cell of the record that was read last.
func (s *Stream) Place(column int) diag.Place {
	at := diag.Place{File: s.path}
	if s.fixed != nil && column >= 0 && column < len(s.layout.Fixed) {
		at.Line, at.Column = s.line, s.layout.Fixed[column].From
		return at
	}
	if s.csv == nil || column < 0 {
		return at
	}
	if column >= s.width { // FieldPos panics
		return at
	}
	line, col := s.csv.FieldPos(column)
	at.Line, at.Column = s.line+line, col
	return at
}
