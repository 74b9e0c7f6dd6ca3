//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

// Package flock locks files and folders for as long as a process lives.
package flock

import (
	"fmt"
	"os"
	"runtime"
)

// Try refuses: there is no lock here that ends with its process.
func Try(*os.File) (taken bool, err error) {
	return false, fmt.Errorf("locks are not supported on %s", runtime.GOOS)
}
