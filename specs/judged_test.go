package specs_test

import (
	"context"
	"testing"

	"github.com/personagen/personagen/engine/run"
)

// TestJudged: the spec whose persons a model judges has no fault.
func TestJudged(t *testing.T) {
	v, err := run.Vet(context.Background(), "moldova_judged.cue", false, "")
	if err != nil {
		t.Fatal(err)
	}
	if v.Found.Failed() {
		t.Error(v.Found.Err())
	}
}
