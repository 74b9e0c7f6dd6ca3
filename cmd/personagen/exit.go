package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/personagen/personagen/engine/dataset"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/humanize"
	"github.com/personagen/personagen/engine/job"
	"github.com/personagen/personagen/engine/job/store"
	"github.com/personagen/personagen/engine/run"
)

// Exit codes.
const (
	exitOK          = 0
	exitUnexpected  = 1
	exitUsage       = 2   // invalid command line
	exitInput       = 3   // fault in the spec, a table or a job
	exitChecks      = 4   // a check failed, though the data is written; or a goal is not met
	exitEndpoint    = 5   // texts are missing: endpoint failed, budget spent or interrupted; the same command continues; of a job, an earlier step is missing
	exitInterrupted = 130 // Ctrl-C
)

// usageError is an error in the command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// exitCode maps an error to its exit code. No other function chooses exit codes.
func exitCode(err error) int {
	var usage *usageError
	var list *diag.ListError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, run.ErrResumable), errors.Is(err, job.ErrIncomplete):
		return exitEndpoint
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &list), errors.Is(err, job.ErrDiffers), errors.Is(err, job.ErrSealed):
		return exitInput
	case errors.As(err, &usage), errors.Is(err, run.ErrUsage), errors.Is(err, store.ErrUnfit):
		return exitUsage
	case errors.Is(err, run.ErrChecks), errors.Is(err, errGoals):
		return exitChecks
	}
	return exitUnexpected
}

// printed wraps an error that the command has already reported.
type printed struct{ error }

func (p printed) Unwrap() error { return p.error }

// report prints an error and returns its exit code.
func (a *app) report(err error) int {
	code := exitCode(err)
	var list *diag.ListError
	var done printed
	switch {
	case err == nil || errors.As(err, &done):
	case errors.As(err, &list) && a.json:
		diag.JSON(a.stdout, list.List)
	case errors.As(err, &list):
		a.diagnostics(list.List)
	default:
		message := explainError(err, code)
		if a.json {
			a.document(map[string]any{"error": message, "exit": code})
		}
		fmt.Fprintf(a.stderr, "personagen: %s\n", message)
	}
	return code
}

// explainError returns the message of an error.
func explainError(err error, code int) string {
	text := strings.TrimPrefix(err.Error(), run.ErrUsage.Error()+": ")
	switch {
	case errors.Is(err, errDeclined):
		return "no text was requested and nothing was written"
	case code == exitInterrupted:
		return "interrupted; nothing was written"
	case dataset.IsDiskFull(err) && !errors.Is(err, errStepDisk):
		return text + "; the disk is full: free some space or choose another folder with -o (this run left nothing behind)"
	}
	return text
}

// diagnostics prints a list of faults as text.
func (a *app) diagnostics(l *diag.List) {
	diag.Text(a.stderr, l, diag.TextOptions{Color: a.colors(a.stderr), Source: os.ReadFile})
}

// warnings prints the warnings about a spec whose release or plan follows. Tables that
// moved become one line: every real spec has some, vet --fit lists them with their
// figures, and so do the plan and the report.
func (a *app) warnings(l *diag.List) {
	rest, moved := &diag.List{}, int64(0)
	for _, d := range l.Items {
		if d.Code == "moved" {
			moved++
		} else {
			rest.Items = append(rest.Items, d)
		}
	}
	a.diagnostics(rest)
	if moved > 0 {
		fmt.Fprintf(a.stderr, "warning: %s by more than rounding to agree with the others; vet --fit lists them\n", humanize.Count(moved, "table moved", "tables moved"))
	}
}

// document prints the JSON document of a command.
func (a *app) document(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
