//go:build linux || darwin || freebsd

package dataset

import (
	"errors"
	"fmt"
	"syscall"
)

// FreeSpace returns the bytes that the user can still write to the disk of a
// folder.
func FreeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// IsDiskFull reports whether an error means a full disk or an exhausted quota.
func IsDiskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
