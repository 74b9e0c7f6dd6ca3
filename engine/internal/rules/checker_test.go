package rules_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/internal/tokenize"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// garden is the orchard with rules of every kind, and a list.
func garden() (*plan.Plan, *frame.Batch) {
	p, b := orchard()
	p.Fields[4].Text.Chars.Min = 60
	p.Fields[4].Text.Mentions = []string{"place", "first"}
	p.Fields = append(p.Fields, &kind.Field{Name: "trees", Kind: "text_list", Class: kind.Written, Type: frame.TextList, Text: &kind.TextSpec{Chars: kind.Length{Min: 3, Max: 60}, Items: &kind.Length{Min: 2, Max: 4}}})
	p.Rules = append(p.Rules,
		plan.Rule{Name: "opening", About: "a sentence has a subject", Severity: "fail", NeverMatch: `(?:^|[.!?] )(?:Născut|El)[ ,]`},
		plan.Rule{Name: "lines", About: "no lists", Severity: "fail", NeverMatch: `(?m)^\s*[-*•]|\bzzz\b`},
		plan.Rule{Name: "across", About: "no answers", Severity: "warn", NeverMatch: `(?s)Întrebare.*?Răspuns`},
		plan.Rule{Name: "years", About: "the age is the person's", Severity: "fail", Number: `(\d+) de (?:veri|ani(?:, și|\. Atât))`, Field: "age"},
		plan.Rule{Name: "long", About: "the age is the person's", Severity: "fail", Number: `(\d+) de, (?:e, |nu, )+ani`, Field: "age"},
		plan.Rule{Name: "sorry", About: "texts do not refuse", Severity: "fail", Never: []string{"îmi pare rău", "nu pot"}},
	)
	persons := frame.New(p.Schema())
	persons.Resize(0, 2)
	copy(persons.Columns, b.Columns)
	return p, persons
}

// TestHistoryProperty: what a checker says of a text does not depend on the texts,
// persons and fields judged before, by itself or by other checkers of the set.
func TestHistoryProperty(t *testing.T) {
	sentences := []string{
		"Ana locuiește în Vale Nouă. ", "Ion locuiește în Deal, la margine. ", "Ion e căsătorit, are doi copii. ", "El, ca toți, crește meri. ", "Născut la Deal, are 34 ani. ", "Nu e burlac, e căsătorit. ",
		"Are 34 de ani, și o livadă. ", "Are 51 de ani. ", "Atât. ", "Îmi pare rău, nu pot. ", "Îmi pare, rău. ", "Întrebare, da. ", "Întrebare: Răspuns. ", "Răspuns nu este. ", "Грушa, вишня и слива. ",
		"În livada de la marginea satului sunt meri, pruni și peri. ", "Cu vecinii merge la piață, din când în când. ", "Acasă\n- mere\n- pere. ", "A <mărul. de aur> are, ", "{{.x}} și, ",
		"\x07, ", "zzz, ", "zzz", "e ", "căsătorită. ", "nu ", ", ", ". ", "34 ", "de ani", "29 de, e, nu, ani. ", "34 de, ", "e, ", "nu, ", "ani. ", " și", "\xff. ", "Ion-Ana, ", "Vale, ", "Nouă. ", "în ", "ș", strings.Repeat("lung ", 120) + ". ", "?! ", "\n",
	}
	p, persons := garden()
	shared, err := rules.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	story, trees := shared.Column("story"), shared.Column("trees")
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			source := rng.New(uint64(worker), "history").Source()
			c := shared.Checker()
			c.Load(persons)
			var tokens tokenize.Tokenizer
			judge := func(c *rules.Checker, text string, items []string, row int) (out []rules.Fault, chars int) {
				out = append(out, c.Text(story, row, text)...)
				tokens.Read(text)
				if chars = c.Chars; string(c.Tokens().Lower) != string(tokens.Lower) || !slices.Equal(c.Tokens().Words, tokens.Words) {
					t.Errorf("%q: Tokens returns another text", text)
				}
				return append(out, c.List(trees, row, items)...), chars
			}
			broken := map[int]bool{}
			for range 250 {
				text := ""
				for range source.Below(9) {
					text += sentences[source.Below(len(sentences))]
				}
				var items []string
				for range 1 + source.Below(4) {
					items = append(items, sentences[source.Below(6)]+sentences[20+source.Below(8)])
				}
				row := source.Below(2)
				got, chars := judge(c, text, items, row)
				set, _ := rules.Compile(p)
				fresh := set.Checker()
				fresh.Load(persons)
				want, wantChars := judge(fresh, text, items, row)
				if d := cmp.Diff(want, got); d != "" || chars != wantChars {
					t.Errorf("%q, %q, person %d (-fresh +shared):\n%s", text, items, row, d)
					return
				}
				for _, f := range got {
					broken[f.Demand] = true
				}
			}
			for i, d := range shared.Demands {
				if d.Column == story && !broken[i] {
					t.Errorf("got no text that breaks %q", strings.TrimSpace(d.Kind+" "+d.Name))
				}
			}
		})
	}
	wait.Wait()
}
