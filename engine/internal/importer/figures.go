package importer

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// restrict makes the grid of the cells in the picked categories, whose dimensions have
// one category in it. All periods stay, because what adds up does so in each of them.
func (l *looker) restrict() {
	c := &office.Cube{Dims: slices.Clone(l.Cube.Dims)}
	full := shape(l.Cube)
	fixed := func(i int) int {
		if l.Axes[i].About == Periods {
			return -1
		}
		return l.Axes[i].Fixed
	}
	for i := range l.Axes {
		if f := fixed(i); f >= 0 {
			c.Dims[i].Categories = l.Cube.Dims[i].Categories[f : f+1]
		}
	}
	small := shape(c)
	decimals, whole, broken := 0, 0, 0
	for k := range l.Cube.Cells {
		cell := l.Cube.Cells[k]
		at, inside := int64(0), true
		for i := range l.Axes {
			j := full.category(cell.At, i)
			switch f := fixed(i); {
			case f < 0:
				at += int64(j) * small.stride[i]
			case f != j:
				inside = false
			}
		}
		if inside {
			cell.At = at
			c.Cells = append(c.Cells, cell)
			if cell.Status == office.Value {
				if n := places(cell.Number); n > 0 {
					decimals = max(decimals, n)
					broken++
				} else {
					whole++
				}
			}
		}
	}
	l.grid = newGrid(c)
	if l.Cube.Decimals >= 0 {
		decimals = min(decimals, max(l.Cube.Decimals, 0))
	}
	if broken*20 < whole { // a few means among the counts
		decimals = 0
	}
	l.unit = math.Pow(10, -float64(decimals))
	if decimals == 0 {
		l.unit = multiple(c.Cells)
	}
}

// multiple returns the number that all figures are multiples of: offices round to tens,
// or to threes and fives at random, to protect persons.
func multiple(cells []office.Cell) float64 {
	for _, unit := range []float64{1000, 100, 10, 5, 3} {
		n, good := 0, true
		for i := range cells {
			if x := cells[i].Number; cells[i].Status == office.Value && x != 0 && x == math.Trunc(x) {
				n++
				if good = math.Mod(x, unit) == 0; !good {
					break
				}
			}
		}
		if good && n >= 20 {
			return unit
		}
	}
	return 1
}

// places returns the decimal places of a figure, at most 6.
func places(x float64) int {
	for n := range 6 {
		p := math.Pow(10, float64(n))
		if math.Abs(x*p-math.Round(x*p)) < 1e-6*max(1, math.Abs(x*p)*1e-3) {
			return n
		}
	}
	return 6
}

// Figure formats a figure.
func Figure(x float64) string {
	whole, rest := math.Modf(math.Abs(x))
	if rest < 1e-9 || whole >= 1e15 {
		return humanize.Thousands(int64(math.Round(min(max(x, -1e15), 1e15))))
	}
	text := strings.TrimRight(strconv.FormatFloat(rest, 'f', 3, 64)[1:], "0")
	if text == "." {
		text = ""
	}
	text = humanize.Thousands(int64(whole)) + text
	if x < 0 {
		return "-" + text
	}
	return text
}
