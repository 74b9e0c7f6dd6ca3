// Package fit finds the joint distribution over categorical variables that meets
// every hard table and is closest, in Kullback-Leibler divergence, to the pattern
// tables: iterative proportional fitting on a junction tree. It does not know
// specs, fields or labels; variables and cells are numbers.
//
// Fit turns a Problem into a Result: one calibrated table of probabilities per
// clique and a certificate per table. An impossible problem is an error, never a
// result.
//
// The methods, each cited in full where it is implemented: iterative proportional
// fitting (Deming and Stephan 1940) on a junction tree (Lauritzen and
// Spiegelhalter 1988; Jirousek and Preucil 1995), with Newton steps on the dual;
// exponential tilts for published means (Csiszar 1975);
// reconciliation of tables that disagree by least squares (Stone, Champernowne and
// Meade 1942); proofs of impossibility by Farkas' lemma, reduced by a deletion
// filter (Chinneck and Dravnieks 1991).
package fit

// Var is a categorical variable with values 0 to Card-1.
type Var struct {
	Name string `json:"name"`
	Card int    `json:"card"`
}

// Role says what a table demands of the fit.
type Role string

const (
	Hard    Role = "hard"    // met to Options.Tolerance after reconciliation
	Soft    Role = "soft"    // approached with weight Rho
	Pattern Role = "pattern" // gives the odds ratios; hard tables override its levels
)

// Table is a published table: shares over a partition of the configurations of
// its scope.
//
// A configuration of Scope (row-major, the last variable fastest) belongs to the
// cell Cell[configuration], or to no cell (-1) when it is outside the table's
// universe. Every cell belongs to one row, and the shares in a row sum to one.
// A margin of the whole population has one row and no configuration outside. A
// table of a universe has one row and some configurations outside. A conditional
// p(v|S) has a row per configuration of S, and the masses of its rows are free.
type Table struct {
	Name  string    `json:"name"`
	Role  Role      `json:"role"`
	Scope []int     `json:"scope"` // variables, distinct
	Cell  []int32   `json:"cell"`  // len: product of the cards of Scope
	Row   []int32   `json:"row"`   // len: cells; row of each cell, rows numbered from 0
	Share []float64 `json:"share"` // len: cells

	Rho float64 `json:"rho,omitempty"` // weight of a Soft table, > 0

	// Variance says how easily reconciliation moves this table: the variance of
	// a cell is Variance times its share. Only ratios between tables matter. When
	// no table has one, all count the same.
	Variance float64 `json:"variance"`
	// Tolerance is the largest total variation distance, as a share of the whole
	// population, by which reconciliation may move the table; more is an error.
	Tolerance float64 `json:"tolerance"`
	// Low and High, when set, bound the share of each cell in its row: what the
	// rounding of the published figures allows. Tolerance then counts only where a
	// bound of all changes is needed, and should be what they allow together.
	Low  []float64 `json:"low,omitempty"`  // len: cells
	High []float64 `json:"high,omitempty"` // len: cells
}

// Support declares structural zeros: configurations of Scope whose Allowed is
// false have probability zero.
type Support struct {
	Name    string `json:"name"`
	Scope   []int  `json:"scope"`
	Allowed []bool `json:"allowed"` // len: product of the cards of Scope
}

// Problem is the input of Fit.
type Problem struct {
	Vars     []Var     `json:"vars"`
	Tables   []Table   `json:"tables"`
	Supports []Support `json:"supports"`
	// Together lists further sets of variables that must share a clique, so that
	// their joint distribution can be read off the result.
	Together [][]int `json:"together,omitempty"`
	// Means are demanded beside the hard tables.
	Means []Mean `json:"means,omitempty"`
}

// Clique is one node of the junction tree with its calibrated joint
// distribution.
type Clique struct {
	Vars   []int     `json:"vars"`   // ascending
	P      []float64 `json:"p"`      // row-major over Vars, sums to 1
	Parent int       `json:"parent"` // index of the parent clique, -1 for a root; parents come first
}

// Certificate says how well the fit met one table.
type Certificate struct {
	Table string `json:"table"`
	// Reconciled are the shares after reconciliation, in the form of
	// Table.Share. For soft and pattern tables they equal the published ones.
	Reconciled []float64 `json:"reconciled"`
	// Mass is, per row, the row's share of the whole population.
	Mass []float64 `json:"mass"`
	// Fitted are the shares of the fitted distribution, in the form of Table.Share.
	Fitted []float64 `json:"fitted"`
	// Moved is the total variation distance between the published and the
	// reconciled shares, as a share of the whole population; WorstCell is the
	// cell that moved most.
	Moved     float64 `json:"moved"`
	WorstCell int     `json:"worst_cell"`
	// TVD is the total variation distance between the reconciled and the fitted
	// shares, as a share of the whole population.
	TVD float64 `json:"tvd"`
}

// Result is a fitted joint distribution.
type Result struct {
	Vars         []Var         `json:"vars"`
	Cliques      []Clique      `json:"cliques"` // parents before children
	Certificates []Certificate `json:"certificates"`
	Sweeps       int           `json:"sweeps"` // sweeps over the tree
	Cells        int64         `json:"cells"`  // cells of all cliques together
	Largest      int64         `json:"largest"`

	// Elastic says that the reconciled tables agreed pair by pair but not all
	// together, and that they were moved further, within their tolerances.
	Elastic bool `json:"elastic,omitempty"`
	// ForcedZeros are configurations that no support forbids but that have no
	// mass in any distribution that meets the hard tables.
	ForcedZeros []ForcedZero `json:"forced_zeros,omitempty"`
}

// ForcedZero is a configuration of a clique that the hard tables force to zero.
type ForcedZero struct {
	Clique int   `json:"clique"`
	Values []int `json:"values"` // one value per variable of the clique
}
