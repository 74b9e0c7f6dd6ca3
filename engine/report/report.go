// Package report writes the documents of a release: stats.json for programs,
// stats.md and report.html for people, the dataset card, the Croissant
// description, the citation, JUnit XML, and a summary for a terminal.
//
// All of them are derived from a plan and the result of its checks. The package
// measures nothing and does not read the clock, so the same result gives the
// same bytes. Labels and titles are in the plan's language, all other words are
// English.
package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Format is the version of the format of stats.json.
const Format = 1

// Facts are the facts about a release that only the run knows.
type Facts struct {
	Size     int64  // persons in the population; the release may hold part of them
	Seed     uint64 // the seed that was used
	Sampling string
	First    int64  // number of the first person, from 0
	Version  string // of the program
	// Columns are the columns of the data files; nil if fields have their own names.
	Columns []plan.FileColumn
}

// New returns the statistics of r, a result of the plan's checks.
func New(p *plan.Plan, r *check.Result, facts Facts) *Stats {
	s := &Stats{
		Format: Format,
		Population: Population{
			Name: p.Name, Title: p.Title, Description: p.Description, Version: p.Version, License: p.License, Language: p.Language,
			Program: facts.Version, Plan: p.Hash, Structure: p.Structure, Rows: r.Rows, Size: facts.Size, First: facts.First, Seed: facts.Seed,
			Sampling: facts.Sampling, Where: p.Population.Where, Persons: p.Population.Persons, Wanted: digits(p.Population.Wanted),
		},
		Checks:      Checks{r.Headline(), r.Counts, r.Budget, r.Parts, r.Tests, r.Outcomes},
		Design:      designOf(p, r),
		Goals:       r.Goals,
		References:  references(p),
		Independent: p.Independent,
		Smoothed:    p.Smoothed,
		Limitations: p.Limitations,
		Warnings:    p.Warnings,
		Sources:     p.Sources,
		Roles:       p.Roles,
	}
	names := map[string]string{}
	for _, c := range facts.Columns {
		if c.Name != c.Field {
			names[c.Field] = c.Name
		}
	}
	measurable := p.Measurable()
	for i, f := range p.Fields {
		if !measurable[f.Name] {
			continue // a merged release cannot count it
		}
		field := describe(p, f, r.Profiles[i], r)
		field.Column = names[f.Name]
		s.Fields = append(s.Fields, field)
	}
	for i := range p.Expected {
		if r.Observed[i] != nil {
			s.Tables = append(s.Tables, compare(p, i, r))
		}
	}
	s.Pyramid, s.Places = pyramidOf(p, r), placesOf(p, s.Fields)
	for i := range s.Fields {
		s.Fields[i].fold(r.Rows)
	}
	s.Texts, s.Scores = texts(r), r.Scores
	s.Published = publishedOf(p, r)
	s.Statistics = statisticsOf(p, r)
	s.Uncertain = uncertain(p)
	for _, x := range r.Exceptions {
		e := &p.Expected[x.Expected]
		s.Exceptions = append(s.Exceptions, Exception{e.Name, check.Cell(p, e, x.Cell), digits(x.Persons), x.Reason})
	}
	return s
}

// publishedOf follows the tables of the spec from the published to the fitted figures.
func publishedOf(p *plan.Plan, r *check.Result) []Published {
	var out []Published
	for i := range p.Tables {
		t := &p.Tables[i]
		missed, where := miss(t, p.Population.Persons)
		figures, covered := figuresOf(p, t, r)
		out = append(out, Published{
			Name: t.Name, Title: t.Title, Role: t.Role, Fields: t.Fields, Given: t.Given, Where: t.Where, Source: t.Source, Year: t.Year,
			Status: t.Status, Note: t.Note, File: t.File, Microdata: t.Microdata, Moved: digits(t.Moved), MovedPersons: digits(t.MovedPersons), WorstCell: t.WorstCell, TVD: digits(t.TVD),
			MissedPersons: missed, MissedCell: where, Covered: covered, Figures: figures,
		})
	}
	return out
}

// describe returns the statistics of a field.
func describe(p *plan.Plan, f *kind.Field, profile check.Profile, r *check.Result) Field {
	out := Field{
		Name: f.Name, Title: f.Title, Kind: f.Kind, Class: f.Class, Type: f.Type, Unit: f.Unit, Hidden: f.Hidden,
		Source: f.Source, Status: f.Status, Note: joinNotes(f.Note, f.Rest), When: f.WhenText, Nulls: profile.Nulls, NullsWeighted: profile.NullsWeighted,
	}
	if of := f.Lookup(); of != nil {
		out.Of = of.Fields
	}
	if f.Text != nil {
		out.Chars, out.Items = &f.Text.Chars, f.Text.Items
	}
	if profile.Numbers != nil {
		n := *profile.Numbers
		if f.Type == frame.Number && f.Decimals >= 0 {
			n.P10, n.P50, n.P90 = places(n.P10, f.Decimals), places(n.P50, f.Decimals), places(n.P90, f.Decimals)
		}
		out.Numbers = &n
	}
	out.Dates = profile.Dates
	out.Records = recordGroups(f, profile.Records)
	out.Events = f.Records != nil && !f.Grouped()
	if profile.Counts == nil {
		return out
	}
	total := float64(r.Rows)
	if f.Type == frame.CategoryList || f.Scale() { // shares of the items, or of the persons judged
		total = sum(profile.Counts)
	}
	target := margin(p, f.Name)
	table, published, fitted := publishedShares(p, f)
	if table != nil {
		out.Published, out.PublishedWhere = table.Name, table.Where
	}
	for i, c := range profile.Counts {
		v := Value{Label: f.Domain.Label(i), Count: c, Share: share(c, total)}
		if target != nil {
			t := digits(target[i])
			v.Target = &t
		}
		if table != nil {
			if k := slices.Index(table.Labels[slices.Index(table.Fields, f.Name)], v.Label); k >= 0 {
				t, fit := digits(published[k]), digits(fitted[k])
				v.Published, v.Fitted = &t, &fit
			}
		}
		out.Values = append(out.Values, v)
	}
	return out
}

// texts summarises the written fields; it returns nil if there are none.
func texts(r *check.Result) *Texts {
	if len(r.Texts) == 0 {
		return nil
	}
	t := &Texts{Fields: r.Texts, Groups: r.Groups, Unwritten: check.Unwritten(r.Texts)}
	model, known := int64(0), false
	for _, f := range r.Texts {
		t.Written += f.Written
		for _, s := range f.Sources {
			known = true
			if s.Name != check.Offline && s.Name != check.Unknown {
				model += s.Texts
			}
		}
	}
	switch {
	case t.Written == 0:
		t.Headline = "no texts"
	case !known:
		t.Headline = fmt.Sprintf("%s texts of unknown origin", humanize.Thousands(t.Written))
	default:
		t.Headline = fmt.Sprintf("%s texts, model-written %s", humanize.Thousands(t.Written), check.Percent(model, t.Written))
		x := share(model, t.Written)
		t.Model = &x
	}
	if t.Unwritten != "" {
		t.Headline += "; " + t.Unwritten
	}
	return t
}

// margin returns the target shares of a field, or nil if it has none.
func margin(p *plan.Plan, field string) []float64 {
	for i := range p.Expected {
		e := &p.Expected[i]
		if e.Universe == nil && len(e.Fields) == 1 && e.Fields[0] == field {
			return e.Share
		}
	}
	return nil
}

// publishedShares returns the published and fitted shares of a field's values in the
// field's own universe: everyone who has a value of it. They are those of a one-way
// table of this universe, or else the sums over a joint table of it. A table about some
// of these persons does not publish the shares among all of them; when there are only
// such tables, the table is nil.
func publishedShares(p *plan.Plan, f *kind.Field) (t *plan.Table, published, fitted []float64) {
	best := 0
	for i := range p.Tables {
		x := &p.Tables[i]
		at := slices.Index(x.Fields, f.Name)
		if at < 0 || x.Given > 0 || !ownUniverse(p, x, f) {
			continue
		}
		rank := 1 // a joint table of another role
		switch {
		case len(x.Fields) == 1 && x.Where == "":
			rank = 4
		case len(x.Fields) == 1:
			rank = 3
		case x.Role == "margin":
			rank = 2
		}
		if rank > best {
			best, t = rank, x
		}
	}
	if t == nil {
		return nil, nil, nil
	}
	at := slices.Index(t.Fields, f.Name)
	stride := 1
	for _, labels := range t.Labels[at+1:] {
		stride *= len(labels)
	}
	n := len(t.Labels[at])
	published, fitted = make([]float64, n), make([]float64, n)
	for k := range t.Published {
		published[k/stride%n] += t.Published[k]
		fitted[k/stride%n] += t.Fitted[k]
	}
	return t, published, fitted
}

// ownUniverse reports whether a table is about everyone who has a value of the field,
// or about more persons, as far as the persons wanted show it.
func ownUniverse(p *plan.Plan, t *plan.Table, f *kind.Field) bool {
	if t.Where == "" && !slices.ContainsFunc(t.Fields, func(name string) bool { return name != f.Name && p.Field(name).When != nil }) {
		return true
	}
	if t.Expected < 0 {
		return false
	}
	own := margin(p, f.Name)
	if own == nil {
		return false
	}
	has, within := 0.0, 0.0
	for _, s := range own[:f.Domain.Size()] {
		has += s
	}
	e := &p.Expected[t.Expected]
	at := slices.Index(e.Fields, f.Name)
	stride := 1
	for _, n := range e.Slots[at+1:] {
		stride *= n
	}
	for k, s := range e.Share {
		if k/stride%e.Slots[at] < f.Domain.Size() {
			within += s
		}
	}
	return math.Abs(has-within) < 1e-9
}

// compare returns the comparison of Plan.Expected[i] with the observed counts.
func compare(p *plan.Plan, i int, r *check.Result) Table {
	e := &p.Expected[i]
	t := Table{Name: e.Name, Origin: e.Origin, Table: e.Table, Fields: e.Fields}
	if k := slices.IndexFunc(p.Tables, func(x plan.Table) bool { return x.Name == e.Table }); e.Universe != nil && k >= 0 {
		t.Within = p.Tables[k].Where
	}
	o := outcome(r, i)
	t.Status, t.Numbers, t.Test = o.Status, o.Table, o.Test
	if len(e.Share) > MostCells {
		t.Omitted = len(e.Share)
		return t
	}
	for k, name := range e.Fields {
		labels := slices.Clone(p.Field(name).Domain.AllLabels())
		if e.Slots[k] > len(labels) {
			labels = append(labels, "null")
		}
		t.Labels = append(t.Labels, labels)
	}
	t.Observed = r.Observed[i]
	for _, s := range e.Share {
		t.Target = append(t.Target, digits(s*float64(r.Rows)))
	}
	return t
}

// outcome returns the outcome of the check of Plan.Expected[i]. Outcomes of
// tables are in the order of Plan.Expected.
func outcome(r *check.Result, i int) *check.Outcome {
	first := slices.IndexFunc(r.Outcomes, func(o check.Outcome) bool { return o.Kind == check.KindTable })
	return &r.Outcomes[first+i]
}

// miss returns the largest difference between a table's fitted and reconciled
// cells, in persons, and the name of that cell. It returns 0 and "" if the
// difference is below a hundredth of a person.
func miss(t *plan.Table, persons int64) (float64, string) {
	most, at := 0.0, -1
	for k := range t.Fitted {
		row := k * len(t.Mass) / len(t.Fitted)
		if d := (t.Fitted[k] - t.Reconciled[k]) * t.Mass[row] * float64(persons); math.Abs(d) > math.Abs(most) {
			most, at = d, k
		}
	}
	if math.Abs(most) < 0.01 {
		return 0, ""
	}
	parts := make([]string, len(t.Fields))
	for k, labels := range slices.Backward(t.Labels) {
		parts[k] = t.Fields[k] + " " + labels[at%len(labels)]
		at /= len(labels)
	}
	return digits(most), strings.Join(parts, " × ")
}

// uncertain lists the fields, tables and correlations whose status is not official.
func uncertain(p *plan.Plan) []Uncertain {
	var out []Uncertain
	add := func(what, name, status, note string) {
		if status != "" && status != "official" {
			out = append(out, Uncertain{what, name, status, note})
		}
	}
	for _, f := range p.Fields {
		add("field", f.Name, f.Status, joinNotes(f.Note, f.Rest))
	}
	for i := range p.Tables {
		add("table", p.Tables[i].Name, p.Tables[i].Status, p.Tables[i].Note)
	}
	for _, f := range p.Fields {
		for _, s := range f.Statistics {
			add("statistic", f.Name+": "+s.Title(), s.Status, s.Note)
		}
	}
	for _, c := range p.Correlations {
		add("correlation", c.Name, c.Status, c.Note)
	}
	return out
}

// joinNotes joins what a spec and the compiler say about the values of a field.
func joinNotes(note, rest string) string {
	if note == "" || rest == "" {
		return note + rest
	}
	return strings.TrimSuffix(note, ".") + "; " + rest
}
