package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// levels tells the totals and sub-totals of a dimension from its categories.
func (l *looker) levels(i int) {
	d, a := &l.Cube.Dims[i], &l.Axes[i]
	unknown := l.empty(i)
	l.ofWhich(i)
	all := l.Kept(i)
	var totals []int
	for _, j := range all {
		if _, ok := labelled(d, j); ok && (a.Ages == nil || a.Ages[j] == none) {
			totals = append(totals, j)
		}
	}
	// A file may declare the category that stands for a variable that is left out;
	// it need not be the sum of the others, so its label counts more.
	if len(totals) > 1 && d.Total >= 0 {
		if slices.ContainsFunc(totals, func(j int) bool { why, _ := labelled(d, j); return j != d.Total && why == "label" }) {
			if why, _ := labelled(d, d.Total); why != "label" {
				totals = without(totals, d.Total)
			}
		}
	}
	others := without(all, totals...)
	leaves, doubtful := l.subtotals(i, others)
	asked := -1
	switch {
	case len(totals) > 0:
		for _, t := range totals {
			l.labelledTotal(i, t, leaves, unknown)
		}
	case len(l.dropped[i]) > 0 && l.noCount() == "":
		l.beside(i, leaves)
	case a.About != Ages && len(leaves) > 2 && l.noCount() == "":
		asked = l.silentTotal(i, leaves)
	}
	l.askAbout(i, slices.DeleteFunc(doubtful, func(b branch) bool { return b.whole == asked }))
}

// empty drops categories of unknown ages, and of nothing, if they have no figure above
// 0 anywhere.
// It returns the categories of unknown ages.
func (l *looker) empty(i int) (dropped []int) {
	d, a := &l.Cube.Dims[i], &l.Axes[i]
	if a.About != Ages {
		return nil
	}
	var all, unknown float64
	some := map[int]bool{}
	for k := range l.grid.cube.Cells {
		c := &l.grid.cube.Cells[k]
		j := l.grid.category(c.At, i)
		if _, total := labelled(d, j); total && a.Ages[j] == none {
			continue
		}
		if c.Number > 0 {
			some[j] = true
			all += c.Number
			if a.Ages[j] == none {
				unknown += c.Number
			}
		}
	}
	for j := range d.Categories {
		if _, total := labelled(d, j); !a.Keep[j] || a.Ages[j] != none || total {
			continue
		}
		switch share := unknown / max(all, 1); {
		case !some[j]:
			l.drop(i, j, "no age", "has no figure above 0")
		case is("unknown", d.Categories[j].Name()) || mentions("unknown", d.Categories[j].Name()) != "":
			l.drop(i, j, "label", fmt.Sprintf("%s of the persons have no known age", percent(share)))
			dropped = append(dropped, j)
			if share > 0.01 {
				l.Notes = append(l.Notes, fmt.Sprintf("%s of the persons have no known age; they get the ages of the others", percent(share)))
			}
		}
	}
	return dropped
}

// ofWhich drops categories whose labels say that they are parts of the one before.
func (l *looker) ofWhich(i int) {
	d, a := &l.Cube.Dims[i], &l.Axes[i]
	for j := 1; j < len(d.Categories); j++ {
		before, _, _ := strings.Cut(d.Categories[j].Label, ":")
		label := plain(d.Categories[j].Label)
		for n := range label {
			if n > 3 && label[n] == ' ' && a.Keep[j] && is("ofwhich", label[:n]) {
				before = label[:n]
			}
		}
		if a.Keep[j] && is("ofwhich", before) {
			l.drop(i, j, fmt.Sprintf("label: a part of %s", l.name(i, j-1)))
		}
	}
}

func percent(share float64) string {
	if share < 0.0001 {
		return "less than 0.01 %"
	}
	return fmt.Sprintf("%.2g %%", 100*share)
}

// subtotals drops the categories that are sums of others, and returns the rest.
// Sums of which it is not certain are returned with them.
func (l *looker) subtotals(i int, categories []int) (rest []int, doubtful []branch) {
	a := &l.Axes[i]
	var found []branch
	switch {
	case a.About == Ages:
		found = spanBranches(a.Ages, categories)
	case slices.ContainsFunc(categories, func(j int) bool { return l.Cube.Dims[i].Categories[j].Parent >= 0 }):
		found = parentBranches(&l.Cube.Dims[i], categories)
	case len(categories) > 2 && l.noCount() == "":
		found = branches(l.grid.fingerprints(i), categories, l.unit)
	}
	for _, b := range found {
		leaves := leavesOf(b, found)
		s := l.compare(i, b.whole, leaves, l.unit)
		switch {
		case len(b.parts) == 1 && s.seems():
			l.drop(i, b.whole, "the same as its only part, "+l.list(i, b.parts))
		case s.holds():
			l.drop(i, b.whole, s.evidence(), "sum of "+l.list(i, b.parts))
			l.learn(i, s)
		case a.About == Ages && (s.seems() || s.cells > 0 && math.Abs(s.ratio-1) < 0.01):
			text := s.evidence()
			if !s.seems() {
				text = fmt.Sprintf("they are %.4g %% of it", 100*s.ratio)
			}
			l.drop(i, b.whole, "its ages are those of "+l.list(i, b.parts), text)
		case a.About == Ages || l.Cube.Dims[i].Categories[leaves[0]].Parent == b.whole:
			doubtful = append(doubtful, b)
		case s.seems() && len(leaves) > 1 && l.significant(i, b.whole, leaves):
			doubtful = append(doubtful, b)
		}
	}
	return l.still(i, categories), doubtful
}

// askAbout asks about sums of which it is not certain.
func (l *looker) askAbout(i int, doubtful []branch) {
	if l.keeps(i) || l.noCount() != "" {
		return // means and rates do not add up
	}
	for n, b := range doubtful {
		leaves := leavesOf(b, doubtful)
		s := l.compare(i, b.whole, leaves, l.unit)
		text := fmt.Sprintf("%s may be the sum of %s: it %s, and three cells with figures above 0 are needed to be sure", l.name(i, b.whole), l.list(i, b.parts), cmp.Or(s.evidence(), "has no cell in which all are figures"))
		if !s.seems() && s.cells > 0 {
			text = fmt.Sprintf("%s contains %s, which are %.4g %% of it", l.name(i, b.whole), l.list(i, b.parts), 100*s.ratio)
		}
		l.ask(i, text, l.flag("--drop", i, b.whole), l.keepFlag(i))
		if n == 9 && len(doubtful) > 10 {
			l.ask(i, fmt.Sprintf("and so may %d more categories", len(doubtful)-10))
			break
		}
	}
}

// still returns those of some categories that are still read.
func (l *looker) still(i int, categories []int) []int {
	return slices.DeleteFunc(slices.Clone(categories), func(j int) bool { return !l.Axes[i].Keep[j] })
}

// significant reports whether a sum is too exact for chance: with so many categories
// that could begin it, and parts that are large against the difference.
func (l *looker) significant(i, whole int, parts []int) bool {
	s := l.compare(i, whole, parts, l.unit)
	most, differ := 0.0, 0.0
	for k := range l.grid.cube.Cells {
		if c := &l.grid.cube.Cells[k]; l.grid.category(c.At, i) == whole {
			most = max(most, c.Number)
		}
	}
	differ = (2*s.most + l.unit) / (most / float64(len(parts)))
	return math.Pow(differ, float64(max(1, s.strong)))*float64(len(l.Axes[i].Keep)) < 0.005
}

// compare tests whether parts add up.
func (l *looker) compare(i, whole int, parts []int, unit float64) sums {
	if l.Zero {
		return l.grid.add(i, whole, parts, unit, true)
	}
	return l.grid.compare(i, whole, parts, unit)
}

// learn notes what a proven sum says about the figures.
func (l *looker) learn(i int, s sums) {
	l.proven = true
	l.zeros = l.zeros || s.gaps
	if l.Axes[i].Proof == "" {
		l.Axes[i].Proof = s.evidence()
	}
}

// labelledTotal decides about a category that is called a total.
// The unknown are parts of it too, though they are left out.
func (l *looker) labelledTotal(i, t int, leaves, unknown []int) {
	d := &l.Cube.Dims[i]
	why, _ := labelled(d, t)
	if len(leaves) == 0 || len(leaves) < 2 && why == "declared by the file" {
		return
	}
	s := l.compare(i, t, slices.Concat(leaves, unknown), l.unit)
	if s.holds() {
		l.drop(i, t, why, s.evidence())
		l.learn(i, s)
		return
	}
	runs, rest := l.runs(i, t, leaves)
	if part, s := l.partBeside(i, t, leaves); len(runs) < 2 && part != nil {
		l.drop(i, t, why, s.evidence())
		for _, j := range part {
			l.drop(i, j, fmt.Sprintf("a part of another category: without it the others add up to %s (%s)", l.name(i, t), s.evidence()))
		}
		l.learn(i, s)
		return
	}
	switch {
	case len(runs) > 0:
		best := l.takeRun(i, t, runs, rest)
		l.drop(i, t, why, best.evidence())
	case l.keeps(i) || why == "declared by the file" && !s.seems():
		// A default value of the variable, or categories that the user knows.
	case s.cells == 0:
		l.drop(i, t, why, "no cell tells whether it adds up")
	case s.seems():
		l.drop(i, t, why, s.evidence())
	case s.ratio <= 1.0005 && s.ratio >= 0.95:
		l.drop(i, t, why, fmt.Sprintf("the others are %.4g %% of it", 100*s.ratio))
		l.Notes = append(l.Notes, fmt.Sprintf("the categories of %s add up to %.4g %% of %s", d.Name(), 100*s.ratio, l.name(i, t)))
	case l.lonelyTotal():
		l.drop(i, t, why, "the figures are no counts")
	default:
		l.ask(i, fmt.Sprintf("%s is called a total, but the other %s are %.4g %% of it: they overlap, or some are missing", l.name(i, t), humanize.Count(len(leaves), "category", "categories"), 100*s.ratio),
			l.flag("--drop", i, t), l.flag("--pick", i, t))
	}
}

// partBeside finds one or two categories that stand beside a category that contains
// them: without them the others add up to the total.
func (l *looker) partBeside(i, t int, leaves []int) ([]int, sums) {
	if len(leaves) < 3 || len(leaves) > 100 {
		return nil, sums{}
	}
	for n, x := range leaves {
		if s := l.compare(i, t, without(leaves, x), l.unit); s.holds() && s.ratio <= 1.0005 {
			return []int{x}, s
		}
		if len(leaves) < 4 || len(leaves) > 20 {
			continue
		}
		for _, y := range leaves[n+1:] {
			if s := l.compare(i, t, without(leaves, x, y), l.unit); s.holds() && s.ratio <= 1.0005 {
				return []int{x, y}, s
			}
		}
	}
	return nil, sums{}
}

// lonelyTotal reports whether the figures are means or rates, of which a total is no
// sum.
func (l *looker) lonelyTotal() bool {
	return !l.proven && (l.noCount() != "" || slices.ContainsFunc(l.texts(), func(t string) bool { return mentions("percent", t) != "" }))
}

// silentTotal looks for a category without a telling label that is the sum of all
// others, or of one of several breakdowns.
// It returns the category that it asks about, -1 for none.
func (l *looker) silentTotal(i int, leaves []int) int {
	p := l.grid.fingerprints(i)
	t := leaves[0]
	for _, j := range leaves {
		if slices.ContainsFunc(seq(len(p[j])), func(k int) bool { return p[j][k] > p[t][k] }) && !slices.ContainsFunc(seq(len(p[j])), func(k int) bool { return p[j][k] < p[t][k] }) {
			t = j
		}
	}
	others := without(leaves, t)
	s := l.compare(i, t, others, l.unit)
	if s.holds() {
		l.drop(i, t, s.evidence())
		l.learn(i, s)
		return -1
	}
	runs, rest := l.runs(i, t, others)
	if len(runs) > 0 && !slices.ContainsFunc(runs, func(r []int) bool { return !l.compare(i, t, r, l.unit).holds() }) {
		best := l.takeRun(i, t, runs, rest)
		l.drop(i, t, best.evidence())
		return -1
	}
	if l.keeps(i) {
		return -1
	}
	switch {
	case len(runs) == 1 && l.significant(i, t, runs[0]):
		s := l.compare(i, t, runs[0], l.unit)
		flags := []string{l.flag("--drop", i, t)}
		text := fmt.Sprintf("%s may be the sum of %s: it %s, and three cells with figures above 0 are needed to be sure", l.name(i, t), l.list(i, runs[0]), s.evidence())
		if len(rest) > 0 {
			text += fmt.Sprintf("; then %s would be another breakdown of the same persons", l.list(i, rest))
			for _, j := range rest {
				if f := l.flag("--drop", i, j); !slices.Contains(flags, f) {
					flags = append(flags, f)
				}
			}
		}
		l.ask(i, text, strings.Join(flags, " "), l.keepFlag(i))
		return t
	case s.seems() && l.significant(i, t, others):
		l.ask(i, fmt.Sprintf("%s may be the sum of all others: it %s, and three cells with figures above 0 are needed to be sure", l.name(i, t), s.evidence()), l.flag("--drop", i, t), l.keepFlag(i))
		return t
	}
	return -1
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}
