package similarity

import (
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/wire"
)

// Signature is a MinHash signature of a text (Broder, "On the resemblance and
// containment of documents", 1997) and a hash of how the text opens. The share
// of bins in which two signatures agree estimates the Jaccard similarity of the
// texts' shingles.
type Signature struct {
	Used    bool // the text has a word
	opening uint64
	minima  [bins]uint16
}

const (
	bins         = 128
	shingleWords = 5
	// OpeningWords is the number of words that a text opens with.
	OpeningWords = 8
)

// Shingles are hashed as polynomials; oldest is the power of the first word of a
// shingle.
const (
	base   = 0x9e3779b97f4a7c15
	oldest = base * base % (1 << 64) * base % (1 << 64) * base % (1 << 64)
)

// NewSignature returns the signature of a masked text. A single hash function
// assigns each shingle to one of 128 bins, which keeps its minimum (Li, Owen and
// Zhang, "One permutation hashing", NIPS 2012). Empty bins copy others
// (Shrivastava, "Optimal densification for fast and accurate minwise hashing",
// ICML 2017). Of each minimum 16 bits are kept (Li and König, "b-bit minwise
// hashing", WWW 2010). A text with fewer words than a shingle has one shingle.
func NewSignature(words []uint64) Signature {
	s := Signature{Used: true}
	var least [bins]uint64
	for bin := range least {
		least[bin] = emptyBin
	}
	var a, b, c, d, e uint64 // the words of the shingle
	n, shingle, wasMasked := 0, uint64(0), false
	for _, w := range words {
		masked := w&Masked != 0
		if masked {
			if wasMasked {
				continue // consecutive masked words count as one
			}
			w = Masked
		}
		wasMasked = masked
		a, b, c, d, e = b, c, d, e, rng.Mix(w)
		shingle = shingle*base + e
		if n++; n < shingleWords {
			continue
		}
		bin, value := binOf(shingle)
		least[bin] = min(least[bin], value)
		shingle -= a * oldest
	}
	if n < shingleWords {
		bin, value := binOf(shingle)
		least[bin] = value
	}
	s.opening, _ = Opening(words)
	for bin, value := range least {
		for attempt := 0; value == emptyBin; attempt++ {
			value = least[donor(bin, attempt)]
		}
		s.minima[bin] = uint16(value)
	}
	return s
}

// donor returns the bin that an empty bin copies in an attempt.
func donor(bin, attempt int) uint8 {
	if attempt < len(donors[bin]) {
		return donors[bin][attempt]
	}
	return drawDonor(bin, attempt)
}

func drawDonor(bin, attempt int) uint8 {
	return uint8(rng.Mix(uint64(bin)<<32|uint64(attempt)) >> 57)
}

// donors are the bins of the first attempts: short texts leave most bins empty.
var donors = func() (t [bins][32]uint8) {
	for bin := range t {
		for attempt := range t[bin] {
			t[bin][attempt] = drawDonor(bin, attempt)
		}
	}
	return t
}()

// emptyBin is the minimum of a bin without shingles: more than any value.
const emptyBin = math.MaxUint64

// binOf returns the bin of a shingle, and its value there.
func binOf(shingle uint64) (bin, value uint64) {
	h := rng.Mix(shingle)
	return h >> 57, h << 7 >> 7
}

// Opening returns a hash of how a masked text opens, and the number of words in
// it: the first OpeningWords words, where consecutive masked words count as
// one, or all words of a shorter text.
func Opening(words []uint64) (hash uint64, n int) {
	last := uint64(0)
	for _, w := range words {
		if w&Masked != 0 {
			w = Masked
		}
		if w == Masked && last == Masked {
			continue
		}
		hash, last = rng.Mix(hash+w), w
		if n++; n == OpeningWords {
			break
		}
	}
	return hash, n
}

// agreement returns the number of bins in which two signatures agree.
func (s *Signature) agreement(o *Signature) int {
	n := 0
	for i, v := range s.minima {
		if v == o.minima[i] {
			n++
		}
	}
	return n
}

// bandHash returns a hash of the minima in a band.
func (s *Signature) bandHash(band int) uint64 {
	h, four := uint64(band), uint64(0)
	for i, v := range s.minima[band*bandRows : (band+1)*bandRows] {
		if four = four<<16 | uint64(v); i%4 == 3 {
			h, four = rng.Mix(h+four), 0
		}
	}
	return rng.Mix(h + four)
}

// Code codes the signature.
func (s *Signature) Code(c *wire.Coder) {
	if c.Bool(&s.Used); !s.Used {
		return
	}
	c.Hash(&s.opening)
	for i := range s.minima {
		wire.Within(c, &s.minima[i], 0, math.MaxUint16)
	}
}
