package rules

import (
	"fmt"

	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/plan"
)

// language is a plan.Language, compiled.
type language struct {
	*plan.Language
	alphabet *tokenize.Alphabet
	common   map[uint64]bool // hashes of frequent words
	maybe    bloom           // of common
}

func newLanguage(p *plan.Language) *language {
	l := &language{Language: p, alphabet: tokenize.NewAlphabet(p.Letters, !p.Own), common: map[uint64]bool{}}
	for _, word := range p.Words {
		for _, hash := range tokenize.Hashes(word) {
			l.common[hash] = true
			l.maybe.add(hash)
		}
	}
	return l
}

// judge returns what is wrong with the language of a text that has been read
// with the language's alphabet, "" if nothing is.
func (l *language) judge(t *tokenize.Tokenizer) string {
	words, chars := len(t.Words), float64(t.Chars)
	foreign, home := float64(t.Foreign), float64(t.Home)
	switch {
	case words < l.Least/3:
		return ""
	case foreign > l.Foreign*chars:
		return fmt.Sprintf("%.0f %% of its characters are letters outside the alphabet of %q", 100*foreign/chars, l.Name)
	case words < l.Least:
		return ""
	case home < l.Accented*chars:
		return fmt.Sprintf("%.1f %% of its characters are among %s; in %q at least %g %% are: the text lacks diacritics or is in another language", 100*home/chars, l.Letters, l.Name, 100*l.Accented)
	case len(l.common) == 0:
		return ""
	}
	if n := l.countCommon(t.Words); float64(n) < l.Common*float64(words) {
		return fmt.Sprintf("%d of its %d words are among the frequent words of %q, which make up at least %g %% of a text: it is in another language", n, words, l.Name, 100*l.Common)
	}
	return ""
}

// countCommon counts the words that are frequent ones. It stops once there are
// enough of them.
func (l *language) countCommon(words []tokenize.Word) int {
	n, enough := 0, l.Common*float64(len(words))
	for i := range words {
		if hash := words[i].Hash; l.maybe.mayHave(hash) && l.common[hash] {
			if n++; float64(n) >= enough {
				break
			}
		}
	}
	return n
}
