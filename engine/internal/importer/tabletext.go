package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/office"
)

// maxInline is the number of values above which a category reads them from the file.
const maxInline = 200

// fromFile makes a category read its values from the column of the file.
func (t *tableText) fromFile(i int, field string, fields []Entry) {
	column := t.columns[field]
	if column == "" {
		column = field
	}
	csv := append([]string{"file: " + cue(t.origin.File)}, t.origin.Layout...)
	for _, d := range t.drop {
		if strings.HasPrefix(d, cueName(column)+": ") {
			csv = append(csv, "drop: {"+d+"}")
		}
	}
	for k := range fields {
		if fields[k].Name == field {
			fields[k].Text = fmt.Sprintf("{kind: \"category\", title: %s, values: {%s: {%s}, column: %s}}",
				cue(t.Cube.Dims[i].Name()), t.origin.Form, strings.Join(csv, ", "), cue(column))
		}
	}
}

// tableText collects the text of a table.
type tableText struct {
	*Study
	origin      Origin
	over, given []int
	columns     map[string]string   // field to column
	maps        map[string][]string // field to entries of its map
	where       []string            // the persons that the table is about
	drop        []string            // labels that are left out, by column
	spread      bool                // classes of ages are spread over single years
	sex         string              // field of the sexes, which have a curve each; "" for none
	absent      int                 // combinations that are read and have no cell
}

// persons says, as the contents of a condition, whom the table is about; "" for
// everybody.
func (t *tableText) persons() string { return strings.Join(t.where, ", ") }

// column says which column an axis is and how its categories become values. Labels tell
// a reader more than codes, so they are used where no two are alike.
func (t *tableText) column(i int, f match) {
	d := &t.Cube.Dims[i]
	kept := t.Kept(i)
	seen := map[string]bool{}
	codes := d.Labelled
	apart := t.origin.Long.Labels[i] != t.origin.Long.Codes[i]
	for j := range d.Categories {
		codes = codes || apart && seen[d.Categories[j].Name()]
		seen[d.Categories[j].Name()] = true
	}
	text := func(j int) string {
		if codes {
			return d.Categories[j].Key()
		}
		if !apart {
			return d.Categories[j].Label
		}
		return d.Categories[j].Name()
	}
	column := t.origin.Long.Header[t.origin.Long.Labels[i]]
	if codes {
		column = t.origin.Long.Header[t.origin.Long.Codes[i]]
	}
	if column != f.field {
		t.columns[f.field] = column
	}
	for _, j := range kept {
		if text(j) != f.to[j] {
			t.maps[f.field] = append(t.maps[f.field], cueName(text(j))+": "+cue(f.to[j]))
		}
	}
	if len(kept) < len(d.Categories) {
		var dropped []string
		for j := range d.Categories {
			if !t.Axes[i].Keep[j] && !slices.Contains(dropped, text(j)) {
				dropped = append(dropped, text(j))
			}
		}
		t.drop = append(t.drop, cueName(column)+": "+strings.ReplaceAll(cueList(dropped), "\n", "\n\t\t"))
	}
}

// text writes the table.
func (t *tableText) text(fields map[int]string, source string) string {
	var csv []string
	add := func(format string, args ...any) { csv = append(csv, fmt.Sprintf(format, args...)) }
	add("file: %s", cue(t.origin.File))
	csv = append(csv, t.origin.Layout...)
	add("value: %s", cue(t.origin.Long.Header[t.origin.Long.Value]))
	if t.Measure != "counts" {
		add("measure: %q", t.Measure)
	}
	if len(t.columns) > 0 {
		var list []string
		for _, f := range slices.Sorted(maps.Keys(t.columns)) {
			list = append(list, f+": "+cue(t.columns[f]))
		}
		add("columns: {%s}", strings.Join(list, ", "))
	}
	var fixed []string
	for i := range t.Axes {
		if j := t.Axes[i].Fixed; j >= 0 && len(t.Cube.Dims[i].Categories) > 1 {
			d := &t.Cube.Dims[i]
			fixed = append(fixed, cueName(t.origin.Long.Header[t.origin.Long.Codes[i]])+": "+cue(d.Categories[j].Key()))
		}
	}
	if len(fixed) > 0 {
		add("where: {%s}", strings.Join(fixed, ", "))
	}
	if len(t.drop) > 0 {
		add("drop: {%s}", strings.Join(t.drop, ", "))
	}
	zero, symbols := slices.Clone(t.origin.Zero), t.symbols()
	if t.Zero {
		zero, symbols = append(zero, symbols...), nil
	}
	if len(zero) > 0 {
		add("zero: %s", cueList(zero))
	}
	if len(symbols) > 0 {
		add("missing: %s", cueList(symbols))
		if t.Each != nil {
			add("missing_is: %v", *t.Each)
		} else {
			add("missing_is: \"unknown\"")
		}
	}
	if len(t.maps) > 0 {
		var list []string
		indent := "\t\t"
		if len(t.maps) > 1 {
			indent += "\t"
		}
		for _, f := range slices.Sorted(maps.Keys(t.maps)) {
			list = append(list, f+": "+braces(t.maps[f], indent))
		}
		if len(list) == 1 {
			add("map: %s", list[0])
		} else {
			add("map: {\n\t\t\t%s\n\t\t}", strings.Join(list, "\n\t\t\t"))
		}
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	b.WriteString("{\n")
	if t.Cube.Title != "" {
		line("title: %s", cue(shortened(t.Cube.Title, 200)))
	}
	names := func(axes []int) string {
		var list []string
		for _, i := range axes {
			list = append(list, fields[i])
		}
		return cueList(list)
	}
	line("over: %s", names(t.over))
	if len(t.given) > 0 {
		line("given: %s", names(t.given))
	}
	if persons := t.persons(); persons != "" {
		line("where: {%s}", persons)
	}
	b.WriteString("\t" + t.origin.Form + ": {\n")
	for _, c := range csv {
		b.WriteString("\t\t" + c + "\n")
	}
	b.WriteString("\t}\n")
	if t.Zero || t.absent > 0 {
		line("absent: 0")
	}
	if t.Measure != "counts" {
		line("rounded: %v", unitOf(t.Cube))
	}
	switch {
	case t.spread && t.sex != "":
		line("spread: by: [%s]", cue(t.sex))
	case t.spread:
		line("spread: {}")
	}
	line("source: %s", cue(source))
	if year := t.year(t.origin.Year); year > 0 {
		line("year: %d", year)
	}
	line("status: \"official\"")
	b.WriteString("}")
	return b.String()
}

// braces writes entries as a struct, many of them in lines of four.
func braces(entries []string, indent string) string {
	if len(entries) <= 4 {
		return "{" + strings.Join(entries, ", ") + "}"
	}
	var b strings.Builder
	b.WriteString("{\n")
	for line := range slices.Chunk(entries, 4) {
		b.WriteString(indent + "\t" + strings.Join(line, ", ") + ",\n")
	}
	return b.String() + indent + "}"
}

func unitOf(c *office.Cube) float64 {
	n := 0
	for i := range c.Cells {
		n = max(n, places(c.Cells[i].Number))
	}
	u := 1.0
	for range n {
		u /= 10
	}
	return u
}

// symbols are those in place of figures in the cells that are read.
func (t *tableText) symbols() []string {
	var found []string
	t.eachKept(func(c *office.Cell) {
		if c.Status != office.Value && c.Status != office.Zero && !slices.Contains(found, c.Symbol) {
			found = append(found, c.Symbol)
		}
	})
	slices.Sort(found)
	return found
}

// findAbsent counts the combinations that are read and have no cell, and so no persons: an
// office lists them all or only those with figures. It remarks on them, and on the categories
// that have none but these.
func (t *tableText) findAbsent() {
	all, cells := 1, 0
	some := make([][]bool, len(t.Axes))
	for i := range t.Axes {
		all *= len(t.Kept(i))
		some[i] = make([]bool, len(t.Axes[i].Keep))
	}
	var at []int
	t.eachKept(func(c *office.Cell) {
		cells++
		at = t.Cube.Split(c.At, at)
		for i, j := range at {
			some[i][j] = true
		}
	})
	if t.absent = all - cells; t.absent == 0 {
		return
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%s of %s not in the file: nobody has them (absent: 0)", humanize.Thousands(int64(t.absent)), humanize.Count(all, "combination is", "combinations are")))
	for _, i := range t.Free() {
		var empty []string
		for _, j := range t.Kept(i) {
			if !some[i][j] {
				empty = append(empty, t.Cube.Dims[i].Categories[j].Name())
			}
		}
		if len(empty) > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("%s has no figure for %s, so nobody has it", t.Cube.Dims[i].Name(), humanize.Quoted(empty)))
		}
	}
}
