package main

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// quietCommands have the flag -q.
var quietCommands = []string{"run", "merge", "validate", "compare", "goals"}

// alike runs personagen with a command, with and without -q and --json. Its exit code
// must be the same each time; a failure must have words, and --json must print one
// JSON document: alike CODE COMMAND [ARG...]
func alike(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: alike CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	command := args[1]
	variants := [][]string{{}, {"--json"}}
	if slices.Contains(quietCommands, command) {
		variants = append(variants, []string{"-q"}, []string{"-q", "--json"})
	}
	for _, flags := range variants {
		// Flags come first: a wrong flag ends the reading of the command line.
		line := slices.Concat([]string{command}, flags, args[2:])
		got := codeOf(ts, ts.Exec("personagen", line...))
		stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
		if got != want {
			ts.Fatalf("%q: got exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", line, got, want, stdout, stderr)
		}
		if want != exitOK && stdout == "" && stderr == "" {
			ts.Fatalf("%q: exits with %d without a word", line, got)
		}
		if slices.Contains(flags, "--json") && command != "preview" && !json.Valid([]byte(stdout)) {
			ts.Fatalf("%q: stdout is not one JSON document:\n%s\nstderr:\n%s", line, stdout, stderr)
		}
	}
}
