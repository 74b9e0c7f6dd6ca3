package dataset

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
)

// checkSchema returns an error if data with the schema could not be read as it was
// written.
func checkSchema(s frame.Schema) error {
	if len(s) == 0 {
		return fmt.Errorf("the schema has no columns")
	}
	seen := make(map[string]bool, len(s))
	for _, f := range s {
		if f.Name == "" || !utf8.ValidString(f.Name) {
			return fmt.Errorf("column name %q: a name must be valid UTF-8 and not empty", f.Name)
		}
		if seen[f.Name] {
			return fmt.Errorf("column %q occurs twice", f.Name)
		}
		seen[f.Name] = true
		if err := checkField(f); err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
	}
	return nil
}

func checkField(f frame.Field) error {
	switch f.Type {
	case frame.Integer, frame.Number, frame.Text, frame.TextList, frame.Date:
		return nil
	case frame.Category, frame.CategoryList:
	case frame.Records:
		for _, inner := range f.Records {
			if inner.Type.List() {
				return fmt.Errorf("column %q of its records is a list", inner.Name)
			}
		}
		return checkSchema(f.Records)
	default:
		return fmt.Errorf("unknown type %q", f.Type)
	}
	seen := make(map[string]bool, len(f.Labels))
	for _, l := range f.Labels {
		if !utf8.ValidString(l) {
			return fmt.Errorf("label %q is not valid UTF-8", l)
		}
		if f.Boolean && l != "true" && l != "false" {
			return fmt.Errorf("label %q is not a truth value", l)
		}
		if seen[l] {
			return fmt.Errorf("label %q occurs twice", l)
		}
		seen[l] = true
	}
	return nil
}

// checkBatch checks everything that the encoders assume about a batch. Parquet does
// not notice columns of unequal length; a reader would then see wrong data.
func checkBatch(s frame.Schema, b *frame.Batch) error {
	if len(b.Columns) != len(s) || len(b.Schema) != len(s) {
		return fmt.Errorf("the batch has %d columns, the file has %d", len(b.Columns), len(s))
	}
	for i := range s {
		f := &s[i]
		if err := sameField(&b.Schema[i], f); err != nil {
			return fmt.Errorf("column %d of the batch %w", i+1, err)
		}
		if err := checkColumn(f, &b.Columns[i], b.N); err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
	}
	return nil
}

// sameField checks that a field of a batch is stored as one of the file.
func sameField(g, f *frame.Field) error {
	if g.Name != f.Name || g.Type != f.Type || g.Boolean != f.Boolean || len(g.Labels) != len(f.Labels) || len(g.Records) != len(f.Records) {
		return fmt.Errorf("is %s %q with %d labels, in the file it is %s %q with %d",
			g.Type, g.Name, len(g.Labels), f.Type, f.Name, len(f.Labels))
	}
	for k := range f.Records {
		if err := sameField(&g.Records[k], &f.Records[k]); err != nil {
			return fmt.Errorf("has records whose column %d %w", k+1, err)
		}
	}
	return nil
}

// checkColumn checks the lengths of the slices, then the values.
func checkColumn(f *frame.Field, c *frame.Column, n int) error {
	if err := checkLengths(f.Type, c, n); err != nil {
		return err
	}
	if f.Type != frame.Category && c.Null != nil {
		if len(c.Null) != n {
			return fmt.Errorf("%d null flags for %d rows", len(c.Null), n)
		}
		if !f.Nullable {
			for r, null := range c.Null {
				if null {
					return fmt.Errorf("row %d is null, but the column is not nullable", r)
				}
			}
		}
	}
	switch f.Type {
	case frame.Category:
		low := int32(0)
		if f.Nullable {
			low = -1
		}
		return checkCodes(c.Codes, low, len(f.Labels))
	case frame.CategoryList:
		return checkCodes(c.Codes[:c.Offsets[n]], 0, len(f.Labels))
	case frame.Records:
		if len(c.Records) != len(f.Records) && c.Offsets[n] > 0 {
			return fmt.Errorf("its records have %d columns, in the file they have %d", len(c.Records), len(f.Records))
		}
		for k := range c.Records {
			if err := checkColumn(&f.Records[k], &c.Records[k], int(c.Offsets[n])); err != nil {
				return fmt.Errorf("column %q of its records: %w", f.Records[k].Name, err)
			}
		}
	case frame.Date:
		for r, days := range c.Ints {
			if (days < frame.MinDate || days > frame.MaxDate) && (c.Null == nil || !c.Null[r]) {
				return fmt.Errorf("row %d has a date outside the years 1 to 9999", r)
			}
		}
	case frame.Number:
		for r, v := range c.Floats {
			if (math.IsNaN(v) || math.IsInf(v, 0)) && (c.Null == nil || !c.Null[r]) {
				return fmt.Errorf("row %d is %v, which is not a number", r, v)
			}
		}
	}
	return nil
}

func checkLengths(t frame.Type, c *frame.Column, n int) error {
	count := n
	switch t {
	case frame.Category:
		count = len(c.Codes)
	case frame.Integer, frame.Date:
		count = len(c.Ints)
	case frame.Number:
		count = len(c.Floats)
	case frame.Text:
		count = len(c.Texts)
	case frame.CategoryList:
		return checkOffsets(c.Offsets, n, len(c.Codes))
	case frame.TextList:
		return checkOffsets(c.Offsets, n, len(c.Texts))
	case frame.Records:
		if len(c.Offsets) != n+1 {
			return checkOffsets(c.Offsets, n, 0)
		}
		return checkOffsets(c.Offsets, n, int(c.Offsets[n])) // the columns check their own lengths
	}
	if count != n {
		return fmt.Errorf("%d values for %d rows", count, n)
	}
	return nil
}

func checkOffsets(offsets []int32, n, items int) error {
	if len(offsets) != n+1 {
		return fmt.Errorf("%d list offsets for %d rows; there must be one more offset than rows", len(offsets), n)
	}
	if offsets[0] != 0 || int(offsets[n]) != items {
		return fmt.Errorf("list offsets run from %d to %d, but the items from 0 to %d", offsets[0], offsets[n], items)
	}
	for r := range n {
		if offsets[r] > offsets[r+1] {
			return fmt.Errorf("list offsets decrease at row %d", r)
		}
	}
	return nil
}

func checkCodes(codes []int32, low int32, labels int) error {
	for i, k := range codes {
		if k < low || int(k) >= labels {
			if k == -1 {
				return fmt.Errorf("value %d is null, which is not allowed here", i)
			}
			return fmt.Errorf("value %d has code %d, but there are %d labels", i, k, labels)
		}
	}
	return nil
}

// rawSize returns the size of a batch before encoding; see Part.Size.
func rawSize(b *frame.Batch) int64 { return sizeOf(b.Schema, b.Columns, b.N) }

func sizeOf(s frame.Schema, columns []frame.Column, n int) int64 {
	size := int64(0)
	for i := range columns {
		c := &columns[i]
		switch s[i].Type {
		case frame.Category, frame.CategoryList:
			size += 4 * int64(len(c.Codes))
		case frame.Integer, frame.Number, frame.Date:
			size += 8 * int64(n)
		case frame.Records:
			size += sizeOf(s[i].Records, c.Records, int(c.Offsets[n]))
		case frame.Text, frame.TextList:
			for _, t := range c.Texts {
				size += int64(len(t))
			}
		}
	}
	return size
}
