// Package plan defines the plan: plain data that says everything a run does. The
// sampler, the writers and the checks read only the plan, never the spec. A plan can
// be printed, hashed, stored as JSON beside a release and read back.
//
// Package run compiles a spec to a plan; package bundle adds what else a run needs,
// such as the fitted model.
package plan

import (
	"cmp"
	"maps"
	"slices"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/spec"
)

// Format is the version of the plan's JSON form.
const Format = 1

// Plan says what a run does.
type Plan struct {
	Format      int      `json:"format"`
	Name        string   `json:"name"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Language    string   `json:"language,omitempty"`
	License     string   `json:"license,omitempty"`
	Version     string   `json:"version,omitempty"`
	Limitations []string `json:"limitations,omitempty"`
	// Card is what the documents of a release say beyond its figures.
	Card spec.Card `json:"card,omitzero"`

	Population Population    `json:"population"`
	Sources    []spec.Source `json:"sources,omitempty"`
	// References are other data sets that releases are compared with.
	References []spec.Reference `json:"references,omitempty"`
	// Fields are in the order of the spec, with the hidden ones.
	Fields []*kind.Field `json:"fields"`
	// Aliases are sets of other columns for the data files.
	Aliases map[string]AliasSet `json:"aliases,omitempty"`
	// Order lists the fields that are not fitted, each after its inputs.
	Order []string `json:"order"`
	// Roles maps a role to its field.
	Roles map[string]string `json:"roles,omitempty"`

	Tables     []Table      `json:"tables,omitempty"`
	Expected   []Expected   `json:"expected"`
	Impossible []Impossible `json:"impossible,omitempty"`
	// Smoothed are the fields whose shares by bands are interpolated.
	Smoothed []Smoothed `json:"smoothed,omitempty"`
	Checks   []Limit    `json:"checks,omitempty"`
	Goals    []Goal     `json:"goals,omitempty"`
	// Independent lists the pairs of fitted fields that the spec leaves
	// independent, some of them given other fields.
	Independent  []Independence `json:"independent,omitempty"`
	Correlations []Correlation  `json:"correlations,omitempty"`
	// Narrator holds the phrase banks of the offline narrator; it is nil when the
	// spec has none. Rules are the rules about texts.
	Narrator *Narrator `json:"narrator,omitempty"`
	Rules    []Rule    `json:"rules,omitempty"`
	// Languages are the languages of text fields that the spec describes.
	Languages []Language `json:"languages,omitempty"`
	// Groups are the fields by whose values the words of texts are compared.
	Groups []string `json:"groups,omitempty"`
	// Calls write text fields; each comes after those it needs.
	Calls []Call `json:"calls,omitempty"`
	// Variation is what differs between the requests about persons; nil for nothing.
	Variation *Variation `json:"variation,omitempty"`
	// Quarantine is the largest share of a field's texts that may be quarantined;
	// nil for DefaultQuarantine.
	Quarantine *float64 `json:"quarantine,omitempty"`
	// Warnings are doubts about the spec and its figures, with names and figures.
	Warnings []Warning `json:"warnings,omitempty"`

	Tree  Tree   `json:"tree"`
	Files []File `json:"files,omitempty"` // that were read: tables, phrase banks, prompts

	// Structure is the hash of what persons' identities depend on; Hash that of the
	// whole plan without population size and seed. Both are in hex.
	Structure string `json:"structure"`
	Hash      string `json:"hash"`
	// FirstStructures are what Structure may have been under version 1 of the program,
	// the likeliest first: journals of that version have their texts under keys from it.
	FirstStructures []string `json:"first_structures,omitempty"`

	// Variables describes the variables of the fitted model, in their order. The
	// model itself is in the plan's bundle.
	Variables []Variable `json:"variables"`
}

// Population says how many persons are made, and which.
type Population struct {
	Size  int64  `json:"size"`
	Seed  uint64 `json:"seed"`
	Where string `json:"where,omitempty"`
	// Selector is nil when everyone is wanted.
	Selector *kind.Selector `json:"selector,omitempty"`
	// Persons is how many persons the tables cover (0 when the spec does not say);
	// Wanted is the share of them who are wanted.
	Persons int64   `json:"persons,omitempty"`
	Wanted  float64 `json:"wanted"`
	// Design is nil if everyone is sampled at the same rate.
	Design *Design `json:"design,omitempty"`
}

// Warning is something in the spec that is allowed but may not be intended, such as a table whose
// total differs from that of another.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Impossible is a condition that no person may meet (case 1 of the selector).
type Impossible struct {
	Text     string         `json:"text"`
	Selector *kind.Selector `json:"selector"`
}

// Limit is a check of the spec: a value must lie between AtLeast and AtMost. The
// value is the share of persons with case 1 of Where among those with case 1 of
// Within, or else the Measure of Of (the worst of all when Of is empty).
type Limit struct {
	Name       string         `json:"name"`
	About      string         `json:"about,omitempty"`
	Severity   string         `json:"severity"`
	Text       string         `json:"text"`
	Where      *kind.Selector `json:"where,omitempty"`
	Measure    string         `json:"measure,omitempty"`
	Of         string         `json:"of,omitempty"`
	Score      *ScoreOf       `json:"score,omitempty"`
	WithinText string         `json:"within_text,omitempty"`
	Within     *kind.Selector `json:"within,omitempty"`
	AtLeast    *float64       `json:"at_least,omitempty"`
	AtMost     *float64       `json:"at_most,omitempty"`
	// Enforced says that the quota sampler keeps the limit where whole persons allow
	// it. It does when one clique of the fit has all of its fields.
	Enforced bool `json:"held,omitempty"`
}

// File is an input file. Path is its name in documents, see spec.File.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// DefaultQuarantine is the default of Plan.Quarantine.
const DefaultQuarantine = 0.001

// MostQuarantined is the largest share of a field's texts that may be quarantined.
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

// TextLanguage returns the tag of the language of a text field, "" if it is not known.
func (p *Plan) TextLanguage(f *kind.Field) string { return cmp.Or(f.Text.Language, p.Language) }

// Schema describes all columns, with the hidden ones, in the order of Fields.
func (p *Plan) Schema() frame.Schema {
	var s frame.Schema
	for _, f := range p.Fields {
		s = append(s, f.Column())
	}
	return s
}

// Visible lists the positions in Schema of the columns of a release.
func (p *Plan) Visible() []int {
	var v []int
	for i, f := range p.Fields {
		if !f.Hidden {
			v = append(v, i)
		}
	}
	return v
}

// WithoutTexts returns the plan of a release without texts: without the text fields
// and the hidden fields that only texts use. The persons are the same.
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
	out.Narrator, out.Rules, out.Languages, out.Groups, out.Calls, out.Variation, out.Quarantine = nil, nil, nil, nil, nil, nil, nil
	out.Aliases = maps.Clone(p.Aliases)
	for name, set := range out.Aliases {
		set.Columns = slices.DeleteFunc(slices.Clone(set.Columns), func(c AliasColumn) bool { return c.Field != "" && out.Field(c.Field) == nil })
		set.Names = maps.Clone(set.Names)
		maps.DeleteFunc(set.Names, func(field, _ string) bool { return out.Field(field) == nil })
		out.Aliases[name] = set
	}
	out.Stamp()
	return &out
}

// needed returns the fields of a release without texts: those that are visible or
// finite (tables, conditions and checks may name these), and their inputs.
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

// Measurable returns the fields whose values a release gives: the visible fields and
// the functions of these. Other fields cannot be checked in a release, and so are not
// checked in a run either.
func (p *Plan) Measurable() map[string]bool {
	measurable := map[string]bool{}
	for _, f := range p.Fields {
		measurable[f.Name] = !f.Hidden
	}
	for _, name := range p.Order {
		f := p.Field(name)
		if !f.Hidden || !f.Follows() {
			continue
		}
		measurable[name] = true
		for _, input := range f.Inputs {
			measurable[name] = measurable[name] && measurable[input]
		}
	}
	return measurable
}
