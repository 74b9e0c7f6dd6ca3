package narrate

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/diag"
)

// told is a phrase of proseBanks: what it tells and follows from.
type told struct {
	facts, after []string
	follows      map[string][]string // by relation; any alone for every phrase before
}

// prose is relations and references with two texts, of two and of one outline.
const prose = `
	hue: {kind: "category", values: ["amber", "slate"]}
	name: {kind: "category", values: ["Anka", "Boris", "Cyr"]}
	life: {kind: "text", chars: {min: 20, target: 150, max: 180}, offline: outlines: [
		{parts: ["a", "b", "c"], more: ["d", "a"], close: ["e"]},
		{parts: ["b", "d", "a"], more: ["c", "d"], close: ["e", "b"]},
	]}
	work: {kind: "text", chars: {min: 1, target: 60, max: 90}, offline: {parts: ["c", "d"], more: ["a", "b"], apart_from: ["life"]}}
	by: kind: "text_source"
}
narrator: {
	relations: {contrast: [", but", "YET"], cause: ["SO,", "THUS"], later: [", then"]}
	references: hero: {first: "{name}", near: "{she|he}", far: "the {hue} one"}
	spread: %v
`

// proseBanks makes five banks of phrases "wN {hero} ends." with random tags.
func proseBanks(r *rand.Rand) (banks string, phrases map[string]told) {
	phrases = map[string]told{}
	var b strings.Builder
	fact := func() string { return fmt.Sprintf("f%d", r.IntN(12)) }
	n := 0
	for _, bank := range []string{"a", "b", "c", "d", "e"} {
		fmt.Fprintf(&b, "[%s]\n", bank)
		for i := range 8 {
			x := told{follows: map[string][]string{}}
			if r.IntN(4) > 0 {
				x.facts = []string{fact()}
				fmt.Fprintf(&b, "[fact: %s] ", x.facts[0])
			}
			if i > 3 && r.IntN(4) == 0 {
				x.after = []string{fact(), fact()}
				fmt.Fprintf(&b, "[after: %s] ", strings.Join(x.after, ", "))
			}
			for _, relation := range []string{"contrast", "cause", "later"} {
				switch r.IntN(4) {
				case 0:
					x.follows[relation] = []string{"any"}
				case 1:
					x.follows[relation] = []string{fact(), fact()}
				default:
					continue
				}
				fmt.Fprintf(&b, "[%s: %s] ", relation, strings.Join(x.follows[relation], ", "))
			}
			word := fmt.Sprintf("w%d", n)
			phrases[word] = x
			fmt.Fprintf(&b, "%s {hero} ends.\n", word)
			n++
		}
	}
	for i := range 12 { // every fact is told by some phrase
		word := fmt.Sprintf("w%d", n)
		phrases[word] = told{facts: []string{fmt.Sprintf("f%d", i)}}
		fmt.Fprintf(&b, "[%c]\n[fact: f%d] %s {hero} ends.\n", 'a'+i%5, i, word)
		n++
	}
	return b.String(), phrases
}

var proseSentence = regexp.MustCompile(`(, but |, then |YET |SO, |THUS )?([Ww]\d+) (\S+(?: \S+ one)?) ends`)

// TestProse: a text tells no fact twice and none that the text it stands apart from tells, a
// phrase that waits for a fact comes after it, connectives stand only where a relation is
// declared and never before two phrases in a row, and texts have their lengths.
func TestProse(t *testing.T) {
	relations := map[string]string{", but ": "contrast", "YET ": "contrast", "SO, ": "cause", "THUS ": "cause", ", then ": "later"}
	connected, references := 0, map[string]int{}
	for seed := range uint64(12) {
		banks, phrases := proseBanks(rand.New(rand.NewPCG(seed, 1)))
		p := world(t, fmt.Sprintf(prose, seed%2 == 0), banks)
		whole := newWriter(t, p, seed).batch(t, 0, 300)
		life, work, names := column(whole, "life"), column(whole, "work"), column(whole, "name")
		for r := range whole.N {
			elsewhere := map[string]bool{}
			for _, text := range []string{life[r], work[r]} {
				if n := len(text); text == life[r] && (n < 20 || n > 180) || text == work[r] && n > 90 {
					t.Fatalf("got a text of %d characters: %q", n, text)
				}
				known, last, before := map[string]bool{}, []string(nil), false
				all := proseSentence.FindAllStringSubmatch(text, -1)
				if len(all) != strings.Count(text, " ends") {
					t.Fatalf("got unexpected sentences: %q", text)
				}
				for i, m := range all {
					x := phrases[strings.ToLower(m[2])]
					for _, fact := range x.facts {
						if known[fact] || elsewhere[fact] {
							t.Fatalf("seed %d: got the fact %s again: %q after %q", seed, fact, text, life[r])
						}
					}
					if x.after != nil && !known[x.after[0]] && !known[x.after[1]] {
						t.Fatalf("seed %d: got %s before one of %v: %q", seed, m[2], x.after, text)
					}
					if m[1] != "" {
						follows, ok := x.follows[relations[m[1]]]
						if i == 0 || before || !ok || follows[0] != "any" && !slices.ContainsFunc(follows, func(fact string) bool { return slices.Contains(last, fact) }) {
							t.Fatalf("seed %d: got the connective %q before %s: %q", seed, m[1], m[2], text)
						}
						connected++
					}
					if first := i == 0; first != (m[3] == names[r]) && text != work[r] {
						t.Fatalf("seed %d: got the reference %q in sentence %d: %q", seed, m[3], i, text)
					}
					references[strings.Fields(m[3])[0]]++
					last, before = x.facts, m[1] != ""
					for _, fact := range x.facts {
						known[fact] = true
					}
				}
				elsewhere = known
			}
		}
		for _, cut := range [][2]int{{200, 100}, {1, 77}, {150, 60}} {
			part := newWriter(t, p, seed).batch(t, int64(cut[0]), cut[1])
			if d := cmp.Diff(life[cut[0]:cut[0]+cut[1]], column(part, "life")); d != "" {
				t.Fatalf("rows %d to %d:\n%s", cut[0], cut[0]+cut[1], d)
			}
		}
	}
	if connected < 5000 || references["she"] < 1000 || references["he"] < 1000 || references["the"] < 1000 {
		t.Errorf("got %d connectives and the references %v, want more", connected, references)
	}
}

// TestLeftOut: no part of a text is left out unless the compiler has warned of it.
func TestLeftOut(t *testing.T) {
	const fields = `
	hue: {kind: "category", values: ["amber", "slate"]}
	tale: {kind: "text", chars: {min: 1, max: 400}, offline: {parts: ["a", "b", "a", "c"], close: ["d"]}}
	next: {kind: "text", chars: {min: 1, max: 400}, offline: {parts: ["b", "c"], apart_from: ["tale"]}}
	}
	narrator: {relations: so: ["SO"]`
	silent, left := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		var banks strings.Builder
		for _, bank := range []string{"a", "b", "c", "d"} {
			for range 1 + r.IntN(5) {
				fmt.Fprintf(&banks, "[%s]%s\n", bank, []string{"", ` hue: "amber"`}[r.IntN(5)/4])
				for range 1 + r.IntN(3) {
					switch r.IntN(6) {
					case 0:
					case 1:
						banks.WriteString("[so: any] ")
					default:
						fmt.Fprintf(&banks, "[fact: f%d] ", r.IntN(12))
					}
					fmt.Fprintf(&banks, "x%s.\n", []string{"", "", " <e>", " <e> <e>"}[r.IntN(4)])
				}
			}
			fmt.Fprintf(&banks, "[%s]\n[fact: h%s] last.\n", bank, bank)
		}
		fmt.Fprintf(&banks, "[e]\n")
		for i := range 6 + r.IntN(6) {
			fmt.Fprintf(&banks, "[fact: g%d] e\n", i)
		}
		p, faults := worldWithFaults(t, fields, banks.String())
		for field, parts := range map[string]int{"tale": 5, "next": 2} {
			warned := slices.ContainsFunc(faults.Items, func(d diag.Diagnostic) bool {
				return d.Code == "left-out" && strings.Contains(d.Message, field)
			})
			short := 0
			for _, text := range column(newWriter(t, p, seed).batch(t, 0, 100), field) {
				if strings.Count(text, ".") < parts {
					short++
				}
			}
			switch {
			case !warned && short > 0:
				t.Fatalf("seed %d: got %d texts of %s with a part left out, and no warning:\n%s", seed, short, field, banks.String())
			case !warned:
				silent++
			case short > 0:
				left++
			}
		}
	}
	if silent < 10 || left < 10 {
		t.Errorf("got %d specs without a warning and %d with a part left out, want at least 10 of each", silent, left)
	}
}

// TestOutlines: persons have all outlines, in the same order in every draft.
func TestOutlines(t *testing.T) {
	p := world(t, `hue: {kind: "category", values: ["amber", "slate"]}
		tale: {kind: "text", chars: {min: 1, max: 200}, offline: outlines: [{parts: ["a", "b"], close: ["c"]}, {parts: ["b", "a"], close: ["c"]}, {parts: ["c", "b"]}]}`,
		"[a]\nA1.\n[b]\nB1.\n[c]\nC1.\n")
	count := map[string]int{}
	for _, text := range column(newWriter(t, p, 1).batch(t, 0, 900), "tale") {
		count[text]++
	}
	for _, text := range []string{"A1. B1. C1.", "B1. A1. C1.", "C1. B1."} {
		if n := count[text]; n < 250 || n > 350 {
			t.Errorf("got %q %d times of 900, want about 300", text, n)
		}
	}
	if len(count) != 3 {
		t.Errorf("got %v", count)
	}
}

// TestLetters: facets of one letter belong to one phrase, those of a capital in the whole
// text, and another letter is another phrase.
func TestLetters(t *testing.T) {
	p := world(t, `hue: {kind: "category", values: ["amber", "slate"]}
		tale: {kind: "text", chars: {min: 1, max: 200}, offline: {parts: ["gift/giver:G", "two"], close: ["end"]}}`,
		"[two]\n<gift:a> <gift/giver:a> <gift:b> <gift/giver:b>.\n[end]\n<gift:G> <gift/giver:a>\n"+
			"[gift | giver]\nx1 | y1.\nx2 | y2.\nx3 | y3.\nx4 | y4.\nx5 | y5.\n")
	pairs := map[string]int{}
	for _, text := range column(newWriter(t, p, 1).batch(t, 0, 400), "tale") {
		m := regexp.MustCompile(`^Y(\d)\. [Xx](\d) y(\d)\. X(\d) y(\d)\.\. X(\d) y(\d)\.$`).FindStringSubmatch(text)
		if m == nil || m[1] != m[6] || m[2] != m[3] || m[4] != m[5] {
			t.Fatalf("got %q", text)
		}
		if used := []string{m[1], m[2], m[4], m[7]}; len(slices.Compact(slices.Sorted(slices.Values(used)))) != 4 {
			t.Fatalf("got a gift twice: %q", text)
		}
		pairs[m[1]+m[2]]++
	}
	if len(pairs) != 20 {
		t.Errorf("got %d pairs of gifts, want 20", len(pairs))
	}
}

// TestReferences: the name first, the pronoun near, other words further on and after another
// reference; closing phrases begin with the words for a distance.
func TestReferences(t *testing.T) {
	p := world(t, `hue: {kind: "category", values: ["amber", "slate"]}
		tale: {kind: "text", chars: {min: 1, max: 300}, offline: {parts: ["one", "two", "three", "four", "five", "six"], close: ["end"]}}
	}
	narrator: references: {
		hero: {first: "Ada", near: "", far: ["the baker", "Ada"], within: 1, cases: gen: {first: "Ada's", near: "her"}}
		dog: {first: "a dog", near: "it", far: "the dog"}
	`, "[one]\n{hero} and {hero.gen} bread.\n[two]\n{hero} rests.\n[three]\nit rains.\n[four]\n{hero} sees {dog}.\n[five]\n{hero} calls {dog} and {dog} comes.\n[six]\nthe end is near for {dog}.\n[end]\n{hero} pats {dog}.\n")
	want := []string{
		"Ada and her bread. Rests. It rains. The baker sees a dog. Ada calls the dog and it comes. The end is near for it. Ada pats the dog.",
		"Ada and her bread. Rests. It rains. Ada sees a dog. The baker calls the dog and it comes. The end is near for it. The baker pats the dog.",
	}
	for _, text := range column(newWriter(t, p, 1).batch(t, 0, 50), "tale") {
		if !slices.Contains(want, text) {
			t.Fatalf("got %q", text)
		}
	}
}

// TestSpread: within a hundred persons no phrase is taken much more often than another, also
// by number, and those who have phrases of their own leave the others to the rest.
func TestSpread(t *testing.T) {
	fields := `hue: {kind: "category", values: ["amber", "slate"]}
		likes: {kind: "text_list", items: {min: 2, max: 2}, chars: {min: 1, max: 9}, offline: parts: ["n:1", "n:2"]}
		tale: {kind: "text", chars: {min: 1, max: 200}, offline: parts: ["o", "p", "p"]}
	}
	narrator: {spread: %v
	`
	var banks strings.Builder
	for i := range 20 {
		fmt.Fprintf(&banks, "[n]\nn%d\n[p]\np%d.\n[p] hue: \"amber\"\nq%d.\n", i, i, i)
	}
	for i := range 200 {
		fmt.Fprintf(&banks, "[o]\no%d.\n", i) // openings, which must differ
	}
	most := func(spread bool, field string) int {
		p := world(t, fmt.Sprintf(fields, spread), banks.String())
		most := 0
		for seed := range uint64(5) {
			texts := column(newWriter(t, p, seed).batch(t, 0, 300), field)
			for i := 0; i < 300; i += 100 {
				count := map[string]int{}
				for _, text := range texts[i : i+100] {
					for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("|. ", r) }) {
						count[word]++
						most = max(most, count[word])
					}
				}
			}
		}
		return most
	}
	for field, want := range map[string]int{"likes": 14, "tale": 9} { // 200 uses of 20 or 40 phrases
		if even, uneven := most(true, field), most(false, field); even > want || uneven <= even+1 {
			t.Errorf("%s: got a phrase %d times within a hundred, %d without spread, want at most %d", field, even, uneven, want)
		}
	}
}
