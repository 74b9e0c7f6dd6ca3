package rules

import (
	"fmt"
	"unicode"

	"github.com/personagen/personagen/engine/plan"
)

// language is a plan.Language, compiled.
type language struct {
	*plan.Language
	home  [tabled / 64]uint64 // letters of its own, beside a to z
	far   map[rune]bool       // those beyond the table
	words [wordSlots]uint64   // hashes of its small words, by open addressing
	known int
	salt  uint64 // tells pieces of this language from those of others
}

// wordSlots is the size of the table of a language's small words, of which it
// takes half as many.
const wordSlots = 1 << 10

func newLanguage(p *plan.Language) *language {
	l := &language{Language: p, far: map[rune]bool{}}
	for _, r := range p.Letters {
		for _, r := range []rune{r, unicode.ToLower(r)} {
			if r < tabled {
				l.home[r>>6] |= 1 << (r & 63)
			} else {
				l.far[r] = true
			}
		}
	}
	for _, word := range p.Words {
		for _, hash := range hashesOf(word) {
			if l.known < wordSlots/2 && !l.common(hash) {
				at := hash % wordSlots
				for l.words[at] != 0 {
					at = (at + 1) % wordSlots
				}
				l.words[at] = hash
				l.known++
			}
		}
	}
	return l
}

// has reports whether a letter in lower case is one of the language's own.
func (l *language) has(r rune) bool {
	if r < tabled {
		return l.home[r>>6]>>(r&63)&1 != 0
	}
	return l.far[r]
}

// common reports whether a word is one of the small ones.
func (l *language) common(hash uint64) bool {
	for at := hash % wordSlots; l.words[at] != 0; at = (at + 1) % wordSlots {
		if l.words[at] == hash {
			return true
		}
	}
	return false
}

// smallIn counts the words that are small ones.
func (l *language) smallIn(words []Word) int {
	n := 0
	for i := range words {
		if l.common(words[i].Hash) {
			n++
		}
	}
	return n
}

// judge says what is wrong with the language of a text, "" for nothing.
func (l *language) judge(c *counts) string {
	foreign, chars := float64(c.foreign), float64(c.chars)
	switch {
	case int(c.words) < l.Least/3:
		return ""
	case foreign > l.Foreign*chars:
		return fmt.Sprintf("%.0f %% of its characters are letters of another alphabet than that of %q", 100*foreign/chars, l.Name)
	case int(c.words) < l.Least:
		return ""
	case float64(c.home) < l.Accented*chars:
		return fmt.Sprintf("%.1f %% of its characters are among %s, where %q has %g %% at least: it is written without diacritics, or in another language", 100*float64(c.home)/chars, l.Letters, l.Name, 100*l.Accented)
	case l.known == 0 || float64(c.small) >= l.Common*float64(c.words):
		return ""
	}
	return fmt.Sprintf("%d of its %d words are among the small words of %q, which are %g %% of a text at least: it is in another language", c.small, c.words, l.Name, 100*l.Common)
}
