package diag

import (
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Guess returns the element of words that word was most likely meant to be, or ""
// if none is close. At most a third of the letters of word may be wrong, one of a
// word of two; swapped neighbours count as one wrong letter; case, the marks of
// letters and blanks around the word do not count. Of equally close words, it returns
// the first.
func Guess(word string, words []string) string {
	best, bestDistance := "", 1
	if n := len(folded(word)); n > 1 {
		bestDistance += max(1, n/3)
	} else if n == 0 {
		return ""
	}
	for _, w := range words {
		if d := distance(word, w); d < bestDistance && w != word {
			best, bestDistance = w, d
		}
	}
	return best
}

// distance is the optimal string alignment distance (Damerau-Levenshtein
// without overlapping edits), ignoring case.
func distance(a, b string) int {
	x, y := folded(a), folded(b)
	var before, last []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before, last, row = last, row, make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(y)]
}

// folded returns the letters of a word in lower case, without their marks, so that ş
// and ș are s, and without blanks around them.
func folded(s string) []rune {
	var r []rune
	for _, c := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, c) {
			r = append(r, unicode.ToLower(c))
		}
	}
	for len(r) > 0 && unicode.IsSpace(r[0]) {
		r = r[1:]
	}
	for len(r) > 0 && unicode.IsSpace(r[len(r)-1]) {
		r = r[:len(r)-1]
	}
	return r
}
