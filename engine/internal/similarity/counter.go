package similarity

import (
	"math/bits"

	"github.com/personagen/personagen/engine/internal/rng"
)

// hashCounter counts distinct hashes, and in how many texts each occurs, in a
// hash table with open addressing. A slot has the upper 40 bits of a hash, whose
// lower bits choose the slot, then 12 bits for the text it was last seen in and 12
// for the number of texts, 0 in an empty slot. It is for at most mostCounted
// texts.
type hashCounter struct {
	slots []uint64
	used  int
}

// mostCounted is the largest number of texts that a hashCounter counts.
const mostCounted = 1<<12 - 1

// newHashCounter returns a counter for at most n distinct hashes.
func newHashCounter(n int) *hashCounter {
	return &hashCounter{slots: make([]uint64, 1<<bits.Len(uint(n+n/4)))}
}

func (c *hashCounter) reset() {
	clear(c.slots)
	c.used = 0
}

// addRuns adds every run of length words of a text, and returns the largest
// number of texts that one of them occurs in. Runs are hashed as polynomials,
// which move on one word at a time; the hashes of the words must be mixed.
func (c *hashCounter) addRuns(mixed []uint64, length, text int) (most int32) {
	top := uint64(1)
	for range length {
		top *= base
	}
	h := uint64(0)
	for i, w := range mixed {
		if h = h*base + w; i >= length {
			h -= top * mixed[i-length]
		}
		if i >= length-1 {
			most = max(most, c.add(rng.Mix(h), text))
		}
	}
	return most
}

// add counts a hash that occurs in a text, and returns the number of texts that it
// has occurred in.
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

// mostTexts returns the largest number of texts that share a run of length words.
// It stops counting at enough.
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

// pairs returns the number of pairs of a text and a distinct hash in it, and how many
// of them have a hash that occurs in more than so many texts.
func (c *hashCounter) pairs(than float64) (all, beyond int) {
	for _, slot := range c.slots {
		n := int(slot & mostCounted)
		if all += n; float64(n) > than {
			beyond += n
		}
	}
	return all, beyond
}
