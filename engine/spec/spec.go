// Package spec represents a specification as plain Go values that know their
// places in the source. Package spec/load reads them from CUE files; this package
// does not depend on CUE.
package spec

import (
	"path/filepath"
	"strconv"

	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/internal/inputs"
)

// Spec is a specification as written, with defaults filled in and in the order of
// its file. It conforms to the schema; references by name and figures have not
// been checked.
type Spec struct {
	Dir   string     // folder of the file with its name: absolute, symbolic links followed
	Files []File     // files that it names: tables, phrase banks, prompts
	Place diag.Place // of its first file

	Name, Title, Description, Language, License, Version string
	Limitations                                          []string

	Population   Population
	Sources      []Source
	Fields       []Field
	Aliases      []AliasSet
	Tables       []Table
	DefaultMaps  *Node // label maps by field, for files that do not have their own; nil if there are none
	Impossible   []*Condition
	Joints       []Joint
	Correlations []Correlation
	Roles        []Role
	Checks       []Check
	Goals        []Goal
	References   []Reference
	Narrator     *Narrator // nil if the spec has none
	Rules        []Rule
	Languages    []Language
	Groups       []String // fields; nil if the spec names none
	Calls        []Call
	Endpoints    []Endpoint
	MostMoved    *float64    // share of persons by which a table may move; nil if the spec sets no limit
	Prices       *Prices     // nil if the spec has none
	Enrichment   *Enrichment // nil if the spec has none
	Variation    *Variation  // nil if the spec has none
	Card         Card

	// ParseConditions parses conditions that are in files which the spec names, such
	// as the headings of phrase banks. Each text is the contents of a CUE struct, for
	// example `age: >=15, region: "North" | "South"`. A faulty text is reported at its
	// place, and its condition is nil. The loader sets the function.
	ParseConditions func(texts []string, places []diag.Place, faults *diag.List) []*Condition

	// Shown returns the path of a file for messages: relative to the working
	// directory if that is shorter, with slashes. Documents use FileName instead. The
	// loader sets the function.
	Shown func(path string) string

	// Inputs reads the files that the spec names, as far as it may. The loader sets
	// it.
	Inputs *inputs.FS
}

// FileName returns the name of a file for documents, given its absolute path. See
// File.
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
	// Name is relative to Spec.Dir, with slashes, so that documents do not depend on
	// where the spec is or on the working directory. A path that is written as an
	// absolute one stays absolute.
	Name string
}

// Population is the population stanza.
type Population struct {
	Place   diag.Place
	Size    int64
	Seed    uint64
	Persons int64 // 0 if not given
	Where   *Condition
	// Oversample are the strata that are sampled at another rate; nil if there are none.
	Oversample []Stratum
}

// Stratum is a group of persons who are sampled at their own rate. Exactly one of AtLeast
// and Times is set.
type Stratum struct {
	Name    string
	Place   diag.Place
	When    *Condition
	AtLeast int64   // persons in the sample, 0 if not given
	Times   float64 // the rate relative to persons in no stratum, 0 if not given
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

// AliasSet is a set of alternative columns for the data files.
type AliasSet struct {
	Name    string
	Place   diag.Place
	Columns []Alias
	Listed  bool     // the files have these columns only, in this order; otherwise all visible fields
	Beside  []String // names of fields beside a list of columns, which are refused
}

// Alias is the column of a field, or a constant column. Only Field and Column are set
// unless the set is listed.
type Alias struct {
	Field, Column String
	Value         *Node  // of a constant, which has no field
	Type          String // "" if the column is stored as the field
	Labels        []LabelAlias
}

// LabelAlias is another label for a value of a field.
type LabelAlias struct{ Of, Label String }

// Card is what the documents of a release say in addition to its figures.
type Card struct {
	IntendedUse []string `json:"intended_use,omitempty"`
	OutOfScope  []string `json:"out_of_scope,omitempty"`
	Authors     []Author `json:"authors,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	URL         string   `json:"url,omitempty"`
	Repository  string   `json:"repository,omitempty"`
	DOI         string   `json:"doi,omitempty"`
	Date        string   `json:"date,omitempty"` // of publication, such as 2026-01-31
	Tags        []string `json:"tags,omitempty"`
	Tasks       []string `json:"tasks,omitempty"`
}

// Author is a person (Family and Given) or an organisation (Name) to be cited.
type Author struct {
	Name        string `json:"name,omitempty"`
	Family      string `json:"family,omitempty"`
	Given       string `json:"given,omitempty"`
	Affiliation string `json:"affiliation,omitempty"`
	URL         string `json:"url,omitempty"`
}

// String is a string in the spec with its place.
type String struct {
	Value string
	Place diag.Place
}

// Field is a field of a persona. The settings of its kind are in Body.
type Field struct {
	Name  string
	Place diag.Place // of the name
	Kind  string

	Title, About, Unit   string
	Source, Status, Note string
	Hidden, Unique       bool
	When                 *Condition
	Body                 *Node // the whole stanza
}

// Field reads a stanza of a field.
func (n Named) Field() Field {
	b := n.Value
	text := func(name string) string {
		if v := b.Get(name); v != nil {
			return v.String
		}
		return ""
	}
	flag := func(name string) bool {
		v := b.Get(name)
		return v != nil && v.Bool
	}
	f := Field{
		Name: n.Name, Place: n.Place, Kind: text("kind"),
		Title: text("title"), About: text("about"), Unit: text("unit"),
		Source: text("source"), Status: text("status"), Note: text("note"),
		Hidden: flag("hidden"), Unique: flag("unique"), Body: b,
	}
	if w := b.Get("when"); w != nil {
		f.When = w.Cond
	}
	return f
}

// Table is a table of statistics. Exactly one of Inline, Rows and Microdata is set.
type Table struct {
	Name  string
	Place diag.Place
	Title string

	Over, Given []String
	Where       *Condition
	Role        string // "margin", "pattern", "soft"
	Weight      float64
	Inline      *Node  // nested maps of figures
	Measure     string // "shares", "percent" or "counts"; "weights" of microdata
	Rows        *Rows  // of a CSV file or sheet
	Microdata   *Microdata
	Value       String // column of the figures
	Add         bool
	Rest        *String
	Absent      bool    // combinations that are left out are 0 on purpose
	Partial     bool    // figures for some combinations of the given fields may be missing
	Rounded     float64 // 0 if not given
	Tolerance   float64 // -1 if not given
	Spread      *Spread // nil if its classes are not spread
	Smooth      *Smooth // nil if its bands are not interpolated

	Source, Status, Note string
	Year                 int
}

// Spread says how the classes of an integer field are spread over its values.
type Spread struct {
	Place  diag.Place
	By     []String
	Open   *Open // nil if the spec does not say
	Closed bool  // the last class is not open
}

// Smooth says how the shares by bands of an integer field are interpolated over its
// values.
type Smooth struct {
	Place   diag.Place
	Edges   []*Node // values before which there may be a step
	From    *Node   // first value whose steps are checked; nil for the least
	MaxStep float64 // largest step, in percentage points
}

// Open is the survival curve of an open last class.
type Open struct {
	Place     diag.Place
	Slope     float64 // 0 if Survivors is given
	Survivors []Named // value to number, nil if Slope is given
}

// Joint is a set of fields whose joint distribution is followed and tested.
type Joint struct {
	Place  diag.Place
	Fields []String
}

// Correlation is a correlation matrix of number fields.
type Correlation struct {
	Name   string
	Place  diag.Place
	Fields []String
	Matrix [][]float64

	Source, Status, Note string
}

// Role assigns a field to a role that reports and checks look for.
type Role struct {
	Name  string
	Field String
}

// Check limits a share of persons (Where) or a quantity that the checks compute
// (Measure).
type Check struct {
	Name     string
	Place    diag.Place
	About    string
	Severity string     // "fail", "warn", "note"
	Where    *Condition // nil if Measure or Score is set
	Measure  *String
	Score    *ScoreOf
	Of       *String
	Within   *Condition
	AtLeast  *float64
	AtMost   *float64
}

// Narrator names the phrase banks of the offline narrator.
type Narrator struct {
	Place diag.Place
	Banks []BankFile
	Forms []Forms // nil if phrases have no forms
	Axes  bool    // Forms is a list, and phrases may name one of them
	// Contractions are words that stand for two, by these.
	Contractions []Named
	Cases        []Named // by field: the words for its values in grammatical cases
	Relations    []Named // by name: lists of connectives
	References   []Named // by name: the wordings of mentions
	Spread       bool
}

// BankFile is a file of phrase banks.
type BankFile struct {
	Path  string
	Place diag.Place // of the reference
}

// Forms decides between the forms of a phrase: by the values of a field, in the order of
// the forms, or by the first condition that holds.
type Forms struct {
	Place  diag.Place
	Name   String // by which phrases name it; the field if it is empty
	By     String
	Values []String
	Cases  []*Condition // nil if By is set
}

// Rule is something that texts must not say, or must say correctly.
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

// NumberRule requires that the number in the first group of a regular expression
// equals the value of a field.
type NumberRule struct{ Match, Field String }

// ByValue requires that texts state no other value of a field than the persona's.
type ByValue struct {
	Field   String
	Words   []ValueWords // nil if the values are the words
	Said    []String
	Unless  []String
	Opening bool
}

// ValueWords are the words that state a value.
type ValueWords struct {
	Value String
	Words []String
}

// Language describes what texts in a language look like.
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
	Prompt      *Node // a string, or a struct with the string "file"
	System      *Node // nil if there is none
	Model       string
	Endpoint    *String     // nil for that of the run
	Sample      *CallSample // nil for everyone
	Temperature *float64
	MaxTokens   int // 0 if not given
	AtOnce      int // fields that one request asks for; 0 for all
	After       []String
	Examples    []Example
}

// CallSample says how many persons a call is made for: the larger of a share and a number,
// 0 where they are not given.
type CallSample struct {
	Place   diag.Place
	Share   float64
	AtLeast int64
}

// ScoreOf names scores, and the figure below which persons are counted, nil for the mean.
type ScoreOf struct {
	Place  diag.Place
	Fields []String
	Below  *float64
}

// Example is an answered request.
type Example struct {
	Place  diag.Place
	Prompt *Node   // like that of a Call
	Answer []Named // strings or lists of strings, by field
}

// Endpoint says how to reach a model server. A zero value means that a setting is
// not given.
type Endpoint struct {
	Name          string
	Place         diag.Place
	BaseURL       *String
	KeyVar        *Node // refused
	KeyHeader     *String
	Query         []Named
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

// Limits are the limits of an account; 0 means no limit.
type Limits struct{ RequestsPerSecond, RequestsPerMinute, TokensPerSecond, TokensPerMinute float64 }

// Batch says which files of requests an endpoint accepts. A zero value means that a
// setting is not given.
type Batch struct {
	Requests int
	Bytes    int64
	Window   string
}

// Prices are the prices of models.
type Prices struct {
	Date, Currency string
	Models         []Price
}

// Price is the price of a model per million tokens. Cached and Batch are 0 if not
// given.
type Price struct {
	Model                        string
	Input, Output, Cached, Batch float64
}

// Enrichment says how the texts of a model are collected.
type Enrichment struct {
	Repairs    int
	Quarantine *float64 // largest share of texts that may be missing; nil if not given
	AskAbove   float64  // in the currency of the prices
}

// NodeKind is the kind of value that a Node holds.
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

// Node is a value in the spec with its place.
type Node struct {
	Kind   NodeKind
	Place  diag.Place
	Bool   bool
	Number float64
	String string     // of a StringNode; of a NumberNode, its digits, exact for a whole number
	Path   string     // absolute path of the file that a StringNode names, "" if it names none
	Items  []*Node    // ListNode
	Fields []Named    // StructNode, in the order of the spec
	Cond   *Condition // CondNode

	Positions []Position // StringNode: where its parts are written, by Offset; empty if it is not a literal
	Decimals  int        // NumberNode: its decimal places as written, 1 for 60.0
}

// Written returns a number in decimal, with the zeros at its end.
func (n *Node) Written() string {
	if n.Decimals > 0 && n.Decimals <= 15 {
		return strconv.FormatFloat(n.Number, 'f', n.Decimals, 64)
	}
	return n.String
}

// Named is a field of a struct.
type Named struct {
	Name  string
	Place diag.Place // of the name
	Value *Node
}

// Get returns the value of the named field of a struct, or nil. n may be nil.
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

// AsString returns the string of a StringNode with its place.
func (n *Node) AsString() String { return String{Value: n.String, Place: n.Place} }

// AsStrings returns the strings of a list. n may be nil.
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

// Term is the constraint on one field.
type Term struct {
	Field string
	Place diag.Place
	Text  string // the constraint as written
	// Literals are the strings, sorted, of a constraint that consists only of
	// strings; nil for other constraints.
	Literals []string
	// Names are the strings, sorted, that the constraint names as values that are
	// wanted or not; bounds and regular expressions name none.
	Names []string
	// OtherKinds reports whether the constraint can be met by a number or a truth
	// value.
	OtherKinds bool
	// Accept reports whether a value (a string, int64, int, float64, bool or nil) satisfies
	// the constraint. It evaluates CUE and is slow: call it for each value of a finite
	// domain when a plan is compiled, not for each row. The loader sets the function.
	Accept func(value any) bool
}
