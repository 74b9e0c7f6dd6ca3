package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec"
)

// Stats are the statistics of a release, the contents of stats.json. Within a
// Format keys may be added but are never renamed or removed. Shares are from 0
// to 1, of the persons in the release unless a comment says otherwise. Arrays
// over the cells of a table are in row-major order of its fields; a field that
// can be null has the null last.
type Stats struct {
	Format     int        `json:"format"`
	Population Population `json:"population"`
	// Design is nil if everyone is sampled at the same rate. Otherwise counts, shares and
	// means are by weight, scaled to the number of rows.
	Design *Design `json:"design,omitempty"`
	Checks Checks  `json:"checks"`
	// Goals are the goals that the spec sets. An unmet goal never fails a run.
	Goals  []check.Goal `json:"goals,omitempty"`
	Fields []Field      `json:"fields"`
	Tables []Table      `json:"tables"`
	// Roles maps a role to the field that has it.
	Roles   map[string]string `json:"roles,omitempty"`
	Pyramid *Pyramid          `json:"pyramid,omitempty"` // from the roles age and sex, nil without them
	Places  *Places           `json:"places,omitempty"`  // from the roles of places, nil without them
	Texts   *Texts            `json:"texts,omitempty"`   // nil if no field is written
	// Scores describe the fields of scores that a model gives; nil if there are none.
	Scores []check.ScoreProfile `json:"scores,omitempty"`
	// Refused counts texts that are missing because no answer of the model was accepted.
	Refused []Refused `json:"refused,omitempty"`
	// References are other populations to compare the texts with.
	References []Reference `json:"references,omitempty"`
	// Published follows the figures of each table of the spec from the published
	// to the fitted ones.
	Published []Published `json:"published,omitempty"`
	// Statistics follows published means, quantiles and totals of fields.
	Statistics []Statistic `json:"statistics,omitempty"`
	// Smoothed are the fields whose shares by bands are interpolated over single values.
	Smoothed    []plan.Smoothed     `json:"smoothed,omitempty"`
	Uncertain   []Uncertain         `json:"uncertain,omitempty"` // fields, tables, statistics and correlations whose status is not official
	Independent []plan.Independence `json:"independent,omitempty"`
	Exceptions  []Exception         `json:"exceptions,omitempty"`
	Limitations []string            `json:"limitations,omitempty"`
	Warnings    []plan.Warning      `json:"warnings,omitempty"` // about the spec and its figures
	Sources     []spec.Source       `json:"sources,omitempty"`
}

// Population describes the persons of the release and how they were made.
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
	// Persons is the number of persons the tables cover, Wanted the share of them
	// who meet Where, the target population.
	Persons int64   `json:"persons,omitempty"`
	Wanted  float64 `json:"wanted"`
}

// Checks are the outcomes of the validation suite.
type Checks struct {
	Headline string          `json:"headline"`
	Counts   map[string]int  `json:"counts"` // by status
	Budget   float64         `json:"budget"` // probability of any false alarm in all tests
	Parts    int             `json:"parts"`  // parts of the population that share it
	Tests    int             `json:"tests"`
	Outcomes []check.Outcome `json:"outcomes"`
}

// Summary counts the checks by status. Statuses without checks are left out, but
// for those that passed and failed.
func (c *Checks) Summary() string {
	parts := []string{fmt.Sprintf("%s passed", humanize.Thousands(int64(c.Counts[check.Pass])))}
	if n := c.Counts[check.Note]; n > 0 {
		parts = append(parts, humanize.Count(n, "note", "notes"))
	}
	if n := c.Counts[check.Warn]; n > 0 {
		parts = append(parts, humanize.Count(n, "warning", "warnings"))
	}
	parts = append(parts, fmt.Sprintf("%s failed", humanize.Thousands(int64(c.Counts[check.Fail]))))
	if n := c.Counts[check.Skip]; n > 0 {
		parts = append(parts, fmt.Sprintf("%s skipped (could not be tested on this data)", humanize.Thousands(int64(n))))
	}
	return strings.Join(parts, ", ")
}

// mostReasons is the number of reasons for skipping checks that are listed.
const mostReasons = 4

// skipped lists the reasons for skipping checks, the most frequent first.
func (c *Checks) skipped() string {
	var reasons []string
	counts := map[string]int{}
	for _, o := range c.Outcomes {
		if o.Status != check.Skip {
			continue
		}
		if counts[o.Message] == 0 {
			reasons = append(reasons, o.Message)
		}
		counts[o.Message]++
	}
	slices.SortStableFunc(reasons, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	others := 0
	for k, reason := range reasons {
		if k < mostReasons {
			reasons[k] = fmt.Sprintf("%s (%s)", reason, humanize.Thousands(int64(counts[reason])))
		} else {
			others += counts[reason]
		}
	}
	if others > 0 {
		reasons = append(reasons[:mostReasons], fmt.Sprintf("others (%s)", humanize.Thousands(int64(others))))
	}
	return strings.Join(reasons, ", ")
}

// tests describes the statistical tests and their false-alarm budget.
func (c *Checks) tests() string {
	parts := ""
	if c.Parts > 1 {
		parts = fmt.Sprintf(" in any of the %d parts of the population", c.Parts)
	}
	return fmt.Sprintf("%s included. The probability that any of them fails%s although the data follows its targets is at most %g (p-values adjusted by Holm's method).",
		humanize.Count(c.Tests, "statistical test is", "statistical tests are"), parts, c.Budget)
}

// quotaNote explains the p-values of a quota sample.
const quotaNote = "Quota sampling meets its targets by construction, so p-values are close to 1 and only measure conformity. Look at the deviations in persons instead."

// Field describes a column.
type Field struct {
	Name   string       `json:"name"`
	Column string       `json:"column,omitempty"` // in the data files, if its name differs there
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
	Of     []string     `json:"of,omitempty"`    // the base fields of a group
	Chars  *kind.Length `json:"chars,omitempty"` // allowed in a text or in an item of a list
	Items  *kind.Length `json:"items,omitempty"` // allowed in a list of texts

	Nulls int64 `json:"nulls"`
	// NullsWeighted is Nulls by weight, where strata are sampled at other rates.
	NullsWeighted float64 `json:"nulls_weighted,omitempty"`
	// Values are all values, or, of a field with more than MostCells, the largest and
	// those that deviate most. Rest sums the others.
	Values  []Value            `json:"values,omitempty"`
	Rest    *Rest              `json:"rest,omitempty"`
	Numbers *check.Summary     `json:"numbers,omitempty"`
	Dates   *check.DateSummary `json:"dates,omitempty"`
	// Records describe the groups of a field of records.
	Records []RecordGroup `json:"records,omitempty"`
	// Events says that the groups are the events of a timeline.
	Events bool `json:"events,omitempty"`
	// Published names the one-way table whose figures are in Values.
	// PublishedWhere is the condition of its universe, "" for everyone.
	Published      string `json:"published,omitempty"`
	PublishedWhere string `json:"published_where,omitempty"`

	listed []int // positions in Values of those in stats.json, if Rest is set
}

// none returns how many persons have no value, by weight.
func (f *Field) none() float64 {
	if f.NullsWeighted > 0 {
		return f.NullsWeighted
	}
	return float64(f.Nulls)
}

// Value is a value of a finite field, or a label of a list, where Share is the
// share of all items. Target is the share expected in the target population;
// Published is the share that the source gives for its own universe.
type Value struct {
	Label     string   `json:"label"`
	Count     float64  `json:"count"`
	Share     float64  `json:"share"`
	Target    *float64 `json:"target,omitempty"`
	Published *float64 `json:"published,omitempty"`
	Fitted    *float64 `json:"fitted,omitempty"` // in the universe of Published
}

// RecordGroup describes the records of one group.
type RecordGroup struct {
	Name    string `json:"name"`
	Records int64  `json:"records"`
	// Persons are the persons by the number of their records. Share is that of the persons
	// who have the list.
	Persons []Value `json:"persons"`
	// Fields describe the columns that the records of the group have. Their Nulls and counts
	// are of records.
	Fields []Field `json:"fields"`
}

// Table compares a distribution with its target, in persons. The deviation of
// a cell is observed minus target.
type Table struct {
	Name   string     `json:"name"`
	Origin string     `json:"origin"`
	Table  string     `json:"table,omitempty"` // of the spec
	Fields []string   `json:"fields"`
	Within string     `json:"within,omitempty"` // condition of its universe, "" for everyone
	Labels [][]string `json:"labels,omitempty"`
	Status string     `json:"status"` // of its check
	// Target and Observed are left out of tables with more than MostCells.
	Target   []float64           `json:"target,omitempty"`
	Observed []float64           `json:"observed,omitempty"`
	Omitted  int                 `json:"omitted_cells,omitempty"`
	Numbers  *check.TableNumbers `json:"numbers,omitempty"`
	Test     *check.Test         `json:"test,omitempty"`
}

// MostCells is the number of cells of the largest table whose cells are written
// to stats.json.
const MostCells = 1000

// Texts describe the written fields. Model is the share of the texts that a
// model wrote, nil if the data does not record who wrote them.
type Texts struct {
	Headline string              `json:"headline"`
	Written  int64               `json:"written"`
	Model    *float64            `json:"model_written,omitempty"`
	Fields   []check.TextProfile `json:"fields"`
	// Unwritten says which translations are not written at all.
	Unwritten string `json:"unwritten,omitempty"`
	// Groups are the most distinctive words of the texts of groups of persons, in
	// a sample. They reveal clichés.
	Groups []similarity.Group `json:"groups,omitempty"`
}

// Published describes a table of the spec: as published, reconciled with the
// other tables, and fitted.
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
	// Microdata says how the published figures were counted from the records of a
	// survey; it is absent if they were not.
	Microdata *plan.Microdata `json:"microdata,omitempty"`
	// Moved is the total variation distance between the published and the
	// reconciled table, MovedPersons the largest change of a cell, in persons out
	// of Population.Persons.
	Moved        float64 `json:"moved"`
	MovedPersons float64 `json:"moved_persons"`
	WorstCell    string  `json:"worst_cell,omitempty"`
	// TVD is the total variation distance between the reconciled and the fitted
	// table, MissedPersons the largest difference of a cell. Both are 0 for hard
	// tables, up to rounding; patterns and soft tables may give way to others.
	TVD           float64 `json:"tvd"`
	MissedPersons float64 `json:"missed_persons"`
	MissedCell    string  `json:"missed_cell,omitempty"`
	// Covered is the share of the table's universe that is in the target
	// population. Observed figures are comparable with published ones only where
	// it is 1.
	Covered float64 `json:"covered"`
	// Figures are left out of tables with more than MostCells.
	Figures *Figures `json:"figures,omitempty"`
}

// Uncertain is a field, table, statistic or correlation whose status is not official.
type Uncertain struct {
	What   string `json:"what"` // "field", "table", "statistic" or "correlation"
	Name   string `json:"name"`
	Status string `json:"status"`
	Note   string `json:"note,omitempty"`
}

// Refused counts the texts of a field that were quarantined for one reason.
type Refused struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
	Texts  int64  `json:"texts"`
}

// Exception is a cell that the allocation of whole persons leaves more than one
// person from its target.
type Exception struct {
	Table   string  `json:"table"`
	Cell    string  `json:"cell"`
	Persons float64 `json:"persons"` // allocated minus target
	Reason  string  `json:"reason,omitempty"`
}
