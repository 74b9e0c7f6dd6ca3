package compare

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ReadList reads a list that is written as a text, as table tools leave them:
// ['a', "b's", 3, None] as Python prints it, ["a","b"] as in JSON, or ['a' 'b']
// as NumPy prints it. None and null are left out; nested lists are no lists of
// texts. ok is false when the text is something else.
func ReadList(text string) (items []string, ok bool) {
	r := listReader{rest: strings.TrimSpace(text)}
	if !r.take('[') || !strings.HasSuffix(r.rest, "]") {
		return nil, false
	}
	for first := true; ; first = false {
		r.space()
		if r.take(']') {
			return items, r.rest == ""
		}
		if !first {
			r.take(',') // NumPy writes none
			r.space()
			if r.take(']') { // a comma may stand after the last item
				return items, r.rest == ""
			}
		}
		item, quoted, ok := r.item()
		if !ok {
			return nil, false
		}
		if quoted || item != "None" && item != "null" {
			items = append(items, item)
		}
	}
}

type listReader struct{ rest string }

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
	item, r.rest = r.rest[:end], r.rest[end:]
	return item, false, true
}

// quoted reads to the closing quote.
func (r *listReader) quoted(quote byte) (string, bool) {
	end := strings.IndexAny(r.rest, `\`+string(rune(quote)))
	if end >= 0 && r.rest[end] == quote { // the usual case: nothing to undo
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

// hexDigits of an escape by its letter.
var hexDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

func (r *listReader) escape(b *strings.Builder) bool {
	if len(r.rest) < 2 {
		return false
	}
	c := r.rest[1]
	if n, ok := hexDigits[c]; ok {
		if len(r.rest) < 2+n {
			return false
		}
		code, err := strconv.ParseUint(r.rest[2:2+n], 16, 32)
		if err != nil {
			return false
		}
		b.WriteRune(rune(code))
		r.rest = r.rest[2+n:]
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
	default: // Python keeps what it does not know
		b.WriteByte('\\')
		r.rest = r.rest[1:]
		return true
	}
	r.rest = r.rest[2:]
	return true
}
