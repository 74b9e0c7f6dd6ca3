// Package plan turns a spec into a plan: plain data that says everything a run
// will do. The sampler, the writers and the checks read only the plan, never
// the spec. A plan can be printed as JSON, hashed, stored beside a release and
// read back.
//
// In goes a spec.Spec, out comes a Plan or the list of everything wrong.
package plan

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// Format is the version of the plan's JSON form.
const Format = 1

// Plan is what a run will do.
type Plan struct {
	Format      int      `json:"format"`
	Name        string   `json:"name"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Language    string   `json:"language,omitempty"`
	License     string   `json:"license,omitempty"`
	Version     string   `json:"version,omitempty"`
	Limitations []string `json:"limitations,omitempty"`
	// Card is what the papers of a release say beyond its figures.
	Card spec.Card `json:"card,omitzero"`

	Population Population    `json:"population"`
	Sources    []spec.Source `json:"sources,omitempty"`
	// References are other data sets that releases are compared with.
	References []spec.Reference `json:"references,omitempty"`
	// Fields in the order of the spec, hidden ones included.
	Fields []*kind.Field `json:"fields"`
	// Aliases are sets of other names for columns: set to field to column.
	Aliases map[string]map[string]string `json:"aliases,omitempty"`
	// Order lists the fields that are not fitted in an order in which each
	// finds its inputs filled.
	Order []string `json:"order"`
	// Roles maps a role to the field that plays it.
	Roles map[string]string `json:"roles,omitempty"`

	Tables     []Table      `json:"tables,omitempty"`
	Expected   []Expected   `json:"expected"`
	Impossible []Impossible `json:"impossible,omitempty"`
	Checks     []Limit      `json:"checks,omitempty"`
	Goals      []Goal       `json:"goals,omitempty"`
	// Independent lists pairs of fitted fields that the spec leaves
	// conditionally or wholly independent.
	Independent  []Independence `json:"independent,omitempty"`
	Correlations []Correlation  `json:"correlations,omitempty"`
	// Narrator holds the phrase banks of the offline narrator, nil when the
	// spec has none; Rules what texts must not say.
	Narrator *Narrator `json:"narrator,omitempty"`
	Rules    []Rule    `json:"rules,omitempty"`
	// Languages are those that text fields are written in and the spec
	// describes.
	Languages []Language `json:"languages,omitempty"`
	// Groups are the fields by whose values the words of texts are compared.
	Groups []string `json:"groups,omitempty"`
	// Calls write text fields, in an order in which each finds what it needs.
	Calls []Call `json:"calls,omitempty"`
	// Quarantine is the share of a field's texts that may be set aside; nil for
	// DefaultQuarantine.
	Quarantine *float64 `json:"quarantine,omitempty"`
	Tree       Tree     `json:"tree"`
	Files      []File   `json:"files,omitempty"` // CSV files that were read

	// Structure is the hash of what the fitted part depends on; Hash of the
	// whole plan, without population size and seed. Both in hex.
	Structure string `json:"structure"`
	Hash      string `json:"hash"`

	// Variables describes the variables of the fitted model, in their order. The
	// model itself is in the plan's bundle.
	Variables []Variable `json:"variables"`
}

// Population says how many persons are made, and of whom.
type Population struct {
	Size  int64  `json:"size"`
	Seed  uint64 `json:"seed"`
	Where string `json:"where,omitempty"`
	// Selector is nil when everyone is wanted.
	Selector *kind.Selector `json:"selector,omitempty"`
	// Persons that the tables speak of in all (0 when the spec does not say),
	// and the share of them who are wanted.
	Persons int64   `json:"persons,omitempty"`
	Wanted  float64 `json:"wanted"`
}

// Impossible is a condition that nobody may meet (case 1 of the selector).
type Impossible struct {
	Text     string         `json:"text"`
	Selector *kind.Selector `json:"selector"`
}

// Limit is a check of the user's own: the share of persons with case 1 of
// Where, among those with case 1 of Within, or else the Measure of Of (of all,
// the worst, when that is empty), lies between AtLeast and AtMost.
type Limit struct {
	Name       string         `json:"name"`
	About      string         `json:"about,omitempty"`
	Severity   string         `json:"severity"`
	Text       string         `json:"text"`
	Where      *kind.Selector `json:"where,omitempty"`
	Measure    string         `json:"measure,omitempty"`
	Of         string         `json:"of,omitempty"`
	WithinText string         `json:"within_text,omitempty"`
	Within     *kind.Selector `json:"within,omitempty"`
	AtLeast    *float64       `json:"at_least,omitempty"`
	AtMost     *float64       `json:"at_most,omitempty"`
	// Held says that the quota sampler keeps the limit where whole persons allow
	// it. It does where its fields stand together in the fit.
	Held bool `json:"held,omitempty"`
}

// File is an input file.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// DefaultQuarantine is the share of a field's texts that may be set aside.
const DefaultQuarantine = 0.001

// MostQuarantined is the share of a field's texts that may be set aside.
func (p *Plan) MostQuarantined() float64 {
	if p.Quarantine == nil {
		return DefaultQuarantine
	}
	return *p.Quarantine
}

// Field returns the named field, or nil.
func (p *Plan) Field(name string) *kind.Field {
	for _, f := range p.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Schema describes all columns, hidden ones included, in the order of Fields.
func (p *Plan) Schema() frame.Schema {
	var s frame.Schema
	for _, f := range p.Fields {
		s = append(s, f.Column())
	}
	return s
}

// Visible lists the positions in Schema of the columns that are written.
func (p *Plan) Visible() []int {
	var v []int
	for i, f := range p.Fields {
		if !f.Hidden {
			v = append(v, i)
		}
	}
	return v
}

// Columns maps the fields that are written to their columns where a set of
// aliases gives them another name.
func (p *Plan) Columns(set string) map[string]string {
	out := map[string]string{}
	for _, f := range p.Fields {
		if column := p.Aliases[set][f.Name]; column != "" && !f.Hidden {
			out[f.Name] = column
		}
	}
	return out
}

// WithoutTexts returns the plan without its written fields, and without the
// hidden fields that only texts use: that of a release that has none. Persons
// are the same.
func (p *Plan) WithoutTexts() *Plan {
	out := *p
	out.Fields, out.Order = nil, nil
	needed := p.needed()
	for _, f := range p.Fields {
		if needed[f.Name] {
			out.Fields = append(out.Fields, f)
		}
	}
	if len(out.Fields) == len(p.Fields) {
		return p
	}
	for _, name := range p.Order {
		if out.Field(name) != nil {
			out.Order = append(out.Order, name)
		}
	}
	out.Narrator, out.Rules, out.Languages, out.Groups, out.Calls, out.Quarantine = nil, nil, nil, nil, nil, nil
	out.Stamp()
	return &out
}

// needed tells the fields of a release without texts: those that are seen or
// finite (tables, conditions and checks may speak of these), and their inputs.
func (p *Plan) needed() map[string]bool {
	needed := map[string]bool{}
	var need func(f *kind.Field)
	need = func(f *kind.Field) {
		if needed[f.Name] {
			return
		}
		needed[f.Name] = true
		for _, name := range f.Inputs {
			need(p.Field(name))
		}
	}
	for _, f := range p.Fields {
		if f.Class != kind.Written && (!f.Hidden || f.Finite()) {
			need(f)
		}
	}
	return needed
}

// Measurable lists the fields whose values a release tells: those that are written,
// and the functions of these. What is not told cannot be checked in a release,
// and so is not checked in a run either.
func (p *Plan) Measurable() map[string]bool {
	told := map[string]bool{}
	for _, f := range p.Fields {
		told[f.Name] = !f.Hidden
	}
	for _, name := range p.Order {
		f := p.Field(name)
		if !f.Hidden || f.Class != kind.Derived {
			continue
		}
		told[name] = true
		for _, input := range f.Inputs {
			told[name] = told[name] && told[input]
		}
	}
	return told
}
