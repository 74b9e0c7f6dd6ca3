package dataset

import (
	"strconv"
	"unicode/utf8"
)

// writtenList reads a list of texts that a tool has written as one text: a JSON
// array, the form that Python prints (['one', "it's"]) or that of NumPy, which
// has no commas. ok is false for anything else.
func writtenList(v []byte) (items [][]byte, ok bool) {
	v = trimSpace(v)
	if len(v) < 2 || v[0] != '[' || v[len(v)-1] != ']' {
		return nil, false
	}
	v = trimSpace(v[1 : len(v)-1])
	items = [][]byte{}
	for len(v) > 0 {
		item, rest, ok := quotedItem(v)
		if !ok {
			return nil, false
		}
		items = append(items, item)
		if v = trimSpace(rest); len(v) > 0 && v[0] == ',' {
			v = trimSpace(v[1:])
		}
	}
	return items, true
}

func trimSpace(v []byte) []byte {
	space := func(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
	for len(v) > 0 && space(v[0]) {
		v = v[1:]
	}
	for len(v) > 0 && space(v[len(v)-1]) {
		v = v[:len(v)-1]
	}
	return v
}

// quotedItem reads a text in quotes of either kind, with the escapes of JSON and
// Python.
func quotedItem(v []byte) (item, rest []byte, ok bool) {
	quote := v[0]
	if quote != '\'' && quote != '"' {
		return nil, nil, false
	}
	item = []byte{}
	for i := 1; i < len(v); {
		switch c := v[i]; {
		case c == quote:
			return item, v[i+1:], true
		case c != '\\':
			item = append(item, c)
			i++
		default:
			r, width, ok := escape(v[i+1:])
			if !ok {
				return nil, nil, false
			}
			item = utf8.AppendRune(item, r)
			i += 1 + width
		}
	}
	return nil, nil, false // never closed
}

// escape reads what follows a backslash.
func escape(v []byte) (r rune, width int, ok bool) {
	if len(v) == 0 {
		return 0, 0, false
	}
	switch v[0] {
	case 'n':
		return '\n', 1, true
	case 't':
		return '\t', 1, true
	case 'r':
		return '\r', 1, true
	case 'b':
		return '\b', 1, true
	case 'f':
		return '\f', 1, true
	case '\'', '"', '\\', '/':
		return rune(v[0]), 1, true
	case 'x':
		return hex(v[1:], 2)
	case 'U':
		return hex(v[1:], 8)
	case 'u':
		high, width, ok := hex(v[1:], 4)
		if ok && high >= 0xd800 && high < 0xdc00 && len(v) > 6 && v[5] == '\\' && v[6] == 'u' {
			if low, _, ok := hex(v[7:], 4); ok && low >= 0xdc00 && low < 0xe000 {
				return (high-0xd800)<<10 | (low - 0xdc00) + 0x10000, width + 6, true
			}
		}
		return high, width, ok
	}
	return 0, 0, false
}

// hex reads so many digits behind the letter of an escape, which counts in width.
func hex(v []byte, digits int) (r rune, width int, ok bool) {
	if len(v) < digits {
		return 0, 0, false
	}
	n, err := strconv.ParseUint(string(v[:digits]), 16, 31)
	return rune(n), 1 + digits, err == nil
}
