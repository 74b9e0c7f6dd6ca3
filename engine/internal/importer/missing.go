package importer

import (
	"fmt"
	"math"
	"strconv"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// missing says what the figures are that are read and not given. A total of the file tells
// how many persons it leaves for them. Without one, the categories of which no figure is
// given are left out: a fit would invent their persons. The rest is left to other tables.
func (l *looker) missing() {
	var missing []int64
	l.eachKept(func(c *office.Cell) {
		if noFigure(c) {
			missing = append(missing, c.At)
		}
	})
	if len(missing) == 0 {
		return
	}
	g := newGrid(l.Cube)
	most, of, rest := 0, "", 0.0
	for _, i := range l.Free() {
		for _, d := range l.Axes[i].Drops {
			if _, total := labelled(&l.Cube.Dims[i], d.Category); !total {
				continue
			}
			if n, r := l.leaves(g, i, d.Category, missing); n > most {
				most, of, rest = n, l.name(i, d.Category)+" of "+l.Cube.Dims[i].Name(), r
			}
		}
	}
	if most == 0 {
		l.dropUntold()
		return
	}
	each, _ := strconv.ParseFloat(strconv.FormatFloat(rest/float64(most), 'g', 3, 64), 64)
	l.Each = &each
	covered := "them"
	if most < len(missing) {
		covered = humanize.Thousands(int64(most)) + " of them"
	}
	l.Notes = append(l.Notes, fmt.Sprintf("%s not given: %s leaves %s for %s, so each is taken to be %s (missing_is)",
		humanize.Count(len(missing), "figure is", "figures are"), of, Figure(rest), covered, Figure(each)))
}

func noFigure(c *office.Cell) bool {
	return c.Status == office.Missing || c.Status == office.Suppressed
}

// leaves returns how many of the missing figures are in lines along dimension i of which
// the total is known, and what these totals have beyond the figures that are given.
func (l *looker) leaves(g *grid, i, total int, missing []int64) (n int, rest float64) {
	lines := map[int64]int{} // missing figures by the position of the line
	for _, at := range missing {
		lines[at-int64(g.category(at, i))*g.stride[i]]++
	}
	d, a := &l.Cube.Dims[i], &l.Axes[i]
	figure := func(line int64, j int) (float64, bool) {
		c := g.cell(line + int64(j)*g.stride[i])
		if c == nil || c.Status != office.Value {
			return 0, false
		}
		return c.Number, true
	}
	for _, at := range missing { // in the order of the file, so that sums are the same
		line := at - int64(g.category(at, i))*g.stride[i]
		count := lines[line]
		delete(lines, line)
		whole, ok := figure(line, total)
		if count == 0 || !ok {
			continue
		}
		for j := range d.Categories {
			unknown := is("unknown", d.Categories[j].Name()) || mentions("unknown", d.Categories[j].Name()) != ""
			if a.Keep[j] || unknown {
				part, _ := figure(line, j)
				whole -= part
			}
		}
		n += count
		rest += math.Max(0, whole)
	}
	return n, rest
}

// dropUntold leaves out the categories of which no figure is given, except ages, which
// are in order.
func (l *looker) dropUntold() {
	for _, i := range l.Free() {
		if l.Axes[i].About == Ages || l.keeps(i) {
			continue
		}
		d := &l.Cube.Dims[i]
		told, untold := make([]bool, len(d.Categories)), make([]bool, len(d.Categories))
		var at []int
		l.eachKept(func(c *office.Cell) {
			at = l.Cube.Split(c.At, at)
			if noFigure(c) {
				untold[at[i]] = true
			} else {
				told[at[i]] = true
			}
		})
		for j := range untold {
			if untold[j] && !told[j] {
				l.drop(i, j, "no figure is given")
			}
		}
	}
}
