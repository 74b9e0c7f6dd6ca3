package similarity

import "github.com/personagen/personagen/engine/internal/sketch"

// Cut returns texts up to a number of words in all. Measures of wording fall with
// the amount of text, so that only equal amounts can be compared. It does not
// change the texts.
func Cut(texts [][]uint64, words int) [][]uint64 {
	for i, t := range texts {
		if len(t) >= words {
			return append(texts[:i:i], t[:words])
		}
		words -= len(t)
	}
	return texts
}

// Words returns the number of words of texts.
func Words(texts [][]uint64) int {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	return n
}

// Types returns the number of distinct words of texts, masked or not.
func Types(texts [][]uint64) int64 {
	seen := newHashCounter(Words(texts))
	for _, t := range texts {
		for _, w := range t {
			seen.add(w&^Masked, 0)
		}
	}
	return int64(seen.used)
}

// MovingTypes returns the mean number of distinct words in a window of so many
// words, over all windows of the texts in a row: the moving-average type-token
// ratio (MATTR) times the window (Covington and McFall, "Cutting the Gordian
// knot", Journal of Quantitative Linguistics 17, 2010). It does not depend on the
// amount of text. It is 0 if the texts have fewer words than the window.
func MovingTypes(texts [][]uint64, window int) float64 {
	var all []uint64
	for _, t := range texts {
		for _, w := range t {
			all = append(all, w&^Masked)
		}
	}
	if len(all) < window || window <= 0 {
		return 0
	}
	counts := map[uint64]int{}
	sum := 0.0
	for i, w := range all {
		counts[w]++
		if i >= window {
			old := all[i-window]
			if counts[old]--; counts[old] == 0 {
				delete(counts, old)
			}
		}
		if i >= window-1 {
			sum += float64(len(counts))
		}
	}
	return sketch.Tidy(sum / float64(len(all)-window+1))
}
