package kind

import (
	"testing"

	"github.com/personagen/personagen/engine/internal/table"
	"github.com/personagen/personagen/engine/spec"
)

// A class of ages belongs to the label of those ages, not to a label that no age has.
func TestAgesOfLabels(t *testing.T) {
	c, fields := compile(t, `fields: {
	age: {kind: "integer", min: 0, max: 3}
	group: {kind: "group", of: "age", cases: [{when: age: >3, label: "never"}, {when: age: <=1, label: "young"}], other: "old"}
}`, nil)
	labels := c.FileLabels(&spec.Rows{Ages: map[string]*table.AgeWords{"group": {}}}, fields[1])
	for text, want := range map[string]string{"0": "young", "0-1": "young", "2-3": "old", "2 and over": "old"} {
		if to, _ := labels.Translate(text); to.Value != want {
			t.Errorf("%s: got %q, want %q", text, to.Value, want)
		}
	}
}
