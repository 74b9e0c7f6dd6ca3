package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/personagen/personagen/engine/frame"
)

// csvSource reads CSV as RFC 4180 describes it, with LF or CRLF.
type csvSource struct {
	lines  *lineReader
	issues *issueLog
	header []string
	bound  []*builder // per column of the file; nil if not in the schema
	lost   []*builder // of columns that are not in the file
	record csvRecord
}

// csvRecord holds the cells of one record, without quotes.
type csvRecord struct {
	line  int64 // of its first line
	data  []byte
	cells []csvCell
	stray int // index of the first cell with misplaced quotes, or -1
}

type csvCell struct {
	from, to int
	quoted   bool
}

func (c *csvRecord) cell(i int) []byte { return c.data[c.cells[i].from:c.cells[i].to] }

func (r *Reader) openCSV(file *os.File, o OpenOptions) error {
	s := &csvSource{lines: newLineReader(file), issues: r.issues}
	if err := s.readHeader(); err != nil {
		return err
	}
	if o.Schema == nil {
		if err := r.inferCSV(s, o); err != nil {
			return err
		}
	}
	var err error
	if s.bound, err = r.bind(s.header, o); err != nil {
		return err
	}
	for _, b := range r.builders {
		if !b.found {
			s.lost = append(s.lost, b)
		}
	}
	r.reportMissing()
	r.source = s
	return nil
}

func (s *csvSource) readHeader() error {
	err := s.readRecord()
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty; it must begin with a header line that names the columns")
	}
	if err != nil {
		return err
	}
	s.header = nil
	seen := map[string]bool{}
	for i := range s.record.cells {
		name := validText(string(unescapeFormula(s.record.cell(i))))
		if seen[name] {
			return fmt.Errorf("line %d: column %q occurs twice in the header", s.record.line, name)
		}
		seen[name] = true
		s.header = append(s.header, name)
	}
	return nil
}

// inferCSV reads the whole file to infer the types of its columns.
func (r *Reader) inferCSV(s *csvSource, o OpenOptions) error {
	guesses := make([]guess, len(s.header))
	for {
		err := s.readRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for i := range min(len(guesses), len(s.record.cells)) {
			guesses[i].cell(s.record.cell(i), s.record.cells[i].quoted)
		}
	}
	for i, name := range s.header {
		r.schema = append(r.schema, inferredField(fieldName(o.Columns, name), guesses[i]))
	}
	if err := checkSchema(r.schema); err != nil {
		return err
	}
	if err := s.lines.rewind(); err != nil {
		return err
	}
	return s.readHeader()
}

// inferredField returns a nullable column with the narrowest type that fits all
// values, or Text if there are none.
func inferredField(name string, g guess) frame.Field {
	t := frame.Text
	switch {
	case g.textual():
	case g.list:
		t = frame.TextList
	case g.number:
		t = frame.Number
	case g.integer:
		t = frame.Integer
	}
	return frame.Field{Name: name, Type: t, Nullable: true, Decimals: -1}
}

// cell adds a CSV cell to the guess. A number with a leading zero or plus is a text,
// because as a number it would lose them.
func (g *guess) cell(v []byte, quoted bool) {
	switch {
	case len(v) == 0:
		g.text = g.text || quoted
	case v[0] == '[' && isTextArray(v):
		g.list = true
	case v[0] == '+' || len(v) > 1 && v[0] == '0' && isDigit(v[1]):
		g.text = true
	default:
		if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			g.integer = true
		} else if _, ok := parseDecimal(v); ok && !wholeDigits(v) {
			g.number = true
		} else {
			g.text = true
		}
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// wholeDigits reports whether v consists of digits and minus signs.
func wholeDigits(v []byte) bool { return len(bytes.Trim(v, "-0123456789")) == 0 }

// parseDecimal parses a finite decimal number.
func parseDecimal(v []byte) (float64, bool) {
	for _, c := range v {
		if !isDigit(c) && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return 0, false // ParseFloat also accepts hexadecimal numbers, inf and nan
		}
	}
	x, err := strconv.ParseFloat(string(v), 64)
	return x, err == nil
}

func (s *csvSource) names() []string      { return s.header }
func (s *csvSource) rows() (int64, bool)  { return 0, false }
func (s *csvSource) metadata() []KeyValue { return nil }
func (s *csvSource) close() error         { return s.lines.file.Close() }

func (s *csvSource) read(max int) (int, error) {
	for n := range max {
		if err := s.readRecord(); err != nil {
			return n, err
		}
		s.issues.line = s.record.line
		s.deliver()
		s.issues.row++
	}
	return max, nil
}

// deliver passes the cells of a record to the builders.
func (s *csvSource) deliver() {
	rec := &s.record
	if len(rec.cells) != len(s.header) {
		s.issues.add("", CellCount, fmt.Appendf(nil, "%d cells, the header has %d", len(rec.cells), len(s.header)))
	}
	if rec.stray >= 0 {
		name := ""
		if rec.stray < len(s.header) {
			name = s.header[rec.stray]
		}
		s.issues.add(name, MalformedCell, rec.cell(rec.stray))
	}
	for i, b := range s.bound {
		switch {
		case b == nil:
		case i < len(rec.cells):
			b.cell(rec.cell(i), rec.cells[i].quoted)
		default:
			b.unreadable()
		}
	}
	for _, b := range s.lost {
		b.null()
	}
}

// cell reads a CSV cell as the type of the column.
func (b *builder) cell(v []byte, quoted bool) {
	if len(v) == 0 && !quoted {
		b.null()
		return
	}
	switch b.field.Type {
	case frame.Integer:
		if k, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			b.integer(k)
		} else if x, ok := parseDecimal(v); ok && !wholeDigits(v) {
			b.number(x)
		} else {
			b.wrong(v)
		}
	case frame.Number:
		if x, ok := parseDecimal(v); ok {
			b.number(x)
		} else {
			b.wrong(v)
		}
	case frame.Date:
		b.dateText(v)
	case frame.Category, frame.Text:
		b.text(unescapeFormula(v))
	case frame.Records:
		b.textAsRecords(v)
	default:
		if isTextArray(v) {
			b.jsonList(v)
		} else {
			b.textAsList(v)
		}
	}
}

// unescapeFormula removes the apostrophe that keeps a spreadsheet from reading a
// text as a formula.
func unescapeFormula(v []byte) []byte {
	if len(v) < 2 || v[0] != '\'' {
		return v
	}
	rest := bytes.TrimLeft(v, "'")
	if len(rest) > 0 && formulaStart(rest[0]) {
		return v[1:]
	}
	return v
}

// readRecord reads the next record. Blank lines are skipped, except in a file
// of one column, where they are nulls.
func (s *csvSource) readRecord() error {
	for {
		line, err := s.lines.next()
		if err != nil {
			return err
		}
		s.record.line = s.lines.line
		if len(chomp(line)) == 0 && len(s.header) != 1 {
			continue
		}
		return s.parseRecord(line)
	}
}

// parseRecord splits a line into cells. It reads more lines while a quote is open.
func (s *csvSource) parseRecord(line []byte) error {
	rec := &s.record
	rec.data, rec.cells, rec.stray = rec.data[:0], rec.cells[:0], -1
	rest := chomp(line)
	for {
		cell := csvCell{from: len(rec.data)}
		if len(rest) > 0 && rest[0] == '"' {
			// If the quote stays open, the line end is part of the cell.
			whole := line[len(chomp(line))-len(rest):]
			var err error
			if line, whole, err = s.quotedCell(line, whole[1:]); err != nil {
				return err
			}
			rest = chomp(whole)
			cell.quoted = true
		}
		end := bytes.IndexByte(rest, ',')
		last := end < 0
		if last {
			end = len(rest)
		}
		if tail := rest[:end]; rec.stray < 0 && (cell.quoted && end > 0 || bytes.IndexByte(tail, '"') >= 0) {
			rec.stray = len(rec.cells)
		}
		rec.data = append(rec.data, rest[:end]...)
		cell.to = len(rec.data)
		rec.cells = append(rec.cells, cell)
		if last {
			return nil
		}
		rest = rest[end+1:]
	}
}

// quotedCell appends the text up to the closing quote. It returns the line with the
// closing quote, and the rest of that line after it.
func (s *csvSource) quotedCell(line, rest []byte) (inLine, after []byte, err error) {
	opened := s.lines.line
	rec := &s.record
	for {
		i := bytes.IndexByte(rest, '"')
		if i < 0 {
			rec.data = append(rec.data, rest...)
			if len(rec.data) > maxRecord {
				return nil, nil, fmt.Errorf("line %d: the quoted cell that starts here is longer than %d bytes; a quote may be missing", opened, maxRecord)
			}
			line, err = s.lines.next()
			if errors.Is(err, io.EOF) {
				return nil, nil, fmt.Errorf("line %d: the quoted cell that starts here is never closed", opened)
			}
			if err != nil {
				return nil, nil, err
			}
			rest = line
			continue
		}
		rec.data = append(rec.data, rest[:i]...)
		rest = rest[i+1:]
		if len(rest) == 0 || rest[0] != '"' {
			return line, rest, nil
		}
		rec.data = append(rec.data, '"')
		rest = rest[1:]
	}
}
