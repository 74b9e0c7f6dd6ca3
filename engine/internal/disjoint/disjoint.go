// Package disjoint keeps the numbers 0 to n-1 in sets that only ever grow
// together: union-find with path halving (Tarjan and van Leeuwen 1984).
package disjoint

// Sets holds the parent of every number; a root is its own parent.
type Sets []int

// New returns n sets of one number each.
func New(n int) Sets {
	s := make(Sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// Find returns the least number of the set that i is in.
func (s Sets) Find(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

// Join makes one set of the two that a and b are in, and reports whether they
// were two.
func (s Sets) Join(a, b int) bool {
	a, b = s.Find(a), s.Find(b)
	if a == b {
		return false
	}
	s[max(a, b)] = min(a, b)
	return true
}
