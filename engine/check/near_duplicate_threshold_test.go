package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/personagen/personagen/engine/check"
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/rng"
	"github.com/personagen/personagen/engine/kind"
	"github.com/personagen/personagen/engine/plan"
)

// TestNearDuplicateThresholds: texts with a Jaccard similarity of 0.8 or more are
// near-duplicates, and more than one in a thousand is a warning. Reports publish
// both thresholds.
func TestNearDuplicateThresholds(t *testing.T) {
	p := &plan.Plan{Name: "texts", Population: plan.Population{Seed: 7}, Fields: []*kind.Field{
		{Name: "story", Kind: "text", Class: kind.Written, Type: frame.Text, Text: &kind.TextSpec{Chars: kind.Length{Min: 1, Max: 5000}}},
	}}
	const persons, words = 2000, 194 // 190 shingles of five words
	for _, c := range []struct {
		changed, pairs int // words changed, each in five shingles; pairs of similar texts
		least, most    int64
		status         string
	}{
		{0, 2, 2, 2, check.Pass},
		{2, 2, 2, 2, check.Pass},   // 180 shingles of 200: 0.9
		{2, 3, 3, 3, check.Warn},   // 1.5 in a thousand
		{7, 100, 0, 2, check.Pass}, // 155 of 225: 0.69; the estimate has a standard error of 0.04
	} {
		b := frame.New(p.Schema())
		b.Resize(0, persons)
		for r := range persons {
			b.Columns[0].Texts[r] = strings.Join(randomWords(uint64(r), words), " ")
		}
		for k := range c.pairs {
			similar := randomWords(uint64(k), words)
			for i := range c.changed {
				similar[10+i*words/c.changed%words] = "changed" + similar[i]
			}
			b.Columns[0].Texts[persons-1-k] = strings.Join(similar, " ")
		}
		s := check.New(p, check.Options{TempDir: t.TempDir()})
		tally := s.NewTally()
		tally.Add(b)
		r, err := s.Result(tally)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(r.Outcomes, func(o check.Outcome) bool { return o.ID == "alike.story" })
		if i < 0 {
			t.Fatal("got no outcome for near-duplicate texts")
		}
		if o := r.Outcomes[i]; o.Persons < c.least || o.Persons > c.most || o.Status != c.status {
			t.Errorf("%d pairs with %d of %d words changed: got %d near-duplicates and %s, want %d to %d and %s", c.pairs, c.changed, words, o.Persons, o.Status, c.least, c.most, c.status)
		}
	}
}

// randomWords returns the words of a person's text; no two persons share a shingle.
func randomWords(person uint64, n int) []string {
	source := rng.New(person, "story").Source()
	words := make([]string, n)
	for i := range words {
		for range 6 {
			words[i] += string(rune('a' + source.Below(26)))
		}
	}
	return words
}
