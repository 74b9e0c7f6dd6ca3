package check

import (
	"fmt"
	"strings"

	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/internal/sketch"
)

// Status of an outcome.
const (
	Pass = "pass"
	Note = "note"
	Warn = "warn"
	Fail = "fail"
	Skip = "skip"
)

// Kinds of outcomes, in the order of the list of checks.
const (
	KindRows        = "rows"
	KindValues      = "values"
	KindNulls       = "nulls"
	KindUnique      = "unique"
	KindPersons     = "persons"      // persons who are equal
	KindNearPersons = "near_persons" // persons who are equal except for one thing
	KindGroup       = "group"
	KindDate        = "date"    // dates against the days from which they follow
	KindRecords     = "records" // records of persons: numbers, values and limits
	KindColumn      = "column"  // cells of the rows that choices have drawn
	KindWeight      = "weight"  // design weights against the strata from which they follow
	KindBand        = "band"    // groups of the bands of numbers
	KindImpossible  = "impossible"
	KindOpen        = "open"      // whether values of choices and lists are possible for the person
	KindFrequency   = "frequency" // how often entries of choices and lists are drawn
	KindStratum     = "stratum"   // persons of strata against the sampling design
	KindTable       = "table"
	KindStep        = "step"        // steps between neighbouring values where a table is smooth
	KindNumber      = "number"      // numbers against their declared distribution
	KindCorrelation = "correlation" // numbers against their declared correlation
	KindStatistic   = "statistic"   // means, quantiles and totals of groups against published ones
	KindIndependent = "independent"
	KindLimit       = "limit"

	KindWritten        = "written"     // texts where there should be some
	KindText           = "text"        // lengths, items, mentions and characters of texts
	KindLanguage       = "language"    // texts in another language, or without its letters
	KindTranslation    = "translation" // translations against their originals
	KindRule           = "rule"        // what texts must not say
	KindNearDuplicates = "alike"       // texts that are near-duplicates
	KindOpenings       = "openings"
	KindRecurrence     = "recurrence" // how much of a person's texts others have too
	KindSource         = "source"     // who wrote the texts
	KindMeasure        = "measure"    // a limit of the spec on what another check measures
	KindScore          = "score"      // scores and reasons where there should be some
)

// Result is what the suite found. It is plain data and the same for any number of
// workers.
type Result struct {
	Sampling string  `json:"sampling"`
	Rows     int64   `json:"rows"`
	First    int64   `json:"first"`
	Total    int64   `json:"total"` // of the population that the rows are part of
	Budget   float64 `json:"budget"`
	Parts    int     `json:"parts"`
	// Tests is how many statistical tests share the budget.
	Tests int `json:"tests"`
	// Counts are the numbers of outcomes by status.
	Counts   map[string]int `json:"counts"`
	Outcomes []Outcome      `json:"outcomes"`
	// Exceptions are the cells that the allocation listed.
	Exceptions []Exception `json:"exceptions,omitempty"`
	// Goals are those of the plan. They are not checks: an unmet goal never fails a
	// run.
	Goals []Goal `json:"goals,omitempty"`
	// Weight is the sum of the weights of all rows, their number without a sampling
	// design, and Effective the effective size of the sample (Kish).
	Weight    float64 `json:"-"`
	Effective float64 `json:"-"`
	// Observed are the sums of weights in each cell of each of Plan.Expected, scaled to the
	// number of rows: the counts without a sampling design.
	Observed [][]float64 `json:"-"`
	// Profiles describe each of Plan.Fields.
	Profiles []Profile `json:"-"`
	// Texts describe the written fields among them.
	Texts []TextProfile `json:"-"`
	// Scores describe the fields of scores.
	Scores []ScoreProfile `json:"-"`
	// Groups are the words that distinguish the texts of groups of persons, in a
	// sample of persons.
	Groups []similarity.Group `json:"-"`
}

// Whole reports whether the rows are all of their population.
func (r *Result) Whole() bool { return r.Rows >= r.Total }

// Failed reports whether any check failed.
func (r *Result) Failed() bool { return r.Counts[Fail] > 0 }

// Failures lists the failed outcomes, in order.
func (r *Result) Failures() []*Outcome {
	var out []*Outcome
	for i := range r.Outcomes {
		if r.Outcomes[i].Status == Fail {
			out = append(out, &r.Outcomes[i])
		}
	}
	return out
}

// Headline summarises the result in a sentence.
func (r *Result) Headline() string {
	failures, skipped := r.Failures(), r.Counts[Skip]
	if len(failures) == 0 && skipped > 0 {
		return fmt.Sprintf("%d checks of %s passed, %d could not be tested", len(r.Outcomes)-skipped, persons(r.Rows), skipped)
	}
	if len(failures) == 0 {
		return fmt.Sprintf("all %d checks of %s passed", len(r.Outcomes), persons(r.Rows))
	}
	return fmt.Sprintf("%d of %d checks failed; the first: %s: %s", len(failures), len(r.Outcomes)-skipped, failures[0].ID, failures[0].Message)
}

// Outcome is what one check found. Message is a sentence for people.
type Outcome struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Name     string   `json:"name"`
	Status   string   `json:"status"`
	Severity string   `json:"severity"` // what a violation counts as
	Message  string   `json:"message"`
	Fields   []string `json:"fields,omitempty"`
	// Persons is the number of persons who violate the check, Rows the numbers (from
	// 0) of the first ones.
	Persons int64   `json:"persons,omitempty"`
	Rows    []int64 `json:"rows,omitempty"`

	// Examples show what was found in texts.
	Examples []Example `json:"examples,omitempty"`

	// Quantiles compare a number field with its declared distribution.
	Quantiles   []Quantile   `json:"quantiles,omitempty"`
	Correlation *Correlation `json:"correlation,omitempty"`
	// Statistics compare the groups of a published statistic.
	Statistics []GroupStatistic `json:"-"`

	Table *TableNumbers `json:"table,omitempty"`
	Test  *Test         `json:"test,omitempty"`
	Share *Share        `json:"share,omitempty"`
	Limit *Limit        `json:"limit,omitempty"`
	Near  *NearPersons  `json:"near_persons,omitempty"`
	Score *ScoreLimit   `json:"score,omitempty"`
}

// ScoreLimit compares the mean of scores, or the share of persons with a score below a
// figure, with its limits: the 95 % interval from Low to High is within them or outside, or
// the Verdict is undecided.
type ScoreLimit struct {
	Fields  []string `json:"fields"`
	Below   *float64 `json:"below,omitempty"`
	Judged  int64    `json:"judged"` // persons
	Value   float64  `json:"value"`
	Low     float64  `json:"low"`
	High    float64  `json:"high"`
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
	Verdict string   `json:"verdict"` // "within", "outside" or "undecided"
}

// ScoreProfile describes the scores of a field on a scale. Sample is how many persons
// should be judged, and Judged how many are. The others are unset if nobody is.
type ScoreProfile struct {
	Field   string `json:"field"`
	Lowest  int64  `json:"lowest"`
	Highest int64  `json:"highest"`
	Sample  int64  `json:"sample"`
	Judged  int64  `json:"judged"`
	// Mean is that of the persons judged, by weight, and Low and High its 95 % interval.
	Mean   *float64     `json:"mean,omitempty"`
	Low    *float64     `json:"low,omitempty"`
	High   *float64     `json:"high,omitempty"`
	Shares []ScoreShare `json:"shares,omitempty"`
}

// ScoreShare is the share of the persons judged, by weight, who have a score.
type ScoreShare struct {
	Score int64   `json:"score"`
	Share float64 `json:"share"`
}

// Quantile is the value that a share of the persons does not exceed: Declared by
// the spec (of the mixture of distributions that these persons' other fields give)
// and Observed.
type Quantile struct {
	Share    float64 `json:"share"`
	Declared float64 `json:"declared"`
	Observed float64 `json:"observed"`
}

// GroupStatistic compares a mean, quantile or total of a group of persons with the
// published figure and with what the plan expects of the persons wanted.
type GroupStatistic struct {
	Group     string  `json:"group"` // the values that make the group, "" for everyone
	Persons   int64   `json:"persons"`
	Published float64 `json:"published"`
	Planned   float64 `json:"planned"`
	Reached   float64 `json:"reached"`
	// Share is that of the persons whose values are at most Published, ExpectedShare
	// the one that their distributions give. Of a quantile.
	Share         float64 `json:"share,omitempty"`
	ExpectedShare float64 `json:"expected_share,omitempty"`
	// Error is the standard error of Reached, or of Share, in a random sample. In a
	// quota population the error is smaller, as far as tables fix who is in the group.
	Error float64 `json:"error"`
}

// Correlation compares the observed correlation of two numbers' normal scores with
// the declared one and with the expected one, which is the declared one weakened by
// rounding.
type Correlation struct {
	Declared float64 `json:"declared"`
	Expected float64 `json:"expected"`
	Observed float64 `json:"observed"`
}

// TableNumbers compares observed counts with a table. Points and distances are of
// shares within the table's universe.
type TableNumbers struct {
	Origin   string `json:"origin"`
	Rank     int    `json:"rank"`
	Universe int64  `json:"universe"` // persons in it
	Cells    int    `json:"cells"`    // with a share above 0

	Persons      float64 `json:"persons"` // largest deviation, observed minus expected
	PersonsCell  string  `json:"persons_cell"`
	Limit        float64 `json:"limit,omitempty"` // of persons, 0 for none
	Listed       int     `json:"listed,omitempty"`
	Points       float64 `json:"points"`
	PointsCell   string  `json:"points_cell"`
	TVD          float64 `json:"tvd"`
	SRMSE        float64 `json:"srmse"`
	SRMSERatio   float64 `json:"srmse_ratio"` // 1 is as good as independent draws
	Cramer       float64 `json:"cramers_v,omitempty"`
	CramerTarget float64 `json:"cramers_v_expected,omitempty"`

	// Weighted compares weighted counts with the population; nil without a design. Points
	// and TVD are then of weighted shares too, and the other figures are of the sample.
	Weighted *WeightedNumbers `json:"weighted,omitempty"`

	ZeroPersons int64  `json:"zero_persons"` // in cells that must be empty
	ZeroCell    string `json:"zero_cell,omitempty"`
}

// Test is a statistical test. P belongs to ChiSquare and PDeviance to Deviance. The
// larger of the two, adjusted for all tests of the run, is PHolm, which decides: both
// statistics must say that something is wrong. For a controlled table of a whole
// quota population P is a conformity index; PHolm is P adjusted for all such tables
// and decides nothing. For an independence, ChiSquare is a sum over strata, scaled so
// that its exact mean and variance are those of DF degrees of freedom. A test of
// numbers has one P and, instead of ChiSquare, a Statistic: the largest distance
// from the declared distribution, or the standard errors from the declared
// correlation.
type Test struct {
	Statistic float64 `json:"statistic,omitempty"`
	ChiSquare float64 `json:"chi_square"`
	DF        int     `json:"df"`
	Pooled    int     `json:"pooled"` // cells joined with others to an expected count of 1
	P         float64 `json:"p"`
	// MonteCarlo is the p-value of ChiSquare by Draws random samples, for tests
	// with an expected count below 5.
	MonteCarlo float64 `json:"p_monte_carlo,omitempty"`
	Draws      int     `json:"draws,omitempty"`
	Deviance   float64 `json:"deviance"`
	PDeviance  float64 `json:"p_deviance"`
	PHolm      float64 `json:"p_holm"`
	Reference  string  `json:"reference"`
	Persons    int64   `json:"persons"`
	Strata     int     `json:"strata,omitempty"`
}

// String describes a test in a few words.
func (t *Test) String() string {
	text := fmt.Sprintf("chi-square %.4g on %d df", t.ChiSquare, t.DF)
	if t.Pooled > 0 {
		text += fmt.Sprintf(" (%d cells pooled)", t.Pooled)
	}
	switch {
	case t.Reference == ReferenceConformity:
		return text + fmt.Sprintf(", conformity %.3g", t.P)
	case t.Draws > 0:
		return text + fmt.Sprintf(", p %.3g (%.3g by %d random samples), %.3g after Holm", t.P, t.MonteCarlo, t.Draws, t.PHolm)
	}
	return text + fmt.Sprintf(", p %.3g, %.3g after Holm", t.P, t.PHolm)
}

// References of a Test.
const (
	ReferenceIndependent = "independent draws"
	ReferencePart        = "draws without replacement"
	ReferenceConformity  = "conformity of a quota sample"
	ReferenceConditional = "conditional independence"
	ReferenceDeclared    = "draws of the declared distribution"
	ReferenceCorrelation = "the declared correlation"
	ReferenceWeights     = "draws by weight"
)

// WeightedNumbers compares the sums of weights in the cells of a table with the shares
// of the persons wanted.
type WeightedNumbers struct {
	Persons     float64 `json:"persons"` // largest deviation, in units of the mean weight
	PersonsCell string  `json:"persons_cell"`
	// Effect is the mean design effect of the cells' shares: the factor by which weights
	// raise their variance. ChiSquare is divided by it.
	Effect    float64 `json:"design_effect,omitempty"`
	ChiSquare float64 `json:"chi_square,omitempty"`
	DF        int     `json:"df,omitempty"`
	P         float64 `json:"p,omitempty"`
}

// Deviation returns the largest deviation from the shares of the persons wanted, in
// persons, and its cell: by weight where there is a design.
func (n *TableNumbers) Deviation() (persons float64, cell string) {
	if n.Weighted != nil {
		return n.Weighted.Persons, n.Weighted.PersonsCell
	}
	return n.Persons, n.PersonsCell
}

func (w *WeightedNumbers) String() string {
	text := fmt.Sprintf("by weight %+.2f persons (%s)", w.Persons, w.PersonsCell)
	if w.DF > 0 {
		text += fmt.Sprintf(", chi-square %.4g on %d df, p %.3g, design effect %.3g", w.ChiSquare, w.DF, w.P, w.Effect)
	}
	return text
}

// Share is the share of persons who meet a condition, with its 95 % interval.
type Share struct {
	Hits    int64    `json:"hits"`
	Of      int64    `json:"of"`
	Share   float64  `json:"share"` // by weight
	Low     float64  `json:"low"`
	High    float64  `json:"high"`
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
}

// Limit compares a measure with the limits of the spec: the worst Value measured,
// and what it is Of.
type Limit struct {
	Measure string   `json:"measure"`
	Of      string   `json:"of,omitempty"`
	Value   float64  `json:"value"`
	AtLeast *float64 `json:"at_least,omitempty"`
	AtMost  *float64 `json:"at_most,omitempty"`
}

// NearPersons counts the persons who are equal to an earlier one except for one
// thing: a field, or several related fields, and what follows from them.
// Pairs that chance explains are not in Persons and Share.
type NearPersons struct {
	Fields int `json:"fields"` // that are compared, without those that follow from others
	// Sampled is the share of such pairs that was looked at: 1 is all; below 1 the
	// counts are estimates.
	Sampled float64 `json:"sampled"`
	Persons float64 `json:"persons"`
	Share   float64 `json:"share"`
	// ByThing counts the pairs by what differs, where there are any.
	ByThing []NearThing `json:"by_thing,omitempty"`
}

// NearThing counts the pairs of persons who differ in one thing only.
type NearThing struct {
	Thing string  `json:"thing"` // a field, "the name" or "the numbers"
	Pairs float64 `json:"pairs"`
	// Expected is the number of pairs that chance would make, an upper estimate;
	// Chance says whether it explains Pairs.
	Expected float64 `json:"expected"`
	Chance   bool    `json:"chance"`
}

// Profile describes a column.
type Profile struct {
	Field string `json:"field"`
	Rows  int64  `json:"rows"`
	Nulls int64  `json:"nulls"`
	// NullsWeighted is Nulls by weight, of a field with a domain; 0 without a design.
	NullsWeighted float64 `json:"nulls_weighted,omitempty"`
	// Counts by value of the domain: weighted persons, or weighted items of a list.
	Counts []float64 `json:"counts,omitempty"`
	// Numbers summarises numbers, whole numbers, characters of texts or items
	// of lists.
	Numbers *Summary `json:"numbers,omitempty"`
	// Dates summarises dates.
	Dates *DateSummary `json:"dates,omitempty"`
	// Records describes lists of records, by group.
	Records []RecordGroup `json:"records,omitempty"`
}

// Summary describes numbers.
type Summary = sketch.Summary

// Example is a text that does not meet a demand.
type Example struct {
	Person  int64  `json:"person"` // number from 0
	Field   string `json:"field"`
	Snippet string `json:"snippet"` // the part that is wrong, at most 120 characters
}

func (e *Example) String() string {
	return fmt.Sprintf("person %d, %s: %q", e.Person, e.Field, e.Snippet)
}

// TextProfile describes the texts of a written field.
type TextProfile struct {
	Field string `json:"field"`
	// Applies counts the persons who should have a text, Written those who have
	// one, and Missing those who should and have none.
	Applies int64 `json:"applies"`
	Written int64 `json:"written"`
	Missing int64 `json:"missing"`
	// Of is the text of which it is the translation, into Language. Untranslated counts
	// those of Missing whose original is missing too.
	Of           string `json:"of,omitempty"`
	Language     string `json:"language,omitempty"`
	Untranslated int64  `json:"untranslated,omitempty"`
	// Chars are the lengths of the texts, or of all items of lists.
	Chars *Summary `json:"chars,omitempty"`
	Items *Summary `json:"items,omitempty"` // of lists
	// Broken lists the demands that some texts do not meet.
	Broken []Broken `json:"broken,omitempty"`
	// Sources are the shares of Written by who wrote them, and Model the share
	// that models wrote; nil when it is not known of any text.
	Sources []TextSource `json:"sources,omitempty"`
	Model   *float64     `json:"model_written,omitempty"`
	// NearDuplicates compares the texts of different persons; nil for lists and
	// where nothing is written.
	NearDuplicates *NearDuplicates `json:"alike,omitempty"`
}

// Broken is a demand that some texts do not meet: a kind of package rules, with
// the field that is not mentioned or the rule that is broken.
type Broken struct {
	Demand string `json:"demand"`
	Name   string `json:"name,omitempty"`
	Texts  int64  `json:"texts"`
}

// TextSource is who wrote some texts.
type TextSource struct {
	Name  string  `json:"name"` // "offline", the name of a model, or "unknown"
	Texts int64   `json:"texts"`
	Share float64 `json:"share"`
}

// NearDuplicates describes how similar the texts of different persons are.
type NearDuplicates = similarity.Comparison

func tidy(x float64) float64 { return sketch.Tidy(x) }

// Goal is a goal of the spec, and whether it is met.
type Goal struct {
	Name  string `json:"name"`
	About string `json:"about,omitempty"`
	Kind  string `json:"kind"`
	Met   bool   `json:"met"`
	// Demand and Found are sentences: what the goal demands, and what was found.
	Demand string `json:"demand"`
	Found  string `json:"found"`
	// Figure is the number that decides, in Unit; nil when there is nothing to
	// measure. It must be at least Least and at most Most where these are set; a
	// p-value must be above Least.
	Figure *float64 `json:"figure,omitempty"`
	Unit   string   `json:"unit,omitempty"` // "%", "points", "p", "texts", "characters" or "score"
	Least  *float64 `json:"least,omitempty"`
	Most   *float64 `json:"most,omitempty"`
}

// Units of a goal's figure.
const (
	unitPercent    = "%"
	unitPoints     = "points"
	unitP          = "p"
	unitTexts      = "texts"
	unitCharacters = "characters"
	unitScore      = "score"
)

// GoalsLine summarises goals in a sentence; "" when there are none.
func GoalsLine(goals []Goal) string {
	if len(goals) == 0 {
		return ""
	}
	var unmet []string
	for _, g := range goals {
		if !g.Met {
			unmet = append(unmet, fmt.Sprintf("%s (%s)", g.Name, g.Found))
		}
	}
	if len(unmet) == 0 {
		return fmt.Sprintf("all %d met", len(goals))
	}
	return fmt.Sprintf("%d of %d met; not met: %s", len(goals)-len(unmet), len(goals), strings.Join(unmet, "; "))
}

func persons(n int64) string { return humanize.Count(n, "person", "persons") }
