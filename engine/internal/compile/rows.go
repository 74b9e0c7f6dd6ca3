package compile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// rowReader reads the figures of a table from the rows of a file.
type rowReader struct {
	*compiler
	f       *figures
	file    *table.File
	columns []int // of each field
	value   int   // column of the figures
	labels  []*kind.FileLabels

	seen    []int32 // number, from 1, of the row that filled the cell
	unknown []unknownLabel
	missing []int // rows whose figure is not given
}

// unknownLabel is a label in the file that is not a value of its field.
type unknownLabel struct {
	axis int
	text string // in the file
	to   spec.String
	rows []int
}

// readRows reads figures from a file, one cell per row.
func (c *compiler) readRows(f *figures) {
	rows := f.spec.Rows
	r := &rowReader{compiler: c, f: f}
	if r.file = c.table(rows); r.file == nil {
		return
	}
	before := len(c.diags.Items)
	c.checkRows(rows, f)
	if !r.findColumns() {
		return
	}
	for _, field := range f.fields {
		l := c.kinds.FileLabels(rows, field)
		if l == nil {
			return
		}
		r.labels = append(r.labels, l)
	}
	r.seen = make([]int32, len(f.share))
	selected := c.kinds.SelectRows(r.file, rows.Where)
	switch {
	case len(r.file.Rows) == 0:
		c.diags.Errorf(rows.Place, "no-rows", "%s has no rows below its header", r.file.Path).WithHint("write one row for each figure")
	case len(selected) == 0 && !c.diags.Failed():
		c.diags.Errorf(rows.Place, "no-rows", "table %[2]q selects no row of %[1]s", r.file.Path, f.spec.Name).WithHint("correct its where")
	}
	for _, row := range selected {
		if len(c.diags.Items)-before > table.MaxFaults {
			return // every row has one: the cause is the same
		}
		r.read(row)
	}
	r.reportUnknown()
	r.settleMissing()
	if !failedSince(c.diags, before) {
		r.doubtWide()
	}
}

// doubtWide warns of a column of a wide file that the spec does not name, has figures,
// and is not the sum of the columns that it does name: its figures are lost.
func (r *rowReader) doubtWide() {
	l := &r.f.spec.Rows.Layout
	if len(l.Wide) != 1 || l.Wide[0].Pattern != nil {
		return
	}
	used := slices.Clone(r.columns)
	if w := r.f.spec.Rows.Where; w != nil {
		for _, t := range w.Terms {
			if i, ok := r.file.Column(t.Field); ok {
				used = append(used, i)
			}
		}
	}
	selected := r.kinds.SelectRows(r.file, r.f.spec.Rows.Where)
	for c, name := range r.file.Header {
		if c == r.value || slices.Contains(used, c) || r.isSum(c, selected) {
			continue
		}
		r.diags.Warnf(l.Wide[0].Place, "wide", "table %q does not read the column %q of %s, which is not the sum of those that it reads", r.f.spec.Name, name, r.file.Path).
			WithHint("add it to wide; if its persons are left out on purpose, say so: drop: {%s: [%q]}", table.CUEName(l.Wide[0].Of), name)
	}
}

// isSum reports whether a column has texts or zeros only, or the sum of the wide columns
// in every row of the file in which all figures are given.
func (r *rowReader) isSum(column int, rows []int) bool {
	sum, given, some := 0.0, true, false
	for i, row := range rows {
		n, err := r.file.Number(row, r.value)
		sum, given = sum+n, given && err == nil
		if i+1 < len(rows) && r.file.SameLine(row, rows[i+1]) {
			continue
		}
		total, err := r.file.Number(row, column)
		switch {
		case errors.Is(err, table.ErrNotNumber):
			return true
		case err == nil && given && math.Abs(sum-total) > 1e-9*total+r.f.spec.Rounded*float64(len(r.f.spec.Rows.Layout.Wide[0].List)+1):
			some = true
		}
		sum, given = 0, true
	}
	return !some
}

// findColumns finds the columns of the table's fields and of its figures.
func (r *rowReader) findColumns() (ok bool) {
	rows, f := r.f.spec.Rows, r.f
	if f.spec.Value.Value == "" {
		r.diags.Errorf(rows.Place, "missing", "table %q does not name the column of its figures", f.spec.Name).
			WithHint("its columns are %q: write {file: …, value: \"<column>\"}, or {file: …, wide: {<field>: [<columns>]}} if several columns have figures", r.file.Header)
		return false
	}
	wide := r.wideHint()
	r.value, ok = r.kinds.Column(r.file, f.spec.Value, wide...)
	r.columns = make([]int, len(f.fields))
	for i, field := range f.fields {
		name, mapped := rows.Columns[field.Name]
		if !mapped {
			name = spec.String{Value: field.Name, Place: rows.Place}
		}
		var found bool
		r.columns[i], found = r.kinds.Column(r.file, name, wide...)
		ok = ok && found
	}
	return ok
}

// wideHint suggests wide if labels of a field, or labels that are mapped to them, are in
// the header.
func (r *rowReader) wideHint() []string {
	for _, field := range r.f.fields {
		if slices.Contains(r.file.Header, field.Name) {
			continue
		}
		var found []string
		for _, name := range r.file.Header {
			to, mapped := r.f.spec.Rows.Map[field.Name][name]
			if !mapped {
				to.Value = name
			}
			if _, ok := field.Domain.Index(to.Value); ok {
				found = append(found, fmt.Sprintf("%q", name))
			}
		}
		if len(found) > 1 {
			return []string{fmt.Sprintf("is it a wide table? wide: {%s: [%s]}", field.Name, strings.Join(found, ", "))}
		}
	}
	return nil
}

// read reads the cell and the figure of a row.
func (r *rowReader) read(row int) {
	f := r.f
	labels, known := make([]int, len(f.fields)), true
	for i, field := range f.fields {
		text := r.file.Rows[row][r.columns[i]]
		to, mapped := r.labels[i].Translate(text)
		l, ok := field.Domain.Index(to.Value)
		if !ok {
			if !mapped {
				to.Place = diag.Place{}
			}
			r.noteUnknown(i, text, to, row)
			known = false
		}
		labels[i] = l
	}
	n, err := r.file.Number(row, r.value)
	at := r.file.Place(row, r.value)
	switch {
	case errors.Is(err, table.ErrMissing):
	case err != nil:
		r.reportNumber(err, row, at)
		return
	case n < 0:
		r.diags.Errorf(at, "negative", "a figure is negative: %v", n).WithHint("correct it")
		return
	}
	if !known {
		return
	}
	cell := f.cell(labels)
	if r.seen[cell] > 0 && !f.spec.Add {
		r.diags.Errorf(r.file.Place(row, 0), "duplicate-cell", "%s is in %s already", f.describe(cell), placeOf(r.file.Place(int(r.seen[cell])-1, 0))).
			WithHint("remove one of the rows, leave it out with where or drop, or set add: true to add them up")
		return
	}
	r.seen[cell] = int32(row) + 1
	if err != nil {
		r.missing = append(r.missing, row)
		f.leaveOpen(cell)
		return
	}
	f.share[cell] += n
	f.note(cell, r.file.Figure(row, r.value), at)
}

// placeOf names a place in the same file for messages.
func placeOf(p diag.Place) string {
	if p.Line > 0 {
		return fmt.Sprintf("line %d", p.Line)
	}
	return p.File
}

// reportNumber reports a cell that is not a figure.
func (r *rowReader) reportNumber(err error, row int, at diag.Place) {
	d := r.diags.Errorf(at, "not-a-number", "%v", err)
	text := r.file.Rows[row][r.value]
	advice, evidence := r.file.NumberAdvice(row, r.value)
	switch {
	case errors.Is(err, table.ErrEmpty):
		d.WithHint("if it means none, say zero: [\"\"]; if the figure is not given, missing: [\"\"]; if the row is no part of the table, leave it out with where or drop")
	case strings.HasPrefix(text, "="):
		d.WithHint("the formula has no value: open the workbook in a spreadsheet program and save it")
	case strings.Contains(text, "%") && whole(r.f.spec.Measure) != 100:
		d.WithHint("the figures are percentages: measure: \"percent\"")
	case advice != "":
		d.WithHint("say how figures are written: %s", advice)
		d.Notes = append(d.Notes, evidence...)
	default:
		d.WithHint("write a plain number, or leave the row out with where or drop")
	}
}

// noteUnknown keeps a label that is not a value of its field.
func (r *rowReader) noteUnknown(axis int, text string, to spec.String, row int) {
	for i := range r.unknown {
		if u := &r.unknown[i]; u.axis == axis && u.text == text {
			u.rows = append(u.rows, row)
			return
		}
	}
	if len(r.unknown) < maxUnknown {
		r.unknown = append(r.unknown, unknownLabel{axis, text, to, []int{row}})
	}
}

// maxUnknown bounds the labels that are reported.
const maxUnknown = 100

// reportUnknown reports the labels that are not values of their fields, each once.
func (r *rowReader) reportUnknown() {
	for _, u := range r.unknown {
		field := r.f.fields[u.axis]
		at := u.to.Place
		if at.File == "" {
			at = r.file.Place(u.rows[0], r.columns[u.axis])
		}
		d := r.unknownLabel(field, u.to.Value, at)
		column := r.file.Header[r.columns[u.axis]]
		drop := fmt.Sprintf("drop: {%s: [%q]}", table.CUEName(column), u.text)
		switch hint := r.labels[u.axis].Hint(u.text); {
		case !isAge(u.text) && r.isTotal(u):
			d.WithHint("its figures are the sums of the others: a total? %s", drop)
		case hint != "":
			d.WithHint("%s", hint)
		case u.text == "":
			d.WithHint("if an empty cell repeats the one above it, say fill_down: [%q]; otherwise leave the row out: %s", column, drop)
		default:
			d.Note("to leave its rows out: %s; to rename it: map: {%s: {%q: ...}}", drop, field.Name, u.text)
		}
		if n := len(u.rows); n > 1 {
			d.Note("%s have it", humanize.Count(n, "row", "rows"))
		}
	}
}

func isAge(label string) bool {
	_, _, ok := table.ParseAge(label, &table.AgeWords{})
	return ok
}

// isTotal reports whether the figures of an unknown label are the sums of the known ones
// beside the same other labels: in every row, and not only of zeros.
func (r *rowReader) isTotal(u unknownLabel) bool {
	key := func(row int) string {
		var b strings.Builder
		for i, c := range r.columns {
			if i != u.axis {
				b.WriteString(r.file.Rows[row][c])
				b.WriteByte(0)
			}
		}
		return b.String()
	}
	want := map[string]float64{}
	for _, row := range u.rows {
		n, err := r.file.Number(row, r.value)
		if err != nil {
			return false
		}
		want[key(row)] = n
	}
	sums, parts := map[string]float64{}, map[string]int{}
	for _, row := range r.kinds.SelectRows(r.file, r.f.spec.Rows.Where) {
		to, _ := r.labels[u.axis].Translate(r.file.Rows[row][r.columns[u.axis]])
		if _, ok := r.f.fields[u.axis].Domain.Index(to.Value); !ok {
			continue
		}
		k := key(row)
		if _, asked := want[k]; !asked {
			continue
		}
		if n, err := r.file.Number(row, r.value); err == nil {
			sums[k] += n
			if n > 0 {
				parts[k]++
			}
		}
	}
	unit := r.f.spec.Rounded
	some := false
	for k, n := range want {
		if d := sums[k] - n; d > unit*float64(parts[k])+1e-9*n || -d > unit*float64(parts[k])+1e-9*n {
			return false
		}
		some = some || parts[k] > 1
	}
	return some
}

// leaveOpen notes that the figure of a cell is not given.
func (f *figures) leaveOpen(cell int) {
	if f.open == nil {
		f.open = make([]bool, len(f.share))
	}
	f.open[cell], f.present[cell] = true, true
}

// settleMissing decides what figures are that the file does not give.
func (r *rowReader) settleMissing() {
	if len(r.missing) == 0 {
		return
	}
	f, is := r.f, r.f.spec.Rows.Missing
	var names []string
	cells := 0
	for cell, open := range f.open {
		if open {
			if cells++; cells <= mostNamed {
				names = append(names, f.describe(cell))
			}
		}
	}
	text := strings.Join(names, "; ")
	if cells > mostNamed {
		text += fmt.Sprintf("; and %d more", cells-mostNamed)
	}
	given, which := humanize.Count(cells, "figure that is not given", "figures that are not given"), "which are"
	if cells == 1 {
		which = "which is"
	}
	switch {
	case is == nil:
		row := r.missing[0]
		r.diags.Errorf(r.file.Place(row, r.value), "missing-figure", "table %q has %s: %s", f.spec.Name, given, text).
			WithHint("a figure that is not given is not 0; leave it to the other tables with missing_is: \"unknown\", set it with a number such as missing_is: 2, or leave the rows out with where or drop").
			Note("its cell is %q", r.file.Rows[row][r.value])
	case is.Number != nil:
		for cell, open := range f.open {
			if open {
				f.share[cell] += *is.Number
			}
		}
		f.open = nil
		r.diags.Warnf(is.Place, "missing", "table %q has %s, %s taken to be %v: %s", f.spec.Name, given, which, *is.Number, text)
	default:
		for cell, open := range f.open {
			if open && f.share[cell] > 0 { // add: true
				f.share[cell] = 0
			}
		}
		r.diags.Warnf(is.Place, "missing", "table %q has %s, %s left to the other tables: %s", f.spec.Name, given, which, text)
	}
}
