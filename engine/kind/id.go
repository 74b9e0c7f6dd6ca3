package kind

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

var idKind = Kind{
	Name: "id", Meaning: Identifier, Format: "uuid",
	Uses: func(*spec.Field) []spec.String { return nil },
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Derived, frame.Text
		f.Nullable = s.When != nil
		f.Program = &id{}
	},
	New: func() Program { return &id{} },
}

// id writes a UUID of version 8 (RFC 9562, section 5.8): the image of the
// person's number under a keyed permutation of the 122 bits that the format
// leaves to the application. Ids are unique because it is a permutation.
type id struct{}

const (
	idRounds   = 8
	idHalfBits = 61 // bits in each half of the permutation's block
	idHalfMask = 1<<idHalfBits - 1
	idLen      = 36
)

// idKey holds the keys of the rounds of a Feistel network (Luby and Rackoff,
// "How to construct pseudorandom permutations", SIAM J. Comput. 17, 1988).
type idKey [idRounds]uint64

// newIDKey derives the round keys from all that an id may depend on: the
// structure hash, the seed and the size of the population.
func newIDKey(env *Env) idKey {
	var k idKey
	for i := range k {
		var block [64]byte
		copy(block[:], "personagen")
		copy(block[16:], env.Structure[:])
		binary.LittleEndian.PutUint64(block[48:], env.Seed)
		binary.LittleEndian.PutUint64(block[56:], uint64(env.Size))
		block[15] = byte(i)
		sum := sha256.Sum256(block[:])
		k[i] = binary.LittleEndian.Uint64(sum[:])
	}
	return k
}

func (k *idKey) round(i int, x uint64) uint64 { return rng.Mix(rng.Mix(x^k[i])+k[i]) & idHalfMask }

// forward applies the network to a block of two 61-bit halves.
func (k *idKey) forward(l, r uint64) (uint64, uint64) {
	for i := range k {
		l, r = r, l^k.round(i, r)
	}
	return l, r
}

// uuid places the 122 bits of the halves around the version (4 bits, from bit
// 48) and the variant (2 bits, from bit 64): 48, 12 and 1 bits of l, then r.
func uuid(l, r uint64) (high, low uint64) {
	high = l>>13<<16 | 8<<12 | l>>1&0xfff
	low = 0b10<<62 | l&1<<61 | r
	return high, low
}

func (*id) Bind(env *Env) Filler { return &idFiller{newIDKey(env)} }

type idFiller struct{ key idKey }

func (p *idFiller) Fill(b *frame.Batch, c *frame.Column) {
	// All ids of a batch share one string: one allocation.
	var all strings.Builder
	all.Grow(idLen * b.N)
	for r := range b.N {
		var text [idLen]byte
		writeUUID(&text, p.key, b.First+int64(r))
		all.Write(text[:])
	}
	for r := range b.N {
		c.Texts[r] = all.String()[r*idLen : (r+1)*idLen]
	}
}

// writeUUID writes a person's id in the 36-character form of RFC 9562.
func writeUUID(text *[idLen]byte, key idKey, person int64) {
	var bytes [16]byte
	high, low := uuid(key.forward(0, uint64(person)))
	binary.BigEndian.PutUint64(bytes[:], high)
	binary.BigEndian.PutUint64(bytes[8:], low)
	pos := 0
	for i, n := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			text[pos] = '-'
			pos++
		}
		from := (pos - i) / 2
		hex.Encode(text[pos:], bytes[from:from+n])
		pos += 2 * n
	}
}
