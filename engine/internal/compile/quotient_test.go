package compile

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestQuotient: the first configuration of a quotient at which all functions are not zero
// stands for the first one of the space, and the quotient is smaller where values are alike.
func TestQuotient(t *testing.T) {
	smaller := 0
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := &space{}
		scope := []int{}
		for v := range 2 + r.IntN(3) {
			s.cards = append(s.cards, 1+r.IntN(7))
			scope = append(scope, v)
		}
		var fns []function
		for range 1 + r.IntN(4) {
			fn := function{}
			for _, v := range scope {
				if r.IntN(2) == 0 {
					fn.scope = append(fn.scope, v)
				}
			}
			index := s.index(fn.scope, fn.scope)
			coarse := 1 + r.IntN(4) // neighbouring values are alike
			for range index {
				fn.code = append(fn.code, int32(r.IntN(3)))
			}
			for k := range fn.code {
				fn.code[k] = fn.code[k/coarse*coarse]
			}
			fns = append(fns, fn)
		}
		first := func(s *space, read func(fn function) func(k int32) int32) int {
			var all []func(int32) int32
			for _, fn := range fns {
				all = append(all, read(fn))
			}
			for k := range int32(s.size(scope)) {
				if !slices.ContainsFunc(all, func(f func(int32) int32) bool { return f(k) == 0 }) {
					return int(k)
				}
			}
			return -1
		}
		want := first(s, func(fn function) func(int32) int32 { return s.along(scope, fn) })
		q := (&proof{}).quotient(s, scope, fns)
		got := first(&q.space, func(fn function) func(int32) int32 { return q.along(scope, q.restrict(fn)) })
		if got >= 0 {
			got = q.original(got)
		}
		if got != want {
			t.Fatalf("seed %d: got %d, want %d: %v %v", seed, got, want, s.cards, fns)
		}
		if q.size(scope) < s.size(scope) {
			smaller++
		}
	}
	if smaller < 50 {
		t.Errorf("got %d quotients that are smaller than the space, want more", smaller)
	}
}
