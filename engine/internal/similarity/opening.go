package similarity

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/sketch"
)

// Hundred is the number of persons among whom repeated openings are counted:
// those whose numbers, divided by it, are equal.
const Hundred = 100

// Openings describes the first eight words of texts.
type Openings struct {
	Distinct int64 `json:"distinct"`
	// Repeated is the share of texts that open like an earlier text of the same
	// hundred: persons 0 to 99, 100 to 199, and so on.
	Repeated float64 `json:"repeated_in_a_hundred"`
	// Entropy of the openings in bits, and its maximum.
	Entropy float64 `json:"entropy"`
	Most    float64 `json:"entropy_most"`
}

// measureOpenings measures how the texts of persons open.
func measureOpenings(signatures []*Signature, persons []int64) Openings {
	counts := map[uint64]int64{}
	type key struct {
		hundred int64
		opening uint64
	}
	seen := make(map[key]bool, len(signatures))
	repeated := 0
	for i, s := range signatures {
		at := key{persons[i] / Hundred, s.opening}
		if seen[at] {
			repeated++
		}
		seen[at] = true
		counts[s.opening]++
	}
	var sizes []int64
	for _, c := range counts {
		sizes = append(sizes, c)
	}
	slices.Sort(sizes) // a fixed order of the sum
	n, entropy := float64(len(signatures)), 0.0
	for _, c := range sizes {
		p := float64(c) / n
		entropy -= float64(p * math.Log2(p))
	}
	return Openings{Distinct: int64(len(counts)), Repeated: sketch.Tidy(float64(repeated) / n), Entropy: sketch.Tidy(entropy), Most: sketch.Tidy(math.Log2(n))}
}
