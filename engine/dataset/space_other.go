//go:build !linux && !darwin && !freebsd && !windows

package dataset

import (
	"errors"
	"fmt"
	"syscall"
)

// FreeSpace returns errors.ErrUnsupported: this system does not say.
func FreeSpace(dir string) (int64, error) {
	return 0, fmt.Errorf("free space of %s: %w", dir, errors.ErrUnsupported)
}

// IsDiskFull reports whether an error is that of a full disk.
func IsDiskFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }
