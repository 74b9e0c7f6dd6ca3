package plan

import "github.com/personagen/personagen/engine/kind"

// Table is a table of the spec, as published, reconciled and fitted. Each array has
// one share per cell, row-major over Fields; a row is a configuration of the given
// fields (one row when there are none), and shares are shares of their row.
type Table struct {
	Name   string   `json:"name"`
	Title  string   `json:"title,omitempty"`
	Role   string   `json:"role"` // "margin", "conditional", "pattern", "soft"
	Fields []string `json:"fields"`
	Given  int      `json:"given,omitempty"` // number of leading Fields that are given
	Where  string   `json:"where,omitempty"`
	// Labels are per field. Where a stored plan has null, they are those of the field.
	Labels [][]string `json:"labels"`

	Source string `json:"source,omitempty"`
	Year   int    `json:"year,omitempty"`
	Status string `json:"status,omitempty"`
	Note   string `json:"note,omitempty"`
	File   string `json:"file,omitempty"`

	// Microdata says how Published was counted, nil if it was not.
	Microdata *Microdata `json:"microdata,omitempty"`

	Published  []float64 `json:"published"`
	Reconciled []float64 `json:"reconciled"`
	Fitted     []float64 `json:"fitted"`
	// Mass is, per row, its share of everyone, before the population's where.
	Mass []float64 `json:"mass"`
	// Moved is the total variation distance from published to reconciled, and
	// MovedPersons the largest move of a cell in persons, that of WorstCell.
	Moved        float64 `json:"moved"`
	MovedPersons float64 `json:"moved_persons"`
	WorstCell    string  `json:"worst_cell,omitempty"`
	// TVD is the total variation distance from reconciled to fitted. A large one is
	// normal for soft and pattern tables.
	TVD float64 `json:"tvd"`
	// Expected is the position in Plan.Expected of the distribution that a sample must
	// follow, -1 when no person wanted is in the table's universe.
	Expected int `json:"expected"`
}

// Expected is a distribution over finite fields that the persons wanted
// follow: a table of the spec, the margin of a field, or a joint.
type Expected struct {
	Name   string `json:"name"`
	Origin string `json:"origin"` // "margin", "table", "joint" or SubMargin
	Table  string `json:"table,omitempty"`
	// Fields are the axes. Share has one share of all persons wanted per
	// configuration, row-major over Slots (null last where a field is nullable).
	Fields []string  `json:"fields"`
	Slots  []int     `json:"slots"`
	Share  []float64 `json:"share"`
	// Sample has the shares of the sample where strata are sampled at other rates; nil if
	// they are those of Share.
	Sample []float64 `json:"sample,omitempty"`
	// Universe selects the persons that the table covers (case 1); nil for everyone.
	// Share sums to the universe's share of the persons wanted.
	Universe *kind.Selector `json:"universe,omitempty"`
	// Rank is the rank of the quota control: 1 for margins, 2 for two-way tables, 3
	// for others; 0 when the sampler does not control it.
	Rank int `json:"rank"`
}

// SubMargin is the origin of a distribution over some of the fields of a table or
// joint, of the same persons.
const SubMargin = "sub-margin"

// Independence is a pair of fitted fields that share no table. The model makes them
// independent given the Given fields, unconditionally when Given is empty.
type Independence struct {
	Fields [2]string `json:"fields"`
	Given  []string  `json:"given,omitempty"`
}

// Correlation is a correlation of number fields that the spec states.
type Correlation struct {
	Name   string      `json:"name"`
	Fields []string    `json:"fields"`
	Matrix [][]float64 `json:"matrix"`
	Source string      `json:"source,omitempty"`
	Status string      `json:"status,omitempty"`
	Note   string      `json:"note,omitempty"`
}

// Variable is a variable of the model: the values of the fitted field Field, or,
// with Bands, bands of its values, or, with Rates, the class of the rate of sampling.
// Bands and rates are in no column.
type Variable struct {
	Name  string `json:"name"`
	Field string `json:"field"`
	Card  int    `json:"card"`
	Bands bool   `json:"bands,omitempty"`
	Rates bool   `json:"rates,omitempty"`
	// Codes are the field's codes of the variable's values, null last; nil for bands.
	Codes []int32 `json:"codes,omitempty"`
}

// Tree describes the junction tree.
type Tree struct {
	Cliques [][]string `json:"cliques"` // variables of each
	Cells   int64      `json:"cells"`
	Largest int64      `json:"largest"`
	Sweeps  int        `json:"sweeps"`
}
