package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/internal/plaintext"
	"github.com/personagen/personagen/engine/internal/tokenize"
)

// A text is its original, untranslated, from this share of words that stand in the
// original in the same runs of so many words.
const (
	untranslatedRun   = 5
	untranslatedShare = 0.5
)

// judgeTranslation compares the text that was read last with its original.
func (c *Checker) judgeTranslation(f *textField, text, original string) {
	if original = plaintext.NFC(original); original == "" {
		c.fault(f.demand[Original], "the text that it translates is missing", text, 0, len(text))
		return
	}
	c.source.Alphabet = nil
	c.source.Read(original)
	if untranslated(c.tokens.Words, c.source.Words) {
		c.fault(f.demand[Translated], fmt.Sprintf("it is the original; translate it into %q", f.text.Language), text, 0, len(text))
	}
	least, most := f.text.Ratio.Min*float64(c.source.Chars), f.text.Ratio.Max*float64(c.source.Chars)
	if n := float64(c.Chars); n < least || n > most {
		c.fault(f.demand[Ratio], fmt.Sprintf("the translation has %d characters, and its original %d; translate all of it, and nothing else, in %.0f to %.0f characters", c.Chars, c.source.Chars, least, most), text, 0, len(text))
	}
	if lost := lostNumbers(text, original); lost != nil {
		c.fault(f.demand[Numbers], fmt.Sprintf("the original says %s; keep its numbers, in digits", strings.Join(lost, ", ")), text, 0, len(text))
	}
}

// untranslated reports whether the words of a text are those of its original.
func untranslated(words, original []tokenize.Word) bool {
	same := func(a, b tokenize.Word) bool { return a.Hash == b.Hash }
	if slices.EqualFunc(words, original, same) {
		return true
	}
	if len(words) < untranslatedRun {
		return false
	}
	runs := map[[untranslatedRun]uint64]bool{}
	run := func(words []tokenize.Word, at int) (r [untranslatedRun]uint64) {
		for i := range r {
			r[i] = words[at+i].Hash
		}
		return r
	}
	for at := 0; at+untranslatedRun <= len(original); at++ {
		runs[run(original, at)] = true
	}
	covered, until := 0, 0
	for at := 0; at+untranslatedRun <= len(words); at++ {
		if runs[run(words, at)] {
			covered += at + untranslatedRun - max(at, until)
			until = at + untranslatedRun
		}
	}
	return float64(covered) >= untranslatedShare*float64(len(words))
}

// lostNumbers lists the numbers in digits that an original has and its translation does
// not. A number that is grouped in thousands, as languages do in different ways, may be
// written together or not.
func lostNumbers(text, original string) (lost []string) {
	has := map[string]bool{}
	for _, n := range numbersIn(text) {
		has[n.whole] = true
		for _, part := range n.parts {
			has[part] = true
		}
	}
	for _, n := range numbersIn(original) {
		apart := !slices.ContainsFunc(n.parts, func(part string) bool { return !has[part] })
		if !has[n.whole] && !apart && !slices.Contains(lost, n.whole) {
			lost = append(lost, n.whole)
		}
	}
	return lost
}

// number is a number in a text: its groups of digits, and these together.
type number struct {
	whole string
	parts []string
}

// numbersIn lists the numbers of a text, in ASCII digits. Groups of three digits after
// one to three digits and a space, dot, comma or apostrophe are thousands of one number.
func numbersIn(text string) (all []number) {
	end := -1 // of the number before
	for at := 0; at < len(text); {
		digits, next := digitsAt(text, at)
		if digits == "" {
			_, size := utf8.DecodeRuneInString(text[at:])
			at += size
			continue
		}
		if last := len(all) - 1; last >= 0 && len(digits) == 3 && len(all[last].parts[0]) <= 3 && end >= 0 && groups(text[end:at]) {
			all[last].whole += digits
			all[last].parts = append(all[last].parts, digits)
		} else {
			all = append(all, number{digits, []string{digits}})
		}
		at, end = next, next
	}
	return all
}

// groups reports whether a text between digits separates thousands.
func groups(between string) bool {
	r, size := utf8.DecodeRuneInString(between)
	return size == len(between) && strings.ContainsRune(" \u00a0\u202f\u2009.,'’\u066c", r)
}

// digitsAt returns the digits that begin at a position, in ASCII, and where they end.
func digitsAt(text string, at int) (string, int) {
	var b []byte
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		d, ok := digit(r)
		if !ok {
			break
		}
		b, at = append(b, d), at+size
	}
	return string(b), at
}

// digit returns a decimal digit of any script in ASCII. The digits of a script are in
// order, and every range of Unicode's digits begins with a zero.
func digit(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), '0' <= r && r <= '9'
	}
	if !unicode.IsDigit(r) {
		return 0, false
	}
	for _, x := range unicode.Nd.R16 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return byte('0' + (r-rune(x.Lo))%10), true
		}
	}
	for _, x := range unicode.Nd.R32 {
		if rune(x.Lo) <= r && r <= rune(x.Hi) {
			return byte('0' + (r-rune(x.Lo))%10), true
		}
	}
	return 0, false
}
