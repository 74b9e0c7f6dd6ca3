package similarity

// Signatures are compared if they agree in all rows of one of 18 bands of 7 rows
// (locality-sensitive hashing), which finds 98.5 % of the pairs with a similarity
// of 0.8 and 13 % of those with 0.5 (Leskovec, Rajaraman and Ullman, "Mining of
// Massive Datasets", section 3.4).
const (
	bands    = 18
	bandRows = 7
	// nearDuplicate is the Jaccard similarity from which on a text is a
	// near-duplicate of another. Reports publish it.
	nearDuplicate = 0.8
	// mostCompared is the largest number of texts in a band that a text is compared
	// with. It bounds the time for texts from a single template.
	mostCompared = 32
)

// nearDuplicates counts the signatures of texts that are near-duplicates of an
// earlier one, and returns the first such pair.
func nearDuplicates(signatures []*Signature) (count int64, pair [2]int) {
	found := make([]bool, len(signatures))
	latest := make(map[uint64]int32, len(signatures)) // by hash of a band: 1 + the index of the last signature
	previous := make([]int32, len(signatures))        // the one before it with the same hash, as in latest
	hashes := make([][bands]uint64, len(signatures))  // signatures are large and scattered in memory: each is read once
	for i, s := range signatures {
		for band := range hashes[i] {
			hashes[i][band] = s.bandHash(band)
		}
	}
	for band := range bands {
		clear(latest)
		for i, s := range signatures {
			hash := hashes[i][band]
			previous[i] = latest[hash]
			latest[hash] = int32(i + 1)
			other := previous[i]
			for range mostCompared {
				if other == 0 || found[i] {
					break
				}
				if float64(s.agreement(signatures[other-1])) >= nearDuplicate*bins {
					found[i] = true
					if count++; count == 1 {
						pair = [2]int{int(other - 1), i}
					}
				}
				other = previous[other-1]
			}
		}
	}
	return count, pair
}
