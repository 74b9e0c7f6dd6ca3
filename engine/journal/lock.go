package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/personagen/personagen/engine/internal/plaintext"
)

// ErrLocked is what errors of Open match when another process, or another part
// of this one, has the journal open for writing.
var ErrLocked = errors.New("the journal is in use")

const lockName = "lock"

// folderLock is the lock of the one writer of a folder. The system releases it
// when the process ends, however it ends.
type folderLock struct{ *flock.Flock }

// takeLock makes this process the only writer of the folder until the lock is
// closed. The lock file stays behind; unlocked, it means nothing.
func takeLock(dir string) (*folderLock, error) {
	lock := flock.New(filepath.Join(dir, lockName), flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o644))
	taken, err := lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock journal %s: %w", dir, err)
	case !taken:
		return nil, fmt.Errorf("%w: %s is being written by %s; wait for it to end, or stop it", ErrLocked, dir, holder(lock.Path()))
	}
	if err := sign(lock.Path()); err != nil {
		return nil, errors.Join(fmt.Errorf("sign the lock of journal %s: %w", dir, err), lock.Close())
	}
	return &folderLock{lock}, nil
}

// signatureAt is where the name of the holder begins in the lock file. Windows
// lets no other process read the first byte, which is the one that is locked.
const signatureAt = 1

// sign writes into the lock file which process holds it.
func sign(path string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), signatureAt)
	return errors.Join(err, f.Close())
}

// holder returns the first line of what sign wrote.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return "another process"
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, signatureAt, 256))
	name, _, _ := strings.Cut(string(text), "\n")
	if err != nil || name == "" {
		return "another process"
	}
	return plaintext.Visible(name)
}
