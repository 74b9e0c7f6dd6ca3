package check

import (
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/rng"
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
	hundred      = 100
)

// alike compares the sampled texts of every field, several fields at a time.
func (t *Tally) alike() []*Alike {
	x := t.suite.texts
	t.texts.compared.trim()
	t.texts.kept.trim()
	out := make([]*Alike, len(x.fields))
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), 8)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(x.fields); i += workers {
				if x.fields[i].field.Type == frame.Text {
					out[i] = t.texts.alike(i)
				}
			}
		})
	}
	wait.Wait()
	return out
}

// alike compares the texts of a field; nil when there are none.
func (t *textTally) alike(field int) *Alike {
	var prints []*textPrint
	var rows []int64
	for i := range t.compared.all {
		if p := &t.compared.all[i].value[field]; p.used {
			prints, rows = append(prints, p), append(rows, t.compared.all[i].row)
		}
	}
	if len(prints) == 0 {
		return nil
	}
	a := &Alike{Texts: int64(len(prints)), Openings: openings(prints)}
	var pair [2]int
	if a.Near, pair = nearDuplicates(prints); a.Near > 0 {
		a.Pair = []int64{rows[pair[0]], rows[pair[1]]}
		slices.Sort(a.Pair)
	}
	a.NearShare = tidy(float64(a.Near) / float64(a.Texts))
	var texts [][]uint64
	for i := range t.kept.all {
		if words := t.kept.all[i].value[field]; len(words) > 0 {
			texts = append(texts, words)
		}
	}
	a.Words = wording(texts)
	return a
}

// nearDuplicates counts the prints that are nearly the same as one before, and
// returns the first such pair.
func nearDuplicates(prints []*textPrint) (count int64, pair [2]int) {
	similar := make([]bool, len(prints))
	first := make(map[uint64]int32, len(prints)) // of a band: one more than the last print with it
	before := make([]int32, len(prints))
	for number := range bands {
		clear(first)
		for i, p := range prints {
			band := p.band(number)
			before[i] = first[band]
			first[band] = int32(i + 1)
			other := before[i]
			for range mostCompared {
				if other == 0 || similar[i] {
					break
				}
				if float64(p.agree(prints[other-1])) >= nearly*bins {
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

// openings counts how texts begin.
func openings(prints []*textPrint) Openings {
	counts := map[uint64]int64{}
	repeated := 0
	for from := 0; from < len(prints); from += hundred {
		group := map[uint64]bool{}
		for _, p := range prints[from:min(from+hundred, len(prints))] {
			if group[p.opening] {
				repeated++
			}
			group[p.opening] = true
			counts[p.opening]++
		}
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
	return Openings{Distinct: int64(len(counts)), Repeated: tidy(float64(repeated) / n), Entropy: tidy(entropy), Most: tidy(math.Log2(n))}
}

// wording measures texts given as masked words: their variety as they stand,
// what they share without names, places and numbers.
func wording(texts [][]uint64) Wording {
	w := Wording{Texts: int64(len(texts))}
	longest := 0
	bare, masked := make([][]uint64, len(texts)), make([][]uint64, len(texts))
	for i, words := range texts {
		w.Words += int64(len(words))
		longest = max(longest, len(words))
		for _, word := range words {
			bare[i] = append(bare[i], word&^maskedBit)
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
			runs(words, k+1, func(h uint64) {
				seen.add(h, 0)
				total++
			})
		}
		w.Distinct[k] = tidy(float64(seen.used) / float64(max(1, total)))
	}
	// A phrase that occurs twice has all its beginnings occur twice, so that the
	// greatest length is found by halving.
	low, high := 0, longest
	for low < high {
		length := (low + high + 1) / 2
		if seen.mostTexts(masked, length) > 1 {
			low = length
		} else {
			high = length - 1
		}
	}
	if w.Phrase = low; low > 0 {
		w.PhraseTexts = seen.mostTexts(masked, low)
		w.PhraseShare = tidy(min(1, float64(low)*float64(len(texts))/float64(w.Words)))
	}
	return w
}

// collapse replaces every run of masked words by one.
func collapse(words []uint64) []uint64 {
	out := make([]uint64, 0, len(words))
	for _, w := range words {
		if w&maskedBit == 0 {
			out = append(out, w)
		} else if n := len(out); n == 0 || out[n-1] != maskedBit {
			out = append(out, maskedBit)
		}
	}
	return out
}

// runs calls visit with a hash of every run of so many words: a polynomial that
// is moved on a word at a time.
func runs(words []uint64, length int, visit func(hash uint64)) {
	const base = 0x9e3779b97f4a7c15 | 5
	top := uint64(1)
	for range length {
		top *= base
	}
	h := uint64(0)
	for i, w := range words {
		h = h*base + rng.Mix(w)
		if i >= length {
			h -= top * rng.Mix(words[i-length])
		}
		if i >= length-1 {
			visit(rng.Mix(h))
		}
	}
}

// hashCounter counts different hashes, and in how many texts each occurs, in a
// table with open addressing.
type hashCounter struct {
	slots []hashCount
	used  int
}

type hashCount struct {
	hash        uint64
	text, texts int32 // one more than the last text it was seen in; how many
}

func newHashCounter(n int) *hashCounter {
	return &hashCounter{slots: make([]hashCount, 1<<bits.Len(uint(2*n)))}
}

func (c *hashCounter) reset() {
	clear(c.slots)
	c.used = 0
}

// add counts a hash seen in a text and returns in how many texts it was.
func (c *hashCounter) add(hash uint64, text int) int32 {
	last := uint64(len(c.slots) - 1)
	for at := hash & last; ; at = (at + 1) & last {
		s := &c.slots[at]
		switch {
		case s.texts == 0:
			c.used++
			*s = hashCount{hash, int32(text + 1), 1}
			return 1
		case s.hash == hash:
			if s.text != int32(text+1) {
				s.text = int32(text + 1)
				s.texts++
			}
			return s.texts
		}
	}
}

// mostTexts is the largest number of texts that have a phrase of so many words
// in common.
func (c *hashCounter) mostTexts(texts [][]uint64, length int) int64 {
	c.reset()
	most := int32(0)
	for i, words := range texts {
		runs(words, length, func(h uint64) { most = max(most, c.add(h, i)) })
	}
	return int64(most)
}
