package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// mostValues is the longest list of values with targets shown in stats.md, and
// mostFrequent that of values that nothing controls; the rest is in stats.json.
const (
	mostValues   = 40
	mostFrequent = 15
)

// Markdown writes the statistics for people to read.
func (s *Stats) Markdown(w io.Writer) error {
	var d document
	s.head(&d)
	s.goals(&d)
	s.failures(&d)
	s.margins(&d)
	s.numbers(&d)
	s.texts(&d)
	s.tables(&d)
	s.reconciliation(&d)
	s.uncertainty(&d)
	s.independence(&d)
	s.exceptions(&d)
	s.limits(&d)
	s.checks(&d)
	_, err := w.Write(append(bytes.TrimRight(d.Bytes(), "\n"), '\n'))
	return err
}

func (s *Stats) head(d *document) {
	pop := &s.Population
	title := pop.Title
	if title == "" {
		title = pop.Name
	}
	d.line("# %s: statistics\n", Escape(title))
	if pop.Description != "" {
		d.line("%s\n", Escape(pop.Description))
	}
	text := fmt.Sprintf("%s persons", humanize.Thousands(pop.Rows))
	if pop.Rows < pop.Size {
		text += fmt.Sprintf(" (numbers %s to %s of %s)", humanize.Thousands(pop.First), humanize.Thousands(pop.First+pop.Rows-1), humanize.Thousands(pop.Size))
	}
	text += fmt.Sprintf(", %s sampling, seed %d, plan `%s`.", pop.Sampling, pop.Seed, short(pop.Plan))
	if pop.Where != "" {
		text += fmt.Sprintf(" Wanted are those with `%s`", pop.Where)
		if pop.Wanted > 0 {
			text += fmt.Sprintf(", %s of everyone the tables speak of", percent(pop.Wanted))
		}
		text += "."
	}
	d.line("%s\n", text)
	c := s.Checks.Counts
	d.line("**Checks:** %d passed, %s, %s, %d failed, %d skipped.\n", c[check.Pass], humanize.Count(int64(c[check.Note]), "note", "notes"), humanize.Count(int64(c[check.Warn]), "warning", "warnings"), c[check.Fail], c[check.Skip])
	if s.Texts != nil {
		d.line("**Texts:** %s.\n", s.Texts.Headline)
	}
	if pop.Sampling == check.Quota {
		d.line("Quota sampling meets its targets by construction, so p-values lie near 1 and are indices of conformity; the deviation in persons is what counts.\n")
	}
}

func (s *Stats) failures(d *document) {
	var rows [][]string
	for _, status := range []string{check.Fail, check.Warn, check.Note} {
		for _, o := range s.Checks.Outcomes {
			if o.Status == status {
				rows = append(rows, []string{status, Escape(o.ID), Escape(o.Name), Escape(o.Message)})
			}
		}
	}
	if rows != nil {
		d.line("## What to look at\n")
		d.table([]string{"status", "check", "name", "what was found"}, rows)
	}
}

// margins shows the values of finite fields that are written.
func (s *Stats) margins(d *document) {
	d.line("## Margins\n")
	d.line("Target is the share that the plan asks for among the persons wanted; published is what the source prints, for the persons it speaks of, and fitted to it is the same share after all tables were fitted together.\n")
	for _, f := range s.Fields {
		if f.Hidden || len(f.Values) == 0 || f.Type == frame.Integer {
			continue
		}
		d.line("### %s\n", Escape(heading(f)))
		if f.Published != "" {
			who := "everyone"
			if f.PublishedWhere != "" {
				who = "`" + f.PublishedWhere + "`"
			}
			d.line("Published: table %s, of %s.\n", Escape(f.Published), who)
		}
		s.values(d, f)
	}
}

func heading(f Field) string {
	if f.Title != "" {
		return f.Name + ": " + f.Title
	}
	return f.Name
}

func (s *Stats) values(d *document, f Field) {
	head := []string{"value", "persons>", "share>"}
	if f.Type == frame.CategoryList {
		head[1] = "items>"
	}
	withTarget := f.Values[0].Target != nil
	if withTarget {
		head = append(head, "target>", "deviation, persons>")
	}
	if f.Published != "" {
		head = append(head, "published>", "fitted to it>")
	}
	shown := f.Values
	if withTarget {
		shown = shown[:min(len(shown), mostValues)]
	} else {
		shown = slices.Clone(shown)
		slices.SortStableFunc(shown, func(x, y Value) int { return cmp.Compare(y.Count, x.Count) })
		shown = shown[:min(len(shown), mostFrequent)]
	}
	var rows [][]string
	for _, v := range shown {
		row := []string{Escape(v.Label), humanize.Thousands(v.Count), percent(v.Share)}
		if withTarget {
			row = append(row, percent(*v.Target), signed(float64(v.Count)-*v.Target*float64(s.Population.Rows)))
		}
		if f.Published != "" {
			if v.Published != nil {
				row = append(row, percent(*v.Published), percent(*v.Fitted))
			} else {
				row = append(row, "", "")
			}
		}
		rows = append(rows, row)
	}
	if f.Nulls > 0 {
		row := []string{"*none*", humanize.Thousands(f.Nulls), percent(share(f.Nulls, s.Population.Rows))}
		rows = append(rows, append(row, make([]string, len(head)-len(row))...))
	}
	d.table(head, rows)
	if n := len(f.Values) - len(shown); n > 0 {
		d.line("%d more values are in stats.json.\n", n)
	}
}

func (s *Stats) numbers(d *document) {
	var rows [][]string
	for _, f := range s.Fields {
		if n := f.Numbers; n != nil && !f.Hidden && f.Kind != "id" && f.Class != kind.Written {
			of := n.Of
			if f.Unit != "" && of == "values" {
				of = f.Unit
			}
			row := []string{Escape(f.Name), Escape(of), humanize.Thousands(n.N), number(n.Mean), number(n.SD)}
			for _, x := range []float64{n.Min, n.P10, n.P50, n.P90, n.Max} {
				row = append(row, number(x))
			}
			rows = append(rows, row)
		}
	}
	if rows != nil {
		d.line("## Numbers\n")
		d.table([]string{"field", "of", "persons>", "mean>", "sd>", "min>", "10 %>", "median>", "90 %>", "max>"}, rows)
	}
	s.declared(d)
}

// declared compares numbers with their declared distributions and correlations.
func (s *Stats) declared(d *document) {
	var numbers, pairs [][]string
	for _, o := range s.Checks.Outcomes {
		switch {
		case o.Test == nil:
		case o.Kind == check.KindNumber:
			row := []string{Escape(o.Name), humanize.Thousands(o.Test.Persons), number(o.Test.Statistic), number(o.Test.P)}
			for _, q := range o.Quantiles {
				row = append(row, number(q.Declared)+" / "+number(q.Observed))
			}
			numbers = append(numbers, append(row, o.Status))
		case o.Kind == check.KindCorrelation:
			pairs = append(pairs, []string{
				Escape(o.Name), humanize.Thousands(o.Test.Persons), fmt.Sprintf("%.3f", o.Correlation.Declared), fmt.Sprintf("%.3f", o.Correlation.Expected),
				fmt.Sprintf("%.3f", o.Correlation.Observed), number(o.Test.P), o.Status,
			})
		}
	}
	if numbers != nil {
		d.line("### As declared\n")
		d.line("Distance is the largest between the cumulative distributions (Kolmogorov-Smirnov); quantiles are declared / found, those of the mixture that the persons' other fields make of a distribution.\n")
		d.table([]string{"field", "persons>", "distance>", "p>", "10 %>", "median>", "90 %>", "check"}, numbers)
	}
	if pairs != nil {
		d.line("Correlations are of normal scores; expected is the declared one as rounding weakens it.\n")
		d.table([]string{"fields", "persons>", "declared>", "expected>", "found>", "p>", "check"}, pairs)
	}
}

func (s *Stats) tables(d *document) {
	if len(s.Tables) == 0 {
		return
	}
	d.line("## Tables: largest deviations\n")
	d.line("Ratio is the SRMSE relative to what independent draws would give: 1 is as good as random, 0 is exact. V is Cramér's V, realised and expected.\n")
	var rows [][]string
	for _, t := range s.Tables {
		n := t.Numbers
		if n == nil {
			continue
		}
		v, test := "", ""
		if len(t.Fields) == 2 {
			v = fmt.Sprintf("%.3f / %.3f", n.Cramer, n.CramerTarget)
		}
		if t.Test != nil {
			test = fmt.Sprintf("%s, %d df, p %s", number(t.Test.ChiSquare), t.Test.DF, number(t.Test.P))
		}
		rows = append(rows, []string{
			Escape(t.Name), t.Origin, strconv.Itoa(n.Cells), signed(n.Persons), Escape(n.PersonsCell), points(n.Points),
			number(n.TVD), fmt.Sprintf("%.2f", n.SRMSERatio), v, test, t.Status,
		})
	}
	d.table([]string{"table", "origin", "cells>", "persons>", "where", "points>", "TVD>", "ratio>", "V", "chi-square", "check"}, rows)
}

func (s *Stats) reconciliation(d *document) {
	if len(s.Published) == 0 {
		return
	}
	d.line("## From published to fitted\n")
	d.line("Published figures never quite agree. Moved is the least change that makes them, in the largest cell in persons and as a total variation distance (TVD); missed is how far the fit ends from that: nothing for hard tables, for patterns and soft tables what they yielded.\n")
	var rows [][]string
	for _, t := range s.Published {
		rows = append(rows, []string{
			Escape(t.Name), t.Role, Escape(strings.Join(t.Fields, ", ")), Escape(t.Source), years(t.Year), Escape(t.Status),
			number(t.MovedPersons), Escape(t.WorstCell), number(t.Moved), number(t.MissedPersons), Escape(t.MissedCell), number(t.TVD),
		})
	}
	d.table([]string{"table", "role", "fields", "source", "year", "status", "moved, persons>", "where", "moved, TVD>", "missed, persons>", "where", "missed, TVD>"}, rows)
	s.sideBySide(d)
}

func (s *Stats) uncertainty(d *document) {
	if len(s.Uncertain) == 0 {
		return
	}
	d.line("## What is not official\n")
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		for _, u := range s.Uncertain {
			if u.Status == status {
				d.line("- %s %s is **%s**%s", u.What, Escape(u.Name), status, note(u.Note))
			}
		}
	}
	d.line("")
}

func (s *Stats) independence(d *document) {
	if len(s.Independent) == 0 {
		return
	}
	d.line("## What is independent\n")
	d.line("No table of the spec joins these fields: among the persons they are independent, given the fields named. The test is of the first persons.\n")
	for _, pair := range s.Independent {
		given := ""
		if len(pair.Given) > 0 {
			given = " given " + strings.Join(pair.Given, ", ")
		}
		result := ""
		for _, o := range s.Checks.Outcomes {
			if o.Kind == check.KindIndependent && o.ID == "independent."+pair.Fields[0]+"."+pair.Fields[1] && o.Test != nil {
				result = ", p " + number(o.Test.P)
			}
		}
		d.line("- %s and %s%s%s", Escape(pair.Fields[0]), Escape(pair.Fields[1]), Escape(given), result)
	}
	d.line("")
}

func (s *Stats) exceptions(d *document) {
	if len(s.Exceptions) == 0 {
		return
	}
	d.line("## Cells that miss their target\n")
	d.line("The allocation of whole persons left these cells more than one person off.\n")
	var rows [][]string
	for _, x := range s.Exceptions {
		rows = append(rows, []string{Escape(x.Table), Escape(x.Cell), signed(x.Persons), Escape(x.Reason)})
	}
	d.table([]string{"table", "cell", "persons>", "why"}, rows)
}

func (s *Stats) limits(d *document) {
	if len(s.Limitations) > 0 {
		d.line("## Limitations\n")
		for _, l := range s.Limitations {
			d.line("- %s", Escape(l))
		}
		d.line("")
	}
	if len(s.Sources) > 0 {
		d.line("## Sources\n")
		for _, x := range s.Sources {
			text := fmt.Sprintf("- **%s**: %s", Escape(x.Name), Escape(x.Title))
			if x.Publisher != "" {
				text += ", " + Escape(x.Publisher)
			}
			if x.Year != 0 {
				text += ", " + strconv.Itoa(x.Year)
			}
			if x.URL != "" {
				text += ", <" + strings.ReplaceAll(x.URL, ">", "%3E") + ">"
			}
			d.line("%s", text+note(x.Note))
		}
		d.line("")
	}
}

func (s *Stats) checks(d *document) {
	d.line("## Checks\n")
	parts := ""
	if s.Checks.Parts > 1 {
		parts = fmt.Sprintf(", over all %d parts of the population", s.Checks.Parts)
	}
	d.line("Statistical tests: %d. The chance that any of them fails a right population%s is %g; their p-values are adjusted by Holm's method.\n", s.Checks.Tests, parts, s.Checks.Budget)
	var rows [][]string
	for _, o := range s.Checks.Outcomes {
		rows = append(rows, []string{o.Status, Escape(o.ID), Escape(o.Name), Escape(o.Message)})
	}
	d.table([]string{"status", "check", "name", "what was found"}, rows)
}

// sideBySide shows the cells of tables with few of them.
func (s *Stats) sideBySide(d *document) {
	d.line("### Side by side\n")
	d.line("Shares within each table's own universe: as published, reconciled with the other tables, fitted to all of them, and observed among the persons written. Where the persons wanted are only a part of the universe, as adults are of everyone, observed figures need not be the published ones; how much of it they are stands beside.\n")
	for _, t := range s.Published {
		f := t.Figures
		if f == nil || len(f.Published) > mostValues || len(f.Published) == 0 {
			continue
		}
		head := fmt.Sprintf("**%s** (%s", Escape(t.Name), t.Role)
		if t.Where != "" {
			head += ", where `" + t.Where + "`"
		}
		switch {
		case f.Observed == nil:
			head += "; nobody of its universe is among the persons written"
		case t.Covered < whole:
			head += fmt.Sprintf("; observed in the %s of its universe who are wanted", percent(t.Covered))
		default:
			head += "; its whole universe is observed"
		}
		d.line("%s)\n", head)
		var rows [][]string
		for k := range f.Published {
			observed := ""
			if f.Observed != nil {
				observed = percent(f.Observed[k])
			}
			rows = append(rows, []string{Escape(cellOf(t.Fields, f.Labels, k)), percent(f.Published[k]), percent(f.Reconciled[k]), percent(f.Fitted[k]), observed})
		}
		d.table([]string{"cell", "published>", "reconciled>", "fitted>", "observed>"}, rows)
	}
}

// goals shows which points of the user's are met.
func (s *Stats) goals(d *document) {
	if len(s.Goals) == 0 {
		return
	}
	met := 0
	var rows [][]string
	for _, g := range s.Goals {
		verdict := "**not met**"
		if g.Met {
			verdict = "met"
			met++
		}
		rows = append(rows, []string{verdict, Escape(g.Name), Escape(g.Demand), Escape(g.Found)})
	}
	d.line("## Goals\n")
	d.line("%s\n", fmt.Sprintf("What the specification calls success: %d of %d points are met.", met, len(s.Goals)))
	d.table([]string{"", "goal", "wanted", "found"}, rows)
}
