package enrich

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// object is a JSON object in an answer, its members in order. It is not whole if
// it breaks off; then it has the complete members.
type object struct {
	members []member
	whole   bool
}

type member struct {
	name  string
	value json.RawMessage
}

// mostDeep is how deep values may be nested in each other.
const mostDeep = 16

// parseObject parses the object that begins at a position, and returns where it
// ends. It accepts what models write beside JSON where there is one way to read it:
// control characters within strings, commas at the end, strings in single quotes,
// names without quotes, comments, the literals of Python and JavaScript, and
// backslashes before characters that need none.
func parseObject(text string, at int) (object, int) {
	p := lenient{text: text, at: at}
	o := p.object(mostDeep)
	return o, p.at
}

// lenient reads JSON from a position on.
type lenient struct {
	text string
	at   int
}

// peek returns the next byte after spaces and comments, 0 at the end.
func (p *lenient) peek() byte {
	for p.at < len(p.text) {
		switch rest := p.text[p.at:]; {
		case strings.IndexByte(" \n\r\t", rest[0]) >= 0:
			p.at++
		case strings.HasPrefix(rest, "//"):
			p.skipTo("\n")
		case strings.HasPrefix(rest, "/*"):
			p.skipTo("*/")
		default:
			return rest[0]
		}
	}
	return 0
}

func (p *lenient) skipTo(end string) {
	if n := strings.Index(p.text[p.at:], end); n >= 0 {
		p.at += n + len(end)
	} else {
		p.at = len(p.text)
	}
}

// object reads an object, from its brace on.
func (p *lenient) object(depth int) (o object) {
	p.at++
	for p.at < len(p.text) {
		switch c := p.peek(); {
		case c == '}':
			p.at++
			o.whole = true
			return o
		case len(o.members) == 0:
		case c == 0:
			return o
		case c != ',': // a quote within the last text may have ended it
			o.members = o.members[:len(o.members)-1]
			return o
		default:
			p.at++
			if p.peek() == '}' {
				continue
			}
		}
		name, ok := p.name()
		if !ok || p.peek() != ':' {
			return o
		}
		p.at++
		value, ok := p.value(nil, depth-1)
		if !ok {
			return o
		}
		o.members = append(o.members, member{name, value})
	}
	return o
}

// name reads the name of a member.
func (p *lenient) name() (string, bool) {
	if c := p.peek(); c == '"' || c == '\'' {
		quoted, ok := p.string(nil)
		var name string
		ok = ok && json.Unmarshal(quoted, &name) == nil
		return name, ok
	}
	word := p.word()
	return word, word != "" && !(word[0] >= '0' && word[0] <= '9')
}

// word reads letters, digits and what numbers and names have beside them.
func (p *lenient) word() string {
	from := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c != '_' && c != '-' && c != '+' && c != '.' && !(c >= '0' && c <= '9') && !(c|0x20 >= 'a' && c|0x20 <= 'z') {
			break
		}
		p.at++
	}
	return p.text[from:p.at]
}

// value reads a value and appends its JSON form to b.
func (p *lenient) value(b []byte, depth int) ([]byte, bool) {
	switch c := p.peek(); {
	case depth == 0 || c == 0:
		return b, false
	case c == '"' || c == '\'':
		return p.string(b)
	case c == '[':
		return p.list(b, depth)
	case c == '{':
		o := p.object(depth)
		if !o.whole {
			return b, false
		}
		b = append(b, '{')
		for i, m := range o.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(append(append(b, quoted(m.name)...), ':'), m.value...)
		}
		return append(b, '}'), true
	}
	switch word := p.word(); word {
	case "":
		return b, false
	case "True", "False":
		return append(b, strings.ToLower(word)...), true
	case "None", "undefined", "NaN", "Infinity", "-Infinity", "+Infinity":
		return append(b, "null"...), true
	default:
		return append(b, word...), json.Valid([]byte(word))
	}
}

func (p *lenient) list(b []byte, depth int) ([]byte, bool) {
	p.at++
	b = append(b, '[')
	for n := 0; ; n++ {
		c := p.peek()
		if n > 0 && c == ',' {
			p.at++
			c = p.peek()
		} else if n > 0 && c != ']' {
			return b, false
		}
		if c == ']' {
			p.at++
			return append(b, ']'), true
		}
		if n > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = p.value(b, depth-1); !ok {
			return b, false
		}
	}
}

// string reads a string, from its quote on. One in single quotes ends at a quote
// before what may follow a string, because apostrophes are written alike.
func (p *lenient) string(b []byte) ([]byte, bool) {
	quote := p.text[p.at]
	p.at++
	b = append(b, '"')
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == quote && (quote == '"' || p.mayEnd()):
			return append(b, '"'), true
		case c == '\\' && p.at < len(p.text):
			next := p.text[p.at]
			if next == 'u' && !p.codePoint() {
				return b, false
			}
			p.at++
			switch {
			case strings.IndexByte(`"\/bfnrtu`, next) >= 0:
				b = append(b, c, next)
			case next < utf8.RuneSelf && next >= ' ': // "\'" and "\_" mean the character
				b = append(b, next)
			default:
				return b, false
			}
		case c == '"':
			b = append(b, '\\', '"')
		case c < ' ':
			escaped, _ := json.Marshal(string(rune(c)))
			b = append(b, escaped[1:len(escaped)-1]...)
		default:
			b = append(b, c)
		}
	}
	return b, false
}

// codePoint reports whether four hexadecimal digits follow.
func (p *lenient) codePoint() bool {
	return p.at+5 <= len(p.text) && json.Valid([]byte(`"\`+p.text[p.at:p.at+5]+`"`))
}

// mayEnd reports whether what follows can follow a string.
func (p *lenient) mayEnd() bool {
	q := *p
	return slices.Contains([]byte{0, ',', ':', '}', ']'}, q.peek())
}
