// Package report turns a plan and the result of its checks into papers:
// stats.json for programs, stats.md for people, and a few lines for a terminal.
//
// In goes plain data, out comes text. Nothing is measured here and nothing is
// asked of the clock: the same result gives the same bytes. Labels and titles
// are the plan's, in its language; all other words are English.
package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Format is the version of the form of stats.json.
const Format = 1

// Facts are what only the run knows.
type Facts struct {
	Size     int64  // persons of the population; the rows may be part of it
	Seed     uint64 // that was used
	Sampling string
	First    int64  // number of the first person
	Version  string // of the program
	// Columns maps fields to their columns in the data files, where the names
	// differ.
	Columns map[string]string
}

// Stats are the statistics of a release. Its JSON keys are stable: they are
// added to, not renamed, within a Format. Shares are between 0 and 1 of the
// persons written unless a comment says otherwise; arrays over a table are
// row-major over its fields, null last where a field can be null.
type Stats struct {
	Format     int        `json:"format"`
	Population Population `json:"population"`
	Checks     Checks     `json:"checks"`
	// Goals are the points of what the user calls success.
	Goals  []check.Goal `json:"goals,omitempty"`
	Fields []Field      `json:"fields"`
	Tables []Table      `json:"tables"`
	// Roles maps a role to the field that plays it.
	Roles   map[string]string `json:"roles,omitempty"`
	Pyramid *Pyramid          `json:"pyramid,omitempty"` // by the roles age and sex, nil without them
	Places  *Places           `json:"places,omitempty"`  // by the roles of places, nil without them
	Texts   *Texts            `json:"texts,omitempty"`   // nil when no field is written
	// Refused counts texts that are missing because no answer of the model passed.
	Refused []Refused `json:"refused,omitempty"`
	// References are other populations whose texts ours are compared with.
	References []Reference `json:"references,omitempty"`
	// Published says for each table of the spec what became of its figures.
	Published   []Published         `json:"published,omitempty"`
	Uncertain   []Uncertain         `json:"uncertain,omitempty"` // what is not official
	Independent []plan.Independence `json:"independent,omitempty"`
	Exceptions  []Exception         `json:"exceptions,omitempty"`
	Limitations []string            `json:"limitations,omitempty"`
	Warnings    []plan.Warning      `json:"warnings,omitempty"` // doubts about the spec and its figures
	Sources     []spec.Source       `json:"sources,omitempty"`
}

// Population says what the rows are.
type Population struct {
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Version     string `json:"version,omitempty"`
	License     string `json:"license,omitempty"`
	Language    string `json:"language,omitempty"`
	Program     string `json:"program,omitempty"` // version
	Plan        string `json:"plan"`              // hash
	Structure   string `json:"structure"`         // hash
	Rows        int64  `json:"rows"`
	Size        int64  `json:"size"`
	First       int64  `json:"first"`
	Seed        uint64 `json:"seed"`
	Sampling    string `json:"sampling"`
	Where       string `json:"where,omitempty"`
	// Persons that the tables speak of, and the share of them who are wanted.
	Persons int64   `json:"persons,omitempty"`
	Wanted  float64 `json:"wanted"`
}

// Checks are the outcomes of the validation suite.
type Checks struct {
	Headline string          `json:"headline"`
	Counts   map[string]int  `json:"counts"` // by status
	Budget   float64         `json:"budget"` // chance of a false alarm in all tests
	Parts    int             `json:"parts"`  // that share it
	Tests    int             `json:"tests"`
	Outcomes []check.Outcome `json:"outcomes"`
}

// Field describes a column.
type Field struct {
	Name   string       `json:"name"`
	Column string       `json:"column,omitempty"` // in the data files, when it has another name there
	Title  string       `json:"title,omitempty"`
	Kind   string       `json:"kind"`
	Class  kind.Class   `json:"class"`
	Type   frame.Type   `json:"type"`
	Unit   string       `json:"unit,omitempty"`
	Hidden bool         `json:"hidden,omitempty"`
	Source string       `json:"source,omitempty"`
	Status string       `json:"status,omitempty"`
	Note   string       `json:"note,omitempty"`
	When   string       `json:"when,omitempty"`
	Of     []string     `json:"of,omitempty"`    // fields that a group is made of
	Chars  *kind.Length `json:"chars,omitempty"` // that a text, or an item of a list, shall have
	Items  *kind.Length `json:"items,omitempty"` // that a list of texts shall have

	Nulls   int64          `json:"nulls"`
	Values  []Value        `json:"values,omitempty"`
	Numbers *check.Summary `json:"numbers,omitempty"`
	// Published names the table whose figures are in Values, summed over its other
	// fields, and PublishedWhere the persons it is about ("" for all).
	Published      string `json:"published,omitempty"`
	PublishedWhere string `json:"published_where,omitempty"`
}

// Value is a value of a finite field, or a label of a list (then Share is of
// all items). Target is the share that the plan asks for among the persons
// wanted; Published is the share that the source gives for its own universe.
type Value struct {
	Label     string   `json:"label"`
	Count     int64    `json:"count"`
	Share     float64  `json:"share"`
	Target    *float64 `json:"target,omitempty"`
	Published *float64 `json:"published,omitempty"`
	Fitted    *float64 `json:"fitted,omitempty"` // to Published, in the same universe
}

// Table compares a distribution with its target, in persons. The deviation of
// a cell is observed minus target.
type Table struct {
	Name   string     `json:"name"`
	Origin string     `json:"origin"`
	Table  string     `json:"table,omitempty"` // of the spec
	Fields []string   `json:"fields"`
	Within string     `json:"within,omitempty"` // whom it speaks of, "" for everyone
	Labels [][]string `json:"labels,omitempty"`
	Status string     `json:"status"` // of its check
	// Target and Observed are left out of tables with more than MostCells.
	Target   []float64           `json:"target,omitempty"`
	Observed []int64             `json:"observed,omitempty"`
	Omitted  int                 `json:"omitted_cells,omitempty"`
	Numbers  *check.TableNumbers `json:"numbers,omitempty"`
	Test     *check.Test         `json:"test,omitempty"`
}

// MostCells is the size of the largest table whose cells stand in stats.json.
const MostCells = 1000

// Texts describe the written fields. Model is the share of the texts that a
// model wrote, nil when nothing says who did.
type Texts struct {
	Headline string              `json:"headline"`
	Written  int64               `json:"written"`
	Model    *float64            `json:"model_written,omitempty"`
	Fields   []check.TextProfile `json:"fields"`
	// Groups are the words that set the texts of groups of persons apart, in a
	// sample: where clichés show.
	Groups []similarity.Group `json:"groups,omitempty"`
}

// Published is what became of a table of the spec: published, then reconciled
// with the other tables, then fitted.
type Published struct {
	Name   string   `json:"name"`
	Title  string   `json:"title,omitempty"`
	Role   string   `json:"role"`
	Fields []string `json:"fields"`
	Given  int      `json:"given,omitempty"`
	Where  string   `json:"where,omitempty"`
	Source string   `json:"source,omitempty"`
	Year   int      `json:"year,omitempty"`
	Status string   `json:"status,omitempty"`
	Note   string   `json:"note,omitempty"`
	File   string   `json:"file,omitempty"`
	// Moved is the total variation distance published to reconciled,
	// MovedPersons the largest move of a cell among Population.Persons.
	Moved        float64 `json:"moved"`
	MovedPersons float64 `json:"moved_persons"`
	WorstCell    string  `json:"worst_cell,omitempty"`
	// TVD is the total variation distance reconciled to fitted, MissedPersons
	// the largest difference of a cell: nothing for hard tables, for patterns
	// and soft tables what they yielded.
	TVD           float64 `json:"tvd"`
	MissedPersons float64 `json:"missed_persons"`
	MissedCell    string  `json:"missed_cell,omitempty"`
	// Covered is the share of the table's universe that is among the persons
	// wanted: only where it is 1 should observed figures be the published ones.
	Covered float64 `json:"covered"`
	// Figures are left out of tables with more than MostCells.
	Figures *Figures `json:"figures,omitempty"`
}

// Uncertain is a field or table that is not official.
type Uncertain struct {
	What   string `json:"what"` // "field", "table" or "correlation"
	Name   string `json:"name"`
	Status string `json:"status"`
	Note   string `json:"note,omitempty"`
}

// Refused counts the texts of a field that were set aside for one reason.
type Refused struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Texts  int64  `json:"texts"`
}

// Exception is a cell that the allocation could not bring close enough.
type Exception struct {
	Table   string  `json:"table"`
	Cell    string  `json:"cell"`
	Persons float64 `json:"persons"` // allocated minus target
	Reason  string  `json:"reason,omitempty"`
}

// New gathers the statistics of a result of the plan's suite.
func New(p *plan.Plan, r *check.Result, facts Facts) *Stats {
	s := &Stats{
		Format: Format,
		Population: Population{
			Name: p.Name, Title: p.Title, Description: p.Description, Version: p.Version, License: p.License, Language: p.Language,
			Program: facts.Version, Plan: p.Hash, Structure: p.Structure, Rows: r.Rows, Size: facts.Size, First: facts.First, Seed: facts.Seed,
			Sampling: facts.Sampling, Where: p.Population.Where, Persons: p.Population.Persons, Wanted: digits(p.Population.Wanted),
		},
		Checks:      Checks{r.Headline(), r.Counts, r.Budget, r.Parts, r.Tests, r.Outcomes},
		Goals:       r.Goals,
		References:  references(p),
		Independent: p.Independent,
		Limitations: p.Limitations,
		Warnings:    p.Warnings,
		Sources:     p.Sources,
		Roles:       p.Roles,
	}
	told := p.Measurable()
	for i, f := range p.Fields {
		if !told[f.Name] {
			continue // a merged release could not count it
		}
		field := describe(p, f, r.Profiles[i], r)
		field.Column = facts.Columns[f.Name]
		s.Fields = append(s.Fields, field)
	}
	for i := range p.Expected {
		if r.Observed[i] != nil {
			s.Tables = append(s.Tables, compare(p, i, r))
		}
	}
	s.Pyramid, s.Places = pyramidOf(p, r), placesOf(p, s.Fields)
	s.Texts = texts(r)
	for i := range p.Tables {
		t := &p.Tables[i]
		missed, where := miss(t, p.Population.Persons)
		figures, covered := figuresOf(p, t, r)
		s.Published = append(s.Published, Published{
			Name: t.Name, Title: t.Title, Role: t.Role, Fields: t.Fields, Given: t.Given, Where: t.Where, Source: t.Source, Year: t.Year,
			Status: t.Status, Note: t.Note, File: t.File, Moved: digits(t.Moved), MovedPersons: digits(t.MovedPersons), WorstCell: t.WorstCell, TVD: digits(t.TVD),
			MissedPersons: missed, MissedCell: where, Covered: covered, Figures: figures,
		})
	}
	s.Uncertain = uncertain(p)
	for _, x := range r.Exceptions {
		e := &p.Expected[x.Expected]
		s.Exceptions = append(s.Exceptions, Exception{e.Name, check.Cell(p, e, x.Cell), digits(x.Persons), x.Reason})
	}
	return s
}

func describe(p *plan.Plan, f *kind.Field, profile check.Profile, r *check.Result) Field {
	out := Field{
		Name: f.Name, Title: f.Title, Kind: f.Kind, Class: f.Class, Type: f.Type, Unit: f.Unit, Hidden: f.Hidden,
		Source: f.Source, Status: f.Status, Note: f.Note, When: f.WhenText, Nulls: profile.Nulls,
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
	if profile.Counts == nil {
		return out
	}
	total := r.Rows
	if f.Type == frame.CategoryList {
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

// texts sums the written fields up; nil when there are none.
func texts(r *check.Result) *Texts {
	if len(r.Texts) == 0 {
		return nil
	}
	t := &Texts{Fields: r.Texts, Groups: r.Groups}
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
		t.Headline = fmt.Sprintf("%s texts, nothing says who wrote them", humanize.Thousands(t.Written))
	default:
		t.Headline = fmt.Sprintf("%s texts, model-written %s", humanize.Thousands(t.Written), check.Percent(model, t.Written))
		x := share(model, t.Written)
		t.Model = &x
	}
	return t
}

// margin returns the target shares of a field, nil when it has none.
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

// outcome returns the check of Plan.Expected i: tables are checked in order.
func outcome(r *check.Result, i int) *check.Outcome {
	first := slices.IndexFunc(r.Outcomes, func(o check.Outcome) bool { return o.Kind == check.KindTable })
	return &r.Outcomes[first+i]
}

// miss returns the largest difference in persons between a table as reconciled
// and as fitted, and where it is; nothing when it is below a hundredth of one.
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

// uncertain lists what the spec marks as other than official.
func uncertain(p *plan.Plan) []Uncertain {
	var out []Uncertain
	add := func(what, name, status, note string) {
		if status != "" && status != "official" {
			out = append(out, Uncertain{what, name, status, note})
		}
	}
	for _, f := range p.Fields {
		add("field", f.Name, f.Status, f.Note)
	}
	for i := range p.Tables {
		add("table", p.Tables[i].Name, p.Tables[i].Status, p.Tables[i].Note)
	}
	for _, c := range p.Correlations {
		add("correlation", c.Name, c.Status, c.Note)
	}
	return out
}

func sum(counts []int64) int64 {
	n := int64(0)
	for _, c := range counts {
		n += c
	}
	return n
}

func share(c, n int64) float64 {
	if n == 0 {
		return 0
	}
	return digits(float64(c) / float64(n))
}

// digits keeps nine significant digits.
func digits(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	scale := math.Pow(10, 8-math.Floor(math.Log10(math.Abs(x))))
	if math.IsInf(scale, 0) {
		return 0
	}
	return math.Round(x*scale) / scale
}

// places rounds to decimal places.
func places(x float64, decimals int) float64 {
	scale := math.Pow(10, float64(decimals))
	return math.Round(x*scale) / scale
}
