package dataset

import (
	"github.com/personagen/personagen/engine/frame"
)

// textAsRecords reads records that are written as a text, as in CSV.
func (b *builder) textAsRecords(v []byte) {
	start := skipSpace(v, 0)
	if start < len(v) && v[start] == '[' {
		if end, ok := scanArray(v, start, 0, nil); ok && skipSpace(v, end) == len(v) {
			b.jsonRecords(v[start:end])
			return
		}
	}
	b.wrong(v)
}

// jsonRecords reads an array of objects. What is no object is reported, and the list goes
// without it.
func (b *builder) jsonRecords(v []byte) {
	values := make([][]byte, len(b.records))
	scanArray(v, 0, 0, func(item []byte) {
		if item[0] != '{' {
			b.wrongItem(item)
			return
		}
		clear(values)
		scanObject(item, 0, 0, func(key, value []byte) { b.note(values, unquote(key), value) })
		for k, inner := range b.records {
			if values[k] == nil {
				inner.null()
			} else {
				inner.json(values[k])
			}
		}
	})
	b.endRecords()
}

// note keeps the value of a key of a record. If a key occurs twice, the last value counts.
func (b *builder) note(values [][]byte, key, value []byte) {
	switch k := b.field.Records.Index(string(key)); {
	case k < 0:
		b.issues.add(b.field.Name, ExtraColumn, key)
	case values[k] != nil:
		b.issues.add(b.records[k].field.Name, DuplicateValue, nil)
		values[k] = value
	default:
		values[k] = value
	}
}

// endRecords ends a row of records, whose columns have been filled.
func (b *builder) endRecords() {
	b.column.Offsets = append(b.column.Offsets, int32(b.records[0].rows))
	b.done(false)
}

// isRecords reports whether the column has lists of records.
func (b *builder) isRecords() bool { return b.field.Type == frame.Records }
