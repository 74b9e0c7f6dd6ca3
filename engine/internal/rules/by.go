package rules

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/plan"
)

// byValue is a rule about what tells the values of a field.
type byValue struct {
	column  int
	low     int64             // smallest value of an integer field
	words   [][][]uint64      // per value, its words and phrases
	shown   [][]string        // the same, as written
	first   map[uint64][]told // by their first word
	unless  []uint64
	opening bool
}

// told is a word or phrase of a value: the hashes after the first.
type told struct {
	code int
	rest []uint64
	text string
}

// saying is what stands before the words of a value, a phrase of its own, and
// what stands after them.
type saying struct {
	by    *byValue
	after []uint64
}

// hashesOf takes a phrase apart.
func hashesOf(text string) []uint64 {
	var scan Scan
	scan.Read(text)
	var out []uint64
	for _, w := range scan.Words {
		out = append(out, w.Hash)
	}
	return out
}

// addPhrase adds a phrase by its first words: how long it takes to find phrases
// depends on how many begin with the words of a text.
func (s *Set) addPhrase(first uint64, p phrase) {
	switch {
	case len(p.rest) > 0:
		s.addUnder(pairOf(first, p.rest[0]), p)
	case p.said != nil:
		for word := range p.said.by.first {
			s.addUnder(pairOf(first, word), p)
		}
	default:
		s.addUnder(first, p)
	}
}

func (s *Set) addUnder(key uint64, p phrase) {
	s.first[key] = append(s.first[key], p)
	s.filter[key>>6&1023] |= 1 << (key & 63)
}

// pairOf is a key of two words, as good as a hash.
func pairOf(first, second uint64) uint64 { return rng.Mix(first + bits.RotateLeft64(second, 32)) }

// under returns the phrases that have been added under a key.
func (s *Set) under(key uint64) []phrase {
	if s.filter[key>>6&1023]>>(key&63)&1 == 0 {
		return nil
	}
	return s.first[key]
}

// addBy adds the phrases of a rule about a field's values.
func (s *Set) addBy(r *plan.ByValue) (*byValue, error) {
	b := &byValue{column: s.column(r.Field), first: map[uint64][]told{}, opening: r.Opening}
	if b.column < 0 {
		return nil, fmt.Errorf("no field is called %q", r.Field)
	}
	domain := s.env.Fields[b.column].Domain
	if domain == nil {
		return nil, fmt.Errorf("field %q has no list of values", r.Field)
	}
	b.low = domain.Min
	for _, word := range r.Unless {
		b.unless = append(b.unless, hashesOf(word)...)
	}
	b.words, b.shown = make([][][]uint64, domain.Size()), make([][]string, domain.Size())
	for code := range domain.Size() {
		if r.Words == nil {
			b.shown[code] = []string{domain.Label(code)}
		} else if code < len(r.Words) {
			b.shown[code] = r.Words[code]
		}
		for _, text := range b.shown[code] {
			words := hashesOf(text)
			if len(words) == 0 {
				return nil, fmt.Errorf("%q, which tells a value of %q, has no word in it", text, r.Field)
			}
			b.words[code] = append(b.words[code], words)
			b.first[words[0]] = append(b.first[words[0]], told{code, words[1:], text})
		}
	}
	said := r.Said
	if said == nil {
		said = []string{"{}"}
	}
	for _, text := range said {
		before, after, ok := strings.Cut(text, "{}")
		if !ok {
			return nil, fmt.Errorf("%q has no {} for the words", text)
		}
		s.addSaying(b, hashesOf(before), hashesOf(after))
	}
	return b, nil
}

// addSaying adds what is said before and after the words of a value: one phrase
// where something stands before them, else one for each value.
func (s *Set) addSaying(b *byValue, before, after []uint64) {
	if len(before) > 0 {
		s.addPhrase(before[0], phrase{rule: len(s.rules), rest: before[1:], code: anyone, said: &saying{b, after}})
		return
	}
	for code, list := range b.words {
		for k, words := range list {
			s.addPhrase(words[0], phrase{rule: len(s.rules), rest: slices.Concat(words[1:], after), text: b.shown[code][k], code: code, said: nil})
		}
	}
}

// codeOf is the code of a person's value, -1 when there is none.
func (c *Checker) codeOf(b *byValue, row int) int {
	col, f := &c.batch.Columns[b.column], &c.batch.Schema[b.column]
	switch {
	case col.IsNull(f.Type, row):
		return -1
	case f.Type == frame.Integer:
		return int(min(max(col.Ints[row]-b.low, -1), int64(len(b.words))))
	}
	return int(col.Codes[row])
}

// contradicts reports whether words that tell one value contradict another: not
// where some of the other's begin with them, or the other way round.
func (b *byValue) contradicts(code, own int, text []uint64) bool {
	if own < 0 || own >= len(b.words) || code == own {
		return false
	}
	return !slices.ContainsFunc(b.words[own], func(words []uint64) bool {
		n := min(len(words), len(text))
		return slices.Equal(words[:n], text[:n])
	})
}

// turned reports whether a word before position i turns what follows round.
func (b *byValue) turned(words []Word, i int) bool {
	return i > 0 && words[i].Joined && slices.Contains(b.unless, words[i-1].Hash)
}

// told returns the first word or phrase of a value that comes next and is
// accepted, nil when there is none.
func (s *saying) told(words []Word, accept func(*told) bool) *told {
	if len(words) == 0 || !words[0].Joined {
		return nil
	}
	list := s.by.first[words[0].Hash]
	for i := range list {
		t := &list[i]
		if follows(t.rest, words[1:]) && follows(s.after, words[1+len(t.rest):]) && accept(t) {
			return t
		}
	}
	return nil
}

// follow returns the word or phrase of a value that begins at the words and is
// not the person's, and how many words it has; "" when there is none.
func (s *saying) follow(words []Word, own int) (text string, n int) {
	t := s.told(words, func(t *told) bool {
		return s.by.contradicts(t.code, own, append([]uint64{words[0].Hash}, t.rest...))
	})
	if t == nil {
		return "", 0
	}
	return t.text, 1 + len(t.rest) + len(s.after)
}
