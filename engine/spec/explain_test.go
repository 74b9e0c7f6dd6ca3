package spec_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/spec"
)

// TestExplain compares every topic with its golden in testdata/explain, so
// that a change of the schema shows what its readers will see.
func TestExplain(t *testing.T) {
	for _, topic := range spec.Topics() {
		text, err := spec.Explain(topic)
		if err != nil {
			t.Errorf("Explain(%q): %v", topic, err)
			continue
		}
		golden(t, filepath.Join("testdata", "explain", topic+".txt"), text)
	}
}

func TestExplainGuesses(t *testing.T) {
	if text, err := spec.Explain("Integer"); err != nil || !strings.Contains(text, "whole number") {
		t.Errorf("Explain(Integer) = %q, %v", text, err)
	}
	for topic, want := range map[string]string{
		"integr": `no topic "integr": did you mean "integer"?`,
		"common": `no topic "common": there are category, integer`,
		"":       `no topic "": there are category`,
	} {
		if _, err := spec.Explain(topic); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Explain(%q): %v, want %s", topic, err, want)
		}
	}
}
