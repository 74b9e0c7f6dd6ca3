package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/personagen/personagen/engine/frame"
)

// sparseKeys and sparseLines say from when on a file is tested for sparseness: when
// its lines have on average less than one in sparseShare of its keys, the keys are
// data. Such a file of some megabytes would have billions of cells.
const (
	sparseKeys  = 500
	sparseLines = 2000
	sparseShare = 100
)

// maxKeys limits the different keys of a file. In a file with more, the keys are
// data and not the names of columns.
const maxKeys = 10_000

// jsonSource reads JSON lines, one object each. It skips blank lines. A key that an
// object lacks has the value null.
type jsonSource struct {
	r       *Reader
	mapping map[string]string
	lines   *lineReader
	keys    []string       // in the order of their first occurrence
	index   map[string]int // number of a key
	number  map[string]int // of a column of the schema
	bound   []*builder     // per key; nil if not in the schema
	values  [][]byte       // per key: the text of its value in this line, or nil
	next    int            // index of the key that probably follows
	twice   []byte         // a key that occurs twice in this line
	ended   bool
	seen    int64                   // values
	visit   func(key, value []byte) // s.note, allocated once
}

func (r *Reader) openJSONL(file *os.File, o OpenOptions) error {
	s := &jsonSource{r: r, mapping: o.Columns, lines: newLineReader(file), index: map[string]int{}}
	s.visit = s.note
	var keys []string
	if o.Schema == nil {
		var err error
		if keys, err = s.infer(); err != nil {
			return err
		}
	}
	r.makeBuilders(o)
	for _, key := range keys {
		s.addKey(key)
	}
	r.source = s
	return nil
}

// infer reads the whole file to infer its keys and the types of their values.
func (s *jsonSource) infer() (keys []string, err error) {
	var guesses []guess
	index := map[string]int{}
	visit := func(key, value []byte) {
		name := unquote(key)
		i, known := index[string(name)]
		if !known && len(keys) < maxKeys {
			i = len(keys)
			index[string(name)] = i
			keys = append(keys, string(name))
			guesses = append(guesses, guess{})
		}
		if i < len(guesses) {
			guesses[i].json(value)
		}
	}
	for {
		line, err := s.readLine()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if validObject(line) {
			scanObject(line, skipSpace(line, 0), 0, visit)
		}
	}
	for i, key := range keys {
		s.r.schema = append(s.r.schema, inferredField(fieldName(s.mapping, validText(key)), guesses[i]))
	}
	if len(keys) > 0 {
		if err := checkSchema(s.r.schema); err != nil {
			return nil, err
		}
	}
	return keys, s.lines.rewind()
}

// json adds a JSON value to the guess.
func (g *guess) json(v []byte) {
	switch v[0] {
	case 'n':
	case '[':
		scalars := true
		scanArray(v, 0, 0, func(item []byte) { scalars = scalars && item[0] != '[' && item[0] != '{' && item[0] != 'n' })
		g.list = g.list || scalars
		g.text = g.text || !scalars
	case '"', '{', 't', 'f':
		g.text = true
	default:
		if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			g.integer = true
		} else if _, ok := parseDecimal(v); ok && !wholeDigits(v) {
			g.number = true
		} else {
			g.text = true // too large for a number
		}
	}
}

// validObject reports whether the line is one JSON object.
func validObject(line []byte) bool {
	start := skipSpace(line, 0)
	if start >= len(line) || line[start] != '{' {
		return false
	}
	end, ok := scanObject(line, start, 0, nil)
	return ok && skipSpace(line, end) == len(line)
}

func (s *jsonSource) names() []string      { return s.keys }
func (s *jsonSource) rows() (int64, bool)  { return 0, false }
func (s *jsonSource) metadata() []KeyValue { return nil }
func (s *jsonSource) close() error         { return s.lines.file.Close() }

// readLine returns the next line that is not blank.
func (s *jsonSource) readLine() ([]byte, error) {
	for {
		line, err := s.lines.next()
		if err != nil || len(bytes.TrimSpace(line)) > 0 {
			return line, err
		}
	}
}

func (s *jsonSource) read(max int) (int, error) {
	for n := range max {
		line, err := s.readLine()
		if errors.Is(err, io.EOF) && !s.ended {
			s.ended = true
			s.r.reportMissing()
		}
		if err != nil {
			return n, err
		}
		s.r.issues.line = s.lines.line
		if err := s.deliver(line); err != nil {
			return n, err
		}
		s.r.issues.row++
	}
	return max, nil
}

// deliver passes the values of a line to the builders.
func (s *jsonSource) deliver(line []byte) error {
	clear(s.values)
	s.next, s.twice = 0, nil
	start := skipSpace(line, 0)
	valid := start < len(line) && line[start] == '{'
	if valid {
		var end int
		end, valid = scanObject(line, start, 0, s.visit)
		valid = valid && skipSpace(line, end) == len(line)
	}
	if len(s.keys) >= maxKeys {
		return fmt.Errorf("line %d: more than %d different keys; this is not a table", s.lines.line, maxKeys)
	}
	if n := int64(len(s.keys)); n >= sparseKeys && s.lines.line >= sparseLines && s.seen < s.lines.line*n/sparseShare {
		return fmt.Errorf("line %d: the file has %d different keys, and its lines on average %.1f of them; this is not a table", s.lines.line, n, float64(s.seen)/float64(s.lines.line))
	}
	if !valid {
		s.r.issues.add("", MalformedLine, chomp(line))
		for _, b := range s.r.builders {
			b.unreadable()
		}
		return nil
	}
	if s.twice != nil {
		s.r.issues.add(string(s.twice), DuplicateValue, nil)
	}
	s.fill()
	return nil
}

// fill passes its value of this line, or null, to every builder.
func (s *jsonSource) fill() {
	for i, b := range s.bound {
		if b != nil && s.values[i] != nil {
			b.json(s.values[i])
		} else if b != nil {
			b.null()
		}
	}
	for _, b := range s.r.builders {
		if !b.found {
			b.null()
		}
	}
}

// note keeps a value of the line. If a key occurs twice, the last value counts.
func (s *jsonSource) note(key, value []byte) {
	name := unquote(key)
	i := s.next
	if i >= len(s.keys) || string(name) != s.keys[i] {
		var known bool
		if i, known = s.index[string(name)]; !known {
			if len(s.keys) >= maxKeys {
				return // deliver refuses the file
			}
			i = s.addKey(string(name))
		}
	}
	if s.values[i] != nil {
		s.twice = append([]byte{}, name...)
	}
	s.values[i] = value
	s.next = i + 1
	s.seen++
}

// addKey adds a new key and finds its column. Rows that were read before have null
// in that column.
func (s *jsonSource) addKey(key string) int {
	i := len(s.keys)
	s.index[key] = i
	s.keys = append(s.keys, key)
	s.values = append(s.values, nil)
	s.bound = append(s.bound, s.builderFor(key))
	return i
}

func (s *jsonSource) builderFor(key string) *builder {
	if s.number == nil {
		s.number = numbered(s.r.schema)
	}
	k, ok := s.number[fieldName(s.mapping, validText(key))]
	if !ok {
		s.r.issues.addColumn(key, ExtraColumn, "")
		return nil
	}
	b := s.r.builders[k]
	if b.found {
		s.r.issues.addColumn(key, DuplicateValue, "another key is also mapped to "+s.r.schema[k].Name)
		return nil
	}
	b.found = true
	return b
}

// json reads a JSON value, given as its text.
func (b *builder) json(v []byte) {
	switch v[0] {
	case 'n':
		b.null()
	case '"':
		if b.field.Type == frame.Category || b.field.Type == frame.Text || b.field.Type == frame.Date || b.numeral {
			b.text(unquote(v))
		} else if b.isRecords() {
			b.textAsRecords(unquote(v))
		} else if items, exact, _ := ReadList(string(unquote(v))); exact && b.isList() {
			b.takeList(items)
		} else {
			b.wrong(v) // shown with its quotes
		}
	case 't', 'f':
		b.boolean(v[0] == 't')
	case '[':
		b.jsonList(v)
	case '{':
		b.scalarOrWrong(v)
	default:
		b.jsonNumber(v)
	}
}

func (b *builder) jsonNumber(v []byte) {
	if k, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		b.integer(k)
	} else if x, ok := parseDecimal(v); ok && (b.field.Type == frame.Number || !wholeDigits(v)) {
		b.number(x)
	} else {
		b.scalarOrWrong(v)
	}
}

// scalarOrWrong keeps the JSON text in an inferred text column.
func (b *builder) scalarOrWrong(v []byte) {
	if b.lenient && b.field.Type == frame.Text {
		b.text(v)
		return
	}
	b.wrong(v)
}

func (b *builder) jsonList(v []byte) {
	switch {
	case b.isRecords():
		b.jsonRecords(v)
		return
	case !b.isList():
		b.scalarOrWrong(v)
		return
	}
	scanArray(v, 0, 0, func(item []byte) {
		switch c := item[0]; {
		case c == '"':
			b.item(unquote(item))
		case c != 'n' && c != '[' && c != '{' && (b.lenient || b.field.Type == frame.CategoryList):
			b.item(item)
		default:
			b.wrongItem(item)
		}
	})
	b.endList()
}
