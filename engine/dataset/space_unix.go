//go:build linux || darwin || freebsd

package dataset

import (
	"fmt"
	"syscall"
)

// FreeSpace returns the bytes that a user may still write in the file system
// of dir. Where this cannot be told the error is errors.ErrUnsupported.
func FreeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
