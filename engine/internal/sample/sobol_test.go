package sample

import (
	"math"
	"testing"

	"github.com/personagen/personagen/engine/internal/rng"
)

// sobol is a Sobol sequence in Gray-code order without the origin (Sobol 1967), with
// the direction numbers of Bratley and Fox (1988), which Joe and Kuo (2003) also
// use. The quota sampler is compared with it.
type sobol struct {
	direction [][32]uint32
	x         []uint32
	n         uint32
}

// polynomials holds the degree, the coefficients and the first direction numbers of
// dimensions 2 to 7.
var polynomials = []struct {
	s, a uint32
	m    []uint32
}{{1, 0, []uint32{1}}, {2, 1, []uint32{1, 1}}, {3, 1, []uint32{1, 3, 7}}, {3, 2, []uint32{1, 1, 5}}, {4, 1, []uint32{1, 3, 1, 1}}, {4, 4, []uint32{1, 1, 3, 7}}}

func newSobol(dimensions int) *sobol {
	q := &sobol{x: make([]uint32, dimensions)}
	for d := range dimensions {
		var v [32]uint32
		for i := range v {
			if d == 0 {
				v[i] = 1 << (31 - i)
				continue
			}
			p := polynomials[d-1]
			if i < int(p.s) {
				v[i] = p.m[i] << (31 - i)
				continue
			}
			v[i] = v[i-int(p.s)] ^ v[i-int(p.s)]>>p.s
			for k := 1; k < int(p.s); k++ {
				v[i] ^= (p.a >> (int(p.s) - 1 - k) & 1) * v[i-k]
			}
		}
		q.direction = append(q.direction, v)
	}
	return q
}

// next returns the next point, in [0, 1) per dimension.
func (q *sobol) next() []float64 {
	bit := 0
	for q.n>>bit&1 == 1 {
		bit++
	}
	q.n++
	out := make([]float64, len(q.x))
	for d := range q.x {
		q.x[d] ^= q.direction[d][bit]
		out[d] = float64(q.x[d]) / (1 << 32)
	}
	return out
}

// The first points are those in the tests of humanleague (reference case
// qmc-31-sobol).
func TestSobolFirstPoints(t *testing.T) {
	q := newSobol(3)
	for i, want := range [][]float64{{0.5, 0.5, 0.5}, {0.75, 0.25, 0.75}, {0.25, 0.75, 0.25}} {
		got := q.next()
		for d := range want {
			if got[d] != want[d] {
				t.Errorf("point %d: %v, want %v", i, got, want)
			}
		}
	}
	one := newSobol(1)
	one.next()
	for i, want := range []float64{0.75, 0.25, 0.375, 0.875, 0.625, 0.125, 0.1875, 0.6875, 0.9375, 0.4375} {
		if got := one.next()[0]; got != want {
			t.Errorf("point %d of one dimension: %v, want %v", i+1, got, want)
		}
	}
}

// A shifted Sobol sequence is nearer to the margins of 500 persons than independent
// draws are. Only the quota sampler is within one person.
func TestQuotaIsNearerThanSobolAndDraws(t *testing.T) {
	const n = 500
	m := &family().model
	worst := func(codes [][]int32) float64 {
		d := 0.0
		for i := range m.Controls {
			c := &m.Controls[i]
			if c.Rank > 1 {
				continue
			}
			counts := make([]float64, len(c.Share))
			for cell, k := range tabulate(m, codes, c.Scope) {
				counts[c.Cell[cell]] += float64(k)
			}
			for cell, share := range c.Share {
				d = max(d, math.Abs(counts[cell]-share*n))
			}
		}
		return d
	}
	var quota, low, draws float64
	const seeds = 20
	for seed := range uint64(seeds) {
		q, err := NewQuota(m, allocate(t, m, n, seed))
		if err != nil {
			t.Fatal(err)
		}
		ind, err := NewIndependent(m, seed)
		if err != nil {
			t.Fatal(err)
		}
		quota = max(quota, worst(fill(m, q, 0, n)))
		draws += worst(fill(m, ind, 0, n)) / seeds
		low += worst(bySobol(m, n, seed)) / seeds
	}
	t.Logf("worst margin, persons: quota %.2f at most; Sobol %.1f and independent draws %.1f on average", quota, low, draws)
	if quota > 1+whole || low <= 1 || draws <= low {
		t.Errorf("worst margin, persons: quota %.2f, Sobol %.1f, independent draws %.1f", quota, low, draws)
	}
}

// bySobol draws n persons. Each variable uses one dimension of the sequence and the
// inverse of its distribution given the earlier variables.
func bySobol(m *Model, n int, seed uint64) [][]int32 {
	points, shift := newSobol(len(m.Steps)), rng.New(seed, "shift").Source()
	by := make([]float64, len(m.Steps))
	for i := range by {
		by[i] = shift.Float64()
	}
	codes := make([][]int32, len(m.Vars))
	for v := range codes {
		codes[v] = make([]int32, n)
	}
	for person := range n {
		for i, u := range points.next() {
			s := &m.Steps[i]
			u = math.Mod(u+by[i], 1)
			row := 0
			for _, g := range s.Given {
				row = row*m.Vars[g].Card + int(codes[g][person])
			}
			card := m.Vars[s.Var].Card
			weights := s.Weight[row*card : (row+1)*card]
			sum := 0.0
			for _, w := range weights {
				sum += w
			}
			u *= sum
			value := 0
			for ; value < card-1 && u >= weights[value]; value++ {
				u -= weights[value]
			}
			for weights[value] == 0 {
				value--
			}
			codes[s.Var][person] = int32(value)
		}
	}
	return codes
}
