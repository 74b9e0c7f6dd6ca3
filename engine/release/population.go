package release

import "github.com/personagen/personagen/engine/check"

// Population says which persons a release has: Count of them, starting with
// person number First, out of a population of Size.
type Population struct {
	Size     int64  `json:"size"`
	Seed     uint64 `json:"seed"`
	Sampling string `json:"sampling"`
	First    int64  `json:"first"`
	Count    int64  `json:"count"`

	// Shard and Among say how a run was asked for these persons: part Shard of the
	// first Among persons. A release that was read has neither.
	Shard Shard `json:"-"`
	Among int64 `json:"-"`
}

// Shard is part Index of Of parts, counted from 1; the zero value is the whole.
type Shard struct{ Index, Of int }

// Whole reports whether these are all persons of the population.
func (p Population) Whole() bool { return p.Count == p.Size }

// IdentitySize is the size as far as it decides who person i is: a person of an
// independent sample does not depend on the size, so there it is 0.
func (p Population) IdentitySize() int64 {
	if p.Sampling == check.Independent {
		return 0
	}
	return p.Size
}

// CheckOptions returns the options of a suite that checks these persons. Tempdir
// is for the temporary files of the suite.
func (p Population) CheckOptions(exceptions []check.Exception, tempdir string) check.Options {
	o := check.Options{Sampling: p.Sampling, Seed: p.Seed, Size: p.Size, Rows: p.Count, Exceptions: exceptions, TempDir: tempdir}
	if !p.Whole() {
		o.First, o.Total, o.Parts = p.First, p.Size, max(1, p.Shard.Of)
	}
	return o
}
