package importer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
)

// Files with one figure in each row, as programs write them, have columns beside the
// dimensions: codes of labels, keys of whole rows, flags, units and their scale.

// isCode reports whether a column of numbers has the codes of the column of labels beside
// it: each code has one label and each label one code, and most are in several rows.
func (t *tabular) isCode(c int) bool {
	n := t.distinct(c)
	if n < 2 || len(t.file.Rows) < 2*n || slices.ContainsFunc(t.file.Rows, func(r []string) bool { return strings.ContainsAny(r[c], ".,%") }) {
		return false
	}
	return slices.ContainsFunc(t.keys, func(k int) bool {
		return (k == c-1 || k == c+1) && t.distinct(k) == n && t.determines(c, k) && t.determines(k, c)
	})
}

// determines reports whether each cell of column a is always beside the same cell of b.
func (t *tabular) determines(a, b int) bool {
	beside := map[string]string{}
	for _, r := range t.file.Rows {
		if old, ok := beside[r[a]]; ok && old != r[b] {
			return false
		}
		beside[r[a]] = r[b]
	}
	return true
}

// oneFigure leaves the column of figures that is called so, if there is one, and makes
// labels of the columns of numbers that are codes or have a single number.
func (t *tabular) oneFigure() {
	value := -1
	for _, c := range t.figures {
		if is("value", t.file.Header[c]) {
			if value >= 0 {
				return // two of them
			}
			value = c
		}
	}
	t.figures = slices.DeleteFunc(t.figures, func(c int) bool {
		code := c != value && len(t.figures) > 1 && (t.isCode(c) || value >= 0 && t.distinct(c) == 1)
		if code {
			t.keys = append(t.keys, c)
		}
		return code
	})
	slices.Sort(t.keys)
	if value >= 0 { // last, so that it is not taken to tell rows apart
		t.figures = append(slices.DeleteFunc(t.figures, func(c int) bool { return c == value }), value)
		t.value = true
	}
}

// onlyValue leaves out the columns of figures beside the one that is called so.
func (t *tabular) onlyValue() {
	if !t.value || len(t.figures) < 2 {
		return
	}
	last := len(t.figures) - 1
	for _, c := range t.figures[:last] {
		t.left = append(t.left, fmt.Sprintf("column %q is left out: the figures are in %q", t.file.Header[c], t.file.Header[t.figures[last]]))
	}
	t.figures = t.figures[last:]
}

// isMargin reports whether a column has margins of error, such as "±1,234".
func (t *tabular) isMargin(c int) bool {
	margins := 0
	for _, r := range t.file.Rows {
		switch {
		case strings.HasPrefix(r[c], "±") || strings.HasPrefix(r[c], "+/-"):
			margins++
		case strings.ContainsAny(r[c], "0123456789"):
			return false
		}
	}
	return margins*2 > len(t.file.Rows)
}

// combinations counts the different rows of labels.
func (t *tabular) combinations() int {
	seen := map[string]bool{}
	for _, r := range t.file.Rows {
		seen[t.key(r)] = true
	}
	return len(seen)
}

// rowKeys leaves out columns that only number the rows or name the combinations of other
// columns, such as the vectors of time series: they determine two others at least, and
// without them the rows are as different as with them.
func (t *tabular) rowKeys() {
	size := map[int]int{}
	for _, c := range t.keys {
		size[c] = t.distinct(c)
	}
	byDistinct := slices.Clone(t.keys)
	slices.SortStableFunc(byDistinct, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	all := t.combinations()
	for _, c := range byDistinct[:min(len(byDistinct), 4)] {
		if size[c] < 4 {
			break
		}
		var named []int
		paired := false
		for _, k := range t.keys {
			if k != c && size[k] > 1 && t.determines(c, k) {
				named = append(named, k)
				paired = paired || size[k] == size[c]
			}
		}
		if len(named) < 2 || paired && size[c] < len(t.file.Rows) {
			continue
		}
		keys := t.keys
		t.keys = slices.DeleteFunc(slices.Clone(keys), func(k int) bool { return k == c })
		if t.combinations() < all {
			t.keys = keys
			continue
		}
		var names []string
		for _, k := range named {
			names = append(names, t.file.Header[k])
		}
		t.left = append(t.left, fmt.Sprintf("column %q is left out: it only names the combinations of %s", t.file.Header[c], humanize.Quoted(names)))
	}
}

// scale reads the column that says in what the figures are counted, such as thousands. If
// it has several, it is a dimension, of which one is chosen.
func (t *tabular) scale(c int) bool {
	if !is("scale", t.file.Header[c]) || t.distinct(c) != 1 {
		return false
	}
	power, ok := powerOf(t.file.Rows[0][c])
	if ok && power > 0 {
		t.power = power
		t.left = append(t.left, fmt.Sprintf("the figures are in %s (%s)", t.file.Rows[0][c], t.file.Header[c]))
	}
	return ok
}

// powerOf returns the power of ten that a text such as "thousands" or "3" means.
func powerOf(text string) (int, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, n >= 0 && n <= 12
	}
	for power := range 10 {
		if is("e"+strconv.Itoa(power), text) {
			return power, true
		}
	}
	return 0, false
}

// attributeLabel matches the columns of labels of GENESIS, the data base of the German
// offices; the name of the dimension is in another column.
var attributeLabel = regexp.MustCompile(`^(\d+)_variable_attribute_(label|code)$`)

// corner returns the name of the rows of a table whose first header names its columns, such
// as "Sex" above states: it is the only text between the header and the figures.
func (t *tabular) corner(c int) string {
	heading, ok := t.file.Column(t.guess.Layout.Headings)
	if c != 0 || !ok || t.distinct(heading) != 1 || len(t.wide) != 1 {
		return ""
	}
	kind := t.wide[0].name
	if kind == "year" {
		kind = "time"
	}
	var labels []string
	for _, r := range t.file.Rows {
		if !slices.Contains(labels, r[c]) && len(labels) < 100 {
			labels = append(labels, r[c])
		}
	}
	if mentions(kind, t.file.Header[c]) == "" || t.nameOf(labels, "", -1) != "" {
		return ""
	}
	return t.file.Rows[0][heading]
}

// about returns the name of the dimension of a column, if another column says it.
func (t *tabular) about(c int) string {
	if name := t.corner(c); name != "" {
		return name
	}
	m := attributeLabel.FindStringSubmatch(t.file.Header[c])
	if m == nil {
		return ""
	}
	of, ok := t.file.Column(m[1] + "_variable_label")
	if !ok || t.distinct(of) != 1 {
		return ""
	}
	return strings.TrimSpace(t.file.Rows[0][of])
}
