// Package plan turns a spec into a plan: plain data that says everything a run
// will do. The sampler, the writers and the checks read only the plan, never
// the spec. A plan can be printed as JSON, hashed, stored beside a release and
// read back.
//
// In goes a spec.Spec, out comes a Plan or the list of everything wrong.
package plan

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/sample"
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
	// Authors say how models are asked; what they write does not depend on it.
	Authors Authors `json:"-"`
	Tree    Tree    `json:"tree"`
	Files   []File  `json:"files,omitempty"` // CSV files that were read

	// Structure is the hash of what the fitted part depends on; Hash of the
	// whole plan, without population size and seed. Both in hex.
	Structure string `json:"structure"`
	Hash      string `json:"hash"`

	// Model is the fitted joint in the sampler's form: its variables, in order,
	// are described by Variables. It is not part of the printed plan.
	Model *sample.Model `json:"-"`
	// Controls says, per control of the model, which of Expected it is.
	Controls  []ControlRef `json:"-"`
	Variables []Variable   `json:"variables"`
}

// ControlRef ties a control of the sampler to Plan.Expected.
type ControlRef struct {
	Expected int
	Cell     []int32 // position in Expected.Share of each of the control's cells
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

// Variable is a variable of the model. Field names the fitted field whose
// values it holds; a variable that only carries bands of a field has Bands set
// and is not written.
type Variable struct {
	Name  string `json:"name"`
	Field string `json:"field"`
	Card  int    `json:"card"`
	Bands bool   `json:"bands,omitempty"`
	// Codes are the field's codes of the variable's values, null last; nil for bands.
	Codes []int32 `json:"codes,omitempty"`
}

// Table is a table of the spec with what the fit made of it. Figures are
// row-major over Fields (those of Given first); each array gives shares within
// a row, a row being a configuration of Given (one row when there is none).
type Table struct {
	Name   string     `json:"name"`
	Title  string     `json:"title,omitempty"`
	Role   string     `json:"role"` // "margin", "conditional", "pattern", "soft"
	Fields []string   `json:"fields"`
	Given  int        `json:"given,omitempty"` // how many of Fields are given
	Where  string     `json:"where,omitempty"`
	Labels [][]string `json:"labels"` // per field

	Source string `json:"source,omitempty"`
	Year   int    `json:"year,omitempty"`
	Status string `json:"status,omitempty"`
	Note   string `json:"note,omitempty"`
	File   string `json:"file,omitempty"`

	Published  []float64 `json:"published"`
	Reconciled []float64 `json:"reconciled"`
	Fitted     []float64 `json:"fitted"`
	// Mass is per row the share of everyone (before the population's where).
	Mass []float64 `json:"mass"`
	// Moved is the total variation distance published to reconciled and
	// MovedPersons the largest move of a cell in persons; WorstCell says which.
	Moved        float64 `json:"moved"`
	MovedPersons float64 `json:"moved_persons"`
	WorstCell    string  `json:"worst_cell,omitempty"`
	// TVD is the total variation distance reconciled to fitted; for soft and
	// pattern tables it tells how far the fit ended from them.
	TVD float64 `json:"tvd"`
	// Expected is the position in Plan.Expected of what a sample must follow,
	// -1 when none of the persons wanted lie in the table's universe.
	Expected int `json:"expected"`
}

// Expected is a distribution over finite fields that the persons wanted
// follow: a declared table, the margin of a field, or a joint to be watched.
type Expected struct {
	Name   string `json:"name"`
	Origin string `json:"origin"` // "margin", "table" or "joint"
	Table  string `json:"table,omitempty"`
	// Fields are the axes; Share is row-major over their slots (null last where
	// a field is nullable), as a share of all persons wanted.
	Fields []string  `json:"fields"`
	Slots  []int     `json:"slots"`
	Share  []float64 `json:"share"`
	// Universe tells the persons that the table speaks of (case 1); nil for
	// everyone. Share adds up to the universe's share of the persons wanted.
	Universe *kind.Selector `json:"universe,omitempty"`
	// Rank is that of the quota control (1 margins, 2 two-way, 3 others), 0
	// when the sampler does not control it.
	Rank int `json:"rank"`
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
	// Enforced says that the quota sampler keeps the limit where whole persons allow
	// it. It does where its fields stand together in the fit.
	Enforced bool `json:"held,omitempty"`
}

// Independence is a pair of fitted fields that share no table: they are
// independent given the Given fields (of the tree's separator between them),
// wholly when Given is empty.
type Independence struct {
	Fields [2]string `json:"fields"`
	Given  []string  `json:"given,omitempty"`
}

// Correlation is a declared correlation of number fields.
type Correlation struct {
	Name   string      `json:"name"`
	Fields []string    `json:"fields"`
	Matrix [][]float64 `json:"matrix"`
	Source string      `json:"source,omitempty"`
	Status string      `json:"status,omitempty"`
	Note   string      `json:"note,omitempty"`
}

// Narrator is what the offline narrator works with.
type Narrator struct {
	// Forms is the field that decides between the forms of a phrase, and which
	// form (from 0) each of its codes takes, -1 for none.
	Forms  string  `json:"forms,omitempty"`
	FormOf []int32 `json:"form_of,omitempty"`
	Banks  []Bank  `json:"banks"`
}

// Bank is a named collection of phrases in sections.
type Bank struct {
	Name     string    `json:"name"`
	Sections []Section `json:"sections"`
}

// Section is the phrases of a bank that are open to persons with case 1 of
// When; nil for everyone.
type Section struct {
	When    *kind.Selector      `json:"when,omitempty"`
	Phrases []string            `json:"phrases"`          // in the grammar of package phrase
	Facets  map[string][]string `json:"facets,omitempty"` // by name, one for each phrase
}

// Rule is a spec.Rule, compiled.
type Rule struct {
	Name       string         `json:"name"`
	About      string         `json:"about"`
	Severity   string         `json:"severity"`
	When       *kind.Selector `json:"when,omitempty"`
	WhenText   string         `json:"when_text,omitempty"`
	Never      []string       `json:"never,omitempty"`
	NeverMatch string         `json:"never_match,omitempty"`
	Number     string         `json:"number,omitempty"` // regular expression
	Field      string         `json:"field,omitempty"`  // that Number's first group must equal
	By         *ByValue       `json:"by,omitempty"`
	Fields     []string       `json:"fields"` // text fields it concerns
}

// ByValue forbids what tells another value of Field than the person's. Words are
// those of each of the field's values, nil for the values themselves.
type ByValue struct {
	Field   string     `json:"field"`
	Words   [][]string `json:"words,omitempty"`
	Said    []string   `json:"said,omitempty"`   // {} stands for the words
	Unless  []string   `json:"unless,omitempty"` // words before it that turn it round
	Opening bool       `json:"opening,omitempty"`
}

// Language says how texts of at least Least words look: at most Foreign of
// their characters are letters of other alphabets, at least Accented are among
// Letters, and at least Common of their words among Words.
type Language struct {
	Name     string   `json:"name"`
	Letters  string   `json:"letters,omitempty"`
	Own      bool     `json:"own,omitempty"` // a to z are not among its letters
	Foreign  float64  `json:"foreign"`
	Accented float64  `json:"accented,omitempty"`
	Words    []string `json:"words,omitempty"`
	Common   float64  `json:"common,omitempty"`
	Least    int      `json:"least"`
}

// Tree describes the junction tree.
type Tree struct {
	Cliques [][]string `json:"cliques"` // variables of each
	Cells   int64      `json:"cells"`
	Largest int64      `json:"largest"`
	Sweeps  int        `json:"sweeps"`
}

// File is an input file.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
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
	out.stamp()
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
