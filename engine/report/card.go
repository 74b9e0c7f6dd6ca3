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
	var p paper
	r.front(&p)
	r.cardOverview(&p)
	r.cardSources(&p)
	r.cardSchema(&p)
	r.cardTexts(&p)
	r.cardTargets(&p)
	r.cardLimitations(&p)
	r.cardUse(&p)
	r.cardMaking(&p)
	r.cardLoading(&p)
	r.cardRebuilding(&p)
	r.cardFiles(&p)
	r.cardCitation(&p)
	_, err := w.Write(append(bytes.TrimRight(p.Bytes(), "\n"), '\n'))
	return err
}

func (r *Release) cardOverview(p *paper) {
	pop := &r.Population
	p.line("# %s\n", Escape(pop.title()))
	if pop.Description != "" {
		p.line("%s\n", Escape(strings.TrimSpace(pop.Description)))
	}
	p.line("## Dataset overview\n")
	p.line("Every person here is invented.%s\n", r.follows())
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
	p.table([]string{"", ""}, rows)
	r.cardFailures(p)
}

func (r *Release) follows() string {
	if len(r.Sources) == 0 {
		return ""
	}
	return " The persons follow the published figures named below, and nobody in particular."
}

// cardFailures warns of checks that did not pass.
func (r *Release) cardFailures(p *paper) {
	found := false
	for _, o := range r.Checks.Outcomes {
		if o.Status == check.Fail || o.Status == check.Warn {
			p.line("* **%s** %s: %s", o.Status, Escape(o.Name), Escape(o.Message))
			found = true
		}
	}
	if found {
		p.line("")
	}
}

// cardSources lists the publications, with the standing of what was taken from
// each.
func (r *Release) cardSources(p *paper) {
	if len(r.Sources) == 0 {
		return
	}
	p.line("## Seed data\n")
	p.line("Taken from it are fields and tables by their status: official as printed by the office, secondary by others, derived computed from printed figures, modelled by a model, assumed without a source.\n")
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
	p.table([]string{"source", "title", "publisher", "of", "taken from it", "licence", "note"}, rows)
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

func (r *Release) cardLimitations(p *paper) {
	p.line("## Known limitations\n")
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
		p.line("* %s", item)
	}
	p.line("")
	if len(r.Uncertain) == 0 {
		return
	}
	p.line("### What is not official\n")
	for _, status := range []string{"assumed", "modelled", "derived", "secondary"} {
		var rows [][]string
		for _, u := range r.Uncertain {
			if u.Status == status {
				rows = append(rows, []string{u.What, Escape(u.Name), Escape(u.Note)})
			}
		}
		if rows != nil {
			p.line("<details%s><summary>%s: %d</summary>\n", map[bool]string{true: " open"}[status == "assumed"], status, len(rows))
			p.table([]string{"what", "name", "note"}, rows)
			p.line("</details>\n")
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

func (r *Release) cardUse(p *paper) {
	c := &r.Plan.Card
	p.line("## Intended use\n")
	if c.IntendedUse == nil {
		p.line("Data that has the shape of a population and nobody's secrets: for tests, teaching, prototypes, and as seeds of varied synthetic text.")
	}
	for _, s := range c.IntendedUse {
		p.line("* %s", Escape(s))
	}
	p.line("\n## Out-of-scope use\n")
	if c.OutOfScope == nil {
		p.line("* Estimates about real people: the publications named above are there for these.\n* Decisions about anybody; looking for a real person behind a row.")
	}
	for _, s := range c.OutOfScope {
		p.line("* %s", Escape(s))
	}
	p.line("")
}

// cardMaking tells how the data came to be.
func (r *Release) cardMaking(p *paper) {
	pop := &r.Population
	p.line("## How it was made\n")
	moved, where := 0.0, ""
	for _, t := range r.Published {
		if t.MovedPersons > moved {
			moved, where = t.MovedPersons, t.Name
		}
	}
	step := 0
	item := func(format string, args ...any) {
		step++
		p.line("%d. %s", step, fmt.Sprintf(format, args...))
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
	p.line("\nMade with [personagen](https://github.com/personagen/personagen) %s.\n", Escape(pop.Program))
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

func (r *Release) cardFiles(p *paper) {
	p.line("## Files\n")
	var rows [][]string
	for _, f := range r.Files {
		rows_ := ""
		if f.Rows > 0 {
			rows_ = humanize.Thousands(f.Rows)
		}
		rows = append(rows, []string{"`" + f.Name + "`", rows_, humanize.Thousands(f.Bytes), "`" + f.SHA256 + "`"})
	}
	p.table([]string{"file", "rows>", "bytes>", "SHA-256"}, rows)
}

func (r *Release) cardCitation(p *paper) {
	pop := &r.Population
	p.line("## Citation\n")
	p.line("`CITATION.cff` says the same for programs.\n")
	p.line("```bibtex\n%s\n```\n", r.bibEntry())
	p.line("## Licence\n")
	if pop.License == "" {
		p.line("The specification names none.")
	} else {
		p.line("%s", Escape(pop.License))
	}
	if licences := r.sourceLicences(); licences != "" {
		p.line("\nThe figures come from publications under %s; who passes the data on names them.", licences)
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
