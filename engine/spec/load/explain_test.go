package load_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/spec/load"
)

// TestExplain shows how topics of each form look.
func TestExplain(t *testing.T) {
	for _, topic := range []string{"number", "population", "status", "field", "condition"} {
		text, err := load.Explain(topic)
		if err != nil {
			t.Errorf("Explain(%q): %v", topic, err)
		}
		golden(t, filepath.Join("testdata", "explain", topic+".txt"), text)
	}
}

// TestExplainKnowsEveryTopic walks all definitions.
func TestExplainKnowsEveryTopic(t *testing.T) {
	for _, topic := range load.Topics() {
		text, err := load.Explain(topic)
		if err != nil || len(text) < 20 {
			t.Errorf("Explain(%q) = %q, %v", topic, text, err)
		}
	}
	for _, kind := range load.Kinds() {
		if text, _ := load.Explain(kind); !strings.Contains(text, "kind: \""+kind+"\"") {
			t.Errorf("Explain(%q) does not show the kind: %s", kind, text)
		}
	}
}

func TestExplainGuesses(t *testing.T) {
	if text, err := load.Explain("Integer"); err != nil || !strings.Contains(text, "whole number") {
		t.Errorf("Explain(Integer) = %q, %v", text, err)
	}
	for topic, want := range map[string]string{
		"integr": `no topic "integr": did you mean "integer"?`,
		"common": `no topic "common": there are category, integer`,
		"":       `no topic "": there are category`,
	} {
		if _, err := load.Explain(topic); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Explain(%q): %v, want %s", topic, err, want)
		}
	}
}
