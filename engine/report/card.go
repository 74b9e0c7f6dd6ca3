package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// Card writes the dataset card: front matter for dataset hubs, then what users of
// the data need to know. All its figures come from the statistics.
func (r *Release) Card(w io.Writer) error {
	var d document
	r.front(&d)
	r.cardOverview(&d)
	r.design(&d, "##")
	r.cardSources(&d)
	r.counted(&d, "###")
	r.cardSchema(&d)
	r.cardTexts(&d)
	r.scores(&d, "##")
	r.cardTargets(&d)
	r.cardLimitations(&d)
	r.cardAssumptions(&d)
	r.cardUse(&d)
	r.cardMaking(&d)
	r.cardLoading(&d)
	r.cardRebuilding(&d)
	r.cardFiles(&d)
	r.cardCitation(&d)
	_, err := w.Write(append(bytes.TrimRight(d.Bytes(), "\n"), '\n'))
	return err
}

func (r *Release) cardOverview(d *document) {
	pop := &r.Population
	d.line("# %s\n", Escape(pop.title()))
	if pop.Description != "" {
		d.line("%s\n", Escape(strings.TrimSpace(pop.Description)))
	}
	d.line("## Dataset overview\n")
	d.line("All persons in this data set are invented.%s\n", r.basis())
	var rows [][]string
	row := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	persons := humanize.Thousands(pop.Rows)
	if pop.Rows < pop.Size {
		persons += fmt.Sprintf(" (numbers %s to %s of %s)", humanize.Thousands(pop.First), humanize.Thousands(pop.First+pop.Rows-1), humanize.Thousands(pop.Size))
	}
	row("persons", persons)
	row("columns", humanize.Thousands(int64(len(r.columns()))))
	if pop.Where != "" {
		row("target population", fmt.Sprintf("persons with `%s`, %s of everyone in the tables", pop.Where, percent(pop.Wanted)))
	}
	row("sampling", fmt.Sprintf("%s, seed %d", pop.Sampling, pop.Seed))
	if r.Texts != nil {
		row("texts", r.Texts.Headline)
	}
	row("checks", r.Checks.Summary())
	row("language", Escape(strings.Join(r.languages(), ", ")))
	row("licence", Escape(pop.License))
	row("specification", Escape(strings.TrimSpace(pop.Name+" "+pop.Version)))
	row("published", Escape(r.Plan.Card.Date))
	row("contact", Escape(r.Plan.Card.Contact))
	d.table([]string{"", ""}, rows)
	r.cardFailures(d)
}

// basis says which figures the persons are based on, if any are published.
func (r *Release) basis() string {
	if len(r.Sources) == 0 {
		return ""
	}
	return " As a population they follow the published figures listed below; no row describes a real person."
}

// cardFailures lists the checks that failed or gave a warning.
func (r *Release) cardFailures(d *document) {
	found := false
	for _, o := range r.Checks.Outcomes {
		if o.Status == check.Fail || o.Status == check.Warn {
			d.line("* **%s** %s: %s", o.Status, Escape(o.Name), Escape(o.Message))
			found = true
		}
	}
	if found {
		d.line("")
	}
}

// cardSources lists the sources, each with the statuses of the fields and tables
// that use it.
func (r *Release) cardSources(d *document) {
	if len(r.Sources) == 0 {
		return
	}
	d.line("## Seed data\n")
	d.line("The column *used for* counts the fields and tables that use a source, by status: *official*, as published by a statistical office; *secondary*, as published by others; *derived*, computed from published figures; *modelled*, estimated with a model; *assumed*, without a source.\n")
	var rows [][]string
	for _, s := range r.Sources {
		title := Escape(s.Title)
		if s.URL != "" {
			title = fmt.Sprintf("[%s](%s)", title, strings.NewReplacer("(", "%28", ")", "%29", " ", "%20").Replace(s.URL))
		}
		when := s.Date
		if when == "" {
			when = years(s.Year)
		}
		rows = append(rows, []string{Escape(s.Name), title, Escape(s.Publisher), when, r.uses(s.Name), Escape(s.License), Escape(s.Note)})
	}
	d.table([]string{"source", "title", "publisher", "date", "used for", "licence", "note"}, rows)
}

// uses counts the fields and tables that use a source, by status.
func (r *Release) uses(source string) string {
	counts := map[string]int{}
	note := func(from, status string) {
		if from == source {
			if status == "" {
				status = "without status"
			}
			counts[status]++
		}
	}
	for _, f := range r.Fields {
		note(f.Source, f.Status)
	}
	for _, t := range r.Published {
		note(t.Source, t.Status)
	}
	for _, c := range r.Plan.Correlations {
		note(c.Source, c.Status)
	}
	for _, x := range r.Statistics {
		note(x.Source, x.Status)
	}
	var parts []string
	for _, status := range []string{"official", "secondary", "derived", "modelled", "assumed", "without status"} {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Release) cardLimitations(d *document) {
	d.line("## Limitations\n")
	for _, l := range r.Limitations {
		d.line("* %s", Escape(l))
	}
	known := r.knownLimitations()
	for _, l := range known {
		d.line("* %s", l)
	}
	if len(r.Limitations)+len(known) == 0 {
		d.line("* The specification lists none.")
	}
	d.line("")
}

// knownLimitations returns, in Markdown, the limitations that follow from the
// plan and the statistics.
func (r *Release) knownLimitations() []string {
	var items []string
	if where := r.Population.Where; where != "" {
		items = append(items, "Only persons with `"+where+"` are included, so figures published for everyone need not hold for them.")
	}
	if r.Texts != nil && r.Texts.Written > 0 {
		switch m := r.Texts.Model; {
		case m == nil:
			items = append(items, "The data does not record who wrote the texts.")
		case *m == 0:
			items = append(items, "No text is model-written; all are assembled from phrase banks.")
		default:
			items = append(items, percent(*m)+" of the texts are model-written and may contain the errors and biases of the model.")
		}
	}
	if r.Texts != nil && r.Texts.Unwritten != "" {
		items = append(items, "Translations are null where no model wrote them: "+Escape(r.Texts.Unwritten)+".")
	}
	if n := len(r.Independent); n > 0 {
		items = append(items, fmt.Sprintf("No table joins %s, so the two fields of a pair are independent given the fields that link them; `stats.md` lists the pairs. Any relation between them in this data follows from that assumption.", humanize.Count(n, "pair of fields", "pairs of fields")))
	}
	if n := len(r.Exceptions); n > 0 {
		items = append(items, fmt.Sprintf("%s more than one person from the target; `stats.md` lists them.", humanize.Count(n, "cell is", "cells are")))
	}
	for _, w := range r.Warnings {
		items = append(items, "Warning about the specification: "+Escape(w.Message)+".")
	}
	return items
}

// cardAssumptions lists the fields, tables and correlations that are not official.
func (r *Release) cardAssumptions(d *document) {
	if len(r.Uncertain) == 0 {
		return
	}
	d.line("### Assumptions and unofficial figures\n")
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		var rows [][]string
		for _, u := range r.Uncertain {
			if u.Status == status {
				rows = append(rows, []string{u.What, Escape(u.Name), Escape(u.Note)})
			}
		}
		if rows != nil {
			d.line("<details%s><summary>%s: %d</summary>\n", map[bool]string{true: " open"}[status == "assumed"], status, len(rows))
			d.table([]string{"what", "name", "note"}, rows)
			d.line("</details>\n")
		}
	}
}

func (r *Release) cardUse(d *document) {
	c := &r.Plan.Card
	d.line("## Intended use\n")
	if c.IntendedUse == nil {
		d.line("Tests, teaching, prototypes, and seeds for varied synthetic text: wherever the data must look like a population and must not contain personal data.")
	}
	for _, s := range c.IntendedUse {
		d.line("* %s", Escape(s))
	}
	d.line("\n## Out-of-scope use\n")
	if c.OutOfScope == nil {
		d.line("* Estimates about real people. Use the sources themselves.\n* Decisions about real people, or attempts to match a row to a real person.")
	}
	for _, s := range c.OutOfScope {
		d.line("* %s", Escape(s))
	}
	d.line("")
}

// cardMaking describes how the data was generated, step by step.
func (r *Release) cardMaking(d *document) {
	pop := &r.Population
	d.line("## How it was made\n")
	step := 0
	item := func(format string, args ...any) {
		step++
		d.line("%d. %s", step, fmt.Sprintf(format, args...))
	}
	if n := len(r.Published); n > 0 {
		item("**Fit.** %s reconciled by least squares and fitted to one joint distribution of %s. Fields that no table joins are conditionally independent.%s",
			humanize.Count(n, "table was", "tables were"), humanize.Count(r.fitted(), "field", "fields"), r.largestMove())
	}
	if n := len(r.Smoothed); n > 0 {
		item("%s", "**Interpolation.** "+r.smoothedNote())
	}
	if pop.Sampling == check.Quota {
		item("**Quota sampling.** Whole persons were allocated to the cells of the joint distribution, with every margin within one person of its target where possible. Which person gets which cell is random.")
	} else {
		item("**Independent sampling.** Persons were drawn independently from the joint distribution.")
	}
	item("**Other columns.** All other columns were computed from these fields or drawn conditionally on them, each with its own random stream.")
	if r.Texts != nil {
		item("**Texts.** %s. Each text was written from the data of its person and checked against it.", r.Texts.Headline)
	}
	total := 0
	for _, n := range r.Checks.Counts {
		total += n
	}
	item("**Checks.** %s run on the rows as written, including %s. The probability that any test fails although the data follows its targets is at most %g. `stats.md` lists all checks.", humanize.Count(total, "check was", "checks were"), humanize.Count(r.Checks.Tests, "statistical test", "statistical tests"), r.Checks.Budget)
	d.line("\nGenerated with [personagen](https://github.com/personagen/personagen) %s.\n", Escape(pop.Program))
}

// largestMove says how far reconciliation changed the published figures at most.
func (r *Release) largestMove() string {
	moved, where := 0.0, ""
	for _, t := range r.Published {
		if t.MovedPersons > moved {
			moved, where = t.MovedPersons, t.Name
		}
	}
	if moved == 0 || r.Population.Persons == 0 {
		return ""
	}
	return fmt.Sprintf(" Reconciliation changed no published figure by more than %s of %s persons (table %s).", number(moved), humanize.Thousands(r.Population.Persons), Escape(where))
}

// fitted counts the fields of the joint distribution.
func (r *Release) fitted() int {
	n := 0
	for _, f := range r.Fields {
		if f.Class == kind.Fitted {
			n++
		}
	}
	return n
}

func (r *Release) cardFiles(d *document) {
	d.line("## Files\n")
	var rows [][]string
	for _, f := range listed(r.Files) {
		rowCount, hash := "", "in `manifest.json`"
		if f.Rows > 0 {
			rowCount = humanize.Thousands(f.Rows)
		}
		if f.SHA256 != "" {
			hash = "`" + f.SHA256 + "`"
		}
		rows = append(rows, []string{"`" + f.Name + "`", rowCount, humanize.Thousands(f.Bytes), hash})
	}
	d.table([]string{"file", "rows>", "bytes>", "SHA-256"}, rows)
}

func (r *Release) cardCitation(d *document) {
	pop := &r.Population
	d.line("## Citation\n")
	d.line("`CITATION.cff` contains the same citation in a machine-readable form.\n")
	d.line("```bibtex\n%s\n```\n", r.bibEntry())
	d.line("## Licence\n")
	if pop.License == "" {
		d.line("The specification states none.")
	} else {
		d.line("%s", Escape(pop.License))
	}
	if licences := r.sourceLicences(); licences != "" {
		d.line("\nThe sources are licensed under %s. If you redistribute the data, credit them.", licences)
	}
}

// sourceLicences returns the licences of the sources without repetition.
func (r *Release) sourceLicences() string {
	var out []string
	for _, s := range r.Sources {
		if l := Escape(s.License); l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return strings.Join(out, ", ")
}
