package pairwise

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/compare"
	"github.com/personagen/personagen/engine/frame"
)

// readTexts returns the texts of some fields of some rows, by row.
func readTexts(ctx context.Context, in *compare.Input, fields []string, rows map[int32]bool) (map[int32][]string, error) {
	out := map[int32][]string{}
	err := eachBatch(ctx, in, func(b *frame.Batch) error {
		for r := range b.N {
			row := int32(b.First) + int32(r)
			if !rows[row] {
				continue
			}
			texts := make([]string, len(fields))
			for i, name := range fields {
				texts[i] = strings.TrimSpace(valueOf(b, b.Schema.Index(name), r))
			}
			out[row] = texts
		}
		return nil
	})
	return out, err
}

// pairedTexts keeps the fields that both persons have, and cuts each to the length of the
// shorter one if asked to.
func pairedTexts(ours, theirs []string, equal bool) (a, b []string) {
	a, b = make([]string, len(ours)), make([]string, len(ours))
	for i := range ours {
		if ours[i] == "" || theirs[i] == "" {
			continue
		}
		a[i], b[i] = ours[i], theirs[i]
		if equal {
			n := min(utf8.RuneCountInString(a[i]), utf8.RuneCountInString(b[i]))
			a[i], b[i] = cut(a[i], n), cut(b[i], n)
		}
	}
	return a, b
}

// cut shortens a text to at most n characters, at the end of a word.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	runes := []rune(text)
	at := n
	for at > 0 && !unicode.IsSpace(runes[at]) {
		at--
	}
	if at == 0 {
		at = n
	}
	return strings.TrimRightFunc(string(runes[:at]), unicode.IsSpace) + "…"
}

// chars is the number of characters of texts together.
func chars(texts []string) (n int) {
	for _, t := range texts {
		n += utf8.RuneCountInString(t)
	}
	return n
}
