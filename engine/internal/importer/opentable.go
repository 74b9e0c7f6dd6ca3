package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/office"
	"github.com/personagen/personagen/engine/internal/sheet"
	"github.com/personagen/personagen/engine/internal/table"
)

// openTable reads a CSV file or a sheet of a workbook, whose layout is guessed.
func openTable(data []byte, shown string, o Options, faults *diag.List) *Opened {
	known := table.Layout{Skip: o.Skip, Header: o.Header}
	form := "csv"
	if sheet.Is(data) {
		form = "xlsx"
		if o.Sheet == "" {
			if o.Sheet = onlyTable(data, shown, faults); faults.Failed() {
				return nil
			}
		}
		known.Sheet = &table.Sheet{Name: o.Sheet}
	} else if o.Sheet != "" {
		faults.Errorf(diag.Place{File: shown}, "no-sheet", "the file is no workbook, so it has no sheet").WithHint("remove --sheet")
		return nil
	}
	g := table.Guess(data, known)
	pointsOfThousands(data, &g)
	file := table.Parse(data, shown, g.Layout, faults)
	if faults.Failed() {
		return nil
	}
	t := &tabular{guess: g, file: file, shown: shown, form: form, data: data}
	return t.open(o, faults)
}

// onlyTable returns the name of the only sheet of a workbook that has figures, "" if the
// workbook has one sheet. It reports a workbook with several.
func onlyTable(data []byte, shown string, faults *diag.List) string {
	names, err := sheet.Names(data)
	if err != nil || len(names) < 2 {
		return "" // reported by whoever reads it
	}
	// Sheets of explanations have a few figures at most.
	best, most, next := "", 0, 0
	for _, name := range names[:min(len(names), 50)] {
		g := table.Guess(data, table.Layout{Sheet: &table.Sheet{Name: name}})
		n := 0
		if len(g.Figures) > 0 {
			n = len(table.Parse(data, shown, g.Layout, &diag.List{}).Rows) * len(g.Figures)
		}
		if n > most {
			best, most, next = name, n, most
		} else {
			next = max(next, n)
		}
	}
	if most > 10*next {
		return best
	}
	var quoted []string
	for _, n := range names {
		quoted = append(quoted, strconv.Quote(n))
	}
	faults.Errorf(diag.Place{File: shown}, "several-sheets", "the workbook has several sheets: %s", strings.Join(quoted, ", ")).
		WithHint("choose one: --sheet %s", quoted[0])
	return ""
}

// tabular makes a cube of a file of rows and columns.
type tabular struct {
	guess       table.Guessed
	file        *table.File
	shown, form string
	data        []byte
	keys        []int // columns of labels
	figures     []int // columns of figures
	wide        []wideLevel
	settings    []table.Setting
}

// wideLevel is a row of the header of columns of figures: a dimension.
type wideLevel struct {
	name    string
	subject string
	labels  []string
	pattern string // how it is found in headers of several rows
}

func (t *tabular) open(o Options, faults *diag.List) *Opened {
	t.settings = slices.DeleteFunc(slices.Clone(t.guess.Settings), func(s table.Setting) bool { return s.Option == "missing" || s.Option == "zero" })
	t.columns()
	at := diag.Place{File: t.shown}
	switch {
	case len(t.figures) == 0 || len(t.file.Rows) == 0:
		faults.Errorf(at, "no-figures", "no column of figures is found in the file").
			WithHint("name a table that was downloaded as CSV, Excel (.xlsx), PC-Axis, JSON-stat or SDMX-CSV")
		return nil
	case len(t.keys) == 0:
		faults.Errorf(at, "no-labels", "no column of labels is found beside the figures")
		return nil
	}
	if len(t.figures) > 1 && !t.unfold(faults) {
		return nil
	}
	c, long := t.cube(faults)
	if c == nil {
		return nil
	}
	out := &Opened{Cube: c, Layout: t.settings}
	out.Origin = Origin{Form: t.form, Long: long, Zero: t.guess.Layout.Numbers.Zero, Year: max(yearIn(t.guess.Titles), yearOf(t.file.Header[t.figures[0]]))}
	if o.Sheet != "" {
		out.Origin.Layout = append(out.Origin.Layout, "sheet: "+cue(o.Sheet))
	}
	for _, x := range []struct {
		option string
		n      int
	}{{"skip", o.Skip}, {"header", o.Header}} {
		if x.n > 0 && !slices.ContainsFunc(t.settings, func(s table.Setting) bool { return s.Option == x.option }) {
			out.Origin.Layout = append(out.Origin.Layout, fmt.Sprintf("%s: %d", x.option, x.n))
		}
	}
	for _, s := range t.settings {
		out.Origin.Layout = append(out.Origin.Layout, s.Option+": "+s.Value)
	}
	return out
}

// grouped matches a number with points, each before three digits.
var grouped = regexp.MustCompile(`^[1-9]\d{0,2}(\.\d{3})+$`)

// pointsOfThousands finds out that points separate thousands, which a single figure
// does not show: every point is before three digits, and figures below 1,000 have none.
func pointsOfThousands(data []byte, g *table.Guessed) {
	n := &g.Layout.Numbers
	if n.Decimal != "" || n.Thousands != "" {
		return
	}
	file := table.Parse(data, "", g.Layout, &diag.List{})
	points, small, example := 0, 0, ""
	for _, row := range file.Rows {
		for c, name := range file.Header {
			if c >= len(row) || !slices.Contains(g.Figures, name) {
				continue
			}
			switch cell := row[c]; {
			case grouped.MatchString(cell):
				points++
				example = cell
			case strings.Contains(cell, ".") && strings.ContainsAny(cell, "0123456789"):
				return
			case len(cell) <= 3 && strings.Trim(cell, "0123456789") == "" && cell != "":
				small++
			case len(cell) > 3 && strings.Trim(cell, "0123456789") == "":
				return // 1000 would have a point
			}
		}
	}
	if points == 0 || small == 0 {
		return
	}
	n.Decimal, n.Thousands = ",", "."
	evidence := fmt.Sprintf("%d figures such as %q have three digits after each point, and %d below 1,000 have none", points, example, small)
	g.Settings = append(g.Settings, table.Setting{Option: "decimal", Value: `","`, Evidence: evidence}, table.Setting{Option: "thousands", Value: `"."`, Evidence: evidence})
}

// columns tells the columns of labels from those of figures. A column of numbers is one
// of labels if its name is that of a dimension, or if the rows cannot be told apart
// without it.
func (t *tabular) columns() {
	one := t.guess.Layout.Header <= 1
	for c, name := range t.file.Header {
		if is("flag", name) || t.blank(c) {
			continue // it qualifies figures, or says nothing
		}
		dimension := slices.Contains(t.guess.Figures, name) && len(t.guess.Figures) > 1 && len(t.file.Rows) > 3 && t.distinct(c) == 1
		if one {
			for _, kind := range []string{"sex", "age", "time", "place", "code"} {
				dimension = dimension || is(kind, name)
			}
		}
		switch {
		case slices.Contains(t.guess.Figures, name) && !dimension:
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
	// Of two columns with the same cells one is enough.
	t.keys = slices.DeleteFunc(t.keys, func(c int) bool {
		for _, b := range t.keys {
			if b < c && !slices.ContainsFunc(t.file.Rows, func(r []string) bool { return r[b] != r[c] }) {
				return true
			}
		}
		return false
	})
	for one && len(t.figures) > 1 && len(t.keys) > 0 && !t.unique() {
		t.keys = append(t.keys, t.figures[0])
		t.figures = t.figures[1:]
	}
	slices.Sort(t.keys)
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
				if alt := alternatives2(labels); alt != "" {
					before += "(?:" + alt + ") "
				}
			}
			l.pattern = "^" + before + "(" + alternatives2(all[r]) + ")( |$)"
			if r == rows-1 {
				l.pattern = "(?:^| )(" + alternatives2(all[r]) + ")$"
			}
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

// alternatives2 writes labels as alternatives of a regular expression, the longest first.
func alternatives2(labels []string) string {
	sorted := slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == "" })
	slices.SortStableFunc(sorted, func(a, b string) int { return len(b) - len(a) })
	for i := range sorted {
		sorted[i] = regexp.QuoteMeta(sorted[i])
	}
	return strings.Join(sorted, "|")
}

// cueRaw writes a string in CUE, raw if it has backslashes.
func cueRaw(s string) string {
	if strings.Contains(s, `\`) && !strings.ContainsAny(s, "\"\n#") {
		return `#"` + s + `"#`
	}
	return cue(s)
}

// nameOf names a dimension without a name after what its labels are.
func (t *tabular) nameOf(labels []string, otherwise string, n int) string {
	d := &office.Dimension{Total: -1}
	for _, l := range labels {
		d.Categories = append(d.Categories, office.Category{Label: l})
	}
	name := otherwise
	ages := 0
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
	case n >= 0 && len(t.wide) == 1 && t.wide[n].pattern == "":
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

// cube makes the cube of the labels and the column of figures.
func (t *tabular) cube(faults *diag.List) (*office.Cube, *office.Long) {
	f := t.file
	c := &office.Cube{Format: "CSV", Decimals: -1}
	if t.form == "xlsx" {
		c.Format = "Excel workbook"
	}
	t.describe(c)
	long := &office.Long{Header: f.Header, Rows: f.Rows, Value: t.figures[0]}
	pairs := t.pairs()
	var axes []int // columns of labels that are dimensions
	for _, k := range t.keys {
		if _, code := pairs[k]; code {
			continue
		}
		name := f.Header[k]
		d := office.Dimension{Label: name, Total: -1}
		if strings.HasPrefix(name, "#") || name == "heading" {
			var labels []string
			for _, r := range f.Rows {
				if !slices.Contains(labels, r[k]) && len(labels) < 2000 {
					labels = append(labels, r[k])
				}
			}
			d.ID, d.Label = name, t.nameOf(labels, "rows", -1)
		}
		if name == "contents" && len(t.wide) > 0 {
			d.Role = office.Metric
		}
		c.Dims = append(c.Dims, d)
		axes = append(axes, k)
		long.Labels = append(long.Labels, k)
		code := k
		for other, of := range pairs {
			if of == k {
				code = other
			}
		}
		long.Codes = append(long.Codes, code)
	}
	largest := 0
	for i, k := range axes {
		if t.distinct(k) > t.distinct(axes[largest]) {
			largest = i
		}
	}
	b := office.NewBuilder(c)
	at := make([]int, len(axes))
	occurs := map[string]int{}
	for r, row := range f.Rows {
		key := t.key(row)
		occurs[key]++
		for i, k := range axes {
			unique := row[k]
			if n := occurs[key]; n > 1 && i == largest {
				unique += "\x00" + strconv.Itoa(n)
			}
			code := ""
			if long.Codes[i] != k {
				code = row[long.Codes[i]]
			}
			j, err := b.Category(i, unique, code, row[k])
			if err != nil {
				table.ReportOffice(err, t.shown, faults)
				return nil, nil
			}
			at[i] = j
		}
		cell := office.Cell{}
		x, err := f.Number(r, long.Value)
		text := row[long.Value]
		switch {
		case err == nil:
			cell.Number = x
			if slices.Contains(t.guess.Layout.Numbers.Zero, text) {
				cell.Status = office.Zero
			}
		case errors.Is(err, table.ErrEmpty), errors.Is(err, table.ErrMissing):
			cell.Symbol, cell.Status = text, office.SymbolStatus(text)
		default:
			faults.Errorf(f.Place(r, long.Value), "not-a-number", "%v", err).WithHint("if the row is no part of the table, delete it or say where the table ends with until")
			return nil, nil
		}
		b.Add(cell, at)
	}
	if err := b.Finish(); err != nil {
		table.ReportOffice(err, t.shown, faults)
		return nil, nil
	}
	return c, long
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
// lower-case words.
func (t *tabular) codes(c int) bool {
	for _, r := range t.file.Rows {
		if len(r[c]) > 12 || strings.ToUpper(r[c]) != r[c] || strings.Contains(r[c], " ") {
			return false
		}
	}
	return true
}

// describe takes the title, the source and the unit from the texts around the table.
func (t *tabular) describe(c *office.Cube) {
	pending := "" // a key whose value is on the next line
	for _, text := range slices.Concat(t.guess.Titles, t.guess.Notes) {
		for n, line := range strings.Split(text, "\n") {
			line = strings.Join(strings.Fields(line), " ")
			key, value, ok := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			if pending != "" && line != "" {
				key, value, ok, pending = pending, line, true, ""
			}
			switch {
			case line == "":
			case ok && value == "" && (is("source", key) || is("unit", key) || is("updated", key)):
				pending = key
			case ok && value != "" && is("source", key) && c.Publisher == "":
				c.Publisher = value
			case ok && value != "" && is("unit", key) && c.Unit == "":
				c.Unit = value
			case ok && value != "" && is("updated", key) && c.Updated == "":
				c.Updated = value
			case strings.HasPrefix(line, "©") && c.Publisher == "":
				c.Publisher = strings.TrimSpace(strings.TrimLeft(line, "© "))
			case c.Title == "" && n == 0 && slices.Contains(t.guess.Titles, text):
				c.Title = line
			case len(t.guess.Titles) > 1 && text == t.guess.Titles[1] && len(c.Title) < 60 && n == 0:
				c.Title += ": " + line
			default:
				c.AddNote(line)
			}
		}
	}
}

// yearIn returns the only year that texts name, 0 if there is none or several.
func yearIn(texts []string) int {
	year := 0
	for _, text := range texts {
		for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
			if y := yearOf(word); y > 0 && len(word) == 4 {
				if year != 0 && year != y {
					return 0
				}
				year = y
			}
		}
	}
	return year
}
