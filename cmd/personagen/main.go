// Command personagen makes synthetic populations from a specification: run
// `personagen help`. This package parses command lines, calls the engine and
// prints what comes out; everything else is in the engine.
package main

import (
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth(os.Args[1:]))
	}
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}

// growth is by how many percent memory may grow before garbage is collected. A
// run allocates little and holds its buffers for long: collecting at less than
// the usual growth costs next to nothing and keeps the peak of memory near what
// is in use, however many persons are made. A vet is over before its memory is
// wanted again: collecting less takes a fifth off its time. So is a run's that
// asks a model: a collection looks at the stacks of three goroutines for each call
// in flight, and every call leaves something behind.
func growth(args []string) int {
	model := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--provider") })
	if model || len(args) > 0 && args[0] == "vet" {
		return 200
	}
	return 40
}
