package similarity

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLogOdds compares with the formula computed by hand: a word 30 times in 1000
// words, 10 times in 3000 elsewhere, with a prior of 2 in 200.
func TestLogOdds(t *testing.T) {
	a := math.Log(32.0 / (1000 + 200 - 30 - 2))
	b := math.Log(12.0 / (3000 + 200 - 10 - 2))
	want := (a - b) / math.Sqrt(1/32.0+1/12.0)
	if got := logOdds(30, 1000, 10, 3000, 2, 200); math.Abs(got-want) > 1e-12 || math.Abs(got-5.864) > 0.001 {
		t.Errorf("got %.6f, want %.6f", got, want)
	}
	if got := logOdds(10, 1000, 10, 1000, 2, 200); got != 0 {
		t.Errorf("equal texts: got %g, want 0", got)
	}
}

// TestGroups: a word that only one group's texts have is found, with its shares.
// Words of all texts, words of few persons and masked words are not.
func TestGroups(t *testing.T) {
	const cat, dog, all, rare, name = 2, 4, 6, 8, 11 // an odd hash is masked
	names := map[uint64]string{cat: "cat", dog: "dog", all: "all", rare: "rare"}
	var persons [][]uint64
	var codes []int32
	for i := range 120 {
		words := []uint64{all, all, all, all, all, all, name}
		code := int32(i % 3) // code 2 has no label
		switch {
		case code == 0 && i%2 == 0:
			words = append(words, cat, cat)
		case code == 1:
			words = append(words, dog)
		}
		if i < 6 {
			words = append(words, rare)
		}
		persons, codes = append(persons, words), append(codes, code-code/2*3)
	}
	got := Groups(persons, []GroupBy{{"side", []string{"left", "right"}, codes}}, names)
	for i := range got {
		for k := range got[i].Words {
			got[i].Words[k].Score = 0
		}
	}
	want := []Group{
		{Field: "side", Value: "left", Persons: 40, Words: []Word{{Word: "cat", Count: 40, Share: 0.5}}},
		{Field: "side", Value: "right", Persons: 40, Words: []Word{{Word: "dog", Count: 40, Share: 1}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if Groups(nil, nil, nil) != nil {
		t.Error("got groups of no texts")
	}
	if g := Groups(persons[:30], []GroupBy{{"side", []string{"left", "right"}, codes[:30]}}, names); g != nil {
		t.Errorf("got small groups %v, want none", g)
	}
}
