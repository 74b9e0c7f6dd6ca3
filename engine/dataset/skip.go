package dataset

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// Place is where a row of a file begins.
type Place struct {
	Row int64 // from 0

	offset int64 // of its first byte, in a text file
	line   int64 // lines before it, in a text file
}

// Place returns the place of the next row.
func (r *Reader) Place() Place {
	p := Place{Row: r.row}
	if s, ok := r.source.(interface{ reading() *lineReader }); ok {
		p.offset, p.line = s.reading().at, s.reading().line
	}
	return p
}

// Groups returns the places from which a part of the file is read without reading what
// is before it: the row groups of a Parquet file. Other formats state none; there, Place
// gives places while the file is read.
func (r *Reader) Groups() (places []Place) {
	s, ok := r.source.(*parquetSource)
	if !ok {
		return nil
	}
	at := int64(0)
	for _, g := range s.pq.RowGroups() {
		if g.NumRows() > 0 {
			places = append(places, Place{Row: at})
		}
		at += g.NumRows()
	}
	return places
}

// Skip makes a row the next one, forwards or backwards. In a Parquet file Place{Row: n} is
// the place of any row n; in other formats a place must be one that Place has returned for
// a reader of the same file.
func (r *Reader) Skip(to Place) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(r.path), err)
		}
	}()
	defer recoverCorrupt(&err)
	switch s := r.source.(type) {
	case *parquetSource:
		err = s.skip(to.Row)
	case interface{ reading() *lineReader }:
		if to.offset == 0 && to.Row > 0 {
			return fmt.Errorf("row %d is not at a known place of the file", to.Row)
		}
		if to.Row > 0 { // the first row is where opening the file has left it
			err = s.reading().skip(to)
		} else if r.row > 0 {
			err = errors.New("the first row is not at a known place")
		}
	}
	if err != nil {
		return err
	}
	r.row, r.issues.row, r.err = to.Row, to.Row, nil
	return nil
}

func (s *parquetSource) skip(row int64) error {
	total := s.pq.NumRows()
	if row < 0 || row > total {
		return fmt.Errorf("the file has no row %d", row)
	}
	group, within := 0, row
	for _, g := range s.pq.RowGroups() {
		if within < g.NumRows() {
			break
		}
		group, within = group+1, within-g.NumRows()
	}
	for _, c := range s.cursors {
		if err := c.skip(group, within); err != nil {
			return fmt.Errorf("column %q: %w", c.column(), err)
		}
	}
	s.left = total - row
	return nil
}

// skip goes to a row of a row group, or to the end of the file after the last one.
func (c *parquetCursor) skip(group int, within int64) error {
	c.closePages()
	c.reader, c.values, c.left = nil, nil, 0
	c.groups = c.pq.RowGroups()[group:]
	if within == 0 {
		return nil
	}
	if err := c.openGroup(); err != nil {
		return err
	}
	c.left -= within
	return c.pages.SeekToRow(within)
}

func (c *recordsCursor) skip(group int, within int64) error {
	for _, cursor := range c.cursors {
		if err := cursor.skip(group, within); err != nil {
			return err
		}
	}
	return nil
}

func (s *jsonSource) reading() *lineReader { return s.lines }
func (s *csvSource) reading() *lineReader  { return s.lines }

func (l *lineReader) skip(to Place) error {
	if _, err := l.file.Seek(to.offset, io.SeekStart); err != nil {
		return fmt.Errorf("cannot read the file at byte %d: %w", to.offset, err)
	}
	l.in.Reset(l.file)
	l.at, l.line = to.offset, to.line
	return nil
}
