package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/internal/similarity"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// Columns of the village.
const (
	vHue = iota
	vAge
	vPlace
	vName
	vStory
	vPlans
	vSkills
	vSource
)

// village is a plan with a list and two texts, one of them (plans) for persons of hue h0
// only.
func village() *plan.Plan {
	hue := func(code int) *kind.Selector {
		s := &kind.Selector{Fields: []string{"hue"}, Slots: []int{2}, Nullable: []bool{false}, Min: []int64{0}, Case: []int32{0, 0}}
		s.Case[code] = 1
		return s
	}
	return &plan.Plan{
		Name: "village", Population: plan.Population{Seed: 7}, Roles: map[string]string{"given_name": "given_name", "place": "place"},
		Fields: []*kind.Field{
			{Name: "hue", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: labels("h", 2)}},
			{Name: "age", Kind: "integer", Class: kind.Fitted, Type: frame.Integer, Domain: &kind.Domain{Integer: true, Max: 99}},
			{Name: "place", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: []string{"Upper Mill", "Lower Mill", "Bridge"}}},
			{Name: "given_name", Kind: "template", Class: kind.Drawn, Type: frame.Text},
			{Name: "story", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 200, Max: 2000}, Mentions: []string{"given_name", "place"}}},
			{Name: "plans", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, When: hue(0), WhenText: `hue: "h0"`, Text: &kind.TextSpec{Chars: kind.Length{Min: 100, Max: 2000}}},
			{Name: "skills", Kind: "text_list", Class: kind.Written, Type: frame.TextList, Nullable: true, Text: &kind.TextSpec{Chars: kind.Length{Min: 3, Max: 60}, Items: &kind.Length{Min: 2, Max: 4}}},
			{Name: "origin", Kind: "text_source", Class: kind.Written, Type: frame.Text, Nullable: true},
		},
		Rules: []plan.Rule{
			{Name: "age", About: "the age is the person's", Severity: Fail, Number: `aged (\d+)`, Field: "age"},
			{Name: "form", About: "persons of h0 are she", Severity: Fail, When: hue(0), Never: []string{"he said"}},
			{Name: "tone", About: "nothing is very special", Severity: Warn, NeverMatch: "(?i)very special"},
		},
	}
}

var givenNames = []string{"Anna", "Borin", "Celia", "Dorn", "Edda"}

// proseOf draws so many words from a vocabulary of 3,000 without names.
func proseOf(stream string, person int64, words int) string {
	var b strings.Builder
	s := rng.New(uint64(person), stream).Source()
	for k := range words {
		if k > 0 {
			b.WriteByte(" \n"[k%37/36])
		}
		v := s.Below(3000)
		for range 3 {
			b.WriteString([]string{"ka", "lo", "mi", "ru", "ve", "zo", "ța", "și", "no", "pu", "fe", "ga", "hi", "je", "do"}[v%15])
			v /= 15
		}
	}
	return b.String()
}

// villagers makes n persons from number first on, with texts of so many words.
func villagers(p *plan.Plan, first int64, n, words int) *frame.Batch {
	b := frame.New(p.Schema())
	b.Resize(first, n)
	b.Columns[vPlans].Null = make([]bool, n)
	for r := range n {
		i := first + int64(r)
		hue, age, place, name := int32(i%2), 18+i%70, int32(i/2%3), givenNames[i%5]
		b.Columns[vHue].Codes[r], b.Columns[vAge].Ints[r], b.Columns[vPlace].Codes[r], b.Columns[vName].Texts[r] = hue, age, place, name
		b.Columns[vStory].Texts[r] = fmt.Sprintf("%s, %s of %s, aged %d. %s", proseOf("opening", i, 6), name, p.Fields[vPlace].Domain.Labels[place], age, proseOf("story", i, words))
		b.Columns[vPlans].Null[r] = hue != 0
		if hue == 0 {
			b.Columns[vPlans].Texts[r] = proseOf("plans", i, words)
		}
		for k := range 2 + i%3 {
			b.Columns[vSkills].Texts = append(b.Columns[vSkills].Texts, proseOf(fmt.Sprint("skill", k), i, 3))
		}
		b.Columns[vSkills].Offsets[r+1] = int32(len(b.Columns[vSkills].Texts))
		b.Columns[vSource].Texts[r] = "offline"
	}
	return b
}

// status lists the outcomes about texts that are not pass or skip, with the persons of
// each.
func status(r *Result) map[string]string {
	out := map[string]string{}
	for _, o := range r.Outcomes {
		if o.Status != Pass && o.Status != Skip && o.Kind != KindPersons { // the village has few fields
			out[o.ID] = fmt.Sprintf("%s %d", o.Status, o.Persons)
		}
	}
	return out
}

// TestTextMutations spoils right texts in one way at a time.
func TestTextMutations(t *testing.T) {
	const n = 2000
	p := village()
	ten := func(spoil func(b *frame.Batch, r int)) func(*frame.Batch) {
		return func(b *frame.Batch) {
			for k := range 10 {
				spoil(b, 100*k) // all of hue h0
			}
		}
	}
	replace := func(column int, old, new string) func(*frame.Batch) {
		return ten(func(b *frame.Batch, r int) {
			text := &b.Columns[column].Texts[r]
			changed := strings.ReplaceAll(*text, old, new)
			if changed == *text {
				panic("nothing to replace")
			}
			*text = changed
		})
	}
	for _, test := range []struct {
		name  string
		spoil func(b *frame.Batch)
		want  map[string]string
	}{
		{"right", func(*frame.Batch) {}, map[string]string{}},
		{"ten empty", ten(func(b *frame.Batch, r int) { b.Columns[vStory].Texts[r] = "" }), map[string]string{"text.story": "fail 10"}},
		{"ten of white space", ten(func(b *frame.Batch, r int) { b.Columns[vPlans].Texts[r] = " \n " }), map[string]string{"text.plans": "fail 10"}},
		{"ten missing", ten(func(b *frame.Batch, r int) {
			if b.Columns[vStory].Null == nil {
				b.Columns[vStory].Null = make([]bool, b.N)
			}
			b.Columns[vStory].Null[r] = true
		}), map[string]string{"written.story": "fail 10"}},
		{"one missing", func(b *frame.Batch) { b.Columns[vPlans].Null[4] = true }, map[string]string{"written.plans": "warn 1"}},
		{"one too many", func(b *frame.Batch) {
			b.Columns[vPlans].Null[5], b.Columns[vPlans].Texts[5] = false, proseOf("plans", 5, 80)
		}, map[string]string{"written.plans": "fail 1"}},
		{"nothing requested", func(b *frame.Batch) {
			for r := range b.N {
				b.Columns[vPlans].Null[r] = true
			}
		}, map[string]string{"written.plans": "note 0"}},
		{"a wrong age in ten", replace(vStory, "aged ", "aged 9"), map[string]string{"rule.age": "fail 10"}},
		{"the wrong form in ten", ten(func(b *frame.Batch, r int) { b.Columns[vPlans].Texts[r] += " so He said" }), map[string]string{"rule.form": "fail 10"}},
		{"the form where it is right", func(b *frame.Batch) { b.Columns[vStory].Texts[1] += " so he said" }, map[string]string{}},
		{"a rule that only warns", func(b *frame.Batch) { b.Columns[vStory].Texts[1] += " Very special." }, map[string]string{"rule.tone": "warn 1"}},
		{"a name missing in ten", func(b *frame.Batch) { replace(vStory, givenNames[0], "Someone")(b) }, map[string]string{"text.story": "fail 10"}},
		{"too short", func(b *frame.Batch) { b.Columns[vPlans].Texts[0] = "short" }, map[string]string{"text.plans": "fail 1"}},
		{"a template mark", func(b *frame.Batch) { b.Columns[vPlans].Texts[0] += " {name}" }, map[string]string{"text.plans": "fail 1"}},
		{"a control character", func(b *frame.Batch) { b.Columns[vPlans].Texts[0] += "\x00" }, map[string]string{"text.plans": "fail 1"}},
		{"items repeated in ten", ten(func(b *frame.Batch, r int) {
			at := b.Columns[vSkills].Offsets[r]
			b.Columns[vSkills].Texts[at] = b.Columns[vSkills].Texts[at+1]
		}), map[string]string{"text.skills": "fail 10"}},
		{"texts of 1 % of persons repeated", func(b *frame.Batch) {
			for k := range 20 { // of persons of the same name and place
				r := 30 * (k + 1)
				b.Columns[vPlans].Texts[r] = b.Columns[vPlans].Texts[0]
			}
		}, map[string]string{"alike.plans": "warn 20", "openings.plans": "warn 0"}},
		{"texts that differ in name, place and number only", func(b *frame.Batch) {
			tail := proseOf("story", 0, 120)
			for k := range 10 {
				r := 100*k + k
				b.Columns[vStory].Texts[r] = fmt.Sprintf("%s of %s, aged %d, %s", b.Columns[vName].Texts[r], p.Fields[vPlace].Domain.Labels[b.Columns[vPlace].Codes[r]], b.Columns[vAge].Ints[r], tail)
			}
		}, map[string]string{"alike.story": "warn 9"}},
		{"the same opening", func(b *frame.Batch) {
			for r := 0; r < b.N; r += 4 {
				b.Columns[vPlans].Texts[r] = "there once was a person of the mill " + b.Columns[vPlans].Texts[r]
			}
		}, map[string]string{"openings.plans": "warn 0"}},
		{"ten without a source", ten(func(b *frame.Batch, r int) { b.Columns[vSource].Texts[r] = "" }), map[string]string{"source.origin": "fail 10"}},
		{"a source that is not JSON", func(b *frame.Batch) { b.Columns[vSource].Texts[0] = `{"story":` }, map[string]string{"source.origin": "fail 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := villagers(p, 0, n, 60)
			test.spoil(b)
			r := judge(t, p, Options{Rows: n}, 1, []*frame.Batch{b})
			if d := cmp.Diff(test.want, status(r)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestTextExamples: an outcome shows which texts are wrong, and where.
func TestTextExamples(t *testing.T) {
	p := village()
	b := villagers(p, 40, 200, 60)
	for _, r := range []int{70, 10, 30} {
		b.Columns[vStory].Texts[r] += " She was aged 5 then."
	}
	for _, o := range judge(t, p, Options{}, 1, []*frame.Batch{b}).Outcomes {
		if o.ID != "rule.age" {
			continue
		}
		if len(o.Examples) != 3 || o.Examples[0].Person != 50 || o.Examples[0].Field != "story" || !strings.Contains(o.Examples[0].Snippet, "aged 5") || len(o.Examples[0].Snippet) > 120 {
			t.Errorf("%+v", o.Examples)
		}
		if !strings.Contains(o.Message, "3 texts break the rule") || !strings.Contains(o.Message, "aged 5") {
			t.Error(o.Message)
		}
	}
}

// TestTextMerge: the result is the same to the byte for any number of tallies and any
// size of batches, with samples that are smaller than the population.
func TestTextMerge(t *testing.T) {
	p := village()
	p.Groups = []string{"hue", "place"}
	const n = 26_000
	var want []byte
	for _, c := range []struct {
		workers, size int
		rows          int64
	}{{1, 4096, n}, {4, 1000, n}, {3, 4096, n}} {
		var all []*frame.Batch
		for at := 0; at < n; at += c.size {
			b := villagers(p, int64(at), min(c.size, n-at), 12)
			for r := range b.N {
				if b.Columns[vHue].Codes[r] == 1 {
					b.Columns[vStory].Texts[r] += " Clichéd."
				}
				if i := b.First + int64(r); i%1000 < 6 {
					b.Columns[vPlans].Texts[r] = "the same old story of every year " + proseOf("plans", 1, 12)
				}
			}
			all = append(all, b)
		}
		r := judge(t, p, Options{Rows: c.rows}, c.workers, all)
		got, err := json.MarshalIndent([]any{r, r.Profiles, r.Texts, r.Groups}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
			if g := r.Groups; len(g) != 5 || g[1].Value != "h1" || !slices.ContainsFunc(g[1].Words, func(w similarity.Word) bool { return w.Word == "clichéd" && w.Share == 1 && w.Others == 0 }) {
				t.Errorf("got groups %+v", r.Groups)
			}
			if a := r.Texts[0].NearDuplicates; a.Texts != comparedPersons || a.Words.Texts != keptPersons {
				t.Errorf("got %d texts compared and %d kept", a.Texts, a.Words.Texts)
			}
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%+v: %s", c, d)
		}
	}
}

// TestSources: a row may have several sources, and those that are not known are
// "unknown".
func TestSources(t *testing.T) {
	p := village()
	b := villagers(p, 0, 100, 60)
	for r := range 25 {
		b.Columns[vSource].Texts[r] = `{"story":"parrot-7b","plans":"offline","skills":"offline"}`
	}
	b.Columns[vSource].Texts[30] = "parrot-7b"
	b.Columns[vSource].Texts[31] = `{"story":"offline"}`
	r := judge(t, p, Options{}, 1, []*frame.Batch{b})
	story, skills := r.Texts[0], r.Texts[2]
	if d := cmp.Diff([]TextSource{{"offline", 74, 0.74}, {"parrot-7b", 26, 0.26}}, story.Sources); d != "" || *story.Model != 0.26 {
		t.Error(d, *story.Model)
	}
	if d := cmp.Diff([]TextSource{{"offline", 98, 0.98}, {"parrot-7b", 1, 0.01}, {"unknown", 1, 0.01}}, skills.Sources); d != "" || *skills.Model != 0.01 {
		t.Error(d, *skills.Model)
	}
	if got := status(r); got["source.origin"] != "fail 1" {
		t.Error(got)
	}
	clear(b.Columns[vSource].Texts)
	r = judge(t, p, Options{}, 1, []*frame.Batch{b})
	if got := status(r); got["source.origin"] != "note 0" || r.Texts[0].Model != nil || r.Texts[0].Sources != nil {
		t.Error("without sources: got", got, r.Texts[0])
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, of int64
		want     string
	}{{0, 0, "0 %"}, {0, 5, "0 %"}, {5, 5, "100 %"}, {1, 1_000_000, "under 0.01 %"}, {999_999, 1_000_000, "over 99.99 %"}, {1, 4, "25 %"}, {1, 8, "12.5 %"}} {
		if got := Percent(c.part, c.of); got != c.want {
			t.Errorf("%d of %d: got %s, want %s", c.part, c.of, got, c.want)
		}
	}
}

// TestRuleFault: a rule that cannot be compiled is an error.
func TestRuleFault(t *testing.T) {
	p := village()
	p.Rules[0].Number = "("
	s := New(p, Options{TempDir: t.TempDir()})
	defer s.Close()
	tally := s.NewTally()
	tally.Add(villagers(p, 0, 10, 60))
	if r, err := s.Result(tally); err == nil || r != nil {
		t.Error("got no error, want one about the expression")
	}
}

// BenchmarkTexts judges texts of about 1 KB each of a population of a million.
func BenchmarkTexts(b *testing.B) {
	p := village()
	s := New(p, Options{TempDir: b.TempDir(), Rows: 1_000_000})
	defer s.Close()
	tally, batch := s.NewTally(), villagers(p, 0, 1024, 150)
	size := 0
	for _, column := range []int{vStory, vPlans, vSkills} {
		for _, text := range batch.Columns[column].Texts {
			size += len(text)
		}
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		tally.Add(batch)
		batch.First += 1024
	}
}

// BenchmarkNearDuplicates compares 10,000 texts of three fields with each other.
func BenchmarkNearDuplicates(b *testing.B) {
	p := village()
	s := New(p, Options{TempDir: b.TempDir()})
	defer s.Close()
	tally := s.NewTally()
	for first := int64(0); first < 10_000; first += 1000 {
		tally.Add(villagers(p, first, 1000, 150))
	}
	for b.Loop() {
		tally.shared.texts.comparison = nil
		tally.shared.texts.compare()
	}
}

// TestTextThresholds: 0.1 % of texts may be near-duplicates, and 1 % may open like
// another of their hundred.
func TestTextThresholds(t *testing.T) {
	const n = 2000
	p := village()
	for _, c := range []struct {
		id     string
		change func(b *frame.Batch)
		want   string
	}{
		{"alike.story", func(b *frame.Batch) { repeatStory(b, 2) }, Pass},
		{"alike.story", func(b *frame.Batch) { repeatStory(b, 3) }, Warn},
		{"openings.story", func(b *frame.Batch) { repeatOpenings(b, 20) }, Pass},
		{"openings.story", func(b *frame.Batch) { repeatOpenings(b, 21) }, Warn},
	} {
		b := villagers(p, 0, n, 60)
		c.change(b)
		for _, o := range judge(t, p, Options{Rows: n}, 1, []*frame.Batch{b}).Outcomes {
			if o.ID == c.id && o.Status != c.want {
				t.Errorf("got %s, want %s: %s", o.Status, c.want, o.Message)
			}
		}
	}
}

// repeatStory gives the first person's story to so many others.
func repeatStory(b *frame.Batch, times int) {
	for k := range times {
		b.Columns[vStory].Texts[100*k+50] = b.Columns[vStory].Texts[0]
	}
}

// repeatOpenings makes so many stories open like an earlier one of their hundred.
func repeatOpenings(b *frame.Batch, times int) {
	for k := range times {
		at := 90 * k
		for r := range 2 {
			b.Columns[vStory].Texts[at+r] = proseOf("phrase", int64(k), 10) + " " + b.Columns[vStory].Texts[at+r]
		}
	}
}
