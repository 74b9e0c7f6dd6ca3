// Package diag is what personagen says about bad input: a Diagnostic has a
// place, what is wrong and what to do. Printing is somewhere else in this
// package; nothing here knows specs or tables.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Place is a position in an input file. Line and Column count from 1; a zero
// Line means the whole file, a zero Place no place at all.
type Place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// Severity of a diagnostic; only errors stop the work.
type Severity string

const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Diagnostic is one fault, or one thing worth knowing.
type Diagnostic struct {
	Place    Place    `json:"place"`
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`            // stable short name of the kind of fault, such as "unknown-field"
	Message  string   `json:"message"`         // one line: what is wrong
	Hint     string   `json:"hint,omitempty"`  // one line: what to do
	Notes    []string `json:"notes,omitempty"` // further lines of detail

	// Private keeps the line of the file out of what is printed: it may hold a
	// secret.
	Private bool `json:"-"`
}

// List collects diagnostics.
type List struct{ Items []Diagnostic }

// Errorf adds an error and returns it for a hint or notes to be attached.
func (l *List) Errorf(at Place, code, format string, args ...any) *Diagnostic {
	return l.add(at, Error, code, fmt.Sprintf(format, args...))
}

// Warnf adds a warning.
func (l *List) Warnf(at Place, code, format string, args ...any) *Diagnostic {
	return l.add(at, Warning, code, fmt.Sprintf(format, args...))
}

func (l *List) add(at Place, s Severity, code, message string) *Diagnostic {
	l.Items = append(l.Items, Diagnostic{Place: at, Severity: s, Code: code, Message: message})
	return &l.Items[len(l.Items)-1]
}

// WithHint sets what the reader should do about it.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// Note adds a line of detail.
func (d *Diagnostic) Note(format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
	return d
}

// Failed reports whether the list holds an error.
func (l *List) Failed() bool {
	return slices.ContainsFunc(l.Items, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders by file, line, column, and drops doubles.
func (l *List) Sort() {
	slices.SortStableFunc(l.Items, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column), cmp.Compare(a.Message, b.Message))
	})
	l.Items = slices.CompactFunc(l.Items, func(a, b Diagnostic) bool { return a.Place == b.Place && a.Message == b.Message })
}

// Err returns nil when nothing failed, else an error that carries the list.
func (l *List) Err() error {
	if !l.Failed() {
		return nil
	}
	l.Sort()
	return &ListError{List: l}
}

// ListError is a list with at least one error as a Go error.
type ListError struct{ List *List }

func (e *ListError) Error() string {
	for _, d := range e.List.Items {
		if d.Severity == Error {
			if at := d.Place.String(); at != "" {
				return at + ": " + d.Message
			}
			return d.Message
		}
	}
	return "no error"
}
