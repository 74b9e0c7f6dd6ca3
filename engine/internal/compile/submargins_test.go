package compile

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	if d := cmp.Diff([][]string{{"a", "b"}, {"a", "c"}, {"b", "c"}}, choose([]string{"a", "b", "c"}, 2)); d != "" {
		t.Error(d)
	}
}

var _ = slices.Sort[[]int]
