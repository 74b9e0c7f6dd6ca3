package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Expressions like those of specs.
const (
	opening   = "(?:^|[.!?] )(?:Născut|Căsătorit|Pasionat|Crescut|Stabilit|Angajat|Pensionat|Licențiat|Absolvent|Văduv|Divorțat|Originar|Mândru|Priceput|Pensionar|El)[ ,]"
	prose     = "(?m)^\\s*(?:[-*•–]|\\d+[.)]|#+) |\\*\\*|```|\\{\\{|\\}\\}|<[a-z]"
	cedilla   = "[şţŞŢ]"
	languages = `\p{Cyrillic}{4,}|(?i:\b(?:and the|of the|in the|with the)\b)`
	years     = "(?:[Aa]re|[Aa]vând|[Vv]ârst[ăa] de|bărbat de|femeie de|[Ll]a cei) (\\d{1,3}) (?:de )?ani(?:[.,;:!?]|$| și | din )"
)

// BenchmarkExpressions judges the twelve texts of a person, 9 KB, one of which
// mentions the age.
func BenchmarkExpressions(b *testing.B) {
	p := &plan.Plan{Fields: []*kind.Field{
		{Name: "age", Type: frame.Integer, Domain: &kind.Domain{Integer: true, Max: 99}},
		{Name: "story", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 1, Max: 2000}}},
	}}
	for _, expression := range []string{opening, prose, cedilla, languages} {
		p.Rules = append(p.Rules, plan.Rule{Name: expression, Severity: "fail", NeverMatch: expression})
	}
	p.Rules = append(p.Rules, plan.Rule{Name: "years", Severity: "fail", Number: years, Field: "age"})
	batch := frame.New(p.Schema())
	batch.Resize(0, 1)
	batch.Columns[0].Ints[0] = 34
	s, err := Compile(p)
	if err != nil {
		b.Fatal(err)
	}
	c := s.Checker()
	c.Load(batch)
	text := strings.Repeat("Anii de școală i-au lăsat multe amintiri, iar vara pleca la țară cu toți ai casei; în 1998 s-a întors. ", 7)
	withAge := "Ana are 34 de ani și locuiește la țară. " + text
	b.SetBytes(int64(len(withAge) + 11*len(text)))
	b.ReportAllocs()
	for b.Loop() {
		for i := range 12 {
			judged := text
			if i == 0 {
				judged = withAge
			}
			if faults := c.Text(1, 0, judged); len(faults) > 0 {
				b.Fatal(faults)
			}
		}
	}
}

// tried are expressions of many kinds, with those above.
var tried = []string{
	opening, prose, cedilla, languages, years,
	`(\d+) years old`, `(\d+)`, `(?i)works at [A-Z]\w+ (Ltd|Inc)`, `(?m)^\s*[-*•]`, `(?m)are$`, `^are`, `ani$`, `\Aare|ani\z`,
	`\bani\b`, `\Bani`, `are\B`, `(?i)k+`, `(?i:ß|s)e`, `[^a]`, `[^\n]{3}`, `.`, `(?s).*`, `(?s)a.*?i`, `a*`, `\b`, `^`, `$`, `(?m)^$`, `(?m)$\n^`, ``,
	`(a|ar|are)(e?)( \d)?`, `(?:are|a) (\d)|re (\d\d)`, `(\d)(?:are)??(x)?`, `\x{FFFD}`, `\pL+`, `[[:upper:]]\pL{2,4}`, `x{0}`, `[^\x00-\x{10FFFF}]`,
	`(a)(?:b|are )*`, `(\d{2,3}?)`, `(?U)(\d+)`, `\QEl,`, `(\w+) (\w+)`, `(?:\d|^)(a)`, `(?m)(?:^|x)(\s*)a|([.!?]) `, `(\*)+|-`,
}

// scraps are the parts of random texts.
var scraps = []string{
	"are ", "Are", "având ", "34", "7", "a", "b", "x", "K", "\u212a", "ß", "ſe", " de", " ani", "ani", " și ", ".", ", ", "! ", " ", "\n", "\n\n", "El,", " El ",
	"Născut ", "**", "- ", "• ", "1) ", "# ", "{{", "<a", "ş", "Ж", "ЖЖЖЖ", "and the", "OF THE ", " years old", "works at Acme Ltd", "\xff", "\xe2\x80", "\x80", "\xc8", "\ufffd", "中", "😀", "_", "e\u0301", "",
}

func matcherOf(t testing.TB, texts []string) *matcher {
	t.Helper()
	var x expressions
	for _, text := range texts {
		if _, err := x.add(text, true); err != nil {
			t.Fatal(err)
		}
	}
	x.build()
	return x.matcher()
}

// compareWithRegexp compares what a matcher finds with what regexp finds.
func compareWithRegexp(t *testing.T, m *matcher, expressions []string, text string) {
	t.Helper()
	m.read(text)
	for e, expression := range expressions {
		re := m.expressions[e].Regexp
		if got, want := m.first(e, text), re.FindStringIndex(text); !slices.Equal(got, want) {
			t.Fatalf("%q in %q: got first %v, want %v", expression, text, got, want)
		}
		if got, want := m.all(e, text), re.FindAllStringSubmatchIndex(text, -1); !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("%q in %q: got all %v, want %v", expression, text, got, want)
		}
		if m.readings[e/perProgram].exact && m.possible(e) != re.MatchString(text) {
			t.Fatalf("%q in %q: got possible %t, want %t", expression, text, m.possible(e), re.MatchString(text))
		}
	}
}

// TestMatcherProperty compares all expressions together, and each alone, with
// regexp on random texts.
func TestMatcherProperty(t *testing.T) {
	together := matcherOf(t, tried)
	var single []*matcher
	for _, expression := range tried {
		single = append(single, matcherOf(t, []string{expression}))
	}
	many := slices.Concat(tried, tried) // more than one program
	groups := matcherOf(t, many)
	source := rng.New(1, "expressions").Source()
	exact := 0
	for n := range 4000 {
		text := ""
		for range source.Below(2 + n%24) {
			text += scraps[source.Below(len(scraps))]
		}
		compareWithRegexp(t, together, tried, text)
		if together.readings[0].exact {
			exact++
		}
		e := n % len(tried)
		compareWithRegexp(t, single[e], tried[e:e+1], text)
		if n%20 == 0 {
			compareWithRegexp(t, groups, many, text)
		}
	}
	for e, m := range single {
		if !m.readings[0].exact {
			t.Errorf("%q needs too many states", tried[e])
		}
	}
	if exact == 0 {
		t.Error("got no text that the automaton of all expressions could follow")
	}
}

// TestMatcherFull: an expression that needs 2^20 states runs without the
// automaton.
func TestMatcherFull(t *testing.T) {
	expressions := []string{`a[ab]{20}x`, `(b)x`}
	m := matcherOf(t, expressions)
	source := rng.New(1, "full").Source()
	text := []byte{}
	for range 300_000 {
		text = append(text, "ab"[source.Below(2)])
	}
	text = append(text, "bx"...)
	m.read(string(text))
	if m.readings[0].exact {
		t.Fatalf("got an automaton of %d states that is not full", len(m.readings[0].states))
	}
	compareWithRegexp(t, m, expressions, string(text[len(text)-40:]))
}

// FuzzMatcher compares any expression on any text with regexp.
func FuzzMatcher(f *testing.F) {
	for i, expression := range tried {
		f.Add(expression, scraps[i%len(scraps)]+" are 34 de ani. El, "+scraps[(i*7)%len(scraps)])
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		if _, err := regexp.Compile(expression); err != nil || len(expression) > 100 || len(text) > 1000 {
			t.Skip()
		}
		expressions := []string{expression, years}
		compareWithRegexp(t, matcherOf(t, expressions), expressions, text)
	})
}
