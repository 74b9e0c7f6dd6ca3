// Command personagen makes synthetic populations from a specification: run
// `personagen help`. This package parses command lines, calls the engine and
// prints what comes out; everything else is in the engine.
package main

import "os"

func main() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) }
