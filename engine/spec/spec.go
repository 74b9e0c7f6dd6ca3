// Package spec holds a specification as plain Go values, each with its place in
// the source. Package spec/load reads them from CUE files; this package and
// those that use only its types do not depend on CUE.
package spec

import (
	"path/filepath"

	"github.com/personagen/personagen/engine/diag"
)

// Spec is a specification as written, with defaults filled in, in the order of
// the file. The schema has been checked; names and figures have not.
type Spec struct {
	Dir   string     // the folder of its files: absolute, symbolic links followed
	Files []File     // the files that it names: tables, phrase banks, prompts
	Place diag.Place // of its first file

	Name, Title, Description, Language, License, Version string
	Limitations                                          []string

	Population   Population
	Sources      []Source
	Fields       []Field
	Aliases      []AliasSet
	Tables       []Table
	Impossible   []*Condition
	Joints       []Joint
	Correlations []Correlation
	Roles        []Role
	Checks       []Check
	Goals        []Goal
	References   []Reference
	Narrator     *Narrator // nil when the spec has none
	Rules        []Rule
	Languages    []Language
	Groups       []String // fields; nil when the spec names none
	Calls        []Call
	Endpoints    []Endpoint
	Prices       *Prices     // nil when the spec has none
	Enrichment   *Enrichment // nil when the spec has none
	Card         Card

	// ParseConditions reads conditions that are not in the spec but in files that
	// it names, such as the headings of phrase banks. Each text is the inside of a
	// CUE struct, for example `age: >=15, region: "North" | "South"`. A text with a
	// fault is reported at its place and gives nil. The loader sets it.
	ParseConditions func(texts []string, places []diag.Place, faults *diag.List) []*Condition

	// Shown returns a file's path as messages write it: relative to the working
	// directory where that is shorter, with slashes. The loader sets it. Documents
	// use FileName.
	Shown func(path string) string
}

// FileName returns the name by which documents know a file that the spec names.
func (s *Spec) FileName(path string) string {
	for _, f := range s.Files {
		if f.Path == path {
			return f.Name
		}
	}
	return filepath.ToSlash(path)
}

// File is a file that the spec names.
type File struct {
	Path string // absolute, to open it
	// Name is relative to the folder of the spec, with slashes, so that it is the
	// same wherever the spec lies and whatever the working directory is. A path
	// that is written as absolute stays so.
	Name string
}

// Population is the population stanza.
type Population struct {
	Place   diag.Place
	Size    int64
	Seed    uint64
	Persons int64 // 0 when not given
	Where   *Condition
}

// Source is a publication.
type Source struct {
	Name      string     `json:"name"`
	Place     diag.Place `json:"-"`
	Publisher string     `json:"publisher,omitempty"`
	Title     string     `json:"title"`
	Year      int        `json:"year,omitempty"`
	Date      string     `json:"date,omitempty"`
	URL       string     `json:"url,omitempty"`
	License   string     `json:"license,omitempty"`
	Note      string     `json:"note,omitempty"`
}

// AliasSet is a set of other names for columns.
type AliasSet struct {
	Name    string
	Place   diag.Place
	Columns []Alias
}

// Alias is the column of a field; its place is that of the column's name.
type Alias struct{ Field, Column String }

// Card is what the papers of a release say beyond its figures.
type Card struct {
	IntendedUse []string `json:"intended_use,omitempty"`
	OutOfScope  []string `json:"out_of_scope,omitempty"`
	Authors     []Author `json:"authors,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	URL         string   `json:"url,omitempty"`
	Repository  string   `json:"repository,omitempty"`
	DOI         string   `json:"doi,omitempty"`
	Date        string   `json:"date,omitempty"` // of publication, as 2026-01-31
	Tags        []string `json:"tags,omitempty"`
	Tasks       []string `json:"tasks,omitempty"`
}

// Author is a person (Family, Given) or an organisation (Name).
type Author struct {
	Name        string `json:"name,omitempty"`
	Family      string `json:"family,omitempty"`
	Given       string `json:"given,omitempty"`
	Affiliation string `json:"affiliation,omitempty"`
	URL         string `json:"url,omitempty"`
}

// String is a string of the spec with its place.
type String struct {
	Value string
	Place diag.Place
}

// Field is one column of a persona. What belongs to its kind is in Body.
type Field struct {
	Name  string
	Place diag.Place // of the name
	Kind  string

	Title, About, Unit   string
	Source, Status, Note string
	Hidden               bool
	When                 *Condition
	Body                 *Node // the whole stanza
}

// Table is a table stanza. Exactly one of Inline and CSV is set.
type Table struct {
	Name  string
	Place diag.Place
	Title string

	Over, Given []String
	Where       *Condition
	Role        string // "margin", "pattern", "soft"
	Weight      float64
	Inline      *Node  // nested maps of figures
	Measure     string // "shares", "percent" or "counts"
	CSV         *Rows
	Value       String // column of the figures
	Add         bool
	Rest        *String
	Partial     bool    // a conditional table without figures for every given combination
	Rounded     float64 // 0 when not given
	Tolerance   float64 // -1 when not given

	Source, Status, Note string
	Year                 int
}

// Rows is a reference to rows of a CSV file.
type Rows struct {
	Place   diag.Place
	Path    string            // absolute
	Columns map[string]String // field name to column name, where they differ
	Where   *Condition        // over the texts of the cells, by column name
	Map     map[string]LabelMap
}

// LabelMap turns a file's labels into ours.
type LabelMap map[string]String

// Joint is a set of fields to be followed and tested together.
type Joint struct {
	Place  diag.Place
	Fields []String
}

// Correlation is a correlation stanza.
type Correlation struct {
	Name   string
	Place  diag.Place
	Fields []String
	Matrix [][]float64

	Source, Status, Note string
}

// Role says which field plays a part that generic outputs know.
type Role struct {
	Name  string
	Field String
}

// Check limits the share of persons who meet a condition.
type Check struct {
	Name     string
	Place    diag.Place
	About    string
	Severity string     // "fail", "warn", "note"
	Where    *Condition // nil with a measure
	Measure  *String
	Of       *String
	Within   *Condition
	AtLeast  *float64
	AtMost   *float64
}

// Narrator is what the offline narrator works with.
type Narrator struct {
	Place diag.Place
	Banks []BankFile
	Forms *Forms // nil when phrases have no forms
}

// BankFile is a file of phrase banks.
type BankFile struct {
	Path  string
	Place diag.Place // of the reference
}

// Forms says which field decides between the forms of a phrase.
type Forms struct {
	By     String
	Values []String
}

// Rule is something that texts must not say, or must say right.
type Rule struct {
	Name       string
	Place      diag.Place
	About      string
	Severity   string
	When       *Condition
	Never      []String
	NeverMatch *String
	Number     *NumberRule
	By         *ByValue
	Fields     []String // nil for all text fields
}

// NumberRule wants the number in the first group of Match to equal a field.
type NumberRule struct{ Match, Field String }

// ByValue wants the words of a field's value, not those of another.
type ByValue struct {
	Field   String
	Words   []ValueWords // nil for the values themselves
	Said    []String
	Unless  []String
	Opening bool
}

// ValueWords are the words that tell a value.
type ValueWords struct {
	Value String
	Words []String
}

// Language says how texts in a language look.
type Language struct {
	Name                      string
	Place                     diag.Place
	Letters                   string
	Own                       bool
	Foreign, Accented, Common float64
	Words                     []string
	Least                     int
}

// Call is a request to a model that writes text fields.
type Call struct {
	Name        string
	Place       diag.Place
	Prompt      *Node // a string, or a struct with the string file
	System      *Node // nil when there is none
	Model       string
	Temperature *float64
	MaxTokens   int // 0 when not given
	After       []String
	Examples    []Example
}

// Example is an answered call.
type Example struct {
	Place  diag.Place
	Prompt *Node   // like that of a Call
	Answer []Named // strings or lists of strings, by field
}

// Endpoint says how to ask a model server; zero values are not given.
type Endpoint struct {
	Name          string
	Place         diag.Place
	BaseURL       *String
	KeyVar        *String
	Model         string
	Mode          string
	TokensField   string
	Extra         []Named
	Headers       []Named
	Local         *bool
	Workers       int
	MaxInFlight   int
	Limits        Limits
	Batch         Batch
	Timeout       float64 // seconds
	Retries       *float64
	CharsPerToken float64
}

// Limits of an account, 0 for none.
type Limits struct{ RequestsPerSecond, RequestsPerMinute, TokensPerSecond, TokensPerMinute float64 }

// Batch says what files of requests an endpoint takes; zero values are not given.
type Batch struct {
	Requests int
	Bytes    int64
	Window   string
}

// Prices of models.
type Prices struct {
	Date, Currency string
	Models         []Price
}

// Price of a model per million tokens; 0 for no discount.
type Price struct {
	Model                        string
	Input, Output, Cached, Batch float64
}

// Enrichment says how a model's texts are gathered.
type Enrichment struct {
	Repairs    int
	Quarantine *float64 // share of the texts that may be set aside
	AskAbove   float64  // in the currency of the prices
}

// NodeKind is the form of a Node.
type NodeKind string

const (
	NullNode   NodeKind = "null"
	BoolNode   NodeKind = "bool"
	NumberNode NodeKind = "number"
	StringNode NodeKind = "string"
	ListNode   NodeKind = "list"
	StructNode NodeKind = "struct"
	CondNode   NodeKind = "condition"
)

// Node is a value of the spec with its place. Every struct field named when,
// where or within is a condition.
type Node struct {
	Kind   NodeKind
	Place  diag.Place
	Bool   bool
	Number float64
	String string  // the text; a number's digits, so that a whole number is exact
	Path   string  // absolute path of the file that a StringNode names (csv, file); "" for others
	Items  []*Node // ListNode
	Fields []Named // StructNode, in the order of the spec
	Cond   *Condition

	Positions []Position // StringNode: where its parts are written, by Offset; empty when it is not a literal
}

// Named is a field of a struct.
type Named struct {
	Name  string
	Place diag.Place // of the name
	Value *Node
}

// Get returns the named field of a struct, or nil. It may be called on nil.
func (n *Node) Get(name string) *Node {
	if n == nil {
		return nil
	}
	for _, f := range n.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}

// AsString is a StringNode's string with its place.
func (n *Node) AsString() String { return String{Value: n.String, Place: n.Place} }

// AsStrings lists the strings of a list. It may be called on nil.
func (n *Node) AsStrings() []String {
	if n == nil {
		return nil
	}
	var out []String
	for _, item := range n.Items {
		out = append(out, item.AsString())
	}
	return out
}

// Condition is a conjunction of constraints on fields.
type Condition struct {
	Place diag.Place
	Text  string // as written, on one line
	Terms []Term
}

// Term is one field's constraint.
type Term struct {
	Field string
	Place diag.Place
	Text  string // the constraint as written
	// Literals are the strings of a constraint that is nothing but strings, in
	// their order; nil for others.
	Literals []string
	// Accept reports whether a value (a string, an int or a float64) satisfies the
	// constraint. It is slow: use it on every value of a finite domain when a plan
	// is compiled, not on rows. The loader sets it.
	Accept func(value any) bool
}
