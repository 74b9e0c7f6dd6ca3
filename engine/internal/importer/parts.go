package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/office"
)

// parts asks about categories of which nothing shows that they are parts of a whole.
func (l *looker) parts(i int) {
	d, a := &l.Cube.Dims[i], &l.Axes[i]
	kept := l.Kept(i)
	first := map[string]int{}
	for _, j := range kept {
		name := d.Categories[j].Name() + "\x00" + d.Categories[j].Code
		if first[name]++; first[name] == 2 && !l.offers(l.flag("--drop", i, j)) {
			l.ask(i, fmt.Sprintf("several rows are called %s", l.name(i, j)), l.flag("--drop", i, j))
		}
	}
	if a.exclusive {
		for _, j := range kept {
			if s := a.Ages[j]; s != none && s.To != open && s.To > s.From {
				l.Notes = append(l.Notes, fmt.Sprintf("the classes of %s end where others begin: %s is read as %d to %d", d.Name(), l.name(i, j), s.From, s.To))
				break
			}
		}
	}
	switch {
	case l.keeps(i) || len(kept) < 2:
	case a.About == Ages:
		l.ages(i, kept)
	case a.About == Places:
		var unions []int
		for _, j := range kept {
			if is("union", d.Categories[j].Name()) || is("union", d.Categories[j].Code) || mentions("union", d.Categories[j].Label) != "" {
				unions = append(unions, j)
			}
		}
		if len(unions) > 0 && len(unions) < len(kept) && a.Proof == "" {
			var flags []string
			for _, j := range unions {
				flags = append(flags, l.flag("--drop", i, j))
			}
			l.ask(i, fmt.Sprintf("%s may contain other categories of %s", l.list(i, unions), d.Name()), strings.Join(flags, " "), l.keepFlag(i))
		}
	case a.About == Other && a.Proof == "" && months(d):
	case a.About == Other && a.Proof == "":
		name := d.Label + " " + strings.ReplaceAll(d.ID, "_", " ") + " " + d.Also
		if word := mentions("method", name); word != "" {
			l.ask(i, fmt.Sprintf("%s may be the same persons counted in %d ways (%q); they must not be added", d.Name(), len(kept), word), l.flag("--pick", i, kept[0]), l.keepFlag(i))
			return
		}
		if j, k, ok := l.alike(i, kept); ok && l.noCount() == "" {
			l.ask(i, fmt.Sprintf("%s and %s have nearly the same figures everywhere: they may be the same persons counted in two ways, which must not be added", l.name(i, j), l.name(i, k)), l.flag("--pick", i, j), l.keepFlag(i))
			return
		}
		l.Notes = append(l.Notes, fmt.Sprintf("nothing in the file shows that the %d categories of %s are parts of a whole", len(kept), d.Name()))
	}
}

// offers reports whether a flag is among the answers of a question.
func (l *looker) offers(flag string) bool {
	return slices.ContainsFunc(l.Open, func(q Question) bool {
		return slices.ContainsFunc(q.Answers, func(a string) bool { return strings.Contains(a, flag) })
	})
}

// ages asks about ages that overlap, leave a gap or are no ages.
func (l *looker) ages(i int, kept []int) {
	a := &l.Axes[i]
	ages := slices.DeleteFunc(slices.Clone(kept), func(j int) bool { return a.Ages[j] == none })
	for _, j := range kept {
		if a.Ages[j] == none {
			if s := l.compare(i, j, ages, l.unit); s.holds() {
				l.drop(i, j, s.evidence())
				l.proven = true
				continue
			}
			l.ask(i, fmt.Sprintf("%s is no age", l.name(i, j)), l.flag("--drop", i, j))
		}
	}
	slices.SortStableFunc(ages, func(x, y int) int { return cmp.Or(a.Ages[x].From-a.Ages[y].From, a.Ages[x].To-a.Ages[y].To) })
	for n := 1; n < len(ages); n++ {
		x, y := ages[n-1], ages[n]
		if a.Ages[y].From <= a.Ages[x].To {
			l.ask(i, fmt.Sprintf("the ages %s and %s overlap", l.name(i, x), l.name(i, y)), l.flag("--drop", i, x), l.flag("--drop", i, y))
			return
		}
		if a.Ages[y].From > a.Ages[x].To+1 {
			l.Notes = append(l.Notes, fmt.Sprintf("no category has the ages %d to %d", a.Ages[x].To+1, a.Ages[y].From-1))
		}
	}
}

// alike finds two categories with nearly the same figures in all cells.
func (l *looker) alike(i int, kept []int) (int, int, bool) {
	for n, j := range kept[:min(len(kept), 6)] {
		for _, k := range kept[n+1 : min(len(kept), 6)] {
			cells, near := 0, 0
			for x := range l.grid.cube.Cells {
				c := &l.grid.cube.Cells[x]
				if l.grid.category(c.At, i) != j || c.Status != office.Value || c.Number < 100*l.unit {
					continue
				}
				if o := l.grid.cell(c.At + int64(k-j)*l.grid.stride[i]); o != nil && o.Status == office.Value {
					cells++
					if o.Number > c.Number*0.85 && o.Number < c.Number*1.18 {
						near++
					}
				}
			}
			if cells >= 10 && near*20 >= cells*19 {
				return j, k, true
			}
		}
	}
	return 0, 0, false
}
