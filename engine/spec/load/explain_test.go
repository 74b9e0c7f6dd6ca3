package load_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/spec/load"
)

// TestExplain has a golden of a topic of each form.
func TestExplain(t *testing.T) {
	for _, topic := range []string{"number", "population", "status", "field", "condition"} {
		text, err := load.Explain(topic)
		if err != nil {
			t.Errorf("Explain(%q): got error %v", topic, err)
		}
		golden(t, filepath.Join("testdata", "explain", topic+".txt"), text)
	}
}

// TestExplainKnowsEveryTopic visits all definitions.
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

func TestExplainSuggestsATopic(t *testing.T) {
	if text, err := load.Explain("Integer"); err != nil || !strings.Contains(text, "whole number") {
		t.Errorf("Explain(Integer) = %q, %v", text, err)
	}
	for topic, want := range map[string]string{
		"integr": `no topic "integr": did you mean "integer"?`,
		"common": `no topic "common": the topics are category, integer`,
		"":       `no topic "": the topics are category`,
	} {
		if _, err := load.Explain(topic); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Explain(%q): got error %v, want %s", topic, err, want)
		}
	}
}
