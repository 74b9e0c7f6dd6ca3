package dataset

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// recordLeaves returns the columns of the records of a LIST of groups, in its form with
// three levels or the old form with two. It returns nil if the group is something else, or
// has columns that are not values.
func recordLeaves(c *parquet.Column, optional byte) []parquetLeaf {
	inner := c.Columns()
	if c.Repeated() || len(inner) != 1 || !inner[0].Repeated() || inner[0].Leaf() {
		return nil
	}
	element := inner[0]
	if items := element.Columns(); len(items) == 1 && !items[0].Leaf() && !items[0].Repeated() {
		element = items[0]
	}
	var leaves []parquetLeaf
	seen := map[string]bool{}
	for _, x := range element.Columns() {
		l := parquetLeaf{name: x.Name(), of: x, leaf: x, optional: optional}
		if !x.Leaf() || x.Repeated() || seen[x.Name()] {
			return nil
		}
		seen[x.Name()] = true
		if l.kind, l.convert = converter(x); l.convert == nil {
			return nil
		}
		leaves = append(leaves, l)
	}
	return leaves
}

// recordsCursor reads a column of records: a cursor for each column of the records, all
// with the same lists.
type recordsCursor struct {
	name    string
	to      *builder
	cursors []*parquetCursor // of the columns of the file that the records have
	lost    []*builder       // of the columns that the file does not have
}

func newRecordsCursor(file io.ReaderAt, pq *parquet.File, l parquetLeaf, to *builder) *recordsCursor {
	c := &recordsCursor{name: l.name, to: to}
	for k := range to.records {
		inner := to.records[k]
		for _, leaf := range l.records {
			if leaf.name == to.field.Records[k].Name {
				inner.found = true
				c.cursors = append(c.cursors, newParquetCursor(file, pq, leaf, inner))
			}
		}
		if !inner.found {
			c.lost = append(c.lost, inner)
			to.issues.addColumn(inner.field.Name, MissingColumn, "")
		}
	}
	for _, leaf := range l.records {
		if to.field.Records.Index(leaf.name) < 0 {
			to.issues.addColumn(to.field.Name+"."+leaf.name, ExtraColumn, "")
		}
	}
	if len(c.cursors) == 0 { // the lists are those of any column
		c.cursors = append(c.cursors, newParquetCursor(file, pq, l.records[0], nil))
	}
	return c
}

func (c *recordsCursor) column() string { return c.name }

func (c *recordsCursor) read(n int, issues *issueLog) error {
	for range n {
		records, null := 0, false
		for i, cursor := range c.cursors {
			of, isNull, err := cursor.readRecords()
			if err != nil {
				return fmt.Errorf("column %q of its records: %w", cursor.name, err)
			}
			if i > 0 && (of != records || null != isNull) {
				return errUneven
			}
			records, null = of, isNull
		}
		for _, inner := range c.lost {
			for range records {
				inner.null()
			}
		}
		if null {
			c.to.null()
		} else {
			c.to.column.Offsets = append(c.to.column.Offsets, c.to.column.Offsets[len(c.to.column.Offsets)-1]+int32(records))
			c.to.done(false)
		}
		issues.row++
	}
	return nil
}

// readRecords passes the values of the records of one row to the builder, if there is one.
// It returns the number of records, or that there is no list.
func (c *parquetCursor) readRecords() (records int, null bool, err error) {
	v, err := c.peek()
	if errors.Is(err, io.EOF) || err == nil && (c.left == 0 || v.RepetitionLevel() > 0) {
		return 0, false, errUneven
	}
	if err != nil {
		return 0, false, err
	}
	c.left--
	level := byte(v.DefinitionLevel())
	if level <= c.optional { // no list, or an empty one
		c.values = c.values[1:]
		return 0, level < c.optional, nil
	}
	for {
		switch {
		case c.to == nil:
		case v.IsNull():
			c.to.null()
		default:
			c.convert(c.to, v)
		}
		records++
		c.values = c.values[1:]
		v, err = c.peek()
		if errors.Is(err, io.EOF) {
			return records, false, nil
		}
		if err != nil || v.RepetitionLevel() == 0 {
			return records, false, err
		}
	}
}

func (c *recordsCursor) atEnd() error {
	for _, cursor := range c.cursors {
		if err := cursor.atEnd(); err != nil {
			return err
		}
	}
	return nil
}

func (c *recordsCursor) closePages() {
	for _, cursor := range c.cursors {
		cursor.closePages()
	}
}
