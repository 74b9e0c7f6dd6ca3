package importer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/personagen/personagen/engine/internal/table"
)

// columns tells the columns of labels from those of figures. A column of numbers is one
// of labels if its name is that of a dimension, or if the rows cannot be told apart
// without it.
func (t *tabular) columns() {
	one := t.guess.Layout.Header <= 1
	for c, name := range t.file.Header {
		switch {
		case t.blank(c):
			continue
		case is("flag", name) || is("sparseflag", name) && t.empty(c)*2 > len(t.file.Rows):
			t.flags = append(t.flags, c)
			continue // it qualifies figures
		case t.isMargin(c):
			t.left = append(t.left, fmt.Sprintf("column %q is left out: it has margins of error", name))
			continue
		case is("attribute", name) && len(t.file.Header) > 4, t.scale(c):
			continue // it describes the figures
		}
		dimension := slices.Contains(t.guess.Figures, name) && len(t.guess.Figures) > 1 && len(t.file.Rows) > 3 && t.distinct(c) == 1
		if one {
			for _, kind := range []string{"sex", "age", "time", "place", "code"} {
				dimension = dimension || is(kind, name)
			}
		}
		switch {
		case slices.Contains(t.guess.Figures, name) && !dimension && (!one || t.readable(c)):
			t.figures = append(t.figures, c)
		case slices.Contains(t.guess.Labels, name) || dimension || slices.Contains(t.guess.Figures, name):
			t.keys = append(t.keys, c)
		default: // such as the column of headings
			t.keys = append(t.keys, c)
		}
	}
	// Columns without a name and without two different cells say nothing.
	t.keys = slices.DeleteFunc(t.keys, func(c int) bool {
		return strings.HasPrefix(t.file.Header[c], "#") && t.distinct(c) <= 1
	})
	if one {
		t.oneFigure()
	}
	t.rowKeys()
	t.numberedRows()
	// Of two columns with the same cells one is enough.
	t.keys = slices.DeleteFunc(t.keys, func(c int) bool {
		for _, b := range t.keys {
			if b < c && t.distinct(c) > 1 && !slices.ContainsFunc(t.file.Rows, func(r []string) bool { return r[b] != r[c] }) {
				return true
			}
		}
		return false
	})
	// A dimension has each of its numbers in several rows.
	for one && len(t.figures) > 1 && len(t.keys) > 0 && t.distinct(t.figures[0])*2 <= len(t.file.Rows) && !t.unique() {
		t.keys = append(t.keys, t.figures[0])
		t.figures = t.figures[1:]
	}
	t.onlyValue()
	slices.Sort(t.keys)
}

// numberedRows leaves out columns that only number the rows: their cells are all
// different, and the other columns tell the rows apart without them.
func (t *tabular) numberedRows() {
	if len(t.file.Rows) < 10 {
		return
	}
	all := t.keys
	t.keys = slices.DeleteFunc(slices.Clone(all), func(c int) bool { return t.distinct(c) == len(t.file.Rows) })
	if len(t.keys) == 0 || !t.unique() {
		t.keys = all
	}
}

// empty counts the empty cells of a column.
func (t *tabular) empty(c int) int {
	n := 0
	for _, r := range t.file.Rows {
		if r[c] == "" {
			n++
		}
	}
	return n
}

// readable reports whether the cells of a column are figures, or missing. Those of
// numbers with several points, such as 1.2.7, are not.
func (t *tabular) readable(c int) bool {
	bad, brackets := 0, 0
	for r, row := range t.file.Rows {
		if _, err := t.file.Number(r, c); err != nil && !errors.Is(err, table.ErrEmpty) && !errors.Is(err, table.ErrMissing) {
			if bad++; strings.HasPrefix(row[c], "(") || strings.HasPrefix(row[c], "[") {
				brackets++
			}
		}
	}
	// A figure in brackets does not make labels of the others: it is reported.
	return bad*10 <= len(t.file.Rows) || bad == brackets && bad*2 < len(t.file.Rows)
}

// blank reports whether all cells of a column are empty.
func (t *tabular) blank(c int) bool {
	return !slices.ContainsFunc(t.file.Rows, func(r []string) bool { return r[c] != "" })
}

func (t *tabular) distinct(c int) int {
	seen := map[string]bool{}
	for _, r := range t.file.Rows {
		seen[r[c]] = true
	}
	return len(seen)
}

// unique reports whether the labels tell nearly all rows apart. A few rows may have the
// same, such as two places with one name.
func (t *tabular) unique() bool {
	seen := map[string]bool{}
	twice := 0
	for _, r := range t.file.Rows {
		key := t.key(r)
		if seen[key] {
			twice++
		}
		seen[key] = true
	}
	return twice*20 <= len(t.file.Rows)
}

func (t *tabular) key(row []string) string {
	var b strings.Builder
	for _, c := range t.keys {
		b.WriteString(row[c])
		b.WriteByte(0)
	}
	return b.String()
}

// pairs finds columns of codes: each code has one label and each label one code. It
// gives the column of the labels by that of the codes.
func (t *tabular) pairs() map[int]int {
	pairs := map[int]int{}
	for _, a := range t.keys {
		n := t.distinct(a)
		if n < 2 || pairs[a] > 0 {
			continue
		}
		for _, b := range t.keys {
			_, taken := pairs[b]
			if a == b || taken || t.distinct(b) != n || !t.codes(a) || t.codes(b) {
				continue
			}
			to := map[string]string{}
			same := true
			for _, r := range t.file.Rows {
				if old, ok := to[r[a]]; ok && old != r[b] {
					same = false
					break
				}
				to[r[a]] = r[b]
			}
			if same {
				pairs[a] = b
				break
			}
		}
	}
	return pairs
}

// codes reports whether a column has numbers or short texts without blanks, and no
// lower-case words, nor letters that have no case.
func (t *tabular) codes(c int) bool {
	caseless := func(r rune) bool { return unicode.Is(unicode.Lo, r) }
	for _, r := range t.file.Rows {
		if len(r[c]) > 20 || strings.ToUpper(r[c]) != r[c] || strings.Contains(r[c], " ") || strings.ContainsFunc(r[c], caseless) {
			return false
		}
	}
	return true
}
