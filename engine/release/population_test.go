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
