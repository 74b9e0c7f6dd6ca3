package report

import (
	"fmt"
	"math"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/plan"
)

func (r *Release) cardTexts(d *document) {
	if r.Texts == nil || len(r.Texts.Fields) == 0 {
		return
	}
	d.line("## Text fields\n")
	d.line("%s. Lengths are in characters; for lists, of each item. Near-duplicates are texts of different persons that are mostly the same once names, places and numbers are masked.\n", r.Texts.Headline)
	var rows [][]string
	for _, c := range r.columns() {
		i := r.text(c.Field.Name)
		if i < 0 || c.plan.Text == nil {
			continue
		}
		t := &r.Texts.Fields[i]
		limits := fmt.Sprintf("%s to %s", humanize.Thousands(int64(c.plan.Text.Chars.Min)), humanize.Thousands(int64(c.plan.Text.Chars.Max)))
		if n := c.plan.Text.Items; n != nil {
			limits += fmt.Sprintf(", %d to %d items", n.Min, n.Max)
		}
		row := []string{"`" + c.name() + "`", humanize.Thousands(t.Written), humanize.Thousands(t.Missing), limits}
		if n := t.Chars; n != nil {
			row = append(row, number(n.Mean), number(n.P10), number(n.P50), number(n.P90))
		} else {
			row = append(row, "", "", "", "")
		}
		items, duplicates := "", ""
		if n := t.Items; n != nil {
			items = number(n.Mean)
		}
		if a := t.NearDuplicates; a != nil {
			duplicates = percent(a.NearDuplicateShare)
		}
		rows = append(rows, append(row, items, duplicates, written(t.Sources)))
	}
	d.table([]string{"column", "written>", "missing>", "limits>", "mean>", "10 %>", "median>", "90 %>", "mean items>", "near-duplicates>", "written by"}, rows)
	if m := r.Texts.Model; m != nil && *m < 1 {
		d.line("Texts by `%s` are assembled from phrase banks. They are placeholders for model-written texts and must not be counted as such.\n", check.Offline)
	}
}

// cardTargets compares the observed figures with their targets.
func (r *Release) cardTargets(d *document) {
	d.line("## Targets and observed figures\n")
	if r.Population.Sampling == check.Quota && r.Population.Rows == r.Population.Size {
		d.line(quotaNote + "\n")
	} else {
		d.line("The persons are a random sample, so they deviate from their targets by chance. p-values are from a chi-square test.\n")
	}
	hidden := map[string]bool{}
	for _, f := range r.Fields {
		hidden[f.Name] = f.Hidden
	}
	for _, part := range []struct{ title, origin string }{
		{"Margins", "margin"}, {"Joint distributions that the specification names", "joint"}, {"Published tables", "table"},
	} {
		var rows [][]string
		for _, t := range r.Tables {
			if t.Origin != part.origin || t.Numbers == nil || part.origin == "margin" && hidden[t.Fields[0]] {
				continue
			}
			n, chance := t.Numbers, ""
			if t.Test != nil {
				chance = number(t.Test.P)
			}
			off, cell := n.Deviation()
			rows = append(rows, []string{Escape(t.Name), humanize.Thousands(int64(n.Cells)), signed(off), Escape(cell), points(n.Points), chance, t.Status})
		}
		if rows != nil {
			d.line("### %s\n", part.title)
			d.table([]string{"name", "cells>", "largest deviation, persons>", "where", "largest, points>", "p>", "check"}, rows)
		}
	}
	r.cardSubMargins(d)
	r.cardStatistics(d)
	r.cardValues(d)
}

// cardSubMargins says how far the sub-margins deviate at most.
func (r *Release) cardSubMargins(d *document) {
	n, worst, where := 0, 0.0, ""
	for _, t := range r.Tables {
		if t.Origin == plan.SubMargin && t.Numbers != nil {
			n++
			if off, cell := t.Numbers.Deviation(); where == "" || math.Abs(off) > math.Abs(worst) {
				worst, where = off, cell
			}
		}
	}
	if n > 0 {
		d.line("Tables and joint distributions also imply distributions over some of their fields. %s, with a largest deviation of %s persons (%s); `stats.md` lists them.\n",
			upper(humanize.Count(n, "such sub-margin is checked", "such sub-margins are checked")), signed(worst), Escape(where))
	}
}

// cardValues writes a table for each margin with few values.
func (r *Release) cardValues(d *document) {
	first := true
	for _, c := range r.columns() {
		if len(c.Values) == 0 || c.Values[0].Target == nil || c.Type == frame.Integer || len(c.Values) > mostValues {
			continue
		}
		if first {
			d.line("### Values\n")
			first = false
		}
		d.line("<details><summary><code>%s</code>, %d values</summary>\n", c.name(), len(c.Values))
		var rows [][]string
		for _, v := range c.Values {
			rows = append(rows, []string{
				Escape(v.Label), countOf(v.Count), percent(v.Share), percent(*v.Target), signed(v.Count - *v.Target*float64(r.Population.Rows)),
			})
		}
		d.table([]string{"value", "persons>", "observed>", "target>", "deviation, persons>"}, rows)
		d.line("</details>\n")
	}
}
