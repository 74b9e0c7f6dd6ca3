package kind

import (
	"math"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/spec"
)

// Judgement is what a model says about a complete person: a score, whose scale is the
// field's Domain, or the reason for the scores of the same call.
type Judgement struct {
	Call   string  `json:"call"`             // the call that gives it
	Sample *Sample `json:"sample,omitempty"` // the persons who are judged; nil for everyone
	Chars  *Length `json:"chars,omitempty"`  // of a reason, in characters; nil for a score
}

// Sample says how many persons of a population a call is made for: the larger of a share
// and a number, both 0 where they are not given.
type Sample struct {
	Of      string  `json:"of"` // the call of the spec
	Share   float64 `json:"share,omitempty"`
	AtLeast int64   `json:"at_least,omitempty"`
}

// Size returns how many of so many persons are in the sample.
func (s *Sample) Size(size int64) int64 {
	if s == nil {
		return size
	}
	return min(size, max(s.AtLeast, int64(math.Ceil(s.Share*float64(size)-1e-9))))
}

// Persons returns who is in the sample of a population of so many persons; everyone for a
// nil sample. A keyed permutation gives every person a rank, and the first ranks are the
// sample: it depends on the seed, the size and the name of the call alone.
func (s *Sample) Persons(seed uint64, size int64) Sampled {
	n := s.Size(size)
	if n >= size {
		return Sampled{persons: math.MaxInt64}
	}
	return Sampled{n, rng.NewPermutation(size, rng.New(seed, "judged/"+s.Of).Key())}
}

// Sampled tells who is in a sample of a population. It is safe for concurrent use.
type Sampled struct {
	persons int64
	perm    rng.Permutation
}

// Has reports whether a person is in the sample.
func (x *Sampled) Has(person int64) bool {
	return x.persons == math.MaxInt64 || x.perm.At(person) < x.persons
}

var scoreKind = Kind{Name: "score", Uses: usesNothing, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Judged, frame.Integer, true
	f.Judged = &Judgement{Call: s.Body.Get("call").String}
	low, high := s.Body.Get("lowest"), s.Body.Get("highest")
	if high.Number <= low.Number {
		c.Diags.Errorf(high.Place, "scale", "highest is %g and lowest is %g", high.Number, low.Number).WithHint("a scale has at least two scores: write a highest above lowest")
		high = low
	}
	f.Domain = &Domain{Integer: true, Min: int64(low.Number), Max: int64(high.Number)}
}}

var reasonKind = Kind{Name: "reason", Uses: usesNothing, Compile: func(c *Compiler, s *spec.Field, f *Field) {
	f.Class, f.Type, f.Nullable = Judged, frame.Text, true
	chars := c.readLength(s.Body.Get("chars"))
	f.Judged = &Judgement{Call: s.Body.Get("call").String, Chars: &chars}
}}

func usesNothing(*spec.Field) []spec.String { return nil }

// Scale reports whether the values are scores.
func (f *Field) Scale() bool { return f.Judged != nil && f.Judged.Chars == nil }

// Chars returns how long a text, an item of a list of texts or a reason may be; nil for
// other fields.
func (f *Field) Chars() *Length {
	switch {
	case f.Text != nil:
		return &f.Text.Chars
	case f.Judged != nil:
		return f.Judged.Chars
	}
	return nil
}
