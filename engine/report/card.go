package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
)

// mostNamed is the number of values of a column that the card lists by name.
const mostNamed = 12

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

func (r *Release) cardSchema(p *paper) {
	p.line("## Schema\n")
	p.line("Empty is how many persons have no value; where a condition stands, it says who has one. The status is that of the values, or of the table that gives their shares.\n")
	var rows [][]string
	for _, c := range r.columns() {
		empty := ""
		if c.Nulls > 0 || c.When != "" {
			empty = humanize.Thousands(c.Nulls)
			if c.When != "" {
				empty += ", has one: `" + c.When + "`"
			}
		}
		about := sentences(c.Title, c.plan.About, c.Note)
		rows = append(rows, []string{"`" + c.name() + "`", r.typeName(c), c.span(), Escape(c.Unit), empty, Escape(r.standing(c)), Escape(about)})
	}
	p.table([]string{"column", "type", "values", "unit", "empty", "status", "what it is"}, rows)
}

// standing is the status of a column's values, else of its published margin.
func (r *Release) standing(c column) string {
	if c.Status != "" {
		return c.Status
	}
	for _, t := range r.Stats.Published {
		if t.Name == c.Published {
			return t.Status
		}
	}
	return ""
}

// typeName is the type of a column in the data files.
func (r *Release) typeName(c column) string {
	if r.lists(c) {
		return "list of " + featureType(c.Type)
	}
	return featureType(c.Type)
}

// span tells the values of a column in few words.
func (c column) span() string {
	switch {
	case c.Type == frame.Integer || c.Type == frame.Number:
		if n := c.Numbers; n != nil && n.N > 0 {
			return number(n.Min) + " to " + number(n.Max)
		}
	case len(c.Values) > 0 && len(c.Values) <= mostNamed:
		var labels []string
		for _, v := range c.Values {
			labels = append(labels, Escape(v.Label))
		}
		return strings.Join(labels, "; ")
	case len(c.Values) > 0:
		return humanize.Thousands(int64(len(c.Values))) + " labels"
	case c.Class == kind.Written && c.plan.Text != nil:
		return "prose, see below"
	}
	return ""
}

// sentences joins what is said, each with a full stop.
func sentences(parts ...string) string {
	var b strings.Builder
	for _, s := range parts {
		s = strings.Join(strings.Fields(s), " ")
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
		if !strings.ContainsAny(s[len(s)-1:], ".!?:;") {
			b.WriteByte('.')
		}
	}
	return b.String()
}

func (r *Release) cardTexts(p *paper) {
	if r.Texts == nil || len(r.Texts.Fields) == 0 {
		return
	}
	p.line("## Text fields\n")
	p.line("%s. Lengths are in characters, of the items where a column is a list. Near-duplicates are texts of different persons that agree in most of their wording once names, places and numbers are masked.\n", r.Texts.Headline)
	var rows [][]string
	for _, c := range r.columns() {
		i := r.text(c.Field.Name)
		if i < 0 || c.plan.Text == nil {
			continue
		}
		t := &r.Texts.Fields[i]
		asked := fmt.Sprintf("%s to %s", humanize.Thousands(int64(c.plan.Text.Chars.Min)), humanize.Thousands(int64(c.plan.Text.Chars.Max)))
		if n := c.plan.Text.Items; n != nil {
			asked += fmt.Sprintf(", %d to %d items", n.Min, n.Max)
		}
		row := []string{"`" + c.name() + "`", humanize.Thousands(t.Written), humanize.Thousands(t.Missing), asked}
		if n := t.Chars; n != nil {
			row = append(row, number(n.Mean), number(n.P10), number(n.P50), number(n.P90))
		} else {
			row = append(row, "", "", "", "")
		}
		items, near := "", ""
		if n := t.Items; n != nil {
			items = number(n.Mean)
		}
		if a := t.NearDuplicates; a != nil {
			near = percent(a.NearDuplicateShare)
		}
		rows = append(rows, append(row, items, near, written(t.Sources)))
	}
	p.table([]string{"column", "written>", "missing>", "length asked for>", "mean>", "10 %>", "median>", "90 %>", "mean items>", "near-duplicates>", "written by"}, rows)
	if m := r.Texts.Model; m != nil && *m < 1 {
		p.line("Texts written by `%s` are put together from phrase banks. They are a stand-in for model-written text and should not be counted as it.\n", check.Offline)
	}
}

// cardTargets sets what was found beside what was asked for.
func (r *Release) cardTargets(p *paper) {
	p.line("## Target against observed\n")
	if r.Population.Sampling == check.Quota && r.Population.Rows == r.Population.Size {
		p.line("Whole persons were allotted to meet the targets, so the deviation in persons is what counts; p-values lie near 1 by construction and are indices of conformity.\n")
	} else {
		p.line("These persons are a sample: they differ from their targets by chance. p-values are of a chi-square test.\n")
	}
	hidden := map[string]bool{}
	for _, f := range r.Fields {
		hidden[f.Name] = f.Hidden
	}
	for _, part := range []struct{ title, origin string }{
		{"Margins", "margin"}, {"Joints that the specification names", "joint"}, {"Published tables", "table"},
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
			rows = append(rows, []string{Escape(t.Name), humanize.Thousands(int64(n.Cells)), signed(n.Persons), Escape(n.PersonsCell), points(n.Points), chance, t.Status})
		}
		if rows != nil {
			p.line("### %s\n", part.title)
			p.table([]string{"name", "cells>", "largest deviation, persons>", "where", "largest, points>", "p>", "check"}, rows)
		}
	}
	r.cardValues(p)
}

// cardValues shows the margins value by value.
func (r *Release) cardValues(p *paper) {
	first := true
	for _, c := range r.columns() {
		if len(c.Values) == 0 || c.Values[0].Target == nil || c.Type == frame.Integer || len(c.Values) > mostValues {
			continue
		}
		if first {
			p.line("### Value by value\n")
			first = false
		}
		p.line("<details><summary><code>%s</code>, %d values</summary>\n", c.name(), len(c.Values))
		var rows [][]string
		for _, v := range c.Values {
			rows = append(rows, []string{
				Escape(v.Label), humanize.Thousands(v.Count), percent(v.Share), percent(*v.Target), signed(float64(v.Count) - *v.Target*float64(r.Population.Rows)),
			})
		}
		p.table([]string{"value", "persons>", "share>", "target>", "deviation, persons>"}, rows)
		p.line("</details>\n")
	}
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
	for _, w := range r.Warnings {
		items = append(items, "Doubt about the specification: "+Escape(w.Message)+".")
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

// cardLoading shows how the data is read. DIR stands for the release's folder.
func (r *Release) cardLoading(p *paper) {
	files := r.data()
	if files == nil {
		return
	}
	path := pattern(files)
	read := map[string][2]string{
		"parquet": {`pd.read_parquet(%s)`, `read_parquet('%s')`},
		"jsonl":   {`pd.read_json(%s, lines=True)`, `read_json('%s')`},
		"csv":     {`pd.read_csv(%s)`, `read_csv('%s')`},
	}[files[0].Format]
	one := fmt.Sprintf(read[0], quote(path))
	if len(files) > 1 {
		one = "pd.concat([" + fmt.Sprintf(read[0], "f") + " for f in sorted(glob.glob(" + quote(path) + "))], ignore_index=True)"
		one = "import glob\n" + one
	}
	one, imports := strings.TrimPrefix(one, "import glob\n"), "import pandas as pd"
	if len(files) > 1 {
		imports = "import glob\n" + imports
	}
	p.line("## How to load it\n")
	p.line("In the folder of the release:\n")
	p.line("```python\n%s\n\npersonas = %s\n```\n", imports, one)
	column := "*"
	for _, c := range r.columns() {
		if len(c.Values) > 0 && c.Values[0].Target != nil && c.Type == frame.Category {
			column = c.name()
			break
		}
	}
	query := fmt.Sprintf("SELECT count(*) AS persons FROM "+read[1], path)
	if column != "*" {
		query = fmt.Sprintf("SELECT \"%s\", count(*) AS persons FROM "+read[1]+" GROUP BY 1 ORDER BY 2 DESC", column, path)
	}
	p.line("```python\nimport duckdb\n\nduckdb.sql(%s).show()\n```\n", pythonText(query))
	p.line("```python\nimport os\nfrom datasets import load_dataset\n\npersonas = load_dataset(os.path.abspath(\".\"), split=\"train\")\n```\n")
	if files[0].Format == "parquet" {
		p.line("Lists are lists in the Parquet and JSONL files. CSV cells hold lists as JSON, and a leading apostrophe where a spreadsheet would take the text for a formula.\n")
	}
}

// pythonText writes a text as a Python string.
func pythonText(s string) string {
	return "'''" + strings.ReplaceAll(s, `\`, `\\`) + "'''"
}

func (r *Release) cardRebuilding(p *paper) {
	pop := &r.Population
	p.line("## How to rebuild it\n")
	p.line("The same specification, size and seed give the same bytes on any machine:\n")
	p.line("```sh\n%s\n```\n", r.Command)
	if r.Remark != "" {
		p.line("%s\n", r.Remark)
	}
	var rows [][]string
	rows = append(rows, []string{"specification", Escape(strings.TrimSpace(pop.Name + " " + pop.Version))})
	if r.Plan.Card.Repository != "" {
		rows = append(rows, []string{"kept at", "<" + r.Plan.Card.Repository + ">"})
	}
	rows = append(rows,
		[]string{"hash of its plan", "`" + pop.Plan + "`"},
		[]string{"hash of what decides the persons", "`" + pop.Structure + "`"},
		[]string{"size", humanize.Thousands(pop.Size)},
		[]string{"seed", fmt.Sprint(pop.Seed)},
		[]string{"program", Escape("personagen " + pop.Program)},
	)
	p.table([]string{"", ""}, rows)
	p.line("`personagen plan %s.cue --json` prints the plan with its hash; `personagen validate DIR` repeats the checks on the files. `manifest.json` has the hashes of the specification's own files.\n", pop.Name)
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
