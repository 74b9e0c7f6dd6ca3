//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

// Package flock locks files and folders for as long as a process lives.
package flock

import (
	"errors"
	"os"
	"syscall"
)

// Try takes the lock on an open file or folder without waiting. The system gives
// it back when the file is closed or the process ends, however it ends.
func Try(f *os.File) (taken bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
