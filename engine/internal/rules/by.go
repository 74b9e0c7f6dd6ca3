package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// byValue is a plan.ByValue, compiled: phrases that state the value of a field,
// which must be the person's.
type byValue struct {
	column    int
	low       int64                     // smallest value of an integer field
	words     [][]valuePhrase           // per value
	first     map[uint64][]*valuePhrase // by the hash of the first word
	templates []*template
	unless    []uint64 // hashes of words that negate what follows
	opening   bool     // only at the beginning of a text
}

// valuePhrase is a word or phrase that means a value.
type valuePhrase struct {
	code   int
	hashes []uint64 // of its words
	text   string
}

// template is the words before and after a value phrase.
type template struct {
	by            *byValue
	before, after []uint64
}

// newByValue compiles a rule about the field in a column, whose values are those
// of the domain.
func newByValue(r *plan.ByValue, column int, domain *kind.Domain) (*byValue, error) {
	b := &byValue{column: column, low: domain.Min, words: make([][]valuePhrase, domain.Size()), first: map[uint64][]*valuePhrase{}, opening: r.Opening}
	for _, word := range r.Unless {
		b.unless = append(b.unless, tokenize.Hashes(word)...)
	}
	for code := range b.words {
		var texts []string
		if r.Words == nil {
			texts = []string{domain.Label(code)}
		} else if code < len(r.Words) {
			texts = r.Words[code]
		}
		for _, text := range texts {
			hashes := tokenize.Hashes(text)
			if len(hashes) == 0 {
				return nil, fmt.Errorf("%q, a value of %q, has no word in it; give words for this value", text, r.Field)
			}
			b.words[code] = append(b.words[code], valuePhrase{code, hashes, text})
		}
		for i := range b.words[code] {
			v := &b.words[code][i]
			b.first[v.hashes[0]] = append(b.first[v.hashes[0]], v)
		}
	}
	texts := r.Said
	if texts == nil {
		texts = []string{"{}"}
	}
	for _, text := range texts {
		before, after, ok := strings.Cut(text, "{}")
		if !ok {
			return nil, fmt.Errorf("%q has no {}; write {} where the value is", text)
		}
		b.templates = append(b.templates, &template{b, tokenize.Hashes(before), tokenize.Hashes(after)})
	}
	return b, nil
}

// codeOf returns the code of a person's value, -1 if the person has none or it
// is not in the domain.
func (b *byValue) codeOf(batch *frame.Batch, row int) int {
	col, f := &batch.Columns[b.column], &batch.Schema[b.column]
	switch {
	case col.IsNull(f.Type, row):
		return -1
	case f.Type == frame.Integer:
		return int(min(max(col.Ints[row]-b.low, -1), int64(len(b.words))))
	}
	return int(col.Codes[row])
}

// contradicts reports whether words that state the value code contradict the
// person's value own. They do not where a phrase for own begins with them, or
// they begin with it.
func (b *byValue) contradicts(code, own int, words []uint64) bool {
	if own < 0 || own >= len(b.words) || code == own {
		return false
	}
	return !slices.ContainsFunc(b.words[own], func(v valuePhrase) bool {
		n := min(len(v.hashes), len(words))
		return slices.Equal(v.hashes[:n], words[:n])
	})
}

// negated reports whether the word before position i negates what follows.
func (b *byValue) negated(words []tokenize.Word, i int) bool {
	return i > 0 && words[i].Joined && slices.Contains(b.unless, words[i-1].Hash)
}

// contradiction returns the value phrase that the words begin with, if it
// contradicts the person's value, and the number of words up to the template's
// end; "" if there is none.
func (t *template) contradiction(words []tokenize.Word, own int) (text string, n int) {
	if len(words) == 0 || !words[0].Joined {
		return "", 0
	}
	for _, v := range t.by.first[words[0].Hash] {
		n := len(v.hashes)
		if follows(v.hashes[1:], words[1:]) && follows(t.after, words[n:]) && t.by.contradicts(v.code, own, v.hashes) {
			return v.text, n + len(t.after)
		}
	}
	return "", 0
}

// follows reports whether words with some hashes come next, in the same phrase.
func follows(hashes []uint64, words []tokenize.Word) bool {
	if len(words) < len(hashes) {
		return false
	}
	for i, hash := range hashes {
		if words[i].Hash != hash || !words[i].Joined {
			return false
		}
	}
	return true
}
