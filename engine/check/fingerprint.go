package check

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/personagen/personagen/engine/frame"
)

// fingerprint is a 128-bit hash in the manner of MurmurHash3's 64-bit variant:
// fast, well mixed, not meant to withstand an attacker.
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

// printer makes the fingerprints of whole persons from their visible columns.
// Codes are packed several to a word, which is most of the speed.
type printer struct {
	packs   []pack
	numbers []int // columns of drawn numbers: the rest of a person is sampled without them
	others  []int
}

// pack is some axes whose codes (one more, so that -1 fits) go into one word.
type pack struct {
	axes []int
	size float64
}

func (p *printer) add(s *Suite, column int) {
	f := s.plan.Fields[column]
	a := s.axisOf[column]
	switch {
	case a >= 0:
		width := float64(s.axes[a].slots) + 1
		if n := len(p.packs); n == 0 || p.packs[n-1].size*width > 1<<62 {
			p.packs = append(p.packs, pack{size: 1})
		}
		last := &p.packs[len(p.packs)-1]
		last.axes, last.size = append(last.axes, a), last.size*width
	case f.Type == frame.Number:
		p.numbers = append(p.numbers, column)
	default:
		p.others = append(p.others, column)
	}
}

// columns lists what goes into a fingerprint; only its length matters.
func (p *printer) columns() []int {
	all := append(append([]int(nil), p.numbers...), p.others...)
	for _, pk := range p.packs {
		all = append(all, pk.axes...)
	}
	return all
}

// prints is the scratch of a tally.
type prints struct {
	words []uint64
	rest  []fingerprint // without the drawn numbers
	whole []fingerprint
}

// fill computes the fingerprints of a batch.
func (p *prints) fill(t *Tally, b *frame.Batch) {
	p.words, p.rest, p.whole = frame.Grow(p.words, b.N), frame.Grow(p.rest, b.N), frame.Grow(p.whole, b.N)
	clear(p.rest)
	for _, pk := range t.suite.person.packs {
		clear(p.words)
		for _, a := range pk.axes {
			width := uint64(t.suite.axes[a].slots) + 1
			for r, code := range t.codes[a] {
				p.words[r] = p.words[r]*width + uint64(code+1)
			}
		}
		for r, w := range p.words {
			p.rest[r].word(w)
		}
	}
	for _, column := range t.suite.person.others {
		for r := range p.rest {
			hashValue(&p.rest[r], b, column, r)
		}
	}
	copy(p.whole, p.rest)
	for _, column := range t.suite.person.numbers {
		for r := range p.whole {
			hashValue(&p.whole[r], b, column, r)
		}
	}
	for r := range p.whole {
		p.whole[r] = p.whole[r].finish()
	}
}

// hashValue adds one value that is not coded.
func hashValue(f *fingerprint, b *frame.Batch, column, r int) {
	c, t := &b.Columns[column], b.Schema[column].Type
	if c.IsNull(t, r) {
		f.word(math.MaxUint64)
		return
	}
	switch t {
	case frame.Category:
		f.word(uint64(c.Codes[r]))
	case frame.Integer:
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
	case frame.TextList:
		items := c.Texts[c.Offsets[r]:c.Offsets[r+1]]
		f.word(uint64(len(items)))
		for _, text := range items {
			f.text(text)
		}
	}
}

// addPersons remembers ids and whole persons.
func (t *Tally) addPersons(b *frame.Batch) {
	for i, column := range t.suite.ids {
		c, typ := &b.Columns[column], b.Schema[column].Type
		for r := range b.N {
			if c.IsNull(typ, r) {
				continue
			}
			var f fingerprint
			hashValue(&f, b, column, r)
			t.remember(t.ids[i], f.finish(), b.First+int64(r))
		}
	}
	if t.persons == nil {
		return
	}
	t.prints.fill(t, b)
	for r, f := range t.prints.whole {
		t.remember(t.persons, f, b.First+int64(r))
	}
}

// remember hands a fingerprint on; the first failure is kept for the result.
func (t *Tally) remember(d *distinct, f fingerprint, row int64) {
	if err := d.add(t.suite, f, row); err != nil && t.err == nil {
		t.err = err
	}
}
