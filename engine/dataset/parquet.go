package dataset

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/personagen/personagen/engine/frame"
)

// parquetNode returns the Parquet type of a field. Categories are strings with a
// dictionary, or BOOLEAN; texts are plain strings, dates are DATE, and lists are
// LISTs of labels, of texts, or of groups if they are of records.
func parquetNode(f *frame.Field) parquet.Node {
	label := parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	text := parquet.Encoded(parquet.String(), &parquet.Plain)
	var node parquet.Node
	switch f.Type {
	case frame.Category:
		if node = label; f.Boolean {
			node = parquet.Leaf(parquet.BooleanType)
		}
	case frame.Date:
		node = parquet.Date()
	case frame.Integer:
		node = parquet.Int(64)
	case frame.Number:
		node = parquet.Leaf(parquet.DoubleType)
	case frame.Text:
		node = text
	case frame.CategoryList:
		node = parquet.List(label)
	case frame.TextList:
		node = parquet.List(text)
	case frame.Records:
		node = parquet.List(parquetGroup(f.Records))
	}
	if f.Nullable {
		node = parquet.Optional(node)
	}
	return node
}

// orderedGroup has its fields in the order of the schema. A parquet.Group is a map
// and sorts them by name.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g orderedGroup) Fields() []parquet.Field { return g.fields }

func parquetSchema(s frame.Schema) *parquet.Schema {
	return parquet.NewSchema("persona", parquetGroup(s))
}

// parquetGroup returns the group of the columns of a schema.
func parquetGroup(s frame.Schema) parquet.Node {
	group := parquet.Group{}
	for i := range s {
		group[s[i].Name] = parquetNode(&s[i])
	}
	byName := map[string]parquet.Field{}
	for _, f := range group.Fields() {
		byName[f.Name()] = f
	}
	ordered := orderedGroup{Group: group}
	for i := range s {
		ordered.fields = append(ordered.fields, byName[s[i].Name])
	}
	return ordered
}

// parquetColumn is a column of values in the file: a field, or a column of its records.
type parquetColumn struct {
	at     int // of the schema
	inner  int // of the records, -1 for the field itself
	field  *frame.Field
	level  int             // definition level of a value that is not null
	labels []parquet.Value // the value of each label
}

// parquetColumns lists the columns of values in the order of the file.
func parquetColumns(s frame.Schema) []parquetColumn {
	var all []parquetColumn
	add := func(c parquetColumn) {
		c.labels = labelValues(c.field, c.level, len(all))
		all = append(all, c)
	}
	for i := range s {
		if s[i].Type != frame.Records {
			add(parquetColumn{at: i, inner: -1, field: &s[i], level: valueLevel(&s[i])})
			continue
		}
		for k := range s[i].Records {
			f := &s[i].Records[k]
			add(parquetColumn{at: i, inner: k, field: f, level: valueLevel(&s[i]) + valueLevel(f)})
		}
	}
	return all
}

// parquetWriter writes one row group per part.
type parquetWriter struct {
	out     *output
	schema  frame.Schema
	file    *parquet.GenericWriter[any]
	columns []parquetColumn
}

// CreateParquet starts a Parquet file at path. Its columns have the order of the
// schema; nullable fields are OPTIONAL. The key-value metadata is o.Metadata and
// the schema, under FieldsKey. Each appended part becomes a row group.
func CreateParquet(path string, s frame.Schema, o Options) (Writer, error) {
	if err := checkSchema(s); err != nil {
		return nil, err
	}
	options, err := parquetOptions(s, o)
	if err != nil {
		return nil, err
	}
	metadata, err := fileMetadata(s, o.Metadata)
	if err != nil {
		return nil, err
	}
	out, err := createOutput(path, o.Copy)
	if err != nil {
		return nil, err
	}
	w := &parquetWriter{out: out, schema: s, columns: parquetColumns(s)}
	w.file = parquet.NewGenericWriter[any](out, append(options, parquetSchema(s))...)
	for _, kv := range metadata {
		w.file.SetKeyValueMetadata(kv.Key, kv.Value)
	}
	return w, nil
}

// parquetOptions turns off the statistics of strings: the smallest and largest
// label say nothing about a page, and finding them takes a third of the time.
func parquetOptions(s frame.Schema, o Options) ([]parquet.WriterOption, error) {
	if o.Level < 0 || o.Level > 4 {
		return nil, fmt.Errorf("compression level %d: it must be 1 (fastest) to 4 (smallest)", o.Level)
	}
	options := []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: zstd.Level(max(1, o.Level))}),
		parquet.CreatedBy("personagen", cmp.Or(o.Version, "unknown"), "parquet-go"),
		parquet.WriteBufferSize(256 << 10),
	}
	for _, c := range parquetColumns(s) {
		path := []string{s[c.at].Name}
		if s[c.at].Type.List() {
			path = append(path, "list", "element")
		}
		if c.inner >= 0 {
			path = append(path, c.field.Name)
		}
		switch c.field.Type {
		case frame.Integer, frame.Number, frame.Date:
			continue
		}
		options = append(options, parquet.SkipPageBounds(path...), parquet.SkipPageStatistics(path...))
	}
	return options, nil
}

// fileMetadata returns the caller's metadata and the schema as a JSON document.
func fileMetadata(s frame.Schema, given []KeyValue) ([]KeyValue, error) {
	seen := map[string]bool{FieldsKey: true}
	for _, kv := range given {
		if seen[kv.Key] {
			return nil, fmt.Errorf("metadata key %q occurs twice", kv.Key)
		}
		seen[kv.Key] = true
	}
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("metadata of the columns: %w", err)
	}
	fields := KeyValue{FieldsKey, string(bytes.TrimSpace(doc.Bytes()))}
	return append(append([]KeyValue{}, given...), fields), nil
}

// valueLevel returns the definition level that a field adds for what is not null: a
// value, or an item.
func valueLevel(f *frame.Field) int {
	level := 0
	if f.Nullable {
		level++
	}
	if f.Type.List() {
		level++
	}
	return level
}

func labelValues(f *frame.Field, level, column int) []parquet.Value {
	values := make([]parquet.Value, len(f.Labels))
	for k, l := range f.Labels {
		value := parquet.ByteArrayValue([]byte(l))
		if f.Boolean {
			value = parquet.BooleanValue(l == "true")
		}
		values[k] = value.Level(0, level, column)
	}
	return values
}

func (w *parquetWriter) NewPart() Part { return &parquetPart{w: w} }

func (w *parquetWriter) Append(p Part) error {
	part, ok := p.(*parquetPart)
	if !ok || part.w != w {
		return fmt.Errorf("the part was made by another writer")
	}
	if part.rows == 0 {
		return w.out.err
	}
	if err := part.Finish(); err != nil {
		return err
	}
	rows, err := part.group.Commit()
	if err != nil {
		part.Reset()
		return w.out.fail(err)
	}
	if rows != int64(part.rows) {
		return w.out.fail(fmt.Errorf("the row group has %d rows, but %d were written to it", rows, part.rows))
	}
	part.rows, part.size = 0, 0
	return nil
}

func (w *parquetWriter) Close() error {
	if !w.out.closed && w.out.err == nil {
		if err := w.file.Close(); err != nil {
			w.out.fail(err)
		}
	}
	return w.out.close()
}

func (w *parquetWriter) Abort() error { return w.out.abort() }

// A parquetPart is a row group that is being written. Its pages are compressed as
// they fill, so its memory is little more than the compressed rows.
type parquetPart struct {
	w      *parquetWriter
	group  *parquet.ConcurrentRowGroupWriter
	values []parquet.Value
	text   []byte // memory of the texts in values
	rows   int
	size   int64
}

func (p *parquetPart) Rows() int   { return p.rows }
func (p *parquetPart) Size() int64 { return p.size }

func (p *parquetPart) Reset() {
	p.group = nil // a row group cannot be emptied, only committed
	p.rows, p.size = 0, 0
}

func (p *parquetPart) Write(b *frame.Batch) error {
	if err := checkBatch(p.w.schema, b); err != nil {
		return err
	}
	if b.N == 0 {
		return nil
	}
	if p.group == nil {
		p.group = p.w.file.BeginRowGroup()
	}
	columns := p.group.ColumnWriters()
	for i := range columns {
		if err := p.writeColumn(columns[i], i, b); err != nil {
			return fmt.Errorf("column %q: %w", p.w.columns[i].field.Name, err)
		}
	}
	p.rows += b.N
	p.size += rawSize(b)
	return nil
}

// Values are passed to the column writer in slices of limited size. The writer
// ends a page only between two slices, so a slice must be small compared to a
// page (256 KiB); and small slices stay in the cache.
const (
	maxSliceValues = 4096
	maxSliceBytes  = 64 << 10
)

func (p *parquetPart) writeColumn(to *parquet.ColumnWriter, i int, b *frame.Batch) error {
	for from := 0; from < b.N; {
		var n int
		p.values, n = p.slice(p.values[:0], i, b, from)
		rows, err := to.WriteRowValues(p.values)
		if err != nil {
			return err
		}
		if rows != n {
			return fmt.Errorf("the Parquet writer accepted %d of %d rows", rows, n)
		}
		from += n
	}
	return nil
}

// slice appends the values of the next rows of column i of the file, starting with row
// from, to dst. It returns the number of rows, at least one.
func (p *parquetPart) slice(dst []parquet.Value, i int, b *frame.Batch, from int) ([]parquet.Value, int) {
	of := &p.w.columns[i]
	f, c, level := of.field, &b.Columns[of.at], of.level
	null := parquet.NullValue().Level(0, 0, i)
	to := min(b.N, from+maxSliceValues)
	if of.inner >= 0 {
		return p.recordSlice(dst, i, b, from, to)
	}
	switch f.Type {
	case frame.Category:
		labels := of.labels
		for _, k := range c.Codes[from:to] {
			if k < 0 {
				dst = append(dst, null)
			} else {
				dst = append(dst, labels[k])
			}
		}
	case frame.Integer:
		for r := from; r < to; r++ {
			if c.Null != nil && c.Null[r] {
				dst = append(dst, null)
			} else {
				dst = append(dst, parquet.Int64Value(c.Ints[r]).Level(0, level, i))
			}
		}
	case frame.Date:
		for r := from; r < to; r++ {
			if c.Null != nil && c.Null[r] {
				dst = append(dst, null)
			} else {
				dst = append(dst, parquet.Int32Value(int32(c.Ints[r])).Level(0, level, i))
			}
		}
	case frame.Number:
		for r := from; r < to; r++ {
			if c.Null != nil && c.Null[r] {
				dst = append(dst, null)
			} else {
				dst = append(dst, parquet.DoubleValue(c.Floats[r]).Level(0, level, i))
			}
		}
	case frame.Text:
		return p.textSlice(dst, i, b, from, to)
	default:
		return p.listSlice(dst, i, b, from, to)
	}
	return dst, to - from
}

// textValue copies s after the other texts of the slice. The column writer copies
// it again, so the next slice reuses the memory.
func (p *parquetPart) textValue(s string) parquet.Value {
	start := len(p.text)
	p.text = append(p.text, validText(s)...)
	return parquet.ByteArrayValue(p.text[start:])
}

func (p *parquetPart) textSlice(dst []parquet.Value, i int, b *frame.Batch, from, to int) ([]parquet.Value, int) {
	of := &p.w.columns[i]
	c, level, r := &b.Columns[of.at], of.level, from
	for p.text = p.text[:0]; r < to && len(p.text) < maxSliceBytes; r++ {
		if c.Null != nil && c.Null[r] {
			dst = append(dst, parquet.NullValue().Level(0, 0, i))
		} else {
			dst = append(dst, p.textValue(c.Texts[r]).Level(0, level, i))
		}
	}
	return dst, r - from
}

// listSlice appends the items of each row: the first with repetition level 0, the
// others with 1. An empty list is one null value whose definition level is one
// above that of a null list.
func (p *parquetPart) listSlice(dst []parquet.Value, i int, b *frame.Batch, from, to int) ([]parquet.Value, int) {
	of := &p.w.columns[i]
	f, c, level, r := of.field, &b.Columns[of.at], of.level, from
	for p.text = p.text[:0]; r < to && len(p.text) < maxSliceBytes && len(dst) < maxSliceValues; r++ {
		first, end := c.Offsets[r], c.Offsets[r+1]
		switch {
		case c.Null != nil && c.Null[r]:
			dst = append(dst, parquet.NullValue().Level(0, 0, i))
			continue
		case first == end:
			dst = append(dst, parquet.NullValue().Level(0, level-1, i))
			continue
		}
		for k := first; k < end; k++ {
			repetition := 1
			if k == first {
				repetition = 0
			}
			var v parquet.Value
			if f.Type == frame.CategoryList {
				v = of.labels[c.Codes[k]]
			} else {
				v = p.textValue(c.Texts[k])
			}
			dst = append(dst, v.Level(repetition, level, i))
		}
	}
	return dst, r - from
}

// recordSlice appends a value of each record of each row, with levels as those of items
// of a list. A value that is null has the level of its record.
func (p *parquetPart) recordSlice(dst []parquet.Value, i int, b *frame.Batch, from, to int) ([]parquet.Value, int) {
	of := &p.w.columns[i]
	list, record, r := &b.Columns[of.at], valueLevel(&p.w.schema[of.at]), from
	for p.text = p.text[:0]; r < to && len(p.text) < maxSliceBytes && len(dst) < maxSliceValues; r++ {
		first, end := list.Offsets[r], list.Offsets[r+1]
		switch {
		case list.Null != nil && list.Null[r]:
			dst = append(dst, parquet.NullValue().Level(0, 0, i))
			continue
		case first == end:
			dst = append(dst, parquet.NullValue().Level(0, record-1, i))
			continue
		}
		for k := first; k < end; k++ {
			repetition := min(1, int(k-first))
			if v, ok := p.recordValue(of, &list.Records[of.inner], int(k)); ok {
				dst = append(dst, v.Level(repetition, of.level, i))
			} else {
				dst = append(dst, parquet.NullValue().Level(repetition, record, i))
			}
		}
	}
	return dst, r - from
}

// recordValue returns the value of a record; false if it is null.
func (p *parquetPart) recordValue(of *parquetColumn, c *frame.Column, k int) (parquet.Value, bool) {
	if c.IsNull(of.field.Type, k) {
		return parquet.Value{}, false
	}
	switch of.field.Type {
	case frame.Category:
		return of.labels[c.Codes[k]], true
	case frame.Integer:
		return parquet.Int64Value(c.Ints[k]), true
	case frame.Date:
		return parquet.Int32Value(int32(c.Ints[k])), true
	case frame.Number:
		return parquet.DoubleValue(c.Floats[k]), true
	}
	return p.textValue(c.Texts[k]), true
}

func (p *parquetPart) Finish() error {
	if p.group == nil {
		return nil
	}
	return p.group.Flush()
}
