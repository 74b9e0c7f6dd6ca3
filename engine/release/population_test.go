package release

import (
	"testing"

	"github.com/personagen/personagen/engine/check"
)

// A person of an independent sample is the same in a sample of another size, and a
// journal must say so.
func TestIdentitySize(t *testing.T) {
	for sampling, want := range map[string]int64{check.Quota: 9, check.Independent: 0} {
		if got := (Population{Size: 9, Sampling: sampling}).IdentitySize(); got != want {
			t.Errorf("%s: got %d, want %d", sampling, got, want)
		}
	}
}

// Shards follow each other without a gap, differ by at most one thing, and have whole files
// where there are enough.
func TestShards(t *testing.T) {
	for _, count := range []int64{1, 2, 7, 100, 32768, 100_000, 1_000_000_000} {
		for _, of := range []int{1, 2, 3, 7, 100, 9999} {
			if int64(of) > count {
				continue
			}
			for _, perFile := range []int64{32768, 98304, DefaultRowsPerFile} {
				next, least, most := int64(0), count, int64(0)
				files := (count-1)/perFile + 1
				for i := 1; i <= of; i++ {
					first, rows := Shard{i, of}.Rows(count, perFile)
					if first != next || rows < 1 {
						t.Fatalf("shard %d/%d of %d in files of %d: %d rows from %d on, after %d", i, of, count, perFile, rows, first, next)
					}
					next = first + rows
					whole := first%perFile == 0 && (next%perFile == 0 || next == count)
					if files >= int64(of) && !whole {
						t.Errorf("shard %d/%d of %d in files of %d: %d to %d", i, of, count, perFile, first, next)
					}
					least, most = min(least, rows), max(most, rows)
				}
				if next != count || files < int64(of) && most-least > 1 {
					t.Errorf("%d shards of %d end at %d and have %d to %d rows", of, count, next, least, most)
				}
			}
		}
	}
}
