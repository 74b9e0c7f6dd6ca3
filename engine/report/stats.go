package report

import (
	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

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
	// References are other populations whose texts ours are compared with.
	References []Reference `json:"references,omitempty"`
	// Published says for each table of the spec what became of its figures.
	Published   []Published         `json:"published,omitempty"`
	Uncertain   []Uncertain         `json:"uncertain,omitempty"` // what is not official
	Independent []plan.Independence `json:"independent,omitempty"`
	Exceptions  []Exception         `json:"exceptions,omitempty"`
	Limitations []string            `json:"limitations,omitempty"`
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
	// Published names the one-way table whose figures stand in Values, and
	// PublishedWhere the persons it speaks of ("" for all, of any age).
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

// Exception is a cell that the allocation could not bring close enough.
type Exception struct {
	Table   string  `json:"table"`
	Cell    string  `json:"cell"`
	Persons float64 `json:"persons"` // allocated minus target
	Reason  string  `json:"reason,omitempty"`
}
