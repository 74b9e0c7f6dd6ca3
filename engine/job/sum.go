package job

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// sum is the hash of what is written, with its size.
type sum struct {
	hash.Hash
	bytes int64
}

func newSum() *sum { return &sum{Hash: sha256.New()} }

func (s *sum) Write(p []byte) (int, error) {
	s.bytes += int64(len(p))
	return s.Hash.Write(p)
}

func (s *sum) sealed(name string) Sealed {
	return Sealed{name, s.bytes, hex.EncodeToString(s.Hash.Sum(nil))}
}
