package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/report"
	"github.com/personagen/personagen/engine/spec"
)

const persons = 1200

// isle returns a small plan: two hues by three zones, an age, a score, a name. All
// values of people follow from the number of the person.
func isle() *plan.Plan {
	zone := []float64{0.5, 0.25, 0.25}
	hue := []float64{2.0 / 3, 1.0 / 3}
	var both []float64
	for _, h := range hue {
		for _, z := range zone {
			both = append(both, h*z)
		}
	}
	ages := make([]float64, 60)
	for i := range ages {
		ages[i] = 1.0 / 60
	}
	green := &kind.Selector{Fields: []string{"hue"}, Slots: []int{2}, Nullable: []bool{false}, Min: []int64{0}, Case: []int32{0, 1}}
	low, high := 0.2, 0.3
	return &plan.Plan{
		Name: "isle", Title: "People of the isle", Description: "An invented isle.", Version: "2", License: "CC0-1.0", Language: "en",
		Hash: "00112233445566778899", Structure: "aabbccddeeff",
		Limitations: []string{"Nobody lives there."},
		Population:  plan.Population{Size: persons, Seed: 1, Where: "age: >=20", Persons: 5000, Wanted: 0.7512},
		Sources:     []spec.Source{{Name: "census", Publisher: "Isle Office", Title: "Count of *all*", Year: 2020, URL: "https://example.org/count"}},
		Fields: []*kind.Field{
			{Name: "id", Kind: "id", Class: kind.Drawn, Type: frame.Text},
			{Name: "hue", Title: "Hue | of the hat", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: []string{"red", "sea_green"}}},
			{Name: "zone", Kind: "category", Class: kind.Fitted, Type: frame.Category, Status: "assumed", Note: "drawn by hand", Domain: &kind.Domain{Labels: []string{"north", "mid", "south"}}},
			{Name: "age", Kind: "integer", Unit: "years", Class: kind.Fitted, Type: frame.Integer, Domain: &kind.Domain{Integer: true, Min: 20, Max: 79}},
			{Name: "score", Kind: "number", Class: kind.Drawn, Type: frame.Number, Decimals: 1},
			{Name: "name", Kind: "template", Class: kind.Drawn, Type: frame.Text},
			{Name: "likes", Kind: "list", Class: kind.Drawn, Type: frame.CategoryList, Domain: &kind.Domain{Labels: []string{"sun", "rain"}}},
			{Name: "story", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 20, Max: 300}}},
			{Name: "skills", Kind: "text_list", Class: kind.Written, Type: frame.TextList, Nullable: true, When: green, WhenText: `hue: "sea_green"`, Text: &kind.TextSpec{Chars: kind.Length{Min: 3, Max: 30}, Items: &kind.Length{Min: 1, Max: 3}}},
			{Name: "origin", Kind: "text_source", Class: kind.Written, Type: frame.Text, Nullable: true},
		},
		Rules: []plan.Rule{{Name: "age", About: "the age is the person's", Severity: "warn", Number: `aged (\d+)`, Field: "age"}},
		Tables: []plan.Table{
			{
				Name: "hats", Role: "margin", Fields: []string{"hue"}, Labels: [][]string{{"red", "sea_green"}}, Source: "census", Year: 2020, Status: "official",
				Published: []float64{0.67, 0.33}, Reconciled: []float64{2.0 / 3, 1.0 / 3}, Fitted: []float64{2.0 / 3, 1.0 / 3}, Mass: []float64{1}, Moved: 0.0033, MovedPersons: 16.7, WorstCell: "hue red", TVD: 2e-11, Expected: 0,
			},
			{
				Name: "hats_by_zone", Role: "pattern", Fields: []string{"hue", "zone"}, Labels: [][]string{{"red", "sea_green"}, {"north", "mid", "south"}},
				Status: "modelled", Note: "an older count", Published: both, Reconciled: both, Fitted: append([]float64{both[0] + 0.01, both[1] - 0.01}, both[2:]...), Mass: []float64{1}, TVD: 0.01, Expected: 3,
			},
		},
		Expected: []plan.Expected{
			{Name: "hue", Origin: "margin", Fields: []string{"hue"}, Slots: []int{2}, Share: hue, Rank: 1},
			{Name: "zone", Origin: "margin", Fields: []string{"zone"}, Slots: []int{3}, Share: zone, Rank: 1},
			{Name: "age", Origin: "margin", Fields: []string{"age"}, Slots: []int{60}, Share: ages, Rank: 1},
			{Name: "hats_by_zone", Origin: "table", Table: "hats_by_zone", Fields: []string{"hue", "zone"}, Slots: []int{2, 3}, Share: both, Rank: 2},
		},
		Impossible:  []plan.Impossible{{Text: `{hue: "none"}`, Selector: &kind.Selector{Fields: []string{"hue"}, Slots: []int{2}, Nullable: []bool{false}, Min: []int64{0}, Case: []int32{0, 0}}}},
		Checks:      []plan.Limit{{Name: "few_green", Severity: "warn", Where: green, AtLeast: &low, AtMost: &high}},
		Independent: []plan.Independence{{Fields: [2]string{"hue", "zone"}}},
	}
}

func people(p *plan.Plan) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(0, persons)
	b.Columns[8].Null = make([]bool, persons)
	for r := range persons {
		b.Columns[0].Texts[r] = fmt.Sprint("id", r)
		b.Columns[1].Codes[r] = []int32{0, 0, 1}[r%3]
		b.Columns[2].Codes[r] = []int32{0, 0, 1, 2}[r/3%4]
		b.Columns[3].Ints[r] = int64(20 + r/20)
		b.Columns[4].Floats[r] = float64(r%1000) / 10
		b.Columns[5].Texts[r] = fmt.Sprint("Name ", r)
		b.Columns[6].Offsets[r+1] = b.Columns[6].Offsets[r] + int32(r%2)
		for range r % 2 {
			b.Columns[6].Codes = append(b.Columns[6].Codes, int32(r%4/3))
		}
		b.Columns[7].Texts[r] = story(r)
		if b.Columns[8].Null[r] = r%3 != 2; r%3 == 2 {
			b.Columns[8].Texts = append(b.Columns[8].Texts, fmt.Sprint("skill number ", r), "rowing")[:len(b.Columns[8].Texts)+1+r%2]
		}
		b.Columns[8].Offsets[r+1] = int32(len(b.Columns[8].Texts))
		b.Columns[9].Texts[r] = "offline"
	}
	return b
}

// story returns the text of person r: words chosen by the digits of a number that
// is different for each person.
func story(r int) string {
	words := []string{"river", "stone", "the", "old", "boat", "keeps", "a", "lamp", "for", "winter"}
	text := fmt.Sprintf("Name %d, aged %d:", r, 20+r/20)
	for k, n := 0, r*7919+1; k < 24; k++ {
		text += " " + words[n%10] + words[n/10%10]
		n = (n*48271 + 11) % 2147483647
	}
	return text
}

func result(t *testing.T, p *plan.Plan, o check.Options, spoil func(*frame.Batch)) *check.Result {
	t.Helper()
	o.TempDir = t.TempDir()
	s := check.New(p, o)
	defer s.Close()
	tally, b := s.NewTally(), people(p)
	if spoil != nil {
		spoil(b)
	}
	tally.Add(b)
	r, err := s.Result(tally)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var facts = report.Facts{Size: persons, Seed: 1, Sampling: check.Quota, Version: "test"}

// golden compares got with a file of testdata, which UPDATE=1 rewrites.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

func TestGolden(t *testing.T) {
	p := isle()
	listed := []check.Exception{{Expected: 3, Cell: 1, Persons: 2.5, Reason: "no whole persons fit"}}
	s := report.New(p, result(t, p, check.Options{Exceptions: listed}, nil), facts)
	var md bytes.Buffer
	if err := s.Markdown(&md); err != nil {
		t.Fatal(err)
	}
	golden(t, "stats.md", md.Bytes())
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "stats.json", append(data, '\n'))
}

func TestText(t *testing.T) {
	p := isle()
	var good, bad, coloured bytes.Buffer
	spoilt := result(t, p, check.Options{}, func(b *frame.Batch) {
		b.Columns[1].Codes[5] = -2
		b.Columns[0].Texts[7] = "id3"
		b.Columns[7].Texts[3] = ""
		b.Columns[7].Texts[4] += " In those days he was aged 3."
	})
	for _, c := range []struct {
		w      *bytes.Buffer
		r      *check.Result
		colour bool
	}{{&good, result(t, p, check.Options{}, nil), false}, {&bad, spoilt, false}, {&coloured, spoilt, true}} {
		if err := report.WriteText(c.w, c.r, c.colour); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "good.txt", good.Bytes())
	golden(t, "bad.txt", bad.Bytes())
	plain := coloured.String()
	for _, code := range []string{"31", "32", "33", "0"} {
		plain = strings.ReplaceAll(plain, "\x1b["+code+"m", "")
	}
	if plain != bad.String() || coloured.Len() == bad.Len() {
		t.Error("without its colour codes, coloured output differs from plain output")
	}
}

// The statistics of part of a population say which part it is.
func TestPart(t *testing.T) {
	p := isle()
	f := facts
	f.Size, f.First = 10*persons, 2400
	s := report.New(p, result(t, p, check.Options{Total: 10 * persons, First: 2400}, func(b *frame.Batch) { b.First = 2400 }), f)
	var md bytes.Buffer
	if err := s.Markdown(&md); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1,200 persons (numbers 2,400 to 3,599 of 12,000)", "in any of the 10 parts of the population"} {
		if !strings.Contains(md.String(), want) {
			t.Errorf("stats.md lacks %q", want)
		}
	}
}

// The head states the share of model-written texts.
func TestWhoWrote(t *testing.T) {
	p := isle()
	for _, c := range []struct {
		spoil func(b *frame.Batch)
		want  string
	}{
		{nil, "**Texts:** 1,600 texts, model-written 0 %."},
		{func(b *frame.Batch) { b.Columns[9].Texts[0] = "parrot-7b" }, "**Texts:** 1,600 texts, model-written 0.06 %."},
		{func(b *frame.Batch) {
			b.Columns[7].Null, b.Columns[8].Null = make([]bool, persons), make([]bool, persons)
			for r := range persons {
				b.Columns[7].Null[r], b.Columns[8].Null[r] = true, true
			}
		}, "**Texts:** no texts."},
	} {
		var md bytes.Buffer
		if err := report.New(p, result(t, p, check.Options{}, c.spoil), facts).Markdown(&md); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(md.String(), c.want) {
			t.Errorf("stats.md lacks %q", c.want)
		}
	}
}

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"a|b":          `a\|b`,
		"*x* _y_ `z`":  "\\*x\\* \\_y\\_ \\`z\\`",
		"<b>[u](v)\n#": `\<b\>\[u\](v) \#`,
		"plain ș ț":    "plain ș ț",
	} {
		if got := report.Escape(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWriteError(t *testing.T) {
	p := isle()
	r := result(t, p, check.Options{}, nil)
	if report.New(p, r, facts).Markdown(broken{}) == nil || report.WriteText(broken{}, r, false) == nil {
		t.Error("the error of the writer was not returned")
	}
}

func ExampleWriteText() {
	r := &check.Result{Outcomes: []check.Outcome{
		{ID: "rows", Kind: check.KindRows, Status: check.Pass, Message: "500 persons"},
		{ID: "impossible.1", Kind: check.KindImpossible, Name: `{age: <16, guild: "smith"}`, Status: check.Fail, Message: "2 persons meet it, expected none (first: person 17)"},
		{ID: "margin.hue", Kind: check.KindTable, Status: check.Pass, Table: &check.TableNumbers{Persons: -0.4}},
	}}
	if err := report.WriteText(os.Stdout, r, false); err != nil {
		fmt.Println(err)
	}
	// Output:
	// fail  impossible.1 {age: <16, guild: "smith"}: 2 persons meet it, expected none (first: person 17)
	// pass  1 number of persons
	// pass  1 table or margin, at most 0.40 persons off target
}
