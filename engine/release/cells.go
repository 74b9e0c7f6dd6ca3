package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/columns"
	"github.com/personagen/personagen/engine/internal/generate"
)

// cells reads the visible columns of the data files of one format, one file after the
// other, and counts the rows of each file.
type cells struct {
	dir     string
	files   []File
	reading *columns.Reading
	schema  frame.Schema // of the visible fields and the constants

	at     int // of files
	rows   int64
	reader *dataset.Reader
	faults []string
}

func newCells(dir string, files []File, reading *columns.Reading) *cells {
	return &cells{dir: dir, files: files, reading: reading, schema: slices.Concat(reading.Fields, reading.Constants)}
}

// read fills b with the next rows, as many as fit, from as many files as they are in.
// It returns their number, 0 at the end.
func (c *cells) read(b, part *frame.Batch) int {
	b.Schema = c.schema
	b.Resize(0, 0)
	for b.N < generate.BatchRows && c.at < len(c.files) {
		if c.reader == nil {
			path := filepath.Join(c.dir, c.files[c.at].Name)
			r, err := dataset.Open(path, dataset.OpenOptions{Schema: c.schema, Columns: c.reading.Names, Numerals: c.reading.Numerals, MaxIssues: 1})
			if err != nil {
				c.faults = append(c.faults, fmt.Sprintf("%s: %v", filepath.Dir(path), err))
				c.at = len(c.files)
				break
			}
			c.reader, c.rows = r, 0
		}
		n, err := c.reader.Read(part, generate.BatchRows-b.N)
		switch {
		case errors.Is(err, io.EOF):
			c.finish()
		case err != nil:
			c.faults = append(c.faults, fmt.Sprintf("%s: %v", filepath.Dir(filepath.Join(c.dir, c.name())), err))
			c.close()
			c.at = len(c.files)
		default:
			c.rows += int64(n)
			b.Append(part)
		}
	}
	return b.N
}

// finish closes a file that was read to its end.
func (c *cells) finish() {
	f := c.files[c.at]
	if c.rows != f.Rows {
		c.faults = append(c.faults, fmt.Sprintf("%s: %d rows, the manifest says %d", filepath.Join(c.dir, f.Name), c.rows, f.Rows))
	}
	for _, i := range c.reader.IssueCounts() {
		c.faults = append(c.faults, fmt.Sprintf("%s: column %q: %s, %d times", filepath.Join(c.dir, f.Name), i.Column, i.Problem, i.Count))
	}
	c.close()
	c.at++
}

func (c *cells) close() {
	if c.reader != nil {
		c.reader.Close()
		c.reader = nil
	}
}

// name is the file that is read, or the last one.
func (c *cells) name() string { return c.files[min(c.at, len(c.files)-1)].Name }

// stream reads batches in a goroutine. A batch that was used goes back to free.
func (c *cells) stream(ctx context.Context, out chan<- *frame.Batch, free <-chan *frame.Batch) {
	defer close(out)
	defer c.close()
	part := frame.New(c.schema)
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-free:
			if c.read(b, part) == 0 {
				return
			}
			select {
			case <-ctx.Done():
				return
			case out <- b:
			}
		}
	}
}

// compareCells reads all to their ends and compares each but the first with the first,
// cell by cell. The faults are those of the files and the first difference of each
// column.
func compareCells(ctx context.Context, all []*cells) (faults []string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, free := make([]chan *frame.Batch, len(all)), make([]chan *frame.Batch, len(all))
	differs := make([][]difference, len(all))
	for i, c := range all {
		in[i], free[i] = make(chan *frame.Batch, 1), make(chan *frame.Batch, 2)
		free[i] <- frame.New(c.schema)
		free[i] <- frame.New(c.schema)
		differs[i] = make([]difference, len(c.schema))
		go c.stream(ctx, in[i], free[i])
	}
	schema := all[0].schema
	batches := make([]*frame.Batch, len(all))
	for row, more := int64(0), true; more; {
		more = false
		for i := range all {
			batches[i] = <-in[i] // nil at the end
			more = more || batches[i] != nil
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		most := 0
		for i, b := range batches {
			if b == nil {
				continue
			}
			most = max(most, b.N)
			if i > 0 && batches[0] != nil {
				for k := range schema {
					differs[i][k].add(&schema[k], &batches[0].Columns[k], &b.Columns[k], min(b.N, batches[0].N), row)
				}
			}
		}
		row += int64(most)
		for i, b := range batches {
			if b != nil {
				free[i] <- b
			}
		}
	}
	for i, c := range all {
		faults = append(faults, c.faults...)
		for k, d := range differs[i] {
			if d.rows > 0 {
				faults = append(faults, fmt.Sprintf("%s: column %q differs from %s in %s, first in row %d",
					filepath.Join(c.dir, c.name()), schema[k].Name, all[0].name(), humanize.Count(d.rows, "row", "rows"), d.first+1))
			}
		}
	}
	return faults, nil
}

// difference counts the rows in which a column differs.
type difference struct{ rows, first int64 }

func (d *difference) add(f *frame.Field, a, b *frame.Column, n int, row int64) {
	for r := range n {
		if !sameCell(f, a, b, r) {
			if d.rows++; d.rows == 1 {
				d.first = row + int64(r)
			}
		}
	}
}

// sameCell reports whether two columns of a field have the same value in a row.
func sameCell(f *frame.Field, a, b *frame.Column, r int) bool {
	if f.Type == frame.Category {
		return a.Codes[r] == b.Codes[r]
	}
	null := a.IsNull(f.Type, r)
	if null != b.IsNull(f.Type, r) {
		return false
	}
	if null {
		return true
	}
	switch f.Type {
	case frame.Integer, frame.Date:
		return a.Ints[r] == b.Ints[r]
	case frame.Number:
		x, y := a.Floats[r], b.Floats[r]
		return x == y || f.Decimals >= 0 && math.Abs(x-y) <= 0.500001*math.Pow10(-f.Decimals)
	case frame.Text:
		return sameText(a.Texts[r], b.Texts[r])
	}
	i, j := a.Offsets[r], b.Offsets[r]
	if a.Offsets[r+1]-i != b.Offsets[r+1]-j {
		return false
	}
	for ; i < a.Offsets[r+1]; i, j = i+1, j+1 {
		if f.Type == frame.Records && !sameRecord(f.Records, a.Records, b.Records, int(i), int(j)) {
			return false
		}
		if f.Type == frame.CategoryList && a.Codes[i] != b.Codes[j] || f.Type == frame.TextList && !sameText(a.Texts[i], b.Texts[j]) {
			return false
		}
	}
	return true
}

// sameRecord reports whether record i of columns a is record j of columns b.
func sameRecord(s frame.Schema, a, b []frame.Column, i, j int) bool {
	for k := range s {
		x, y := a[k].Slice(s[k].Type, i, i+1), b[k].Slice(s[k].Type, j, j+1)
		if !sameCell(&s[k], &x, &y, 0) {
			return false
		}
	}
	return true
}

// sameText compares texts. Text formats replace bytes that are not UTF-8.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	if utf8.ValidString(a) && utf8.ValidString(b) {
		return false
	}
	return strings.ToValidUTF8(a, "\uFFFD") == strings.ToValidUTF8(b, "\uFFFD")
}
