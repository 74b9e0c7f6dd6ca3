package dataset

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/personagen/personagen/engine/frame"
)

// parquetSource reads a Parquet file column by column.
type parquetSource struct {
	r       *Reader
	file    *os.File
	pq      *parquet.File
	columns []string
	cursors []parquetReader
	left    int64 // rows not yet read
}

// parquetReader reads a column of the schema.
type parquetReader interface {
	// read passes n rows to the builder.
	read(n int, issues *issueLog) error
	// atEnd checks that no value is left.
	atEnd() error
	closePages()
	// skip goes to a row of a row group; see parquetCursor.
	skip(group int, within int64) error
	// column is the name for messages.
	column() string
}

func (r *Reader) openParquet(file *os.File, o OpenOptions) (err error) {
	defer recoverCorrupt(&err)
	size, err := checkFooter(file)
	if err != nil {
		return err
	}
	pq, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("not a readable Parquet file: %w", err)
	}
	s := &parquetSource{r: r, file: file, pq: pq, left: pq.NumRows()}
	if err := checkRowGroups(pq); err != nil {
		return err
	}
	leaves, err := s.leaves()
	if err != nil {
		return err
	}
	if o.Schema == nil {
		if err := r.inferParquet(leaves, o); err != nil {
			return err
		}
	}
	names := make([]string, len(leaves))
	for i := range leaves {
		names[i] = leaves[i].name
	}
	bound, err := r.bind(names, o)
	if err != nil {
		return err
	}
	for i, b := range bound {
		switch l := leaves[i]; {
		case b == nil:
		case !b.isRecords() && l.records != nil:
			r.issues.addColumn(l.name, Unsupported, l.of.String())
			b.found = false
		case l.records != nil:
			s.cursors = append(s.cursors, newRecordsCursor(file, pq, l, b))
		default:
			s.cursors = append(s.cursors, newParquetCursor(file, pq, l, b))
		}
	}
	r.reportMissing()
	r.source = s
	return nil
}

// recoverCorrupt turns a panic of the Parquet library into an error. The library
// panics on corrupt files in many places.
func recoverCorrupt(err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("the Parquet file is corrupt: %v", fault)
	}
}

// checkFooter checks that the footer lies within the file, because the library
// trusts the length that the file states.
func checkFooter(file *os.File) (size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	var tail [8]byte
	size = info.Size()
	if size < 12 {
		return 0, errors.New("not a Parquet file: it is too short")
	}
	if _, err := file.ReadAt(tail[:], size-8); err != nil {
		return 0, err
	}
	if string(tail[4:]) != "PAR1" {
		return 0, errors.New("not a Parquet file, or an incomplete one: it does not end in PAR1")
	}
	if length := int64(binary.LittleEndian.Uint32(tail[:4])); length > size-12 {
		return 0, errors.New("the Parquet file is corrupt: its footer is longer than the file")
	}
	return size, nil
}

// checkRowGroups checks that the row counts in the footer agree.
func checkRowGroups(pq *parquet.File) error {
	left := pq.NumRows()
	for _, g := range pq.RowGroups() {
		n := g.NumRows()
		if n < 0 || n > left {
			return errors.New("the Parquet file is corrupt: its row groups do not add up")
		}
		left -= n
	}
	if left != 0 {
		return errors.New("the Parquet file is corrupt: its row groups do not add up")
	}
	return nil
}

// parquetLeaf is a column that can be read: a primitive value, a list of texts or a
// list of records.
type parquetLeaf struct {
	name     string
	of       *parquet.Column
	records  []parquetLeaf // columns of records; nil for others
	kind     frame.Type    // type of an inferred column
	leaf     *parquet.Column
	list     bool
	optional byte                              // list: levels below this are null, at it empty
	convert  func(b *builder, v parquet.Value) // no list: takes a value that is not null
}

// leaves returns the readable columns and adds an issue for each of the others.
func (s *parquetSource) leaves() ([]parquetLeaf, error) {
	var leaves []parquetLeaf
	seen := map[string]bool{}
	for _, c := range s.pq.Root().Columns() {
		if seen[c.Name()] {
			return nil, fmt.Errorf("column %q occurs twice", c.Name())
		}
		seen[c.Name()] = true
		s.columns = append(s.columns, c.Name())
		l, ok := newParquetLeaf(c)
		if !ok {
			s.r.issues.addColumn(c.Name(), Unsupported, c.String())
			continue
		}
		leaves = append(leaves, l)
	}
	return leaves, nil
}

func newParquetLeaf(c *parquet.Column) (parquetLeaf, bool) {
	l := parquetLeaf{name: c.Name(), of: c, leaf: c}
	if c.Optional() {
		l.optional = 1
	}
	switch {
	case c.Leaf() && c.Repeated():
		l.list = true
	case c.Leaf():
	default:
		if l.leaf = listLeaf(c); l.leaf == nil {
			l.records = recordLeaves(c, l.optional)
			return l, l.records != nil
		}
		l.list = true
	}
	l.kind, l.convert = converter(l.leaf)
	if l.list {
		l.kind = frame.TextList
		return l, l.leaf.Type().Kind() == parquet.ByteArray
	}
	return l, l.convert != nil
}

// listLeaf returns the items of a LIST group in its form with three levels or the
// old form with two, or nil if the group has neither.
func listLeaf(c *parquet.Column) *parquet.Column {
	inner := c.Columns()
	if len(inner) != 1 || !inner[0].Repeated() {
		return nil
	}
	if inner[0].Leaf() {
		return inner[0]
	}
	if items := inner[0].Columns(); len(items) == 1 && items[0].Leaf() && !items[0].Repeated() {
		return items[0]
	}
	return nil
}

// converter returns the type of an inferred column for the leaf, and a function
// that passes a value that is not null to a builder. The function is nil if the
// type cannot be read.
func converter(leaf *parquet.Column) (frame.Type, func(*builder, parquet.Value)) {
	var logical any
	if lt := leaf.Type().LogicalType(); lt != nil {
		logical = lt.Value
	}
	switch t := logical.(type) {
	case *format.DecimalType:
		return frame.Number, func(b *builder, v parquet.Value) { b.number(decimalValue(v, t.Scale)) }
	case *format.DateType:
		return frame.Text, func(b *builder, v parquet.Value) {
			b.date(int64(v.Int32()))
		}
	case *format.TimestampType:
		unit := timestampUnit(t.Unit)
		return frame.Text, func(b *builder, v parquet.Value) { b.text(appendTime(v.Int64(), unit, t.IsAdjustedToUTC)) }
	case *format.IntType:
		if !t.IsSigned {
			return frame.Integer, unsignedValue
		}
	case *format.UUIDType:
		return frame.Text, func(b *builder, v parquet.Value) { b.text([]byte(v.String())) }
	}
	switch leaf.Type().Kind() {
	case parquet.Boolean:
		return frame.Text, func(b *builder, v parquet.Value) { b.boolean(v.Boolean()) }
	case parquet.Int32:
		return frame.Integer, func(b *builder, v parquet.Value) { b.integer(int64(v.Int32())) }
	case parquet.Int64:
		return frame.Integer, func(b *builder, v parquet.Value) { b.integer(v.Int64()) }
	case parquet.Float:
		return frame.Number, func(b *builder, v parquet.Value) { b.number(float64(v.Float())) }
	case parquet.Double:
		return frame.Number, func(b *builder, v parquet.Value) { b.number(v.Double()) }
	case parquet.ByteArray:
		return frame.Text, func(b *builder, v parquet.Value) { b.text(v.ByteArray()) }
	}
	return "", nil
}

func unsignedValue(b *builder, v parquet.Value) {
	if v.Kind() == parquet.Int32 {
		b.integer(int64(uint32(v.Int32())))
	} else if u := v.Uint64(); u <= math.MaxInt64 {
		b.integer(int64(u))
	} else {
		b.number(float64(u))
	}
}

func decimalValue(v parquet.Value, scale int32) float64 {
	var n *big.Int
	switch v.Kind() {
	case parquet.Int32:
		n = big.NewInt(int64(v.Int32()))
	case parquet.Int64:
		n = big.NewInt(v.Int64())
	default: // big-endian two's complement
		raw := v.ByteArray()
		n = new(big.Int).SetBytes(raw)
		if len(raw) > 0 && raw[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
		}
	}
	divisor := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	x, _ := new(big.Rat).SetFrac(n, divisor).Float64()
	return x
}

func timestampUnit(u format.TimeUnit) time.Duration {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return time.Millisecond
	case *format.MicroSeconds:
		return time.Microsecond
	}
	return time.Nanosecond
}

func appendTime(n int64, unit time.Duration, utc bool) []byte {
	perSecond := int64(time.Second / unit)
	t := time.Unix(n/perSecond, n%perSecond*int64(unit)).UTC()
	if utc {
		return t.AppendFormat(nil, time.RFC3339Nano)
	}
	return t.AppendFormat(nil, "2006-01-02T15:04:05.999999999")
}

func (r *Reader) inferParquet(leaves []parquetLeaf, o OpenOptions) error {
	for _, l := range leaves {
		f := frame.Field{Name: fieldName(o.Columns, l.name), Type: l.kind, Nullable: true, Decimals: -1}
		if l.records != nil {
			f.Type = frame.Records
			for _, x := range l.records {
				f.Records = append(f.Records, frame.Field{Name: x.name, Type: x.kind, Nullable: true, Decimals: -1})
			}
		}
		r.schema = append(r.schema, f)
	}
	if len(r.schema) == 0 {
		return errors.New("the file has no column of a type that can be read")
	}
	return checkSchema(r.schema)
}

func (s *parquetSource) names() []string     { return s.columns }
func (s *parquetSource) rows() (int64, bool) { return s.pq.NumRows(), true }

func (s *parquetSource) metadata() []KeyValue {
	var all []KeyValue
	for _, kv := range s.pq.Metadata().KeyValueMetadata {
		all = append(all, KeyValue{kv.Key, kv.Value})
	}
	return all
}

// Fields returns the schema that CreateParquet stored in the file, with labels,
// titles, descriptions and units, or false if there is none.
func (r *Reader) Fields() (frame.Schema, bool) {
	for _, kv := range r.source.metadata() {
		var s frame.Schema
		if kv.Key == FieldsKey && json.Unmarshal([]byte(kv.Value), &s) == nil {
			return s, checkSchema(s) == nil
		}
	}
	return nil, false
}

func (s *parquetSource) close() error {
	for _, c := range s.cursors {
		c.closePages()
	}
	return s.file.Close()
}

func (s *parquetSource) read(max int) (n int, err error) {
	defer recoverCorrupt(&err)
	n = int(min(int64(max), s.left))
	if n == 0 {
		return 0, io.EOF
	}
	first := s.r.issues.row
	for _, c := range s.cursors {
		s.r.issues.row = first
		err := c.read(n, s.r.issues)
		if err == nil && int64(n) == s.left {
			err = c.atEnd()
		}
		if err != nil {
			return 0, fmt.Errorf("column %q: %w", c.column(), err)
		}
	}
	for _, b := range s.r.builders {
		for ; !b.found && b.rows < n; b.null() {
		}
	}
	s.r.issues.row = first + int64(n)
	s.left -= int64(n)
	return n, nil
}

// parquetCursor reads the values of one column.
type parquetCursor struct {
	parquetLeaf
	to     *builder
	file   io.ReaderAt
	pq     *parquet.File
	groups []parquet.RowGroup // not yet opened
	left   int64              // rows of the open group not yet read
	pages  parquet.Pages
	page   parquet.Page
	reader parquet.ValueReader
	buffer []parquet.Value
	values []parquet.Value // of buffer, not yet taken
}

func newParquetCursor(file io.ReaderAt, pq *parquet.File, l parquetLeaf, to *builder) *parquetCursor {
	return &parquetCursor{parquetLeaf: l, file: file, pq: pq, to: to, groups: pq.RowGroups(), buffer: make([]parquet.Value, 512)}
}

func (c *parquetCursor) column() string { return c.name }

func (c *parquetCursor) read(n int, issues *issueLog) error {
	for range n {
		v, err := c.peek()
		if errors.Is(err, io.EOF) || err == nil && c.left == 0 {
			return errUneven
		}
		if err != nil {
			return err
		}
		c.left--
		if c.list {
			if err := c.readList(); err != nil {
				return err
			}
		} else {
			c.values = c.values[1:]
			if v.IsNull() {
				c.to.null()
			} else {
				c.convert(c.to, v)
			}
		}
		issues.row++
	}
	return nil
}

// readList reads the values of one row: the first has repetition level 0, the
// others 1.
func (c *parquetCursor) readList() error {
	first := c.values[0]
	level := byte(first.DefinitionLevel())
	if level < c.optional {
		c.values = c.values[1:]
		c.to.null()
		return nil
	}
	accepted := c.to.beginList([]byte("a list"))
	for more := true; more; {
		v := c.values[0]
		c.values = c.values[1:]
		switch {
		case !accepted:
		case !v.IsNull():
			c.to.item(v.ByteArray())
		case level > c.optional:
			c.to.wrongItem([]byte("null"))
		}
		next, err := c.peek()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		more = err == nil && next.RepetitionLevel() > 0
		level = byte(next.DefinitionLevel())
	}
	if accepted {
		c.to.endList()
	}
	return nil
}

// errUneven is the error of a column with more or fewer rows than its row group.
var errUneven = errors.New("the Parquet file is corrupt: the columns are of unequal length")

func (c *parquetCursor) atEnd() error {
	if _, err := c.peek(); !errors.Is(err, io.EOF) {
		return errors.Join(errUneven, err)
	}
	return nil
}

// peek returns the next value, or io.EOF at the end of the column.
func (c *parquetCursor) peek() (parquet.Value, error) {
	for len(c.values) == 0 {
		if err := c.fill(); err != nil {
			return parquet.Value{}, err
		}
	}
	return c.values[0], nil
}

// fill reads more values, from the next page or row group if necessary.
func (c *parquetCursor) fill() error {
	for c.reader == nil {
		if err := c.nextPage(); err != nil {
			return err
		}
	}
	n, err := c.reader.ReadValues(c.buffer)
	c.values = c.buffer[:n]
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err == nil && n == 0 {
		return errors.New("the Parquet file is corrupt: a page has no values")
	}
	if err != nil {
		c.reader = nil
	}
	return nil
}

func (c *parquetCursor) nextPage() error {
	if c.pages == nil {
		if c.left != 0 {
			return errUneven
		}
		if len(c.groups) == 0 {
			return io.EOF
		}
		if err := c.openGroup(); err != nil {
			return err
		}
	}
	c.releasePage()
	page, err := c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		c.closePages()
		return nil
	}
	if err != nil {
		return err
	}
	c.page, c.reader = page, page.Values()
	return nil
}

// openGroup opens the column in the next row group.
func (c *parquetCursor) openGroup() error {
	c.left = c.groups[0].NumRows()
	if err := c.check(len(c.groups)); err != nil {
		return err
	}
	c.pages = c.groups[0].ColumnChunks()[c.leaf.Index()].Pages()
	c.groups = c.groups[1:]
	return nil
}

// check checks the pages of the first of the last n row groups.
func (c *parquetCursor) check(n int) error {
	all := c.pq.Metadata().RowGroups
	return checkPages(c.file, &all[len(all)-n].Columns[c.leaf.Index()].MetaData)
}

// releasePage returns the memory of the page to the library.
func (c *parquetCursor) releasePage() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
}

func (c *parquetCursor) closePages() {
	c.releasePage()
	if c.pages != nil {
		c.pages.Close()
		c.pages = nil
	}
}
