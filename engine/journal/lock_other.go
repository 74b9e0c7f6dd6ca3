//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package journal

import (
	"fmt"
	"os"
	"runtime"
)

// lockFile refuses: without a lock that ends with its process, two writers
// could damage a journal.
func lockFile(*os.File) (bool, error) {
	return false, fmt.Errorf("locks are not supported on %s", runtime.GOOS)
}
