package rules_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// orchard is a plan whose texts mention a place, a state, an age and a name.
// Person 0 is Ana of Vale Nouă, single, 34; person 1 Ion of no place, married, 51.
func orchard() (*plan.Plan, *frame.Batch) {
	p := &plan.Plan{
		Fields: []*kind.Field{
			{Name: "place", Type: frame.Category, Nullable: true, Domain: &kind.Domain{Labels: []string{"Vale", "Vale Nouă", "Deal"}}},
			{Name: "state", Type: frame.Category, Domain: &kind.Domain{Labels: []string{"single", "married"}}},
			{Name: "age", Type: frame.Integer, Domain: &kind.Domain{Integer: true, Min: 18, Max: 99}},
			{Name: "first", Type: frame.Category, Domain: &kind.Domain{Labels: []string{"Ana", "Ion", "Ana-Maria"}}},
			{Name: "story", Kind: "text", Class: kind.Written, Type: frame.Text, Text: &kind.TextSpec{Chars: kind.Length{Min: 1, Max: 4000}, Language: "ro"}},
		},
		Languages: []plan.Language{{Name: "ro", Letters: "ăâîșț", Foreign: 0.02, Accented: 0.01, Common: 0.2, Least: 10, Words: []string{"și", "în", "la", "cu", "de", "din", "nu", "să", "pe", "este"}}},
		Rules: []plan.Rule{
			{Name: "place", About: "the home is the person's", Severity: "fail", By: &plan.ByValue{Field: "place", Said: []string{"locuiește în {}", "de loc din {} însuși"}}},
			{Name: "state", About: "the state is the person's", Severity: "fail", By: &plan.ByValue{
				Field: "state", Said: []string{"este {}", "e {}"}, Unless: []string{"nu"}, Words: [][]string{{"burlac", "fată mare"}, {"căsătorit", "căsătorită"}},
			}},
			{Name: "age", About: "the age is the person's", Severity: "fail", By: &plan.ByValue{Field: "age", Said: []string{"are {} ani"}}},
			{Name: "name", About: "the text is about the person", Severity: "fail", By: &plan.ByValue{Field: "first", Opening: true}},
		},
	}
	b := frame.New(p.Schema())
	b.Resize(0, 2)
	copy(b.Columns[0].Codes, []int32{1, -1})
	copy(b.Columns[1].Codes, []int32{0, 1})
	copy(b.Columns[2].Ints, []int64{34, 51})
	copy(b.Columns[3].Codes, []int32{0, 1})
	return p, b
}

func TestByValue(t *testing.T) {
	s, c := compiled(t, orchard)
	for _, test := range []struct {
		name string
		row  int
		text string
		want []string
	}{
		{"the person's place", 0, "Ea locuiește în Vale Nouă.", nil},
		{"a place that the person's begins with", 0, "Ea locuiește în Vale.", nil},
		{"another place", 0, "Ea locuiește în Deal.", []string{"rule place"}},
		{"another place in another template", 0, "Ea e de loc din Deal însuși.", []string{"rule place"}},
		{"an incomplete template", 0, "Ea e de loc din Deal.", nil},
		{"another place outside a template", 0, "Ea merge în Deal.", nil},
		{"a place that is not a value", 0, "Ea locuiește în Munte.", nil},
		{"a person without a place", 1, "El locuiește în Deal.", nil},
		{"another state", 0, "Ana este căsătorită.", []string{"rule state"}},
		{"another state in two words", 1, "Ion e fată mare.", []string{"rule state"}},
		{"the person's state", 1, "Ion este căsătorit.", nil},
		{"another state, negated", 0, "Ana nu este căsătorită.", nil},
		{"a word after a comma", 0, "Ana este, căsătorită.", nil},
		{"the person's age", 0, "Ana are 34 ani.", nil},
		{"another age", 0, "Ana are 43 ani.", []string{"rule age"}},
		{"a number outside the domain", 0, "Ana are 12 ani.", nil},
		{"another name at the start", 0, "Ion lucrează.", []string{"rule name"}},
		{"another name later", 0, "Cu Ion lucrează.", nil},
		{"the person's name", 0, "Ana lucrează.", nil},
		{"a name that begins with the person's", 0, "Ana-Maria lucrează.", nil},
	} {
		if got := names(s, c.Text(4, test.row, test.text)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLanguage(t *testing.T) {
	s, c := compiled(t, orchard)
	const romanian = "Ana crește meri și pruni în livada de la marginea satului, iar toamna merge cu vecinii la piața din oraș."
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"right", romanian, nil},
		{"a foreign name", romanian + " Ea citește Достоевский și Łódź, în română.", []string{"language"}},
		{"a foreign name in a long text", strings.Repeat(romanian+" ", 6) + "Ea citește Гоголь.", nil},
		{"Russian", "Анна выращивает яблоки и сливы в саду на краю села, а осенью ездит с соседями на рынок в город.", []string{"language"}},
		{"English", "Ana grows apples and plums in the orchard at the edge of the village and in autumn goes to market with her neighbours.", []string{"language"}},
		{"without diacritics", "Ana creste meri si pruni in livada de la marginea satului, iar toamna merge cu vecinii la piata din oras.", []string{"language"}},
		{"diacritics as combining marks", "Ana creşte meri s\u0326i pruni i\u0302n livada de la marginea satului, iar toamna merge cu vecinii la piat\u0326a din oras\u0326.", nil},
		{"too short to tell", "Small orchard of apples.", nil},
		{"short, in another alphabet", "Сад яблонь и слив.", []string{"language"}},
		{"two words", "Сад яблонь", nil},
	} {
		if got := names(s, c.Text(4, 0, test.text)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
