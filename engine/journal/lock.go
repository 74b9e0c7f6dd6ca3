package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/personagen/personagen/engine/internal/flock"
)

// ErrLocked is what errors of Open match when another process, or another part
// of this one, has the journal open for writing.
var ErrLocked = errors.New("the journal is in use")

const lockName = "lock"

// takeLock makes this process the only writer of the folder until the file is
// closed. The file stays behind, empty of meaning once unlocked.
func takeLock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	taken, err := flock.Try(f)
	switch {
	case err != nil:
		err = fmt.Errorf("lock journal %s: %w", dir, err)
	case !taken:
		err = fmt.Errorf("%w: %s is being written by %s; wait for it to end, or stop it", ErrLocked, dir, holder(f))
	default:
		err = sign(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sign says in the lock file who holds it.
func sign(f *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0)
	return err
}

// holder reads who signed.
func holder(f *os.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 256))
	if name := strings.TrimSpace(string(text)); err == nil && name != "" {
		return name
	}
	return "another process"
}
