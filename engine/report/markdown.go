package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
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

// paper writes Markdown.
type paper struct{ bytes.Buffer }

func (p *paper) line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

// table writes a table; columns whose head ends in ">" are set to the right.
func (p *paper) table(head []string, rows [][]string) {
	titles, rule := make([]string, len(head)), make([]string, len(head))
	for i, h := range head {
		titles[i], rule[i] = strings.TrimSuffix(h, ">"), "---"
		if strings.HasSuffix(h, ">") {
			rule[i] = "---:"
		}
	}
	p.line("| %s |", strings.Join(titles, " | "))
	p.line("| %s |", strings.Join(rule, " | "))
	for _, r := range rows {
		p.line("| %s |", strings.Join(r, " | "))
	}
	p.line("")
}

// Markdown writes the statistics for people to read.
func (s *Stats) Markdown(w io.Writer) error {
	var p paper
	s.head(&p)
	s.goals(&p)
	s.failures(&p)
	s.margins(&p)
	s.numbers(&p)
	s.texts(&p)
	s.tables(&p)
	s.reconciliation(&p)
	s.uncertainty(&p)
	s.independence(&p)
	s.exceptions(&p)
	s.limits(&p)
	s.checks(&p)
	_, err := w.Write(append(bytes.TrimRight(p.Bytes(), "\n"), '\n'))
	return err
}

func (s *Stats) head(p *paper) {
	pop := &s.Population
	title := pop.Title
	if title == "" {
		title = pop.Name
	}
	p.line("# %s: statistics\n", Escape(title))
	if pop.Description != "" {
		p.line("%s\n", Escape(pop.Description))
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
	p.line("%s\n", text)
	c := s.Checks.Counts
	p.line("**Checks:** %d passed, %s, %s, %d failed, %d skipped.\n", c[check.Pass], humanize.Count(int64(c[check.Note]), "note", "notes"), humanize.Count(int64(c[check.Warn]), "warning", "warnings"), c[check.Fail], c[check.Skip])
	if s.Texts != nil {
		p.line("**Texts:** %s.\n", s.Texts.Headline)
	}
	if pop.Sampling == check.Quota {
		p.line("Quota sampling meets its targets by construction, so p-values lie near 1 and are indices of conformity; the deviation in persons is what counts.\n")
	}
}

func (s *Stats) failures(p *paper) {
	var rows [][]string
	for _, status := range []string{check.Fail, check.Warn, check.Note} {
		for _, o := range s.Checks.Outcomes {
			if o.Status == status {
				rows = append(rows, []string{status, Escape(o.ID), Escape(o.Name), Escape(o.Message)})
			}
		}
	}
	if rows != nil {
		p.line("## What to look at\n")
		p.table([]string{"status", "check", "name", "what was found"}, rows)
	}
}

// margins shows the values of finite fields that are written.
func (s *Stats) margins(p *paper) {
	p.line("## Margins\n")
	p.line("Target is the share that the plan asks for among the persons wanted; published is what the source prints, for the persons it speaks of, and fitted to it is the same share after all tables were fitted together.\n")
	for _, f := range s.Fields {
		if f.Hidden || len(f.Values) == 0 || f.Type == frame.Integer {
			continue
		}
		p.line("### %s\n", Escape(heading(f)))
		if f.Published != "" {
			who := "everyone"
			if f.PublishedWhere != "" {
				who = "`" + f.PublishedWhere + "`"
			}
			p.line("Published: table %s, of %s.\n", Escape(f.Published), who)
		}
		s.values(p, f)
	}
}

func heading(f Field) string {
	if f.Title != "" {
		return f.Name + ": " + f.Title
	}
	return f.Name
}

func (s *Stats) values(p *paper, f Field) {
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
	p.table(head, rows)
	if n := len(f.Values) - len(shown); n > 0 {
		p.line("%d more values are in stats.json.\n", n)
	}
}

func (s *Stats) numbers(p *paper) {
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
		p.line("## Numbers\n")
		p.table([]string{"field", "of", "persons>", "mean>", "sd>", "min>", "10 %>", "median>", "90 %>", "max>"}, rows)
	}
	s.declared(p)
}

// declared compares numbers with their declared distributions and correlations.
func (s *Stats) declared(p *paper) {
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
		p.line("### As declared\n")
		p.line("Distance is the largest between the cumulative distributions (Kolmogorov-Smirnov); quantiles are declared / found, those of the mixture that the persons' other fields make of a distribution.\n")
		p.table([]string{"field", "persons>", "distance>", "p>", "10 %>", "median>", "90 %>", "check"}, numbers)
	}
	if pairs != nil {
		p.line("Correlations are of normal scores; expected is the declared one as rounding weakens it.\n")
		p.table([]string{"fields", "persons>", "declared>", "expected>", "found>", "p>", "check"}, pairs)
	}
}

func (s *Stats) tables(p *paper) {
	if len(s.Tables) == 0 {
		return
	}
	p.line("## Tables: largest deviations\n")
	p.line("Ratio is the SRMSE relative to what independent draws would give: 1 is as good as random, 0 is exact. V is Cramér's V, realised and expected.\n")
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
	p.table([]string{"table", "origin", "cells>", "persons>", "where", "points>", "TVD>", "ratio>", "V", "chi-square", "check"}, rows)
}

func (s *Stats) reconciliation(p *paper) {
	if len(s.Published) == 0 {
		return
	}
	p.line("## From published to fitted\n")
	p.line("Published figures never quite agree. Moved is the least change that makes them, in the largest cell in persons and as a total variation distance (TVD); missed is how far the fit ends from that: nothing for hard tables, for patterns and soft tables what they yielded.\n")
	var rows [][]string
	for _, t := range s.Published {
		rows = append(rows, []string{
			Escape(t.Name), t.Role, Escape(strings.Join(t.Fields, ", ")), Escape(t.Source), years(t.Year), Escape(t.Status),
			number(t.MovedPersons), Escape(t.WorstCell), number(t.Moved), number(t.MissedPersons), Escape(t.MissedCell), number(t.TVD),
		})
	}
	p.table([]string{"table", "role", "fields", "source", "year", "status", "moved, persons>", "where", "moved, TVD>", "missed, persons>", "where", "missed, TVD>"}, rows)
	s.sideBySide(p)
}

func years(y int) string {
	if y == 0 {
		return ""
	}
	return strconv.Itoa(y)
}

func (s *Stats) uncertainty(p *paper) {
	if len(s.Uncertain) == 0 {
		return
	}
	p.line("## What is not official\n")
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		for _, u := range s.Uncertain {
			if u.Status == status {
				p.line("- %s %s is **%s**%s", u.What, Escape(u.Name), status, note(u.Note))
			}
		}
	}
	p.line("")
}

func note(text string) string {
	if text == "" {
		return ""
	}
	return ": " + Escape(text)
}

func (s *Stats) independence(p *paper) {
	if len(s.Independent) == 0 {
		return
	}
	p.line("## What is independent\n")
	p.line("No table of the spec joins these fields: among the persons they are independent, given the fields named. The test is of the first persons.\n")
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
		p.line("- %s and %s%s%s", Escape(pair.Fields[0]), Escape(pair.Fields[1]), Escape(given), result)
	}
	p.line("")
}

func (s *Stats) exceptions(p *paper) {
	if len(s.Exceptions) == 0 {
		return
	}
	p.line("## Cells that miss their target\n")
	p.line("The allocation of whole persons left these cells more than one person off.\n")
	var rows [][]string
	for _, x := range s.Exceptions {
		rows = append(rows, []string{Escape(x.Table), Escape(x.Cell), signed(x.Persons), Escape(x.Reason)})
	}
	p.table([]string{"table", "cell", "persons>", "why"}, rows)
}

func (s *Stats) limits(p *paper) {
	if len(s.Limitations) > 0 {
		p.line("## Limitations\n")
		for _, l := range s.Limitations {
			p.line("- %s", Escape(l))
		}
		p.line("")
	}
	if len(s.Refused) > 0 {
		p.line("## Texts set aside\n")
		p.line("No answer of the model passed; the last one was refused because:\n")
		var rows [][]string
		for _, x := range s.Refused {
			rows = append(rows, []string{Escape(x.Field), humanize.Thousands(x.Texts), Escape(x.Reason)})
		}
		p.table([]string{"field", "texts>", "reason"}, rows)
	}
	if len(s.Warnings) > 0 {
		p.line("## Doubts about the specification\n")
		for _, w := range s.Warnings {
			p.line("- %s", Escape(w.Message))
		}
		p.line("")
	}
	if len(s.Sources) > 0 {
		p.line("## Sources\n")
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
			p.line("%s", text+note(x.Note))
		}
		p.line("")
	}
}

func (s *Stats) checks(p *paper) {
	p.line("## Checks\n")
	parts := ""
	if s.Checks.Parts > 1 {
		parts = fmt.Sprintf(", over all %d parts of the population", s.Checks.Parts)
	}
	p.line("Statistical tests: %d. The chance that any of them fails a right population%s is %g; their p-values are adjusted by Holm's method.\n", s.Checks.Tests, parts, s.Checks.Budget)
	var rows [][]string
	for _, o := range s.Checks.Outcomes {
		rows = append(rows, []string{o.Status, Escape(o.ID), Escape(o.Name), Escape(o.Message)})
	}
	p.table([]string{"status", "check", "name", "what was found"}, rows)
}

// Escape makes a text safe inside Markdown, in a cell of a table too.
func Escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '&', '#', '$':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n', '\r', '\t':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }

// signed writes a deviation; what rounds to nothing has no sign.
func signed(x float64) string {
	text := fmt.Sprintf("%+.2f", x)
	if text == "+0.00" || text == "-0.00" {
		return "0.00"
	}
	return text
}

func points(x float64) string {
	text := fmt.Sprintf("%+.3f", x)
	if strings.Trim(text, "+-0.") == "" {
		return "0.000"
	}
	return text
}

// number writes a number with four significant digits, whole ones in full.
func number(x float64) string {
	if x == float64(int64(x)) && x > -1e15 && x < 1e15 {
		return humanize.Thousands(int64(x))
	}
	if math.Abs(x) >= 1000 && math.Abs(x) < 1e15 {
		return humanize.Thousands(int64(math.Round(x)))
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// short is the beginning of a hash.
func short(hash string) string { return hash[:min(len(hash), 12)] }
