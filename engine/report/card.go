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

// Card writes the dataset card: front matter for dataset hubs, then what a user
// of the data must know. Its figures are those of the statistics.
func (r *Release) Card(w io.Writer) error {
	var d document
	r.front(&d)
	r.cardOverview(&d)
	r.cardSources(&d)
	r.cardSchema(&d)
	r.cardTexts(&d)
	r.cardTargets(&d)
	r.cardLimitations(&d)
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
	d.line("Every person here is invented.%s\n", r.follows())
	var rows [][]string
	row := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	persons := humanize.Thousands(pop.Rows)
	if pop.Rows < pop.Size {
		persons += fmt.Sprintf(" (numbers %s to %s of a population of %s)", humanize.Thousands(pop.First), humanize.Thousands(pop.First+pop.Rows-1), humanize.Thousands(pop.Size))
	}
	row("persons", persons)
	row("columns", humanize.Thousands(int64(len(r.columns()))))
	if pop.Where != "" {
		row("who they are", fmt.Sprintf("those with `%s`, %s of everyone the tables speak of", pop.Where, percent(pop.Wanted)))
	}
	row("sampling", fmt.Sprintf("%s, seed %d", pop.Sampling, pop.Seed))
	if r.Texts != nil {
		row("texts", r.Texts.Headline)
	}
	c := r.Checks.Counts
	row("checks", fmt.Sprintf("%d passed, %d notes, %d warnings, %d failed, %d skipped", c[check.Pass], c[check.Note], c[check.Warn], c[check.Fail], c[check.Skip]))
	row("language", Escape(pop.Language))
	row("licence", Escape(pop.License))
	row("specification", Escape(strings.TrimSpace(pop.Name+" "+pop.Version)))
	row("published", Escape(r.Plan.Card.Date))
	row("contact", Escape(r.Plan.Card.Contact))
	d.table([]string{"", ""}, rows)
	r.cardFailures(d)
}

func (r *Release) follows() string {
	if len(r.Sources) == 0 {
		return ""
	}
	return " The persons follow the published figures named below, and nobody in particular."
}

// cardFailures warns of checks that did not pass.
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

// cardSources lists the publications, with the standing of what was taken from
// each.
func (r *Release) cardSources(d *document) {
	if len(r.Sources) == 0 {
		return
	}
	d.line("## Seed data\n")
	d.line("Taken from it are fields and tables by their status: official as printed by the office, secondary by others, derived computed from printed figures, modelled by a model, assumed without a source.\n")
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
		rows = append(rows, []string{Escape(s.Name), title, Escape(s.Publisher), when, r.taken(s.Name), Escape(s.License), Escape(s.Note)})
	}
	d.table([]string{"source", "title", "publisher", "of", "taken from it", "licence", "note"}, rows)
}

// taken counts the fields and tables of a source by status.
func (r *Release) taken(source string) string {
	counts := map[string]int{}
	note := func(from, status string) {
		if from == source {
			if status == "" {
				status = "of no stated status"
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
	var parts []string
	for _, status := range []string{"official", "secondary", "derived", "modelled", "assumed", "of no stated status"} {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(parts, ", ")
}

func (r *Release) cardLimitations(d *document) {
	d.line("## Known limitations\n")
	items := slices.Clone(r.Limitations)
	for i, l := range items {
		items[i] = Escape(l)
	}
	if where := r.Population.Where; where != "" {
		items = append(items, "Only persons with `"+where+"` are here. Figures published for everyone are met by everyone, not by these persons alone.")
	}
	if r.Texts != nil && r.Texts.Written > 0 {
		switch m := r.Texts.Model; {
		case m == nil:
			items = append(items, "Nothing says who wrote the texts.")
		case *m == 0:
			items = append(items, "No text is model-written: all of them are put together from phrase banks.")
		default:
			items = append(items, percent(*m)+" of the texts are model-written; a model's mistakes and habits are in them.")
		}
	}
	if n := len(r.Independent); n > 0 {
		items = append(items, fmt.Sprintf("No table ties %s together: they are independent here, given what ties both to others; `stats.md` lists them. Conclusions about them are conclusions about this assumption.", counted(n, "pair of fields", "pairs of fields")))
	}
	if n := len(r.Exceptions); n > 0 {
		items = append(items, fmt.Sprintf("%s off the target by more than one person; `stats.md` says which.", counted(n, "cell is", "cells are")))
	}
	if items == nil {
		items = []string{"The specification names none."}
	}
	for _, item := range items {
		d.line("* %s", item)
	}
	d.line("")
	if len(r.Uncertain) == 0 {
		return
	}
	d.line("### What is not official\n")
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

// counted writes a number with the noun that fits.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Thousands(int64(n)) + " " + many
}

func (r *Release) cardUse(d *document) {
	c := &r.Plan.Card
	d.line("## Intended use\n")
	if c.IntendedUse == nil {
		d.line("Data that has the shape of a population and nobody's secrets: for tests, teaching, prototypes, and as seeds of varied synthetic text.")
	}
	for _, s := range c.IntendedUse {
		d.line("* %s", Escape(s))
	}
	d.line("\n## Out-of-scope use\n")
	if c.OutOfScope == nil {
		d.line("* Estimates about real people: the publications named above are there for these.\n* Decisions about anybody; looking for a real person behind a row.")
	}
	for _, s := range c.OutOfScope {
		d.line("* %s", Escape(s))
	}
	d.line("")
}

// cardMaking tells how the data came to be.
func (r *Release) cardMaking(d *document) {
	pop := &r.Population
	d.line("## How it was made\n")
	moved, where := 0.0, ""
	for _, t := range r.Published {
		if t.MovedPersons > moved {
			moved, where = t.MovedPersons, t.Name
		}
	}
	step := 0
	item := func(format string, args ...any) {
		step++
		d.line("%d. %s", step, fmt.Sprintf(format, args...))
	}
	if n := len(r.Published); n > 0 {
		text := fmt.Sprintf("**Fit.** %s tables were reconciled by least squares and fitted together into one joint distribution of %s fields; what no table ties together is independent.", humanize.Thousands(int64(n)), humanize.Thousands(int64(r.fitted())))
		if moved > 0 && pop.Persons > 0 {
			text += fmt.Sprintf(" Reconciling moved no published figure by more than %s of %s persons (table %s).", number(moved), humanize.Thousands(pop.Persons), Escape(where))
		}
		item("%s", text)
	}
	if pop.Sampling == check.Quota {
		item("**Quota.** Whole persons were allotted to the cells of the joint, each margin within one person of its target where that can be; which person gets which cell is random.")
	} else {
		item("**Draws.** Persons were drawn independently of each other from the joint.")
	}
	item("**Columns.** Everything else was computed from these fields or drawn given them, each column with a random stream of its own.")
	if r.Texts != nil {
		item("**Texts.** %s. Each text was written for its person, from the person's own data, and checked against it.", r.Texts.Headline)
	}
	total := 0
	for _, n := range r.Checks.Counts {
		total += n
	}
	item("**Checks.** %s checks were made on every row as written, among them %s statistical tests with one budget for false alarms, %g in all. `stats.md` has them all.", humanize.Thousands(int64(total)), humanize.Thousands(int64(r.Checks.Tests)), r.Checks.Budget)
	d.line("\nMade with [personagen](https://github.com/personagen/personagen) %s.\n", Escape(pop.Program))
}

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
	for _, f := range r.Files {
		rowCount := ""
		if f.Rows > 0 {
			rowCount = humanize.Thousands(f.Rows)
		}
		rows = append(rows, []string{"`" + f.Name + "`", rowCount, humanize.Thousands(f.Bytes), "`" + f.SHA256 + "`"})
	}
	d.table([]string{"file", "rows>", "bytes>", "SHA-256"}, rows)
}

func (r *Release) cardCitation(d *document) {
	pop := &r.Population
	d.line("## Citation\n")
	d.line("`CITATION.cff` says the same for programs.\n")
	d.line("```bibtex\n%s\n```\n", r.bibEntry())
	d.line("## Licence\n")
	if pop.License == "" {
		d.line("The specification names none.")
	} else {
		d.line("%s", Escape(pop.License))
	}
	if licences := r.sourceLicences(); licences != "" {
		d.line("\nThe figures come from publications under %s; who passes the data on names them.", licences)
	}
}

// sourceLicences lists the licences of the sources, each once.
func (r *Release) sourceLicences() string {
	var out []string
	for _, s := range r.Sources {
		if l := Escape(s.License); l != "" && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return strings.Join(out, ", ")
}
