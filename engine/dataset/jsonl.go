package dataset

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
)

// CreateJSONL starts a file of JSON lines at path: one object per row, with the
// keys in the order of the schema, in UTF-8 without HTML escapes. Numbers have
// Field.Decimals places, or as many as the value needs if that is more, and an
// exponent only where encoding/json writes one.
func CreateJSONL(path string, s frame.Schema) (Writer, error) {
	return createText(path, s, Options{}, newJSONEncoder)
}

// jsonEncoder encodes keys and labels once; only texts and numbers are encoded row
// by row.
type jsonEncoder []jsonColumn

type jsonColumn struct {
	field  frame.Field
	key    []byte   // `,"key":`, or `{"key":` in the first column
	null   []byte   // key and null
	labels [][]byte // of a category: key and label; of a list: the label
	record jsonEncoder
}

func newJSONEncoder(s frame.Schema) rowEncoder { return encodeObjects(s) }

func encodeObjects(s frame.Schema) jsonEncoder {
	enc := make(jsonEncoder, len(s))
	for i, f := range s {
		open := byte(',')
		if i == 0 {
			open = '{'
		}
		key := append(appendJSONString([]byte{open}, f.Name), ':')
		col := jsonColumn{field: f, key: key, null: append(key[:len(key):len(key)], "null"...)}
		for _, l := range f.Labels {
			var lit []byte
			if f.Type == frame.Category {
				lit = append(lit, key...)
			}
			if f.Boolean {
				col.labels = append(col.labels, append(lit, l...))
				continue
			}
			col.labels = append(col.labels, appendJSONString(lit, l))
		}
		if f.Type == frame.Records {
			col.record = encodeObjects(f.Records)
		}
		enc[i] = col
	}
	return enc
}

func (enc jsonEncoder) appendHeader(dst []byte) []byte { return dst }

func (enc jsonEncoder) appendRow(dst []byte, b *frame.Batch, r int) []byte {
	return append(enc.appendObject(dst, b.Columns, r), '\n')
}

// appendObject appends row r of the columns as an object.
func (enc jsonEncoder) appendObject(dst []byte, columns []frame.Column, r int) []byte {
	for i := range enc {
		col, c := &enc[i], &columns[i]
		if col.field.Type == frame.Category {
			if k := c.Codes[r]; k >= 0 {
				dst = append(dst, col.labels[k]...)
			} else {
				dst = append(dst, col.null...)
			}
			continue
		}
		if c.Null != nil && c.Null[r] {
			dst = append(dst, col.null...)
			continue
		}
		dst = append(dst, col.key...)
		switch col.field.Type {
		case frame.Integer:
			dst = strconv.AppendInt(dst, c.Ints[r], 10)
		case frame.Date:
			dst = append(frame.AppendDate(append(dst, '"'), c.Ints[r]), '"')
		case frame.Number:
			dst = appendNumber(dst, c.Floats[r], col.field.Decimals)
		case frame.Text:
			dst = appendJSONString(dst, c.Texts[r])
		case frame.Records:
			dst = col.record.appendList(dst, c, r)
		default:
			dst = appendJSONList(dst, c, r, col.labels)
		}
	}
	return append(dst, '}')
}

// appendList appends the records of row r as an array of objects.
func (enc jsonEncoder) appendList(dst []byte, c *frame.Column, r int) []byte {
	dst = append(dst, '[')
	for k := c.Offsets[r]; k < c.Offsets[r+1]; k++ {
		if k > c.Offsets[r] {
			dst = append(dst, ',')
		}
		dst = enc.appendObject(dst, c.Records, int(k))
	}
	return append(dst, ']')
}

// appendJSONList appends the list of row r as an array. Labels are the encoded
// labels of a category list, or nil for a text list.
func appendJSONList(dst []byte, c *frame.Column, r int, labels [][]byte) []byte {
	dst = append(dst, '[')
	for k := c.Offsets[r]; k < c.Offsets[r+1]; k++ {
		if k > c.Offsets[r] {
			dst = append(dst, ',')
		}
		if labels != nil {
			dst = append(dst, labels[c.Codes[k]]...)
		} else {
			dst = appendJSONString(dst, c.Texts[k])
		}
	}
	return append(dst, ']')
}

// exactInteger is the largest integer up to which a float64 represents every
// integer.
const exactInteger = 1 << 53

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// appendNumber appends v with the given number of decimal places. A value that is
// not rounded to them is written in full, so that all formats have the same
// value. Very large and very small values get an exponent, as in encoding/json.
func appendNumber(dst []byte, v float64, decimals int) []byte {
	if decimals >= 0 && decimals < len(powersOfTen) {
		scale := powersOfTen[decimals]
		scaled := math.RoundToEven(v * scale)
		// The quotient of two exact integers is the float64 nearest to the decimal
		// number, so if it equals v, these digits are read as v.
		if math.Abs(scaled) < exactInteger && scaled/scale == v && (v != 0 || !math.Signbit(v)) {
			return appendFixed(dst, int64(scaled), decimals)
		}
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, 64)
}

// appendFixed appends n / 10^decimals.
func appendFixed(dst []byte, n int64, decimals int) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	if decimals == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	scale := int64(powersOfTen[decimals])
	dst = strconv.AppendInt(dst, n/scale, 10)
	dst = append(dst, '.')
	rest := n % scale
	for scale /= 10; scale > 0; scale /= 10 {
		dst = append(dst, byte('0'+rest/scale%10))
	}
	return dst
}

// plainJSON marks the ASCII characters that a string contains unescaped.
var plainJSON = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

// appendJSONString appends s in quotes. It escapes control characters, and also
// U+2028 and U+2029, which some readers take for line ends. Invalid UTF-8 becomes
// U+FFFD.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := plainRun(s, 0); i < len(s); i = plainRun(s, i) {
		if c := s[i]; c < utf8.RuneSelf {
			if !plainJSON[c] {
				dst = append(dst, s[start:i]...)
				dst = appendJSONEscape(dst, c)
				start = i + 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(append(dst, s[start:i]...), "\uFFFD"...)
			start = i + n
		case r == '\u2028' || r == '\u2029':
			dst = append(append(dst, s[start:i]...), `\u202`...)
			dst = append(dst, hexDigits[r&0xf])
			start = i + n
		}
		i += n
	}
	return append(append(dst, s[start:]...), '"')
}

func appendJSONEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}
