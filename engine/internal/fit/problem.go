// Package fit finds the joint distribution over categorical variables that
// meets every hard table and stays closest, in Kullback-Leibler divergence, to
// the pattern tables: iterative proportional fitting on a junction tree. It
// knows nothing of specs, fields or labels: variables and cells are numbers.
//
// In goes a Problem, out comes a Result: one calibrated table of probabilities
// per clique, and a certificate per table. An impossible problem is an error,
// never a result.
package fit

// Var is a categorical variable with values 0 to Card-1.
type Var struct {
	Name string `json:"name"`
	Card int    `json:"card"`
}

// Role says what a table demands.
type Role string

const (
	Hard    Role = "hard"    // met to Options.Tolerance after reconciliation
	Soft    Role = "soft"    // pulled towards with weight Rho
	Pattern Role = "pattern" // gives the shape, its levels yield to hard tables
)

// Table is a published table as shares over a partition of the
// configurations of its scope.
//
// A configuration of Scope (row-major, the last variable fastest) belongs to
// cell Cell[configuration], or to no cell (-1) when it lies outside the
// table's universe. Every cell belongs to one row; shares add up to one inside
// a row. A margin of the whole population has one row and no configuration
// outside; a table with a universe has one row and some configurations outside;
// a conditional p(v|S) has a row per configuration of S, whose own mass is free.
type Table struct {
	Name  string    `json:"name"`
	Role  Role      `json:"role"`
	Scope []int     `json:"scope"` // variables, distinct
	Cell  []int32   `json:"cell"`  // len: product of the cards of Scope
	Row   []int32   `json:"row"`   // len: cells; row of each cell, rows numbered from 0
	Share []float64 `json:"share"` // len: cells

	Rho float64 `json:"rho,omitempty"` // weight of a Soft table, > 0

	// Variance is how readily reconciliation moves this table: the variance of
	// a cell is Variance times its share. Only ratios between tables matter.
	Variance float64 `json:"variance"`
	// Tolerance is the largest total variation distance by which
	// reconciliation may move the table; more is an error.
	Tolerance float64 `json:"tolerance"`
}

// Support marks impossible configurations: those of Scope whose Allowed is
// false have probability zero.
type Support struct {
	Name    string `json:"name"`
	Scope   []int  `json:"scope"`
	Allowed []bool `json:"allowed"` // len: product of the cards of Scope
}

// Problem is what Fit solves.
type Problem struct {
	Vars     []Var     `json:"vars"`
	Tables   []Table   `json:"tables"`
	Supports []Support `json:"supports"`
	// Together lists sets of variables that must share a clique although no
	// table holds them together, so that their joint can be read off.
	Together [][]int `json:"together,omitempty"`
}

// Clique is one node of the junction tree with its calibrated joint
// distribution.
type Clique struct {
	Vars   []int     `json:"vars"`   // ascending
	P      []float64 `json:"p"`      // row-major over Vars, sums to 1
	Parent int       `json:"parent"` // index of the parent clique, -1 for a root; parents come first
}

// Certificate is what the fit says of one table.
type Certificate struct {
	Table string `json:"table"`
	// Reconciled are the shares after reconciliation, in the form of
	// Table.Share. For soft and pattern tables they equal the published ones.
	Reconciled []float64 `json:"reconciled"`
	// Mass is, per row, the share of the whole population that lies in the row.
	Mass []float64 `json:"mass"`
	// Fitted are the shares of the fitted distribution, in the form of Table.Share.
	Fitted []float64 `json:"fitted"`
	// Moved is the total variation distance published to reconciled, as a
	// share of the whole population; WorstCell is the cell that moved most.
	Moved     float64 `json:"moved"`
	WorstCell int     `json:"worst_cell"`
	// TVD is the total variation distance reconciled to fitted, as a share of
	// the whole population.
	TVD float64 `json:"tvd"`
}

// Result is a fitted joint distribution.
type Result struct {
	Vars         []Var         `json:"vars"`
	Cliques      []Clique      `json:"cliques"` // parents before children
	Certificates []Certificate `json:"certificates"`
	Sweeps       int           `json:"sweeps"` // full tours of the tree
	Cells        int64         `json:"cells"`  // cells of all cliques together
	Largest      int64         `json:"largest"`

	// Elastic says that the reconciled tables still could not be met together
	// and that the least elastic change within the tolerances was taken.
	Elastic bool `json:"elastic,omitempty"`
	// ForcedZeros are the configurations that no distribution meeting the hard
	// tables can give any mass, although no support forbids them.
	ForcedZeros []ForcedZero `json:"forced_zeros,omitempty"`
}

// ForcedZero is a configuration of a clique that the hard tables leave empty.
type ForcedZero struct {
	Clique int   `json:"clique"`
	Values []int `json:"values"` // one value per variable of the clique
}
