// Package mutate changes documents for fuzz tests in ways that keep their form, so
// that the changes reach the code behind the parser.
package mutate

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// Document is a JSON document whose values can be replaced.
type Document struct {
	data  []byte
	spans [][2]int // bytes of each value, in the order in which they end
}

// Parse finds the values of a JSON document. The error is that of encoding/json.
func Parse(data []byte) (*Document, error) {
	if !json.Valid(data) {
		var v any
		return nil, json.Unmarshal(data, &v)
	}
	doc := &Document{data: data}
	type level struct {
		start  int
		object bool
		key    bool // the next text is a key
	}
	var open []level
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	at := 0
	for {
		token, err := d.Token()
		if err != nil { // the end
			return doc, nil
		}
		start := at + len(data[at:]) - len(bytes.TrimLeft(data[at:], " \t\r\n,:"))
		at = int(d.InputOffset())
		top := len(open) - 1
		switch token {
		case json.Delim('{'), json.Delim('['):
			open = append(open, level{start, token == json.Delim('{'), true})
			continue
		case json.Delim('}'), json.Delim(']'):
			start, open = open[top].start, open[:top]
			top--
		default:
			if top >= 0 && open[top].object && open[top].key {
				open[top].key = false
				continue
			}
		}
		if top >= 0 {
			open[top].key = true
		}
		doc.spans = append(doc.spans, [2]int{start, at})
	}
}

// Values returns the number of values.
func (d *Document) Values() int { return len(d.spans) }

// Value returns a value; numbers beyond the last begin again.
func (d *Document) Value(number uint) []byte {
	s := d.spans[number%uint(len(d.spans))]
	return d.data[s[0]:s[1]]
}

// Replace returns the document with another value in the place of one. A value that
// is not JSON becomes a text; "@7" is value 7 of the document, and "+7" is value 7
// added to a list or an object.
func (d *Document) Replace(number uint, value string) []byte {
	s := d.spans[number%uint(len(d.spans))]
	with := []byte(value)
	if n, err := strconv.ParseUint(value[min(1, len(value)):], 10, 32); err == nil && value[0] == '@' {
		with = d.Value(uint(n))
	} else if err == nil && value[0] == '+' {
		with = added(d.data[s[0]:s[1]], d.Value(uint(n)))
	} else if !json.Valid(with) {
		with, _ = json.Marshal(value) // texts always marshal
	}
	return slices.Concat(d.data[:s[0]], with, d.data[s[1]:])
}

// added returns a list or an object with one more value.
func added(to, value []byte) []byte {
	last := len(to) - 1
	body := bytes.TrimSpace(to[min(1, last):last])
	var b []byte
	switch to[0] {
	case '[':
		b = []byte{'['}
	case '{':
		b, value = []byte{'{'}, append([]byte(`"added":`), value...)
	default:
		return value
	}
	b = append(b, body...)
	if len(body) > 0 {
		b = append(b, ',')
	}
	return append(append(b, value...), to[last])
}
