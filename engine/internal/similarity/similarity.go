// Package similarity compares texts of many persons: it finds near-duplicates
// and repeated openings, and measures how rich the wording is.
//
// It takes texts that tokenize.Tokenizer has split, one after the other, and
// keeps a MinHash signature of each, and the words of some. Names, places and
// numbers of the person are masked first, so that texts that differ only in them
// are the same.
package similarity

import (
	"slices"

	"github.com/personagen/personagen/engine/internal/sketch"
)

// Comparison describes how similar the texts of different persons are, in
// samples of them, with names, places and numbers masked.
type Comparison struct {
	// Texts is the number of texts compared, and NearDuplicates the number of those
	// whose Jaccard similarity to an earlier one is at least 0.8, in shingles of
	// five words, as Signature estimates it.
	Texts              int64    `json:"texts"`
	NearDuplicates     int64    `json:"near_duplicates"`
	NearDuplicateShare float64  `json:"near_duplicates_share"`
	Pair               []int64  `json:"pair,omitempty"` // the persons of the first near-duplicate
	Openings           Openings `json:"openings"`
	Words              Wording  `json:"words"` // of fewer texts
}

// Compare compares texts of one kind: their signatures in the order of a sample,
// the numbers of their persons, and the masked words of fewer of them. It returns
// nil if there are none.
func Compare(signatures []*Signature, persons []int64, words [][]uint64) *Comparison {
	if len(signatures) == 0 {
		return nil
	}
	c := &Comparison{Texts: int64(len(signatures)), Openings: measureOpenings(signatures, persons)}
	var pair [2]int
	if c.NearDuplicates, pair = nearDuplicates(signatures); c.NearDuplicates > 0 {
		c.Pair = []int64{persons[pair[0]], persons[pair[1]]}
		slices.Sort(c.Pair)
	}
	c.NearDuplicateShare = sketch.Tidy(float64(c.NearDuplicates) / float64(c.Texts))
	c.Words = measureWording(words)
	return c
}
