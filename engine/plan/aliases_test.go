package plan

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
)

// The two forms of a set are told apart, also if a field is called columns.
func TestAliasSetJSON(t *testing.T) {
	value := "x"
	for text, want := range map[string]AliasSet{
		`{}`:                          {Names: map[string]string{}},
		`{"columns":"all","id":"no"}`: {Names: map[string]string{"columns": "all", "id": "no"}},
		`{"columns":[{"column":"a","field":"id","type":"text"},{"column":"b","value":"x"},{"column":"c","field":"sex","labels":{"m":"Male"}}]}`: {
			Columns: []AliasColumn{{Name: "a", Field: "id", Type: AsText}, {Name: "b", Value: &value}, {Name: "c", Field: "sex", Labels: map[string]string{"m": "Male"}}},
		},
	} {
		var got AliasSet
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
		back, err := json.Marshal(got)
		if err != nil || string(back) != text {
			t.Errorf("got %s, want %s (%v)", back, text, err)
		}
	}
}

// A plan is a file that anybody may have changed.
func TestValidateRefusesAliases(t *testing.T) {
	value := "x"
	sex := &kind.Field{Name: "sex", Type: frame.Category, Domain: &kind.Domain{Labels: []string{"m", "f"}}}
	v := planValidator{map[string]*kind.Field{"sex": sex}}
	for name, set := range map[string][]AliasColumn{
		"neither":   {{Name: "a"}},
		"no field":  {{Name: "a", Field: "age"}},
		"no list":   {{Name: "a", Field: "sex", Type: AsJSON}},
		"unknown":   {{Name: "a", Field: "sex", Type: "date"}},
		"twice":     {{Name: "a", Field: "sex"}, {Name: "b", Field: "sex"}},
		"same name": {{Name: "a", Field: "sex"}, {Name: "a", Value: &value}},
		"constant":  {{Name: "a", Value: &value, Type: AsPython}},
	} {
		if v.aliases(AliasSet{Columns: set}) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := v.aliases(AliasSet{Columns: []AliasColumn{{Name: "a", Field: "sex", Type: AsInteger}, {Name: "b", Value: &value}}}); err != nil {
		t.Error(err)
	}
}
