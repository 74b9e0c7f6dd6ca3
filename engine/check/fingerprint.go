package check

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/personagen/personagen/engine/frame"
)

// fingerprint is a 128-bit hash like the 64-bit variant of MurmurHash3: fast and
// well mixed, but not safe against an attacker.
type fingerprint struct{ a, b uint64 }

const (
	multA = 0x87c37b91114253d5
	multB = 0x4cf5ad432745937f
)

func (f *fingerprint) word(v uint64) {
	a, b := f.a^bits.RotateLeft64(v*multA, 31)*multB, f.b^bits.RotateLeft64(v*multB, 33)*multA
	a = (bits.RotateLeft64(a, 27)+b)*5 + 0x52dce729
	b = (bits.RotateLeft64(b, 31)+a)*5 + 0x38495ab5
	f.a, f.b = a, b
}

func (f *fingerprint) text(s string) {
	f.word(uint64(len(s)))
	for len(s) >= 8 {
		f.word(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
		s = s[8:]
	}
	if s != "" {
		var last [8]byte
		copy(last[:], s)
		f.word(binary.LittleEndian.Uint64(last[:]))
	}
}

// finish spreads every bit over both words.
func (f fingerprint) finish() fingerprint {
	a, b := f.a+f.b, f.b
	b += a
	a, b = spread(a), spread(b)
	a += b
	return fingerprint{a, b + a}
}

func spread(k uint64) uint64 {
	k = (k ^ k>>33) * 0xff51afd7ed558ccd
	k = (k ^ k>>33) * 0xc4ceb9fe1a85ec53
	return k ^ k>>33
}

// value adds the value of a row.
func (f *fingerprint) value(b *frame.Batch, column, r int) {
	f.cell(&b.Schema[column], &b.Columns[column], r)
}

// cell adds the value in row r of a column.
func (f *fingerprint) cell(of *frame.Field, c *frame.Column, r int) {
	t := of.Type
	if c.IsNull(t, r) {
		f.word(math.MaxUint64)
		return
	}
	switch t {
	case frame.Category:
		f.word(uint64(c.Codes[r]))
	case frame.Integer, frame.Date:
		f.word(uint64(c.Ints[r]))
	case frame.Number:
		f.word(math.Float64bits(c.Floats[r]))
	case frame.Text:
		f.text(c.Texts[r])
	case frame.CategoryList:
		items := c.Codes[c.Offsets[r]:c.Offsets[r+1]]
		f.word(uint64(len(items)))
		for _, code := range items {
			f.word(uint64(code))
		}
	case frame.Records:
		f.word(uint64(c.Offsets[r+1] - c.Offsets[r]))
		for k := c.Offsets[r]; k < c.Offsets[r+1]; k++ {
			for i := range c.Records {
				f.cell(&of.Records[i], &c.Records[i], int(k))
			}
		}
	case frame.TextList:
		items := c.Texts[c.Offsets[r]:c.Offsets[r+1]]
		f.word(uint64(len(items)))
		for _, text := range items {
			f.text(text)
		}
	}
}
