package narrate

// spread counts the phrases that the earlier persons of a hundred took, so that a person
// leaves those for later that many have taken.
type spread struct {
	on    bool
	total int     // of drawable.used
	head  []int32 // the first phrases of the person's order, in place of those of the permutation
}

// forget begins another hundred.
func (d *drawer) forget() {
	for p := range d.phrases {
		d.phrases[p].used = 0
	}
	d.total = 0
}

// count adds to the uses of a phrase.
func (d *drawer) count(phrase int32, uses int32) {
	if d.on {
		d.phrases[phrase].used += uses
		d.total += int(uses)
	}
}

// seldom reports whether a phrase has not been used more often than the average one.
func (d *drawer) seldom(phrase int32) bool {
	return !d.on || int(d.phrases[phrase].used)*len(d.phrases) <= d.total
}

// spreadNumbers orders the first phrases of the person so that those with a number are seldom
// used ones, and counts these.
func (d *drawer) spreadNumbers() {
	numbers := min(d.bank.numbers, len(d.open))
	if !d.on || numbers == 0 {
		return
	}
	for i := range min(len(d.open), numbers+lookAhead-1) {
		d.head = append(d.head, d.ordered(i))
	}
	for i := range numbers {
		best := i
		for k := i; k < min(len(d.head), i+lookAhead); k++ {
			if d.phrases[d.head[k]].used < d.phrases[d.head[best]].used {
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
