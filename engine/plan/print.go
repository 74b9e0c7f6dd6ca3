package plan

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// TextOptions say how much of a plan is printed. The zero value prints a page or two.
type TextOptions struct {
	// Size is the number of persons that are made, 0 for that of the spec.
	Size int64
	// All prints lists in full. Otherwise long lists are cut and their remaining
	// items counted.
	All bool
}

// shortList is the number of lines to which a long list is cut.
const shortList = 12

// Text prints the plan as text: persons, fields in dependency order, tables and how
// far they moved, published shares beside those of the persons wanted, the junction
// tree, independent pairs, impossible conditions, checks and goals.
func (p *Plan) Text(w io.Writer, o TextOptions) error {
	t := &printer{Plan: p, TextOptions: o}
	t.head()
	t.design()
	t.fields()
	t.tables()
	t.shares()
	t.statistics()
	t.smoothed()
	t.tree()
	t.independences()
	t.conditions()
	t.goals()
	_, err := w.Write(t.out.Bytes())
	return err
}

type printer struct {
	*Plan
	TextOptions
	out bytes.Buffer
}

func (t *printer) linef(format string, args ...any) { fmt.Fprintf(&t.out, format+"\n", args...) }

// section starts a section of the text.
func (t *printer) section(format string, args ...any) {
	t.linef("")
	t.linef(format, args...)
}

// columns prints rows with aligned cells.
func (t *printer) columns(header string, rows [][]string) { t.grid(strings.Fields(header), rows) }

// grid is columns with heads that may have spaces.
func (t *printer) grid(header []string, rows [][]string) {
	rows = append([][]string{header}, rows...)
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := " "
		for i, cell := range row {
			line += " " + cell + strings.Repeat(" ", 1+widths[i]-utf8.RuneCountInString(cell))
		}
		t.linef("%s", strings.TrimRight(line, " "))
	}
}

// list prints items in lines of a readable length.
func (t *printer) list(head string, items []string) {
	const longest, indent = 100, "      "
	line := "  " + head
	for i, item := range items {
		if i < len(items)-1 {
			item += ";"
		}
		if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(item) > longest {
			t.linef("%s", line)
			line = indent + item
			continue
		}
		line += " " + item
	}
	t.linef("%s", line)
}

// cut returns how many of n items are printed.
func (t *printer) cut(n int) int {
	if t.All || n <= shortList+1 {
		return n
	}
	return shortList
}

func (t *printer) head() {
	title := t.Name
	if t.Title != "" {
		title = fmt.Sprintf("%s (%s)", t.Title, t.Name)
	}
	t.linef("%s", title)
	t.linef("plan %.12s, structure %.12s", t.Hash, t.Structure)
	people := "everyone"
	if t.Population.Where != "" {
		people = fmt.Sprintf("%s of everyone, where %s", percent(t.Population.Wanted), t.Population.Where)
	}
	if t.Population.Persons > 0 {
		people += fmt.Sprintf("; the tables cover %s persons", humanize.Thousands(t.Population.Persons))
	}
	t.linef("persons wanted: %s", people)
}

// fields lists the fields, each after its inputs.
func (t *printer) fields() {
	var order []*kind.Field
	for _, f := range t.Fields {
		if f.Class == kind.Fitted {
			order = append(order, f)
		}
	}
	for _, name := range t.Order {
		order = append(order, t.Field(name))
	}
	var rows [][]string
	for i, f := range order {
		rows = append(rows, []string{strconv.Itoa(i + 1), f.Name, f.Kind, fieldValues(f), fieldOrigin(f), fieldRemarks(f)})
	}
	t.section("Fields, each after its inputs: %d, %d of them fitted", len(order), len(order)-len(t.Order))
	t.columns("# FIELD KIND VALUES FROM REMARKS", rows)
	for _, f := range order {
		if f.Rest != "" {
			t.linef("  %s: %s", f.Name, f.Rest)
		}
	}
}

func fieldValues(f *kind.Field) string {
	switch {
	case f.Type == frame.Date:
		least, greatest := f.Bounds()
		return fmt.Sprintf("%s to %s", kind.Day(least), kind.Day(greatest))
	case f.Domain == nil:
		return "-"
	case f.Domain.Integer:
		return fmt.Sprintf("%d to %d", f.Domain.Min, f.Domain.Max)
	}
	return strconv.Itoa(f.Domain.Size())
}

func fieldOrigin(f *kind.Field) string {
	switch {
	case f.Class == kind.Fitted:
		return "the fit"
	case len(f.Inputs) > 0:
		return strings.Join(f.Inputs, ", ")
	}
	return "-"
}

func fieldRemarks(f *kind.Field) string {
	var remarks []string
	if f.WhenText != "" {
		remarks = append(remarks, "only when "+f.WhenText)
	}
	if f.Text != nil && f.Text.Of != "" {
		remarks = append(remarks, fmt.Sprintf("translation of %s into %s, by a model only", f.Text.Of, f.Text.Language))
	}
	if f.Unique > 0 {
		remarks = append(remarks, "unique")
	}
	if f.Hidden {
		remarks = append(remarks, "hidden")
	}
	if f.Unit != "" {
		remarks = append(remarks, "in "+f.Unit)
	}
	if f.Status != "" {
		remarks = append(remarks, f.Status)
	}
	return strings.Join(remarks, "; ")
}

// tables lists the tables and how far reconciliation and fit moved them, then the
// fields and sources of each.
func (t *printer) tables() {
	if len(t.Tables) == 0 {
		return
	}
	t.section("Tables: %d. MOVED is published to reconciled, FIT reconciled to fitted (total variation distances)", len(t.Tables))
	var rows [][]string
	for i := range t.Tables {
		x := &t.Tables[i]
		rows = append(rows, []string{x.Name, x.Role, strconv.Itoa(len(x.Published)), distance(x.Moved), distance(x.TVD), t.moved(x)})
	}
	t.columns("TABLE ROLE CELLS MOVED FIT FURTHEST", rows)
	t.section("Fields and sources of the tables")
	rows = nil
	for i := range t.Tables {
		x := &t.Tables[i]
		about := x.axes()
		if x.Where != "" {
			about += ", where " + x.Where
		}
		rows = append(rows, []string{x.Name, x.origin(), about})
	}
	t.columns("TABLE SOURCE OVER", rows)
	t.microdata()
}

// microdata says how tables were counted from records.
func (t *printer) microdata() {
	told := false
	for i := range t.Tables {
		x := &t.Tables[i]
		if x.Microdata == nil {
			continue
		}
		if !told {
			t.section("Tables counted from the records of surveys, and smoothed")
			told = true
		}
		t.linef("  %s, from %s", x.Name, x.File)
		for _, s := range x.Microdata.Sentences() {
			t.linef("    %s", s)
		}
	}
}

// axes names the table's fields: those it has shares over, and those it is
// conditional on.
func (x *Table) axes() string {
	over := strings.Join(x.Fields[x.Given:], " x ")
	if x.Given > 0 {
		over += " given " + strings.Join(x.Fields[:x.Given], ", ")
	}
	return over
}

func (x *Table) origin() string {
	origin := x.Source
	if x.Year != 0 {
		origin += " " + strconv.Itoa(x.Year)
	}
	if x.Status != "" {
		origin += " (" + x.Status + ")"
	}
	return orDash(strings.TrimSpace(origin))
}

// moved says which cell reconciliation moved furthest, and how many persons when the
// spec says how many there are.
func (t *printer) moved(x *Table) string {
	if x.WorstCell == "" || x.Moved < negligible {
		return "-"
	}
	if t.Population.Persons == 0 {
		return x.WorstCell
	}
	return fmt.Sprintf("%s persons, %s", significant(x.MovedPersons), x.WorstCell)
}

// shares prints, for every table, the published shares beside those among the persons
// wanted.
func (t *printer) shares() {
	first := true
	for i := range t.Tables {
		x := &t.Tables[i]
		if x.Expected < 0 {
			continue
		}
		wanted := t.wanted(x)
		if wanted == nil {
			continue
		}
		if first {
			t.section("Tables: PUBLISHED shares, and shares among the persons WANTED in the table's universe, within the given fields")
			first = false
		}
		t.compare(x, wanted)
	}
}

// wanted returns the shares of a table's cells among the persons wanted, as shares of
// their row, -1 in a row without persons.
func (t *printer) wanted(x *Table) []float64 {
	e := &t.Expected[x.Expected]
	out := make([]float64, 0, len(x.Published))
	for at, share := range e.Share {
		null := false
		for k := len(e.Slots) - 1; k >= 0; k-- {
			null = null || at%e.Slots[k] >= len(x.Labels[k])
			at /= e.Slots[k]
		}
		if !null {
			out = append(out, share)
		}
	}
	if len(out) != len(x.Published) || len(x.Mass) == 0 {
		return nil
	}
	inRow := len(out) / len(x.Mass)
	for r := range x.Mass {
		row, sum := out[r*inRow:(r+1)*inRow], 0.0
		for _, share := range row {
			sum += share
		}
		for k := range row {
			if row[k] /= sum; sum == 0 {
				row[k] = -1
			}
		}
	}
	return out
}

// fewCells is the number of cells to which a table over several fields is cut.
const fewCells = 4

// compare prints a table. Of a long one it prints the largest cells, or, when it is
// over several fields, those that differ most.
func (t *printer) compare(x *Table, wanted []float64) {
	var order []int
	for i, share := range wanted {
		if share >= 0 {
			order = append(order, i)
		}
	}
	n, rest := t.cut(len(order)), "smaller ones"
	by := func(i int) float64 { return x.Published[i] }
	if len(x.Fields) > 1 {
		inRow := len(wanted) / len(x.Mass)
		by = func(i int) float64 { return math.Abs(x.Published[i]-wanted[i]) * x.Mass[i/inRow] }
		if rest = "that differ less"; !t.All {
			n = min(n, fewCells)
		}
	}
	all := len(order)
	if n < all { // in the order of the spec
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(by(b), by(a)) })
		order = order[:n]
		slices.Sort(order)
	}
	var rows [][]string
	for _, i := range order {
		rows = append(rows, []string{"  " + x.cell(i), percent(x.Published[i]), percent(wanted[i])})
	}
	t.columns(x.Name+" PUBLISHED WANTED", rows)
	if x.Where != "" {
		t.linef("    only where %s", x.Where)
	}
	if n < all {
		t.linef("    and %d %s", all-n, rest)
	}
}

// cell names a cell by its labels, the given ones before a colon.
func (x *Table) cell(at int) string {
	parts := make([]string, len(x.Fields))
	for k, labels := range slices.Backward(x.Labels) {
		parts[k] = labels[at%len(labels)]
		at /= len(labels)
	}
	over := strings.Join(parts[x.Given:], ", ")
	if x.Given > 0 {
		return strings.Join(parts[:x.Given], ", ") + ": " + over
	}
	return over
}

func (t *printer) tree() {
	t.section("Junction tree: %d cliques, %s cells, the largest has %s; %d sweeps", len(t.Tree.Cliques), humanize.Thousands(t.Tree.Cells), humanize.Thousands(t.Tree.Largest), t.Tree.Sweeps)
	for i, c := range t.Tree.Cliques[:t.cut(len(t.Tree.Cliques))] {
		t.linef("  %d  %s", i+1, strings.Join(c, ", "))
	}
	if n := len(t.Tree.Cliques) - t.cut(len(t.Tree.Cliques)); n > 0 {
		t.linef("  and %d more", n)
	}
}

// independences prints the independent pairs, grouped by what separates them.
func (t *printer) independences() {
	t.section("Independent, because no table has both: %d pairs of fields", len(t.Independent))
	var given []string
	pairs := map[string][]string{}
	for _, x := range t.Independent {
		key := "unconditionally"
		if len(x.Given) > 0 {
			key = "given " + strings.Join(x.Given, ", ")
		}
		if pairs[key] == nil {
			given = append(given, key)
		}
		pairs[key] = append(pairs[key], x.Fields[0]+" and "+x.Fields[1])
	}
	for _, key := range given {
		list := pairs[key]
		n := t.cut(len(list))
		items := slices.Clone(list[:n])
		if n < len(list) {
			items = append(items, fmt.Sprintf("and %d more", len(list)-n))
		}
		t.list(key+":", items)
	}
}

func (t *printer) conditions() {
	t.section("Impossible: %s", humanize.Count(int64(len(t.Impossible)), "condition", "conditions"))
	for _, x := range t.Impossible {
		t.linef("  %s", x.Text)
	}
	if len(t.Checks) > 0 {
		t.section("Checks of the spec: %d", len(t.Checks))
		for _, x := range t.Checks {
			note := ""
			if x.Where != nil && !x.Enforced {
				note = "; not enforced by the sampler, because no table or joint has all of its fields"
			}
			t.linef("  %s (%s): %s%s", x.Name, x.Severity, limitText(&x), note)
		}
	}
}

// goals lists the goals of the spec.
func (t *printer) goals() {
	if len(t.Goals) == 0 {
		return
	}
	t.section("Goals: %d; personagen goals checks a release against them", len(t.Goals))
	for i := range t.Goals {
		g := &t.Goals[i]
		t.linef("  %s (%s)", g.Name, g.Kind)
		if g.About != "" {
			t.linef("    %s", g.About)
		}
	}
}

// limitText states a check of the spec.
func limitText(l *Limit) string {
	text := l.Text
	if l.WithinText != "" {
		text += " within " + l.WithinText
	}
	if l.AtLeast != nil {
		text += fmt.Sprintf(", at least %g", *l.AtLeast)
	}
	if l.AtMost != nil {
		text += fmt.Sprintf(", at most %g", *l.AtMost)
	}
	return text
}

// CellName names a cell of an expected distribution, such as `zone "A", guild null`.
func (p *Plan) CellName(e *Expected, cell int) string {
	var fields []*kind.Field
	for _, name := range e.Fields {
		fields = append(fields, p.Field(name))
	}
	return SlotName(fields, cell)
}

// SlotName names a configuration of some fields by their values. Slot is its number,
// row-major over the fields' slots, null last.
func SlotName(fields []*kind.Field, slot int) string {
	text := ""
	for _, f := range slices.Backward(fields) {
		value := "null"
		if v := slot % f.Slots(); v < f.Domain.Size() {
			value = fmt.Sprintf("%q", f.Domain.Label(v))
		}
		slot /= f.Slots()
		if text != "" {
			text = ", " + text
		}
		text = f.Name + " " + value + text
	}
	return text
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// negligible is the largest distance that rounding errors cause.
const negligible = 1e-13

func distance(d float64) string {
	if d < negligible {
		return "0"
	}
	return fmt.Sprintf("%.1e", d)
}

// significant formats a number of persons, a small one with two significant digits.
func significant(x float64) string {
	if x >= 100 {
		return humanize.Thousands(int64(x + 0.5))
	}
	return fmt.Sprintf("%.2g", x)
}
