package dataset

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/frame"
)

// CreateCSV starts a CSV file at path, as RFC 4180 describes it: UTF-8, a header
// line, commas between cells, quotes where needed. Lines end in LF without CR,
// which every reader accepts and line tools prefer. A null is an empty cell, an
// empty text is "", and a list is a JSON array, of objects if it is of records.
//
// Spreadsheets read a text that begins with = + - @ tab or CR as a formula. Such a
// text gets an apostrophe in front, and so does a text that has only apostrophes
// before such a character. The reader removes one apostrophe from exactly these
// texts, so every text is read as it was written. Numbers are left as they are.
func CreateCSV(path string, s frame.Schema) (Writer, error) {
	return createText(path, s, Options{}, newCSVEncoder)
}

// csvEncoder encodes labels once; only texts and numbers are encoded row by row.
type csvEncoder []csvColumn

type csvColumn struct {
	field  frame.Field
	comma  []byte   // empty for the first column
	labels [][]byte // of a category: comma and cell; of a list: the label as JSON
	record jsonEncoder
}

func newCSVEncoder(s frame.Schema) rowEncoder {
	enc := make(csvEncoder, len(s))
	for i, f := range s {
		col := csvColumn{field: f}
		if i > 0 {
			col.comma = []byte{','}
		}
		for _, l := range f.Labels {
			if f.Type == frame.Category {
				col.labels = append(col.labels, appendCSVText(bytes.Clone(col.comma), l))
			} else {
				col.labels = append(col.labels, appendJSONString(nil, l))
			}
		}
		if f.Type == frame.Records {
			col.record = encodeObjects(f.Records)
		}
		enc[i] = col
	}
	return enc
}

func (enc csvEncoder) appendHeader(dst []byte) []byte {
	for i := range enc {
		dst = append(dst, enc[i].comma...)
		dst = appendCSVText(dst, enc[i].field.Name)
	}
	return append(dst, '\n')
}

func (enc csvEncoder) appendRow(dst []byte, b *frame.Batch, r int) []byte {
	for i := range enc {
		col, c := &enc[i], &b.Columns[i]
		if col.field.Type == frame.Category {
			if k := c.Codes[r]; k >= 0 {
				dst = append(dst, col.labels[k]...)
			} else {
				dst = append(dst, col.comma...)
			}
			continue
		}
		dst = append(dst, col.comma...)
		if c.Null != nil && c.Null[r] {
			continue
		}
		switch col.field.Type {
		case frame.Integer:
			dst = strconv.AppendInt(dst, c.Ints[r], 10)
		case frame.Date:
			dst = frame.AppendDate(dst, c.Ints[r])
		case frame.Number:
			dst = appendNumber(dst, c.Floats[r], col.field.Decimals)
		case frame.Text:
			dst = appendCSVText(dst, c.Texts[r])
		default:
			start := len(dst)
			if col.record != nil {
				dst = col.record.appendList(dst, c, r)
			} else {
				dst = appendJSONList(dst, c, r, col.labels)
			}
			if c.Offsets[r+1] > c.Offsets[r] {
				dst = quoteTail(dst, start)
			}
		}
	}
	return append(dst, '\n')
}

// formulaStart reports whether a spreadsheet may read a text that begins with c as
// a formula.
func formulaStart(c byte) bool {
	switch c {
	case '=', '+', '-', '@', '\t', '\r':
		return true
	}
	return false
}

// formulaText reports whether s begins with a character that starts a formula,
// apostrophes before it aside. Such texts are written with one more apostrophe.
func formulaText(s string) bool {
	i := 0
	for i < len(s) && s[i] == '\'' {
		i++
	}
	return i < len(s) && formulaStart(s[i])
}

// appendCSVText appends the cell of a text that is not null.
func appendCSVText(dst []byte, s string) []byte {
	s = validText(s)
	if formulaText(s) {
		s = "'" + s
	}
	if !needsQuotes(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return append(append(dst, s...), '"')
		}
		dst = append(append(dst, s[:i+1]...), '"')
		s = s[i+1:]
	}
}

// needsQuotes reports whether a cell must be quoted. The empty text must, because
// it would be read as null; and so must a text with blanks at either end, which
// some readers remove.
func needsQuotes(s string) bool {
	if s == "" || isBlank(s[0]) || isBlank(s[len(s)-1]) {
		return true
	}
	for i := range len(s) {
		switch s[i] {
		case ',', '"', '\n', '\r':
			return true
		}
	}
	return false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// quoteTail quotes dst[start:] in place and doubles the quotes in it.
func quoteTail(dst []byte, start int) []byte {
	quotes := bytes.Count(dst[start:], []byte{'"'})
	end := len(dst)
	for range quotes + 2 {
		dst = append(dst, '"')
	}
	to := len(dst) - 1
	for from := end - 1; from >= start; from-- {
		to--
		dst[to] = dst[from]
		if dst[from] == '"' {
			to--
			dst[to] = '"'
		}
	}
	dst[start] = '"'
	return dst
}
