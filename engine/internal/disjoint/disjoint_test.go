package disjoint_test

import (
	"testing"

	"github.com/personagen/personagen/engine/internal/disjoint"
)

func TestSets(t *testing.T) {
	s := disjoint.New(6)
	for _, x := range []struct {
		a, b int
		two  bool
	}{{4, 5, true}, {1, 2, true}, {2, 5, true}, {1, 4, false}, {3, 3, false}} {
		if got := s.Join(x.a, x.b); got != x.two {
			t.Errorf("joining %d and %d: %v", x.a, x.b, got)
		}
	}
	for i, want := range []int{0, 1, 1, 3, 1, 1} {
		if got := s.Find(i); got != want {
			t.Errorf("%d is in the set of %d, want %d", i, got, want)
		}
	}
}
