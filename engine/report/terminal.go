package report

import (
	"bytes"
	"fmt"
	"io"

	"github.com/personagen/personagen/engine/check"
)

// kinds names groups of checks, one and many, in the order they are shown.
var kinds = []struct{ kind, one, many string }{
	{check.KindRows, "number of persons", "numbers of persons"},
	{check.KindValues, "field with values of its domain", "fields with values of their domain"},
	{check.KindNulls, "field with values where there should be some", "fields with values where there should be some"},
	{check.KindUnique, "field with unique values", "fields with unique values"},
	{check.KindPersons, "search for duplicated persons", "searches for duplicated persons"},
	{check.KindNearPersons, "search for near-duplicate persons", "searches for near-duplicate persons"},
	{check.KindGroup, "group true to its base fields", "groups true to their base fields"},
	{check.KindImpossible, "impossible condition met by nobody", "impossible conditions met by nobody"},
	{check.KindOpen, "choice or list with nothing that is closed to the person", "choices and lists with nothing that is closed to the person"},
	{check.KindFrequency, "choice or list as frequent as its weights say", "choices and lists as frequent as their weights say"},
	{check.KindNumber, "number field as its declared distribution", "number fields as their declared distributions"},
	{check.KindCorrelation, "correlation as declared", "correlations as declared"},
	{check.KindTable, "table and margin", "tables and margins"},
	{check.KindIndependent, "independence", "independences"},
	{check.KindWritten, "text field written where it should be", "text fields written where they should be"},
	{check.KindText, "text field as demanded", "text fields as demanded"},
	{check.KindLanguage, "text field in its language", "text fields in their language"},
	{check.KindRule, "rule that no text breaks", "rules that no text breaks"},
	{check.KindNearDuplicates, "text field without near-duplicates", "text fields without near-duplicates"},
	{check.KindOpenings, "text field with openings of its own", "text fields with openings of their own"},
	{check.KindSource, "field that says who wrote the texts", "fields that say who wrote the texts"},
	{check.KindLimit, "check of the spec's own", "checks of the spec's own"},
	{check.KindMeasure, "limit of the spec's own on a measure", "limits of the spec's own on measures"},
}

// colours of statuses on a terminal.
var colours = map[string]string{check.Fail: "\x1b[31m", check.Warn: "\x1b[33m", check.Note: "\x1b[36m", check.Pass: "\x1b[32m", check.Skip: "\x1b[90m"}

// WriteText writes the result for a terminal: what is wrong first, a line each, then
// a line for every group of checks that pass. The error is the writer's.
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
			n, worst := 0, 0.0
			for _, o := range r.Outcomes {
				if o.Kind == k.kind && o.Status == status {
					n++
					if o.Table != nil {
						worst = max(worst, o.Table.Persons, -o.Table.Persons)
					}
				}
			}
			if n == 0 {
				continue
			}
			text := fmt.Sprintf("%d %s", n, k.many)
			if n == 1 {
				text = "1 " + k.one
			}
			if k.kind == check.KindTable && status == check.Pass {
				text += fmt.Sprintf(", none more than %.2f persons off", worst)
			}
			line(status, text)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// label names an outcome; conditions are known by their text.
func label(o *check.Outcome) string {
	if o.Kind == check.KindImpossible {
		return o.ID + " " + o.Name
	}
	return o.ID
}
