package importer

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed words.txt
var wordList string

// wordsOf returns the words of a kind in words.txt, plain.
var wordsOf = sync.OnceValue(func() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for line := range strings.Lines(wordList) {
		kind, words, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(kind, "#") {
			continue
		}
		if all[kind] == nil {
			all[kind] = map[string]bool{}
		}
		for word := range strings.SplitSeq(words, ",") {
			if w := strings.TrimSpace(word); strings.HasSuffix(w, "*") {
				all[kind][plain(strings.TrimSuffix(w, "*"))+"*"] = true
			} else if w == "%" || w == "+" {
				all[kind][w] = true
			} else if w = plain(w); w != "" {
				all[kind][w] = true
			}
		}
	}
	return all
})

// is reports whether a text is one of the words of a kind.
func is(kind, text string) bool {
	words := wordsOf()[kind]
	text = plain(text)
	if words[text] || words[text+"*"] {
		return true
	}
	for i := range text {
		if i > 2 && words[text[:i]+"*"] {
			return true
		}
	}
	return false
}

// mentions returns the first word of a kind that a text contains as whole words, or
// "".
func mentions(kind, text string) string {
	if strings.Contains(text, "%") && wordsOf()[kind]["%"] {
		return "%"
	}
	parts := strings.Fields(plain(text))
	for i := range parts {
		for n := min(4, len(parts)-i); n > 0; n-- {
			if w := strings.Join(parts[i:i+n], " "); is(kind, w) {
				return w
			}
		}
	}
	return ""
}

// plain returns a text in lower case, without diacritics, with letters and digits
// only and one blank between words.
func plain(text string) string {
	var b strings.Builder
	blank := false
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if blank && b.Len() > 0 {
				b.WriteByte(' ')
			}
			blank = false
			switch r {
			case 'ø':
				r = 'o'
			case 'đ':
				r = 'd'
			case 'ł':
				r = 'l'
			case 'ı':
				r = 'i'
			case 'ß':
				b.WriteByte('s')
				r = 's'
			case 'æ':
				b.WriteByte('a')
				r = 'e'
			}
			b.WriteRune(r)
		default:
			blank = true
		}
	}
	return b.String()
}
