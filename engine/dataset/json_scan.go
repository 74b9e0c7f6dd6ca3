package dataset

import (
	"bytes"
	"encoding/json"
)

// This scanner finds the values in JSON text (RFC 8259) without decoding them. It
// accepts valid JSON only, except for invalid UTF-8 in strings, which becomes
// U+FFFD when it is decoded, as in encoding/json.

// maxDepth is the deepest nesting that is accepted.
const maxDepth = 200

func skipSpace(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || p[i] == '\r') {
		i++
	}
	return i
}

// scanValue returns the end of the value that starts at p[i].
func scanValue(p []byte, i, depth int) (end int, ok bool) {
	if i >= len(p) || depth > maxDepth {
		return i, false
	}
	switch p[i] {
	case '"':
		return scanString(p, i)
	case '[':
		return scanArray(p, i, depth, nil)
	case '{':
		return scanObject(p, i, depth, nil)
	case 't':
		return scanWord(p, i, "true")
	case 'f':
		return scanWord(p, i, "false")
	case 'n':
		return scanWord(p, i, "null")
	}
	return scanNumber(p, i)
}

func scanWord(p []byte, i int, word string) (int, bool) {
	end := i + len(word)
	return end, end <= len(p) && string(p[i:end]) == word
}

// specialJSON marks the bytes that end a string, begin an escape or are invalid in
// a string.
var specialJSON = func() (t [256]bool) {
	for c := range ' ' {
		t[c] = true
	}
	t['"'], t['\\'] = true, true
	return t
}()

func scanString(p []byte, i int) (int, bool) {
	for i++; ; {
		for i < len(p) && !specialJSON[p[i]] {
			i++
		}
		if i >= len(p) || p[i] < ' ' {
			return i, false
		}
		if p[i] == '"' {
			return i + 1, true
		}
		n := escapeLength(p[i:])
		if n == 0 {
			return i, false
		}
		i += n
	}
}

// escapeLength returns the length of the escape at the start of p, or 0 if it is
// invalid.
func escapeLength(p []byte) int {
	if len(p) < 2 {
		return 0
	}
	switch p[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(p) >= 6 && len(bytes.Trim(p[2:6], "0123456789abcdefABCDEF")) == 0 {
			return 6
		}
	}
	return 0
}

func scanNumber(p []byte, i int) (int, bool) {
	if i < len(p) && p[i] == '-' {
		i++
	}
	start := i
	i = scanDigits(p, i)
	if i == start || p[start] == '0' && i > start+1 {
		return i, false
	}
	if i < len(p) && p[i] == '.' {
		start = i + 1
		if i = scanDigits(p, start); i == start {
			return i, false
		}
	}
	if i < len(p) && (p[i] == 'e' || p[i] == 'E') {
		i++
		if i < len(p) && (p[i] == '+' || p[i] == '-') {
			i++
		}
		start = i
		if i = scanDigits(p, start); i == start {
			return i, false
		}
	}
	return i, true
}

func scanDigits(p []byte, i int) int {
	for i < len(p) && isDigit(p[i]) {
		i++
	}
	return i
}

// scanArray calls visit, unless nil, with the text of each item.
func scanArray(p []byte, i, depth int, visit func(item []byte)) (int, bool) {
	i = skipSpace(p, i+1)
	if i < len(p) && p[i] == ']' {
		return i + 1, true
	}
	for {
		start := skipSpace(p, i)
		end, ok := scanValue(p, start, depth+1)
		if !ok {
			return end, false
		}
		if visit != nil {
			visit(p[start:end])
		}
		i = skipSpace(p, end)
		if i >= len(p) || p[i] != ',' {
			return i + 1, i < len(p) && p[i] == ']'
		}
		i++
	}
}

// scanObject calls visit, unless nil, with the text of each key, including its
// quotes, and of its value.
func scanObject(p []byte, i, depth int, visit func(key, value []byte)) (int, bool) {
	i = skipSpace(p, i+1)
	if i < len(p) && p[i] == '}' {
		return i + 1, true
	}
	for {
		start := skipSpace(p, i)
		if start >= len(p) || p[start] != '"' {
			return start, false
		}
		end, ok := scanString(p, start)
		if !ok {
			return end, false
		}
		key := p[start:end]
		i = skipSpace(p, end)
		if i >= len(p) || p[i] != ':' {
			return i, false
		}
		start = skipSpace(p, i+1)
		if end, ok = scanValue(p, start, depth+1); !ok {
			return end, false
		}
		if visit != nil {
			visit(key, p[start:end])
		}
		i = skipSpace(p, end)
		if i >= len(p) || p[i] != ',' {
			return i + 1, i < len(p) && p[i] == '}'
		}
		i++
	}
}

// unquote decodes a string that scanString accepted.
func unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return raw[1 : len(raw)-1] // not reached: the scanner accepts no more than Unmarshal
	}
	return []byte(s)
}

// isTextArray reports whether v is a JSON array of strings.
func isTextArray(v []byte) bool {
	texts := true
	if len(v) == 0 || v[0] != '[' {
		return false
	}
	end, ok := scanArray(v, 0, 0, func(item []byte) { texts = texts && item[0] == '"' })
	return ok && texts && end == len(v)
}
