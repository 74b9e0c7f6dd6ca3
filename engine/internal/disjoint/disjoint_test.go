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
			t.Errorf("Join(%d, %d) = %v, want %v", x.a, x.b, got, x.two)
		}
	}
	for i, want := range []int{0, 1, 1, 3, 1, 1} {
		if got := s.Find(i); got != want {
			t.Errorf("Find(%d) = %d, want %d", i, got, want)
		}
	}
}
