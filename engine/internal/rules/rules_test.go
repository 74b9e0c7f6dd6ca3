package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rules"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// guild is a plan with two texts and a list; a rule about forms concerns persons
// of hue 0. Person 0 is Ana of hue 0, aged 34, in Vale Lungă; person 1 is Ion of
// hue 1, aged 51, in no zone.
func guild() (*plan.Plan, *frame.Batch) {
	hue := func(code int) *kind.Selector {
		s := &kind.Selector{Fields: []string{"hue"}, Slots: []int{2}, Nullable: []bool{false}, Min: []int64{0}, Case: []int32{0, 0}}
		s.Case[code] = 1
		return s
	}
	p := &plan.Plan{
		Fields: []*kind.Field{
			{Name: "hue", Type: frame.Category, Domain: &kind.Domain{Labels: []string{"red", "blue"}}},
			{Name: "age", Type: frame.Integer, Domain: &kind.Domain{Integer: true, Max: 99}},
			{Name: "zone", Type: frame.Category, Nullable: true, Domain: &kind.Domain{Labels: []string{"Vale Lungă"}}},
			{Name: "given_name", Type: frame.Text},
			{Name: "story", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 20, Max: 200}, Mentions: []string{"given_name", "zone"}}},
			{Name: "plans", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 1, Max: 1000}, Except: []string{"signs"}}},
			{Name: "skills", Kind: "text_list", Class: kind.Written, Type: frame.TextList, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 3, Max: 20}, Items: &kind.Length{Min: 2, Max: 3}}},
		},
		Rules: []plan.Rule{
			{Name: "form", About: "the form for red is taught", Severity: "fail", When: hue(0), Never: []string{"învățat el", "Domnul"}},
			{Name: "refusal", About: "texts do not refuse", Severity: "fail", Never: []string{"as an AI", "sorry"}},
			{Name: "signs", About: "no list markers", Severity: "warn", NeverMatch: `(?m)^\s*[-*•]`},
			{Name: "works", About: "no invented works", Severity: "note", NeverMatch: `(?i)works at [A-Z]\w+ (Ltd|Inc)`, Fields: []string{"story"}},
			{Name: "age", About: "the age is the person's", Severity: "fail", Number: `(\d+) years old`, Field: "age"},
		},
	}
	b := frame.New(p.Schema())
	b.Resize(100, 2)
	copy(b.Columns[0].Codes, []int32{0, 1})
	copy(b.Columns[1].Ints, []int64{34, 51})
	copy(b.Columns[2].Codes, []int32{0, -1})
	copy(b.Columns[3].Texts, []string{"Ana", "Ion"})
	return p, b
}

func compiled(t testing.TB, of func() (*plan.Plan, *frame.Batch)) (*rules.Set, *rules.Checker) {
	t.Helper()
	p, b := of()
	s, err := rules.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Checker()
	c.Load(b)
	return s, c
}

// names returns the demands that are not met.
func names(s *rules.Set, faults []rules.Fault) []string {
	var out []string
	for _, f := range faults {
		d := s.Demands[f.Demand]
		out = append(out, strings.TrimSuffix(d.Kind+" "+d.Name, " "))
	}
	slices.Sort(out)
	return out
}

const fine = "Ana grew up in Vale Lungă and is 34 years old."

func TestText(t *testing.T) {
	s, c := compiled(t, guild)
	long := strings.Repeat("a word and another, ", 40)
	for _, test := range []struct {
		name, field string
		row         int
		text        string
		want        []string
	}{
		{"right", "story", 0, fine, nil},
		{"in other case, with an ending", "story", 0, "ANEI, ANAEI: VALE LUNGĂI is home.", nil},
		{"empty", "story", 0, "", []string{"empty"}},
		{"white space", "story", 0, " \n\t ", []string{"empty"}},
		{"only punctuation", "story", 0, "... !!", []string{"empty"}},
		{"short, in characters", "story", 1, "Ion ăăăăăăăăăăăăăă", []string{"length"}},
		{"long enough, in characters", "story", 1, "Ion ăăăăăăăăăăăăăăăă", nil},
		{"long", "story", 1, "Ion " + long, []string{"length"}},
		{"name missing", "story", 0, "She grew up in Vale Lungă and liked it.", []string{"mention given_name"}},
		{"name inside a word", "story", 0, "A banana grew up in Vale Lungă and liked it.", []string{"mention given_name"}},
		{"place missing", "story", 0, "Ana grew up in Vale Scurtă and liked it.", []string{"mention zone"}},
		{"no place to mention", "story", 1, "Ion grew up somewhere and liked it.", nil},
		{"another age", "plans", 0, "At 43 years old she rests.", []string{"rule age"}},
		{"the right age and another", "plans", 0, "Being 34 years old, she is not 35 years old.", []string{"rule age"}},
		{"the age far into the text", "plans", 1, strings.Repeat("7 words are here. ", 20) + "He is 50 years old.", []string{"rule age"}},
		{"a number of other things", "plans", 0, "She has 3 goats for 12 years.", nil},
		{"form of the other hue", "plans", 0, "Acolo a învățat El multe.", []string{"rule form"}},
		{"form of the person's hue", "plans", 1, "Acolo a învățat el multe.", nil},
		{"words of a phrase apart", "plans", 0, "Acolo a învățat. El pleacă.", nil},
		{"part of a word", "plans", 0, "Domnului i se spune domn.", nil},
		{"first letter in upper case", "plans", 0, "DOMNUL acela.", []string{"rule form"}},
		{"refusal", "plans", 1, "I am sorry, as an AI I cannot.", []string{"rule refusal"}},
		{"refusal across a hyphen and quotes", "plans", 1, "Well, \"as\" an-AI.", []string{"rule refusal"}},
		{"list markers", "story", 1, "Ion likes:\n - goats and\n - hens", []string{"rule signs"}},
		{"list marker at the start", "story", 1, "* Ion likes goats and hens", []string{"rule signs"}},
		{"a hyphen in a line", "story", 1, "Ion likes well-kept goats - and hens.", nil},
		{"list markers where the rule does not apply", "plans", 1, "- goats", nil},
		{"invented works", "story", 1, "Ion works at Acme Ltd with all his friends.", []string{"rule works"}},
		{"invented works elsewhere", "plans", 1, "Ion works at Acme Ltd.", nil},
		{"invalid UTF-8", "plans", 0, "She likes \xff goats.", []string{"unprintable"}},
		{"control character", "plans", 0, "She likes \x07 goats.", []string{"unprintable"}},
		{"lines", "plans", 0, "She likes\ngoats.", nil},
		{"braces", "plans", 0, "She likes {{ .animal }}.", []string{"mark"}},
		{"a reference to a bank", "plans", 0, "She likes <animals>.", []string{"mark"}},
		{"no value", "plans", 0, "She likes <no value>.", []string{"mark"}},
		{"less than", "plans", 0, "She has < 3 goats, a<b, and 5 > 2.", nil},
		{"several", "plans", 0, "{Sorry, 9 years old.", []string{"mark", "rule age", "rule refusal"}},
	} {
		faults := c.Text(s.Column(test.field), test.row, test.text)
		if got := names(s, faults); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		for _, f := range faults {
			if f.Reason == "" || utf8.RuneCountInString(f.Snippet) > rules.MostSnippet || !utf8.ValidString(f.Snippet) {
				t.Errorf("%s: got reason %q, snippet %q", test.name, f.Reason, f.Snippet)
			}
		}
	}
}

func TestList(t *testing.T) {
	s, c := compiled(t, guild)
	for _, test := range []struct {
		name  string
		items []string
		want  []string
	}{
		{"right", []string{"baking bread", "keeping goats"}, nil},
		{"too few", []string{"baking bread"}, []string{"items"}},
		{"none", nil, []string{"items"}},
		{"too many", []string{"one goat", "two goats", "three goats", "four goats"}, []string{"items"}},
		{"twice", []string{"Baking  bread", "keeping goats", "baking bread"}, []string{"repeated"}},
		{"an empty one", []string{"baking bread", " "}, []string{"empty"}},
		{"a long and a short one", []string{"baking bread in the old way", "go"}, []string{"length"}},
		{"a refusal", []string{"baking bread", "sorry"}, []string{"rule refusal"}},
		{"a mark", []string{"baking bread", "{skill}"}, []string{"mark"}},
	} {
		if got := names(s, c.List(s.Column("skills"), 0, test.items)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, test := range []struct {
		rule plan.Rule
		want string
	}{
		{plan.Rule{Name: "r", NeverMatch: "("}, "missing closing"},
		{plan.Rule{Name: "r", Number: `\d+`, Field: "age"}, "no group"},
		{plan.Rule{Name: "r", Number: `(\d+)`, Field: "weight"}, `no field is called "weight"`},
		{plan.Rule{Name: "r", Never: []string{"--"}}, "no word"},
	} {
		p, _ := guild()
		p.Rules = []plan.Rule{test.rule}
		if _, err := rules.Compile(p); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), `rule "r"`) {
			t.Errorf("%+v: got %v, want %q", test.rule, err, test.want)
		}
	}
}

func TestColumn(t *testing.T) {
	s, _ := compiled(t, guild)
	for name, want := range map[string]int{"story": 4, "skills": 6, "hue": -1, "nothing": -1} {
		if got := s.Column(name); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}

// FuzzText judges any text: faults have valid snippets, words have valid
// positions.
func FuzzText(f *testing.F) {
	for _, text := range []string{fine, "", "\xff{{<a>", "- sorry 9 years old", "ĂÎȘ\u0301\u0301<", strings.Repeat("34 years old ", 30)} {
		f.Add(text)
	}
	s, c := compiled(f, guild)
	f.Fuzz(func(t *testing.T, text string) {
		for _, field := range []string{"story", "plans"} {
			for _, fault := range c.Text(s.Column(field), 0, text) {
				if utf8.RuneCountInString(fault.Snippet) > rules.MostSnippet || !utf8.ValidString(fault.Snippet) {
					t.Errorf("got snippet %q", fault.Snippet)
				}
			}
			if c.Chars != utf8.RuneCountInString(text) {
				t.Errorf("got %d characters, want %d", c.Chars, utf8.RuneCountInString(text))
			}
			for _, w := range c.Tokens().Words {
				if w.From >= w.To || int(w.To) > len(text) {
					t.Errorf("got word %+v outside the text", w)
				}
			}
		}
		c.List(s.Column("skills"), 1, strings.Split(text, " "))
	})
}

func ExampleChecker_Text() {
	p, persons := guild()
	set, err := rules.Compile(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	c := set.Checker() // one per goroutine
	c.Load(persons)
	for _, fault := range c.Text(set.Column("story"), 0, "Ana is 33 years old and lives far away.") {
		fmt.Println(fault.Reason)
	}
	// Output:
	// it says "33" where age is 34: the age is the person's
	// it must mention zone, which is "Vale Lungă"
}

// BenchmarkText judges a text of 1.2 KB by 200 phrases, two expressions and a
// number.
func BenchmarkText(b *testing.B) {
	p, persons := guild()
	for i := range 200 {
		p.Rules[0].Never = append(p.Rules[0].Never, fmt.Sprintf("vorbă%d ceva", i), fmt.Sprintf("altă%dvorbă", i))
	}
	s, err := rules.Compile(p)
	if err != nil {
		b.Fatal(err)
	}
	c := s.Checker()
	c.Load(persons)
	text := strings.Repeat("Anii de școală i-au lăsat multe amintiri, iar vara pleca la țară cu toți ai casei. ", 13) + "Ana is 34 years old, in Vale Lungă since 1998."
	column := s.Column("plans")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if faults := c.Text(column, 0, text); len(faults) > 1 {
			b.Fatal(faults)
		}
	}
}
