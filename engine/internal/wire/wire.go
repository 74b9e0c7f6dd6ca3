// Package wire writes values in a compact binary form and reads them back. A type
// describes its form once, in a method that passes its parts to a Coder; the Coder
// writes or reads them:
//
//	func (v *violations) Code(c *wire.Coder) {
//		c.Count(&v.count)
//		wire.Slice(c, &v.rows, shownRows, c.Int)
//	}
//
// What is read may be anybody's. A Coder never allocates more than a small multiple of
// what it was given, checks every length against a limit, and after the first fault reads
// zeros. Equal values have equal bytes if their parts are passed in a fixed order.
package wire

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Coder writes values, or reads them.
type Coder struct {
	data    []byte // written so far, or left to read
	reading bool
	err     error
}

// Writer returns a coder that writes.
func Writer() *Coder { return &Coder{} }

// Reader returns a coder that reads data.
func Reader(data []byte) *Coder { return &Coder{data: data, reading: true} }

// Reading reports whether the coder reads.
func (c *Coder) Reading() bool { return c.reading }

// Bytes returns what was written.
func (c *Coder) Bytes() []byte { return c.data }

// Err returns the first fault. All data must have been read.
func (c *Coder) Err() error {
	if c.err == nil && c.reading && len(c.data) > 0 {
		return fmt.Errorf("%d bytes follow the end", len(c.data))
	}
	return c.err
}

// Fail keeps the first fault of what is read.
func (c *Coder) Fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
	c.data = c.data[:0]
}

var errShort = errors.New("it ends early")

// take returns the next n bytes to read, nil if there are fewer.
func (c *Coder) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.data) {
		c.Fail("%w", errShort)
		return nil
	}
	out := c.data[:n]
	c.data = c.data[n:]
	return out
}

// Uint codes a whole number, small ones in few bytes.
func (c *Coder) Uint(v *uint64) {
	if !c.reading {
		c.data = binary.AppendUvarint(c.data, *v)
		return
	}
	*v = 0
	if c.err != nil {
		return
	}
	x, n := binary.Uvarint(c.data)
	if n <= 0 {
		c.Fail("%w", errShort)
		return
	}
	*v, c.data = x, c.data[n:]
}

// Int codes a whole number that may be negative.
func (c *Coder) Int(v *int64) {
	x := uint64(*v<<1) ^ uint64(*v>>63)
	c.Uint(&x)
	*v = int64(x>>1) ^ -int64(x&1)
}

// mostCount is more than a count can be, and so little that two of them add up.
const mostCount = 1 << 60

// Count codes a count, which is not negative.
func (c *Coder) Count(v *int64) {
	x := uint64(*v)
	if c.Uint(&x); c.reading && x > mostCount {
		c.Fail("a count of %d", x)
		x = 0
	}
	*v = int64(x)
}

// Within codes a whole number from low to high.
func Within[T int | int16 | uint16 | int32 | uint32 | int64](c *Coder, v *T, low, high T) {
	x := int64(*v)
	if c.Int(&x); c.reading && (x < int64(low) || x > int64(high)) {
		c.Fail("%d is not within %d and %d", x, low, high)
		x = int64(low)
	}
	*v = T(x)
}

// Hash codes 64 bits that may be any.
func (c *Coder) Hash(v *uint64) {
	if !c.reading {
		c.data = binary.LittleEndian.AppendUint64(c.data, *v)
		return
	}
	*v = 0
	if b := c.take(8); b != nil {
		*v = binary.LittleEndian.Uint64(b)
	}
}

// Float codes a number, which is finite.
func (c *Coder) Float(v *float64) {
	x := math.Float64bits(*v)
	c.Hash(&x)
	if *v = math.Float64frombits(x); c.reading && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
		c.Fail("%v is not a number", *v)
		*v = 0
	}
}

// Bool codes a truth value.
func (c *Coder) Bool(v *bool) {
	x := uint64(0)
	if *v {
		x = 1
	}
	if c.Uint(&x); x > 1 {
		c.Fail("%d is not a truth value", x)
	}
	*v = x == 1
}

// Text codes a text.
func (c *Coder) Text(v *string) {
	n := c.Len(len(*v), math.MaxInt)
	if !c.reading {
		c.data = append(c.data, *v...)
		return
	}
	*v = string(c.take(n))
}

// Len codes the length of a list, at most a number of items of at least one byte each,
// and returns it.
func (c *Coder) Len(n, most int) int {
	x := uint64(n)
	if c.Uint(&x); c.reading && (x > uint64(most) || x > uint64(len(c.data))) {
		c.Fail("a list of %d, of which there can be %d", x, min(most, len(c.data)))
		return 0
	}
	return int(x)
}

// Same fails unless what is read is what would be written.
func (c *Coder) Same(v, what string) {
	x := v
	if c.Text(&x); x != v {
		c.Fail("it is of another %s", what)
	}
}

// Slice codes a slice of at most so many items, each with at least one byte.
func Slice[T any](c *Coder, s *[]T, most int, item func(*T)) {
	n := c.Len(len(*s), most)
	if c.reading {
		*s = nil
	}
	for i := range n {
		if c.err != nil {
			return
		}
		if c.reading {
			var v T
			item(&v)
			*s = append(*s, v)
		} else {
			item(&(*s)[i])
		}
	}
}

// Optional codes a slice that is nil or has n items.
func Optional[T any](c *Coder, s *[]T, n int, items func([]T)) {
	has := *s != nil
	c.Bool(&has)
	switch {
	case !has || c.err != nil:
		if c.reading {
			*s = nil
		}
		return
	case c.reading:
		*s = make([]T, n)
	}
	items(*s)
}

// Sparse codes the items of a slice that are not zero. Its length is known.
func Sparse[T comparable](c *Coder, s []T, item func(*T)) {
	var zero T
	n := 0
	if !c.reading {
		for _, v := range s {
			if v != zero {
				n++
			}
		}
	}
	n = c.Len(n, len(s))
	if c.reading {
		for at := -1; n > 0 && c.err == nil; n-- {
			skipped := 0
			Within(c, &skipped, 0, len(s)-at-2)
			if c.err != nil {
				return
			}
			at += skipped + 1
			item(&s[at])
		}
		return
	}
	at := -1
	for i := range s {
		if s[i] != zero {
			skipped := i - at - 1
			Within(c, &skipped, 0, len(s))
			item(&s[i])
			at = i
		}
	}
}

// Counts codes counts of a known number.
func (c *Coder) Counts(s []int64) { Sparse(c, s, c.Count) }

// Map codes a map in the order of its keys.
func Map[K cmp.Ordered, V any](c *Coder, m *map[K]V, most int, key func(*K), value func(*V)) {
	n := c.Len(len(*m), most)
	if c.reading {
		*m = map[K]V{}
		for ; n > 0 && c.err == nil; n-- {
			var k K
			var v V
			key(&k)
			value(&v)
			(*m)[k] = v
		}
		return
	}
	for _, k := range slices.Sorted(maps.Keys(*m)) {
		v := (*m)[k]
		key(&k)
		value(&v)
	}
}
