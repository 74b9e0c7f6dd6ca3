package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"

	"github.com/personagen/personagen/engine/frame"
)

// Person reads a row with some columns from its file.
func (t *Table) Person(row int, columns frame.Schema) (*frame.Batch, error) {
	if row < 0 || row >= t.Rows {
		return nil, fmt.Errorf("there is no row %d", row)
	}
	i := sort.Search(len(t.files), func(i int) bool { return t.files[i].first > row }) - 1
	f := &t.files[i]
	within := int64(row - f.first)
	r, err := t.reader(f.path, columns)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p := sort.Search(len(f.places), func(p int) bool { return f.places[p].Row > within }) - 1
	place := f.places[p]
	if r.Groups() != nil { // any row of a Parquet file is a place
		place.Row = within
	}
	if err := r.Skip(place); err != nil {
		return nil, inFolder(f.path, err)
	}
	b := frame.New(columns)
	for left := within - place.Row + 1; left > 0; {
		n, err := r.Read(b, 1)
		if errors.Is(err, io.EOF) && n == 0 {
			return nil, fmt.Errorf("%s was changed while it was read; start view again", f.path)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, inFolder(f.path, err)
		}
		left -= int64(n)
	}
	b.First = int64(row)
	return b, nil
}

// Each reads the selected rows, all columns, in the order of the files, and passes them in
// batches, which are valid during the call.
func (t *Table) Each(ctx context.Context, s *Selection, visit func(b *frame.Batch) error) error {
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = s.At(i)
	}
	slices.Sort(rows)
	in, out := frame.New(t.Schema), frame.New(t.Schema)
	for _, part := range t.spans(4096) {
		k := sort.SearchInts(rows, part.first)
		if k == len(rows) || rows[k] >= part.first+part.rows {
			continue
		}
		var failed error
		err := t.read(ctx, part, t.Schema, false, in, func(first int) {
			for r := 0; r < in.N && failed == nil; {
				k = sort.SearchInts(rows, first+r)
				if k == len(rows) || rows[k] >= first+in.N {
					return
				}
				from := rows[k] - first
				to := from + 1
				for k++; k < len(rows) && rows[k] == first+to && to < in.N; k++ {
					to++
				}
				cut(out, in, from, to)
				failed = visit(out)
				r = to
			}
		})
		if err := errors.Join(failed, err); err != nil {
			return err
		}
	}
	return nil
}

// cut makes out the rows from to to of a batch.
func cut(out, in *frame.Batch, from, to int) {
	if from == 0 && to == in.N {
		out.First, out.N = in.First, in.N
		copy(out.Columns, in.Columns)
		return
	}
	out.First, out.N = in.First+int64(from), to-from
	for k := range in.Columns {
		c, f := &in.Columns[k], &in.Schema[k]
		if !f.Type.List() {
			out.Columns[k] = c.Slice(f.Type, from, to)
			continue
		}
		x := *c
		x.Offsets = make([]int32, to-from+1)
		low, high := c.Offsets[from], c.Offsets[to]
		for i := range x.Offsets {
			x.Offsets[i] = c.Offsets[from+i] - low
		}
		if c.Null != nil {
			x.Null = c.Null[from:to]
		}
		switch f.Type {
		case frame.CategoryList:
			x.Codes = c.Codes[low:high]
		case frame.TextList:
			x.Texts = c.Texts[low:high]
		case frame.Records:
			x.Records = make([]frame.Column, len(c.Records))
			for i := range c.Records {
				x.Records[i] = c.Records[i].Slice(f.Records[i].Type, int(low), int(high))
			}
		}
		out.Columns[k] = x
	}
}
