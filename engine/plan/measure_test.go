package plan_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/schemas"
)

// The schema and the table of measures list the same measures in the same order.
func TestSchemaListsMeasures(t *testing.T) {
	text, err := schemas.Files.ReadFile("spec.cue")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)\n#Measure: (.*?)\n(?:\n|$)`).FindSubmatch(text)
	if list == nil {
		t.Fatal("the schema has no #Measure")
	}
	var want, got []string
	for _, m := range regexp.MustCompile(`"(\w+)"`).FindAllSubmatch(list[1], -1) {
		want = append(want, string(m[1]))
	}
	for _, m := range plan.Measures() {
		got = append(got, m.Name)
		if found, ok := plan.MeasureNamed(m.Name); !ok || found != m {
			t.Errorf("MeasureNamed(%q): got %+v, want %+v", m.Name, found, m)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("measures of the schema (-) and of the table (+):\n%s", d)
	}
}
