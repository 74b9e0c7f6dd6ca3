// Package disjoint keeps the numbers 0 to n-1 in disjoint sets that can be joined:
// union-find with path halving (Tarjan and van Leeuwen 1984, "Worst-case analysis
// of set union algorithms"). It does not link by rank, so that the root of a set is
// its smallest number.
package disjoint

// Sets holds the parent of every number. A root is its own parent and the smallest
// number of its set.
type Sets []int

// New returns n sets with one number each.
func New(n int) Sets {
	s := make(Sets, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// Find returns the smallest number of the set that contains i. It shortens paths,
// so that it must not run concurrently with another call.
func (s Sets) Find(i int) int {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

// Join joins the sets that contain a and b, and reports whether they were two sets.
func (s Sets) Join(a, b int) bool {
	a, b = s.Find(a), s.Find(b)
	if a == b {
		return false
	}
	s[max(a, b)] = min(a, b)
	return true
}
