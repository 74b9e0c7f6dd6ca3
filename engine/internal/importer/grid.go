package importer

import (
	"math"

	"github.com/personagen/personagen/engine/internal/office"
)

// grid gives the cells of a cube by position.
type grid struct {
	cube   *office.Cube
	sizes  []int
	stride []int64
	dense  []int32         // number of the cell plus 1, by position
	sparse map[int64]int32 // the same, for cubes with few cells
}

// shape returns a grid without cells.
func shape(c *office.Cube) *grid {
	g := &grid{cube: c, sizes: c.Sizes(), stride: make([]int64, len(c.Dims))}
	n := int64(1)
	for i := len(g.sizes) - 1; i >= 0; i-- {
		g.stride[i] = n
		n *= int64(g.sizes[i])
	}
	return g
}

func newGrid(c *office.Cube) *grid {
	g := shape(c)
	n := g.stride[0] * int64(g.sizes[0])
	if n <= 4*int64(len(c.Cells))+1<<20 {
		g.dense = make([]int32, n)
	} else {
		g.sparse = make(map[int64]int32, len(c.Cells))
	}
	for i := range c.Cells {
		if g.dense != nil {
			g.dense[c.Cells[i].At] = int32(i) + 1
		} else {
			g.sparse[c.Cells[i].At] = int32(i) + 1
		}
	}
	return g
}

// cell returns the cell at a position, nil if the file has none.
func (g *grid) cell(at int64) *office.Cell {
	k := int32(0)
	if g.dense != nil {
		k = g.dense[at]
	} else {
		k = g.sparse[at]
	}
	if k == 0 {
		return nil
	}
	return &g.cube.Cells[k-1]
}

// category returns the category of a position in dimension d.
func (g *grid) category(at int64, d int) int {
	return int(at / g.stride[d] % int64(g.sizes[d]))
}

// sums is how well the categories of a dimension add up to another.
type sums struct {
	cells    int     // in which the whole and all its parts are figures
	agree    int     // of them, within the tolerance
	strong   int     // of those that agree, with a whole and two parts above 0
	most     float64 // largest difference in those that agree
	rounding float64 // largest difference that rounding explains
	lacks    int     // cells left out because a part is missing
	ratio    float64 // of the sum of all parts to that of all wholes
	gaps     bool    // missing parts were counted as 0
}

// holds reports whether the parts add up: in three cells that can tell at least, and
// in all but one of fifty. Differences beyond rounding are noise, which offices add to
// protect persons, only if they cancel out.
func (s sums) holds() bool { return s.strong >= 3 && s.seems() }

// seems is holds without the three cells.
func (s sums) seems() bool {
	return s.cells > 0 && s.agree*50 >= s.cells*49 && (s.most <= s.rounding || math.Abs(s.ratio-1) <= 0.002)
}

// tolerances returns the largest difference between a whole and the sum of n parts that
// rounding to a unit explains, and that rounding and noise explain.
func tolerances(n int, unit float64) (rounding, noise float64) {
	rounding = unit * 0.5 * float64(n+1)
	return rounding, rounding + 5*unit*math.Sqrt(float64(n+1))
}

// add compares a category of dimension d with the sum of others, in every combination
// of the other dimensions.
func (g *grid) add(d, whole int, parts []int, unit float64, gaps bool) sums {
	s := sums{gaps: gaps}
	rounding, noise := tolerances(len(parts), unit)
	s.rounding = rounding
	var all, sum float64
	for i := range g.cube.Cells {
		w := &g.cube.Cells[i]
		if g.category(w.At, d) != whole || w.Status != office.Value {
			continue
		}
		base := w.At - int64(whole)*g.stride[d]
		total, positive, negative, complete := 0.0, 0, w.Number < 0, true
		for _, p := range parts {
			c := g.cell(base + int64(p)*g.stride[d])
			switch {
			case c == nil && !gaps || c != nil && (c.Status == office.Suppressed || c.Status == office.Missing && !gaps):
				complete = false
			case c != nil && c.Status == office.Value:
				total += c.Number
				if c.Number > 0 {
					positive++
				}
				negative = negative || c.Number < 0
			}
		}
		if !complete {
			s.lacks++
			continue
		}
		s.cells++
		if negative {
			continue // a balance, such as births less deaths, is no sum of parts
		}
		all, sum = all+w.Number, sum+total
		// Of small figures rounding explains less: 2 is not 1 + 0 + 0.
		diff := math.Abs(w.Number - total)
		exact := diff <= min(rounding, unit*0.5+math.Abs(w.Number)*0.02)+math.Abs(w.Number)*1e-9
		if exact || diff <= noise {
			s.agree++
			s.most = max(s.most, diff)
			if positive > 1 && w.Number > 0 && (exact || w.Number > 10*noise) {
				s.strong++
			}
		}
	}
	if all != 0 {
		s.ratio = sum / all
	}
	return s
}

// compare tests whether parts add up, with missing parts left out, or, if that says
// nothing, counted as 0.
func (g *grid) compare(d, whole int, parts []int, unit float64) sums {
	s := g.add(d, whole, parts, unit, false)
	if s.strong < 3 && s.lacks > 0 || !s.seems() {
		if t := g.add(d, whole, parts, unit, true); t.holds() && t.cells > s.cells {
			return t
		}
	}
	return s
}
