package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/imports"
)

func (a *app) importMicrodata(c *cobra.Command, o *importOptions) error {
	if len(o.Files) != 1 {
		return usagef("import --microdata needs exactly one FILE; see personagen import --help")
	}
	for _, name := range []string{"pick", "drop", "keep", "given", "unit", "measure", "table", "sheet", "language", "header"} {
		if c.Flags().Changed(name) {
			return usagef("--%s is for tables, not for --microdata", name)
		}
	}
	separator := o.separator
	if separator == `\t` {
		separator = "\t"
	}
	bar := a.newProgress(false)
	found, err := imports.Microdata(c.Context(), imports.MicrodataConfig{
		File: o.Files[0], Into: o.Into, AllowPaths: o.AllowPaths, Weight: o.weight, Field: o.Field, Missing: o.missing,
		Separator: separator, Skip: o.Skip, Encoding: o.encoding, Labels: o.Labels, Fixed: o.fixed, Progress: bar.event,
	})
	bar.end()
	if found == nil {
		return err
	}
	return a.imported(o.Into, found, &found.Addition, len(found.Open), err, func() { printMicrodata(a.stderr, found) })
}

// printMicrodata prints what was found in the records of a survey.
func printMicrodata(w io.Writer, m *imports.Survey) {
	p := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	size := humanize.Count(m.Records, "record", "records")
	if m.Effective > 0 {
		by := ""
		if m.Weight != "" {
			by = " weighted by " + m.Weight
		}
		size += fmt.Sprintf("%s, as precise as %s with equal weights (Kish)", by, humanize.Thousands(int64(m.Effective+0.5)))
	}
	p("%s: %s", m.File, size)
	for _, v := range m.Variables {
		about := humanize.Count(v.Values, "value", "values")
		if v.New {
			about = "new, " + about
		}
		if v.Empty > 0 {
			about += fmt.Sprintf(", %s without one", humanize.Count(v.Empty, "record", "records"))
		}
		field := v.Field
		if v.Group != "" {
			field += ", in bands of " + v.Group + ","
		}
		p("  field %s is %s (%s)", field, v.Column, about)
	}
	const mostIgnored = 15
	for i, x := range m.Ignored {
		if i == mostIgnored {
			p("  %d more columns are not looked at; --json prints all", len(m.Ignored)-i)
			break
		}
		p("  column %s is not looked at: %s", x.Column, x.Why)
	}
	if len(m.Pairs) > 0 {
		p("pairs, the strongest first: mutual information in nats, persons in wrong cells if the fields were independent, p")
	}
	const mostRows = 30
	for i, x := range m.Pairs {
		if i == mostRows {
			p("  and %d more; --json prints all", len(m.Pairs)-i)
			break
		}
		p("  %s  %s  %s", strings.Join(x.Fields, " x "), measureText(x.Measure), pairVerdict(x))
	}
	if len(m.Triples) > 0 {
		p("triples: what they have in common beyond their pairs")
	}
	for i, x := range m.Triples {
		if i == mostRows {
			p("  and %d more; --json prints all", len(m.Triples)-i)
			break
		}
		verdict := "its pairs suffice"
		switch {
		case x.Written:
			verdict = "a pattern"
		case x.NoRoom:
			verdict = noRoom
		}
		p("  %s  %s  %s", strings.Join(x.Fields, " x "), measureText(x.Measure), verdict)
	}
	for _, r := range m.Remarks {
		p("  remark: %s", r)
	}
	for _, q := range m.Open {
		p("  question: %s", q)
	}
}

// noRoom is said of what is worth a pattern that the fit has no room for.
const noRoom = "no room for a pattern beside the stronger ones"

func measureText(m imports.Measure) string {
	p := fmt.Sprintf("p %.2g", m.P)
	if m.P < 1e-9 {
		p = "p < 1e-9"
	}
	return fmt.Sprintf("%.4f ± %.4f  %.1f %%  %s", m.Information, m.Error, 100*m.Persons, p)
}

func pairVerdict(x imports.Pair) string {
	switch {
	case x.Written:
		return "a pattern"
	case x.NoRoom:
		return noRoom
	case x.ExplainedBy != "":
		return "explained by " + x.ExplainedBy
	case x.P >= imports.Significant:
		return "may be chance"
	case x.Persons < imports.WorthPersons:
		return "too weak for a table"
	}
	return "in a triple"
}
