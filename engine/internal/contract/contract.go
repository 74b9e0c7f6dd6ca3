// Package contract joins two words into one where a language does so, as in "de o" = "do".
package contract

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words are pairs of words and the word that stands for them.
type Words struct {
	second map[string]map[string]string // by the first word, then by the second
}

// New returns the contractions of a map such as {"de o": "do"}. A key without exactly one
// blank is never met.
func New(pairs map[string]string) Words {
	w := Words{}
	for pair, word := range pairs {
		first, second, ok := strings.Cut(pair, " ")
		if !ok {
			continue
		}
		if w.second == nil {
			w.second = map[string]map[string]string{}
		}
		if w.second[first] == nil {
			w.second[first] = map[string]string{}
		}
		w.second[first][second] = word
	}
	return w
}

// Text contracts the words of a text.
func (w Words) Text(text string) string {
	if w.second == nil {
		return text
	}
	return string(w.Apply([]byte(text), 0))
}

// Apply contracts the words of text from a position on, in place where that is possible.
// Words are letters and digits, with apostrophes between; they stand beside each other if one blank is
// between. The second is compared as written. The first may have a capital, which the
// contraction then has too. What two words become is not contracted again.
func (w Words) Apply(text []byte, from int) []byte {
	if w.second == nil {
		return text
	}
	for at := from; at < len(text); {
		length := wordLength(text[at:])
		if length == 0 {
			_, size := utf8.DecodeRune(text[at:])
			at += size
			continue
		}
		end := at + length
		if end+1 < len(text) && text[end] == ' ' {
			if next := wordLength(text[end+1:]); next > 0 {
				if word, ok := w.find(text[at:end], string(text[end+1:end+1+next])); ok {
					last := end + 1 + next
					text = append(text[:at], append([]byte(word), bytes.Clone(text[last:])...)...)
					at += len(word)
					continue
				}
			}
		}
		at = end
	}
	return text
}

// find returns the contraction of two words.
func (w Words) find(first []byte, second string) (string, bool) {
	if word, ok := w.second[string(first)][second]; ok {
		return word, true
	}
	r, size := utf8.DecodeRune(first)
	if !unicode.IsUpper(r) {
		return "", false
	}
	word, ok := w.second[string(unicode.ToLower(r))+string(first[size:])][second]
	if !ok {
		return "", false
	}
	r, size = utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r)) + word[size:], true
}

// wordLength returns the length in bytes of the word at the beginning of a text.
func wordLength(text []byte) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRune(text[n:])
		if r == '\'' || r == '’' {
			if next, _ := utf8.DecodeRune(text[n+size:]); n == 0 || !unicode.IsLetter(next) {
				break
			}
		} else if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			break
		}
		n += size
	}
	return n
}
