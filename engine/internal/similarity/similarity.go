// Package similarity measures texts of many persons together: which are nearly the
// same, how they begin, how rich their wording is.
//
// In go texts taken apart by rules.Scan, one after the other; kept are a print
// of each, and the words of some. Names, places and numbers of the person are
// masked first: a text that differs from another by a name only is the same.
package similarity

import (
	"math"
	"math/bits"
	"slices"

	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/sketch"
)

// Texts are compared when all minima of one of 18 bands of 7 agree, which finds
// 98.5 % of the pairs with a similarity of 0.8 and 13 % of those with 0.5
// (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4).
const (
	bands    = 18
	bandRows = 7
	nearly   = 0.8
	// mostCompared bounds how many texts of a band one is compared with, so
	// that a population of one template costs no more than another.
	mostCompared = 32
	// Hundred is how many texts a repeated opening is looked for in: those of the
	// persons whose numbers, divided by it, are the same.
	Hundred = 100
)

// Alike tells how much the texts of different persons resemble each other, in
// samples of them, after names, places and numbers are masked.
type Alike struct {
	// Texts are those compared, and Near those with a Jaccard similarity of 0.8
	// or more to an earlier one, in shingles of five words (MinHash: Broder, "On
	// the resemblance and containment of documents", 1997).
	Texts     int64    `json:"texts"`
	Near      int64    `json:"near_duplicates"`
	NearShare float64  `json:"near_duplicates_share"`
	Pair      []int64  `json:"pair,omitempty"` // the first such persons
	Openings  Openings `json:"openings"`
	// Words describes the wording of fewer texts.
	Words Wording `json:"words"`
}

// Openings are the first eight words of texts.
type Openings struct {
	Distinct int64 `json:"distinct"`
	// Repeated is the share of texts that open like another one before it of
	// the same hundred: persons 0 to 99, 100 to 199, and so on.
	Repeated float64 `json:"repeated_in_a_hundred"`
	// Entropy of the openings in bits, and the most it could be.
	Entropy float64 `json:"entropy"`
	Most    float64 `json:"entropy_most"`
}

// Wording tells how rich the wording of some texts is.
type Wording struct {
	Texts int64 `json:"texts"`
	Words int64 `json:"words"`
	// Distinct are the ratios of different runs of one, two and three words to
	// all of them (Li et al., "A diversity-promoting objective function", 2016).
	Distinct [3]float64 `json:"distinct"`
	// Phrase is the number of words of the longest phrase that occurs in more
	// than one text, PhraseShare its share of a text of mean length, and
	// PhraseTexts how many have it.
	Phrase      int     `json:"longest_repeated_phrase"`
	PhraseShare float64 `json:"longest_repeated_phrase_share"`
	PhraseTexts int64   `json:"longest_repeated_phrase_texts"`
}

// Compare compares the prints of texts of one kind, in the order of a sample,
// with the numbers of their persons, and the masked words of fewer of them; nil
// when there are none.
func Compare(prints []*Print, persons []int64, words [][]uint64) *Alike {
	if len(prints) == 0 {
		return nil
	}
	a := &Alike{Texts: int64(len(prints)), Openings: openings(prints, persons)}
	var pair [2]int
	if a.Near, pair = nearDuplicates(prints); a.Near > 0 {
		a.Pair = []int64{persons[pair[0]], persons[pair[1]]}
		slices.Sort(a.Pair)
	}
	a.NearShare = sketch.Tidy(float64(a.Near) / float64(a.Texts))
	a.Words = wording(words)
	return a
}

// nearDuplicates counts the prints that are nearly the same as one before, and
// returns the first such pair.
func nearDuplicates(prints []*Print) (count int64, pair [2]int) {
	similar := make([]bool, len(prints))
	first := make(map[uint64]int32, len(prints)) // of a band: one more than the last print with it
	before := make([]int32, len(prints))
	hashes := make([][bands]uint64, len(prints)) // prints are large and far apart: one visit to each
	for i, p := range prints {
		for number := range hashes[i] {
			hashes[i][number] = p.band(number)
		}
	}
	for number := range bands {
		clear(first)
		for i, p := range prints {
			band := hashes[i][number]
			before[i] = first[band]
			first[band] = int32(i + 1)
			other := before[i]
			for range mostCompared {
				if other == 0 || similar[i] {
					break
				}
				if float64(p.Agree(prints[other-1])) >= nearly*bins {
					similar[i] = true
					if count++; count == 1 {
						pair = [2]int{int(other - 1), i}
					}
				}
				other = before[other-1]
			}
		}
	}
	return count, pair
}

// openings counts how the texts of persons begin.
func openings(prints []*Print, persons []int64) Openings {
	counts := map[uint64]int64{}
	type place struct {
		hundred int64
		opening uint64
	}
	seen := make(map[place]bool, len(prints))
	repeated := 0
	for i, p := range prints {
		at := place{persons[i] / Hundred, p.opening}
		if seen[at] {
			repeated++
		}
		seen[at] = true
		counts[p.opening]++
	}
	var sizes []int64
	for _, c := range counts {
		sizes = append(sizes, c)
	}
	slices.Sort(sizes) // so that the sum has one order
	n, entropy := float64(len(prints)), 0.0
	for _, c := range sizes {
		p := float64(c) / n
		entropy -= float64(p * math.Log2(p))
	}
	return Openings{Distinct: int64(len(counts)), Repeated: sketch.Tidy(float64(repeated) / n), Entropy: sketch.Tidy(entropy), Most: sketch.Tidy(math.Log2(n))}
}

// wording measures texts given as masked words: their variety as they stand,
// what they share without names, places and numbers.
func wording(texts [][]uint64) Wording {
	texts = texts[:min(len(texts), mostCounted)]
	w := Wording{Texts: int64(len(texts))}
	longest := 0
	bare, masked := make([][]uint64, len(texts)), make([][]uint64, len(texts))
	for i, words := range texts {
		w.Words += int64(len(words))
		longest = max(longest, len(words))
		for _, word := range words {
			bare[i] = append(bare[i], word&^Masked)
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
	// A phrase that occurs twice has all its beginnings occur twice, so that the
	// greatest length is found by halving.
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

// collapse replaces every run of masked words by one.
func collapse(words []uint64) []uint64 {
	out := make([]uint64, 0, len(words))
	for _, w := range words {
		if w&Masked == 0 {
			out = append(out, w)
		} else if n := len(out); n == 0 || out[n-1] != Masked {
			out = append(out, Masked)
		}
	}
	return out
}

// hashCounter counts different hashes, and in how many texts each occurs, in a
// table with open addressing. A slot is one word, of which 40 bits are the hash's
// (its place is 18 more where there are many), 12 the text that it was seen in last
// and 12 how many it was seen in, 0 for none: it is for mostCounted texts.
type hashCounter struct {
	slots []uint64
	used  int
}

const mostCounted = 1<<12 - 1

func newHashCounter(n int) *hashCounter {
	return &hashCounter{slots: make([]uint64, 1<<bits.Len(uint(n+n/4)))}
}

func (c *hashCounter) reset() {
	clear(c.slots)
	c.used = 0
}

// addRuns adds every run of so many words of a text, and returns in how many texts
// the one is that is in most. A run has a polynomial as its hash, which is moved on
// a word at a time.
func (c *hashCounter) addRuns(words []uint64, length, text int) (most int32) {
	top := uint64(1)
	for range length {
		top *= base
	}
	h := uint64(0)
	for i, w := range words {
		if h = h*base + rng.Mix(w); i >= length {
			h -= top * rng.Mix(words[i-length])
		}
		if i >= length-1 {
			most = max(most, c.add(rng.Mix(h), text))
		}
	}
	return most
}

// add counts a hash seen in a text and returns in how many texts it was.
func (c *hashCounter) add(hash uint64, text int) int32 {
	const few = mostCounted
	last := uint64(len(c.slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		switch slot := c.slots[at]; {
		case slot&few == 0:
			c.used++
			c.slots[at] = hash>>24<<24 | uint64(text)<<12 | 1
			return 1
		case slot>>24 == hash>>24:
			if slot>>12&few != uint64(text) {
				slot = slot>>24<<24 | uint64(text)<<12 | (slot&few + 1)
				c.slots[at] = slot
			}
			return int32(slot & few)
		}
	}
}

// mostTexts is the largest number of texts that have a phrase of so many words
// in common; it is not counted beyond enough.
func (c *hashCounter) mostTexts(texts [][]uint64, length int, enough int32) int64 {
	c.reset()
	most := int32(0)
	for i, words := range texts {
		most = max(most, c.addRuns(words, length, i))
		if most >= enough {
			break
		}
	}
	return int64(most)
}
