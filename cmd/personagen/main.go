// Command personagen makes synthetic populations from a specification: run
// `personagen help`. This package parses command lines, calls the engine and
// prints what comes out; everything else is in the engine.
package main

import (
	"os"
	"runtime/debug"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// A run allocates little and holds its buffers for long: collecting at
		// less than the usual growth costs next to nothing and keeps the peak
		// of memory near what is in use, however many persons are made.
		debug.SetGCPercent(40)
	}
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv))
}
