package tokenize

import "unicode"

// Alphabet is the letters of a language.
type Alphabet struct {
	latin bool                // a to z are among its letters
	table [Tabled / 64]uint64 // one bit per rune below Tabled, a to z aside
	far   map[rune]bool       // the other runes
}

// NewAlphabet returns the alphabet of some letters and their lower case, and of
// a to z if latin is set.
func NewAlphabet(letters string, latin bool) *Alphabet {
	a := &Alphabet{latin: latin, far: map[rune]bool{}}
	for _, r := range letters {
		for _, r := range []rune{r, unicode.ToLower(r)} {
			if r < Tabled {
				a.table[r>>6] |= 1 << (r & 63)
			} else {
				a.far[r] = true
			}
		}
	}
	return a
}

// has reports whether a letter in lower case, not one of a to z, is in the
// alphabet.
func (a *Alphabet) has(r rune) bool {
	if r < Tabled {
		return a.table[r>>6]>>(r&63)&1 != 0
	}
	return a.far[r]
}

// countLatin counts the letters a to z.
func countLatin(lower []byte) int {
	n := 0
	for _, c := range lower {
		if c >= 'a' && c <= 'z' {
			n++
		}
	}
	return n
}
