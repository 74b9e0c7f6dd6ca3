package importer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
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

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
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
	for _, form := range sortedKeys(members) {
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
		name := d.Label + " " + strings.ReplaceAll(d.ID, "_", " ")
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

// noCount returns the word that says that the figures are no counts, "" if none does.
func (l *looker) noCount() string {
	for _, text := range l.texts() {
		if word := mentions("nocount", text); word != "" {
			return word
		}
	}
	return ""
}

// money returns the word that says that the figures are amounts of money, "" if none
// does. Titles are not asked, because persons may be counted by income.
func (l *looker) money() string {
	for n, text := range l.texts() {
		if n == 0 && text == l.Cube.Title {
			text = strings.ReplaceAll(text, ",", " ")
			if !strings.Contains(plain(text), "gross domestic product") {
				continue
			}
		}
		if word := mentions("money", text); word != "" {
			return word
		}
	}
	return ""
}

// texts are the texts that say what the figures are.
func (l *looker) texts() []string {
	texts := []string{l.Cube.Title, l.Cube.Unit}
	for i := range l.Axes {
		if a := &l.Axes[i]; a.Fixed >= 0 && (a.About == Metrics || a.About == Units) {
			k := &l.Cube.Dims[i].Categories[a.Fixed]
			if a.About == Metrics {
				texts = []string{k.Unit} // the contents say more than the title of all
			}
			return append(texts, k.Label, k.Code)
		}
	}
	return texts
}

// measure says what the figures are, and refuses those of which no table can be made.
func (l *looker) measure() {
	for i := range l.Axes {
		if a := &l.Axes[i]; a.About == Metrics && a.Fixed >= 0 && len(a.Keep) > 1 && l.Cube.Dims[i].Categories[a.Fixed].Label == "" {
			l.Notes = append(l.Notes, fmt.Sprintf("the file does not say what %s is; look it up before you use it", l.name(i, a.Fixed)))
		}
	}
	if l.choices.Measure != "" {
		l.Measure = l.choices.Measure
		if l.Measure != "counts" {
			l.hundred()
		}
		return
	}
	for _, q := range l.Open {
		if q.Axis >= 0 && (l.Axes[q.Axis].About == Metrics || l.Axes[q.Axis].About == Units) {
			return // first it has to be known which figures are read
		}
	}
	negative, positive := false, false
	l.eachKept(func(c *office.Cell) {
		negative, positive = negative || c.Number < 0, positive || c.Number > 0
	})
	switch {
	case negative:
		l.Measure = ""
		l.ask(-1, "some figures are negative, so they are neither counts nor shares")
		return
	case !positive:
		l.Measure = ""
		l.ask(-1, "no figure is above 0, so there is no distribution to take")
		return
	}
	if l.proven {
		return
	}
	if word := l.noCount(); word != "" {
		l.Measure = ""
		l.ask(-1, fmt.Sprintf("the figures are no counts (%q), and a table needs counts, percent or shares", word), "--measure counts")
		return
	}
	if word := l.money(); word != "" {
		l.Measure = ""
		l.ask(-1, fmt.Sprintf("the figures are amounts of money (%q), and a table needs counts, percent or shares of persons", word), "--measure counts")
		return
	}
	percent, about := false, l.texts()
	for _, text := range about {
		percent = percent || mentions("percent", text) != ""
	}
	if (percent || l.unit < 1) && l.hundred() {
		l.Measure = "percent"
		return
	}
	for i := range l.Axes {
		if f := l.Axes[i].Fixed; f >= 0 {
			about = append(about, l.Cube.Dims[i].Categories[f].Name())
		}
	}
	thousand := slices.ContainsFunc(append(about, l.Cube.Notes...), func(t string) bool { return mentions("thousand", t) != "" })
	switch {
	case percent:
		l.Measure = ""
		l.ask(-1, "the figures are percentages and add up to 100 over no dimension", "--measure percent", "--measure counts")
	case l.unit < 1 && !thousand:
		l.Measure = ""
		l.ask(-1, "the figures have decimal places, and nothing shows that they are counts", "--measure counts")
	}
}

// hundred finds the dimensions over which the figures add up to 100.
func (l *looker) hundred() bool {
	var free []int
	for i := range l.Axes {
		if l.Axes[i].Fixed < 0 && l.Axes[i].About != Periods {
			free = append(free, i)
		}
	}
	tries := [][]int{}
	for _, i := range free {
		tries = append(tries, []int{i})
	}
	if len(free) > 1 {
		tries = append(tries, free)
	}
	for _, axes := range tries {
		sum, n := map[int64]float64{}, map[int64]int{}
		for k := range l.grid.cube.Cells {
			c := &l.grid.cube.Cells[k]
			base, kept := c.At, true
			for _, i := range axes {
				j := l.grid.category(c.At, i)
				kept = kept && l.Axes[i].Keep[j]
				base -= int64(j) * l.grid.stride[i]
			}
			if kept && c.Status == office.Value {
				sum[base] += c.Number
				n[base]++
			}
		}
		good := 0
		for b, s := range sum {
			if n[b] > 1 && math.Abs(s-100) <= l.unit*0.5*float64(n[b])+1e-6 {
				good++
			}
		}
		if good > 0 && good*50 >= len(sum)*49 {
			l.Over = axes
			for _, i := range axes {
				l.Axes[i].Proof = fmt.Sprintf("adds up to 100 in %s of %s", humanize.Thousands(int64(good)), humanize.Count(len(sum), "row", "rows"))
			}
			return true
		}
	}
	return false
}

func (l *looker) name(i, j int) string { return quote(&l.Cube.Dims[i], j) }

// list names categories of an axis.
func (l *looker) list(i int, categories []int) string {
	d := &l.Cube.Dims[i]
	n := len(categories)
	switch {
	case n == 1:
		return quote(d, categories[0])
	case n <= 3:
		var names []string
		for _, j := range categories {
			names = append(names, quote(d, j))
		}
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return fmt.Sprintf("%d categories, %s to %s", n, quote(d, categories[0]), quote(d, categories[n-1]))
}

// flag writes a choice as the user would.
func (l *looker) flag(flag string, i, j int) string {
	d := &l.Cube.Dims[i]
	key := d.Categories[j].Key()
	if flag == "--drop" || len(key) > 40 {
		key = d.Categories[j].Name()
	}
	if at, ok := d.Find(key); (!ok || at != j) && flag == "--pick" {
		key = d.Categories[j].Key()
	}
	return flag + " " + shell(l.shortName(i)+"="+key)
}

func (l *looker) keepFlag(i int) string { return "--keep " + shell(l.shortName(i)) }

// shortName returns the shorter of a dimension's names that finds it.
func (l *looker) shortName(i int) string {
	d := &l.Cube.Dims[i]
	if d.ID != "" && (len(d.ID) < len(d.Label) || d.Label == "") && !strings.Contains(d.ID, "=") {
		return d.ID
	}
	name := d.Name()
	words := strings.Fields(name)
	for n := 1; n < len(words) && len(name) > 30; n++ {
		short := strings.TrimRight(strings.Join(words[:n], " "), ",;:")
		if at, ok := l.Cube.Find(short); ok && at == i && len(short) > 3 {
			return short
		}
	}
	return name
}

// shell quotes a word for a shell.
func shell(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=.,:+@/") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
