package plan

import "github.com/personagen/personagen/engine/kind"

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

// Tree describes the junction tree.
type Tree struct {
	Cliques [][]string `json:"cliques"` // variables of each
	Cells   int64      `json:"cells"`
	Largest int64      `json:"largest"`
	Sweeps  int        `json:"sweeps"`
}
