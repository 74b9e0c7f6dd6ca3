package importer

import (
	"fmt"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// periods asks for one of several periods.
func (l *looker) periods(i int) {
	d := &l.Cube.Dims[i]
	latest := 0
	for j := range d.Categories {
		a, b := &d.Categories[latest], &d.Categories[j]
		x, y := max(yearOf(a.Key()), yearOf(a.Name())), max(yearOf(b.Key()), yearOf(b.Name()))
		if y > x || y == x && (x == 0 || b.Key() > a.Key()) { // periods without years are in order
			latest = j
		}
	}
	l.ask(i, fmt.Sprintf("%s has %s; a table is about one of them", d.Name(), humanize.Count(len(d.Categories), "period", "periods")), l.flag("--pick", i, latest))
}

// units asks for one of several units.
func (l *looker) units(i int) {
	d := &l.Cube.Dims[i]
	var answers []string
	for _, j := range l.Kept(i) {
		if answers = append(answers, "--unit "+shell(d.Categories[j].Key())); len(answers) == 8 {
			break
		}
	}
	l.ask(i, fmt.Sprintf("%s has %s: %s", d.Name(), humanize.Count(len(d.Categories), "unit", "units"), Examples(d, 8)), answers...)
}

// contents asks for one of several contents, unless they add up: then they are a total
// and its parts.
func (l *looker) contents(i int) {
	d, a := &l.Cube.Dims[i], &l.Axes[i]
	all := l.Kept(i)
	alike := true
	for _, j := range all {
		alike = alike && d.Categories[j].Unit == d.Categories[all[0]].Unit && d.Categories[j].Decimals == d.Categories[all[0]].Decimals
	}
	if alike && len(all) > 2 && !slices.ContainsFunc(l.grid.cube.Cells, func(c office.Cell) bool { return c.Number < 0 }) && l.partition(i) {
		a.About = Other
		if sexes, n := sexesOf(d); n == 2 {
			a.About, a.Sexes = Sex, sexes
		}
		return
	}
	if l.keeps(i) {
		a.About = Other
		return
	}
	var answers []string
	for _, j := range all {
		if answers = append(answers, l.flag("--pick", i, j)); len(answers) == 12 {
			break
		}
	}
	if len(all) <= 12 {
		answers = append(answers, l.keepFlag(i))
	}
	l.ask(i, fmt.Sprintf("%s has %d contents, which may describe different persons; a table is about one of them", d.Name(), len(all)), answers...)
	insides, whole := 0, slices.ContainsFunc(all, func(j int) bool { return !l.fractions(i, j) })
	for _, j := range all[:min(len(all), 40)] {
		for _, k := range all[:min(len(all), 40)] {
			if j != k && insides < 8 && l.inside(i, j, k) {
				insides++
				l.Notes = append(l.Notes, fmt.Sprintf("%s is never above %s and may be a part of it", l.name(i, j), l.name(i, k)))
			}
		}
		if word := mentions("nocount", d.Categories[j].Name()); word != "" {
			l.Notes = append(l.Notes, fmt.Sprintf("%s is no count (%q)", l.name(i, j), word))
		} else if whole && l.fractions(i, j) {
			l.Notes = append(l.Notes, fmt.Sprintf("%s has fractions, so it is no count", l.name(i, j)))
		}
	}
}

// partition tells the contents from those that are sums of them, if all that are left
// then add up to one of these. Otherwise nothing changes.
func (l *looker) partition(i int) bool {
	a := &l.Axes[i]
	axis, open, notes, proven, zeros := *a, len(l.Open), len(l.Notes), l.proven, l.zeros
	axis.Keep, axis.Drops = slices.Clone(a.Keep), slices.Clone(a.Drops)
	l.levels(i)
	if len(l.Open) == open {
		for _, d := range a.Drops {
			if l.compare(i, d.Category, l.Kept(i), l.unit).holds() {
				return true
			}
		}
	}
	*a, l.Open, l.Notes, l.proven, l.zeros = axis, l.Open[:open], l.Notes[:notes], proven, zeros
	return false
}

// inside reports whether the figures of category j are never above those of k, and
// mostly far below.
func (l *looker) inside(i, j, k int) bool {
	n, below := 0, 0
	for x := range l.grid.cube.Cells {
		c := &l.grid.cube.Cells[x]
		if l.grid.category(c.At, i) != j || c.Status != office.Value {
			continue
		}
		o := l.grid.cell(c.At + int64(k-j)*l.grid.stride[i])
		if o == nil || o.Status != office.Value {
			continue
		}
		if c.Number > o.Number {
			return false
		}
		n++
		if c.Number > o.Number*0.02 && c.Number < o.Number*0.98 {
			below++
		}
	}
	return n >= 10 && below*10 >= n*9
}

// fractions reports whether the figures of a category have decimal places.
func (l *looker) fractions(i, j int) bool {
	for x := range l.grid.cube.Cells {
		c := &l.grid.cube.Cells[x]
		if l.grid.category(c.At, i) == j && c.Status == office.Value && c.Number != math.Trunc(c.Number) {
			return true
		}
	}
	return false
}
