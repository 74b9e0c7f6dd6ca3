package importer

import (
	"math"
	"slices"

	"github.com/personagen/personagen/engine/internal/office"
)

// maxTree is the number of categories up to which levels are looked for.
const maxTree = 6_000

// branch is a category with those that it is the sum of.
type branch struct {
	whole int
	parts []int // categories, themselves perhaps sums of others
}

// prints are figures of each category in a few combinations of the other dimensions,
// by which sums are found quickly. Every sum that is found is then tested in all.
type prints [][]float64 // by category

// fingerprints takes the combinations in which the largest category has the largest
// figures.
func (g *grid) fingerprints(d int) prints {
	n := g.sizes[d]
	rest := map[int64]float64{}
	for i := range g.cube.Cells {
		c := &g.cube.Cells[i]
		if c.Status == office.Value && len(rest) < 1<<20 {
			base := c.At - int64(g.category(c.At, d))*g.stride[d]
			rest[base] = max(rest[base], c.Number)
		}
	}
	bases := make([]int64, 0, len(rest))
	for b := range rest {
		bases = append(bases, b)
	}
	slices.SortFunc(bases, func(a, b int64) int {
		if rest[a] != rest[b] {
			if rest[a] > rest[b] {
				return -1
			}
			return 1
		}
		return int(min(max(a-b, -1), 1))
	})
	bases = bases[:min(len(bases), 8)]
	p := make(prints, n)
	for j := range n {
		p[j] = make([]float64, len(bases))
		for k, b := range bases {
			if c := g.cell(b + int64(j)*g.stride[d]); c != nil && c.Status == office.Value {
				p[j][k] = c.Number
			}
		}
	}
	return p
}

func (p prints) zero(j int) bool {
	return !slices.ContainsFunc(p[j], func(x float64) bool { return x != 0 })
}

// tree finds sums in a list of categories in which each is followed by its parts.
type tree struct {
	prints prints
	order  []int // categories
	unit   float64
	end    []int // per place in order: the place after the parts of the category there, 0 if not known yet
	found  []branch
}

// run finds the categories from place i on that add up to a category, and returns the
// place after them; false if none do.
func (t *tree) run(whole, i int) (parts []int, next int, ok bool) {
	target := t.prints[whole]
	acc := make([]float64, len(target))
	best := 0.0
	for j := i; j < len(t.order); {
		for k := range acc {
			acc[k] += t.prints[t.order[j]][k]
		}
		parts = append(parts, t.order[j])
		_, noise := tolerances(len(parts), t.unit)
		equal, above, diff := true, false, 0.0
		for k := range acc {
			d := math.Abs(acc[k] - target[k])
			diff = max(diff, d)
			equal = equal && d <= min(noise, 0.5*t.unit+target[k]*0.02)+target[k]*1e-9
			above = above || acc[k] > target[k]+noise
		}
		switch {
		case ok && diff >= best: // one more part does not make it better
			return parts[:len(parts)-1], next, true
		case equal && len(parts) > 1:
			j = t.after(j)
			ok, best, next = true, diff, j
		case ok:
			return parts[:len(parts)-1], next, true
		case above:
			return nil, 0, false
		default:
			j = t.after(j)
		}
	}
	return parts, next, ok
}

// after returns the place after the category at place j and its parts.
func (t *tree) after(j int) int {
	if t.end[j] > 0 {
		return t.end[j]
	}
	t.end[j] = j + 1
	whole := t.order[j]
	if t.prints.zero(whole) {
		return j + 1
	}
	if parts, next, ok := t.run(whole, j+1); ok {
		t.found = append(t.found, branch{whole, parts})
		t.end[j] = next
	}
	return t.end[j]
}

// branches looks for sums among categories, in their order and in the reverse one, in
// which the parts come before their sum. An order that explains more is better.
func branches(p prints, categories []int, unit float64) []branch {
	if len(categories) > maxTree {
		return nil
	}
	var best []branch
	for _, reverse := range []bool{false, true} {
		t := &tree{prints: p, order: slices.Clone(categories), unit: unit, end: make([]int, len(categories))}
		if reverse {
			slices.Reverse(t.order)
		}
		for j := 0; j < len(t.order); {
			j = t.after(j)
		}
		if len(t.found) > len(best) {
			best = t.found
		}
	}
	return best
}

// alternatives splits categories into runs of which each adds up to the whole: several
// breakdowns of the same persons, one after the other. The rest is what no run takes.
func alternatives(p prints, whole int, categories []int, unit float64) (runs [][]int, rest []int) {
	if len(categories) > maxTree {
		return nil, categories
	}
	t := &tree{prints: p, order: categories, unit: unit, end: make([]int, len(categories))}
	for i := 0; i < len(categories); {
		if _, next, ok := t.run(whole, i); ok {
			runs = append(runs, categories[i:next])
			i = next
			continue
		}
		rest = append(rest, categories[i])
		i++
	}
	return runs, rest
}
