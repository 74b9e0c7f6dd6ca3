package similarity

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/personagen/personagen/engine/internal/rng"
)

func hashes(words string) []uint64 {
	var out []uint64
	for _, w := range strings.Fields(words) {
		h := uint64(0)
		for _, c := range w {
			h = rng.Mix(h + uint64(c))
		}
		h &^= Masked
		if w == "_" {
			h |= Masked
		}
		out = append(out, h)
	}
	return out
}

// TestPrints compares the estimate with the exact similarity of shingles: its
// standard error is below 0.05, and six of them are allowed.
func TestPrints(t *testing.T) {
	source := rng.New(1, "prints").Source()
	for _, n := range []int{12, 60, 300} {
		for _, changed := range []int{0, 1, n / 30, n / 10, n} {
			a := make([]uint64, n)
			for i := range a {
				a[i] = source.Uint64() &^ Masked
			}
			b := slices.Clone(a)
			for range changed {
				b[source.Below(n)] = source.Uint64() &^ Masked
			}
			p, q := PrintOf(a), PrintOf(b)
			got, want := float64(p.Agree(&q))/bins, jaccard(a, b)
			if math.Abs(got-want) > 0.3 || want == 1 && got != 1 {
				t.Errorf("%d words, %d changed: similarity %.3f, want %.3f", n, changed, got, want)
			}
		}
	}
	p, q, r := PrintOf(hashes("a b _ _ c d e f g h i j k")), PrintOf(hashes("a b _ c d e f g h i j k")), PrintOf(hashes("a b x c d e f g h i j k"))
	if p != q || p == r {
		t.Error("two masked words in a row are not as one")
	}
	s, u := PrintOf(hashes("a b")), PrintOf(hashes("a c"))
	if s == u || s.Agree(&u) == bins {
		t.Error("short texts are all alike")
	}
}

func jaccard(a, b []uint64) float64 {
	shingles := func(words []uint64) map[[shingleWords]uint64]bool {
		out := map[[shingleWords]uint64]bool{}
		for i := range len(words) - shingleWords + 1 {
			out[[shingleWords]uint64(words[i:])] = true
		}
		return out
	}
	x, y := shingles(a), shingles(b)
	both := 0
	for s := range x {
		if y[s] {
			both++
		}
	}
	return float64(both) / float64(len(x)+len(y)-both)
}

// TestNearDuplicates: pairs above the similarity are found, others are not.
func TestNearDuplicates(t *testing.T) {
	source := rng.New(2, "near").Source()
	var prints []*Print
	add := func(words []uint64) {
		p := PrintOf(words)
		prints = append(prints, &p)
	}
	var first []uint64
	for range 400 {
		words := make([]uint64, 200)
		for i := range words {
			words[i] = source.Uint64() &^ Masked
		}
		first = words
		add(words)
	}
	if n, _ := nearDuplicates(prints); n != 0 {
		t.Errorf("%d near-duplicates among random texts", n)
	}
	for k := range 10 { // one word of 200 changed: a similarity of 0.95
		words := slices.Clone(first)
		words[20*k] ^= 2
		add(words)
	}
	if n, pair := nearDuplicates(prints); n != 10 || pair != [2]int{399, 400} {
		t.Errorf("%d near-duplicates, first %v", n, pair)
	}
	add(append(slices.Clone(first[:100]), first[:100]...)) // half of it: a similarity of 0.5
	if n, _ := nearDuplicates(prints); n != 10 {
		t.Errorf("%d near-duplicates with one that is none", n)
	}
}

func TestOpenings(t *testing.T) {
	var prints []*Print
	var persons []int64
	for i := range 200 {
		persons = append(persons, int64(i^1)) // the order of a sample does not matter
		opening := uint64(i)
		if i < 100 {
			opening = uint64(i / 2)
		}
		prints = append(prints, &Print{Used: true, opening: opening})
	}
	o := openings(prints, persons)
	// 50 pairs and 100 openings of their own: 50 of 200 texts repeat one.
	want := Openings{Distinct: 150, Repeated: 0.25, Entropy: 7.14385619, Most: 7.64385619}
	if d := cmp.Diff(want, o); d != "" {
		t.Error(d)
	}
	persons[1] = 150 // of another hundred than the one that opens alike
	if o := openings(prints, persons); o.Repeated != 0.245 {
		t.Errorf("%g repeated", o.Repeated)
	}
}

func TestOpeningOf(t *testing.T) {
	want, _ := OpeningOf(hashes("a _ b c d e f g h"))
	for text, words := range map[string]int{"a _ b c d e f g h": 8, "a _ _ b c d e f g z": 8, "a _ b c d e f": 7, "_ a b c d e f g h": 8} {
		got, n := OpeningOf(hashes(text))
		if n != words || (got == want) != strings.HasPrefix(text, "a") && words == 8 {
			t.Errorf("%q opens with %d words, as the other: %t", text, n, got == want)
		}
	}
}

func TestWording(t *testing.T) {
	for _, c := range []struct {
		name  string
		texts []string
		want  Wording
	}{
		{"none", nil, Wording{}},
		{"one text", []string{"a b a b"}, Wording{Texts: 1, Words: 4, Distinct: [3]float64{0.5, 0.666666667, 1}}},
		{"nothing in common", []string{"a b", "c d"}, Wording{Texts: 2, Words: 4, Distinct: [3]float64{1, 1, 0}}},
		{"a phrase", []string{"a b c x", "y a b c", "b c a b"}, Wording{Texts: 3, Words: 12, Distinct: [3]float64{0.416666667, 0.555555556, 0.833333333}, Phrase: 3, PhraseShare: 0.75, PhraseTexts: 2}},
		{"the same text", []string{"a b c", "a b c"}, Wording{Texts: 2, Words: 6, Distinct: [3]float64{0.5, 0.5, 0.5}, Phrase: 3, PhraseShare: 1, PhraseTexts: 2}},
	} {
		var texts [][]uint64
		for _, text := range c.texts {
			texts = append(texts, hashes(text))
		}
		if d := cmp.Diff(c.want, wording(texts)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
