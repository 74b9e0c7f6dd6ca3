package dataset

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// ReadList reads a list that is written as text, as data frame tools do:
// ['a', "b's", 3, None] as Python prints it, ["a","b"] as in JSON, or ['a' 'b'] as
// NumPy prints it. Items that are None or null are left out. The result ok is
// false when the text is not such a list, or a nested one. The result exact is
// true when every item is a quoted text without an escape that Python does not
// know.
func ReadList(text string) (items []string, exact, ok bool) {
	r := listReader{rest: strings.TrimSpace(text)}
	if !r.take('[') || !strings.HasSuffix(r.rest, "]") {
		return nil, false, false
	}
	for first := true; ; first = false {
		r.space()
		if r.take(']') {
			return r.end(items)
		}
		if !first {
			r.take(',') // NumPy writes no comma
			r.space()
			if r.take(']') { // a comma may follow the last item
				return r.end(items)
			}
		}
		item, quoted, ok := r.item()
		if !ok {
			return nil, false, false
		}
		if quoted || item != "None" && item != "null" {
			items = append(items, item)
		}
	}
}

type listReader struct {
	rest    string
	guessed bool // an item has no quotes, or an unknown escape
}

// end returns the list, unless other text follows it.
func (r *listReader) end(items []string) ([]string, bool, bool) {
	if r.rest != "" {
		return nil, false, false
	}
	return items, !r.guessed, true
}

func (r *listReader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *listReader) space() { r.rest = strings.TrimLeftFunc(r.rest, unicode.IsSpace) }

func (r *listReader) item() (item string, quoted, ok bool) {
	if r.rest == "" {
		return "", false, false
	}
	if quote := r.rest[0]; quote == '\'' || quote == '"' {
		r.rest = r.rest[1:]
		item, ok = r.quoted(quote)
		return item, true, ok
	}
	end := strings.IndexFunc(r.rest, func(c rune) bool { return strings.ContainsRune(",]['\"", c) || unicode.IsSpace(c) })
	if end <= 0 {
		return "", false, false
	}
	item, r.rest, r.guessed = r.rest[:end], r.rest[end:], true
	return item, false, true
}

// quoted reads to the closing quote.
func (r *listReader) quoted(quote byte) (string, bool) {
	end := strings.IndexAny(r.rest, `\`+string(rune(quote)))
	if end >= 0 && r.rest[end] == quote { // the usual case: no escapes
		item := r.rest[:end]
		r.rest = r.rest[end+1:]
		return item, true
	}
	var b strings.Builder
	for r.rest != "" {
		c := r.rest[0]
		switch {
		case c == quote:
			r.rest = r.rest[1:]
			return b.String(), true
		case c == '\\':
			if !r.escape(&b) {
				return "", false
			}
		default:
			_, size := utf8.DecodeRuneInString(r.rest)
			b.WriteString(r.rest[:size])
			r.rest = r.rest[size:]
		}
	}
	return "", false
}

// escapeDigits are the hexadecimal digits of an escape, by its letter.
var escapeDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

func (r *listReader) escape(b *strings.Builder) bool {
	if len(r.rest) < 2 {
		return false
	}
	c := r.rest[1]
	if n, ok := escapeDigits[c]; ok {
		if len(r.rest) < 2+n {
			return false
		}
		code, err := strconv.ParseUint(r.rest[2:2+n], 16, 32)
		if err != nil {
			return false
		}
		r.rest = r.rest[2+n:]
		b.WriteRune(r.pair(rune(code)))
		return true
	}
	switch c {
	case 'a':
		b.WriteByte('\a')
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'v':
		b.WriteByte('\v')
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'r':
		b.WriteByte('\r')
	case '\\', '\'', '"', '/':
		b.WriteByte(c)
	default: // Python keeps an escape that it does not know
		r.guessed = true
		b.WriteByte('\\')
		r.rest = r.rest[1:]
		return true
	}
	r.rest = r.rest[2:]
	return true
}

// pair combines a high surrogate with the low one that follows it.
func (r *listReader) pair(high rune) rune {
	if !utf16.IsSurrogate(high) || len(r.rest) < 6 || r.rest[:2] != `\u` {
		return high
	}
	low, err := strconv.ParseUint(r.rest[2:6], 16, 32)
	if err != nil {
		return high
	}
	whole := utf16.DecodeRune(high, rune(low))
	if whole == utf8.RuneError {
		return high
	}
	r.rest = r.rest[6:]
	return whole
}
