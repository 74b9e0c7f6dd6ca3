package narrate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/bundle"
	"github.com/personagen/personagen/engine/diag"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/compile"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/sample"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
	"github.com/personagen/personagen/engine/spec/load"
)

// harbour is fields whose texts come from banks of every kind.
const harbour = `
	hue: {kind: "category", values: ["amber", "slate"]}
	age: {kind: "integer", min: 0, max: 89}
	zone: {kind: "category", values: ["North", "Quay", "Hill"]}
	guild: {kind: "category", when: age: <60, values: ["rope", "salt", "glass"]}
	pay: {kind: "number", when: guild: "rope" | "salt", uniform: {low: 10, high: 90}, round: 1}
	wares: {kind: "list", values: {tea: 1, salt: 1, knots: 2}, count: {min: 1, max: 3}}
	skills: {kind: "text_list", items: {min: 2, max: 3}, chars: {min: 3, max: 60}, offline: parts: ["skill"]}
	story: {kind: "text", chars: {min: 150, target: 300, max: 400}, offline: {parts: ["open", "work"], more: ["more", "detail"], close: ["close"]}}
	brief: {kind: "text", chars: {min: 40, max: 70}, when: age: <70, offline: parts: ["brief"]}
	unwritten: {kind: "text", chars: {min: 1, max: 9}}
	by: kind: "text_source"`

const harbourBanks = `
[skill]
knot tying
reading <sea> charts
mending {nets|sails}
[skill] guild: "glass"
blowing glass
[sea]
deep
shallow
[open]
{he|she} lives in {zone} and is {age} years old.
at {age},  {he|she} knows every street of {zone}.
[work] guild: null
the working days are over; now there is time for {wares}.
[work] guild: "rope" | "salt" | "glass"
the {guild} guild taught {him|her} {skills}.
{he|she} earns {pay} shells in the {guild} guild.
[more]
on feast days {he|she} carries <ware> to the quay.
the harbour smells of tar, and {he|she} likes it!
neighbours ask {him|her} for <ware>.
a lamp burns until late… then all is dark.
[detail] age: >=60
old friends come by on market days.
the grandchildren want to hear the same tale again.
[detail] age: <60
there is always a rope to splice before noon.
a letter from the islands lies unanswered.
[ware]
tea
a basket of fish
dry bread
[close]
that is enough for one life.
tomorrow will be another day.
[brief]
{one of the quiet people|one of the loud people} of {zone}, aged just {age}.
a neighbour from {zone}.
known in {zone} for {skills} and for much else besides.
`

// world compiles a spec with some fields and banks.
func world(t testing.TB, fields, banks string) *bundle.Bundle {
	t.Helper()
	b, _ := worldWithFaults(t, fields, banks)
	return b
}

// worldWithFaults also returns what the compiler says.
func worldWithFaults(t testing.TB, fields, banks string) (*bundle.Bundle, *diag.List) {
	t.Helper()
	dir := t.TempDir()
	text := `name: "harbour", population: {size: 1000, seed: 3}
narrator: {banks: ["banks.txt"], forms: {by: "hue", values: ["amber", "slate"]}}
fields: {` + fields + "\n}\n"
	for name, data := range map[string]string{"spec.cue": text, "banks.txt": banks} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, faults := load.Load(context.Background(), "spec.cue", load.Options{Dir: dir})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	b, faults := compile.Compile(context.Background(), s, compile.Options{})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return b, faults
}

// writer makes persons with texts.
type writer struct {
	persons *generate.Worker
	texts   *Worker
}

func newWriter(t testing.TB, p *bundle.Bundle, seed uint64) *writer {
	t.Helper()
	s, err := sample.NewIndependent(p.Model, seed)
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.New(p.Plan, s, seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(p.Plan, seed)
	if err != nil {
		t.Fatal(err)
	}
	return &writer{g.Worker(), n.Worker()}
}

func (w *writer) batch(t testing.TB, first int64, rows int) *frame.Batch {
	t.Helper()
	if from := w.texts.From(first); from < first {
		before, err := w.persons.Batch(from, int(first-from))
		if err != nil {
			t.Fatal(err)
		}
		w.texts.Meet(before)
	}
	b, err := w.persons.Batch(first, rows)
	if err != nil {
		t.Fatal(err)
	}
	w.texts.Fill(b)
	return b
}

// column returns a column as text, with "-" for null.
func column(b *frame.Batch, name string) []string {
	i := b.Schema.Index(name)
	c, f := &b.Columns[i], &b.Schema[i]
	var out []string
	for r := range b.N {
		switch {
		case c.IsNull(f.Type, r):
			out = append(out, "-")
		case f.Type == frame.Category:
			out = append(out, f.Labels[c.Codes[r]])
		case f.Type == frame.Integer:
			out = append(out, fmt.Sprint(c.Ints[r]))
		case f.Type == frame.Text:
			out = append(out, strings.Clone(c.Texts[r]))
		case f.Type == frame.TextList:
			out = append(out, strings.Join(c.Texts[c.Offsets[r]:c.Offsets[r+1]], "|"))
		}
	}
	return out
}

var harbourTexts = []string{"skills", "story", "brief", "unwritten", "by"}

// TestSameTextsInAnyBatches: texts do not depend on how rows are split into batches,
// or on the worker.
func TestSameTextsInAnyBatches(t *testing.T) {
	p := world(t, harbour, harbourBanks)
	whole := newWriter(t, p, 3).batch(t, 0, 300)
	want := map[string][]string{}
	for _, name := range harbourTexts {
		want[name] = column(whole, name)
	}
	w := newWriter(t, p, 3)
	for _, cut := range [][2]int{{200, 100}, {0, 1}, {1, 77}, {78, 122}, {0, 300}, {150, 60}, {150, 20}, {290, 10}} {
		b := w.batch(t, int64(cut[0]), cut[1])
		for _, name := range harbourTexts {
			if d := cmp.Diff(want[name][cut[0]:cut[0]+cut[1]], column(b, name)); d != "" {
				t.Fatalf("%s of rows %d to %d:\n%s", name, cut[0], cut[0]+cut[1], d)
			}
		}
	}
	if other := column(newWriter(t, p, 4).batch(t, 0, 300), "story"); slices.Equal(other, want["story"]) {
		t.Error("got the same texts with another seed")
	}
}

// TestTextsAreInOrder checks the texts of many persons.
func TestTextsAreInOrder(t *testing.T) {
	p := world(t, harbour, harbourBanks)
	w := newWriter(t, p, 3)
	const rows = 2000
	b := w.batch(t, 0, rows)
	ages, hues, guilds := column(b, "age"), column(b, "hue"), column(b, "guild")
	story, brief, skills, by := column(b, "story"), column(b, "brief"), column(b, "skills"), column(b, "by")
	seen := map[string]bool{}
	for r := range rows {
		var age int
		fmt.Sscan(ages[r], &age)
		if n := utf8.RuneCountInString(story[r]); n < 300 || n > 400 {
			t.Fatalf("got a story of %d characters, want 300 to 400: %q", n, story[r])
		}
		if n := utf8.RuneCountInString(brief[r]); (age >= 70) != (brief[r] == "-") || age < 70 && (n < 40 || n > 70) {
			t.Fatalf("age %d: got a brief of %d characters, want 40 to 70 up to age 69: %q", age, n, brief[r])
		}
		if own, other := " he ", " she "; hues[r] == "slate" && strings.Contains(story[r], own) || hues[r] == "amber" && strings.Contains(story[r], other) {
			t.Fatalf("%s: got forms for another hue: %q", hues[r], story[r])
		}
		if guilds[r] == "-" && (strings.Contains(story[r], "guild") || strings.Contains(skills[r], "glass")) {
			t.Fatalf("got phrases about a guild for a person without one: %q %q", skills[r], story[r])
		}
		if strings.Contains(story[r], "earns") && guilds[r] == "glass" {
			t.Fatalf("got a phrase about pay for a person without: %q", story[r])
		}
		checkSentences(t, story[r])
		checkItems(t, skills[r])
		if by[r] != Source {
			t.Fatalf("got source %q, want %q", by[r], Source)
		}
		if !b.Columns[b.Schema.Index("unwritten")].Null[r] {
			t.Fatal("got a value of a field without banks, want null")
		}
		seen[story[r]] = true
	}
	if len(seen) < rows*99/100 {
		t.Errorf("got %d distinct stories of %d, want at least 99 %%", len(seen), rows)
	}
}

// checkSentences finds sentences that begin in lower case, consecutive spaces and
// repeated phrases.
func checkSentences(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
		t.Fatalf("got extra spaces: %q", text)
	}
	sentences := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!…", r) })
	for i, s := range sentences {
		s = strings.TrimSpace(s)
		if first, _ := utf8.DecodeRuneInString(s); !unicode.IsUpper(first) {
			t.Fatalf("got the sentence %q in lower case: %q", s, text)
		}
		if slices.ContainsFunc(sentences[:i], func(o string) bool { return strings.TrimSpace(o) == s }) {
			t.Fatalf("got %q twice: %q", s, text)
		}
	}
}

func checkItems(t *testing.T, list string) {
	t.Helper()
	items := strings.Split(list, "|")
	slices.Sort(items)
	if len(items) < 2 || len(items) > 3 || len(slices.Compact(items)) != len(items) || unicode.IsUpper(rune(list[0])) {
		t.Fatalf("got the list %q, want 2 or 3 distinct items as written", list)
	}
}

// TestNoRepeatsAcrossFields: no phrase repeats in all of a person's texts before all
// phrases have been used.
func TestNoRepeatsAcrossFields(t *testing.T) {
	var bank strings.Builder
	bank.WriteString("[p]\n")
	const phrases = 60
	for i := range phrases {
		fmt.Fprintf(&bank, "Word%02d\n", i)
	}
	fields := "hue: {kind: \"category\", values: [\"amber\", \"slate\"]}\n"
	for i := range 4 {
		fields += fmt.Sprintf("t%d: {kind: \"text\", chars: {min: 1, max: 1000}, offline: {joiner: \" \", parts: [%s]}}\n", i, strings.Repeat(`"p", `, 20))
	}
	b := newWriter(t, world(t, fields, bank.String()), 1).batch(t, 0, 200)
	uses := make([]int, phrases)
	for r := range b.N {
		var all []string
		for i := range 4 {
			words := strings.Fields(column(b, fmt.Sprintf("t%d", i))[r])
			uses[index(words[0])]++
			slices.Sort(words)
			if len(slices.Compact(words)) != 20 {
				t.Fatalf("got a text with repeated phrases: %v", words)
			}
			if i < 3 {
				all = append(all, words...)
			}
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != phrases {
			t.Fatalf("row %d: got %d distinct words in three texts of 20, want 60", r, len(slices.Compact(all)))
		}
	}
	if most := slices.Max(uses); most > 40 { // 800 draws over 60 phrases: 13 each
		t.Errorf("got a phrase that is first %d times of 800, want at most 40", most)
	}
}

// TestOpeningsOfAHundredDiffer: no two texts of a hundred have the same opening
// if there are enough phrases. There are 120 openings here; independent draws
// would repeat about 35 of them. Names do not count, and a field with too few
// phrases does not affect another.
func TestOpeningsOfAHundredDiffer(t *testing.T) {
	var banks strings.Builder
	banks.WriteString("[open]\n{name} <a> <b>, so they say here by the sea at night.\n<b> {name} <a>, so they say here by the sea at night.\n[few]\nonce upon a time.\nlong ago.\n")
	for i := range 60 {
		fmt.Fprintf(&banks, "[a]\nword%c%c\n", 'a'+i/26, 'a'+i%26)
	}
	banks.WriteString("[b]\nfirst of all\n")
	p := world(t, `hue: {kind: "category", values: ["amber", "slate"]}
		name: {kind: "category", values: ["Anka", "Boris Lund", "Cyr"]}
		tale: {kind: "text", chars: {min: 1, max: 200}, offline: parts: ["open"]}
		short: {kind: "text", chars: {min: 1, max: 200}, offline: parts: ["few"]}`, banks.String())
	p.Plan.Roles = map[string]string{"name": "name"}
	for seed := range uint64(5) {
		b := newWriter(t, p, seed).batch(t, 0, 1000)
		names, short := column(b, "name"), column(b, "short")
		seen := map[string]int{}
		for r, text := range column(b, "tale") {
			opening := strings.Replace(text, names[r], "_", 1)
			if before, ok := seen[opening]; ok && before/100 == r/100 {
				t.Fatalf("seed %d: got persons %d and %d with the same opening %q", seed, before, r, opening)
			}
			seen[opening] = r
		}
		if !slices.Contains(short, "Long ago.") || !slices.Contains(short, "Once upon a time.") {
			t.Errorf("seed %d: got one opening %v, want both", seed, short[:5])
		}
	}
}

// TestNumberedPhrases: a phrase that is asked for by number is the same in every
// text and list of a person, its facets are those of the same phrase, and draws
// without a number give other phrases.
func TestNumberedPhrases(t *testing.T) {
	var bank strings.Builder
	bank.WriteString("[p]\n")
	for i := range 9 {
		fmt.Fprintf(&bank, "Word%02d\n  /why Why%02d <q>\n", i, i)
	}
	bank.WriteString("[p] hue: \"slate\"\nWord09\n  /why Why09 {age}\n[q]\nso.\nthus.\n[s]\n<p:2> <p/why:1> <p:1>\n")
	fields := `hue: {kind: "category", values: ["amber", "slate"]}
		age: {kind: "integer", min: 0, max: 9}
		list: {kind: "text_list", items: {min: 3, max: 3}, chars: {min: 1, max: 9}, offline: parts: ["p:1", "p:2", "p:3"]}
		same: {kind: "text", chars: {min: 1, max: 99}, offline: parts: ["s"]}
		rest: {kind: "text", chars: {min: 1, max: 99}, offline: parts: ["p", "p", "p", "p", "p", "p"]}
		more: {kind: "text", chars: {min: 1, target: 90, max: 99}, offline: {parts: ["p:1"], more: ["p:1", "p:2", "p/why:2", "p:3"]}}`
	b := newWriter(t, world(t, fields, bank.String()), 1).batch(t, 0, 300)
	seen := map[string]bool{}
	for r := range b.N {
		list := strings.Split(column(b, "list")[r], "|")
		same := strings.Fields(column(b, "same")[r])
		if len(list) != 3 || len(same) != 4 || same[0] != list[1] || same[3] != list[0] || index(strings.Replace(same[1], "Why", "Word", 1)) != index(list[0]) {
			t.Fatalf("row %d: got a list %v and a text %v with other phrases", r, list, same)
		}
		all := append(strings.Fields(column(b, "rest")[r]), list...)
		if slices.Sort(all); len(slices.Compact(all)) != 9 {
			t.Fatalf("row %d: got a numbered phrase from a draw without a number: %v", r, all)
		}
		more := strings.Fields(column(b, "more")[r])
		if len(more) != 5 || more[0] != list[0] || more[1] != list[1] || more[4] != list[2] {
			t.Fatalf("row %d: got %v, want the phrases of %v", r, more, list)
		}
		seen[list[0]+list[1]] = true
	}
	if len(seen) < 80 {
		t.Errorf("got %d distinct pairs of first phrases among 300 persons, want at least 80", len(seen))
	}
}

func index(word string) (i int) {
	fmt.Sscanf(word, "Word%d", &i)
	return i
}

// TestAdditionsChangeLittle: adding a bank or a field does not change other texts.
func TestAdditionsChangeLittle(t *testing.T) {
	before := newWriter(t, world(t, harbour, harbourBanks), 3).batch(t, 0, 100)
	more := world(t, harbour+"\n late: {kind: \"text\", chars: {min: 1, max: 99}, offline: parts: [\"more\", \"new\"]}", harbourBanks+"[new]\nnew words\n")
	after := newWriter(t, more, 3).batch(t, 0, 100)
	for _, name := range harbourTexts {
		if d := cmp.Diff(column(before, name), column(after, name)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

// TestBestDraft: of drafts without an allowed length, the closest is taken.
func TestBestDraft(t *testing.T) {
	p := world(t, `hue: {kind: "category", values: ["amber", "slate"]}
		s: {kind: "text", chars: {min: 20, max: 30}, offline: parts: ["p"]}
		l: {kind: "text_list", items: {min: 3, max: 3}, chars: {min: 1, max: 9}, offline: parts: ["i"]}`,
		"[p]\nfour\nthirteen chars\na\n[i]\none\ntwo\ntoo long to be an item\ntwo\n")
	w := newWriter(t, p, 1)
	b := w.batch(t, 0, 50)
	for r, text := range column(b, "s") {
		if text != "Thirteen chars" {
			t.Fatalf("row %d: got %q, want \"Thirteen chars\"", r, text)
		}
	}
	if list := column(b, "l")[0]; list != "one|two" && list != "two|one" {
		t.Errorf("got list %q, want one and two", list)
	}
}

// TestPage writes texts with sentences, spaces and invalid bytes.
func TestPage(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"a  b\t c ", "A b c"},
		{"one. two! three? four… five", "One. Two! Three? Four… Five"},
		{"„aha.” ‘so’ it is", "„Aha.” ‘So’ it is"},
		{"he said: no.\"  (and went)", "He said: no.\" (And went)"},
		{"3.5 metres. 12 men. et\u00a0al.\u00a0then", "3.5 metres. 12 men. Et\u00a0al.\u00a0then"},
		{"a.b c", "A.b c"},
		{"x. – éclair", "X. – Éclair"},
		{"line one.  \n  line two", "Line one.\nLine two"},
		{"ßa. ǆ", "ßa. Ǆ"},
		{"5 apples are", "5 apples are"},
		{"bad \xff byte. \xffx y", "Bad \xff byte. \xffx y"},
	} {
		p := page{out: []byte("before. ")}
		p.start(sentenceStart)
		p.write([]byte(c.in))
		n := p.finish()
		if got := string(p.out[p.from:]); got != c.want || n != utf8.RuneCountInString(c.want) {
			t.Errorf("%q: got %q of %d characters, want %q", c.in, got, n, c.want)
		}
	}
	var p page
	if n := p.writeItem([]byte(" two.  words ")); string(p.out) != "two. words" || n != 10 {
		t.Errorf("got item %q of %d characters, want \"two. words\"", p.out, n)
	}
}

// TestDamagedPlans: a plan that was changed after it was compiled is an error, not a
// panic.
func TestDamagedPlans(t *testing.T) {
	for want, damage := range map[string]func(p *plan.Plan){
		`the plan has no phrase banks`: func(p *plan.Plan) { p.Narrator = nil },
		`the plan is damaged: no bank is called "work"`: func(p *plan.Plan) {
			p.Narrator.Banks = slices.DeleteFunc(p.Narrator.Banks, func(b plan.Bank) bool { return b.Name == "work" })
		},
		`the plan is damaged: no field is called "gone"`:                                     func(p *plan.Plan) { p.Narrator.Banks[0].Sections[0].Phrases[0] = "{gone}" },
		`the plan is damaged: bank "skill": a { without a }`:                                 func(p *plan.Plan) { p.Narrator.Banks[0].Sections[0].Phrases[0] = "{gone" },
		`the plan is damaged: the forms of "x" are not complete`:                             func(p *plan.Plan) { p.Narrator.Axes = []plan.FormAxis{{Name: "x", Count: 1}} },
		`the plan is damaged: the forms do not match the values of field "age"`:              func(p *plan.Plan) { p.Narrator.Forms = "age" },
		`the plan is damaged: a phrase names "brief", which is not a list written before it`: func(p *plan.Plan) { p.Narrator.Banks[0].Sections[0].Phrases[0] = "{brief}" },
	} {
		p := world(t, harbour, harbourBanks).Plan
		damage(p)
		if _, err := New(p, 1); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// BenchmarkFill writes about 9 KB of text per person from more than a hundred
// banks.
func BenchmarkFill(b *testing.B) {
	w := newWriter(b, large(b), 1)
	const rows = 512
	batch := w.batch(b, 0, rows)
	b.ReportAllocs()
	for b.Loop() {
		w.texts.Fill(batch)
	}
	bytes := 0
	for i, f := range batch.Schema {
		if f.Type == frame.Text {
			for _, text := range batch.Columns[i].Texts {
				bytes += len(text)
			}
		}
	}
	b.ReportMetric(float64(bytes)/rows, "bytes/person")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/rows, "µs/person")
}

// large is a plan of eight long texts over 160 banks with 900 sections.
func large(t testing.TB) *bundle.Bundle {
	fields := `hue: {kind: "category", values: ["amber", "slate"]}
		age: {kind: "integer", min: 0, max: 89}
		zone: {kind: "category", values: ["North", "Quay", "Hill", "Moor", "Isle", "Fen"]}
		guild: {kind: "category", values: ["rope", "salt", "glass", "tar", "none"]}
`
	var banks strings.Builder
	for f := range 8 {
		var more []string
		for k := range 10 {
			name := fmt.Sprintf("more.%d.%d", f, k)
			more = append(more, `"`+name+`"`)
			for s, cond := range []string{"", ` zone: "North" | "Quay"`, ` zone: "Hill"`, ` age: >=60`, ` age: <30, guild: "rope"`, fmt.Sprintf(` age: >=%d`, 20+k), ` guild: "salt" | "glass"`} {
				fmt.Fprintf(&banks, "[%s]%s\n", name, cond)
				for i := range 6 {
					fmt.Fprintf(&banks, "în {zone}, {el|ea} știe %d de povești <noun.%d.%d> și nu le uită nici la {age} ani; tăcerea %d-%d e {altfel|altceva}.\n", i, f, k, s, k)
				}
			}
			fmt.Fprintf(&banks, "[noun.%d.%d]\n", f, k)
			for i := range 12 {
				fmt.Fprintf(&banks, "despre marea numărul %d\n", i)
			}
			for z, zone := range []string{"North", "Quay", "Hill", "Moor"} {
				fmt.Fprintf(&banks, "[noun.%d.%d] zone: %q\ndespre țărmul %d\n", f, k, zone, z)
			}
		}
		fields += fmt.Sprintf("t%d: {kind: \"text\", chars: {min: 800, target: 1000, max: 2000}, offline: {parts: [%s], more: [%s]}}\n", f, more[0], strings.Join(more, ", "))
	}
	return world(t, fields, banks.String())
}

func ExampleNew() {
	hue := &kind.Field{Name: "hue", Kind: "category", Class: kind.Fitted, Type: frame.Category, Domain: &kind.Domain{Labels: []string{"amber", "slate"}}}
	note := &kind.Field{Name: "note", Kind: "text", Class: kind.Written, Type: frame.Text, Nullable: true, Text: &kind.TextSpec{
		Chars: kind.Length{Min: 1, Max: 80}, Offline: &kind.Narration{Outline: kind.Outline{Parts: []string{"note"}}, Joiner: " "},
	}}
	p := &plan.Plan{Fields: []*kind.Field{hue, note}, Narrator: &plan.Narrator{
		Forms: "hue", FormOf: []int32{0, 1},
		Banks: []plan.Bank{{Name: "note", Sections: []plan.Section{{Phrases: []string{"all things {hue} are {warm|cool}."}}}}},
	}}
	n, err := New(p, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	b := frame.New(p.Schema())
	b.Resize(0, 2)
	copy(b.Columns[0].Codes, []int32{0, 1})
	n.Worker().Fill(b)
	fmt.Println(b.Columns[1].Texts[0])
	fmt.Println(b.Columns[1].Texts[1])
	// Output:
	// All things amber are warm.
	// All things slate are cool.
}
