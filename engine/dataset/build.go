package dataset

import (
	"math"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
)

// A builder fills one column of a batch. For each row a source calls exactly one
// of null, unreadable, text, integer, number and boolean, or the sequence
// beginList, item for each item, endList.
type builder struct {
	field   *frame.Field
	labels  map[string]int32
	issues  *issueLog
	lenient bool       // the schema was inferred, so a text column accepts every value as text
	found   bool       // the file has this column
	numeral bool       // numbers are stored as text
	raw     bool       // texts may have bytes that are not UTF-8
	records []*builder // of the columns of records

	column *frame.Column
	rows   int
	nulls  []bool // reused between batches; part of the column when any is true
	any    bool   // a row of this batch is null
	arena  []byte // texts of this batch, concatenated
	ends   []int  // end of each text in the arena
}

func newBuilder(f *frame.Field, lenient bool, issues *issueLog) *builder {
	b := &builder{field: f, lenient: lenient, issues: issues}
	if f.Labels != nil {
		b.labels = make(map[string]int32, len(f.Labels))
		for k, l := range f.Labels {
			b.labels[l] = int32(k)
		}
	}
	for _, inner := range f.Records {
		inner.Name = f.Name + "." + inner.Name // in messages
		b.records = append(b.records, newBuilder(&inner, lenient, issues))
	}
	return b
}

func (b *builder) setRaw(raw bool) {
	b.raw = raw
	for _, inner := range b.records {
		inner.setRaw(raw)
	}
}

// start begins a batch.
func (b *builder) start(c *frame.Column) {
	b.column, b.rows, b.any = c, 0, false
	b.nulls, b.arena, b.ends = b.nulls[:0], b.arena[:0], b.ends[:0]
	c.Codes, c.Ints, c.Floats = c.Codes[:0], c.Ints[:0], c.Floats[:0]
	c.Texts, c.Offsets, c.Null = c.Texts[:0], c.Offsets[:0], nil
	if b.field.Type.List() {
		c.Offsets = append(c.Offsets, 0)
	}
	if len(c.Records) != len(b.records) {
		c.Records = make([]frame.Column, len(b.records))
	}
	for k, inner := range b.records {
		inner.start(&c.Records[k])
	}
}

// finish completes the batch. The texts of a column are substrings of one string,
// which saves an allocation per text.
func (b *builder) finish() {
	all, from := string(b.arena), 0
	for _, to := range b.ends {
		b.column.Texts = append(b.column.Texts, all[from:to])
		from = to
	}
	if b.any {
		b.column.Null = b.nulls
	}
	for _, inner := range b.records {
		inner.finish()
	}
}

// isList reports whether the column has lists of texts or labels.
func (b *builder) isList() bool {
	return b.field.Type == frame.CategoryList || b.field.Type == frame.TextList
}

// done ends a row.
func (b *builder) done(null bool) {
	b.rows++
	b.nulls = append(b.nulls, null)
	b.any = b.any || null
}

func (b *builder) null() { b.absent(-1) }

// unreadable ends a row whose value could not be read and was reported.
func (b *builder) unreadable() { b.absent(UnknownCode) }

func (b *builder) absent(code int32) {
	c := b.column
	switch b.field.Type {
	case frame.Category:
		c.Codes = append(c.Codes, code)
		b.rows++
		return
	case frame.Integer, frame.Date:
		c.Ints = append(c.Ints, 0)
	case frame.Number:
		c.Floats = append(c.Floats, 0)
	case frame.Text:
		b.ends = append(b.ends, len(b.arena))
	default:
		c.Offsets = append(c.Offsets, c.Offsets[len(c.Offsets)-1])
	}
	b.done(true)
}

// wrong reports a value that does not have the type of the column.
func (b *builder) wrong(v []byte) {
	b.issues.add(b.field.Name, WrongType, v)
	b.unreadable()
}

func (b *builder) text(v []byte) {
	switch b.field.Type {
	case frame.Category:
		b.category(v)
	case frame.Text:
		b.appendText(v)
		b.done(false)
	case frame.TextList, frame.CategoryList:
		b.textAsList(v)
	case frame.Records:
		b.textAsRecords(v)
	case frame.Date:
		b.dateText(v)
	default:
		b.readNumeral(v)
	}
}

// readNumeral reads a number that is stored as text, where the column is declared so.
func (b *builder) readNumeral(v []byte) {
	if b.numeral {
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			b.integer(n)
			return
		}
		if x, err := strconv.ParseFloat(string(v), 64); err == nil && b.field.Type == frame.Number {
			b.number(x)
			return
		}
	}
	b.wrong(v)
}

// textAsList reads a list that is written as one text.
func (b *builder) textAsList(v []byte) {
	items, exact, _ := ReadList(string(v))
	if !exact {
		b.wrong(v)
		return
	}
	b.takeList(items)
}

func (b *builder) takeList(items []string) {
	for _, item := range items {
		b.item([]byte(item))
	}
	b.endList()
}

func (b *builder) category(v []byte) {
	b.column.Codes = append(b.column.Codes, b.code(v))
	b.rows++
}

// code returns the code of a label. For a text that is not a label it reports an
// issue and returns UnknownCode.
func (b *builder) code(v []byte) int32 {
	if k, ok := b.labels[string(v)]; ok {
		return k
	}
	b.issues.add(b.field.Name, UnknownLabel, v)
	return UnknownCode
}

func (b *builder) appendText(v []byte) {
	if b.raw || utf8.Valid(v) {
		b.arena = append(b.arena, v...)
	} else {
		b.arena = append(b.arena, validText(string(v))...)
	}
	b.ends = append(b.ends, len(b.arena))
}

func (b *builder) integer(v int64) {
	switch b.field.Type {
	case frame.Integer:
		b.column.Ints = append(b.column.Ints, v)
		b.done(false)
	case frame.Number:
		b.column.Floats = append(b.column.Floats, float64(v))
		b.done(false)
	default:
		b.scalar(strconv.AppendInt(nil, v, 10))
	}
}

// number accepts a whole number in an integer column, because data frame tools
// store integers with nulls as floating-point numbers. For the same reason NaN
// is null.
func (b *builder) number(v float64) {
	whole := v == math.Trunc(v) && math.Abs(v) < 1<<63
	switch {
	case math.IsNaN(v):
		b.null()
	case b.field.Type == frame.Number && !math.IsInf(v, 0):
		b.column.Floats = append(b.column.Floats, v)
		b.done(false)
	case b.field.Type == frame.Integer && whole:
		b.column.Ints = append(b.column.Ints, int64(v))
		b.done(false)
	default:
		b.scalar(appendNumber(nil, v, -1))
	}
}

// date takes a number of days since 1970-01-01.
func (b *builder) date(days int64) {
	if b.field.Type == frame.Date {
		b.column.Ints = append(b.column.Ints, days)
		b.done(false)
		return
	}
	b.text(frame.AppendDate(nil, days))
}

// dateText reads a date that is written as text. Some tools write midnight after
// it, because they have dates only as points of time.
func (b *builder) dateText(v []byte) {
	days, ok := frame.ParseDate(string(midnight.ReplaceAll(v, nil)))
	if !ok {
		b.wrong(v)
		return
	}
	b.date(days)
}

var midnight = regexp.MustCompile(`[T ]00:00(:00(\.0+)?)?(Z|[+]00:00)?$`)

func (b *builder) boolean(v bool) { b.scalar(strconv.AppendBool(nil, v)) }

// scalar reads a number or a boolean as text. Categories may have labels such as
// 2014 or true, which some tools store as numbers or booleans.
func (b *builder) scalar(v []byte) {
	switch {
	case b.field.Type == frame.Category:
		b.category(v)
	case b.field.Type == frame.Text && b.lenient:
		b.text(v)
	default:
		b.wrong(v)
	}
}

// beginList reports whether the column has lists. If not, it ends the row with an
// issue that shows v.
func (b *builder) beginList(v []byte) bool {
	if b.isList() {
		return true
	}
	b.wrong(v)
	return false
}

func (b *builder) item(v []byte) {
	if b.field.Type == frame.TextList {
		b.appendText(v)
		return
	}
	b.column.Codes = append(b.column.Codes, b.code(v))
}

// wrongItem reports an item that is not a text. The list goes without it.
func (b *builder) wrongItem(v []byte) { b.issues.add(b.field.Name, WrongType, v) }

func (b *builder) endList() {
	n := len(b.ends)
	if b.field.Type == frame.CategoryList {
		n = len(b.column.Codes)
	}
	b.column.Offsets = append(b.column.Offsets, int32(n))
	b.done(false)
}
