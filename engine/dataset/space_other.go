//go:build !linux && !darwin && !freebsd

package dataset

import (
	"errors"
	"fmt"
)

// FreeSpace returns the bytes that a user may still write in the file system
// of dir. Where this cannot be told the error is errors.ErrUnsupported.
func FreeSpace(dir string) (int64, error) {
	return 0, fmt.Errorf("free space of %s: %w", dir, errors.ErrUnsupported)
}
