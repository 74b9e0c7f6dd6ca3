package narrate

// spread counts the phrases that the earlier persons of a hundred took, so that a person
// leaves those for later that many have taken.
type spread struct {
	used  []int32 // per phrase, nil if phrases are not spread
	total int     // of used
	head  []int32 // the first phrases of the person's order, in place of those of the permutation
}

// forget begins another hundred.
func (s *spread) forget() {
	clear(s.used)
	s.total = 0
}

// count adds to the uses of a phrase.
func (s *spread) count(phrase int32, uses int32) {
	if s.used != nil {
		s.used[phrase] += uses
		s.total += int(uses)
	}
}

// seldom reports whether a phrase has not been used more often than the average one.
func (s *spread) seldom(phrase int32) bool {
	return s.used == nil || int(s.used[phrase])*len(s.used) <= s.total
}

// spreadNumbers orders the first phrases of the person so that those with a number are seldom
// used ones, and counts these.
func (d *drawer) spreadNumbers() {
	numbers := min(d.bank.numbers, len(d.open))
	if d.used == nil || numbers == 0 {
		return
	}
	for i := range min(len(d.open), numbers+lookAhead-1) {
		d.head = append(d.head, d.open[d.order.At(int64(i))])
	}
	for i := range numbers {
		best := i
		for k := i; k < min(len(d.head), i+lookAhead); k++ {
			if d.used[d.head[k]] < d.used[d.head[best]] {
				best = k
			}
			if d.seldom(d.head[best]) {
				break
			}
		}
		p := d.head[best]
		copy(d.head[i+1:best+1], d.head[i:best])
		d.head[i] = p
	}
	for _, p := range d.head[:numbers] {
		d.count(p, 1)
	}
}
