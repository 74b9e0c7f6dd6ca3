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

// TestSignatures compares the estimate with the exact similarity of shingles. Its
// standard error is below 0.05; six of them are allowed.
func TestSignatures(t *testing.T) {
	source := rng.New(1, "signatures").Source()
	for _, n := range []int{12, 60, 300} {
		for _, changed := range []int{0, 1, n / 30, n / 10, n} {
			a := randomWords(source, n)
			b := slices.Clone(a)
			for range changed {
				b[source.Below(n)] = source.Uint64() &^ Masked
			}
			x, y := NewSignature(a), NewSignature(b)
			got, want := float64(x.agreement(&y))/bins, jaccard(a, b)
			if math.Abs(got-want) > 0.3 || want == 1 && got != 1 {
				t.Errorf("%d words, %d changed: got similarity %.3f, want %.3f", n, changed, got, want)
			}
		}
	}
	x, y, z := NewSignature(hashes("a b _ _ c d e f g h i j k")), NewSignature(hashes("a b _ c d e f g h i j k")), NewSignature(hashes("a b x c d e f g h i j k"))
	if x != y || x == z {
		t.Errorf("got equal signatures %t with one masked word for two, %t with another word, want true, false", x == y, x == z)
	}
	x, y = NewSignature(hashes("a b")), NewSignature(hashes("a c"))
	if x == y || x.agreement(&y) == bins {
		t.Error("got equal signatures of short texts with different words")
	}
}

func randomWords(source *rng.Source, n int) []uint64 {
	words := make([]uint64, n)
	for i := range words {
		words[i] = source.Uint64() &^ Masked
	}
	return words
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

// TestNearDuplicates: near-duplicates of an earlier text are counted, other texts
// are not.
func TestNearDuplicates(t *testing.T) {
	source := rng.New(2, "near").Source()
	var signatures []*Signature
	add := func(words []uint64) {
		s := NewSignature(words)
		signatures = append(signatures, &s)
	}
	var last []uint64
	for range 400 {
		last = randomWords(source, 200)
		add(last)
	}
	if n, _ := nearDuplicates(signatures); n != 0 {
		t.Errorf("random texts: got %d near-duplicates, want 0", n)
	}
	for k := range 10 { // one word of 200 changed: a similarity of 0.95
		words := slices.Clone(last)
		words[20*k] ^= 2
		add(words)
	}
	if n, pair := nearDuplicates(signatures); n != 10 || pair != [2]int{399, 400} {
		t.Errorf("one word changed: got %d near-duplicates, the first of texts %v, want 10, [399 400]", n, pair)
	}
	add(append(slices.Clone(last[:100]), last[:100]...)) // half of it: a similarity of 0.5
	if n, _ := nearDuplicates(signatures); n != 10 {
		t.Errorf("half a text: got %d near-duplicates, want 10", n)
	}
}

// TestNearDuplicateThreshold: texts with a similarity of 0.9 are near-duplicates,
// those with 0.7 are not. Reports publish the threshold of 0.8. The estimate has a
// standard error of 0.04, so that a few pairs are on the wrong side.
func TestNearDuplicateThreshold(t *testing.T) {
	source := rng.New(3, "threshold").Source()
	const n, pairs = 400, 200
	for _, c := range []struct {
		changed     int // words, each in five shingles
		least, most int64
	}{
		{4, pairs * 99 / 100, pairs}, // 376 shingles of 416: 0.904
		{14, 0, pairs * 4 / 100},     // 326 of 466: 0.700
	} {
		var found int64
		sum := 0.0
		for range pairs {
			a := randomWords(source, n)
			b := slices.Clone(a)
			for k := range c.changed {
				b[10+k*n/c.changed] = source.Uint64() &^ Masked
			}
			x, y := NewSignature(a), NewSignature(b)
			near, _ := nearDuplicates([]*Signature{&x, &y})
			found += near
			sum += jaccard(a, b)
		}
		if found < c.least || found > c.most {
			t.Errorf("similarity %.3f: got %d near-duplicates of %d, want %d to %d", sum/pairs, found, pairs, c.least, c.most)
		}
	}
}

// TestOpenings counts distinct and repeated openings.
func TestOpenings(t *testing.T) {
	var signatures []*Signature
	var persons []int64
	for i := range 200 {
		persons = append(persons, int64(i^1)) // the order of a sample does not matter
		opening := uint64(i)
		if i < 100 {
			opening = uint64(i / 2)
		}
		signatures = append(signatures, &Signature{Used: true, opening: opening})
	}
	o := measureOpenings(signatures, persons)
	// 50 pairs and 100 single openings: 50 of 200 texts repeat an opening.
	want := Openings{Distinct: 150, Repeated: 0.25, Entropy: 7.14385619, Most: 7.64385619}
	if d := cmp.Diff(want, o); d != "" {
		t.Error(d)
	}
	persons[1] = 150 // in another hundred than the text with the same opening
	if o := measureOpenings(signatures, persons); o.Repeated != 0.245 {
		t.Errorf("got %g repeated, want 0.245", o.Repeated)
	}
}

// TestOpening: consecutive masked words count as one, and only eight words count.
func TestOpening(t *testing.T) {
	want, _ := Opening(hashes("a _ b c d e f g h"))
	for text, words := range map[string]int{"a _ b c d e f g h": 8, "a _ _ b c d e f g z": 8, "a _ b c d e f": 7, "_ a b c d e f g h": 8} {
		got, n := Opening(hashes(text))
		if n != words || (got == want) != strings.HasPrefix(text, "a") && words == 8 {
			t.Errorf("%q: got an opening of %d words, the same as the first %t", text, n, got == want)
		}
	}
}

// TestWording counts n-grams and the longest repeated phrase.
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
		if d := cmp.Diff(c.want, measureWording(texts)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
