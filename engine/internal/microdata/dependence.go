package microdata

import (
	"cmp"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/stat"
)

// Measure says how far counts are from a model without some dependence.
type Measure struct {
	// Information is the Kullback-Leibler divergence from the model in nats; for two
	// variables and independence, their mutual information. Its bias in a sample, df/2n,
	// is taken off (Miller 1955, Note on the bias of information estimates). Error is
	// its standard error.
	Information, Error float64
	// Persons is the share of persons whom the model puts into wrong cells (total
	// variation distance), less what chance explains.
	Persons float64
	// P is the p-value of the model: the larger one of those of G² and Pearson's
	// statistic, which count the sample as its effective size (Rao and Scott 1981, first
	// order).
	P float64
}

// Dependence measures how two variables depend on each other.
func Dependence(c *Counts) Measure {
	p, n := shares(c)
	if n == 0 {
		return Measure{P: 1}
	}
	rows, columns := margin(p, c.Sizes, 0), margin(p, c.Sizes, 1)
	model := make([]float64, len(p))
	for k := range p {
		model[k] = rows[k/c.Sizes[1]] * columns[k%c.Sizes[1]]
	}
	return measure(p, model, float64((positive(rows)-1)*(positive(columns)-1)), n)
}

// Within measures how two of three variables depend on each other within the values of
// the third, which is variable given.
func Within(c *Counts, given int) Measure {
	p, n := shares(c)
	if n == 0 {
		return Measure{P: 1}
	}
	var others []int
	for v := range 3 {
		if v != given {
			others = append(others, v)
		}
	}
	z := margin(p, c.Sizes, given)
	xz, yz := pairs(p, c.Sizes, others[0], given), pairs(p, c.Sizes, others[1], given)
	model := make([]float64, len(p))
	for k := range p {
		at := values(k, c.Sizes)
		if m := z[at[given]]; m > 0 {
			model[k] = xz[at[others[0]]*len(z)+at[given]] * yz[at[others[1]]*len(z)+at[given]] / m
		}
	}
	df := 0
	for i := range z {
		x, y := 0, 0
		for j := range c.Sizes[others[0]] {
			if xz[j*len(z)+i] > 0 {
				x++
			}
		}
		for j := range c.Sizes[others[1]] {
			if yz[j*len(z)+i] > 0 {
				y++
			}
		}
		df += max(0, x-1) * max(0, y-1)
	}
	return measure(p, model, float64(df), n)
}

// Interaction measures what three variables have in common beyond their pairs: how far
// they are from the distribution with the same pairs that has no such interaction, which
// iterative proportional fitting finds.
func Interaction(c *Counts) Measure {
	p, n := shares(c)
	if n == 0 {
		return Measure{P: 1}
	}
	model := make([]float64, len(p))
	for k := range model {
		model[k] = 1 / float64(len(p))
	}
	type pair struct {
		a, b int
		want []float64
	}
	var all []pair
	zeros := 0 // cells that the pairs make empty
	empty := make([]bool, len(p))
	for _, x := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		want := pairs(p, c.Sizes, x[0], x[1])
		all = append(all, pair{x[0], x[1], want})
		for k := range p {
			at := values(k, c.Sizes)
			if want[at[x[0]]*c.Sizes[x[1]]+at[x[1]]] == 0 && !empty[k] {
				empty[k] = true
				zeros++
			}
		}
	}
	for range 100 {
		worst := 0.0
		for _, x := range all {
			have := pairs(model, c.Sizes, x.a, x.b)
			for i := range have {
				worst = max(worst, math.Abs(have[i]-x.want[i]))
				if have[i] > 0 {
					have[i] = x.want[i] / have[i]
				}
			}
			for k := range model {
				at := values(k, c.Sizes)
				model[k] *= have[at[x.a]*c.Sizes[x.b]+at[x.b]]
			}
		}
		if worst < 1e-9 {
			break
		}
	}
	// Cells less the parameters of the model (Bishop, Fienberg and Holland 1975, 3.8).
	df := len(p) - zeros
	for _, x := range all {
		df -= positive(x.want)
	}
	for v := range 3 {
		df += positive(margin(p, c.Sizes, v))
	}
	return measure(p, model, float64(max(0, df-1)), n)
}

// shares returns the weighted shares and the effective size of the sample.
func shares(c *Counts) (p []float64, n float64) {
	p = make([]float64, len(c.Weight))
	if c.total > 0 {
		for k, w := range c.Weight {
			p[k] = w / c.total
		}
	}
	return p, c.Effective()
}

func measure(p, model []float64, df, n float64) Measure {
	var information, squares, pearson, moved, chance float64
	for k := range p {
		m := model[k]
		if m <= 0 {
			continue
		}
		if p[k] > 0 {
			l := math.Log(p[k] / m)
			information += float64(p[k] * l)
			squares += float64(p[k] * l * l)
		}
		d := p[k] - m
		pearson += float64(d*d) / m
		moved += math.Abs(d) / 2
		chance += math.Sqrt(math.Max(0, 2*m*(1-m)/(math.Pi*n))) / 2
	}
	out := Measure{
		Information: math.Max(0, information-df/(2*n)),
		Error:       math.Sqrt(math.Max(0, squares-float64(information*information)) / n),
		Persons:     math.Max(0, moved-chance),
		P:           1,
	}
	if df > 0 {
		out.P = math.Max(stat.ChiSquareTail(2*n*math.Max(0, information), df), stat.ChiSquareTail(n*pearson, df))
	}
	return out
}

// values returns the values of the variables in a cell.
func values(k int, sizes []int) [3]int {
	var at [3]int
	for v := len(sizes) - 1; v >= 0; v-- {
		at[v] = k % sizes[v]
		k /= sizes[v]
	}
	return at
}

// pairs returns the shares of the values of two variables, row-major.
func pairs(p []float64, sizes []int, a, b int) []float64 {
	out := make([]float64, sizes[a]*sizes[b])
	for k, x := range p {
		at := values(k, sizes)
		out[at[a]*sizes[b]+at[b]] += x
	}
	return out
}

func positive(x []float64) int {
	n := 0
	for _, v := range x {
		if v > 0 {
			n++
		}
	}
	return n
}

// Limits of what is worth a table: the adjusted p-value, and the share of persons who
// would be in wrong cells without it.
const (
	Significant = 0.01
	WorthPerson = 0.01
)

// Worth reports whether a dependence is worth a table.
func (m Measure) Worth() bool { return m.P < Significant && m.Persons >= WorthPerson }

// Edge is a pair of variables.
type Edge struct {
	A, B int
	Measure
	// Explained is the variable within whose values the two do not depend on each other
	// enough, -1 for none.
	Explained int
}

// Edges measures every pair of variables, with p-values adjusted for their number (Holm),
// the strongest first. counts returns the counts of two variables.
func Edges(variables int, counts func(a, b int) *Counts) []Edge {
	var edges []Edge
	var p []float64
	for a := range variables {
		for b := a + 1; b < variables; b++ {
			if c := counts(a, b); c != nil {
				e := Edge{a, b, Dependence(c), -1}
				edges, p = append(edges, e), append(p, e.P)
			}
		}
	}
	for i, x := range stat.Holm(p) {
		edges[i].P = x
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(b.Information, a.Information) })
	return edges
}

// Trio is three variables.
type Trio struct {
	Of [3]int // ascending
	Measure
}

// Candidates returns the trios of variables with at least two worthwhile pairs, those of
// the strongest pairs first.
func Candidates(edges []Edge) [][3]int {
	type scored struct {
		of    [3]int
		score float64
	}
	var found []scored
	seen := map[[3]int]bool{}
	for i, x := range edges {
		for _, y := range edges[:i] {
			if !x.Worth() || !y.Worth() {
				continue
			}
			of := slices.Compact(slices.Sorted(slices.Values([]int{x.A, x.B, y.A, y.B})))
			if len(of) != 3 || seen[[3]int(of)] {
				continue
			}
			seen[[3]int(of)] = true
			found = append(found, scored{[3]int(of), x.Information + y.Information})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var out [][3]int
	for _, f := range found {
		out = append(out, f.of)
	}
	return out
}

// Explain marks the edges that a third variable explains: with both of its variables
// it has stronger edges, which are kept, and within its values the edge is not worth a
// table. The weakest edges come first. counts returns the counts of a trio, nil if they
// are not known.
func Explain(edges []Edge, counts func(of [3]int) *Counts) {
	kept := func(a, b int) bool {
		i := slices.IndexFunc(edges, func(e Edge) bool { return e.A == min(a, b) && e.B == max(a, b) })
		return i >= 0 && edges[i].Worth() && edges[i].Explained < 0
	}
	stronger := func(than float64, a, b int) bool {
		i := slices.IndexFunc(edges, func(e Edge) bool { return e.A == min(a, b) && e.B == max(a, b) })
		return edges[i].Information >= than
	}
	most := 0
	for _, e := range edges {
		most = max(most, e.A, e.B)
	}
	for i := len(edges) - 1; i >= 0; i-- {
		e := &edges[i]
		if !e.Worth() {
			continue
		}
		for z := 0; z <= most && e.Explained < 0; z++ {
			if z == e.A || z == e.B || !kept(e.A, z) || !kept(e.B, z) || !stronger(e.Information, e.A, z) || !stronger(e.Information, e.B, z) {
				continue
			}
			of := [3]int(slices.Sorted(slices.Values([]int{e.A, e.B, z})))
			if c := counts(of); c != nil && !Within(c, slices.Index(of[:], z)).Worth() {
				e.Explained = z
			}
		}
	}
}

// Trios measures the interactions of the trios with at least two edges that are kept, with
// adjusted p-values (Holm), the strongest first.
func Trios(candidates [][3]int, edges []Edge, counts func(of [3]int) *Counts) []Trio {
	var trios []Trio
	var p []float64
	for _, of := range candidates {
		n := 0
		for _, e := range edges {
			if e.Worth() && e.Explained < 0 && slices.Contains(of[:], e.A) && slices.Contains(of[:], e.B) {
				n++
			}
		}
		if c := counts(of); n >= 2 && c != nil {
			t := Trio{of, Interaction(c)}
			trios, p = append(trios, t), append(p, t.P)
		}
	}
	for i, x := range stat.Holm(p) {
		trios[i].P = x
	}
	slices.SortStableFunc(trios, func(a, b Trio) int { return cmp.Compare(b.Information, a.Information) })
	return trios
}
