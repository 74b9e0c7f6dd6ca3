package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/internal/office"
)

// leavesOf returns the parts of a branch that are no branches themselves.
func leavesOf(b branch, all []branch) []int {
	var leaves []int
	for _, p := range b.parts {
		if k := slices.IndexFunc(all, func(o branch) bool { return o.whole == p }); k >= 0 && p != b.whole {
			leaves = append(leaves, leavesOf(all[k], all)...)
			continue
		}
		leaves = append(leaves, p)
	}
	return leaves
}

// spanBranches finds ages that are made of shorter ones.
func spanBranches(ages []span, categories []int) []branch {
	var found []branch
	for _, j := range categories {
		whole := ages[j]
		if whole == none || whole.From == whole.To {
			continue
		}
		var parts []int
		for next := whole.From; next <= whole.To; {
			best := -1
			for _, k := range categories {
				a := ages[k]
				if k != j && a.From == next && a.To <= whole.To && a != whole && (best < 0 || a.To < ages[best].To) {
					best = k
				}
			}
			if best < 0 {
				parts = nil
				break
			}
			parts = append(parts, best)
			if ages[best].To == open {
				break
			}
			next = ages[best].To + 1
		}
		if len(parts) > 1 {
			found = append(found, branch{j, parts})
		}
	}
	return found
}

// parentBranches are the parents that the file declares.
func parentBranches(d *office.Dimension, categories []int) []branch {
	children := map[int][]int{}
	for _, j := range categories {
		if p := d.Categories[j].Parent; slices.Contains(categories, p) {
			children[p] = append(children[p], j)
		}
	}
	var found []branch
	for _, j := range categories {
		if len(children[j]) > 0 {
			found = append(found, branch{j, children[j]})
		}
	}
	return found
}

// beside asks about categories beside those that add up to a category that the user
// dropped: they are another breakdown of the same persons.
func (l *looker) beside(i int, leaves []int) {
	for _, t := range sortedInts(l.dropped[i]) {
		s := l.compare(i, t, leaves, l.unit)
		if s.holds() {
			l.learn(i, s)
			return
		}
		if s.seems() || l.keeps(i) {
			return
		}
		runs, rest := l.runs(i, t, leaves)
		if len(runs) == 0 || len(rest) == 0 && len(runs) == 1 || !l.significant(i, t, runs[0]) {
			continue
		}
		l.takeRun(i, t, runs, rest)
		return
	}
}

func sortedInts(set map[int]bool) []int {
	var list []int
	for n := range set {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// runs splits categories into breakdowns of a whole; each is tested in all cells.
func (l *looker) runs(i, whole int, categories []int) (runs [][]int, rest []int) {
	if runs, rest = l.classes(i, whole, categories); len(runs) > 0 {
		return runs, rest
	}
	found, rest := alternatives(l.grid.fingerprints(i), whole, categories, l.unit)
	for _, r := range found {
		if s := l.compare(i, whole, r, l.unit); s.holds() || s.seems() && l.significant(i, whole, r) {
			runs = append(runs, r)
		} else {
			rest = append(rest, r...)
		}
	}
	slices.Sort(rest)
	return runs, rest
}

// classes splits categories into those whose codes have the same form, such as the
// two digits of counties and the four of municipalities, if some of these classes add
// up to the whole.
func (l *looker) classes(i, whole int, categories []int) (runs [][]int, rest []int) {
	d := &l.Cube.Dims[i]
	members := map[string][]int{}
	for _, j := range categories {
		code := d.Categories[j].Code
		if code == "" {
			return nil, categories
		}
		letters := strings.TrimRightFunc(code, func(r rune) bool { return r >= '0' && r <= '9' })
		if letters == code { // of codes without digits, such as NUTS 2's, only the length counts
			letters = ""
		}
		form := fmt.Sprintf("%s%d", letters, len(code))
		members[form] = append(members[form], j)
	}
	if len(members) < 2 {
		return nil, categories
	}
	for _, form := range slices.Sorted(maps.Keys(members)) {
		class := members[form]
		if len(class) > 1 && l.compare(i, whole, class, l.unit).holds() {
			runs = append(runs, class)
		} else {
			rest = append(rest, class...)
		}
	}
	slices.Sort(rest)
	return runs, rest
}

// takeRun keeps the breakdown with the most categories and drops the others. What no
// breakdown takes is asked.
func (l *looker) takeRun(i, whole int, runs [][]int, rest []int) sums {
	best := runs[0]
	for _, r := range runs {
		if len(r) > len(best) {
			best = r
		}
	}
	s := l.compare(i, whole, best, l.unit)
	if s.holds() {
		l.learn(i, s)
	}
	for _, r := range runs {
		if &r[0] == &best[0] {
			continue
		}
		other := l.compare(i, whole, r, l.unit)
		for _, j := range r {
			l.drop(i, j, fmt.Sprintf("one of %d that are another breakdown of %s, which %s", len(r), l.name(i, whole), other.evidence()))
		}
	}
	if s.holds() {
		// Whoever is counted in another category is counted twice.
		for _, j := range rest {
			l.drop(i, j, fmt.Sprintf("beside the %d categories that add up to %s", len(best), l.name(i, whole)))
		}
		return s
	}
	if len(rest) > 0 && !l.keeps(i) {
		var flags []string
		for _, j := range rest {
			flags = append(flags, l.flag("--drop", i, j))
		}
		l.ask(i, fmt.Sprintf("%s are beside the %d categories that add up to %s", l.list(i, rest), len(best), l.name(i, whole)), strings.Join(flags, " "), l.keepFlag(i))
	}
	return s
}
