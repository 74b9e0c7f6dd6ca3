package sketch

import (
	"cmp"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/wire"
)

// Lowest keeps the values of the persons with the smallest hashes (bottom-k
// sampling: Cohen and Kaplan, "Summarizing data using bottom-k sketches", PODC
// 2007). The sample does not depend on the order of the persons or on which worker
// saw whom.
type Lowest[T any] struct {
	Keep  int    // how many values
	Below uint64 // hashes above this are not kept
	All   []Ranked[T]
}

// Ranked is a value of the sample, with the hash it was chosen by.
type Ranked[T any] struct {
	Hash  uint64
	Row   int64
	Value T
}

// Add offers a value.
func (l *Lowest[T]) Add(hash uint64, row int64, value T) {
	if hash > l.Below {
		return
	}
	l.All = append(l.All, Ranked[T]{hash, row, value})
	if len(l.All) >= l.Keep+l.Keep/4 {
		l.Trim()
	}
}

// Trim drops all but the values with the smallest hashes, and sorts them by hash.
func (l *Lowest[T]) Trim() {
	slices.SortFunc(l.All, func(a, b Ranked[T]) int {
		if c := cmp.Compare(a.Hash, b.Hash); c != 0 {
			return c
		}
		return cmp.Compare(a.Row, b.Row)
	})
	if len(l.All) >= l.Keep {
		clear(l.All[l.Keep:])
		l.All = l.All[:l.Keep]
		l.Below = l.All[l.Keep-1].Hash
	}
}

// Merge adds the sample o, which must not be used any more.
func (l *Lowest[T]) Merge(o *Lowest[T]) {
	l.All = append(l.All, o.All...)
	l.Trim()
}

// Code codes the sample, or reads one that keeps as many.
func (l *Lowest[T]) Code(c *wire.Coder, value func(*T)) {
	l.Trim()
	wire.Slice(c, &l.All, l.Keep, func(x *Ranked[T]) {
		c.Hash(&x.Hash)
		c.Count(&x.Row)
		value(&x.Value)
	})
	if c.Reading() {
		l.Trim()
	}
}

// CertainBound returns a bound on the smallest k of n hashes, which is too small with
// a chance of 1e-9 (six standard deviations). For n = 0 (unknown) it is the largest
// hash.
func CertainBound(k, n int64) uint64 {
	p := (float64(k) + float64(6*math.Sqrt(float64(k)))) / float64(n)
	if n == 0 || p >= 1 {
		return math.MaxUint64
	}
	return uint64(p * (1 << 32) * (1 << 32))
}
