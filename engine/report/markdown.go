package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// mostValues is the largest number of values that stats.md shows of a field with
// targets, mostFrequent of a field without. stats.json has all values.
const (
	mostValues   = 40
	mostFrequent = 15
)

// Markdown writes stats.md, the statistics in a readable form.
func (s *Stats) Markdown(w io.Writer) error {
	var d document
	s.head(&d)
	s.design(&d, "##")
	s.goals(&d)
	s.failures(&d)
	s.margins(&d)
	s.records(&d)
	s.numbers(&d)
	s.dates(&d)
	s.texts(&d)
	s.scores(&d, "##")
	s.tables(&d)
	s.reconciliation(&d)
	s.counted(&d, "##")
	s.uncertainty(&d)
	s.smoothness(&d)
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
		text += fmt.Sprintf(" Target population: persons with `%s`", pop.Where)
		if pop.Wanted > 0 {
			text += fmt.Sprintf(", %s of everyone in the tables", percent(pop.Wanted))
		}
		text += "."
	}
	d.line("%s\n", text)
	d.line("**Checks:** %s.\n", s.Checks.Summary())
	if s.Texts != nil {
		d.line("**Texts:** %s.\n", s.Texts.Headline)
	}
	if pop.Sampling == check.Quota {
		d.line("%s\n", quotaNote)
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
		d.line("## Failures, warnings and notes\n")
		d.table([]string{"status", "check", "name", "result"}, rows)
	}
}

// margins shows the values of visible finite fields.
func (s *Stats) margins(d *document) {
	d.line("## Margins\n")
	d.line("*Target* is the expected share in the target population. *Published* is the share that the source gives for its own universe, and *fitted* the same share after all tables were fitted together.\n")
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
			d.line("Published in table %s, for %s.\n", Escape(f.Published), who)
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
	head := []string{"value", "persons>", "observed>"}
	if f.Type == frame.CategoryList {
		head[1] = "items>"
	}
	withTarget := f.Values[0].Target != nil
	if withTarget {
		head = append(head, "target>", "deviation, persons>")
	}
	if f.Published != "" {
		head = append(head, "published>", "fitted>")
	}
	var shown []Value
	var rest *Rest
	if withTarget {
		var listed []int
		listed, rest = foldValues(f.Values, s.Population.Rows, mostValues)
		for _, i := range listed {
			shown = append(shown, f.Values[i])
		}
	} else {
		shown = slices.Clone(f.Values)
		slices.SortStableFunc(shown, func(x, y Value) int { return cmp.Compare(y.Count, x.Count) })
		shown = shown[:min(len(shown), mostFrequent)]
	}
	var rows [][]string
	for _, v := range shown {
		row := []string{Escape(v.Label), countOf(v.Count), percent(v.Share)}
		if withTarget {
			row = append(row, percent(*v.Target), signed(v.Count-*v.Target*float64(s.Population.Rows)))
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
		row := []string{"*null*", countOf(f.none()), percent(share(f.none(), float64(s.Population.Rows)))}
		rows = append(rows, append(row, make([]string, len(head)-len(row))...))
	}
	d.table(head, rows)
	if rest != nil {
		d.line("%s other values: %s, target %s; the largest deviation of one of them is %s persons.\n",
			humanize.Thousands(int64(rest.Values)), percent(rest.Share), percent(*rest.Target), signed(*rest.Deviation))
	}
	more, of := len(f.Values)-len(shown), ""
	if f.Rest != nil {
		more, of = len(f.listed)-len(shown), " of the "+humanize.Thousands(int64(len(f.Values)))
	}
	if more > 0 {
		d.line("stats.json has %d more%s values.\n", more, of)
	}
}

func (s *Stats) numbers(d *document) {
	var rows [][]string
	for _, f := range s.Fields {
		if n := f.Numbers; n != nil && !f.Hidden && kind.MeaningOf(f.Kind) != kind.Identifier && kind.MeaningOf(f.Kind) != kind.Weighting && !f.Class.Added() {
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
	s.statistics(d)
}

// dates lists the periods of date fields, and their dates by month.
func (s *Stats) dates(d *document) {
	var rows [][]string
	for _, f := range s.Fields {
		n := f.Dates
		if n == nil || f.Hidden {
			continue
		}
		row := []string{Escape(f.Name), humanize.Thousands(n.N), n.Min, n.Max}
		for _, count := range n.Months {
			row = append(row, humanize.Thousands(count))
		}
		rows = append(rows, row)
	}
	if rows != nil {
		d.line("## Dates\n")
		d.line("Persons by month; `stats.json` also counts them by year.\n")
		head := []string{"field", "dates>", "earliest", "latest"}
		for m := time.January; m <= time.December; m++ {
			head = append(head, m.String()[:3]+">")
		}
		d.table(head, rows)
	}
}

// declared compares number fields with their declared distributions and
// correlations.
func (s *Stats) declared(d *document) {
	numbers, pairs := s.declaredRows(Escape)
	if numbers != nil {
		d.line("### Declared distributions and correlations\n")
		d.line("*Distance* is the largest distance between the cumulative distributions (Kolmogorov-Smirnov). Quantiles are declared / observed; the declared ones are those of the mixture over the persons' other fields.\n")
		d.table([]string{"field", "persons>", "distance>", "p>", "10 %>", "median>", "90 %>", "check"}, numbers)
	}
	if pairs != nil {
		d.line("Correlations are of normal scores. *Expected* is the declared correlation as weakened by rounding.\n")
		d.table([]string{"fields", "persons>", "declared>", "expected>", "observed>", "p>", "check"}, pairs)
	}
}

// declaredRows returns the cells of the tables of declared: of number fields, and of
// correlations.
func (s *Stats) declaredRows(escape func(string) string) (numbers, pairs [][]string) {
	for _, o := range s.Checks.Outcomes {
		switch {
		case o.Test == nil:
		case o.Kind == check.KindNumber:
			row := []string{escape(o.Name), humanize.Thousands(o.Test.Persons), number(o.Test.Statistic), number(o.Test.P)}
			for _, q := range o.Quantiles {
				row = append(row, number(q.Declared)+" / "+number(q.Observed))
			}
			numbers = append(numbers, append(row, o.Status))
		case o.Kind == check.KindCorrelation:
			pairs = append(pairs, []string{
				escape(o.Name), humanize.Thousands(o.Test.Persons), fmt.Sprintf("%.3f", o.Correlation.Declared), fmt.Sprintf("%.3f", o.Correlation.Expected),
				fmt.Sprintf("%.3f", o.Correlation.Observed), number(o.Test.P), o.Status,
			})
		}
	}
	return numbers, pairs
}

func (s *Stats) tables(d *document) {
	if len(s.Tables) == 0 {
		return
	}
	d.line("## Tables: largest deviations\n")
	d.line("*Ratio* is the SRMSE divided by its expected value under independent draws: 0 is exact, 1 is no better than random. *V* is Cramér's V, observed / target.\n")
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
		off, cell := n.Deviation()
		rows = append(rows, []string{
			Escape(t.Name), t.Origin, strconv.Itoa(n.Cells), signed(off), Escape(cell), points(n.Points),
			number(n.TVD), fmt.Sprintf("%.2f", n.SRMSERatio), v, test, t.Status,
		})
	}
	d.table([]string{"table", "origin", "cells>", "persons>", "where", "points>", "TVD>", "ratio>", "V", "chi-square", "check"}, rows)
}

func (s *Stats) reconciliation(d *document) {
	if len(s.Published) == 0 {
		return
	}
	d.line("## Published, reconciled and fitted tables\n")
	d.line("Published tables rarely agree exactly and are first reconciled with the smallest possible change. *Moved* is this change: in persons for the largest cell, and as a total variation distance (TVD). *Missed* is the difference between the fitted and the reconciled table: zero for hard tables, while patterns and soft tables may give way to others.\n")
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

// counted says how tables were counted from the records of surveys.
func (s *Stats) counted(d *document, heading string) {
	told := false
	for _, t := range s.Published {
		if t.Microdata == nil {
			continue
		}
		if !told {
			d.line("%s Tables counted from survey records\n", heading)
			d.line("Only the smoothed counts of these tables are used: no record of a survey is in this data, and cells with few records do not keep their own figure.\n")
			told = true
		}
		d.line("- `%s` from `%s`: %s.", t.Name, t.File, Escape(strings.Join(t.Microdata.Sentences(), "; ")))
	}
	if told {
		d.line("")
	}
}

func (s *Stats) uncertainty(d *document) {
	if len(s.Uncertain) == 0 {
		return
	}
	d.line("## Assumptions and unofficial figures\n")
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		for _, u := range s.Uncertain {
			if u.Status == status {
				d.line("- %s %s is **%s**%s", u.What, Escape(u.Name), status, note(u.Note))
			}
		}
	}
	d.line("")
}

// smoothness shows the steepest steps of smoothed fields.
func (s *Stats) smoothness(d *document) {
	if rows := smoothedRows(s.Smoothed, Escape); rows != nil {
		d.line("## Smoothed fields\n")
		d.line("Tables give the shares of these fields by bands, and they are interpolated over single values. Every band keeps its shares. The steepest step is the largest change from one value to the next.\n")
		d.table([]string{"field", "over", "edges", "steepest step by bands", "smoothed", "at most, points"}, rows)
	}
}

func (s *Stats) independence(d *document) {
	if len(s.Independent) == 0 {
		return
	}
	d.line("## Independent fields\n")
	d.line("No table of the specification joins these fields, so they are independent given the fields listed. The p-value is from a test on the first persons.\n")
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
	d.line("The allocation of whole persons leaves these cells more than one person from their target.\n")
	var rows [][]string
	for _, x := range s.Exceptions {
		rows = append(rows, []string{Escape(x.Table), Escape(x.Cell), signed(x.Persons), Escape(x.Reason)})
	}
	d.table([]string{"table", "cell", "persons>", "reason"}, rows)
}

func (s *Stats) limits(d *document) {
	if len(s.Limitations) > 0 {
		d.line("## Limitations\n")
		for _, l := range s.Limitations {
			d.line("- %s", Escape(l))
		}
		d.line("")
	}
	if len(s.Refused) > 0 {
		d.line("## Quarantined texts\n")
		d.line("No answer of the model was accepted. The last one was refused for this reason:\n")
		var rows [][]string
		for _, x := range s.Refused {
			rows = append(rows, []string{Escape(x.Field), humanize.Thousands(x.Texts), Escape(x.Reason)})
		}
		d.table([]string{"field", "texts>", "reason"}, rows)
	}
	if len(s.Warnings) > 0 {
		d.line("## Warnings about the specification\n")
		for _, w := range s.Warnings {
			d.line("- %s", Escape(w.Message))
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
	d.line("%s\n", s.Checks.tests())
	var rows [][]string
	for _, o := range s.Checks.Outcomes {
		rows = append(rows, []string{o.Status, Escape(o.ID), Escape(o.Name), Escape(o.Message)})
	}
	d.table([]string{"status", "check", "name", "result"}, rows)
}

// sideBySide shows the cells of every table, of a large one those that differ most.
func (s *Stats) sideBySide(d *document) {
	d.line("### Tables, cell by cell\n")
	d.line("Shares within the universe of each table: as published, reconciled with the other tables, fitted to all of them, and observed in this release. If the target population is only part of the universe, as adults are of everyone, observed figures need not match the published ones; the share of the universe that is observed is given in brackets.\n")
	for _, t := range s.Published {
		f := t.Figures
		if f == nil || len(f.Published) == 0 {
			continue
		}
		shown, cut := mostDifferent(f)
		head := fmt.Sprintf("**%s** (%s", Escape(t.Name), t.Role)
		if t.Where != "" {
			head += ", where `" + t.Where + "`"
		}
		d.line("%s; %s)\n", head, coverageNote(&t))
		var rows [][]string
		for _, k := range shown {
			observed := ""
			if f.Observed != nil {
				observed = percent(f.Observed[k])
			}
			rows = append(rows, []string{Escape(cellOf(t.Fields, f.Labels, k)), percent(f.Published[k]), percent(f.Reconciled[k]), percent(f.Fitted[k]), observed})
		}
		d.table([]string{"cell", "published>", "reconciled>", "fitted>", "observed>"}, rows)
		if cut {
			d.line("%d more cells with smaller differences are in stats.json.\n", len(f.Published)-len(shown))
		}
	}
}

// goals shows which goals of the spec are met.
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
	d.line("%s\n", fmt.Sprintf("%d of %d goals of the specification are met. An unmet goal does not fail the checks.", met, len(s.Goals)))
	d.table([]string{"", "goal", "required", "observed"}, rows)
}
