package similarity

import (
	"math"

	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/sketch"
)

// Wording describes how rich the wording of texts is.
type Wording struct {
	Texts int64 `json:"texts"`
	Words int64 `json:"words"`
	// Distinct is distinct-1 to distinct-3: distinct n-grams of one, two and three
	// words per n-gram (Li et al., "A diversity-promoting objective function for
	// neural conversation models", NAACL 2016, section 5).
	Distinct [3]float64 `json:"distinct"`
	// Phrase is the number of words of the longest phrase that occurs in more
	// than one text, PhraseShare its share of a text of mean length, and
	// PhraseTexts the number of texts that have it.
	Phrase      int     `json:"longest_repeated_phrase"`
	PhraseShare float64 `json:"longest_repeated_phrase_share"`
	PhraseTexts int64   `json:"longest_repeated_phrase_texts"`
}

// measureWording measures texts given as masked words: distinct n-grams of the
// words as written, repeated phrases with names, places and numbers masked.
func measureWording(texts [][]uint64) Wording {
	texts = texts[:min(len(texts), mostCounted)]
	w := Wording{Texts: int64(len(texts))}
	longest := 0
	bare, masked := make([][]uint64, len(texts)), make([][]uint64, len(texts)) // mixed
	for i, words := range texts {
		w.Words += int64(len(words))
		longest = max(longest, len(words))
		bare[i] = make([]uint64, 0, len(words))
		for _, word := range words {
			bare[i] = append(bare[i], rng.Mix(word&^Masked))
		}
		masked[i] = collapse(words)
	}
	if w.Words == 0 {
		return w
	}
	seen := newHashCounter(int(w.Words))
	for k := range w.Distinct {
		total := 0
		seen.reset()
		for _, words := range bare {
			seen.addRuns(words, k+1, 0)
			total += max(0, len(words)-k)
		}
		w.Distinct[k] = sketch.Tidy(float64(seen.used) / float64(max(1, total)))
	}
	// Every prefix of a repeated phrase is repeated, so that binary search finds
	// the greatest length.
	low, high := 0, longest
	for low < high {
		length := min(2*low+8, (low+high+1)/2) // most are short
		if seen.mostTexts(masked, length, 2) > 1 {
			low = length
		} else {
			high = length - 1
		}
	}
	if w.Phrase = low; low > 0 {
		w.PhraseTexts = seen.mostTexts(masked, low, math.MaxInt32)
		w.PhraseShare = sketch.Tidy(min(1, float64(low)*float64(len(texts))/float64(w.Words)))
	}
	return w
}

// collapse replaces consecutive masked words by one, and mixes all hashes.
func collapse(words []uint64) []uint64 {
	out := make([]uint64, 0, len(words))
	wasMasked := false
	for _, w := range words {
		masked := w&Masked != 0
		if !masked {
			out = append(out, rng.Mix(w))
		} else if !wasMasked {
			out = append(out, rng.Mix(Masked))
		}
		wasMasked = masked
	}
	return out
}
