package rules

import (
	"math/bits"
	"slices"

	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// phrase is words that a rule forbids: to everyone it concerns or, with by, to
// those whose value of a field they contradict.
type phrase struct {
	rule   int
	hashes []uint64 // of its words
	text   string   // "" with a template
	by     *byValue
	// With by, the words tell the value of a code or, with a template, are
	// followed by those of a value.
	code     int
	template *template
}

// phraseIndex finds the phrases of all rules that begin at a word. They are kept
// under the hash of their first word or, if they have more, of the first two:
// the time a search takes depends on how many phrases begin with words that
// texts have.
type phraseIndex struct {
	phrases map[uint64][]phrase
	filter  bloom // of the keys
	firsts  bloom // of the first words: most words of a text begin no phrase
}

// bloom is a Bloom filter with one hash.
type bloom [1 << 10]uint64

func (b *bloom) add(hash uint64) { b[hash>>6&1023] |= 1 << (hash & 63) }

// mayHave reports whether a hash may have been added.
func (b *bloom) mayHave(hash uint64) bool { return b[hash>>6&1023]>>(hash&63)&1 != 0 }

func newPhraseIndex() *phraseIndex { return &phraseIndex{phrases: map[uint64][]phrase{}} }

// add adds a phrase of at least one word.
func (x *phraseIndex) add(p phrase) {
	first := p.hashes[0]
	x.firsts.add(first)
	switch {
	case len(p.hashes) > 1:
		x.addUnder(keyOf(first, p.hashes[1]), p)
	case p.template != nil:
		for second := range p.template.by.first {
			x.addUnder(keyOf(first, second), p)
		}
	default:
		x.addUnder(first, p)
	}
}

// addByValue adds the phrases of a rule about a field's values: one for each
// template that begins with words, else one for each value phrase.
func (x *phraseIndex) addByValue(rule int, b *byValue) {
	for _, t := range b.templates {
		if len(t.before) > 0 {
			x.add(phrase{rule: rule, hashes: t.before, by: b, template: t})
			continue
		}
		for code, values := range b.words {
			for _, v := range values {
				x.add(phrase{rule: rule, hashes: slices.Concat(v.hashes, t.after), text: v.text, by: b, code: code})
			}
		}
	}
}

func (x *phraseIndex) addUnder(key uint64, p phrase) {
	x.phrases[key] = append(x.phrases[key], p)
	x.filter.add(key)
}

// under returns the phrases with a key.
func (x *phraseIndex) under(key uint64) []phrase {
	if !x.filter.mayHave(key) {
		return nil
	}
	return x.phrases[key]
}

// keyOf returns the key of phrases that begin with two words.
func keyOf(first, second uint64) uint64 { return rng.Mix(first + bits.RotateLeft64(second, 32)) }

// matches reports whether the phrase begins at word i, and is not negated or
// out of place.
func (p *phrase) matches(words []tokenize.Word, i int) bool {
	if !follows(p.hashes[1:], words[i+1:]) {
		return false
	}
	return p.by == nil || !(p.by.opening && i > 0) && !p.by.negated(words, i)
}

// contradiction returns what the phrase, which matches at word i, says about a
// person whose value has the code own, and the number of its words; "" if it
// does not contradict that value.
func (p *phrase) contradiction(words []tokenize.Word, i, own int) (text string, n int) {
	n = len(p.hashes)
	if p.template != nil {
		text, more := p.template.contradiction(words[i+n:], own)
		return text, n + more
	}
	if !p.by.contradicts(p.code, own, p.hashes) {
		return "", 0
	}
	return p.text, n
}
