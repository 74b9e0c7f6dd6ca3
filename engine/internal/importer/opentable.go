package importer

import (
	"errors"
	"fmt"
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
	flags       []int    // columns that qualify figures
	value       bool     // the last of figures is called so
	power       int      // of ten: what a figure of 1 is
	left        []string // what was left out, and why
	text        string   // what the headers of all figures say
	settings    []table.Setting
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

// cube makes the cube of the labels and the column of figures.
func (t *tabular) cube(faults *diag.List) (*office.Cube, *office.Long) {
	f := t.file
	c := &office.Cube{Format: "CSV", Decimals: -1}
	if t.form == "xlsx" {
		c.Format = "Excel workbook"
	}
	t.describe(c)
	c.Multiplier = t.power
	c.Figures = strings.Join(append([]string{t.text, f.Header[t.figures[0]]}, t.guess.Layout.Numbers.Marks...), " ")
	long := &office.Long{Header: f.Header, Rows: f.Rows, Value: t.figures[0]}
	pairs := t.pairs()
	var axes []int // columns of labels that are dimensions
	for _, k := range t.keys {
		if _, code := pairs[k]; code {
			continue
		}
		name := f.Header[k]
		d := office.Dimension{Label: name, Total: -1}
		of := -1 // the column of its codes
		for other, labels := range pairs {
			if labels == k {
				of = other
			}
		}
		if about := t.about(k); about != "" {
			d.ID, d.Label = name, about
		} else if strings.HasPrefix(name, "#") && of >= 0 && !strings.HasPrefix(f.Header[of], "#") {
			d.ID, d.Label = name, f.Header[of]
		} else if strings.HasPrefix(name, "#") || name == "heading" {
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
		if of < 0 {
			of = k
		}
		long.Codes = append(long.Codes, of)
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
			for _, k := range t.flags {
				if cell.Status == office.Missing && text == "" {
					cell.Status = office.SymbolStatus(row[k])
				}
			}
		default:
			d := faults.Errorf(f.Place(r, long.Value), "not-a-number", "%v", err)
			if strings.HasPrefix(text, "(") || strings.HasPrefix(text, "[") {
				d.WithHint("a figure in brackets may be negative or uncertain, which the file does not say: remove the brackets, or write a minus sign; in a spec, marks: [\"(\", \")\"] reads it as it is")
				return nil, nil
			}
			d.WithHint("if the row is no part of the table, delete it or say where the table ends with until")
			return nil, nil
		}
		for _, k := range t.flags {
			if row[k] != "" && cell.Flag == 0 && !(row[k] == "A" && is("status", f.Header[k])) { // a normal value
				c.SetFlag(&cell, row[k])
			}
		}
		b.Add(cell, at)
	}
	c.Warnings = append(c.Warnings, t.left...)
	for i := range c.Dims {
		if d := &c.Dims[i]; is("scale", d.Name()) {
			for j := range d.Categories {
				if power, ok := powerOf(d.Categories[j].Name()); ok {
					d.Categories[j].Multiplier = power
				}
			}
		}
	}
	if err := b.Finish(); err != nil {
		table.ReportOffice(err, t.shown, faults)
		return nil, nil
	}
	return c, long
}
