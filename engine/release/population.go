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

// Rows returns the first row of a shard, and how many it has, of so many rows in files of so
// many. It has some of the files of the whole, so that it makes them as the whole does; where
// there are fewer files than shards, they are divided.
func (s Shard) Rows(count, perFile int64) (first, rows int64) {
	if files := (count-1)/perFile + 1; files >= int64(s.Of) {
		from, to := Share(files, s.Index-1, s.Of)
		return from * perFile, min(to*perFile, count) - from*perFile
	}
	first, end := Share(count, s.Index-1, s.Of)
	return first, end - first
}

// Share returns where share i of k, from 0, of n things begins and ends. The first shares have
// one thing more if the others have one less.
func Share(n int64, i, k int) (from, to int64) {
	at := func(i int64) int64 { return n/int64(k)*i + min(i, n%int64(k)) }
	return at(int64(i)), at(int64(i) + 1)
}

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
