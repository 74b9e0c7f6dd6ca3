package inputs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Record is what was asked of an FS and what it answered, files in memory excepted. It
// is by name in FS: the SHA-256 in hex of each file that was read, that of the entries
// of each folder that was listed, and what was looked for and not given.
type Record struct {
	Opened, Listed map[string]string
	Missed         map[string]bool
}

// plainRecord has no methods.
type plainRecord Record

// GobEncode gives equal records the same bytes: gob alone writes maps in random order.
func (r Record) GobEncode() ([]byte, error) { return json.Marshal(plainRecord(r)) }

// GobDecode reads what GobEncode writes.
func (r *Record) GobDecode(data []byte) error { return json.Unmarshal(data, (*plainRecord)(r)) }

// Record returns what was asked so far.
func (f *FS) Record() Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Record{maps.Clone(f.record.Opened), maps.Clone(f.record.Listed), maps.Clone(f.record.Missed)}
}

// Answers reports whether f, asked again, would answer as the record says.
func (f *FS) Answers(r Record) bool {
	for name := range r.Missed {
		if _, err := f.Stat(name); err == nil {
			return false
		}
	}
	for name, entries := range r.Listed {
		f.ReadDir(name) // without error or with: the record has what it found
		if f.Record().Listed[name] != entries {
			return false
		}
	}
	for name, sum := range r.Opened {
		if got, err := f.sum(Path(name)); err != nil || got != sum {
			return false
		}
	}
	return true
}

// sum returns the SHA-256 in hex of the file at an absolute path.
func (f *FS) sum(file string) (string, error) {
	h, err := f.open(file, MaxStreamed, ErrHuge)
	if err != nil {
		return "", err
	}
	defer h.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, h); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// listing returns the SHA-256 in hex of the entries of a folder.
func listing(entries map[string]fs.DirEntry) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		fmt.Fprintf(&text, "%q %t\n", name, entries[name].IsDir())
	}
	sum := sha256.Sum256([]byte(text.String()))
	return hex.EncodeToString(sum[:])
}
