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
	Name: "id",
	Uses: func(*spec.Field) []spec.String { return nil },
	Compile: func(c *Compiler, s *spec.Field, f *Field) {
		f.Class, f.Type = Derived, frame.Text
		f.Nullable = s.When != nil
		f.Program = &id{}
	},
	New: func() Program { return &id{} },
}

// id writes a UUID of version 8 (RFC 9562, section 5.8): a keyed permutation
// of the person's number over the 122 bits that the format leaves free. Ids
// are unique because it is a permutation.
type id struct{}

const (
	idRounds = 8
	half     = 61 // bits in each half of the permutation
	halfMask = 1<<half - 1
	idLen    = 36
)

// idKey holds the keys of the rounds of a Feistel network (Luby and Rackoff,
// "How to construct pseudorandom permutations", SIAM J. Comput. 17, 1988).
type idKey [idRounds]uint64

// newIDKey derives the keys from what an id may depend on: the structural part
// of the plan, the seed and the size.
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

func (k *idKey) round(i int, x uint64) uint64 { return rng.Mix(rng.Mix(x^k[i])+k[i]) & halfMask }

// forward permutes pairs of 61-bit words.
func (k *idKey) forward(l, r uint64) (uint64, uint64) {
	for i := range k {
		l, r = r, l^k.round(i, r)
	}
	return l, r
}

// backward undoes forward.
func (k *idKey) backward(l, r uint64) (uint64, uint64) {
	for i := idRounds - 1; i >= 0; i-- {
		l, r = r^k.round(i, l), l
	}
	return l, r
}

// uuid lays the halves around the version (4 bits at bit 48) and the variant
// (2 bits at bit 64): 48 and 12 bits, one bit and the other 61.
func uuid(l, r uint64) (high, low uint64) {
	high = l>>13<<16 | 8<<12 | l>>1&0xfff
	low = 0b10<<62 | l&1<<61 | r
	return high, low
}

// free takes a UUID apart; ok is false for another version or variant.
func free(high, low uint64) (l, r uint64, ok bool) {
	return high>>16<<13 | high&0xfff<<1 | low>>61&1, low & halfMask, high>>12&0xf == 8 && low>>62 == 0b10
}

func (*id) Bind(env *Env) Filler { return &idFiller{newIDKey(env)} }

type idFiller struct{ key idKey }

func (p *idFiller) Fill(b *frame.Batch, c *frame.Column) {
	// All texts of a batch lie in one string.
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

func writeUUID(text *[idLen]byte, key idKey, person int64) {
	var bytes [16]byte
	high, low := uuid(key.forward(0, uint64(person)))
	binary.BigEndian.PutUint64(bytes[:], high)
	binary.BigEndian.PutUint64(bytes[8:], low)
	at := 0
	for i, n := range []int{4, 2, 2, 2, 6} {
		if i > 0 {
			text[at] = '-'
			at++
		}
		from := (at - i) / 2
		hex.Encode(text[at:], bytes[from:from+n])
		at += 2 * n
	}
}

// DecodeID returns the number of the person whose id this is under the given
// structure, seed and size; ok is false when it is nobody's. Different persons
// have different ids, so decoding every id of a file and comparing with the row
// number proves them unique without remembering any.
func DecodeID(env *Env, uuid string) (person int64, ok bool) {
	return NewIDDecoder(env).Decode(uuid)
}

// IDDecoder decodes many ids of one run.
type IDDecoder struct {
	key  idKey
	size int64
}

// NewIDDecoder readies a decoder; of env it reads Structure, Seed and Size.
func NewIDDecoder(env *Env) *IDDecoder { return &IDDecoder{newIDKey(env), env.Size} }

// Decode is DecodeID for the decoder's run.
func (d *IDDecoder) Decode(uuid string) (person int64, ok bool) {
	high, low, ok := parseUUID(uuid)
	if !ok {
		return 0, false
	}
	l, r, ok := free(high, low)
	if !ok {
		return 0, false
	}
	l, r = d.key.backward(l, r)
	if l != 0 || d.size > 0 && int64(r) >= d.size {
		return 0, false
	}
	return int64(r), true
}

// parseUUID reads the lower-case form of 36 characters and no other.
func parseUUID(text string) (high, low uint64, ok bool) {
	if len(text) != idLen {
		return 0, 0, false
	}
	digits := make([]byte, 0, 32)
	for i := range len(text) {
		switch c := text[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return 0, 0, false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f':
			digits = append(digits, c)
		default:
			return 0, 0, false
		}
	}
	var bytes [16]byte
	if _, err := hex.Decode(bytes[:], digits); err != nil {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(bytes[:]), binary.BigEndian.Uint64(bytes[8:]), true
}
