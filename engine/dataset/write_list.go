package dataset

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/personagen/personagen/engine/frame"
)

// AppendNumber appends a number as the text formats write it: see CreateJSONL.
func AppendNumber(dst []byte, v float64, decimals int) []byte { return appendNumber(dst, v, decimals) }

// AppendJSONList appends the list in row r of a column as a JSON array. Labels are
// those of a category list, nil for a text list.
func AppendJSONList(dst []byte, c *frame.Column, r int, labels []string) []byte {
	return appendList(dst, c, r, labels, appendJSONString)
}

// RecordsWriter returns a function that appends the records in row r of a column as a JSON
// array of objects. The labels are not used: columns have their own.
func RecordsWriter(s frame.Schema) func(dst []byte, c *frame.Column, r int, labels []string) []byte {
	enc := encodeObjects(s)
	return func(dst []byte, c *frame.Column, r int, _ []string) []byte { return enc.appendList(dst, c, r) }
}

// AppendPythonList appends the list in row r of a column as Python prints it, which is
// how data frame tools store lists as text. ReadList reads it.
func AppendPythonList(dst []byte, c *frame.Column, r int, labels []string) []byte {
	return appendList(dst, c, r, labels, appendPythonString)
}

func appendList(dst []byte, c *frame.Column, r int, labels []string, quote func([]byte, string) []byte) []byte {
	dst = append(dst, '[')
	for k := c.Offsets[r]; k < c.Offsets[r+1]; k++ {
		if k > c.Offsets[r] {
			dst = append(dst, ", "...)
		}
		if labels != nil {
			dst = quote(dst, labels[c.Codes[k]])
		} else {
			dst = quote(dst, c.Texts[k])
		}
	}
	return append(dst, ']')
}

// appendPythonString appends a text as Python's repr writes it.
func appendPythonString(dst []byte, s string) []byte {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	dst = append(dst, quote)
	for _, c := range validText(s) {
		switch {
		case c == rune(quote) || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(c):
			dst = append(dst, string(c)...)
		case c <= 0xff:
			dst = fmt.Appendf(dst, `\x%02x`, c)
		case c <= 0xffff:
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = fmt.Appendf(dst, `\U%08x`, c)
		}
	}
	return append(dst, quote)
}
