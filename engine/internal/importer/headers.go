package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/office"
	"github.com/personagen/personagen/engine/internal/table"
)

// wideLevel is a row of the header of columns of figures: a dimension.
type wideLevel struct {
	name    string
	labels  []string
	pattern string // how it is found in headers of several rows, or of two dimensions
	// contents says that the labels may be what is counted.
	contents bool
}

// unfold makes dimensions of the header of several columns of figures.
func (t *tabular) unfold(faults *diag.List) bool {
	levels := t.file.Levels()
	if levels == nil {
		faults.Errorf(diag.Place{File: t.shown}, "no-header", "the file has %d columns of figures and no header that names them", len(t.figures)).
			WithHint("say how many rows the header has, for example --header 2, and how many lines are above it: --skip 3")
		return false
	}
	rows := len(levels[t.figures[0]])
	var varying []int
	for r := range rows {
		first := levels[t.figures[0]][r]
		if slices.ContainsFunc(t.figures, func(c int) bool { return levels[c][r] != first }) {
			varying = append(varying, r)
		}
	}
	combined := map[string]bool{}
	for _, c := range t.figures {
		combined[strings.Join(levels[c], "\x00")] = true
	}
	if len(varying) == 0 || len(combined) < len(t.figures) {
		faults.Errorf(diag.Place{File: t.shown}, "same-headers", "several columns of figures have the same header").WithHint("name the columns apart, or delete those that are not needed")
		return false
	}
	all := make([][]string, rows) // labels by row of the header
	for r := range rows {
		for _, c := range t.figures {
			if !slices.Contains(all[r], levels[c][r]) {
				all[r] = append(all[r], levels[c][r])
			}
		}
	}
	for _, r := range varying {
		l := wideLevel{labels: all[r]}
		if rows > 1 {
			before := ""
			for _, labels := range all[:r] {
				if alt := eitherOf(labels); alt != "" {
					before += "(?:" + alt + ") "
				}
			}
			l.pattern = "^" + before + "(" + eitherOf(all[r]) + ")( |$)"
			if r == rows-1 {
				l.pattern = "(?:^| )(" + eitherOf(all[r]) + ")$"
			}
		}
		if split := t.splitPeriods(l.labels); split != nil && rows == 1 {
			t.wide = append(t.wide, split...)
			continue
		}
		t.wide = append(t.wide, l)
	}
	for i := range t.wide {
		t.wide[i].name = t.nameOf(t.wide[i].labels, fmt.Sprintf("columns_%d", i+1), i)
	}
	layout := t.guess.Layout
	var text []string
	for _, l := range t.wide {
		w := table.Labels{Of: l.name}
		if l.pattern != "" {
			x, err := regexp.Compile(l.pattern)
			if err != nil {
				faults.Errorf(diag.Place{File: t.shown}, "headers", "the headers are too long")
				return false
			}
			w.Pattern = x
			text = append(text, l.name+": "+cueRaw(l.pattern))
		} else {
			for _, label := range l.labels {
				w.List = append(w.List, table.Name{Text: label})
			}
			text = append(text, l.name+": "+strings.ReplaceAll(cueList(l.labels), "\n", "\n\t\t"))
		}
		layout.Wide = append(layout.Wide, w)
	}
	t.settings = append(t.settings, table.Setting{Option: "wide", Value: "{" + strings.Join(text, ", ") + "}", Evidence: fmt.Sprintf("%d columns of figures", len(t.figures))})
	var names []string
	for _, c := range t.keys {
		names = append(names, t.file.Header[c])
	}
	file := table.Parse(t.data, t.shown, layout, faults)
	if faults.Failed() {
		return false
	}
	t.file, t.keys, t.figures = file, nil, nil
	for _, name := range names {
		if c, ok := file.Column(name); ok {
			t.keys = append(t.keys, c)
		}
	}
	for i := range t.wide {
		if c, ok := file.Column(t.wide[i].name); ok {
			t.keys = append(t.keys, c)
		}
	}
	t.figures = []int{len(file.Header) - 1}
	return true
}

// eitherOf writes labels as alternatives of a regular expression, the longest first.
func eitherOf(labels []string) string {
	sorted := slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == "" })
	slices.SortStableFunc(sorted, func(a, b string) int { return len(b) - len(a) })
	for i := range sorted {
		sorted[i] = regexp.QuoteMeta(sorted[i])
	}
	return strings.Join(sorted, "|")
}

// nameOf names a dimension without a name after what its labels are.
func (t *tabular) nameOf(labels []string, otherwise string, n int) string {
	d := &office.Dimension{Total: -1}
	for _, l := range labels {
		d.Categories = append(d.Categories, office.Category{Label: l})
	}
	name := otherwise
	ages := 0
	labels = slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return is("total", l) || partlyTotal(l) || is("unknown", l) })
	for _, l := range labels {
		if _, ok := parseAge(l); ok {
			ages++
		}
	}
	_, sexes := sexesOf(d)
	switch {
	case periods(d):
		name = "year"
	case sexes == 2:
		name = "sex"
	case ages*5 >= len(labels)*4 && ages > 1:
		name = "age"
	case n >= 0 && (len(t.wide) == 1 && t.wide[n].pattern == "" || t.wide[n].contents):
		name = "contents"
	}
	for _, taken := range t.file.Header {
		if taken == name {
			name += "_2"
		}
	}
	for i := range t.wide {
		if i != n && t.wide[i].name == name {
			name += "_2"
		}
	}
	return name
}
