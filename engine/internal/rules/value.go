package rules

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// valueOf returns a person's value of a column as text, false if the person has
// none.
func valueOf(b *frame.Batch, column, row int) (string, bool) {
	col, f := &b.Columns[column], &b.Schema[column]
	if col.IsNull(f.Type, row) {
		return "", false
	}
	switch f.Type {
	case frame.Category:
		if code := col.Codes[row]; int(code) < len(f.Labels) {
			return f.Labels[code], true
		}
		return "", false
	case frame.Integer:
		return strconv.FormatInt(col.Ints[row], 10), true
	case frame.Date:
		return string(frame.AppendDate(nil, col.Ints[row])), true
	case frame.Number:
		return strconv.FormatFloat(col.Floats[row], 'f', f.Decimals, 64), true
	case frame.Text:
		return col.Texts[row], true
	}
	return "", false
}

// sameValue compares numbers by value, with a decimal comma or point in the
// text, and anything else as written.
func sameValue(written, value string) bool {
	if written == value {
		return true
	}
	a, err := strconv.ParseFloat(strings.Replace(written, ",", ".", 1), 64)
	if err != nil {
		return false
	}
	b, err := strconv.ParseFloat(value, 64)
	return err == nil && a == b
}

// mentions reports whether a text has a value where a word begins, both in
// lower case. The word may go on after the value, as with an inflection, unless
// whole is set.
func mentions(lower []byte, value string, whole bool) bool {
	v := []byte(value)
	for at := 0; len(v) > 0; {
		k := bytes.Index(lower[at:], v)
		if k < 0 {
			return false
		}
		at += k
		before, _ := utf8.DecodeLastRune(lower[:at])
		after, _ := utf8.DecodeRune(lower[at+len(v):])
		if !tokenize.IsWord(before) && !(whole && tokenize.IsWord(after)) {
			return true
		}
		at += len(v)
	}
	return true
}
