// Package diag represents faults in input files and prints them. A Diagnostic
// says where a fault is, what is wrong and what to do. The package knows nothing
// of specs and tables.
package diag

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Place is a position in an input file. Line and Column count from 1, Column in
// bytes. A Place without a line is the whole file; the zero Place is no place.
type Place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// Severity of a diagnostic. Only errors stop the work.
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
	Code     string   `json:"code"`            // stable name of the kind of fault, such as "unknown-field"
	Message  string   `json:"message"`         // one line: what is wrong
	Hint     string   `json:"hint,omitempty"`  // one line: what to do
	Notes    []string `json:"notes,omitempty"` // further lines of detail

	// Private keeps the source line out of the output, because it may contain a
	// secret.
	Private bool `json:"-"`
}

// List collects diagnostics.
type List struct{ Items []Diagnostic }

// Errorf adds an error. It returns the diagnostic, so that a hint and notes can
// be attached; the pointer is valid until the next one is added.
func (l *List) Errorf(at Place, code, format string, args ...any) *Diagnostic {
	return l.add(at, Error, code, fmt.Sprintf(format, args...))
}

// Warnf adds a warning, like Errorf.
func (l *List) Warnf(at Place, code, format string, args ...any) *Diagnostic {
	return l.add(at, Warning, code, fmt.Sprintf(format, args...))
}

func (l *List) add(at Place, s Severity, code, message string) *Diagnostic {
	l.Items = append(l.Items, Diagnostic{Place: at, Severity: s, Code: code, Message: message})
	return &l.Items[len(l.Items)-1]
}

// WithHint sets the hint: what the reader should do about the fault.
func (d *Diagnostic) WithHint(format string, args ...any) *Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// Note adds a line of detail.
func (d *Diagnostic) Note(format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
	return d
}

// Failed reports whether the list contains an error.
func (l *List) Failed() bool {
	return slices.ContainsFunc(l.Items, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders the diagnostics by file, line, column and message, and removes
// those with the same place and message as another one.
func (l *List) Sort() {
	slices.SortStableFunc(l.Items, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Column, b.Place.Column), cmp.Compare(a.Message, b.Message))
	})
	l.Items = slices.CompactFunc(l.Items, func(a, b Diagnostic) bool { return a.Place == b.Place && a.Message == b.Message })
}

// Err returns nil if the list contains no error, and otherwise a *ListError.
func (l *List) Err() error {
	if !l.Failed() {
		return nil
	}
	l.Sort()
	return &ListError{List: l}
}

// ErrContext is Err for work under a context: if the context has ended, the list may be
// incomplete, and the error is the context's.
func (l *List) ErrContext(ctx context.Context) error {
	if l == nil || !l.Failed() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return l.Err()
}

// ListError is a Go error that wraps a list with at least one error. Its message
// is the first of them.
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
