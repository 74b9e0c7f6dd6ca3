package inputs

import (
	"io/fs"
	"time"
)

// memory describes a file or folder of the overlay.
type memory struct {
	name   string
	size   int64
	folder bool
}

func (m memory) Name() string       { return m.name }
func (m memory) Size() int64        { return m.size }
func (m memory) ModTime() time.Time { return time.Time{} }
func (m memory) IsDir() bool        { return m.folder }
func (m memory) Sys() any           { return nil }

func (m memory) Mode() fs.FileMode {
	if m.folder {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
