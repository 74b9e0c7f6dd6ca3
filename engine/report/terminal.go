package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/humanize"
)

// checkKind is a kind of check with its name in singular and plural.
type checkKind struct{ kind, one, many string }

// kinds lists the kinds of checks in the order of output.
var kinds = []checkKind{
	{check.KindRows, "number of persons", "numbers of persons"},
	{check.KindValues, "field with all values in its domain", "fields with all values in their domains"},
	{check.KindNulls, "field with nulls only where allowed", "fields with nulls only where allowed"},
	{check.KindUnique, "field with unique values", "fields with unique values"},
	{check.KindPersons, "search for duplicate persons", "searches for duplicate persons"},
	{check.KindNearPersons, "search for near-duplicate persons", "searches for near-duplicate persons"},
	{check.KindGroup, "group consistent with its base fields", "groups consistent with their base fields"},
	{check.KindDate, "date field within its days", "date fields within their days"},
	{check.KindColumn, "column of the row that was drawn", "columns of the rows that were drawn"},
	{check.KindRecords, "group of records, or count of them, as declared", "groups of records and counts of them as declared"},
	{check.KindWeight, "weight consistent with the strata", "weights consistent with the strata"},
	{check.KindBand, "group consistent with its number", "groups consistent with their numbers"},
	{check.KindImpossible, "impossible condition that no person meets", "impossible conditions that no person meets"},
	{check.KindOpen, "choice or list with permitted values only", "choices and lists with permitted values only"},
	{check.KindFrequency, "choice or list with frequencies as weighted", "choices and lists with frequencies as weighted"},
	{check.KindNumber, "number field distributed as declared", "number fields distributed as declared"},
	{check.KindCorrelation, "correlation as declared", "correlations as declared"},
	{check.KindStatistic, "statistic as published", "statistics as published"},
	{check.KindStratum, "stratum with as many persons as designed", "strata with as many persons as designed"},
	{check.KindTable, "table or margin", "tables and margins"},
	{check.KindStep, "smoothed field without steep steps", "smoothed fields without steep steps"},
	{check.KindIndependent, "test of independence", "tests of independence"},
	{check.KindWritten, "text field written for the right persons", "text fields written for the right persons"},
	{check.KindText, "text field within its limits", "text fields within their limits"},
	{check.KindLanguage, "text field in its language", "text fields in their language"},
	{check.KindTranslation, "text field with translations of its original", "text fields with translations of their originals"},
	{check.KindRule, "rule that no text breaks", "rules that no text breaks"},
	{check.KindNearDuplicates, "text field without near-duplicates", "text fields without near-duplicates"},
	{check.KindOpenings, "text field with varied openings", "text fields with varied openings"},
	{check.KindRecurrence, "measure of the prose that recurs", "measures of the prose that recurs"},
	{check.KindSource, "field that records who wrote the texts", "fields that record who wrote the texts"},
	{check.KindScore, "score or reason given to the sample", "scores and reasons given to the sample"},
	{check.KindLimit, "check that the spec defines", "checks that the spec defines"},
	{check.KindMeasure, "limit that the spec sets on a measure", "limits that the spec sets on measures"},
}

// colours are the terminal colours of statuses.
var colours = map[string]string{check.Fail: "\x1b[31m", check.Warn: "\x1b[33m", check.Note: "\x1b[36m", check.Pass: "\x1b[32m", check.Skip: "\x1b[90m"}

// WriteText writes the result for a terminal: a line for each failure, warning
// and note, then a line for each kind of check that passed or was skipped. It
// returns the writer's error.
func WriteText(w io.Writer, r *check.Result, colour bool) error {
	var b bytes.Buffer
	line := func(status, text string) {
		mark := fmt.Sprintf("%-4s", status)
		if colour {
			mark = colours[status] + mark + "\x1b[0m"
		}
		fmt.Fprintf(&b, "%s  %s\n", mark, text)
	}
	for _, status := range []string{check.Fail, check.Warn, check.Note} {
		for _, o := range r.Outcomes {
			if o.Status == status {
				line(status, label(&o)+": "+o.Message)
			}
		}
	}
	for _, status := range []string{check.Pass, check.Skip} {
		for _, k := range kinds {
			if text := summary(r.Outcomes, k, status); text != "" {
				line(status, text)
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// summary counts the outcomes of a kind with a status, "" if there are none.
func summary(outcomes []check.Outcome, k checkKind, status string) string {
	n, worst := 0, 0.0
	var reasons []string
	for i := range outcomes {
		o := &outcomes[i]
		if o.Kind != k.kind || o.Status != status {
			continue
		}
		n++
		if o.Table != nil {
			worst = max(worst, math.Abs(o.Table.Persons))
		}
		if !slices.Contains(reasons, o.Message) {
			reasons = append(reasons, o.Message)
		}
	}
	if n == 0 {
		return ""
	}
	text := humanize.Count(n, k.one, k.many)
	switch {
	case status == check.Skip && len(reasons) == 1:
		text += ": " + reasons[0]
	case status == check.Pass && k.kind == check.KindTable:
		text += fmt.Sprintf(", at most %.2f persons off target", worst)
	}
	return text
}

// label names an outcome by its ID, and impossible conditions by their text too.
func label(o *check.Outcome) string {
	if o.Kind == check.KindImpossible {
		return o.ID + " " + o.Name
	}
	return o.ID
}
