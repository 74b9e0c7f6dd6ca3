package main

import (
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/imports"
)

type importedDrop = imports.Drop

type importOptions struct {
	imports.Config
	fields []string
	inputs inputFlags

	microdata         bool
	weight, separator string
	missing           []string
	encoding          string
	fixed             []string
}

func (a *app) importCommand() *cobra.Command {
	o := importOptions{}
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Look at tables of statistical offices and add them to a spec",
		Long: `import reads tables as statistical offices publish them: PC-Axis (.px), JSON-stat,
PxWeb JSON, SDMX-CSV, Eurostat TSV, arrays of census APIs, CSV files and Excel workbooks. It
prints what it found: dimensions, totals and sub-totals with what shows that they
are totals, units, missing and suppressed figures, source, notes. It matches the
dimensions with the fields of a spec, and writes the table, the fields that the
spec lacks and the source as a stanza of a spec.

The stanza goes to stdout, what was found to stderr. With --into, the stanza is
added to a spec, which is checked; if it is not sound then, it is left unchanged.

If a file has codes in place of labels, --labels CODEBOOK names a file with their
labels, a row for each code: dimension, code, label.

Nothing is decided without evidence. What is undecided is kept, listed as a
question with the flags that answer it, and the exit code is 1: one of several
periods, units or contents (--pick, --unit), a category that may contain others
(--drop), categories that may be the same persons counted in two ways (--pick, or
--keep if they are not). A dimension is named by its label or id, a category by its
label or code. Medians, means and rates are refused, because a table needs counts,
percentages or shares.

With --microdata, FILE has the records of a survey, a row for each person (CSV or
Parquet). import says which pairs and triples of fields depend on each other, and
writes a pattern for each that is worth having: its mutual information is not chance
(p < 0.01 after Holm's correction, with the effective size of the sample), at least
1 % of persons would be in wrong cells without it, and no third field explains it.
Columns become fields by their names and values, or by --field COLUMN=FIELD. If the
values are codes, --labels CODEBOOK names a file with their labels, so that the spec
has labels. --fixed reads a file in which columns have fixed positions. Files of SPSS,
Stata and SAS are exported as CSV first, and their value labels as a codebook.

Nothing is fetched from a network.`,
		Example: `  personagen new sweden --empty
  personagen import population.px                              # what is in it?
  personagen import population.px --pick Tid=2026M01 --into sweden.cue
  personagen import marital.json --drop 'age=15+' --field 'civil status=marital' --into sweden.cue
  personagen vet sweden.cue --fit
  personagen import --microdata survey.csv --weight WEIGHT --into sweden.cue
  personagen import --microdata survey.txt --fixed sex=1 --fixed age=2-4 --labels codebook.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("import needs at least one FILE; see personagen import --help")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.importFiles(c, args, &o) },
	}
	f := c.Flags()
	f.StringVar(&o.Into, "into", "", "add the stanza to this `SPEC`, a .cue file or a folder")
	f.StringArrayVar(&o.Pick, "pick", nil, "read only this category of a dimension, written `DIMENSION=CATEGORY`; may be repeated")
	f.StringArrayVar(&o.Drop, "drop", nil, "leave out a category, written `DIMENSION=CATEGORY`; may be repeated")
	f.StringArrayVar(&o.Keep, "keep", nil, "the categories of this `DIMENSION` are parts of a whole, as they are; may be repeated")
	f.StringArrayVar(&o.Given, "given", nil, "take only the shares within the categories of this `DIMENSION`, for figures of another year than the other tables; may be repeated")
	f.StringVar(&o.Unit, "unit", "", "read only figures in this `UNIT`")
	f.StringVar(&o.Measure, "measure", "", "what the figures are, if the file does not say: counts, percent or shares")
	f.StringArrayVar(&o.fields, "field", nil, "the field that a dimension becomes, written `DIMENSION=FIELD`; may be repeated")
	f.StringVar(&o.Table, "table", "", "`NAME` of the table, for a file with several")
	f.StringVar(&o.Sheet, "sheet", "", "`NAME` of the sheet, for a workbook with several")
	f.StringVar(&o.Language, "language", "", "the `LANGUAGE` of a PC-Axis file with several, such as en")
	f.IntVar(&o.Skip, "skip", 0, "lines above the header of a CSV file or sheet, if they are guessed wrong")
	f.IntVar(&o.Header, "header", 0, "rows of that header, if they are guessed wrong")
	f.BoolVar(&a.json, "json", false, "print what was found, and the stanza, as one JSON document")
	f.BoolVar(&o.microdata, "microdata", false, "FILE has the records of a survey: find which fields depend on each other")
	f.StringVar(&o.weight, "weight", "", "with --microdata: the `COLUMN` of the weights, or none")
	f.StringArrayVar(&o.missing, "missing", nil, "with --microdata: a `TEXT` that means that nothing is known; may be repeated")
	f.StringVar(&o.separator, "separator", "", "with --microdata: the `CHARACTER` between cells, if it is guessed wrong")
	f.StringVar(&o.Labels, "labels", "", "a CSV file or workbook with the labels of codes, a row for each: column, code, label (`CODEBOOK`)")
	f.StringArrayVar(&o.fixed, "fixed", nil, "with --microdata: a column of a file without separators, written `NAME=FROM-TO` in characters from 1; may be repeated")
	f.StringVar(&o.encoding, "encoding", "", "with --microdata: the encoding of a CSV file, by its IANA `NAME`")
	o.inputs.add(f)
	return c
}

func (a *app) importFiles(c *cobra.Command, files []string, o *importOptions) error {
	o.Files, o.AllowPaths = files, o.inputs.allow
	if o.Measure != "" && o.Measure != "counts" && o.Measure != "percent" && o.Measure != "shares" {
		return usagef("--measure must be counts, percent or shares, not %q", o.Measure)
	}
	o.Field = map[string]string{}
	for _, text := range o.fields {
		dimension, field, ok := strings.Cut(text, "=")
		if !ok || !fieldName.MatchString(field) {
			return usagef("--field %q must be written DIMENSION=FIELD, where FIELD has lower-case letters, digits and _", text)
		}
		o.Field[dimension] = field
	}
	if o.microdata {
		return a.importMicrodata(c, o)
	}
	for _, name := range []string{"weight", "missing", "separator", "encoding", "fixed"} {
		if c.Flags().Changed(name) {
			return usagef("--%s is for the records of a survey: import --microdata FILE", name)
		}
	}
	bar := a.newProgress(false)
	o.Progress = bar.event
	found, err := imports.Tables(c.Context(), o.Config)
	bar.end()
	if found == nil {
		return err
	}
	return a.imported(o.Into, found, &found.Addition, found.Open(), err, func() {
		for i := range found.Files {
			printImported(a.stderr, &found.Files[i])
		}
	})
}

// imported prints what an import found (show), how many questions are open, and what was
// added to the spec. Document is all of it, for --json, and err the error of the import.
func (a *app) imported(into string, document any, added *imports.Addition, open int, err error, show func()) error {
	undecided := errors.Is(err, imports.ErrUndecided)
	if err != nil && !undecided {
		return err
	}
	if a.json {
		if err := a.document(document); err != nil {
			return err
		}
	} else {
		show()
	}
	if undecided {
		fmt.Fprintf(a.stderr, "personagen: %s open and nothing was written: add the flags that answer them\n", humanize.Count(open, "question is", "questions are"))
		return printed{err}
	}
	if added.Warnings != nil {
		a.diagnostics(added.Warnings)
	}
	switch {
	case a.json || added.Stanza == "":
	case into == "":
		fmt.Fprint(a.stdout, added.Stanza)
	default:
		fmt.Fprintf(a.stdout, "added to %s: %s\n", strings.Join(added.Changed, ", "), added.Added)
	}
	return nil
}

// printImported prints what was found in a file.
func printImported(w io.Writer, t *imports.Table) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	p("%s: %s", t.File, strings.Join(filled(t.Format, prefixed("table ", t.Table), prefixed("updated ", t.Updated)), ", "))
	for _, x := range [][2]string{{"title", t.Title}, {"publisher", t.Publisher}, {"licence", t.Licence}, {"unit", t.Unit}} {
		if x[1] != "" {
			p("  %-10s %s", x[0], x[1])
		}
	}
	if len(t.Languages) > 1 {
		p("  %-10s %s; also %s: --language %s", "language", t.Languages[0], strings.Join(t.Languages[1:], ", "), t.Languages[1])
	}
	p("  %-10s %s", "cells", cellCounts(t))
	for _, l := range t.Layout {
		p("  %-10s %s: %s (%s)", "layout", l.Option, l.Value, l.Evidence)
	}
	p("  dimensions")
	for i := range t.Dimensions {
		d := &t.Dimensions[i]
		name := d.Name
		if d.ID != "" {
			name += " (" + d.ID + ")"
		}
		about := ""
		if d.About != "categories" {
			about = ", " + string(d.About)
		}
		p("    %s: %s%s: %s", name, humanize.Count(d.Categories, "category", "categories"), about, d.Examples)
		switch {
		case d.Fixed != "":
			p("      only %q is read (%s)", d.Fixed, d.Why)
		case d.Kept < d.Categories:
			p("      %s kept", humanize.Thousands(int64(d.Kept)))
		}
		printDrops(p, d.Drops)
	}
	for _, m := range t.Matches {
		if m.By == "new" {
			p("  field %s is new, for %s", m.Field, m.Dimension)
		} else {
			p("  field %s is %s (by %s)", m.Field, m.Dimension, m.By)
		}
	}
	for _, r := range t.Remarks {
		p("  remark: %s", r)
	}
	for n, note := range t.Notes {
		if n == 5 {
			p("  note: %d more; --json prints all", len(t.Notes)-n)
			break
		}
		p("  note: %s", cutText(note, 240))
	}
	for _, q := range t.Open {
		p("  question: %s", q.Question)
		if len(q.Answers) > 0 {
			p("    answer with %s", strings.Join(q.Answers, "\n             or "))
		}
	}
}

// printDrops prints the categories that are left out. Several with the same evidence
// share a line.
func printDrops(p func(format string, args ...any), drops []importedDrop) {
	lines := 0
	for len(drops) > 0 {
		evidence := strings.Join(drops[0].Evidence, "; ")
		var labels []string
		var rest []importedDrop
		for _, x := range drops {
			if strings.Join(x.Evidence, "; ") == evidence {
				labels = append(labels, strconv.Quote(x.Label))
			} else {
				rest = append(rest, x)
			}
		}
		if lines++; lines > 15 {
			p("      %d more are left out; --json prints all", len(drops))
			return
		}
		switch n := len(labels); n {
		case 1:
			p("      %s is left out: %s", labels[0], evidence)
		case 2:
			p("      %s and %s are left out: %s", labels[0], labels[1], evidence)
		default:
			p("      %s and %d more are left out: %s", labels[0], n-1, evidence)
		}
		drops = rest
	}
}

// cellCounts says how many cells have a figure, and why the others have none.
func cellCounts(t *imports.Table) string {
	parts := []string{humanize.Thousands(int64(t.Cells))}
	for _, status := range []string{"zero", "missing", "suppressed"} {
		if n := t.Status[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", humanize.Thousands(int64(n)), status))
		}
	}
	flags := make([]string, 0, len(t.Flags))
	for f := range t.Flags {
		flags = append(flags, f)
	}
	sort.Strings(flags)
	for n, f := range flags {
		if n == 8 {
			break
		}
		parts = append(parts, fmt.Sprintf("%s with flag %s", humanize.Thousands(int64(t.Flags[f])), f))
	}
	text := strings.Join(parts, ", ")
	if t.Taken > 0 && len(t.Open) == 0 {
		text += fmt.Sprintf("; %s are read, with the sum %s", humanize.Thousands(int64(t.Taken)), imports.Figure(t.Total))
	}
	return text
}

func filled(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// cutText shortens a text to n characters.
func cutText(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
