package similarity

import "github.com/personagen/personagen/engine/internal/sketch"

// Cut returns the first words of texts, so many in all: measures of wording fall
// with the amount of text, and only equal amounts can be compared.
func Cut(texts [][]uint64, words int) [][]uint64 {
	for i, t := range texts {
		if len(t) >= words {
			return append(texts[:i:i], t[:words])
		}
		words -= len(t)
	}
	return texts
}

// Words counts the words of texts.
func Words(texts [][]uint64) int {
	n := 0
	for _, t := range texts {
		n += len(t)
	}
	return n
}

// Types returns how many different words texts have, whether masked or not.
func Types(texts [][]uint64) int64 {
	seen := newHashCounter(Words(texts))
	for _, t := range texts {
		for _, w := range t {
			seen.add(w&^Masked, 0)
		}
	}
	return int64(seen.used)
}

// MovingTypes returns how many different words there are in a stretch of so many
// words, on average over all such stretches of the texts one after the other
// (the moving-average type-token ratio, times the window: Covington and McFall,
// "Cutting the Gordian knot", 2010). It does not depend on the amount of text; 0
// when there are fewer words.
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
