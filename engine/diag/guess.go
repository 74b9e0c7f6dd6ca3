package diag

import "unicode"

// Guess returns the one of words that word was most likely meant to be, or ""
// when none is near: at most a third of its letters may be wrong, a swap of
// neighbours counting once and a wrong case not at all. Of equally near words
// the first wins.
func Guess(word string, words []string) string {
	best, bestDistance := "", 1+max(1, len([]rune(word))/3)
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

func folded(s string) []rune {
	r := []rune(s)
	for i := range r {
		r[i] = unicode.ToLower(r[i])
	}
	return r
}
